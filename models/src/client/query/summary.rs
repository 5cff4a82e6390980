//! Summaries: counts that are made anew now and then, and read instead of counted.
//!
//! A summary is a row of its own, written by whoever counts: a job of the workload's first pool, which counts over all
//! shards, writes what it has counted, rests for the interval, and counts again. Its readers see what was true when the
//! count began; that is how stale they are.

use shardlab_consistency::Outcome;
use shardlab_sim::Context;

use crate::client::sessions::Work;
use crate::client::single::Part;
use crate::client::{ClientPool, session_timer};
use crate::message::Message;
use crate::tables::keys::summary_key;
use crate::workload::Drawn;

impl ClientPool {
    pub(super) fn read_summary(&mut self, slot: usize, statement: u16, cx: &mut Context<'_, Message>) {
        self.begin_parts(slot, Part::Read, &[summary_key(statement)], cx);
    }

    /// Begins to count, once for each query with a summary.
    pub(in crate::client) fn begin_refreshing(&mut self, cx: &mut Context<'_, Message>) {
        self.refreshing.clear();
        let Some(tables) = &self.tables else { return };
        let mine = self.settings.workload;
        let with_summary = tables
            .statements
            .iter()
            .enumerate()
            .filter(|(_, statement)| statement.workload == mine && statement.summary_ns.is_some());
        let numbers: Vec<u16> = with_summary.map(|(number, _)| number as u16).collect();
        for statement in numbers {
            let slot = self.sessions.take();
            self.refreshing.push((slot, statement));
            self.refresh(slot, cx);
        }
    }

    /// The query whose summary this session makes, if that is its job.
    pub(in crate::client) fn refreshes(&self, slot: usize) -> bool {
        self.refreshing.iter().any(|&(other, _)| other == slot)
    }

    pub(in crate::client) fn refresh(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Some(&(_, statement)) = self.refreshing.iter().find(|&&(other, _)| other == slot) else { return };
        if cx.now() >= self.settings.stop {
            return;
        }
        let drawn = Drawn { statement, bounds: Vec::new(), row: None };
        self.begin_query_as(slot, drawn, true, cx);
    }

    /// What was counted is written; then the job rests.
    pub(super) fn write_summary(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Query(query) = &self.sessions[slot].work else { return };
        let statement = query.drawn.statement;
        self.begin_parts(slot, Part::Write, &[summary_key(statement)], cx);
    }

    pub(super) fn rest_until_refresh(
        &mut self,
        slot: usize,
        outcome: Outcome,
        cx: &mut Context<'_, Message>,
    ) {
        if outcome == Outcome::Info {
            self.sessions.retire(slot);
        }
        let statement =
            self.refreshing.iter().find(|&&(other, _)| other == slot).map(|&(_, statement)| statement);
        let interval = statement.and_then(|statement| {
            self.tables.as_ref().and_then(|tables| tables.statements[usize::from(statement)].summary_ns)
        });
        if let Some(interval) = interval {
            cx.set_timer(session_timer(slot), interval);
        }
    }
}
