//! Primary–backup with epochs, numbered by the rules of Raft that its log follows.

use shardlab_sim::NodeId;

use super::{Copies, Host, Played};
use crate::config::Bugs;
use crate::message::{Command, LogMessage, Message, Request};
use crate::replication::log::LogPort;
use crate::replication::{Ack, Effective, LogReplica, Settings, SyncQueue};
use crate::shard_map::{Assignment, Epoch};

impl Played for LogReplica {
    fn write(client: NodeId, request: &Request) -> Command {
        let Request { operation, key, value, value_bytes, .. } = *request;
        Command::Write { operation, client, key, value, value_bytes }
    }

    fn note(effective: Effective, applied: &mut Vec<u64>) {
        match effective {
            Effective::Rewind => applied.clear(),
            Effective::Apply { command: Command::Write { value, .. }, .. } => applied.push(value),
            Effective::Apply { .. } => {}
        }
    }
}

fn assignment(epoch: u32, primary: u32, members: &[u32]) -> Assignment {
    let nodes = |numbers: &[u32]| numbers.iter().map(|&number| NodeId(number)).collect();
    Assignment {
        epoch: Epoch(epoch),
        primary: Some(NodeId(primary)),
        members: nodes(members),
        copies: nodes(&[0, 1, 2]),
    }
}

fn copies(ack: Ack) -> Copies<LogReplica> {
    let host = |me| Host {
        replica: LogReplica::new(
            Settings { me: NodeId(me), ack, resend_after_ticks: 1, bugs: Bugs::default() },
            &assignment(1, 0, &[0, 1, 2]),
        ),
        syncs: SyncQueue::new(),
        wrap: Message::Log,
        unwrap: |message| match message {
            Message::Log(_, message) => message,
            other => panic!("copies do not say {other:?}"),
        },
        applied: Vec::new(),
    };
    Copies::new((0..3).map(host).collect())
}

impl Copies<LogReplica> {
    /// What the control plane would do to one copy.
    fn control(&mut self, host: usize, act: impl Fn(&mut LogReplica, &mut LogPort<'_, '_>)) {
        let node = &mut self.hosts[host];
        let outcome = node.react(|host, cx| host.with_port(cx, |replica, port| act(replica, port)));
        self.note(host, outcome);
    }

    fn fence(&mut self, hosts: &[usize], epoch: u32) {
        for &host in hosts {
            self.control(host, |replica, port| replica.fence(Epoch(epoch), port));
            self.sync(host);
        }
    }

    fn appoint(&mut self, hosts: &[usize], epoch: u32, primary: u32, members: &[u32]) {
        for &host in hosts {
            self.control(host, |replica, port| replica.appoint(&assignment(epoch, primary, members), port));
        }
    }
}

#[test]
fn a_quorum_commits_when_two_disks_of_three_have_it() {
    let mut copies = copies(Ack::Quorum);
    copies.write(0, 7);
    copies.deliver();
    copies.sync(1);
    copies.deliver();
    assert_eq!(
        copies.applied(0),
        [0_u64; 0],
        "one backup's disk is no majority, and the state never runs ahead of the disk"
    );
    copies.sync(0);
    assert_eq!(copies.applied(0), [7]);
    copies.settle();
    assert_eq!((copies.applied(1), copies.applied(2)), (&[7][..], &[7][..]));
}

#[test]
fn async_needs_its_own_disk_and_all_needs_every_member() {
    let mut alone = copies(Ack::Async);
    alone.write(0, 7);
    assert_eq!(alone.applied(0), [0_u64; 0]);
    alone.sync(0);
    assert_eq!(alone.applied(0), [7]);

    let mut all = copies(Ack::All);
    all.write(0, 7);
    all.deliver();
    all.sync(0);
    all.sync(1);
    all.deliver();
    assert_eq!(all.applied(0), [0_u64; 0]);
    all.sync(2);
    all.deliver();
    assert_eq!(all.applied(0), [7]);
}

