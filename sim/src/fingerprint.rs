//! The run's fingerprint: a rolling 128-bit hash over everything that was handled, in order.
//!
//! It covers the time, the node, the kind of event and its content, and nothing of how an engine keeps its queue, so
//! that every engine must reach the same one. It guards against change, not against an adversary.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::node::{NodeId, TimerSlot, WriteId};
use crate::time::Time;

#[cfg(target_endian = "big")]
compile_error!(
    "Hash gives slices of integers in the machine's byte order; fingerprints are defined for little-endian machines"
);

/// A run's fingerprint: equal runs have equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What was handled; the number goes into the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handled<'a> {
    Start,
    Timer(TimerSlot),
    Synced(WriteId),
    Crash,
    Strike { fault: usize, nodes: &'a [NodeId] },
    Heal { fault: usize },
}

/// Faults belong to no node.
const NOBODY: NodeId = NodeId(u32::MAX);
/// A message's number among the kinds of event; the others follow in [`Handled`]'s order.
const MESSAGE: u32 = 0;

/// The hash so far.
#[derive(Clone, Debug)]
pub(crate) struct Rolling {
    low: u64,
    high: u64,
}

impl Rolling {
    pub fn new() -> Self {
        Self { low: LOW_MULTIPLIER, high: HIGH_MULTIPLIER }
    }

    pub fn value(&self) -> Fingerprint {
        Fingerprint(u128::from(self.high) << 64 | u128::from(self.low))
    }

    // Two engines call it, and it belongs into each.
    #[inline(always)]
    pub fn message(&mut self, at: Time, node: NodeId, from: NodeId, content: &impl Hash) {
        let mut event = EventHasher::new(at, node, MESSAGE);
        event.write_u32(from.0);
        content.hash(&mut event);
        self.absorb(&event);
    }

    pub fn event(&mut self, at: Time, node: NodeId, handled: Handled<'_>) {
        let (kind, detail, nodes) = match handled {
            Handled::Start => (1, 0, [].as_slice()),
            Handled::Timer(slot) => (2, u64::from(slot.0), [].as_slice()),
            Handled::Synced(through) => (3, through.0, [].as_slice()),
            Handled::Crash => (4, 0, [].as_slice()),
            Handled::Strike { fault, nodes } => (5, fault as u64, nodes),
            Handled::Heal { fault } => (6, fault as u64, [].as_slice()),
        };
        let mut event = EventHasher::new(at, node, kind);
        event.write_u64(detail);
        nodes.iter().for_each(|node| event.write_u32(node.0));
        self.absorb(&event);
    }

    pub fn fault(&mut self, at: Time, handled: Handled<'_>) {
        self.event(at, NOBODY, handled);
    }

    /// Events are hashed on their own and then joined in order: the joins alone form a chain.
    #[inline]
    fn absorb(&mut self, event: &EventHasher) {
        self.low = fold(self.low ^ event.sum as u64, LOW_MULTIPLIER);
        self.high = fold(self.high ^ (event.sum >> 64) as u64, HIGH_MULTIPLIER).wrapping_add(self.low);
    }
}

/// Hashes one event: the sum of its words' products with as many keys, in 128 bits (multilinear hashing, Carter and
/// Wegman 1979). Events that differ in one word never hash alike, and no word waits for the one before it.
struct EventHasher {
    sum: u128,
    /// The next word's.
    key: u64,
}

// The binary digits of the golden ratio and of the square root of two, made odd: nothing up the sleeve.
const LOW_MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const HIGH_MULTIPLIER: u64 = 0x6a09_e667_f3bc_c909;
/// Those of pi, in which words are masked: a word of zero counts, too.
const MASK: u64 = 0x3243_f6a8_885a_308d;

impl EventHasher {
    #[inline]
    fn new(at: Time, node: NodeId, kind: u32) -> Self {
        let mut hasher = Self { sum: 0, key: LOW_MULTIPLIER };
        hasher.write_u64(at);
        hasher.write_u64(u64::from(kind) << 32 | u64::from(node.0));
        hasher
    }
}

/// The two halves of the product, joined.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    (product >> 64) as u64 ^ product as u64
}

impl Hasher for EventHasher {
    fn finish(&self) -> u64 {
        (self.sum >> 64) as u64 ^ self.sum as u64
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }
    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }
    #[inline]
    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }
    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.sum = self.sum.wrapping_add(u128::from(word ^ MASK) * u128::from(self.key));
        // Keys are powers of an odd number, so that words that change together do not make up for each other.
        self.key = self.key.wrapping_mul(HIGH_MULTIPLIER);
    }
    #[inline]
    fn write_u128(&mut self, word: u128) {
        self.write_u64(word as u64);
        self.write_u64((word >> 64) as u64);
    }
    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
    #[inline]
    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as i64 as u64);
    }
    #[inline]
    fn write_i8(&mut self, word: i8) {
        self.write_u64(i64::from(word) as u64);
    }
    #[inline]
    fn write_i16(&mut self, word: i16) {
        self.write_u64(i64::from(word) as u64);
    }
    #[inline]
    fn write_i32(&mut self, word: i32) {
        self.write_u64(i64::from(word) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::{Handled, Rolling};
    use crate::node::{NodeId, TimerSlot};

    fn of(build: impl Fn(&mut Rolling)) -> u128 {
        let mut rolling = Rolling::new();
        build(&mut rolling);
        rolling.value().0
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let message =
            |at, node, from, content: u64| of(|r| r.message(at, NodeId(node), NodeId(from), &content));
        let all = [
            message(1, 2, 3, 4),
            message(2, 2, 3, 4),
            message(1, 3, 3, 4),
            message(1, 2, 4, 4),
            message(1, 2, 3, 5),
            of(|r| r.event(1, NodeId(2), Handled::Timer(TimerSlot(3)))),
            of(|r| r.event(1, NodeId(2), Handled::Start)),
            of(|r| r.event(1, NodeId(2), Handled::Crash)),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "event {index} hashes as another");
        }
    }

    #[test]
    fn the_order_of_events_counts() {
        let start = |r: &mut Rolling, node| r.event(0, NodeId(node), Handled::Start);
        let forth = of(|r| (start(r, 1), start(r, 2)).0);
        let back = of(|r| (start(r, 2), start(r, 1)).0);
        assert_ne!(forth, back);
    }

    #[test]
    fn is_the_same_on_every_machine_and_in_every_build() {
        // From an implementation of its own, in Python.
        let golden = of(|r| {
            r.message(1_000, NodeId(1), NodeId(2), &("text", 7_u8, -1_i32, vec![1_u16, 2, 3]));
            r.event(2_000, NodeId(1), Handled::Timer(TimerSlot(9)));
        });
        assert_eq!(format!("{golden:032x}"), "795f40e28e5fdcb51555f6e3b7afe2c2");
    }
}
