//! Stop the world: a maintenance window for the keys that move.
//!
//! The oldest way (Elmore et al., SIGMOD 2011, §2.1: *stop and copy*): nobody may read or write the keys while they are
//! copied, so that nothing can change and no stream of changes is needed. All moves of a plan begin at once, and each
//! copies as fast as its destination takes it. Keys that stay are served on: a window that closed them too would cost
//! more and save nothing. Each move's keys are served again as soon as they have come. Clients know of the window from
//! the map and ask nobody; without that the refusals, and the repetitions that they bring about, would keep a busy server
//! from copying.
//!
//! Safety claim: what the destination serves has every write that the source acknowledged, since none was acknowledged
//! after the beginning. The bill is the time for which the keys were refused.

use super::{Next, Progress};

/// What the source does next.
pub(super) fn next(progress: &Progress) -> Next {
    match progress.seal {
        _ if progress.copied < progress.loaded => Next::Copy,
        // Inserted rows, and those that transactions have changed that were prepared before the beginning.
        Some(seal) => Next::Complete { seal, rows: usize::MAX },
        // The bug: the keys were never refused, and nobody knows what has changed.
        None => Next::Complete { seal: 0, rows: progress.inserted },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_copied_under_one_seal() {
        let sealed = Progress { seal: Some(1), ..Progress::beginning() };
        assert_eq!(next(&sealed), Next::Copy);
        assert_eq!(next(&Progress { copied: 10, ..sealed }), Next::Complete { seal: 1, rows: usize::MAX });
    }
}
