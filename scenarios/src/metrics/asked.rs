//! What clients asked of which shard and key, whether or not they were answered.

use std::collections::BTreeSet;

use shardlab_consistency::{History, MicroOperation, Operation, OperationKind, Outcome, Transaction};
use shardlab_models::cluster::{Service, pool_places};
use shardlab_models::node::{ObservedQuery, QueryPart};
use shardlab_models::shard_map::ShardId;
use shardlab_models::tables::keys::{Address, address};
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
        let queries = run.queries.iter().filter(move |query| window.contains(&query.invoked));
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
    pub at: Time,
    pub cost: Cost,
}

/// What a call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cost {
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
    scan_ns: f64,
    step_ns: f64,
    query_ns: f64,
    window_ns: f64,
}

impl Prices {
    pub fn new(scenario: &Scenario) -> Self {
        let config = scenario.config();
        let pools = pool_places(&config);
        let Service { read, write, scan, prepare, query, window, .. } = &scenario.cluster.service;
        Self {
            value_bytes: pools
                .iter()
                .map(|pool| config.workloads[pool.workload].value_bytes.into())
                .collect(),
            read_ns: read.mean_ns(),
            write_ns: write.mean_ns(),
            scan_ns: scan.mean_ns(),
            step_ns: prepare.mean_ns(),
            query_ns: query.mean_ns(),
            window_ns: window.mean_ns(),
        }
    }

    /// Of a row of a table its own size; of any other value that of its pool. A process has its pool in its low bits; see
    /// the numbering of sessions.
    fn value_bytes(&self, run: &Run, key: u64, process: u32) -> f64 {
        let schema = run.tables.as_ref().map(|tables| &tables.schema);
        match schema.map(|schema| (schema, address(key))) {
            Some((schema, Address::Row { table, far: true, .. })) => schema.far_bytes(table).into(),
            Some((schema, Address::Row { table, .. } | Address::Copy { table, .. })) => {
                schema.row_bytes(table).into()
            }
            _ => {
                let pool = process as usize & (self.value_bytes.len().next_power_of_two() - 1);
                self.value_bytes.get(pool).copied().unwrap_or_default()
            }
        }
    }

    fn of(&self, run: &Run, operation: &Operation) -> Cost {
        let bytes = self.value_bytes(run, operation.key, operation.process);
        let (bytes, cpu_ns) = match operation.kind {
            OperationKind::Read => (bytes, self.read_ns),
            OperationKind::Write | OperationKind::Insert => (bytes, self.write_ns),
            OperationKind::ReadModifyWrite => (2.0 * bytes, self.read_ns + self.write_ns),
            OperationKind::Scan => (0.0, self.scan_ns),
        };
        Cost { bytes, cpu_ns }
    }

    /// Of what was sent again, every request that was answered: what a server refused or lost cost it little or nothing.
    fn of_part(&self, part: &QueryPart) -> Cost {
        let cpu_ns = f64::from(part.answers) * self.query_ns + part.windows as f64 * self.window_ns;
        Cost { bytes: part.bytes as f64, cpu_ns }
    }
}

/// Every key that a call between warm-up and the load's end names. Scans name none; a query over tables names a row by
/// its id, or the value that it wants of a column, or nothing, as counts and ranges do.
pub(crate) fn asked_keys<'a>(run: &'a Run, prices: &'a Prices) -> impl Iterator<Item = Asked> + use<'a> {
    let calls = calls(run, prices).filter(|(kind, _)| *kind != OperationKind::Scan).map(|(_, asked)| asked);
    calls.chain(steps(run, prices)).chain(named_queries(run, prices))
}

/// What each shard was asked to do between warm-up and the load's end.
pub(super) fn shard_costs(run: &Run, prices: &Prices) -> Vec<(usize, Cost)> {
    let shard_of = |asked: &Asked| run.ownership.shard_of(asked.key, asked.at).index();
    let count = run.shard_operations.len();
    let mut costs = Vec::new();
    for (kind, asked) in calls(run, prices) {
        match (kind, run.ownership.scanned(asked.key, asked.at)) {
            (OperationKind::Scan, Some(shard)) => costs.push((shard.index(), asked.cost)),
            (OperationKind::Scan, None) => {
                let cost = Cost { bytes: asked.cost.bytes / count as f64, ..asked.cost };
                costs.extend((0..count).map(|shard| (shard, cost)));
            }
            _ => costs.push((shard_of(&asked), asked.cost)),
        }
    }
    costs.extend(steps(run, prices).map(|asked| (shard_of(&asked), asked.cost)));
    let parts = queries(run).flat_map(|query| &query.parts);
    costs.extend(parts.map(|part| (part.shard.index(), prices.of_part(part))));
    costs
}

fn is_measured(run: &Run, invoked: Time) -> bool {
    (run.warmup..run.duration).contains(&invoked)
}

fn queries(run: &Run) -> impl Iterator<Item = &ObservedQuery> {
    run.queries.iter().filter(move |query| is_measured(run, query.invoked))
}

/// Operations that go to the database by themselves. Over tables these are writes and the reads of summaries: what a query
/// reads of rows its parts tell.
fn calls<'a>(run: &'a Run, prices: &'a Prices) -> impl Iterator<Item = (OperationKind, Asked)> + use<'a> {
    let is_call = move |of: &&Operation| {
        let is_row = matches!(address(of.key), Address::Row { .. } | Address::Copy { .. });
        run.tables.is_none() || of.kind.writes() || (of.kind == OperationKind::Read && !is_row)
    };
    let measured = run.history.operations.iter().filter(move |of| is_measured(run, of.invoked));
    measured.filter(is_call).map(move |of| {
        let mut cost = prices.of(run, of);
        if of.kind == OperationKind::Scan && of.outcome == Outcome::Ok {
            cost.bytes = of.value as f64 * prices.value_bytes(run, of.key, of.process);
        }
        (of.kind, Asked { key: of.key, at: of.invoked, cost })
    })
}

fn steps<'a>(run: &'a Run, prices: &'a Prices) -> impl Iterator<Item = Asked> + use<'a> {
    let transactions = run.history.transactions.iter().filter(move |of| is_measured(run, of.invoked));
    transactions.flat_map(move |of| {
        let keys = run.history.steps(of).iter().map(MicroOperation::key);
        let asked = move |key| {
            let bytes = prices.value_bytes(run, key, of.process);
            Asked { key, at: of.invoked, cost: Cost { bytes, cpu_ns: prices.step_ns } }
        };
        keys.collect::<BTreeSet<u64>>().into_iter().map(asked)
    })
}

/// Queries that name one thing, each with what all shards together did for it.
fn named_queries<'a>(run: &'a Run, prices: &'a Prices) -> impl Iterator<Item = Asked> + use<'a> {
    let reads = queries(run).filter(|query| query.reads_rows && !query.has_parts);
    reads.filter_map(move |query| {
        let key = run.tables.as_ref()?.schema.named(&query.matching, query.first_row)?;
        let cost = query.parts.iter().map(|part| prices.of_part(part)).fold(Cost::default(), Cost::plus);
        Some(Asked { key, at: query.invoked, cost })
    })
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, cpu_ns: self.cpu_ns + other.cpu_ns }
    }
}
