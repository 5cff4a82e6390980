//! The seam holds the other family too: a copy that takes writes anywhere and exchanges versions.
//!
//! Not a protocol to use: one register, last writer by (count, node) wins, and just enough exchange to converge. It
//! shows that submit, receive, synced, tick and next_effective are all that a version-replicated copy needs, and that
//! a version is merged and sent only after its own sync.

use shardlab_sim::NodeId;

use super::{Copies, Host, write};
use crate::message::{Command, Message};
use crate::replication::{Effective, Port, Refused, Replica, SyncQueue};
use crate::shard_map::ShardId;

/// A version: count, node that wrote it, value.
type Version = (u64, u32, u64);

#[derive(Clone, Debug)]
struct VersionReplica {
    me: u32,
    others: Vec<u32>,
    // Durable.
    current: Version,
    // Volatile.
    effective: Option<u64>,
}

type VersionPort<'a, 'b> = Port<'a, 'b, Version, Version>;

impl Replica for VersionReplica {
    type Message = Version;
    type Then = Version;

    fn submit(&mut self, command: Command, port: &mut VersionPort<'_, '_>) -> Result<(), Refused> {
        let Command::Write { value, .. } = command else { return Err(Refused) };
        port.force((self.current.0 + 1, self.me, value));
        Ok(())
    }

    fn receive(&mut self, _from: NodeId, version: Version, port: &mut VersionPort<'_, '_>) {
        if version > self.current {
            port.force(version);
        }
    }

    fn synced(&mut self, version: Version, port: &mut VersionPort<'_, '_>) {
        if version > self.current {
            self.current = version;
            self.effective = Some(version.2);
            self.tick(port);
        }
    }

    fn tick(&mut self, port: &mut VersionPort<'_, '_>) {
        self.others.iter().for_each(|&other| port.send(NodeId(other), self.current));
    }

    fn next_effective(&mut self) -> Option<Effective> {
        self.effective.take().map(|value| Effective::Apply { command: write(value), speak: true })
    }

    fn crash(&mut self) {
        self.effective = None;
    }
}

/// Versions travel in votes here: the world's message type has no variant for this family.
fn wrap(_: ShardId, (count, node, value): Version) -> Message {
    Message::Commit(crate::message::CommitMessage::Vote {
        transaction: crate::message::TransactionId(count),
        shard: ShardId(node),
        yes: true,
        reads: vec![(value, 0)],
    })
}

fn unwrap(message: Message) -> Version {
    match message {
        Message::Commit(crate::message::CommitMessage::Vote { transaction, shard, reads, .. }) => {
            (transaction.0, shard.0, reads[0].0)
        }
        other => panic!("copies do not say {other:?}"),
    }
}

fn copies() -> Copies<VersionReplica> {
    let host = |me: u32| Host {
        replica: VersionReplica {
            me,
            others: (0..3).filter(|&other| other != me).collect(),
            current: (0, 0, 0),
            effective: None,
        },
        syncs: SyncQueue::new(),
        wrap,
        unwrap,
        applied: Vec::new(),
    };
    Copies::new((0..3).map(host).collect())
}

#[test]
fn concurrent_writes_on_two_copies_converge() {
    let mut copies = copies();
    copies.write(0, 7);
    copies.write(2, 9);
    copies.settle();
    let last: Vec<_> = (0..3).map(|host| copies.applied(host).last().copied()).collect();
    assert_eq!(last, [Some(9); 3]);
}

#[test]
fn a_version_is_not_sent_before_its_own_sync() {
    let mut copies = copies();
    copies.write(0, 7);
    assert!(copies.under_way.is_empty());
    copies.crash(0);
    copies.settle();
    assert_eq!(copies.applied(1), [0_u64; 0], "what was never synced was never told");
}
