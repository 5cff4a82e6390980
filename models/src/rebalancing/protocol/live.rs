//! Live migration: a snapshot, a stream of what has changed since, and a cut-over behind a seal.
//!
//! Elmore et al., SIGMOD 2011, §2.2 call it iterative copying; Vitess' VReplication and the migrations of virtual
//! machines (Clark et al., NSDI 2005) do the same. The source serves the keys while it copies them and notes what
//! changes. Changes are sent until they fit into one chunk; then the keys are sealed, and what is left follows.
//!
//! Safety claim: what the destination serves has every write that the source acknowledged, since none is acknowledged
//! between the last message and the new owner.

use super::{Next, Progress};

/// What the source does next.
pub(super) fn next(progress: &Progress) -> Next {
    match progress.seal {
        Some(seal) => Next::Complete { seal, rows: usize::MAX },
        None if progress.copied < progress.loaded => Next::Copy,
        // What fits into one chunk is little: it is sent under the seal.
        None if progress.behind() > progress.chunk || (!progress.has_caught_up && progress.behind() > 0) => {
            Next::Stream(progress.chunk)
        }
        None if !progress.fences => Next::Complete { seal: 0, rows: usize::MAX },
        None => Next::Seal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seal_comes_when_what_is_left_fits_into_a_chunk() {
        let copied = Progress { copied: 10, changed: 9, ..Progress::beginning() };
        assert_eq!(next(&Progress::beginning()), Next::Copy);
        assert_eq!(next(&copied), Next::Stream(4));
        let caught_up = Progress { streamed: 5, has_caught_up: true, ..copied };
        assert_eq!(next(&caught_up), Next::Seal);
        let sealed = Progress { seal: Some(1), ..caught_up };
        assert_eq!(next(&sealed), Next::Complete { seal: 1, rows: usize::MAX });
    }
}
