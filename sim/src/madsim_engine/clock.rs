//! Where a simulated instant lies on madsim's clock.
//!
//! madsim has no order among equal times, rounds sleeps up to a millisecond and lets some 50 to 100 ns pass whenever it
//! polls a task. So a simulated nanosecond is stretched to a *grain* of 10¹⁵ ns of madsim's, within which each
//! sequence number has a millisecond of its own. Faults have the grain's first half and everything else its second,
//! which is the law of the order within a nanosecond.

use std::time::Duration;

use crate::key::Key;
use crate::time::Time;

/// Nanoseconds of madsim's in one millisecond: the least that it sleeps.
const MILLISECOND: u128 = 1_000_000;
/// Nanoseconds of madsim's in one simulated nanosecond.
const GRAIN: u128 = 1_000_000_000_000_000;
/// As many sequence numbers as have room in half a grain.
pub(super) const MOST_SEQUENCES: u64 = (GRAIN / 2 / MILLISECOND) as u64;
/// The platform's `Instant` holds 2⁶³ seconds; about 2.5 simulated hours, rounded down.
pub(super) const LAST: Time = 9_000_000_000_000;

/// How simultaneous events are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ties {
    /// As the law wants: faults first, then by sequence number.
    #[default]
    Lawful,
    /// As madsim's random choice among ready tasks has it; only the messages of one link keep their order. A simulated
    /// nanosecond is one millisecond of madsim's then.
    Shuffled,
}

impl Ties {
    /// When the event comes up; `None` if it is beyond the clock.
    pub(super) fn instant(self, key: Key) -> Option<Duration> {
        if key.time() > LAST || key.sequence() >= MOST_SEQUENCES {
            return None;
        }
        let time = u128::from(key.time());
        Some(match self {
            Self::Lawful => {
                let half = if key.is_fault() { 0 } else { GRAIN / 2 };
                duration(time * GRAIN + half + u128::from(key.sequence()) * MILLISECOND)
            }
            Self::Shuffled => duration(time * MILLISECOND),
        })
    }

    /// After every event up to and including `time` with a sequence number below `sequences`, and before any other.
    pub(super) fn end_of(self, time: Time, sequences: u64) -> Duration {
        let time = u128::from(time);
        match self {
            Self::Lawful => {
                duration(time * GRAIN + GRAIN / 2 + u128::from(sequences) * MILLISECOND - MILLISECOND / 2)
            }
            Self::Shuffled => duration(time * MILLISECOND + MILLISECOND / 2),
        }
    }
}

fn duration(nanoseconds: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanoseconds / SECOND).expect("the clock's limit was checked");
    Duration::new(seconds, (nanoseconds % SECOND) as u32)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LAST, MOST_SEQUENCES, Ties};
    use crate::key::{Key, Tag};

    #[test]
    fn instants_keep_the_order_of_keys() {
        let keys = [
            Key::new(0, MOST_SEQUENCES - 1, Tag::Strike, 0),
            Key::new(0, 0, Tag::Start, 0),
            Key::new(0, MOST_SEQUENCES - 1, Tag::Delivery, 0),
            Key::new(1, 0, Tag::Heal, 0),
            Key::new(LAST, 1, Tag::Heal, 0),
            Key::new(LAST, 0, Tag::Timer, 0),
            Key::new(LAST, MOST_SEQUENCES - 1, Tag::Timer, 0),
        ];
        let instants = keys.map(|key| Ties::Lawful.instant(key).unwrap());
        // madsim lets time pass at every poll: a millisecond is for some 10,000 of them.
        assert!(
            instants.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(1)),
            "{instants:?}"
        );
        assert!(instants[6].as_secs() < i64::MAX as u64);
    }

    #[test]
    fn what_is_beyond_the_clock_has_no_instant() {
        for key in [Key::new(LAST + 1, 0, Tag::Timer, 0), Key::new(0, MOST_SEQUENCES, Tag::Timer, 0)] {
            assert_eq!(Ties::Lawful.instant(key), None);
        }
    }

    #[test]
    fn an_end_lies_between_what_was_scheduled_and_what_will_be() {
        let end = Ties::Lawful.end_of(7, 4);
        let at = |time, sequence| Ties::Lawful.instant(Key::new(time, sequence, Tag::Delivery, 0)).unwrap();
        assert!(at(7, 3) < end && end < at(7, 4) && end < at(8, 0));
    }
}
