//! A node's processors, as this engine has them: services under way, and a line in front of them.

use std::collections::VecDeque;

use crate::key::Key;
use crate::random::Random;
use crate::sampler::Sampler;
use crate::samplers::Samplers;
use crate::sampling::Load;
use crate::time::Time;
use crate::topology::{Cpu, Overflow};

/// A letter on a core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service {
    pub ends: Key,
    pub letter: u32,
    pub waited: Time,
}

#[derive(Clone, Debug)]
pub(super) struct Cores {
    count: usize,
    most_waiting: usize,
    overflow: Overflow,
    samplers: Vec<Option<Sampler>>,
    random: Random,
    under_way: Vec<Service>,
    /// Letters in line, with the time of their arrival.
    line: VecDeque<(u32, Time)>,
    busy_ns: u64,
    busy_since: Time,
}

/// What becomes of a letter that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A core is free for it.
    Served,
    /// It is in line now.
    Waits,
    /// Some letter has no room: itself, or the oldest in line, whose place it then has.
    Crowds(u32),
}

impl Cores {
    pub fn new(cpu: &Cpu, random: Random, samplers: &mut Samplers) -> Self {
        Self {
            count: cpu.cores as usize,
            most_waiting: cpu.queue_limit.map_or(usize::MAX, |limit| limit as usize),
            overflow: cpu.overflow,
            samplers: cpu.service.iter().map(|time| time.as_ref().map(|time| samplers.get(time))).collect(),
            random,
            under_way: Vec::new(),
            line: VecDeque::new(),
            busy_ns: 0,
            busy_since: 0,
        }
    }

    /// Whether messages of this kind need a core.
    pub fn serve(&self, kind: usize) -> bool {
        matches!(self.samplers.get(kind), Some(Some(_)))
    }

    /// Lets a letter in.
    pub fn arrive(&mut self, letter: u32, now: Time) -> Arrival {
        if self.under_way.len() < self.count {
            return Arrival::Served;
        }
        if self.line.len() < self.most_waiting {
            self.line.push_back((letter, now));
            return Arrival::Waits;
        }
        match self.overflow {
            Overflow::DropOldest if !self.line.is_empty() => {
                let (oldest, _) = self.line.pop_front().expect("the line is not empty");
                self.line.push_back((letter, now));
                Arrival::Crowds(oldest)
            }
            Overflow::DropOldest | Overflow::DropNewest => Arrival::Crowds(letter),
        }
    }

    /// How long serving a message of this kind takes.
    pub fn draw(&mut self, kind: usize) -> Time {
        let sampler = self.samplers[kind].as_ref().expect("only kinds with a service time are served");
        sampler.sample(self.random.next_u64())
    }

    pub fn begin(&mut self, service: Service, now: Time) {
        self.account(now);
        self.under_way.push(service);
    }

    /// Whether the service that ends with this event is under way; a crash outdates it.
    pub fn expect(&self, ends: Key) -> bool {
        self.under_way.iter().any(|service| service.ends == ends)
    }

    /// Gives a service another end.
    pub fn postpone(&mut self, from: Key, to: Key) {
        self.under_way
            .iter_mut()
            .filter(|service| service.ends == from)
            .for_each(|service| service.ends = to);
    }

    /// Ends a service, if it is under way.
    pub fn end(&mut self, ends: Key, now: Time) -> Option<Service> {
        let index = self.under_way.iter().position(|service| service.ends == ends)?;
        self.account(now);
        Some(self.under_way.swap_remove(index))
    }

    /// Who is next in line, and since when it has waited.
    pub fn next(&mut self) -> Option<(u32, Time)> {
        self.line.pop_front()
    }

    /// The machine stops: the letters that were on a core.
    pub fn stop(&mut self, now: Time) -> Vec<u32> {
        self.account(now);
        self.under_way.drain(..).map(|service| service.letter).collect()
    }

    /// Nobody waits any more: the letters that did.
    pub fn empty_line(&mut self) -> Vec<u32> {
        self.line.drain(..).map(|(letter, _)| letter).collect()
    }

    pub fn load(&mut self, now: Time) -> Load {
        self.account(now);
        Load { busy_ns: self.busy_ns, queue_length: self.line.len() as u64 }
    }

    fn account(&mut self, now: Time) {
        self.busy_ns += self.under_way.len() as u64 * (now - self.busy_since);
        self.busy_since = now;
    }
}
