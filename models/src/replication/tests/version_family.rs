//! Copies that take writes by themselves and exchange versions.

use proptest::prelude::*;
use shardlab_sim::NodeId;

use super::{Copies, Host, Played};
use crate::config::{Bug, Bugs};
use crate::conflict::{Conflict, Context, Dot};
use crate::message::{Message, OperationId, Request, VersionMessage};
use crate::replication::{SyncQueue, VersionReplica, VersionSettings, VersionWrite, Written};

impl Played for VersionReplica {
    fn write(client: NodeId, request: &Request) -> VersionWrite {
        let Request { operation, key, value, value_bytes, .. } = *request;
        VersionWrite { operation, client, key, value, value_bytes, context: None }
    }

    fn note(written: Written, applied: &mut Vec<u64>) {
        applied.push(u64::from(written.operation.sequence));
    }
}

fn copies(conflict: Conflict, bugs: &[Bug]) -> Copies<VersionReplica> {
    let bugs: Bugs = bugs.iter().copied().collect();
    let nodes = [0, 1, 2].map(NodeId);
    let host = |me| Host {
        replica: VersionReplica::new(VersionSettings { me, conflict, bugs }, &nodes),
        syncs: SyncQueue::new(),
        wrap: Message::Versions,
        unwrap: |message| match message {
            Message::Versions(_, message) => message,
            other => panic!("copies do not say {other:?}"),
        },
        applied: Vec::new(),
    };
    Copies::new(nodes.map(host).into())
}

impl Copies<VersionReplica> {
    fn values(&self, host: usize) -> Vec<u64> {
        let state = self.hosts[host].node.replica.store().get_or_default(1);
        state.versions().iter().map(|version| version.value).collect()
    }

    fn roots(&self) -> [u64; 3] {
        std::array::from_fn(|host| self.hosts[host].node.replica.store().root())
    }

    fn have_converged(&self) -> bool {
        self.roots().iter().all(|root| *root == self.roots()[0])
    }

    /// A client reads at one copy and writes there what it read and one value more.
    fn merge_and_write(&mut self, host: usize, value: u64) {
        let context = self.hosts[host].node.replica.store().get_or_default(1).context();
        self.put(host, value, context);
    }

    fn put(&mut self, host: usize, value: u64, context: Context) {
        use crate::replication::Replica;
        let operation = OperationId { session: 0, sequence: u32::try_from(value).unwrap() };
        let (client, context) = (NodeId(99), Some(context));
        let write = VersionWrite { operation, client, key: 1, value, value_bytes: 1, context };
        let outcome = self.hosts[host].react(|host, cx| {
            host.with_port(cx, |replica, port| replica.submit(write, port)).expect("every copy takes writes");
        });
        self.note(host, outcome);
    }
}

#[test]
fn concurrent_writes_on_two_copies_converge() {
    for conflict in [Conflict::LastWriterWins, Conflict::HighestNode] {
        let mut copies = copies(conflict, &[]);
        copies.write(0, 7);
        copies.write(2, 9);
        copies.settle();
        assert_eq!([0, 1, 2].map(|host| copies.values(host)), [[9]; 3], "{conflict:?}");
        assert!(copies.have_converged());
    }
}

#[test]
fn siblings_wait_for_a_client_that_merges_them() {
    let mut copies = copies(Conflict::Siblings, &[]);
    copies.merge_and_write(0, 7);
    copies.merge_and_write(2, 9);
    copies.settle();
    assert_eq!([0, 1, 2].map(|host| copies.values(host)), [[7, 9]; 3]);
    copies.merge_and_write(1, 10);
    copies.settle();
    assert_eq!([0, 1, 2].map(|host| copies.values(host)), [[10]; 3]);
}

#[test]
fn a_version_is_neither_merged_nor_sent_nor_acknowledged_before_its_own_sync() {
    let mut copies = copies(Conflict::Siblings, &[]);
    copies.write(0, 7);
    assert!(copies.under_way.is_empty() && copies.values(0).is_empty() && copies.applied(0).is_empty());
    copies.crash(0);
    copies.settle();
    assert!(copies.values(1).is_empty(), "what was never synced was never told");
}

