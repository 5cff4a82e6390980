//! No waiting (Bernstein & Goodman 1981, §3.5): whoever meets a conflict aborts at once. Deadlock-free, and the
//! worse the contention the more work is thrown away.

use super::{Age, ConflictRule, OnConflict};

pub(super) struct NoWait;

impl ConflictRule for NoWait {
    fn on_conflict(&self, _mine: Age, _others: &[Age]) -> OnConflict {
        OnConflict::Die
    }
}
