//! Which shards clients asked, whether or not they were answered.

use std::collections::BTreeSet;

use shardlab_consistency::{History, MicroOperation, OperationKind, Transaction};
use shardlab_models::world::{Ownership, Run};

/// By shard: operations and transactions that clients directed at it between warm-up and the load's end. A scan asks
/// every shard, a transaction each shard that it has a key in; a call that is tried again is one.
///
/// What was served would tell less: the more a shard drowns, the less it serves.
pub(crate) fn asked(run: &Run) -> Vec<u64> {
    let is_measured = |invoked: &u64| (run.warmup..run.duration).contains(invoked);
    let mut asked = vec![0; run.shard_operations.len()];
    for operation in run.history.operations.iter().filter(|operation| is_measured(&operation.invoked)) {
        match operation.kind {
            OperationKind::Scan => asked.iter_mut().for_each(|count| *count += 1),
            _ => asked[run.ownership.shard_of(operation.key, operation.invoked).index()] += 1,
        }
    }
    for transaction in run.history.transactions.iter().filter(|txn| is_measured(&txn.invoked)) {
        touched(&run.ownership, &run.history, transaction).for_each(|shard| asked[shard] += 1);
    }
    asked
}

/// The shards in which a transaction has a key, each once.
pub(super) fn touched(
    ownership: &Ownership,
    history: &History,
    transaction: &Transaction,
) -> impl ExactSizeIterator<Item = usize> + use<> {
    let keys = history.steps(transaction).iter().map(MicroOperation::key);
    let shards: BTreeSet<usize> =
        keys.map(|key| ownership.shard_of(key, transaction.invoked).index()).collect();
    shards.into_iter()
}