#[test]
fn a_crash_loses_what_was_not_synced_and_the_backups_give_it_back() {
    let mut copies = copies(Ack::Quorum);
    copies.write(0, 7);
    copies.deliver();
    copies.crash(0);
    copies.sync(1);
    copies.sync(2);
    assert_eq!(copies.hosts[0].node.replica.log().last_index(), 0);
    copies.fence(&[0, 1, 2], 2);
    copies.appoint(&[0, 1, 2], 2, 1, &[0, 1, 2]);
    copies.settle();
    for host in 0..3 {
        assert_eq!(copies.applied(host), [7], "host {host}");
    }
}

#[test]
fn a_deposed_primary_drops_what_nobody_else_has() {
    let mut copies = copies(Ack::Quorum);
    copies.write(0, 1);
    copies.settle();
    copies.cut = vec![0];
    copies.write(0, 66);
    copies.sync(0);
    copies.fence(&[1, 2], 2);
    copies.appoint(&[1, 2], 2, 1, &[0, 1, 2]);
    copies.write(1, 2);
    copies.settle();
    assert_eq!(copies.applied(0), [1], "it could not commit alone");
    copies.cut.clear();
    copies.settle();
    for host in 0..3 {
        assert_eq!(copies.applied(host), [1, 2], "host {host}");
    }
}

#[test]
fn a_deposed_asynchronous_primary_takes_back_what_it_had_applied() {
    let mut copies = copies(Ack::Async);
    copies.cut = vec![0];
    copies.write(0, 66);
    copies.sync(0);
    assert_eq!(copies.applied(0), [66]);
    copies.fence(&[1, 2], 2);
    copies.appoint(&[1, 2], 2, 1, &[0, 1, 2]);
    copies.write(1, 2);
    copies.settle();
    copies.cut.clear();
    copies.settle();
    assert_eq!(copies.applied(0), [2]);
}

#[test]
fn a_promise_keeps_an_old_primary_out() {
    let mut copies = copies(Ack::Quorum);
    copies.fence(&[1, 2], 2);
    copies.write(0, 66);
    copies.deliver();
    copies.settle();
    assert_eq!(copies.applied(0), [0_u64; 0]);
    assert!(!copies.hosts[0].node.replica.is_primary(), "it was told that its epoch is over");
}

#[test]
fn a_sync_that_ends_after_a_truncation_makes_nothing_durable() {
    let mut copies = copies(Ack::Quorum);
    copies.write(0, 66);
    let old_sync = copies.unsynced[0].take().expect("66 is on its way to the disk");
    copies.cut = vec![0];
    copies.deliver();
    copies.fence(&[1, 2], 2);
    copies.appoint(&[1, 2], 2, 1, &[0, 1, 2]);
    copies.settle();
    copies.cut.clear();
    // The new primary's entry replaces 66 before the old sync ends, and is not on disk by it.
    let entry = copies.hosts[1].node.replica.log().get(1).expect("the barrier").clone();
    let append = LogMessage::Append {
        epoch: Epoch(2),
        previous: Default::default(),
        committed: 0,
        entries: crate::message::Entries::One(entry),
    };
    let message = Message::Log(crate::shard_map::ShardId(0), append);
    let outcome = copies.hosts[0].on_message(NodeId(1), message);
    copies.note(0, outcome);
    let acknowledged = copies.hosts[0].on_synced(old_sync).sent;
    assert!(acknowledged.is_empty(), "{acknowledged:?}");
}

#[test]
fn a_restarted_primary_does_not_go_on_with_its_reign() {
    let mut copies = copies(Ack::Quorum);
    copies.crash(0);
    copies.appoint(&[0], 1, 0, &[0, 1, 2]);
    assert!(!copies.hosts[0].node.replica.is_primary());
}

#[test]
fn a_copy_far_behind_catches_up_in_windows() {
    let mut copies = copies(Ack::Quorum);
    copies.cut = vec![2];
    let values: Vec<u64> = (1..=1_000).collect();
    values.iter().for_each(|&value| copies.write(0, value));
    copies.settle();
    assert_eq!(copies.applied(2), [0_u64; 0]);
    copies.cut.clear();
    copies.settle();
    assert_eq!(copies.applied(2), values);
}
