//! What became of the operator's commands: their receipts, and in words what was not carried out.

use std::ops::Range;

use shardlab_sim::{Receipt, Time};

use super::moves::SeenMoves;
use super::relocations::SeenRelocations;
use super::{CommandCosts, Layout, MoveCosts};
use crate::config::{Config, Membership};
use crate::node::Cause;
use crate::rebalancing::MembershipChange;

/// The commands of a run that has ended.
pub(super) struct Commands<'a> {
    /// In the order in which they were given.
    all: Vec<&'a Membership>,
    /// How many servers there were at first.
    servers: u32,
    seen: &'a SeenMoves,
    copies: &'a SeenRelocations,
    /// How many were taken and not carried out to the end: the last ones.
    open: usize,
}

/// How far a command came.
enum Fate<'a> {
    /// The control plane never heard of it, or could not write it down.
    NeverTaken,
    /// Another was still under way.
    NeverBegun,
    /// Keys or copies are still where they should not be.
    Open(&'a CommandCosts),
    /// Everything is where it belongs.
    Done(&'a CommandCosts),
}

impl<'a> Commands<'a> {
    pub fn new(config: &'a Config, seen: &'a SeenMoves, copies: &'a SeenRelocations, open: usize) -> Self {
        let mut all: Vec<_> = config.membership.iter().collect();
        all.sort_by_key(|command| command.at);
        Self { all, servers: config.cluster.servers, seen, copies, open }
    }

    /// They leave receipts as faults do, numbered on from those: what each changed is the moves that were made because
    /// of it.
    pub fn receipts(&self, layout: &Layout, others: usize) -> Vec<Receipt> {
        let receipt = |(number, servers): (usize, Range<u32>)| Receipt {
            fault: others + number,
            name: self.all[number].name.clone(),
            struck: self.struck(number),
            healed: self.ended(number),
            aimed_at: servers.len(),
            nodes: servers.map(|server| layout.servers[server as usize]).collect(),
            changed: (self.moves_done(number) + self.copies_done(number)) as u64,
            effect: self.effect(number),
        };
        self.servers().into_iter().enumerate().map(receipt).collect()
    }

    /// What was not carried out was not tested: in words, with what to do about it.
    pub fn untested(&self) -> Vec<String> {
        (0..self.all.len()).filter_map(|number| self.objection(number)).collect()
    }

    fn objection(&self, number: usize) -> Option<String> {
        let name = &self.all[number].name;
        match self.fate(number) {
            Fate::NeverTaken => {
                Some(format!("{name} never reached the control plane: give it earlier, or heal that before"))
            }
            Fate::NeverBegun => Some(format!("{name} was {}", self.effect(number))),
            Fate::Open(costs) => {
                let (far, remedy) = (self.progress(number, costs), self.remedy(number, costs));
                Some(format!("{name} was not carried out to the end ({far}): {remedy}"))
            }
            Fate::Done(costs) if self.moved_nothing(number, costs) => {
                Some(format!("{name} moved no keys and no copies"))
            }
            Fate::Done(_) => None,
        }
    }

    /// No copy of a shard, no key that was loaded and no row that was written since.
    fn moved_nothing(&self, number: usize, costs: &CommandCosts) -> bool {
        let rows = costs.moving + self.moves(number).map(|of| of.bytes).sum::<u64>();
        self.copies_done(number) == 0 && (self.moves_done(number) == 0 || rows == 0)
    }

    fn remedy(&self, number: usize, costs: &CommandCosts) -> &'static str {
        if self.moves_done(number) < costs.moves as usize {
            "raise rebalancing.throttle or rebalancing.concurrent, give it earlier, or lengthen the drain"
        } else {
            "copies have yet to leave; give it earlier, or lengthen the drain"
        }
    }

    fn effect(&self, number: usize) -> String {
        match self.fate(number) {
            Fate::NeverTaken => "never taken by the control plane".into(),
            Fate::NeverBegun => format!("never begun, since {} was still under way", self.under_way()),
            Fate::Open(costs) | Fate::Done(costs) => {
                let (moving, loaded) = (costs.moving, costs.loaded);
                let how = if self.is_by_reference(number) { " on the same server, by reference" } else { "" };
                format!("{moving} of {loaded} keys change owner{how}; {}", self.progress(number, costs))
            }
        }
    }

    fn progress(&self, number: usize, costs: &CommandCosts) -> String {
        let copies: u64 = self.copies.of(number as u32).map(|of| of.bytes).sum();
        let copied = amount(self.moves(number).map(|of| of.bytes).sum::<u64>() + copies);
        let moved = match self.copies_done(number) {
            0 => String::new(),
            1 => "1 copy of a shard moved, ".into(),
            several => format!("{several} copies of shards moved, "),
        };
        format!("{} of {} moves done, {moved}{copied} copied", self.moves_done(number), costs.moves)
    }

    /// The command that others wait for: commands are begun one after the other.
    fn under_way(&self) -> &str {
        let last = (0..self.all.len()).rev().find(|&number| self.plan(number).is_some());
        last.and_then(|number| self.all.get(number)).map_or("another", |command| command.name.as_str())
    }

    fn fate(&self, number: usize) -> Fate<'_> {
        let taken = self.seen.taken.len();
        match self.plan(number).map(|(_, costs)| costs) {
            None if number >= taken => Fate::NeverTaken,
            None => Fate::NeverBegun,
            Some(costs) if number + self.open >= taken => Fate::Open(costs),
            Some(costs) => Fate::Done(costs),
        }
    }

    /// The plan that was made of a command, and its place among all plans.
    fn plan(&self, number: usize) -> Option<(usize, &CommandCosts)> {
        let cause = Cause::Command(number as u32);
        self.seen.commands.iter().enumerate().find(|(_, costs)| costs.cause == cause)
    }

    fn struck(&self, number: usize) -> Option<Time> {
        self.seen.taken.get(number).copied()
    }

    fn ended(&self, number: usize) -> Option<Time> {
        match self.fate(number) {
            Fate::Done(costs) => costs.ended,
            _ => None,
        }
    }

    fn moves(&self, number: usize) -> impl Iterator<Item = &MoveCosts> {
        let plan = self.plan(number).map(|(plan, _)| plan as u32);
        self.seen.moves.iter().filter(move |of| Some(of.command) == plan)
    }

    /// Rows stay where they are, as when a range is split: no bill counts them as moved.
    fn is_by_reference(&self, number: usize) -> bool {
        self.moves(number).count() > 0 && self.moves(number).all(|of| of.by_reference)
    }

    fn moves_done(&self, number: usize) -> usize {
        self.moves(number).filter(|of| of.published.is_some()).count()
    }

    fn copies_done(&self, number: usize) -> usize {
        self.copies.of(number as u32).filter(|of| of.is_done()).count()
    }

    /// By command: which servers it is about. Those that come are numbered on from the ones that were there.
    fn servers(&self) -> Vec<Range<u32>> {
        let mut ever = self.servers;
        let mut about = |command: &Membership| match command.change {
            MembershipChange::Add(count) => {
                ever += count;
                (ever - count)..ever
            }
            MembershipChange::Remove(server)
            | MembershipChange::Lose(server)
            | MembershipChange::Reweight { server, .. }
            | MembershipChange::Isolate { to: Some(server), .. } => server..server + 1,
            MembershipChange::Isolate { to: None, .. } | MembershipChange::Split { .. } => 0..0,
        };
        self.all.iter().map(|command| about(command)).collect()
    }
}

/// Bytes for people: "380.9 KiB", rounded; whole below a KiB.
fn amount(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|&(_, unit)| bytes >= unit) {
        Some((name, unit)) => {
            let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        let amounts = [0, 1_023, 1_024, 390_041, 1_300_234, u64::MAX].map(amount);
        assert_eq!(amounts, ["0 B", "1023 B", "1.0 KiB", "380.9 KiB", "1.2 MiB", "17179869184.0 GiB"]);
    }
}
