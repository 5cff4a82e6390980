//! Which shards clients asked, whether or not they were answered.

use std::collections::BTreeSet;

use shardlab_consistency::{History, MicroOperation, OperationKind, Transaction};
use shardlab_models::sharding::{Partitioner, Shards};
use shardlab_models::world::Run;

use crate::scenario::Scenario;

/// By shard: operations and transactions that clients directed at it between warm-up and the load's end. A scan asks
/// every shard, a transaction each shard that it has a key in; a call that is tried again is one.
///
/// What was served would tell less: the more a shard drowns, the less it serves.
pub(crate) fn asked(scenario: &Scenario, run: &Run) -> Vec<u64> {
    let partitioner = scenario.sharding.strategy.partitioner(scenario.cluster.servers);
    let is_measured = |invoked: &u64| (run.warmup..run.duration).contains(invoked);
    let mut asked = vec![0; partitioner.count() as usize];
    for operation in run.history.operations.iter().filter(|operation| is_measured(&operation.invoked)) {
        match operation.kind {
            OperationKind::Scan => asked.iter_mut().for_each(|count| *count += 1),
            _ => asked[partitioner.shard_of(operation.key).index()] += 1,
        }
    }
    for transaction in run.history.transactions.iter().filter(|txn| is_measured(&txn.invoked)) {
        touched(&partitioner, &run.history, transaction).for_each(|shard| asked[shard] += 1);
    }
    asked
}

/// The shards in which a transaction has a key, each once.
pub(super) fn touched(
    partitioner: &Partitioner,
    history: &History,
    transaction: &Transaction,
) -> impl ExactSizeIterator<Item = usize> + use<> {
    let keys = history.steps(transaction).iter().map(|step| match step {
        MicroOperation::Read { key, .. } | MicroOperation::Add { key, .. } => *key,
    });
    let shards: BTreeSet<usize> = keys.map(|key| partitioner.shard_of(key).index()).collect();
    shards.into_iter()
}
