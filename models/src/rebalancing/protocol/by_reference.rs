//! By reference: source and destination lie on the same servers, led by the same one, and the rows only change hands.
//!
//! What a split is in CockroachDB (the split trigger) and in TiKV (`Split Region`): metadata. The keys are sealed, one
//! message that weighs nothing tells the destination what is its own from now on, and they are served again: no bytes
//! travel, and hardly any work is done. Vitess copies when it reshards, because its new shards are other servers; here
//! that follows from where the shards lie, and not from why they move.
//!
//! Safety claim: as for a live move, whose cut-over this is.

use super::{Next, Progress};

/// What the source does next.
pub(super) fn next(progress: &Progress) -> Next {
    match progress.seal {
        None => Next::Seal,
        Some(seal) => Next::HandOver { seal },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_and_one_message_are_all() {
        let beginning = Progress { changed: 100, ..Progress::beginning() };
        assert_eq!(next(&beginning), Next::Seal);
        assert_eq!(next(&Progress { seal: Some(1), ..beginning }), Next::HandOver { seal: 1 });
    }
}
