//! Writes of queries: one row, or all its copies at once.

use shardlab_consistency::Outcome;
use shardlab_sim::Context;

use super::{KEY_BYTES, Round, Then};
use crate::client::sessions::Work;
use crate::client::single::{Part, Purpose};
use crate::client::{ClientPool, session_timer};
use crate::message::{Message, OperationId};
use crate::tables::keys::{Address, address, copy_key, far_key, row_key};
use crate::tables::{Bound, Matching, QueryKind};

impl ClientPool {
    /// Looks for the row that is to be written, unless it is known where it lives.
    pub(super) fn locate(&mut self, slot: usize, matching: Matching, cx: &mut Context<'_, Message>) {
        let known = self.schema().is_everywhere(matching.table) || self.targets(&matching).pinned.is_some();
        if known {
            return self.update_located(slot, cx);
        }
        let read_bytes = self.schema().row_bytes(matching.table);
        let matching = Matching { limit: Some(1), ..matching };
        let round = Round::Find { matching, row_bytes: KEY_BYTES, read_bytes, then: Then::Update };
        self.begin_round(slot, round, cx);
    }

    /// Finds the rows that carry copies of the row; then writes them all.
    pub(super) fn update_located(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Query(query) = &self.sessions[slot].work else { return };
        let (table, row) = (query.seen.matching.table, query.drawn.row.unwrap_or(0));
        let schema = self.schema();
        let Some(column) = schema.carriers(table).next() else { return self.write_row(slot, Vec::new(), cx) };
        let id = schema.id(table, row);
        let bounds = vec![Bound { column, low: id, high: id }];
        let matching = Matching { table: column.table, bounds, limit: Some(u32::MAX) };
        let read_bytes = schema.row_bytes(column.table);
        let round = Round::Find { matching, row_bytes: KEY_BYTES, read_bytes, then: Then::WriteCarriers };
        self.begin_round(slot, round, cx);
    }

    /// Writes the row wherever it is kept, and what carries copies of it.
    pub(super) fn write_row(&mut self, slot: usize, carriers: Vec<u64>, cx: &mut Context<'_, Message>) {
        let Work::Query(query) = &self.sessions[slot].work else { return };
        let (table, row) = (query.seen.matching.table, query.drawn.row.unwrap_or(0));
        let statement = self.statement(&query.drawn);
        let mut keys = match self.schema().is_everywhere(table) {
            true => {
                let shards = self.router.routing().shards().into_iter();
                shards.map(|shard| copy_key(table, row, shard)).collect()
            }
            false => vec![row_key(table, row)],
        };
        let is_insert = statement.kind == QueryKind::Insert;
        if self.schema().far_bytes(table) > 0 && (is_insert || statement.far) {
            keys.push(far_key(table, row));
        }
        keys.extend(carriers);
        let part = if is_insert { Part::Insert } else { Part::Write };
        self.begin_parts(slot, part, &keys, cx);
    }

    /// Operations on these keys, each in a session of its own.
    pub(super) fn begin_parts(
        &mut self,
        slot: usize,
        part: Part,
        keys: &[u64],
        cx: &mut Context<'_, Message>,
    ) {
        let bytes: u64 = keys.iter().map(|&key| u64::from(self.value_bytes(key))).sum();
        let shards: Vec<_> = keys.iter().map(|&key| self.router.shard_of(key)).collect();
        let session = &mut self.sessions[slot];
        let whole = session.operation();
        let Work::Query(query) = &mut session.work else { return };
        query.now = Round::Parts;
        query.seen.rounds += 1;
        query.seen.has_parts = true;
        query.seen.requests += keys.len() as u32;
        query.seen.shards.extend(shards);
        query.writes_left = keys.len() as u32;
        if part.writes() {
            query.seen.writes = keys.len() as u32;
            query.seen.bytes_written = bytes;
        }
        cx.cancel(session_timer(slot));
        for &key in keys {
            let own = self.sessions.take();
            self.begin_single(own, Purpose::Part(part, whole), key, cx);
        }
    }

    /// One of them has ended: its session is free, and its query goes on when none is left.
    pub(in crate::client) fn end_part(
        &mut self,
        own: usize,
        whole: OperationId,
        (outcome, value): (Outcome, u64),
        cx: &mut Context<'_, Message>,
    ) {
        if outcome == Outcome::Info {
            self.sessions.retire(own);
        }
        cx.cancel(session_timer(own));
        self.sessions.give_back(own);
        let Some(slot) = self.sessions.find(whole) else { return };
        let Work::Query(query) = &mut self.sessions[slot].work else { return };
        query.writes_left = query.writes_left.saturating_sub(1);
        query.outcome = query.outcome.max(outcome);
        query.seen.value = value;
        if query.writes_left > 0 {
            return;
        }
        let outcome = query.outcome;
        self.end_query(slot, outcome, cx);
    }

    /// Size of a row on the wire when it is written.
    pub(in crate::client) fn value_bytes(&self, key: u64) -> u32 {
        let Some(tables) = &self.tables else { return self.settings.value_bytes };
        match address(key) {
            Address::Row { table, far: true, .. } => tables.schema.far_bytes(table),
            Address::Row { table, .. } | Address::Copy { table, .. } => tables.schema.row_bytes(table),
            Address::Value { .. } | Address::Named { .. } | Address::Other => self.settings.value_bytes,
        }
    }
}
