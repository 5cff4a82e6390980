//! What a history may hold besides the operations of the workload it is read for.

use std::collections::BTreeMap;
use std::fmt;

/// A kind of operation that other workloads have, by the name that people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Foreign(&'static str);

/// What `:f` is in any workload. A scan is Shardlab's own: how many rows there are from a key on.
const FUNCTIONS: &[(&str, Foreign)] = &[
    ("read", Foreign(":read")),
    ("write", Foreign(":write")),
    ("cas", Foreign(":cas")),
    ("txn", Foreign(":txn")),
    ("transfer", Foreign(":transfer")),
    ("add", Foreign(":add")),
    ("generate", Foreign(":generate")),
    ("scan", Foreign(":scan")),
];

/// What the steps of transactions are in any workload.
const STEPS: &[(&str, Foreign)] = &[
    ("append", Foreign(":txn with :append")),
    ("w", Foreign(":txn with :w")),
    ("write", Foreign(":txn with :w")),
    ("add", Foreign(":txn with :add")),
];

impl Foreign {
    /// A transaction that read lists, where keys hold one value each.
    pub const READS_LISTS: Self = Self(":txn that reads lists");
    /// A transaction that read single values, where keys hold lists.
    pub const READS_VALUES: Self = Self(":txn that reads values");
    /// A transaction that does something else than a workload's operations do.
    pub const TRANSACTION: Self = Self(":txn");

    /// What `:f` calls so, in whichever workload.
    pub fn function(name: &[u8]) -> Option<Self> {
        find(FUNCTIONS, name)
    }

    /// What a step of a transaction calls so, in whichever workload.
    pub fn step(name: &[u8]) -> Option<Self> {
        find(STEPS, name)
    }
}

fn find(rows: &[(&str, Foreign)], name: &[u8]) -> Option<Foreign> {
    rows.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, foreign)| *foreign)
}

/// Operations of other workloads that were passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    counts: BTreeMap<Foreign, u64>,
    /// Those that showed only in their completion: their invocations stand in the history, without an outcome.
    pub(super) half_read: u64,
}

