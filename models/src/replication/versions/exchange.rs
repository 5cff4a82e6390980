//! Anti-entropy: two copies find out what one of them lacks (Demers et al., *Epidemic algorithms for replicated
//! database maintenance*, PODC 1987, §1.3), by digests of ranges, a tree of two levels (Merkle, CRYPTO 1987).
//!
//! A sends the digest of all that it has. If B's differs, B answers with one for each range; A sends what it has in the
//! ranges that differ, and asks B for the same. Copies that agree say one word an interval.

use shardlab_sim::NodeId;

use super::{RANGES, VersionPort, VersionReplica};
use crate::message::VersionMessage;

/// Keys in one message: bounds its size, as a batch of log entries does.
const BATCH_KEYS: usize = 64;

impl VersionReplica {
    /// Asks the next of the other copies, round and round.
    pub(super) fn begin_exchange(&mut self, port: &mut VersionPort<'_, '_>) {
        if let Some(&peer) = self.others.get(self.next_peer) {
            self.next_peer = (self.next_peer + 1) % self.others.len();
            port.send(peer, VersionMessage::Root(self.store.root()));
            port.cx.mark("exchange.begun");
        }
    }

    pub(super) fn compare_roots(&mut self, from: NodeId, theirs: u64, port: &mut VersionPort<'_, '_>) {
        if theirs != self.store.root() {
            port.send(from, VersionMessage::Ranges(Box::new(self.store.digests())));
        }
    }

    pub(super) fn compare_ranges(
        &mut self,
        from: NodeId,
        theirs: &[u64; RANGES],
        port: &mut VersionPort<'_, '_>,
    ) {
        let ranges = self.store.differing(theirs);
        if ranges != 0 {
            port.send(from, VersionMessage::Want(ranges));
            self.send_ranges(from, ranges, port);
        }
    }

    /// Everything in some ranges, a bit a range.
    pub(super) fn send_ranges(&mut self, to: NodeId, ranges: u64, port: &mut VersionPort<'_, '_>) {
        let states: Vec<_> = self.store.of_ranges(ranges).collect();
        for batch in states.chunks(BATCH_KEYS) {
            let states = batch.iter().map(|&(key, state)| self.ship(key, state));
            port.send(to, VersionMessage::States(states.collect()));
        }
    }
}
