//! The plain queue against which the wheel is held: a binary heap of keys.

use super::EventQueue;
use super::late::{Armed, TombstoneHeap};
use crate::key::Key;
use crate::time::Time;

#[derive(Clone, Debug, Default)]
pub(crate) struct KeyHeap {
    heap: TombstoneHeap,
    armed: Armed,
    live: usize,
}

impl EventQueue for KeyHeap {
    fn push(&mut self, key: Key) {
        if key.is_timer() {
            self.cancel(key.index());
            self.armed.arm(key);
        }
        self.heap.push(key);
        self.live += 1;
    }

    fn cancel(&mut self, timer: u32) {
        if self.armed.disarm(timer).is_some() {
            self.live -= 1;
            self.heap.bury(&self.armed);
        }
    }

    fn pop_until(&mut self, limit: Time) -> Option<Key> {
        while self.heap.peek()?.time() <= limit {
            let key = self.heap.pop()?;
            if self.armed.is_live(key) {
                if key.is_timer() {
                    self.armed.disarm(key.index());
                }
                self.live -= 1;
                return Some(key);
            }
            self.heap.exhume();
        }
        None
    }

    fn len(&self) -> usize {
        self.live
    }
}
