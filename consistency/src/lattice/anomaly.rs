//! The names of what can go wrong, as Adya, Elle and Hermitage call it.

use std::fmt;

/// One row of the table: the anomaly, its name, what else it is called, what it is.
type Row = (Anomaly, &'static str, &'static [&'static str], &'static str);

macro_rules! anomalies {
    ($($variant:ident $name:literal [$($alias:literal),*] $doc:literal)*) => {
        /// Something no history of a stronger model shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Anomaly {
            $(#[doc = $doc] $variant,)*
        }

        const ROWS: &[Row] = &[$((Anomaly::$variant, $name, &[$($alias),*], $doc),)*];
    };
}

anomalies! {
    // Histories that are no history of the workload at all, or that a single version tells of.
    DuplicateElements "duplicate-elements" [] "A list holds one element twice, though it was appended once."
    IncompatibleOrder "incompatible-order" [] "Two reads of one list, neither of which begins with the other."
    CyclicVersions "cyclic-versions" [] "What is known of the order of a register's versions is a cycle."
    FutureRead "future-read" [] "A transaction reads what it writes itself only later, or what was written after it ended."
    Internal "internal" [] "A transaction does not read back what it has itself read or written before."
    GarbageRead "garbage-read" ["unobservable-read"] "A read of a value that nobody wrote."
    DirtyUpdate "dirty-update" [] "A committed write follows an aborted one in the order of versions."
    G1a "G1a" ["aborted-read", "dirty-read"] "A committed transaction reads what an aborted one wrote (Adya 1999, §4.2)."
    G1b "G1b" ["intermediate-read"] "A transaction reads a version that its writer overwrote itself (Adya 1999, §4.2)."
    LostUpdate "lost-update" ["P4"] "Two transactions read one version of a key, and both overwrite it."
    FracturedRead "fractured-read" [] "A transaction sees one write of another, and for another key something older than that one wrote (Bailis et al. 2014, RAMP)."
    NonRepeatableRead "non-repeatable-read" ["fuzzy-read", "P2"] "A transaction reads two different versions of a key that it did not write in between."

    // Cycles of dependencies: ww a write follows a write, wr a read sees a write, rw a write overwrites what was read.
    G0 "G0" ["write-cycle", "dirty-write"] "A cycle of ww dependencies (Adya 1999, §4.2)."
    G1c "G1c" ["circular-information-flow"] "A cycle of ww and wr dependencies (Adya 1999, §4.2)."
    GSingle "G-single-item" ["G-single", "read-skew", "A5A"] "A cycle with exactly one rw dependency (Adya 1999, §4.3): a transaction sees part of another."
    GNonadjacent "G-nonadjacent-item" ["G-nonadjacent", "G-SIb"] "A cycle with two rw dependencies or more, no two of them adjacent: no snapshot allows it."
    G2Item "G2-item" ["anti-dependency-cycle", "write-skew", "A5B"] "A cycle with two adjacent rw dependencies (Adya 1999, §4.2)."
    LongFork "long-fork" [] "Two readers see two independent writes in opposite orders (Sovran et al. 2011)."

    // The same with the order of sessions.
    G0Process "G0-process" [] "A cycle of ww dependencies and the order of sessions."
    G1cProcess "G1c-process" [] "A cycle of ww and wr dependencies and the order of sessions."
    GSingleProcess "G-single-item-process" ["G-single-process"] "A cycle with exactly one rw dependency and the order of sessions."
    GNonadjacentProcess "G-nonadjacent-item-process" ["G-nonadjacent-process"] "A cycle with nonadjacent rw dependencies and the order of sessions."
    G2ItemProcess "G2-item-process" [] "A cycle with adjacent rw dependencies and the order of sessions."

    // The same with real time.
    G0Realtime "G0-realtime" [] "A cycle of ww dependencies and real time."
    G1cRealtime "G1c-realtime" [] "A cycle of ww and wr dependencies and real time."
    GSingleRealtime "G-single-item-realtime" ["G-single-realtime"] "A cycle with exactly one rw dependency and real time."
    GNonadjacentRealtime "G-nonadjacent-item-realtime" ["G-nonadjacent-realtime"] "A cycle with nonadjacent rw dependencies and real time."
    G2ItemRealtime "G2-item-realtime" [] "A cycle with adjacent rw dependencies and real time."

    // Sessions and causality.
    CausalViolation "causal-violation" ["causality-violation"] "A transaction sees an effect without its cause (Biswas & Enea 2019)."
    ReadYourWrites "read-your-writes-violation" [] "A session reads a version older than one it wrote (Terry et al. 1994)."
    MonotonicReads "monotonic-reads-violation" [] "A session reads a version older than one it read before (Terry et al. 1994)."
    MonotonicWrites "monotonic-writes-violation" [] "A session's writes take effect in another order than it issued them (Terry et al. 1994)."
    WritesFollowReads "writes-follow-reads-violation" [] "A write takes effect before one that its session had read (Terry et al. 1994)."
    NonPipelined "pipelined-order-violation" [] "No order of all writes and one session's reads keeps every session's order: PRAM is broken (Lipton & Sandberg 1988)."
    NonSequential "nonsequential" [] "No order of all operations keeps every session's order and gives these reads (Lamport 1979)."
    NonLinearizable "nonlinearizable" ["stale-read"] "No order of all operations keeps real time and gives these reads (Herlihy & Wing 1990)."

    // Workloads with a rule of their own.
    WrongTotal "wrong-total" [] "A read of all accounts does not add up to the total."
    NegativeBalance "negative-balance" [] "An account is overdrawn, though none may be."
    LostElement "lost-element" [] "An element whose addition was acknowledged is missing from a later read of the set."
    UnexpectedElement "unexpected-element" [] "The set holds an element that nobody added, or whose addition failed."
    WrongCount "wrong-count" [] "The counter is outside what the increments before and around the read allow."
    DuplicateId "duplicate-id" [] "One id was handed out twice."
}

impl Anomaly {
    /// All of them, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.0)
    }

    /// Its name in reports and on the command line.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What else it is called: in Hermitage, in the ANSI critique, in older papers.
    pub fn aliases(self) -> &'static [&'static str] {
        self.row().2
    }

    /// What it is, in one sentence.
    pub fn doc(self) -> &'static str {
        self.row().3
    }

    /// The anomaly of a name or of another name.
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.1 == name || row.2.contains(&name)).map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anomaly_stands_in_its_own_row_and_names_are_unique() {
        assert!(ROWS.iter().enumerate().all(|(place, row)| row.0 as usize == place));
        let mut names: Vec<&str> = ROWS.iter().flat_map(|row| row.2.iter().copied().chain([row.1])).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(Anomaly::all().all(|anomaly| Anomaly::named(anomaly.name()) == Some(anomaly)));
    }
}
