//! Requests that several reads share: the book of flights under way. See [`crate::remedies::Coalesce`].

use std::collections::BTreeMap;

use crate::config::{Bug, Bugs};
use crate::message::OperationId;
use crate::remedies::{Coalesce, Join};

/// An application server and a key.
type Route = (u64, u64);

/// The flights of all application servers of a pool.
#[derive(Clone, Debug)]
pub(super) struct Flights {
    // Volatile.
    under_way: BTreeMap<Route, Flight>,
    // Configuration.
    join: Join,
    application_servers: u64,
}

/// One request for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    leader: OperationId,
    /// Reads that are answered with the leader's.
    pub riders: Vec<OperationId>,
    /// Reads that came too late for this flight and take the next.
    pub late: Vec<OperationId>,
}

/// What a read is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// Send the request.
    Leader,
    /// Wait for somebody else's answer.
    Rider,
}

impl Flights {
    pub fn new(coalesce: Coalesce, bugs: Bugs) -> Self {
        let join = if bugs.contains(Bug::JoinLate) { Join::Any } else { coalesce.join };
        Self {
            under_way: BTreeMap::new(),
            join,
            application_servers: u64::from(coalesce.application_servers),
        }
    }

    fn route(&self, slot: usize, key: u64) -> Route {
        (slot as u64 % self.application_servers, key)
    }

    /// A read of `key` by the session in `slot` wants an answer.
    pub fn board(&mut self, slot: usize, key: u64, read: OperationId) -> Seat {
        let route = self.route(slot, key);
        let Some(flight) = self.under_way.get_mut(&route) else {
            self.under_way.insert(route, Flight::led_by(read));
            return Seat::Leader;
        };
        if flight.leader == read {
            return Seat::Leader;
        }
        match self.join {
            Join::Any => flight.riders.push(read),
            Join::Next => flight.late.push(read),
        }
        Seat::Rider
    }

    /// The flight of which `read` is the leader is over.
    pub fn land(&mut self, slot: usize, key: u64, read: OperationId) -> Option<Flight> {
        let route = self.route(slot, key);
        let is_leader = self.under_way.get(&route).is_some_and(|flight| flight.leader == read);
        is_leader.then(|| self.under_way.remove(&route)).flatten()
    }

    /// A flight leaves with those who were late for the last one; the first of them leads.
    pub fn depart(&mut self, slot: usize, key: u64, leader: OperationId, riders: Vec<OperationId>) {
        let route = self.route(slot, key);
        self.under_way.insert(route, Flight { leader, riders, late: Vec::new() });
    }

    /// A rider has lost patience.
    pub fn leave(&mut self, slot: usize, key: u64, read: OperationId) {
        let route = self.route(slot, key);
        if let Some(flight) = self.under_way.get_mut(&route) {
            flight.riders.retain(|&rider| rider != read);
            flight.late.retain(|&late| late != read);
        }
    }

    pub fn crash(&mut self) {
        self.under_way.clear();
    }
}

impl Flight {
    const fn led_by(leader: OperationId) -> Self {
        Self { leader, riders: Vec::new(), late: Vec::new() }
    }
}
