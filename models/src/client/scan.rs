//! Scans: a range of keys, which a hash has scattered over all shards. Answered when the slowest shard has. Where the rows
//! of a tenant are kept together, its shard alone is asked.

use shardlab_consistency::Outcome;
use shardlab_sim::{Context, NodeId};

use crate::client::sessions::Work;
use crate::client::{ClientPool, observed, session_timer};
use crate::message::{Action, Message, Request, Response, Status};
use crate::node::Observation;
use crate::shard_map::ShardId;

/// A scan under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    pub key: u64,
    /// Rows asked for, of each shard.
    pub rows: u16,
    /// Rows that shards found.
    pub found: u64,
    /// By shard.
    shards: Vec<Part>,
    outstanding: u32,
    missing: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// To be asked, for the first time or again.
    Unasked,
    Asked(NodeId),
    Answered,
}

impl Scan {
    pub fn new(key: u64, rows: u16, shards: u32) -> Self {
        Self {
            key,
            rows,
            found: 0,
            shards: vec![Part::Unasked; shards as usize],
            outstanding: 0,
            missing: shards,
        }
    }

    /// The other shards have none of the rows.
    fn ask_only(&mut self, only: ShardId) {
        (0..self.shards.len() as u32).map(ShardId).filter(|&shard| shard != only).for_each(|shard| {
            self.set(shard, Part::Answered);
        });
    }

    pub fn outstanding(&self) -> u32 {
        self.outstanding
    }

    pub fn stop_waiting(&mut self) {
        for part in &mut self.shards {
            if matches!(part, Part::Asked(_)) {
                *part = Part::Unasked;
            }
        }
        self.outstanding = 0;
    }

    /// Shards that are to be asked.
    fn unasked(&self) -> impl Iterator<Item = ShardId> + use<> {
        let unasked = |&(_, part): &(u32, Part)| part == Part::Unasked;
        let shards: Vec<(u32, Part)> = (0..).zip(self.shards.iter().copied()).filter(unasked).collect();
        shards.into_iter().map(|(shard, _)| ShardId(shard))
    }

    fn ask(&mut self, shard: ShardId, server: NodeId) {
        self.set(shard, Part::Asked(server));
    }

    /// Changes a shard's part and keeps the counts.
    fn set(&mut self, shard: ShardId, part: Part) {
        let old = std::mem::replace(&mut self.shards[shard.index()], part);
        self.outstanding += u32::from(matches!(part, Part::Asked(_)));
        self.outstanding -= u32::from(matches!(old, Part::Asked(_)));
        self.missing -= u32::from(part == Part::Answered && old != Part::Answered);
    }

    fn is_answered(&self, shard: ShardId) -> bool {
        self.shards[shard.index()] == Part::Answered
    }
}

impl ClientPool {
    pub(super) fn begin_scan(&mut self, slot: usize, key: u64, rows: u16, cx: &mut Context<'_, Message>) {
        let mut scan = Scan::new(key, rows, self.router.shards());
        if let Some(only) = self.router.scanned(key) {
            scan.ask_only(only);
        }
        self.sessions[slot].begin(Work::Scan(Box::new(scan)), cx.now());
        self.attempt_scan(slot, cx);
    }

    /// Asks every shard that has not answered.
    pub(super) fn attempt_scan(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Scan(scan) = &self.sessions[slot].work else { return };
        for shard in scan.unasked() {
            self.ask_shard(slot, shard, cx);
        }
        if !self.sessions[slot].work.awaits_answer() {
            return self.nobody_to_ask(slot, cx);
        }
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    fn ask_shard(&mut self, slot: usize, shard: ShardId, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        let (operation, has_failed) = (session.operation(), session.failures > 0);
        let Work::Scan(scan) = &mut session.work else { return };
        let Some(server) = self.router.whom(shard, false, has_failed, &mut self.routes) else { return };
        scan.ask(shard, server);
        let action = Action::Scan(scan.rows);
        let value_bytes = self.settings.value_bytes;
        let request = Request { operation, action, shard, key: scan.key, value: 0, value_bytes };
        cx.send(server, Message::Request(request));
    }

    pub(super) fn on_scan_response(
        &mut self,
        slot: usize,
        from: NodeId,
        response: Response,
        cx: &mut Context<'_, Message>,
    ) {
        let Work::Scan(scan) = &mut self.sessions[slot].work else { return };
        let shard = response.shard;
        match response.status {
            Status::Ok if scan.is_answered(shard) => {}
            Status::Ok => {
                scan.set(shard, Part::Answered);
                scan.found += response.value;
                self.look_at_scan(slot, cx);
            }
            Status::NotPrimary { primary, epoch } if scan.shards[shard.index()] == Part::Asked(from) => {
                scan.set(shard, Part::Unasked);
                if self.router.learn(shard, primary, epoch) && !self.router.takes_any_copy(false) {
                    self.ask_shard(slot, shard, cx);
                }
                self.look_at_scan(slot, cx);
            }
            // Scans ask for shards, which do not move.
            Status::NotPrimary { .. } | Status::NotOwner | Status::Written { .. } => {}
        }
    }

    /// Ends the scan when every shard has answered; the attempt has failed when none is left to answer.
    fn look_at_scan(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Scan(scan) = &self.sessions[slot].work else { return };
        if scan.missing == 0 {
            self.end_scan(slot, Outcome::Ok, cx);
        } else if scan.outstanding == 0 {
            self.attempt_failed(slot, cx);
        }
    }

    pub(super) fn end_scan(&mut self, slot: usize, outcome: Outcome, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        let Work::Scan(scan) = &session.work else { return };
        cx.observe(Observation::Operation(observed::scan(session, scan, outcome, cx.now())));
        session.work = Work::Idle;
        self.end_operation(slot, outcome, cx);
    }
}
