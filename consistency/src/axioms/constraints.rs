//! What an axiom asks of the order of commits, given what was read.

use super::execution::Execution;

/// `reader` saw `after`'s write of `key` although `before`, which wrote `key` too, was visible to it: so `before` must
/// have committed before `after`. Where `after` is [`super::reads::INITIAL`], nothing can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Constraint {
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) reader: u32,
    pub(super) key: u32,
}

/// Of each node, the keys it wrote as a set of 64 hash bits: two that share no bit share no key.
pub(super) fn key_masks(execution: &Execution) -> Vec<u64> {
    (0..execution.len() as u32).map(|node| mask(execution.writes.row(node).iter().copied())).collect()
}

pub(super) fn mask(keys: impl Iterator<Item = u32>) -> u64 {
    keys.fold(0, |mask, key| mask | 1 << (key % u64::BITS))
}
