//! What clients and servers say to each other about queries over tables.

use shardlab_sim::NodeId;

use super::OperationId;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::tables::Matching;

/// Messages of queries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueryMessage {
    /// Client → server.
    Ask(QueryRequest),
    /// A server to itself: so much is yet to be read before the client has its answer.
    Read {
        /// The answer.
        answer: QueryAnswer,
        /// Whose.
        client: NodeId,
        /// How many windows of the disk's read-ahead are left.
        windows: u32,
    },
    /// Server → client.
    Answer(QueryAnswer),
}

/// A query of one shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryRequest {
    /// The client's operation.
    pub operation: OperationId,
    /// Which of its rounds of requests.
    pub round: u8,
    /// The shard.
    pub shard: ShardId,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// What all rows that are meant have in common, as a key that lives with them; `None` if they may be anywhere.
    pub pinned: Option<u64>,
    /// How many plans the client's map knows to be over.
    pub finished: u32,
    /// Size of what is returned of each row; zero to count them.
    pub row_bytes: u32,
    /// Size of what is read of each row.
    pub read_bytes: u32,
}

/// Which rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Those that match.
    Matching(Matching),
    /// Those with these keys.
    Keys(Vec<u64>),
}

/// What one shard answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryAnswer {
    /// To which operation.
    pub operation: OperationId,
    /// To which of its rounds.
    pub round: u8,
    /// The shard.
    pub shard: ShardId,
    /// The rows that matched, as far as they were wanted, newest first.
    pub rows: Vec<u64>,
    /// How many there are.
    pub count: u64,
    /// What the last write of the newest row left; zero if it was never written.
    pub value: u64,
    /// Size of what is returned.
    pub bytes: u64,
    /// Windows of the disk's read-ahead that it took to read.
    pub windows: u32,
    /// How many plans the client's map knew to be over.
    pub finished: u32,
    /// The plan that the shard knows and the client may not, with the moves of it that it takes part in, and whether it
    /// serves their keys.
    pub moves: Option<(u32, Vec<(Pair, bool)>)>,
}
