//! Moves of keys between shards, of copies between servers, and of offices.

use shardlab_models::node::Cause;
use shardlab_models::rebalancing::MembershipChange;
use shardlab_models::shard_map::ShardId;
use shardlab_models::world::{HandOver, MoveCosts, RelocationCosts, Run};
use shardlab_sim::{NodeId, Time};

use crate::metrics::{milliseconds, seconds};
use crate::tables::{MoveKind, MoveRow};

/// Every move, in the order in which they began.
pub(crate) fn moves(run: &Run) -> Vec<MoveRow> {
    let costs = &run.rebalancing;
    let keys = costs.moves.iter().map(|of| row(run, of));
    let copies = costs.relocations.iter().map(|of| copy(run, of));
    let offices = costs.hand_overs.iter().map(|of| office(run, of));
    let mut rows: Vec<MoveRow> = keys.chain(copies).chain(offices).collect();
    rows.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    rows
}

fn row(run: &Run, of: &MoveCosts) -> MoveRow {
    MoveRow {
        kind: kind(run, of),
        command: Some(of.command),
        source_shard: of.source.0,
        target_shard: of.target.0,
        from: primary(run, of.source),
        to: primary(run, of.target),
        start_s: seconds(of.began),
        copied_s: of.copied.map(seconds),
        sealed_s: of.sealed.map(seconds),
        served_s: of.owned.map(seconds),
        end_s: of.published.map(seconds),
        sealed_ms: sealed_for(of).map(milliseconds),
        keys: of.keys,
        written_rows: Some(of.written),
        first_key: of.span.map(|span| span.0),
        last_key: of.span.map(|span| span.1),
        bytes: of.bytes,
        attempts: of.unsealed + u32::from(of.sealed.is_some()),
        refused_ms: milliseconds(of.refused),
        compared: of.compared,
        differing: of.differing,
        by_reference: of.by_reference,
    }
}

/// Why keys move.
fn kind(run: &Run, of: &MoveCosts) -> MoveKind {
    let plan = run.rebalancing.commands.get(of.command as usize);
    match plan.map(|plan| (plan.cause, plan.change)) {
        Some((Cause::Split { .. }, _) | (_, Some(MembershipChange::Split { .. }))) => MoveKind::Split,
        Some((Cause::Merge { .. }, _)) => MoveKind::Merge,
        Some((Cause::Partitions(_), _)) => MoveKind::Partition,
        Some((_, Some(MembershipChange::Isolate { .. }))) => MoveKind::Isolation,
        _ => MoveKind::Keys,
    }
}

fn copy(run: &Run, of: &RelocationCosts) -> MoveRow {
    MoveRow {
        kind: MoveKind::Copy,
        command: of.command,
        source_shard: of.shard.0,
        target_shard: of.shard.0,
        from: of.from.map(|node| name(run, node)).unwrap_or_default(),
        to: name(run, of.to),
        start_s: seconds(of.began),
        copied_s: of.copied.map(seconds),
        sealed_s: None,
        served_s: of.joined.map(seconds),
        end_s: of.left.or(of.given_up).map(seconds),
        sealed_ms: of.joined.map(|_| milliseconds(of.stopped)),
        keys: of.rows,
        written_rows: None,
        first_key: None,
        last_key: None,
        bytes: of.bytes,
        attempts: u32::from(of.given_up.is_none()),
        refused_ms: milliseconds(of.stopped),
        compared: 0,
        differing: 0,
        by_reference: false,
    }
}

fn office(run: &Run, of: &HandOver) -> MoveRow {
    let began = of.at.saturating_sub(of.stopped);
    MoveRow {
        kind: MoveKind::Office,
        command: None,
        source_shard: of.shard.0,
        target_shard: of.shard.0,
        from: name(run, of.from),
        to: name(run, of.to),
        start_s: seconds(began),
        copied_s: None,
        sealed_s: Some(seconds(began)),
        served_s: Some(seconds(of.at)),
        end_s: Some(seconds(of.at)),
        sealed_ms: Some(milliseconds(of.stopped)),
        keys: 0,
        written_rows: None,
        first_key: None,
        last_key: None,
        bytes: 0,
        attempts: 1,
        refused_ms: milliseconds(of.stopped),
        compared: 0,
        differing: 0,
        by_reference: false,
    }
}

/// From the last seal until the destination served the keys: who asked in between was refused.
pub(crate) fn sealed_for(of: &MoveCosts) -> Option<Time> {
    of.sealed.zip(of.owned).map(|(sealed, owned)| owned.saturating_sub(sealed))
}

fn primary(run: &Run, shard: ShardId) -> String {
    let primary = run.primaries.get(shard.index()).copied().flatten();
    primary.map_or_else(String::new, |node| name(run, node))
}

fn name(run: &Run, node: NodeId) -> String {
    run.layout.names[node.index()].clone()
}
