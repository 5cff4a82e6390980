//! One pool, one handler at a time.
//!
//! The cluster is the sample's: control plane 0, servers 1 to 3, coordinator 4, the pool 5; shard s is on server
//! s + 1, and key k in shard k mod 3.

mod load;
mod lookups;
mod merges;
mod remedies;
mod requests;
mod transactions;

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_consistency::{MicroOperation, Operation, OperationKind, Outcome};
use shardlab_sim::testing::{self, Script};
use shardlab_sim::{Duration, NodeId, SECOND, Time, TimerSlot};

use super::*;
use crate::cluster::layout;
use crate::config::samples::config;
use crate::message::{
    Action, OperationId, Request, Response, Status, Step, TransactionRequest, TransactionResult,
};
use crate::node::Observation;
use crate::rebalancing::Routing;
use crate::replication::Reads;
use crate::shard_map::{Assignment, Epoch, ShardId};
use crate::sharding::Strategy;
use crate::workload::{Arrivals, KeyDistribution, Mix};

type Out = testing::Outcome<Message>;

const CONTROL_PLANE: NodeId = NodeId(0);
const COORDINATOR: NodeId = NodeId(4);
const FIRST: TimerSlot = session_timer(0);

fn map(version: u64, epoch: u32, primaries: [Option<u32>; 3]) -> Arc<ShardMap> {
    let servers: Vec<NodeId> = [1, 2, 3].map(NodeId).into();
    let assignment = |primary: Option<u32>| Assignment {
        epoch: Epoch(epoch),
        primary: primary.map(NodeId),
        members: servers.clone(),
        copies: servers.clone(),
    };
    let routing = Routing::settled(Arc::new(Strategy::default().partitioner(3, 0)));
    Arc::new(ShardMap {
        version,
        shards: primaries.map(assignment).into(),
        routing,
        learners: BTreeMap::new(),
    })
}

/// One client, keys in turn from zero.
fn pool(mix: Mix, bend: impl FnOnce(&mut Config)) -> Script<ClientPool> {
    let mut config = config();
    config.workloads[0].arrivals = Arrivals::Closed { clients: 1, think: Duration::ZERO };
    config.workloads[0].keys.distribution = KeyDistribution::Sequential;
    config.workloads[0].mix = mix;
    config.workloads[0].retries = 2;
    bend(&mut config);
    let pools = ClientPool::all(&config, &layout(&config), &map(1, 1, [Some(1), Some(2), Some(3)]), 7);
    Script::new(pools.into_iter().next().expect("one pool"), NodeId(5), 7)
}

/// Started, with its first operation sent.
fn started(mix: Mix, bend: impl FnOnce(&mut Config)) -> (Script<ClientPool>, Out) {
    let mut script = pool(mix, bend);
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    (script, out)
}

fn reads() -> Mix {
    Mix { read: 1.0, ..Mix::default() }
}

fn updates() -> Mix {
    Mix { update: 1.0, ..Mix::default() }
}

fn transfers() -> Mix {
    Mix { transfer: 1.0, ..Mix::default() }
}

/// The only request sent, and to whom.
#[track_caller]
fn request(out: &Out) -> (NodeId, Request) {
    let mut requests = requests(out);
    assert_eq!(requests.len(), 1, "{:?}", out.sent);
    requests.remove(0)
}

fn requests(out: &Out) -> Vec<(NodeId, Request)> {
    let request = |(to, message): &(NodeId, Message)| match message {
        Message::Request(request) => Some((*to, *request)),
        _ => None,
    };
    out.sent.iter().filter_map(request).collect()
}

fn map_requests(out: &Out) -> usize {
    let is_request =
        |message: &Message| matches!(message, Message::Control(ControlMessage::MapRequest { .. }));
    out.sent.iter().filter(|(to, message)| *to == CONTROL_PLANE && is_request(message)).count()
}

#[track_caller]
fn operation(out: &Out) -> Operation {
    match &out.observed[..] {
        [Observation::Operation(operation)] => *operation,
        other => panic!("not one operation: {other:?}"),
    }
}

fn answer(request: &Request, status: Status, value: u64) -> Message {
    let Request { operation, shard, value_bytes, .. } = *request;
    Message::Response(Response { operation, shard, status, value, value_bytes })
}

fn ok(request: &Request) -> Message {
    answer(request, Status::Ok, 77)
}

fn not_primary(request: &Request, hint: Option<u32>, epoch: u32) -> Message {
    answer(request, Status::NotPrimary { primary: hint.map(NodeId), epoch: Epoch(epoch) }, 0)
}

fn pause_of(out: &Out) -> Time {
    out.timers_set.iter().find(|(slot, _)| *slot == FIRST).expect("a timer is set").1
}
