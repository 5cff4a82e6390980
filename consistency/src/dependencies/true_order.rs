//! The order of versions as the system itself knows it.

use crate::history::index;
use crate::recorded::{Elements, TransactionHistory, ValueId};
use crate::{VersionOrder, Versions};

/// For every key, the values of its versions, oldest first; the initial version is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrueOrder {
    keys: Vec<Elements>,
    values: Vec<ValueId>,
}

impl TrueOrder {
    /// The orders of the keys 0, 1, … of a history; keys beyond the last one here have no versions.
    pub fn new<Values: IntoIterator<Item = ValueId>>(keys: impl IntoIterator<Item = Values>) -> Self {
        let mut order = Self::default();
        for versions in keys {
            let start = index(order.values.len());
            order.values.extend(versions);
            order.keys.push(Elements { start, length: index(order.values.len()) - start });
        }
        order
    }

    /// The orders in which a history's versions survived.
    ///
    /// Versions that nobody in this history wrote or read are left out: no step could meet them.
    ///
    /// Versions that were lost, by a failover to a copy that never had them, are in no surviving order. The oracle takes
    /// a lost write that was acknowledged for one after all that survived: whoever ran later, and did not meet it, then
    /// contradicts real time. A list read with a lost element in it is no beginning of the true order, so it is an
    /// incompatible order, though clients cannot tell if nobody read the list again. A register read with a lost value
    /// is ordered after the initial version alone, and verdicts that need the whole order are unknown.
    pub fn surviving(history: &TransactionHistory, order: &VersionOrder) -> Self {
        let versions = |key: u32| history.keys.as_id(key).map_or(Versions::NONE, |key| order.of(key));
        let number = |&id: &u64| history.values.find_number(id).map(ValueId);
        let keys = 0..index(history.keys.len());
        Self::new(keys.map(|key| versions(key).ids().iter().filter_map(number)))
    }

    /// The versions of one key, oldest first.
    pub fn of(&self, key: u32) -> &[ValueId] {
        let Elements { start, length } = self.elements(key);
        &self.values[start as usize..][..length as usize]
    }

    pub(super) fn elements(&self, key: u32) -> Elements {
        self.keys.get(key as usize).copied().unwrap_or(Elements { start: 0, length: 0 })
    }

    pub(super) fn all(&self) -> &[ValueId] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::Versions;
    use crate::{History, MicroOperation, Outcome, Transaction};

    #[test]
    fn surviving_versions_are_found_by_name_whatever_their_numbers() {
        let mut history = History::default();
        let write = |key, value| MicroOperation::Append { key, value };
        let large = u64::MAX - 1;
        let steps = [write(9, 5), write(7, 8), write(9, large), write(9, 3)];
        history.push_transaction(Transaction::new(1, 0, Outcome::Ok, 0, 1), &steps);
        let recorded = TransactionHistory::of(&history, Versions::Lists);
        let survivors = VersionOrder::from_log([(9, 3), (7, 8), (9, 44), (9, large), (1, 1)]);
        let order = TrueOrder::surviving(&recorded, &survivors);
        let named = |key| -> Vec<String> {
            order.of(key).iter().map(|&value| recorded.values.value(value)).collect()
        };
        // 5 was lost, and of 44 and of key 1 this history knows nothing.
        assert_eq!((named(0), named(1)), (vec!["3".into(), large.to_string()], vec!["8".into()]));
    }
}
