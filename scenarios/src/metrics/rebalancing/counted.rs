//! Which moves the bill is of: those that began while the load was measured, and what their plans brought about later.

use std::ops::Range;

use shardlab_models::node::Cause;
use shardlab_models::world::{CommandCosts, HandOver, MoveCosts, RelocationCosts, Run};
use shardlab_sim::Time;

/// What began between warm-up and the load's end. What was ordered then is paid for to its end, in the drain too.
pub(super) struct Counted<'a> {
    pub plans: Vec<&'a CommandCosts>,
    pub moves: Vec<&'a MoveCosts>,
    pub relocations: Vec<&'a RelocationCosts>,
    pub hand_overs: Vec<&'a HandOver>,
    end: Time,
}

impl<'a> Counted<'a> {
    pub fn of(run: &'a Run) -> Self {
        let (costs, measured) = (&run.rebalancing, run.warmup..run.duration);
        Self {
            plans: costs.commands.iter().filter(|plan| measured.contains(&plan.began)).collect(),
            moves: costs.moves.iter().filter(|of| costs.counts_move(of, &measured)).collect(),
            relocations: costs
                .relocations
                .iter()
                .filter(|of| costs.counts_relocation(of, &measured))
                .collect(),
            hand_overs: costs.hand_overs.iter().filter(|of| measured.contains(&began(of))).collect(),
            end: run.duration,
        }
    }

    /// Moves of rows from one server to another, done; to create an empty partition is none.
    pub fn copied(&self) -> impl Iterator<Item = &'a MoveCosts> + '_ {
        let done = self.moves.iter().copied().filter(|of| of.published.is_some());
        done.filter(|of| !of.by_reference && carries(of))
    }

    /// Copies of shards that moved, done.
    pub fn relocated(&self) -> impl Iterator<Item = &'a RelocationCosts> + '_ {
        self.relocations.iter().copied().filter(|of| of.is_done())
    }

    /// When something was on the move, in order; what was not done when the run ended has no end.
    pub fn spans(&self, run: &Run) -> Vec<(Time, Option<Time>)> {
        let plans = self.plans.iter().filter(|plan| self.is_felt(run, plan));
        let plans = plans.map(|plan| (plan.began, plan.ended));
        let copies = self.relocations.iter().map(|of| (of.began, of.left.or(of.given_up)));
        let offices = self.hand_overs.iter().map(|of| (began(of), Some(of.at)));
        let mut spans: Vec<_> = plans.chain(copies).chain(offices).collect();
        spans.sort_unstable();
        spans
    }

    /// From the first move to the last; nothing where there was none. What clients feel later, nobody measures.
    pub fn during(&self, run: &Run) -> Option<Range<Time>> {
        let spans = self.spans(run);
        let &(first, _) = spans.first()?;
        let last = spans.iter().map(|&(_, ended)| ended.unwrap_or(self.end)).max()?;
        Some(first..last.min(self.end))
    }

    /// A partition that is created empty moves nothing; a command of the operator's is told even so.
    fn is_felt(&self, run: &Run, plan: &CommandCosts) -> bool {
        let number = run.rebalancing.commands.iter().position(|of| std::ptr::eq(of, plan));
        let mut moves = self.moves.iter().filter(|of| Some(of.command as usize) == number);
        !matches!(plan.cause, Cause::Partitions(_)) || moves.any(|of| carries(of))
    }
}

fn began(of: &HandOver) -> Time {
    of.at.saturating_sub(of.stopped)
}

/// Whether anything was there to be moved.
fn carries(of: &MoveCosts) -> bool {
    of.keys > 0 || of.written > 0 || of.bytes > 0
}
