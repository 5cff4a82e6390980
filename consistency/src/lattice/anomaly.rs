//! The names of what can go wrong, as Adya, Elle and Hermitage call it.

use crate::vocabulary::vocabulary;

macro_rules! anomalies {
    ($($variant:ident $name:literal [$($alias:literal),*] $doc:literal)*) => {
        vocabulary! {
            /// Something no history of a stronger model shows.
            Anomaly { $($variant $name [$($alias),*] $doc)* }
        }

        /// The names of all anomalies, in the order of the table.
        pub const ANOMALY_NAMES: &[&str] = &[$($name),*];

        const METRICS: &[&str] = &[$(concat!("anomalies.", $name)),*];
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
    /// The metric that counts it.
    pub fn metric(self) -> &'static str {
        METRICS[self as usize]
    }
}
