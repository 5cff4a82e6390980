//! The control plane's part in splits and merges: it decides by what primaries report, writes the decision down, and
//! has a plan made of it as of a change of membership.
//!
//! The shard that exceeds what the strategy allows by most is split, by size at the middle of its rows, by load at the
//! middle of its accesses, or beside the key that has most of them. Neighbours that are small and idle together are merged. One thing is done at a time, and
//! afterwards everybody has to be heard of twice again: the first report may still tell of what was before. That, and
//! thresholds of merging below those of splitting, keep a shard from being split and merged in turn.
//!
//! The shard that a split brings forth lies on its parent's servers, so that rows only change hands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shardlab_sim::{Context, WriteId};

use super::ControlPlane;
use crate::message::{Message, ShardReport};
use crate::node::{Cause, Observation};
use crate::shard_map::{Assignment, FIRST_EPOCH, ShardId};
use crate::sharding::dynamic_range::{Spec, Threshold};
use crate::sharding::{DynamicRange, Partitioner};

/// A report counts from this one on.
const REPORTS_TO_HEAR: u32 = 2;

/// A split or a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reshape {
    /// What `shard` owns from there on becomes a new shard's.
    Split { shard: ShardId, at: u64, by_load: bool },
    /// All that `from` owns becomes its neighbour's.
    Merge { from: ShardId, into: ShardId },
}

/// The state of splitting and merging.
#[derive(Clone, Debug)]
pub(super) struct Reshaping {
    // Durable.
    under_way: bool,
    // Volatile.
    reports: BTreeMap<ShardId, (u32, ShardReport)>,
    writing: VecDeque<(WriteId, Reshape)>,
    /// Shards that are too busy and have no place to be split at: told once.
    unsplittable: BTreeSet<ShardId>,
    // Configuration.
    spec: Spec,
}

impl Reshaping {
    pub fn new(spec: Spec) -> Self {
        let (reports, unsplittable) = (BTreeMap::new(), BTreeSet::new());
        Self { under_way: false, reports, writing: VecDeque::new(), unsplittable, spec }
    }

    pub fn crash(&mut self) {
        self.writing.clear();
        self.reports.clear();
    }

    fn heard(&self) -> impl Iterator<Item = &ShardReport> {
        let counts = |(heard, _): &&(u32, ShardReport)| *heard >= REPORTS_TO_HEAR;
        self.reports.values().filter(counts).map(|(_, report)| report)
    }

    fn heard_of(&self, shard: ShardId) -> Option<&ShardReport> {
        self.heard().find(|report| report.shard == shard)
    }

    /// The shard that exceeds what is allowed by most, where it can be split; and those that cannot.
    fn split(&self) -> (Option<Reshape>, Vec<ShardId>) {
        let (mut best, mut hot) = (None, Vec::new());
        for report in self.heard() {
            let (by_size, by_load) = self.spec.split.excess(report.bytes, report.operations_per_s);
            let (shard, excess) = (report.shard, by_size.max(by_load));
            if excess <= 1.0 {
                continue;
            }
            if by_load > 1.0 && report.load_middle.is_none() {
                hot.push(shard);
            }
            let is_by_load = by_load > 1.0 && by_load >= by_size && report.load_middle.is_some();
            let at = if is_by_load { report.load_middle } else { report.middle.filter(|_| by_size > 1.0) };
            let Some(at) = at else { continue };
            if best.is_none_or(|(most, _)| excess > most) {
                best = Some((excess, Reshape::Split { shard, at, by_load: is_by_load }));
            }
        }
        (best.map(|(_, split)| split), hot)
    }

    /// The first two neighbours that are small and idle together.
    fn merge(&self, ranges: &DynamicRange) -> Option<Reshape> {
        let mut pairs = ranges.neighbours().into_iter();
        pairs.find_map(|(into, from)| {
            let (one, other) = (self.heard_of(into)?, self.heard_of(from)?);
            let bytes = one.bytes + other.bytes;
            let load = one.operations_per_s + other.operations_per_s;
            self.spec.merge.is_above(bytes, load).then_some(Reshape::Merge { from, into })
        })
    }
}

impl Threshold {
    /// How many times as much as is allowed there is, by size and by load; zero where all is allowed.
    fn excess(&self, bytes: u64, operations_per_s: u64) -> (f64, f64) {
        let by_size = self.bytes.map_or(0.0, |most| bytes as f64 / most.as_bytes() as f64);
        let by_load = self.load.map_or(0.0, |most| operations_per_s as f64 / most.per_second());
        (by_size, by_load)
    }

