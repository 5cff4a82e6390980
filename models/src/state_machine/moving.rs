//! Steps of moves, applied to rows, sessions, locks and transactions.

use super::{Decision, Effect, MoveEffect, Moves, StateMachine};
use crate::config::Bug;
use crate::message::{Chunk, MoveCommand, MoveStep};
use crate::rebalancing::Pair;

impl StateMachine {
    /// What is known of moves; `None` in a shard that nothing has moved from or to.
    #[must_use]
    pub fn moves(&self) -> Option<&Moves> {
        self.moves.as_deref()
    }

    /// Whether this shard takes writes of `key`, as far as its log says.
    #[inline]
    #[must_use]
    pub fn owns(&self, key: u64) -> bool {
        self.moves.as_ref().is_none_or(|moves| moves.owns(key))
    }

    /// Whether this shard answers reads of `key`, as far as its log says.
    #[inline]
    #[must_use]
    pub fn answers(&self, key: u64) -> bool {
        self.moves.as_ref().is_none_or(|moves| moves.answers(key))
    }

    /// The version of the row that the write of `value` left, where clients write `key` twice and nobody has written it
    /// since.
    #[must_use]
    pub fn version_to_write_again(&self, key: u64, value: u64) -> Option<u32> {
        self.moves.as_ref().filter(|moves| moves.is_written_twice(key))?;
        self.rows.row(key).filter(|row| row.value == value).map(|row| row.version)
    }

    /// Every client session that has had an operation applied here, and its last one.
    pub fn sessions(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.sessions.all().into_iter()
    }

    /// Sum of the balance changes of the keys whose rows count here, and not in the shard that they move from or to.
    #[must_use]
    pub fn held_balance(&self) -> i128 {
        self.rows.balance_of(|key| self.holds(key))
    }

    /// Of those keys, which have come to a balance change below `floor`, and to which.
    pub fn held_below(&self, floor: i64) -> impl Iterator<Item = (u64, i64)> {
        let held = self.rows.keys(|key| self.holds(key)).into_iter();
        held.map(|key| (key, self.rows.balance(key))).filter(move |&(_, change)| change < floor)
    }

    fn holds(&self, key: u64) -> bool {
        self.moves.as_ref().is_none_or(|moves| moves.holds(key))
    }

    /// Whether nothing that came before the seal may still change a key of the move.
    #[must_use]
    pub fn is_drained(&self, pair: Pair) -> bool {
        let Some(moves) = &self.moves else { return true };
        let moving = |key| moves.plan().pair_of(key) == Some(pair);
        !self.waiting_writes.iter().any(|write| moving(write.key)) && !self.transactions.any_prepared(moving)
    }

    pub(super) fn apply_move(&mut self, command: &MoveCommand, effects: &mut Vec<Effect>) {
        let known = self.moves.as_ref().map_or(0, |moves| moves.plan().number);
        // An older plan is over: whatever is said of it comes too late.
        if command.plan.number < known {
            return;
        }
        if command.plan.number > known {
            self.moves = Some(Box::new(Moves::new(command)));
        }
        if let Some(effect) = self.take_step(command, effects) {
            effects.push(Effect::Moved { pair: command.pair, effect });
        }
    }

    fn take_step(&mut self, command: &MoveCommand, effects: &mut Vec<Effect>) -> Option<MoveEffect> {
        let pair = command.pair;
        let moving = |key| command.plan.pair_of(key) == Some(pair);
        let moves = self.moves.as_mut().expect("the command's plan is known by now");
        match &command.step {
            MoveStep::Begin => {
                let inserted = self.rows.keys(|key| !command.plan.loaded.contains(key) && moving(key));
                let sealed = command.plan.protocol.begins_sealed() && !self.bugs.contains(Bug::NoMoveFence);
                let begun = moves.begin(pair.1, inserted, sealed);
                if begun && sealed {
                    self.dismiss_waiters(moving, effects);
                }
                begun.then_some(MoveEffect::Began)
            }
            MoveStep::Seal => {
                let effect = moves.depart(pair.1, &command.step);
                if effect.is_some() {
                    self.dismiss_waiters(moving, effects);
                }
                effect
            }
            MoveStep::Unseal { .. } | MoveStep::Give { .. } => moves.depart(pair.1, &command.step),
            MoveStep::Drop => {
                let effect = moves.depart(pair.1, &command.step);
                if effect.is_some() {
                    self.rows.retain(|key| !moving(key));
                    if let Some(inserted) = &mut self.inserted {
                        inserted.retain(|key| !moving(key));
                    }
                }
                effect
            }
            MoveStep::Import(chunk) => {
                if moves.import(pair.0, chunk) {
                    self.import(chunk);
                }
                Some(MoveEffect::Imported { id: chunk.id, source: chunk.source })
            }
            MoveStep::Own => {
                moves.own(pair.0);
                Some(MoveEffect::Owned)
            }
            MoveStep::Repair(chunk) => {
                if moves.awaits(pair.0) && self.keeps_rows {
                    chunk.rows.iter().for_each(|&(key, row)| self.rows.replace(key, row));
                    self.note_rows(chunk.rows.iter().map(|&(key, _)| key));
                }
                Some(MoveEffect::Imported { id: chunk.id, source: chunk.source })
            }
            MoveStep::Second { operation, client, key, row } => {
                // The newer row stays, as that of a backfill does.
                if moves.awaits(pair.0) && self.keeps_rows {
                    self.rows.import(*key, *row);
                    self.note_rows(std::iter::once(*key));
                }
                Some(MoveEffect::TookSecond { operation: *operation, client: *client })
            }
        }
    }

    fn import(&mut self, chunk: &Chunk) {
        if self.keeps_rows {
            chunk.rows.iter().for_each(|&(key, row)| self.rows.import(key, row));
        }
        self.note_rows(chunk.rows.iter().map(|&(key, _)| key));
        chunk.sessions.iter().for_each(|&(session, sequence)| self.sessions.merge(session, sequence));
    }

    /// Rows of tables that queries must find here, once the shard answers for them.
    fn note_rows(&mut self, keys: impl Iterator<Item = u64>) {
        if let Some(inserted) = &mut self.inserted {
            keys.for_each(|key| inserted.note(key));
        }
    }

    /// Transactions that wait for a key that is leaving are told so, and try again where it will be.
    fn dismiss_waiters(&mut self, moving: impl Fn(u64) -> bool, effects: &mut Vec<Effect>) {
        for prepare in self.transactions.take_waiters(moving) {
            self.transactions.decide(prepare.transaction, Decision::Aborted);
            let (transaction, coordinator) = (prepare.transaction, prepare.coordinator);
            effects.push(Effect::Voted { transaction, coordinator, yes: false, reads: Vec::new() });
        }
    }
}
