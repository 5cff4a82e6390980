//! Operations on a salted key: one request for each way that they need. See [`crate::remedies::Salt`].
//!
//! Each way's request has a number of its own, so that two ways in one shard are told apart; a retry asks only the ways
//! that have not answered.

use shardlab_sim::{Context, NodeId};

use crate::client::ClientPool;
use crate::client::session_timer;
use crate::client::sessions::Work;
use crate::client::single::{Purpose, Single};
use crate::config::Bug;
use crate::hash::mix;
use crate::message::{Action, Message, OperationId, Request, Response, Status};
use crate::remedies::SaltedWrites;

/// What is under way on a salted key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Salted {
    pub single: Single,
    /// What it writes: a stamp.
    pub stamp: u64,
    ways: Vec<Way>,
    /// Of the ways that answered: the newest value, its size, and who had it.
    newest: (u64, u32, u16),
}

/// How it stands with one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It need not be asked.
    Idle,
    Unasked,
    Asked(NodeId),
    Answered,
}

impl Salted {
    pub fn awaits_answer(&self) -> bool {
        self.single.asked.is_some() || self.ways.iter().any(|way| matches!(way, Way::Asked(_)))
    }

    pub fn stop_waiting(&mut self) {
        self.single.asked = None;
        for way in &mut self.ways {
            if let Way::Asked(_) = way {
                *way = Way::Unasked;
            }
        }
    }

    pub fn begin_anew(&mut self) {
        self.newest = (0, 0, 0);
        for way in &mut self.ways {
            if *way == Way::Answered {
                *way = Way::Unasked;
            }
        }
    }

    fn is_done(&self) -> bool {
        self.ways.iter().all(|way| matches!(way, Way::Idle | Way::Answered))
    }
}

impl ClientPool {
    /// Whether the key is salted.
    pub(super) fn salts(&self, key: u64) -> bool {
        let salting = self.remedied.as_ref().and_then(|remedied| remedied.salting.as_ref());
        salting.is_some_and(|salting| salting.salts(key))
    }

    pub(super) fn begin_salted(
        &mut self,
        slot: usize,
        purpose: Purpose,
        key: u64,
        cx: &mut Context<'_, Message>,
    ) {
        let single = Single::new(purpose, key, self.router.shard_of(key));
        let clock = cx.clock();
        let Some(remedied) = &mut self.remedied else { return };
        let Some(salting) = &remedied.salting else { return };
        let stamp = if purpose.writes() { remedied.stamps.next(clock) } else { 0 };
        let (ways, writes) = (salting.ways(), salting.writes());
        let session = &mut self.sessions[slot];
        session.begin_several(ways, cx.now());
        let choice = (mix(session.operation().as_value()) % u64::from(ways)) as u32;
        let asks_all = purpose.writes() == (writes == SaltedWrites::All);
        let forgets = self.settings.bugs.contains(Bug::ForgetAWay) && asks_all;
        let way = |way: u32| match way == choice {
            true if forgets => Way::Idle,
            false if !asks_all => Way::Idle,
            _ => Way::Unasked,
        };
        let ways = (0..ways).map(way).collect();
        session.work = Work::Salted(Box::new(Salted { single, stamp, ways, newest: (0, 0, 0) }));
        self.attempt_single(slot, cx);
    }

    /// Asks every way that has not answered.
    pub(super) fn attempt_salted(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Salted(salted) = &self.sessions[slot].work else { return };
        let unasked = salted.ways.iter().zip(0..).filter(|(way, _)| **way == Way::Unasked);
        let unasked: Vec<u32> = unasked.map(|(_, way)| way).collect();
        for way in unasked {
            self.ask_way(slot, way, self.sessions[slot].failures == 0, cx);
        }
        if !self.sessions[slot].work.awaits_answer() {
            return self.nobody_to_ask(slot, cx);
        }
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    fn ask_way(&mut self, slot: usize, way: u32, is_counted: bool, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        let (first, invoked, has_failed) = (session.operation(), session.invoked, session.failures > 0);
        let Work::Salted(salted) = &mut session.work else { return };
        let Some(remedied) = &mut self.remedied else { return };
        let Some(salting) = &remedied.salting else { return };
        let writes = salted.single.purpose.writes();
        let key = salting.sub_key(salted.single.key, way);
        let shard = self.router.shard_of(key);
        if is_counted {
            remedied.note_asked(shard, invoked);
        }
        if self.router.is_closed(key) {
            return;
        }
        let Some(server) = self.router.whom(shard, writes, has_failed, &mut self.routes) else { return };
        salted.ways[way as usize] = Way::Asked(server);
        let operation = OperationId { sequence: first.sequence + way, ..first };
        let action = if writes { Action::Write } else { Action::Read };
        let (value, value_bytes) = (salted.stamp, self.settings.value_bytes);
        cx.send(server, Message::Request(Request { operation, action, shard, key, value, value_bytes }));
    }

    pub(super) fn on_salted_response(
        &mut self,
        slot: usize,
        from: NodeId,
        response: &Response,
        cx: &mut Context<'_, Message>,
    ) {
        let session = &mut self.sessions[slot];
        let way = response.operation.sequence - session.sequence;
        let Work::Salted(salted) = &mut session.work else { return };
        let place = way as usize;
        let is_refused = match response.status {
            Status::Ok if matches!(salted.ways[place], Way::Answered | Way::Idle) => return,
            Status::Ok => false,
            // Only the last server asked can refuse: an earlier one's word is out of date.
            _ if salted.ways[place] != Way::Asked(from) => return,
            _ => true,
        };
        if is_refused {
            salted.ways[place] = Way::Unasked;
            return self.way_refused(slot, way, response.shard, response.status, cx);
        }
        salted.ways[place] = Way::Answered;
        if salted.newest.2 == 0 || response.value > salted.newest.0 {
            salted.newest = (response.value, response.value_bytes, from.0 as u16);
        }
        // One way has it: whatever becomes of the others, it may be read.
        session.in_doubt |= salted.single.purpose.writes();
        self.look_at_ways(slot, cx);
    }

    fn way_refused(
        &mut self,
        slot: usize,
        way: u32,
        shard: crate::shard_map::ShardId,
        status: Status,
        cx: &mut Context<'_, Message>,
    ) {
        let Work::Salted(salted) = &self.sessions[slot].work else { return };
        let (key, writes) = (salted.single.key, salted.single.purpose.writes());
        let follows = match status {
            Status::NotPrimary { primary, epoch } => self.router.learn(shard, primary, epoch),
            _ => {
                let salting = self.remedied.as_ref().and_then(|remedied| remedied.salting.as_ref());
                salting.is_some_and(|salting| self.router.shard_of(salting.sub_key(key, way)) != shard)
            }
        };
        if follows && !self.router.takes_any_copy(writes) {
            self.ask_way(slot, way, false, cx);
        }
        self.look_at_ways(slot, cx);
    }

    /// Ends the operation when all ways have answered; the attempt has failed when none is left to answer.
    fn look_at_ways(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Salted(salted) = &self.sessions[slot].work else { return };
        if salted.is_done() {
            let (value, value_bytes, node) = salted.newest;
            self.carried_out(slot, (value, value_bytes), node, cx);
        } else if !salted.awaits_answer() {
            self.attempt_failed(slot, cx);
        }
    }
}