#[test]
fn what_is_received_is_merged_at_its_own_sync() {
    let mut copies = copies(Conflict::Siblings, &[]);
    copies.write(0, 7);
    copies.sync(0);
    copies.deliver();
    assert!(copies.values(1).is_empty());
    copies.crash(1);
    assert!(copies.values(1).is_empty());
    copies.settle();
    assert_eq!(copies.values(1), [7], "the exchange brings it again");
}

#[test]
fn a_crash_between_force_and_sync_reuses_no_dot() {
    let mut copies = copies(Conflict::Siblings, &[]);
    copies.write(0, 1);
    copies.sync(0);
    copies.deliver();
    copies.write(0, 2);
    copies.crash(0);
    copies.write(0, 3);
    copies.settle();
    let taken: Vec<(Dot, u64)> =
        copies.hosts[0].node.replica.records().taken.iter().map(|taken| (taken.dot, taken.value)).collect();
    let dot = |counter| Dot { node: NodeId(0), counter };
    assert_eq!(taken, [(dot(1), 1), (dot(2), 3)], "the lost write never had a dot");
    assert_eq!(copies.applied(0), [3], "1 was acknowledged before the crash, and 2 never");
    assert!(copies.have_converged());
}

#[test]
fn a_write_goes_on_from_what_was_shown_and_not_from_what_was_dropped() {
    let mut copies = copies(Conflict::HighestNode, &[]);
    copies.write(0, 7);
    copies.write(2, 9);
    copies.settle();
    copies.write(1, 10);
    copies.settle();
    let dot = |node| Dot { node: NodeId(node), counter: 1 };
    assert_eq!(copies.hosts[1].node.replica.records().taken[0].over, [dot(2)]);
}

#[test]
fn copies_that_agree_say_one_word_an_interval() {
    let mut copies = copies(Conflict::Siblings, &[]);
    (1..=200).for_each(|key| copies.write_key(0, key, key));
    copies.settle();
    copies.deliver();
    copies.tick(0);
    let [(_, to, Message::Versions(_, VersionMessage::Root(_)))] = copies.under_way.make_contiguous() else {
        panic!("not one word: {:?}", copies.under_way);
    };
    let to = to.index();
    let (from, _, message) = copies.under_way.pop_front().unwrap();
    assert!(copies.hosts[to].on_message(from, message).sent.is_empty());
}

#[test]
fn clocks_that_hear_nothing_never_agree_and_let_overwritten_versions_come_back() {
    let mut copies = copies(Conflict::Siblings, &[Bug::DeafClocks]);
    copies.merge_and_write(0, 7);
    copies.settle();
    copies.merge_and_write(1, 8);
    copies.settle();
    assert!(!copies.have_converged());
    assert_eq!(copies.values(1), [7, 8], "8 was made in sight of 7, and does not say so");
}

#[test]
fn a_merge_that_drops_a_sibling_loses_it_everywhere() {
    let mut copies = copies(Conflict::Siblings, &[Bug::DropSibling]);
    copies.merge_and_write(0, 7);
    copies.merge_and_write(2, 9);
    copies.settle();
    assert_eq!([0, 1, 2].map(|host| copies.values(host)), [[7]; 3]);
    assert!(copies.have_converged(), "nobody could tell by comparing them");
}

proptest! {
    /// Whatever was written where while nobody could talk, everyone has it after a few rounds of exchange alone.
    #[test]
    fn an_exchange_finds_every_difference(
        writes in prop::collection::vec((0_usize..3, 0_u64..300), 0..200),
        conflict in prop_oneof![
            Just(Conflict::LastWriterWins), Just(Conflict::Siblings), Just(Conflict::HighestNode)
        ],
    ) {
        let mut copies = copies(conflict, &[]);
        for (value, &(host, key)) in (1..).zip(&writes) {
            copies.write_key(host, key, value);
            copies.sync(host);
            // What it told the others is lost.
            copies.under_way.clear();
        }
        copies.settle();
        prop_assert!(copies.have_converged());
        for host in 0..3 {
            let store = copies.hosts[host].node.replica.store();
            for &(writer, key) in &writes {
                let state = store.get_or_default(key);
                prop_assert!(state.seen().of(NodeId(u32::try_from(writer).unwrap())) > 0, "{key} on {host}");
            }
        }
    }
}
