//! What comes next: an ordered queue of keys from which timers can be taken out.

#[cfg(test)]
mod heap;
mod late;
#[cfg(test)]
mod tests;
mod wheel;

pub(crate) use wheel::Wheel;

use crate::key::Key;
use crate::time::Time;

/// An event queue. Keys come out in their order, whatever order they went in.
pub(crate) trait EventQueue {
    /// Puts an event in. A timer replaces the one of its index, if there is one.
    fn push(&mut self, key: Key);

    /// Takes the timer of this index out, if it is in.
    fn cancel(&mut self, timer: u32);

    /// The next event, unless it comes after `limit`.
    fn pop_until(&mut self, limit: Time) -> Option<Key>;

    /// How many events wait.
    fn len(&self) -> usize;
}
