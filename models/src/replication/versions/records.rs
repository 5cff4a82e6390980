//! What a copy has done and learned, for those who judge and measure it. No protocol looks at it.

use shardlab_sim::{NodeId, Time};

use crate::conflict::{Dot, KeyState};

/// A write that a copy took from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of which key.
    pub key: u64,
    /// The name that it was given.
    pub dot: Dot,
    /// The id of the write.
    pub value: u64,
    /// When it was on the disk.
    pub at: Time,
    /// The versions that it was made from: what its client merged, or else what the copy showed.
    pub over: Vec<Dot>,
}

/// A step in what a copy has seen of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// When.
    pub at: Time,
    /// Of which key.
    pub key: u64,
    /// It has seen the writes that `node` took
    pub node: NodeId,
    /// up to this one.
    pub through: u32,
    /// How many versions it keeps since then.
    pub versions: u32,
}

/// Everything of note, in order.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Writes that it took.
    pub taken: Vec<Taken>,
    /// What it has seen, its own writes included.
    pub learned: Vec<Learned>,
    /// When it met a version that was new to it and concurrent with one that it kept.
    pub conflicts: Vec<Time>,
    /// When it took a write that was superseded at once by what was there already.
    pub invisible: Vec<Time>,
}

impl Records {
    pub(super) fn learn(&mut self, key: u64, before: &KeyState, after: &KeyState, at: Time) {
        let versions = u32::try_from(after.versions().len()).expect("a key has few siblings");
        let news = after.seen().iter().filter(|dot| !before.seen().covers(*dot));
        self.learned.extend(news.map(|dot| Learned {
            at,
            key,
            node: dot.node,
            through: dot.counter,
            versions,
        }));
    }
}
