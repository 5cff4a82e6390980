//! The names of consistency models.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// A consistency model: a set of histories it allows.
    Model {
        EventualConvergence "eventual-convergence" ["eventual"] "Once writes stop, all replicas come to agree (Vogels 2009)."
        ReadYourWrites "read-your-writes" [] "A session reads nothing older than what it wrote (Terry et al. 1994)."
        MonotonicReads "monotonic-reads" [] "A session reads nothing older than what it read before (Terry et al. 1994)."
        MonotonicWrites "monotonic-writes" [] "A session's writes take effect in the order in which it issued them (Terry et al. 1994)."
        WritesFollowReads "writes-follow-reads" [] "A write takes effect after those its session had read (Terry et al. 1994)."
        Pram "pram" ["fifo"] "All see the writes of one session in its order (Lipton & Sandberg 1988)."
        Causal "causal" ["causal-consistency", "transactional-causal"] "Effects are seen with their causes; of transactions, whole (Biswas & Enea 2019)."
        Sequential "sequential" ["sequential-consistency"] "One order of all operations that keeps every session's order (Lamport 1979)."
        Linearizable "linearizable" ["atomic"] "One order of all operations that keeps real time (Herlihy & Wing 1990)."

        ReadUncommitted "read-uncommitted" ["PL-1"] "Writes do not interleave: no G0 (Adya 1999)."
        ReadCommitted "read-committed" ["PL-2"] "Only final, committed versions are read: no G1 (Adya 1999)."
        MonotonicAtomicView "monotonic-atomic-view" [] "Once part of a transaction is seen, all of it stays seen (Bailis et al. 2013)."
        ReadAtomic "read-atomic" [] "A transaction is seen whole or not at all (Bailis et al. 2014; Biswas & Enea 2019)."
        CursorStability "cursor-stability" ["PL-CS"] "What a cursor stands on is not overwritten: no lost update (Berenson et al. 1995)."
        UpdateAtomic "update-atomic" [] "Read atomic without lost updates (Cerone et al. 2015)."
        ConsistentView "consistent-view" ["PL-2+"] "Every transaction sees a consistent state: no G-single (Adya 1999)."
        RepeatableRead "repeatable-read" ["PL-2.99"] "Serializable but for predicates: no G2-item (Adya 1999)."
        ParallelSnapshotIsolation "parallel-snapshot-isolation" ["PSI"] "Snapshots that may disagree on the order of unrelated writes (Sovran et al. 2011)."
        SnapshotIsolation "snapshot-isolation" ["SI", "PL-SI"] "Every transaction reads one snapshot, and the first committer wins (Berenson et al. 1995)."
        Serializable "serializable" ["PL-3"] "As if one after the other (Adya 1999)."

        StrongSessionReadUncommitted "strong-session-read-uncommitted" [] "Read uncommitted that keeps the order of sessions."
        StrongSessionReadCommitted "strong-session-read-committed" [] "Read committed that keeps the order of sessions."
        StrongSessionConsistentView "strong-session-consistent-view" [] "Consistent view that keeps the order of sessions."
        StrongSessionSnapshotIsolation "strong-session-snapshot-isolation" ["strong-session-SI"] "Snapshots that hold all that the session did before (Daudjee & Salem 2006)."
        StrongSessionSerializable "strong-session-serializable" ["session-serializable"] "As if one after the other, sessions in their order (Daudjee & Salem 2004)."

        StrongReadUncommitted "strong-read-uncommitted" [] "Read uncommitted that keeps real time."
        StrongReadCommitted "strong-read-committed" [] "Read committed that keeps real time."
        StrongConsistentView "strong-consistent-view" [] "Consistent view that keeps real time."
        StrongSnapshotIsolation "strong-snapshot-isolation" ["strong-SI"] "Snapshots that hold all that ended before the transaction began (Daudjee & Salem 2006)."
        StrictSerializable "strict-serializable" ["strong-serializable", "strong-strict-serializable", "PL-SS"] "As if one after the other, in real time (Papadimitriou 1979)."
    }
}
