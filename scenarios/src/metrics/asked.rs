//! What clients asked of which shard and key, whether or not they were answered.

use std::collections::BTreeSet;

use shardlab_consistency::{History, MicroOperation, Operation, OperationKind, Transaction};
use shardlab_models::cluster::{Service, pool_places};
use shardlab_models::node::ObservedQuery;
use shardlab_models::shard_map::ShardId;
use shardlab_models::world::{Ownership, Run};
use shardlab_sim::Time;

use crate::scenario::Scenario;

/// By shard: operations and transactions that clients directed at it between warm-up and the load's end.
///
/// What was served would tell less: the more a shard drowns, the less it serves.
pub(crate) fn asked(run: &Run) -> Vec<u64> {
    let mut asked = vec![0; run.shard_operations.len()];
    for ask in asks(run) {
        match ask.of {
            Some(shard) => asked[shard] += 1,
            None => asked.iter_mut().for_each(|count| *count += 1),
        }
    }
    asked
}

/// One call that asked a shard of the database, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// When its client made it.
    pub at: Time,
    /// The shard; every one if there is none.
    pub of: Option<usize>,
}

/// What was asked of shards between warm-up and the load's end, in no order. A scan asks every shard, unless a tenant's
/// rows are kept together, a transaction each shard that it has a key in, a query those that its router found and where
/// its writes went; a call that is tried again is one. What a remedy spares the database is not asked, and each way of a
/// salted key is.
pub(super) fn asks(run: &Run) -> Vec<Ask> {
    let window = run.warmup..run.duration;
    if run.tables.is_some() {
        let queries = run.queries.iter().filter(|query| window.contains(&query.invoked));
        let of = |query: &ObservedQuery| {
            let at = query.invoked;
            query.shards.iter().map(move |shard| Ask { at, of: Some(shard.index()) }).collect::<Vec<_>>()
        };
        return queries.flat_map(of).collect();
    }
    // With remedies not every call reaches the database, and some reach it several times: clients have counted.
    let counted = run.remedies.as_ref().map(|remedies| &remedies.clients.asked);
    let counted_ones = counted.into_iter().flatten().map(|&(at, shard)| Ask { at, of: Some(shard.index()) });
    let operations = run.history.operations.iter().filter(|operation| window.contains(&operation.invoked));
    let calls = operations.filter_map(|&Operation { kind, key, invoked: at, .. }| match kind {
        OperationKind::Scan => Some(Ask { at, of: run.ownership.scanned(key, at).map(ShardId::index) }),
        _ if counted.is_some() => None,
        _ => Some(Ask { at, of: Some(run.ownership.shard_of(key, at).index()) }),
    });
    let transactions = run.history.transactions.iter().filter(|of| window.contains(&of.invoked));
    let steps = transactions.flat_map(|transaction| {
        let at = transaction.invoked;
        touched(&run.ownership, &run.history, transaction).map(move |shard| Ask { at, of: Some(shard) })
    });
    counted_ones.chain(calls).chain(steps).collect()
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

/// One key that a call asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Asked {
    pub key: u64,
    pub shard: usize,
    pub at: Time,
    /// Bytes of the values that it reads or writes.
    pub bytes: f64,
    /// What it takes of a core at the mean service time of its kind, in ns.
    pub cpu_ns: f64,
}

/// What a request of each kind costs.
#[derive(Clone, Debug)]
pub(crate) struct Prices {
    /// Bytes of a value, by client pool.
    value_bytes: Vec<f64>,
    /// Nanoseconds of a core.
    read_ns: f64,
    write_ns: f64,
    step_ns: f64,
}

impl Prices {
    pub fn new(scenario: &Scenario) -> Self {
        let config = scenario.config();
        let pools = pool_places(&config);
        let Service { read, write, prepare, .. } = &scenario.cluster.service;
        Self {
            value_bytes: pools
                .iter()
                .map(|pool| config.workloads[pool.workload].value_bytes.into())
                .collect(),
            read_ns: read.mean_ns(),
            write_ns: write.mean_ns(),
            step_ns: prepare.mean_ns(),
        }
    }

    /// A process has its pool in its low bits; see the numbering of sessions.
    pub fn value_bytes(&self, process: u32) -> f64 {
        let pool = process as usize & (self.value_bytes.len().next_power_of_two() - 1);
        self.value_bytes.get(pool).copied().unwrap_or_default()
    }

    fn of(&self, operation: &Operation) -> (f64, f64) {
        let bytes = self.value_bytes(operation.process);
        match operation.kind {
            OperationKind::Read => (bytes, self.read_ns),
            OperationKind::Write | OperationKind::Insert => (bytes, self.write_ns),
            OperationKind::ReadModifyWrite => (2.0 * bytes, self.read_ns + self.write_ns),
            OperationKind::Scan => (0.0, 0.0),
        }
    }
}

/// Every key that a call between warm-up and the load's end names; scans name none.
pub(crate) fn asked_keys<'a>(run: &'a Run, prices: &'a Prices) -> impl Iterator<Item = Asked> + use<'a> {
    let is_measured = |invoked: Time| (run.warmup..run.duration).contains(&invoked);
    let shard = |key, at| run.ownership.shard_of(key, at).index();
    let operations = run.history.operations.iter();
    let operations = operations
        .filter(move |of| of.kind != OperationKind::Scan && is_measured(of.invoked))
        .map(move |of| {
            let (bytes, cpu_ns) = prices.of(of);
            Asked { key: of.key, shard: shard(of.key, of.invoked), at: of.invoked, bytes, cpu_ns }
        });
    let transactions = run.history.transactions.iter().filter(move |of| is_measured(of.invoked));
    let steps = transactions.flat_map(move |of| {
        let keys = run.history.steps(of).iter().map(MicroOperation::key);
        let (at, bytes) = (of.invoked, prices.value_bytes(of.process));
        let asked = move |key| Asked { key, shard: shard(key, at), at, bytes, cpu_ns: prices.step_ns };
        keys.collect::<BTreeSet<u64>>().into_iter().map(asked)
    });
    operations.chain(steps)
}
