//! What kind of operation comes next.

use shardlab_sim::Random;

use crate::workload::Mix;

/// The kinds of operation, in the order of [`Mix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationType {
    /// Point read.
    Read,
    /// Overwrite of an existing key.
    Update,
    /// Write of a new key.
    Insert,
    /// Read of several keys from one on.
    Scan,
    /// Read, then write of the same key.
    ReadModifyWrite,
    /// Money moved between accounts, in one transaction.
    Transfer,
    /// All accounts read, in one transaction.
    Audit,
    /// Lists appended to and read, in one transaction.
    ListAppend,
    /// Registers written and read, in one transaction.
    RwRegister,
    /// One register written, or a group of them read, in one transaction.
    LongFork,
    /// An element added to a set, or the set read.
    Set,
    /// A number added to a counter, or the counter read.
    Counter,
    /// An id drawn from a counter, which is read and added to.
    UniqueIds,
}

impl Mix {
    /// Each kind's weight, with its name in the file.
    #[must_use]
    pub fn weights(&self) -> [(OperationType, &'static str, f64); 13] {
        [
            (OperationType::Read, "read", self.read),
            (OperationType::Update, "update", self.update),
            (OperationType::Insert, "insert", self.insert),
            (OperationType::Scan, "scan", self.scan),
            (OperationType::ReadModifyWrite, "read-modify-write", self.read_modify_write),
            (OperationType::Transfer, "transfer", self.transfer),
            (OperationType::Audit, "audit", self.audit),
            (OperationType::ListAppend, "list-append", self.list_append),
            (OperationType::RwRegister, "rw-register", self.rw_register),
            (OperationType::LongFork, "long-fork", self.long_fork),
            (OperationType::Set, "set", self.set),
            (OperationType::Counter, "counter", self.counter),
            (OperationType::UniqueIds, "unique-ids", self.unique_ids),
        ]
    }

    /// Whether anything has a weight.
    #[must_use]
    pub fn is_some_work(&self) -> bool {
        self.weights().into_iter().any(|(_, _, weight)| weight > 0.0)
    }

    /// Whether there are transactions in it.
    #[must_use]
    pub fn has_transactions(&self) -> bool {
        self.has_bank() || self.has_lists() || self.has_registers() || self.has_counters()
    }

    /// Whether money is moved or counted in it.
    #[must_use]
    pub fn has_bank(&self) -> bool {
        self.transfer > 0.0 || self.audit > 0.0
    }

    /// Whether lists are appended to in it.
    #[must_use]
    pub fn has_lists(&self) -> bool {
        self.list_append > 0.0 || self.set > 0.0
    }

    /// Whether transactions write registers in it.
    #[must_use]
    pub fn has_registers(&self) -> bool {
        self.rw_register > 0.0 || self.long_fork > 0.0
    }

    /// Whether counters are added to in it, as they are or for ids.
    #[must_use]
    pub fn has_counters(&self) -> bool {
        self.counter > 0.0 || self.unique_ids > 0.0
    }

    /// Whether there are writes in it that take no heed of the value before.
    #[must_use]
    pub fn has_plain_writes(&self) -> bool {
        self.update > 0.0 || self.insert > 0.0 || self.read_modify_write > 0.0
    }
}

/// Draws kinds by weight.
#[derive(Clone, Debug, PartialEq)]
pub struct MixChooser {
    /// Each kind that occurs, with the sum of weights up to and including it.
    cumulative: Vec<(OperationType, f64)>,
}

impl MixChooser {
    /// By these weights, one of which is above zero.
    #[must_use]
    pub fn new(mix: &Mix) -> Self {
        let mut sum = 0.0;
        let cumulative: Vec<_> = mix
            .weights()
            .into_iter()
            .filter(|&(_, _, weight)| weight > 0.0)
            .map(|(kind, _, weight)| {
                sum += weight;
                (kind, sum)
            })
            .collect();
        assert!(sum.is_finite() && sum > 0.0, "a mix has an operation");
        Self { cumulative }
    }

    /// The next kind; one word a draw.
    #[inline]
    pub fn choose(&self, random: &mut Random) -> OperationType {
        let (last, total) = self.cumulative[self.cumulative.len() - 1];
        let place = random.unit() * total;
        // Rounding can carry the place onto the total itself, which is the last one's.
        self.cumulative.iter().find(|&&(_, sum)| place < sum).map_or(last, |&(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::keys::test_support::chi_squared;

    #[test]
    fn kinds_come_by_weight() {
        let mix = Mix { read: 5.0, update: 3.0, audit: 2.0, ..Mix::default() };
        let (chooser, mut random) = (MixChooser::new(&mix), Random::new(11, "test", 0));
        let mut counts = [0; 13];
        for _ in 0..100_000 {
            counts[chooser.choose(&mut random) as usize] += 1;
        }
        // χ² at 0.001 with 2 degrees of freedom; kinds of weight zero never come.
        assert!(
            chi_squared(&counts, &[0.5, 0.3, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]) < 13.82,
            "{counts:?}"
        );
    }

    #[test]
    fn the_table_of_weights_is_in_the_order_of_the_kinds() {
        for (place, (kind, _, _)) in Mix::default().weights().into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
