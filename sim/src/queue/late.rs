//! A heap of keys in which cancelled timers stay as tombstones, never more than half of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::key::Key;

/// Which key each timer is armed with.
#[derive(Clone, Debug, Default)]
pub(super) struct Armed {
    keys: Vec<Option<Key>>,
}

impl Armed {
    #[inline]
    pub fn arm(&mut self, key: Key) {
        let index = key.index() as usize;
        if index >= self.keys.len() {
            self.keys.resize(index + 1, None);
        }
        assert!(self.keys[index].is_none(), "a timer is in the queue once");
        self.keys[index] = Some(key);
    }

    #[inline]
    pub fn disarm(&mut self, timer: u32) -> Option<Key> {
        self.keys.get_mut(timer as usize)?.take()
    }

    /// The key that this timer is armed with.
    #[inline]
    pub fn key(&self, timer: u32) -> Option<Key> {
        *self.keys.get(timer as usize)?
    }

    /// Whether the key is to be handled: all but cancelled timers are.
    #[inline]
    pub fn is_live(&self, key: Key) -> bool {
        !key.is_timer() || self.keys[key.index() as usize] == Some(key)
    }
}

/// Tombstones below this many are not worth a compaction.
const TOLERATED: usize = 64;

#[derive(Clone, Debug, Default)]
pub(super) struct TombstoneHeap {
    heap: BinaryHeap<Reverse<Key>>,
    dead: usize,
}

impl TombstoneHeap {
    #[inline]
    pub fn push(&mut self, key: Key) {
        self.heap.push(Reverse(key));
    }

    #[inline]
    pub fn peek(&self) -> Option<Key> {
        self.heap.peek().map(|Reverse(key)| *key)
    }

    #[inline]
    pub fn pop(&mut self) -> Option<Key> {
        self.heap.pop().map(|Reverse(key)| key)
    }

    /// One more key in here is dead; a compaction drops them all when they are the majority.
    pub fn bury(&mut self, armed: &Armed) {
        self.dead += 1;
        if self.dead > TOLERATED + self.heap.len() / 2 {
            self.heap.retain(|Reverse(key)| armed.is_live(*key));
            self.dead = 0;
        }
    }

    /// A dead key came out.
    pub const fn exhume(&mut self) {
        self.dead = self.dead.saturating_sub(1);
    }

    #[cfg(test)]
    pub fn stored(&self) -> usize {
        self.heap.len()
    }
}
