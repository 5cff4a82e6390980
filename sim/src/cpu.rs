//! A node's processors: so many servers in front of one first-come-first-served line.

use std::collections::VecDeque;

use crate::random::Random;
use crate::sampler::Sampler;
use crate::time::Time;
use crate::topology::Overflow;

/// A CPU station.
#[derive(Clone, Debug)]
pub(crate) struct Station {
    cores: u32,
    queue_limit: usize,
    overflow: Overflow,
    service: Vec<Option<Sampler>>,
    random: Random,
    busy: u32,
    line: VecDeque<Waiting>,
    // Core-nanoseconds up to `accounted`.
    busy_ns: u64,
    accounted: Time,
}

/// A letter in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub letter: u32,
    pub arrived: Time,
}

/// What becomes of a letter that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// A core is free: its service begins.
    Serve,
    /// It waits in line.
    Wait,
    /// It waits in line; the one that waited longest had to go.
    Replace(Waiting),
    /// The line is full: it has to go.
    Refuse,
}

impl Station {
    pub fn new(
        cores: u32,
        queue_limit: Option<u32>,
        overflow: Overflow,
        service: Vec<Option<Sampler>>,
        random: Random,
    ) -> Self {
        let queue_limit = queue_limit.map_or(usize::MAX, |limit| limit as usize);
        let line = VecDeque::new();
        Self { cores, queue_limit, overflow, service, random, busy: 0, line, busy_ns: 0, accounted: 0 }
    }

    /// Whether this kind of message needs a core.
    #[inline]
    pub fn serves(&self, kind: usize) -> bool {
        self.service.get(kind).is_some_and(Option::is_some)
    }

    /// Lets a letter in.
    pub fn admit(&mut self, now: Time, letter: u32) -> Admission {
        let waiting = Waiting { letter, arrived: now };
        if self.busy < self.cores {
            return Admission::Serve;
        }
        if self.line.len() < self.queue_limit {
            self.line.push_back(waiting);
            return Admission::Wait;
        }
        match (self.overflow, self.line.pop_front()) {
            (Overflow::DropOldest, Some(oldest)) => {
                self.line.push_back(waiting);
                Admission::Replace(oldest)
            }
            (Overflow::DropNewest, Some(oldest)) => {
                self.line.push_front(oldest);
                Admission::Refuse
            }
            (_, None) => Admission::Refuse,
        }
    }

    /// A core takes a message of this kind up; how long its service takes.
    pub fn begin(&mut self, now: Time, kind: usize) -> Time {
        assert!(self.busy < self.cores, "a service begins on a free core");
        self.account(now);
        self.busy += 1;
        let sampler = self.service[kind].as_ref().expect("only messages that need a core are served");
        sampler.sample(self.random.next_u64())
    }

    /// A core is done; who is next in line.
    pub fn end(&mut self, now: Time) -> Option<Waiting> {
        assert!(self.busy > 0, "a service that ends had begun");
        self.account(now);
        self.busy -= 1;
        self.line.pop_front()
    }

    /// The machine stops: nothing waits and nothing is served any more.
    pub fn clear(&mut self, now: Time) {
        self.account(now);
        self.busy = 0;
        self.line.clear();
    }

    /// Core-nanoseconds in service up to now.
    pub fn busy_ns(&mut self, now: Time) -> u64 {
        self.account(now);
        self.busy_ns
    }

    /// How many wait in line.
    pub fn queue_length(&self) -> usize {
        self.line.len()
    }

    fn account(&mut self, now: Time) {
        self.busy_ns += u64::from(self.busy) * (now - self.accounted);
        self.accounted = now;
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, Station, Waiting};
    use crate::distribution::Distribution;
    use crate::random::Random;
    use crate::sampler::Sampler;
    use crate::topology::Overflow;

    fn station(cores: u32, limit: u32, overflow: Overflow) -> Station {
        let service = vec![Some(Sampler::new(&Distribution::constant_ns(10))), None];
        Station::new(cores, Some(limit), overflow, service, Random::new(0, "cpu", 0))
    }

    #[test]
    fn serves_first_come_first_served() {
        let mut station = station(2, 9, Overflow::DropNewest);
        for letter in 0..2 {
            assert_eq!(station.admit(0, letter), Admission::Serve);
            assert_eq!(station.begin(0, 0), 10);
        }
        assert_eq!(station.admit(1, 2), Admission::Wait);
        assert_eq!(station.admit(2, 3), Admission::Wait);
        assert_eq!(station.end(10), Some(Waiting { letter: 2, arrived: 1 }));
        assert_eq!(station.end(10), Some(Waiting { letter: 3, arrived: 2 }));
        assert_eq!(station.busy_ns(30), 20);
    }

    #[test]
    fn a_full_line_drops_what_its_policy_says() {
        for (overflow, expected) in [
            (Overflow::DropNewest, Admission::Refuse),
            (Overflow::DropOldest, Admission::Replace(Waiting { letter: 1, arrived: 0 })),
        ] {
            let mut station = station(1, 1, overflow);
            station.begin(0, 0);
            assert_eq!(station.admit(0, 1), Admission::Wait);
            assert_eq!(station.admit(0, 2), expected);
            assert_eq!(station.queue_length(), 1);
        }
    }

    #[test]
    fn without_a_line_nothing_waits() {
        for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
            let mut station = station(1, 0, overflow);
            station.begin(0, 0);
            assert_eq!(station.admit(0, 1), Admission::Refuse);
        }
    }

    #[test]
    fn kinds_without_a_service_time_need_no_core() {
        let station = station(1, 1, Overflow::DropNewest);
        assert_eq!([0, 1, 2].map(|kind| station.serves(kind)), [true, false, false]);
    }
}
