//! The order of versions where keys have moved: several shards held a key in turn.
//!
//! Of what a source wrote, that survives which the destination took over: everything up to the last row that came. So
//! the order is found from what was carried, and not from what should have been.

use std::collections::{BTreeMap, BTreeSet};

use crate::concurrency::Concurrency;
use crate::config::Bugs;
use crate::message::{Command, MoveStep};
use crate::rebalancing::{Pair, Plan};
use crate::remedies::salt;
use crate::replication::LogReplica;
use crate::state_machine::{Effect, StateMachine};

/// What the logs say, gathered.
#[derive(Default)]
struct Gathered<'a> {
    /// By key: how often it had moved when it was written, and the write.
    writes: BTreeMap<u64, Vec<(u32, u64)>>,
    /// By plan and key: version and value of the newest row that came.
    imports: BTreeMap<(u32, u64), (u32, u64)>,
    plans: BTreeMap<u32, &'a Plan>,
    owned: BTreeSet<(u32, Pair)>,
}

/// The `(key, value)` pairs that survive, in order for each key.
pub(super) fn order<'a>(
    logs: impl Iterator<Item = &'a LogReplica>,
    concurrency: Concurrency,
    bugs: Bugs,
) -> Vec<(u64, u64)> {
    let mut gathered = Gathered::default();
    logs.for_each(|replica| gathered.read(replica, concurrency, bugs));
    let mut order = Vec::new();
    for (&key, writes) in &gathered.writes {
        if salt::is_sub_key(key) {
            // What its owner holds in the end tells which of them survive.
            order.extend(writes.iter().map(|&(_, value)| (key, value)));
            continue;
        }
        order.extend(gathered.surviving(key, writes).into_iter().map(|value| (key, value)));
    }
    order
}

impl<'a> Gathered<'a> {
    fn read(&mut self, replica: &'a LogReplica, concurrency: Concurrency, bugs: Bugs) {
        let mut machine = StateMachine::for_order(concurrency, bugs);
        let mut effects = Vec::new();
        for entry in replica.log().up_to(replica.applied()) {
            self.note(&entry.command, &machine);
            machine.apply(&entry.command, 0, &mut effects);
            for effect in effects.drain(..) {
                if let Effect::Written { key, value, first: true, .. } = effect {
                    let generation = machine.moves().map_or(0, |moves| moves.generation(key));
                    self.writes.entry(key).or_default().push((generation, value));
                }
            }
        }
    }

    /// What a step of a move carries, before it is applied.
    fn note(&mut self, command: &'a Command, machine: &StateMachine) {
        let Command::Move(command) = command else { return };
        let number = command.plan.number;
        self.plans.insert(number, &command.plan);
        let moves = machine.moves().filter(|moves| moves.plan().number == number);
        let arrived = || moves.map(|moves| moves.arrived(command.pair.0)).unwrap_or_default();
        let owned = || arrived().owned;
        match &command.step {
            MoveStep::Own => {
                self.owned.insert((number, command.pair));
            }
            MoveStep::Import(chunk) => {
                let arrived = arrived();
                if arrived.owned || chunk.first > arrived.cursor {
                    return;
                }
                for (key, row) in &chunk.rows {
                    let newest = self.imports.entry((number, *key)).or_default();
                    *newest = (*newest).max((row.version, row.value));
                }
            }
            MoveStep::Repair(chunk) if !owned() => {
                for (key, row) in &chunk.rows {
                    self.imports.insert((number, *key), (row.version, row.value));
                }
            }
            MoveStep::Second { key, row, .. } if !owned() => {
                let newest = self.imports.entry((number, *key)).or_default();
                *newest = (*newest).max((row.version, row.value));
            }
            _ => {}
        }
    }

    fn surviving(&self, key: u64, writes: &[(u32, u64)]) -> Vec<u64> {
        let mut survivors = Vec::new();
        let mut writes: Vec<(u32, u64)> = writes.to_vec();
        writes.sort_by_key(|&(generation, _)| generation);
        let mut rest = writes.as_slice();
        let last = self.plans.keys().next_back().copied().unwrap_or(0);
        for generation in 0..=last {
            let of = rest.iter().take_while(|&&(at, _)| at <= generation).count();
            survivors.extend(rest[..of].iter().map(|&(_, value)| value));
            rest = &rest[of..];
            self.carry_over(key, generation + 1, &mut survivors);
        }
        survivors
    }

    /// Cuts off what did not come along when the key moved, if it did.
    fn carry_over(&self, key: u64, plan: u32, survivors: &mut Vec<u64>) {
        let pair = self.plans.get(&plan).and_then(|plan| plan.pair_of(key));
        if !pair.is_some_and(|pair| self.owned.contains(&(plan, pair))) {
            return;
        }
        let carried = self.imports.get(&(plan, key)).map_or(0, |&(_, value)| value);
        let kept = survivors.iter().rposition(|&value| value == carried).map_or(0, |place| place + 1);
        survivors.truncate(kept);
    }
}
