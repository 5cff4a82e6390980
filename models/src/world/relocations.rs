//! From observations of copies that move to what they cost.

use shardlab_sim::Time;

use super::{HandOver, RelocationCosts};
use crate::node::{Observation, RelocationEvent};

/// What was seen of them so far.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenRelocations {
    pub relocations: Vec<RelocationCosts>,
    pub hand_overs: Vec<HandOver>,
}

impl SeenRelocations {
    pub fn add(&mut self, at: Time, observation: &Observation) {
        match *observation {
            Observation::Relocation { number, event } => self.note(at, number as usize, event),
            Observation::HandedOver { shard, from, to, stopped } => {
                self.hand_overs.push(HandOver { at, shard, from, to, stopped });
            }
            _ => {}
        }
    }

    fn note(&mut self, at: Time, number: usize, event: RelocationEvent) {
        if let RelocationEvent::Begun { shard, from, to, command, rows } = event {
            let costs = RelocationCosts {
                command,
                shard,
                from,
                to,
                rows,
                began: at,
                copied: None,
                joined: None,
                left: None,
                given_up: None,
                bytes: 0,
                stopped: 0,
                led: false,
            };
            return self.relocations.push(costs);
        }
        let Some(costs) = self.relocations.get_mut(number) else { return };
        match event {
            RelocationEvent::Begun { .. } => {}
            RelocationEvent::Bytes(bytes) => costs.bytes += bytes,
            RelocationEvent::Copied => {
                costs.copied.get_or_insert(at);
            }
            RelocationEvent::Joined { stopped } => {
                costs.joined = Some(at);
                costs.stopped += stopped;
            }
            RelocationEvent::Left { stopped, led } => {
                costs.left = Some(at);
                costs.stopped += stopped;
                costs.led = led;
            }
            RelocationEvent::GivenUp => costs.given_up = Some(at),
        }
    }

    /// Those that a command of the operator brought about.
    pub fn of(&self, command: u32) -> impl Iterator<Item = &RelocationCosts> {
        self.relocations.iter().filter(move |of| of.command == Some(command))
    }
}

impl RelocationCosts {
    /// Whether it is done: the newcomer counts, and the old copy does not.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.left.is_some()
    }
}