    /// Whether there is less than each of them, of those that are given.
    fn is_above(&self, bytes: u64, operations_per_s: u64) -> bool {
        let (by_size, by_load) = self.excess(bytes, operations_per_s);
        (self.bytes.is_some() || self.load.is_some()) && by_size < 1.0 && by_load < 1.0
    }
}

impl ControlPlane {
    /// Primaries say how their shards are.
    pub(super) fn take_reports(&mut self, reports: &[ShardReport], cx: &mut Context<'_, Message>) {
        let Some(reshaping) = &mut self.reshaping else { return };
        for report in reports {
            let heard = reshaping.reports.get(&report.shard).map_or(0, |&(heard, _)| heard);
            reshaping.reports.insert(report.shard, (heard + 1, *report));
        }
        self.reshape(cx);
    }

    /// Splits or merges, if something is to be split or merged and nothing is under way.
    fn reshape(&mut self, cx: &mut Context<'_, Message>) {
        let is_busy = self.map.routing.plan.is_some() || self.open_commands() > 0 || self.rests(cx);
        let Partitioner::DynamicRange(ranges) = &*self.map.routing.from else { return };
        let Some(reshaping) = &mut self.reshaping else { return };
        if is_busy || !reshaping.writing.is_empty() {
            return;
        }
        let (split, hot) = reshaping.split();
        for shard in hot {
            if reshaping.unsplittable.insert(shard) {
                cx.observe(Observation::Unsplittable { shard });
                cx.mark("split.impossible");
            }
        }
        let has_room = ranges.neighbours().len() + 1 < reshaping.spec.most as usize;
        let next = split.filter(|_| has_room).or_else(|| reshaping.merge(ranges));
        let Some(next) = next.filter(|&next| self.may_begin(next)) else { return };
        if let Some(reshaping) = &mut self.reshaping {
            let write = cx.force();
            reshaping.writing.push_back((write, next));
        }
    }

    /// What a split brings forth lies where its parent does: a parent that is about to move, or to be led by another, would
    /// leave it behind, and rows would have to be copied. So a split waits for that.
    fn may_begin(&self, reshape: Reshape) -> bool {
        match reshape {
            Reshape::Split { shard, .. } => self.is_settled(shard),
            Reshape::Merge { .. } => true,
        }
    }

    /// Decisions are on disk: they are plans from now on.
    pub(super) fn reshapes_recorded(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while let Some(reshaping) = &mut self.reshaping
            && reshaping.writing.front().is_some_and(|&(write, _)| write <= through)
        {
            let (_, reshape) = reshaping.writing.pop_front().expect("it was just looked at");
            // A command of the operator may have come first.
            let is_free = self.map.routing.plan.is_none() && self.open_commands() == 0;
            if is_free && self.may_begin(reshape) {
                self.begin_reshape(reshape, cx);
            }
        }
    }

    fn begin_reshape(&mut self, reshape: Reshape, cx: &mut Context<'_, Message>) {
        let Partitioner::DynamicRange(ranges) = &*self.map.routing.from else { return };
        let new = ShardId(u32::try_from(self.map.shards.len()).expect("fewer than 2³² shards"));
        let (to, born, cause) = match reshape {
            Reshape::Split { shard, at, by_load } => {
                let born = born_of(self.map.assignment(shard));
                (ranges.split(shard, at, new), vec![born], Cause::Split { shard, by_load })
            }
            Reshape::Merge { from, into } => {
                (ranges.merge(from, into), Vec::new(), Cause::Merge { from, into })
            }
        };
        let Some(to) = to else { return };
        if let Some(reshaping) = &mut self.reshaping {
            reshaping.under_way = true;
        }
        if let (Reshape::Split { shard, .. }, Some(balance)) = (reshape, &mut self.balance) {
            balance.born(shard);
        }
        let servers = self.rebalance.as_ref().map_or(0, |rebalance| rebalance.servers());
        self.begin_plan(cause, Partitioner::DynamicRange(to), born, servers, cx);
        cx.mark(if matches!(reshape, Reshape::Split { .. }) { "split.begun" } else { "merge.begun" });
        self.order_moves(cx);
    }

    /// A plan is over; says whether it was a split or a merge.
    pub(super) fn finish_reshape(&mut self) -> bool {
        let Some(reshaping) = &mut self.reshaping else { return false };
        // What was reported is over too.
        reshaping.reports.clear();
        std::mem::take(&mut reshaping.under_way)
    }
}

/// On the same servers, and led by the same one.
pub(super) fn born_of(parent: &Assignment) -> Assignment {
    let mut copies = parent.copies.clone();
    if let Some(place) = copies.iter().position(|&copy| Some(copy) == parent.primary) {
        copies.swap(0, place);
    }
    Assignment { epoch: FIRST_EPOCH, primary: copies.first().copied(), members: copies.clone(), copies }
}
