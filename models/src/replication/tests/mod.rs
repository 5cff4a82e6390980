//! Replicas played by hand: a test says who hears what, whose disk is done, who crashes.

mod log_family;
mod version_family;

use std::collections::VecDeque;

use shardlab_sim::testing::{Outcome, Script};
use shardlab_sim::{Context, Node, NodeId, TimerSlot, WriteId};

use super::{Port, Replica, SyncQueue};
use crate::message::{Message, OperationId, Request};
use crate::shard_map::ShardId;

/// What a test must know of a family to play it.
trait Played: Replica {
    /// A client's write of a key.
    fn write(client: NodeId, request: &Request) -> Self::Command;

    /// Notes what has become effective.
    fn note(effective: Self::Effective, applied: &mut Vec<u64>);
}

/// A server of one replica and nothing else: any family fits.
#[derive(Clone, Debug)]
struct Host<R: Replica> {
    replica: R,
    syncs: SyncQueue<R::Then>,
    wrap: fn(ShardId, R::Message) -> Message,
    unwrap: fn(Message) -> R::Message,
    /// Values in the order in which they took effect here.
    applied: Vec<u64>,
}

impl<R: Played> Host<R> {
    fn with_port<T>(
        &mut self,
        cx: &mut Context<'_, Message>,
        act: impl FnOnce(&mut R, &mut Port<'_, '_, R::Message, R::Then>) -> T,
    ) -> T {
        let mut port = Port { cx, shard: ShardId(0), syncs: &mut self.syncs, wrap: self.wrap };
        let result = act(&mut self.replica, &mut port);
        self.pump();
        result
    }

    fn pump(&mut self) {
        while let Some(effective) = self.replica.next_effective() {
            R::note(effective, &mut self.applied);
        }
    }
}

impl<R> Node for Host<R>
where
    R: Played + Clone + std::fmt::Debug + Send + 'static,
    R::Then: Clone + std::fmt::Debug + Send + 'static,
    R::Message: Clone + std::fmt::Debug + 'static,
{
    type Message = Message;

    fn on_start(&mut self, _cx: &mut Context<'_, Message>) {}

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Request(request) => {
                let command = R::write(from, &request);
                // A refusal is seen by the absence of its effects.
                let _ = self.with_port(cx, |replica, port| replica.submit(command, port));
            }
            message => {
                let message = (self.unwrap)(message);
                self.with_port(cx, |replica, port| replica.receive(from, message, port));
            }
        }
    }

    fn on_timer(&mut self, _slot: TimerSlot, cx: &mut Context<'_, Message>) {
        self.with_port(cx, |replica, port| replica.tick(port));
    }

    fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while self.syncs.front().is_some_and(|sync| sync.write <= through) {
            let sync = self.syncs.pop_front().expect("it was just looked at");
            self.with_port(cx, |replica, port| replica.synced(sync.then, port));
        }
    }

    fn on_crash(&mut self) {
        self.syncs.clear();
        self.replica.crash();
        self.applied.clear();
    }
}

/// A write whose operation can be told by its value.
fn request(key: u64, value: u64) -> Message {
    use crate::message::Action;
    let operation =
        OperationId { session: 0, sequence: u32::try_from(value).expect("test values are small") };
    Message::Request(Request {
        operation,
        action: Action::Write,
        shard: ShardId(0),
        key,
        value,
        value_bytes: 1,
    })
}

/// Copies of one shard and the messages between them.
struct Copies<R: Replica>
where
    Host<R>: Node<Message = Message>,
{
    hosts: Vec<Script<Host<R>>>,
    under_way: VecDeque<(NodeId, NodeId, Message)>,
    cut: Vec<u32>,
    /// Writes that a host's disk has been given and has not finished.
    unsynced: Vec<Option<WriteId>>,
}

impl<R: Replica> Copies<R>
where
    Host<R>: Node<Message = Message>,
{
    fn new(hosts: Vec<Host<R>>) -> Self {
        let count = u32::try_from(hosts.len()).expect("tests have few copies");
        let scripts = hosts.into_iter().zip(0..).map(|(host, me)| Script::new(host, NodeId(me), count));
        Self {
            hosts: scripts.collect(),
            under_way: VecDeque::new(),
            cut: Vec::new(),
            unsynced: vec![None; count as usize],
        }
    }

    fn note(&mut self, host: usize, outcome: Outcome<Message>) {
        let me = NodeId(u32::try_from(host).expect("tests have few copies"));
        self.under_way.extend(outcome.sent.into_iter().map(|(to, message)| (me, to, message)));
        if let Some(&last) = outcome.forced.last() {
            self.unsynced[host] = Some(last);
        }
    }

    fn write(&mut self, host: usize, value: u64) {
        self.write_key(host, 1, value);
    }

    fn write_key(&mut self, host: usize, key: u64, value: u64) {
        let outcome = self.hosts[host].on_message(NodeId(99), request(key, value));
        self.note(host, outcome);
    }

    fn sync(&mut self, host: usize) {
        if let Some(through) = self.unsynced[host].take() {
            let outcome = self.hosts[host].on_synced(through);
            self.note(host, outcome);
        }
    }

    fn tick(&mut self, host: usize) {
        let outcome = self.hosts[host].on_timer(TimerSlot(0));
        self.note(host, outcome);
    }

    fn crash(&mut self, host: usize) {
        self.hosts[host].crash();
        self.unsynced[host] = None;
    }

    /// Delivers everything, in order; what touches a host that is cut off is lost.
    fn deliver(&mut self) {
        while let Some((from, to, message)) = self.under_way.pop_front() {
            if self.cut.contains(&from.0) || self.cut.contains(&to.0) {
                continue;
            }
            let outcome = self.hosts[to.index()].on_message(from, message);
            self.note(to.index(), outcome);
        }
    }

    /// Lets messages, disks and ticks run until all is said.
    fn settle(&mut self) {
        for _ in 0..20 {
            for host in 0..self.hosts.len() {
                self.deliver();
                self.sync(host);
                self.deliver();
                if !self.cut.contains(&u32::try_from(host).expect("tests have few copies")) {
                    self.tick(host);
                }
            }
        }
    }

    fn applied(&self, host: usize) -> &[u64] {
        &self.hosts[host].node.applied
    }
}
