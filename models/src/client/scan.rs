//! Scans: a range of keys, which a hash has scattered over all shards. Answered when the slowest shard has. Where the rows
//! of a tenant are kept together, its shard alone is asked.

use shardlab_consistency::Outcome;
use shardlab_sim::{Context, NodeId};

use crate::client::fanout::Fanout;
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
    pub fanout: Fanout,
}

impl Scan {
    pub fn new(key: u64, rows: u16, shards: u32) -> Self {
        Self { key, rows, found: 0, fanout: Fanout::new((0..shards).map(ShardId)) }
    }
}

impl ClientPool {
    pub(super) fn begin_scan(&mut self, slot: usize, key: u64, rows: u16, cx: &mut Context<'_, Message>) {
        let mut scan = Scan::new(key, rows, self.router.shards());
        if let Some(only) = self.router.scanned(key) {
            // The other shards have none of the rows.
            scan.fanout = Fanout::new([only]);
        }
        self.sessions[slot].begin(Work::Scan(Box::new(scan)), cx.now());
        self.attempt_scan(slot, cx);
    }

    /// Asks every shard that has not answered.
    pub(super) fn attempt_scan(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Scan(scan) = &self.sessions[slot].work else { return };
        for shard in scan.fanout.unasked() {
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
        scan.fanout.ask(shard, server);
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
            Status::Ok if scan.fanout.is_answered(shard) => {}
            Status::Ok => {
                scan.fanout.answer(shard);
                scan.found += response.value;
                self.look_at_scan(slot, cx);
            }
            Status::NotPrimary { primary, epoch } if scan.fanout.awaits(shard, from) => {
                scan.fanout.reopen(shard);
                if self.router.learn(shard, primary, epoch) && !self.router.takes_any_copy(false) {
                    self.ask_shard(slot, shard, cx);
                }
                self.look_at_scan(slot, cx);
            }
            // Scans ask for shards, which do not move.
            Status::NotPrimary { .. } | Status::NotOwner | Status::NoPartition | Status::Written { .. } => {}
        }
    }

    /// Ends the scan when every shard has answered; the attempt has failed when none is left to answer.
    fn look_at_scan(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Scan(scan) = &self.sessions[slot].work else { return };
        if scan.fanout.missing() == 0 {
            self.end_scan(slot, Outcome::Ok, cx);
        } else if scan.fanout.outstanding() == 0 {
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
