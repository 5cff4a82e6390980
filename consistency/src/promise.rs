//! What a configuration promises its users, and thus what a judge may fail it for.

/// One property a configuration may promise; each is tested by one judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Promise {
    /// An acknowledged write survives.
    Durability,
    /// A value that was read survives, even where its writer was never told that it was written.
    SurvivingReads,
    /// A read returns nothing older than what was acknowledged before it began.
    FreshReads,
    /// A read returns only values whose write was not reported as failed, and which survived.
    CommittedReads,
    /// A query finds every row that was there when it began, and each once.
    WholeAnswers,
    /// Transfers keep the sum of all balances, and overdraw no account that may not be overdrawn.
    ConservedTotal,
    /// Transactions over lists and registers are as if one after the other, in real time.
    Isolation,
    /// What was added to a set or to a counter is there for whoever reads it later.
    KeptAdditions,
    /// No id is handed out twice.
    UniqueIds,
    /// Operations on one key are as if one after the other, in real time.
    Linearizability,
    /// Replicas of a shard end up equal.
    Convergence,
    /// A transaction happens at all its participants or at none.
    Atomicity,
    /// Once everything is healed, every shard works again.
    Liveness,
    /// Copies of a row are in no region but those that its own allows.
    Residency,
}

impl Promise {
    /// All of them, in the order in which they are judged.
    pub const ALL: [Promise; 14] = [
        Self::Durability,
        Self::SurvivingReads,
        Self::FreshReads,
        Self::CommittedReads,
        Self::WholeAnswers,
        Self::ConservedTotal,
        Self::Isolation,
        Self::KeptAdditions,
        Self::UniqueIds,
        Self::Linearizability,
        Self::Convergence,
        Self::Atomicity,
        Self::Liveness,
        Self::Residency,
    ];
}

/// A set of promises.
///
/// ```
/// use shardlab_consistency::{Promise, Promises};
/// let asynchronous = Promises::ALL.without(Promise::Durability).without(Promise::FreshReads);
/// assert!(asynchronous.contains(Promise::Liveness));
/// assert!(!asynchronous.contains(Promise::Durability));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promises(u16);

impl Promises {
    /// Nothing is promised.
    pub const NONE: Self = Self(0);

    /// Everything is promised.
    pub const ALL: Self = Self((1 << Promise::ALL.len()) - 1);

    /// The same and one more.
    #[must_use]
    pub const fn with(self, promise: Promise) -> Self {
        Self(self.0 | 1 << promise as u8)
    }

    /// The same but one.
    #[must_use]
    pub const fn without(self, promise: Promise) -> Self {
        Self(self.0 & !(1 << promise as u8))
    }

    /// Whether this one is among them.
    pub const fn contains(self, promise: Promise) -> bool {
        self.0 & 1 << promise as u8 != 0
    }
}

impl FromIterator<Promise> for Promises {
    fn from_iter<I: IntoIterator<Item = Promise>>(promises: I) -> Self {
        promises.into_iter().fold(Self::NONE, Self::with)
    }
}
