//! Queries over tables, as a shard's copy answers them.
//!
//! Who may answer, and after what, is as for point reads: a lease, a majority's word, or any copy. What is promised is
//! that each shard's part is as fresh as a point read there would be; parts of different shards are of different
//! moments, and together they are no snapshot. Of rows that are on the move the answer says which end of the move
//! served them when it was given, so that the client can tell whether some were counted twice or not at all.

use shardlab_sim::{Context, NodeId};

use super::Server;
use super::reads::Asked;
use crate::config::Bug;
use crate::message::{Message, QueryAnswer, QueryMessage, QueryRequest, Response, Status, Wanted};
use crate::rebalancing::Pair;
use crate::shard_map::Epoch;
use crate::tables::keys::{copy_key, row_key};
use crate::tables::{Found, Matching, Within};

/// What is read from the disk at once: 64 KiB, which is also what one message of a move carries.
const WINDOW_BYTES: u64 = 1 << 16;

/// What a count is on the wire: a number of eight bytes, and what it is the number of.
const COUNT_BYTES: u64 = 16;

impl Server {
    pub(super) fn on_query(&mut self, from: NodeId, message: QueryMessage, cx: &mut Context<'_, Message>) {
        match message {
            QueryMessage::Ask(request) => {
                let Some(slot) = self.slot(request.shard) else {
                    return super::refuse(from, (request.operation, request.shard), None, Epoch(0), cx);
                };
                self.read(slot, from, Asked::Query(Box::new(request)), cx);
            }
            QueryMessage::Read { answer, client, windows } => self.read_on(answer, client, windows, cx),
            // The client's business.
            QueryMessage::Answer(_) => {}
        }
    }

    /// Looks the rows up, and reads them window by window: between two of them other requests have their turn.
    pub(super) fn answer_query(
        &mut self,
        slot: usize,
        from: NodeId,
        request: &QueryRequest,
        cx: &mut Context<'_, Message>,
    ) {
        let machine = &self.hosted[slot].machine;
        // Of plans that were over before the last one the client would have to be told too.
        let is_behind = machine.moves().is_some_and(|moves| moves.plan().after > request.finished);
        if is_behind || request.pinned.is_some_and(|key| !machine.answers(key)) {
            return self.send_elsewhere(from, request, cx);
        }
        let found = self.look_up(slot, request);
        let value = self.newest(slot, request, &found);
        self.hosted[slot].operations.reads += 1;
        let bytes = match request.row_bytes {
            0 => COUNT_BYTES,
            row_bytes => found.rows.len() as u64 * u64::from(row_bytes),
        };
        let windows = (found.examined * u64::from(request.read_bytes) / WINDOW_BYTES) as u32;
        let answer = QueryAnswer {
            operation: request.operation,
            round: request.round,
            shard: request.shard,
            rows: found.rows,
            count: found.count,
            value,
            bytes,
            windows,
            finished: request.finished,
            moves: self.moves_of(slot, request),
        };
        self.read_on(answer, from, windows, cx);
    }

    fn read_on(&self, answer: QueryAnswer, client: NodeId, windows: u32, cx: &mut Context<'_, Message>) {
        let (to, message) = match windows.checked_sub(1) {
            None => (client, QueryMessage::Answer(answer)),
            Some(windows) => (cx.me(), QueryMessage::Read { answer, client, windows }),
        };
        cx.send(to, Message::Query(Box::new(message)));
    }

    fn look_up(&self, slot: usize, request: &QueryRequest) -> Found {
        match &request.wanted {
            Wanted::Matching(matching) => self.find(slot, request, matching),
            Wanted::Keys(keys) => {
                Found { rows: keys.clone(), count: keys.len() as u64, examined: keys.len() as u64 }
            }
        }
    }

    fn find(&self, slot: usize, request: &QueryRequest, matching: &Matching) -> Found {
        let hosted = &self.hosted[slot];
        // What is given up is not looked at.
        let Some(tables) = self.settings.tables.as_ref().filter(|_| hosted.machine.closed().is_none()) else {
            return Found::default();
        };
        let finds_arrivals = self.settings.replica.bugs.contains(Bug::FindArrivals);
        let serves = hosted
            .machine
            .moves()
            .map(|moves| move |key: u64| moves.answers(key) || (finds_arrivals && moves.arrives(key)));
        let within = Within { shard: request.shard, serves, inserted: hosted.machine.inserted() };
        tables.find(&within, matching)
    }

    /// What the last write of the newest row left, where rows of a table are returned.
    fn newest(&self, slot: usize, request: &QueryRequest, found: &Found) -> u64 {
        let Wanted::Matching(matching) = &request.wanted else { return 0 };
        let Some(&row) = found.rows.first() else { return 0 };
        let is_everywhere =
            self.settings.tables.as_ref().is_some_and(|tables| tables.schema.is_everywhere(matching.table));
        let key = match is_everywhere {
            true => copy_key(matching.table, row, request.shard),
            false => row_key(matching.table, row),
        };
        self.hosted[slot].machine.row(key).value
    }

    /// The moves of a plan that the client may not know to be over, and whether this end serves their keys.
    fn moves_of(&self, slot: usize, request: &QueryRequest) -> Option<(u32, Vec<(Pair, bool)>)> {
        let moves = self.hosted[slot].machine.moves()?;
        let plan = moves.plan().number;
        if request.pinned.is_some() || plan <= request.finished {
            return None;
        }
        Some((plan, moves.answering()))
    }

    fn send_elsewhere(&mut self, from: NodeId, request: &QueryRequest, cx: &mut Context<'_, Message>) {
        self.redirects += 1;
        let (operation, shard) = (request.operation, request.shard);
        let response = Response { operation, shard, status: Status::NotOwner, value: 0, value_bytes: 0 };
        cx.send(from, Message::Response(response));
    }
}
