//! Dual write, backfill, verify, cut-over: how applications move a table that they cannot stop.
//!
//! Stripe, *Online migrations at scale* (2017), and the write-ups of sharding one big database in its manner. While a
//! move lasts, clients write each key to its old owner, and when that has acknowledged, to the new one; they read the
//! old one, which is the system of record until the cut-over. A backfill copies the old rows chunk by chunk behind the
//! live writes. Then a verification has the rows of both ends compared, all of them once and those that have changed
//! again and again until few are left, and what differs is written over. The cut-over stops writes, compares what
//! changed last, and flips reads and writes by one version of the map. The old rows are dropped after a grace.
//!
//! The well-known hole is the second write: a client that dies between the two, or that does not hear of the second,
//! leaves a difference, though the operation is done. Nobody repairs it but the verification; without it (the bug
//! `no-verification`) acknowledged writes are lost at the cut-over. Which rows have changed is known as applications
//! know it, by an index on the time of their last change.
//!
//! Safety claim: what the destination serves equals the source's rows, since the last comparison is of rows that
//! nobody may write any more. A second write carries the version that the old owner gave it, so that it never replaces
//! a newer row.
//! Left out: reads that flip before writes do. They would be answered from rows that are not yet verified.

use super::{Next, Progress};

/// What the source does next.
pub(super) fn next(progress: &Progress) -> Next {
    let changed = progress.behind();
    match progress.seal {
        Some(seal) if changed == 0 || !progress.verifies => Next::Complete { seal, rows: 0 },
        Some(_) => Next::CompareChanged(usize::MAX),
        None if progress.copied < progress.loaded => Next::Copy,
        None if progress.streamed < progress.inserted => {
            Next::Stream(progress.chunk.min(progress.inserted - progress.streamed))
        }
        None if progress.verifies && progress.compared < progress.loaded => Next::Compare,
        None if progress.verifies && changed > progress.chunk => Next::CompareChanged(progress.chunk),
        None if !progress.fences => Next::Complete { seal: 0, rows: 0 },
        None => Next::Seal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_then_compared_then_those_that_changed() {
        let mut progress = Progress { inserted: 2, changed: 9, ..Progress::beginning() };
        assert_eq!(next(&progress), Next::Copy);
        progress.copied = 10;
        assert_eq!(next(&progress), Next::Stream(2));
        progress.streamed = 2;
        assert_eq!(next(&progress), Next::Compare);
        progress.compared = 10;
        assert_eq!(next(&progress), Next::CompareChanged(4));
        progress.streamed = 6;
        assert_eq!(next(&progress), Next::Seal);
        progress.seal = Some(1);
        assert_eq!(next(&progress), Next::CompareChanged(usize::MAX));
        progress.streamed = 9;
        assert_eq!(next(&progress), Next::Complete { seal: 1, rows: 0 });
    }

    #[test]
    fn without_verification_the_backfill_is_all_there_is() {
        let progress = Progress { copied: 10, changed: 9, verifies: false, ..Progress::beginning() };
        assert_eq!(next(&progress), Next::Seal);
        let sealed = Progress { seal: Some(1), ..progress };
        assert_eq!(next(&sealed), Next::Complete { seal: 1, rows: 0 });
    }
}
