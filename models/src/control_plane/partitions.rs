//! The control plane's part in partitions by time: a job that creates them ahead of time and gives up the oldest.
//!
//! It goes by its own clock, as `pg_partman`'s background worker does, and knows nothing of the rows. What it decides is on
//! its disk before anyone hears of it. Creating is a plan as a split is: what the default partition has of the new ones
//! moves there, and where they are created ahead that is nothing. Giving up is a word in the map; the shards' primaries
//! have it in their logs then, after which nobody is answered from what was given up.
//!
//! Safety claim: a partition is given up only when the job's clock says that every day of it is older than the retention.
//! It holds by true time while clocks stay within their bounds; what a clock that jumps ahead gives up is lost, and counts
//! as lost.
//! Left out: while servers come or go, or keys move for another reason, the job waits.

use std::collections::VecDeque;
use std::sync::Arc;

use shardlab_sim::{Context, WriteId};

use super::{ControlPlane, MAINTENANCE};
use crate::config::Bug;
use crate::message::Message;
use crate::node::{Cause, Observation};
use crate::sharding::{MOST_IN_THE_END, Maintenance, Shards};

/// What the job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// From now on there are so many partitions.
    Create(u32),
    /// From now on so many are gone.
    Expire(u32),
}

/// The state of the job; which partitions there are stands in the map.
#[derive(Clone, Debug)]
pub(super) struct Partitions {
    // Durable.
    under_way: bool,
    // Volatile.
    writing: VecDeque<(WriteId, Step)>,
    /// What day it was when the job looked last.
    today: Option<u64>,
    // Configuration.
    spec: Maintenance,
}

impl Partitions {
    pub fn new(spec: Maintenance) -> Self {
        Self { under_way: false, writing: VecDeque::new(), today: None, spec }
    }

    pub fn crash(&mut self) {
        self.writing.clear();
        self.today = None;
    }
}

impl ControlPlane {
    /// The job's time has come: it looks at the clock, unless the load is over.
    pub(super) fn look_at_partitions(&mut self, cx: &mut Context<'_, Message>) {
        let clock = cx.clock();
        let rests = self.rests(cx);
        let Some(partitions) = self.partitions.as_mut().filter(|_| !rests) else { return };
        partitions.today = Some(partitions.spec.today + clock / partitions.spec.day.as_ns());
        cx.set_timer(MAINTENANCE, partitions.spec.every.as_ns());
        self.maintain(cx);
    }

    /// Decides on what the last look asks for, unless something is under way.
    pub(super) fn maintain(&mut self, cx: &mut Context<'_, Message>) {
        let is_busy = self.map.routing.plan.is_some() || self.open_commands() > 0;
        let Some(partitions) = &self.partitions else { return };
        if is_busy || !partitions.writing.is_empty() {
            return;
        }
        let Some(step) = self.next_step() else { return };
        let write = cx.force();
        if let Some(partitions) = &mut self.partitions {
            partitions.writing.push_back((write, step));
        }
    }

    fn next_step(&self) -> Option<Step> {
        let partitions = self.partitions.as_ref()?;
        let (there, today) = (self.map.routing.from.time_partitions()?, partitions.today?);
        // A clock that is years ahead would have more than a run can bear.
        let most = (MOST_IN_THE_END / u64::from(there.parts().max(1))) as u32;
        let wanted = partitions.spec.wanted(today, there.width()).min(most);
        if wanted > there.created() {
            return Some(Step::Create(wanted));
        }
        let early = u32::from(self.settings.bugs.contains(Bug::DropEarly));
        let outdated = partitions.spec.outdated(today, there.width()) + early;
        let expired = outdated.min(there.created());
        (expired > there.expired()).then_some(Step::Expire(expired))
    }

    /// Decisions are on disk: they count from now on.
    pub(super) fn maintenance_recorded(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while let Some(partitions) = &mut self.partitions
            && partitions.writing.front().is_some_and(|&(write, _)| write <= through)
        {
            let (_, step) = partitions.writing.pop_front().expect("it was just looked at");
            // A command of the operator may have come first.
            if self.map.routing.plan.is_some() || self.open_commands() > 0 {
                continue;
            }
            match step {
                Step::Create(created) => self.create_partitions(created, cx),
                Step::Expire(expired) => self.expire_partitions(expired, cx),
            }
        }
    }

    fn create_partitions(&mut self, created: u32, cx: &mut Context<'_, Message>) {
        let from = &self.map.routing.from;
        let Some(there) = from.time_partitions() else { return };
        let count = created.saturating_sub(there.created());
        let to = from.with_time_partitions(there.with_created(created));
        let known = self.map.shards.len();
        let born = self.placed(to.count()).split_off(known);
        if let Some(partitions) = &mut self.partitions {
            partitions.under_way = true;
        }
        let servers = self.rebalance.as_ref().map_or(0, |rebalance| rebalance.servers());
        self.begin_plan(Cause::Partitions(count), to, born, servers, cx);
        cx.mark("partitions.begun");
        self.order_moves(cx);
    }

    fn expire_partitions(&mut self, expired: u32, cx: &mut Context<'_, Message>) {
        let from = &self.map.routing.from;
        let Some(there) = from.time_partitions() else { return };
        let younger = Arc::new(from.with_time_partitions(there.with_expired(expired)));
        let map = Arc::make_mut(&mut self.map);
        map.version += 1;
        map.routing.from = younger;
        cx.observe(Observation::PartitionsExpired { expired });
        cx.mark("partitions.expired");
    }

    /// A plan is over; says whether it was the job's.
    pub(super) fn finish_maintenance(&mut self) -> bool {
        self.partitions.as_mut().is_some_and(|partitions| std::mem::take(&mut partitions.under_way))
    }
}
