//! Wait-die (Rosenkrantz, Stearns & Lewis, *System level concurrency control for distributed database systems*,
//! TODS 1978, §4): an older transaction waits for younger ones, a younger one dies and comes back as old as it
//! was. Waiting goes from older to younger only, so no cycle of waits can close; the oldest never dies, so nobody
//! starves.

use super::{Age, ConflictRule, OnConflict};

pub(super) struct WaitDie;

impl ConflictRule for WaitDie {
    fn on_conflict(&self, mine: Age, others: &[Age]) -> OnConflict {
        if others.iter().all(|&other| mine < other) { OnConflict::Wait } else { OnConflict::Die }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::TransactionId;

    #[test]
    fn the_older_waits_and_the_younger_dies() {
        let age = |began, id| Age { began, transaction: TransactionId(id) };
        assert_eq!(WaitDie.on_conflict(age(1, 9), &[age(2, 1), age(3, 2)]), OnConflict::Wait);
        assert_eq!(WaitDie.on_conflict(age(2, 9), &[age(1, 1), age(3, 2)]), OnConflict::Die);
        assert_eq!(WaitDie.on_conflict(age(1, 9), &[age(1, 1)]), OnConflict::Die, "ids break the tie");
    }
}