impl Skipped {
    pub(super) fn add(&mut self, foreign: Foreign) {
        *self.counts.entry(foreign).or_insert(0) += 1;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many of them may have written something.
    pub fn writing(&self) -> u64 {
        let reads = [":read", ":scan", Foreign::READS_LISTS.0, Foreign::READS_VALUES.0];
        self.counts.iter().filter(|(kind, _)| !reads.contains(&kind.0)).map(|(_, count)| count).sum()
    }

    /// How many of them still stand in the history, with nothing but reads whose outcome is not known.
    pub fn half_read(&self) -> u64 {
        self.half_read
    }
}

/// `300 :scan, 2 :txn with :add`.
impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (kind, count)) in self.counts.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {}", kind.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read, read_among_others, write_registers};
    use crate::recorded::{Recorded, Workload};

    /// An invocation and its completion.
    fn both(process: u32, function: &str, invoked: &str, told: &str) -> String {
        let line = |kind: &str, value: &str| {
            format!("{{:process {process}, :type :{kind}, :f :{function}, :value {value}}}\n")
        };
        line("invoke", invoked)
            + &told.split_once(' ').map_or(String::new(), |(kind, value)| line(kind, value))
    }

    /// How many operations there are, and what was passed over.
    fn told(workload: Workload, text: &str) -> (usize, String) {
        let (recorded, skipped) = read_among_others(workload, text.as_bytes(), Format::Edn)
            .unwrap_or_else(|error| panic!("{text}{error}"));
        (recorded.len(), skipped.to_string())
    }

    #[test]
    fn what_other_workloads_have_is_passed_over_and_counted() {
        let transfer =
            both(0, "txn", "[[:r 1 nil] [:add 1 -5] [:add 2 5]]", "ok [[:r 1 9] [:add 1 -5] [:add 2 5]]");
        let audit = both(1, "txn", "[[:r 1 nil] [:r 2 nil]]", "ok [[:r 1 9] [:r 2 9]]");
        let append = both(2, "txn", "[[:append 1 7]]", "ok [[:append 1 7]]");
        let write = both(3, "write", "[1 7]", "info :timed-out");
        let table = [
            (Workload::ListAppend, vec![&transfer, &append], 1, "1 :txn with :add"),
            (Workload::ListAppend, vec![&audit], 1, "1 :txn that reads values"),
            (Workload::ListAppend, vec![&write, &write], 0, "2 :write"),
            (Workload::RwRegister, vec![&audit, &append], 1, "1 :txn with :append"),
            (Workload::Bank, vec![&transfer, &audit, &append], 2, "1 :txn with :append"),
            (Workload::Register, vec![&write, &audit], 1, "1 :txn"),
            (Workload::Counter, vec![&transfer], 0, "1 :txn"),
            (Workload::UniqueIds, vec![], 0, ""),
        ];
        for (workload, texts, count, skipped) in table {
            let text: String = texts.into_iter().map(String::as_str).collect();
            assert_eq!(told(workload, &text), (count, skipped.to_owned()), "{workload}\n{text}");
            let strict = read(workload, text.as_bytes(), Format::Edn);
            assert_eq!(strict.is_err(), !skipped.is_empty(), "{workload}\n{text}");
        }
    }

    #[test]
    fn what_no_workload_has_is_wrong() {
        let read = "{:process 0, :type :invoke, :f :txn, :value [[:r 1 nil]";
        let table = [
            (Workload::ListAppend, "{:process 0, :type :invoke, :f :raed}".to_owned()),
            (Workload::ListAppend, format!("{read} [:appnd 1 2]]}}")),
            // It reads a value, but appends: it is of no other workload.
            (
                Workload::ListAppend,
                both(0, "txn", "[[:append 2 1] [:r 1 nil]]", "ok [[:append 2 1] [:r 1 5]]"),
            ),
            (Workload::Bank, format!("{read} [:add 1 x]]}}")),
        ];
        for (workload, text) in table {
            assert!(read_among_others(workload, text.as_bytes(), Format::Edn).is_err(), "{text}");
        }
    }

    #[test]
    fn transactions_of_one_key_are_operations_on_registers() {
        let text = both(0, "txn", "[[:r 1 nil] [:w 1 5]]", "ok [[:r 1 4] [:w 1 5]]")
            + &both(0, "txn", "[[:r 1 nil]]", "ok [[:r 1 5]]")
            + &both(0, "txn", "[[:w 1 6]]", "fail [[:w 1 6]]")
            + &both(0, "txn", "[[:r 1 nil] [:w 1 8]]", "info :timed-out");
        let (recorded, skipped) =
            read_among_others(Workload::Register, text.as_bytes(), Format::Edn).unwrap();
        let Recorded::Registers(history) = recorded else { panic!("{recorded:?}") };
        let mut out = Vec::new();
        write_registers(&history, Format::Edn, &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        for line in [
            "ok, :f :cas, :value [1 [4 5]]",
            "ok, :f :read, :value [1 5]",
            "fail, :f :write, :value [1 6]",
            "info, :f :write, :value [1 8]",
        ] {
            assert!(written.contains(line), "{line}\n{written}");
        }
        assert_eq!(skipped.count(), 0);
    }

    #[test]
    fn scans_and_reads_write_nothing() {
        let scan = both(0, "scan", "[1 nil]", "ok [1 7]") + &both(0, "cas", "[1 2]", "ok [1 2]");
        let (_, skipped) = read_among_others(Workload::UniqueIds, scan.as_bytes(), Format::Edn).unwrap();
        assert_eq!((skipped.count(), skipped.writing()), (2, 1));
    }

    /// Transfers that read what they change see two accounts; only who reads all of them can add them up.
    #[test]
    fn a_bank_of_transactions_is_judged_by_the_reads_of_all_accounts() {
        let transfer = both(0, "txn", "[[:add 1 2] [:add 2 -2]]", "ok [[:add 1 2] [:add 2 -2]]");
        let audit = |steps: &str| both(1, "txn", "[[:r 1 nil]]", &format!("ok [{steps}]"));
        let judge = |reads: &[&str]| {
            let text = transfer.clone() + &reads.iter().map(|steps| audit(steps)).collect::<String>();
            let bank = read(Workload::Bank, text.as_bytes(), Format::Edn).unwrap();
            crate::check(&bank, &crate::CheckOptions::new(None)).report.found.len()
        };
        assert_eq!(judge(&["[:r 1 12] [:r 2 8]", "[:r 1 10]", "[:r 1 10] [:r 2 10]"]), 0);
        assert_eq!(judge(&["[:r 1 12] [:r 2 8]", "[:r 1 12] [:r 2 10]"]), 1);
    }
}
