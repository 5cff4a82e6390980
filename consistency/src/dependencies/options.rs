//! What the judge of transactions may assume, and how long it may search.

/// What may be assumed of the order of a register's versions beyond what reads and writes show. Each is a promise of
/// the system under test: where it is not kept, the judge may accuse wrongly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// Every key alone is sequentially consistent: each process meets a key's versions in their order.
    pub sequential_keys: bool,
    /// Every key alone is linearizable: what a transaction meets is no older than what an earlier one met.
    pub linearizable_keys: bool,
    /// Writes follow reads: a transaction that reads a key and then writes it replaces what it read.
    pub wfr_keys: bool,
}

impl Assumptions {
    /// Their names on the command line.
    pub const NAMES: [&'static str; 3] = ["sequential-keys", "linearizable-keys", "wfr-keys"];

    /// These and the one of a name; `None` where no assumption has that name.
    pub fn with(self, name: &str) -> Option<Self> {
        match name {
            "sequential-keys" => Some(Self { sequential_keys: true, ..self }),
            "linearizable-keys" => Some(Self { linearizable_keys: true, ..self }),
            "wfr-keys" => Some(Self { wfr_keys: true, ..self }),
            _ => None,
        }
    }
}

/// How to judge transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionOptions {
    /// What may be assumed of registers.
    pub assume: Assumptions,
    /// How many edges the searches for short cycles may walk. Whether there is a cycle at all is decided without it;
    /// where it ends before a question is answered, the verdict is unknown.
    pub budget: u64,
}

impl Default for TransactionOptions {
    /// No assumptions; 2^26 edges, less than a second.
    fn default() -> Self {
        Self { assume: Assumptions::default(), budget: 1 << 26 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_adds_its_own_assumption_and_no_other_name_any() {
        let all = Assumptions::NAMES.iter().try_fold(Assumptions::default(), |all, name| all.with(name));
        assert_eq!(all, Some(Assumptions { sequential_keys: true, linearizable_keys: true, wfr_keys: true }));
        assert_eq!(Assumptions::default().with("wfr"), None);
    }
}
