//! The order of events, in sixteen bytes.

use crate::time::Time;

/// What an event is; its index says which letter, timer, node or fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// A letter arrives at its node.
    Delivery,
    /// A letter's service ends.
    Completion,
    /// A timer runs out.
    Timer,
    /// A node's sync ends.
    Sync,
    /// A node boots.
    Start,
    /// A fault strikes.
    Strike,
    /// A fault heals.
    Heal,
}

/// When an event comes, and which: from the highest bit `time` (64), `not a fault` (1), `sequence` (36), `tag` (3),
/// `index` (24). Keys therefore compare as the law wants: by time, faults first, then by sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

const INDEX_BITS: u32 = 24;
const TAG_BITS: u32 = 3;
const SEQUENCE_BITS: u32 = 36;
const CLASS_SHIFT: u32 = INDEX_BITS + TAG_BITS + SEQUENCE_BITS;
const TIME_SHIFT: u32 = CLASS_SHIFT + 1;

impl Key {
    #[inline]
    pub fn new(at: Time, sequence: u64, tag: Tag, index: u32) -> Self {
        assert!(sequence < 1 << SEQUENCE_BITS, "a run has at most 2^36 events");
        assert!(index < 1 << INDEX_BITS, "at most 2^24 messages, timers and nodes are under way at once");
        let class = u64::from(!matches!(tag, Tag::Strike | Tag::Heal));
        let low = class << CLASS_SHIFT
            | sequence << (INDEX_BITS + TAG_BITS)
            | (tag as u64) << INDEX_BITS
            | u64::from(index);
        Self(u128::from(at) << TIME_SHIFT | u128::from(low))
    }

    #[inline]
    pub const fn time(self) -> Time {
        (self.0 >> TIME_SHIFT) as Time
    }

    #[inline]
    pub const fn tag(self) -> Tag {
        match (self.0 as u32 >> INDEX_BITS) & ((1 << TAG_BITS) - 1) {
            0 => Tag::Delivery,
            1 => Tag::Completion,
            2 => Tag::Timer,
            3 => Tag::Sync,
            4 => Tag::Start,
            5 => Tag::Strike,
            _ => Tag::Heal,
        }
    }

    #[inline]
    pub const fn index(self) -> u32 {
        self.0 as u32 & ((1 << INDEX_BITS) - 1)
    }

    #[cfg(madsim)]
    pub const fn is_fault(self) -> bool {
        matches!(self.tag(), Tag::Strike | Tag::Heal)
    }

    #[cfg(madsim)]
    pub const fn sequence(self) -> u64 {
        (self.0 as u64 >> (INDEX_BITS + TAG_BITS)) & ((1 << SEQUENCE_BITS) - 1)
    }

    #[inline]
    pub const fn is_timer(self) -> bool {
        matches!(self.tag(), Tag::Timer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Tag};

    #[test]
    fn time_comes_before_faults_before_sequence() {
        let ordered = [
            Key::new(1, 9, Tag::Timer, 9),
            Key::new(2, 7, Tag::Strike, 3),
            Key::new(2, 8, Tag::Heal, 0),
            Key::new(2, 1, Tag::Sync, (1 << 24) - 1),
            Key::new(2, 2, Tag::Delivery, 0),
            Key::new(u64::MAX, 0, Tag::Strike, 0),
        ];
        assert!(ordered.is_sorted(), "{ordered:?}");
    }

    #[test]
    fn parts_come_back() {
        for tag in [Tag::Delivery, Tag::Completion, Tag::Timer, Tag::Sync, Tag::Start, Tag::Strike, Tag::Heal]
        {
            let key = Key::new(123, (1 << 36) - 1, tag, (1 << 24) - 1);
            assert_eq!((key.time(), key.tag(), key.index()), (123, tag, (1 << 24) - 1));
        }
    }
}
