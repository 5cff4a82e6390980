//! Moves of keys between shards.

use shardlab_models::shard_map::ShardId;
use shardlab_models::world::{MoveCosts, Run};
use shardlab_sim::Time;

use crate::metrics::{milliseconds, seconds};
use crate::tables::MoveRow;

/// Every move, in the order in which they began.
pub(crate) fn moves(run: &Run) -> Vec<MoveRow> {
    run.rebalancing.moves.iter().map(|of| row(run, of)).collect()
}

fn row(run: &Run, of: &MoveCosts) -> MoveRow {
    MoveRow {
        command: of.command,
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
        bytes: of.bytes,
        attempts: of.unsealed + u32::from(of.sealed.is_some()),
        refused_ms: milliseconds(of.refused),
        compared: of.compared,
        differing: of.differing,
    }
}

/// From the last seal until the destination served the keys: who asked in between was refused.
pub(crate) fn sealed_for(of: &MoveCosts) -> Option<Time> {
    of.sealed.zip(of.owned).map(|(sealed, owned)| owned.saturating_sub(sealed))
}

fn primary(run: &Run, shard: ShardId) -> String {
    let primary = run.primaries.get(shard.index()).copied().flatten();
    primary.map_or_else(String::new, |node| run.layout.names[node.index()].clone())
}
