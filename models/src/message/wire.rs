//! What messages are on the wire: their kinds, which choose the service time and the counter, and their sizes.

use shardlab_sim::Payload;

use super::{
    Action, Chunk, Command, CommitMessage, ControlMessage, CopyMessage, Entries, Entry, LogMessage, Message,
    MoveCommand, MoveMessage, MoveStep, QueryMessage, Request, SiblingMessage, VersionMessage, Wanted,
};
use crate::conflict::Context;
use crate::replication::RANGES;

/// The kinds of message: rows of the service-time table and of the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Kind {
    /// A point read.
    Read,
    /// A write.
    Write,
    /// A scan.
    Scan,
    /// An answer to a client.
    Response,
    /// Log entries for a backup, or versions for another copy.
    Append,
    /// Other messages between copies.
    Replication,
    /// To and from the control plane.
    Control,
    /// A client's transaction, or its result.
    Transaction,
    /// Two-phase commit: prepare.
    Prepare,
    /// Two-phase commit: vote.
    Vote,
    /// Two-phase commit: decision.
    Decide,
    /// Two-phase commit: acknowledgement of a decision.
    Decided,
    /// Two-phase commit: an inquiry, or word that someone else is primary.
    Inquire,
    /// Rows on the move: read at the source, imported at the destination and its backups.
    Copy,
    /// A question to a directory, or its answer.
    Lookup,
    /// A query over a table.
    Query,
    /// One window of read-ahead of a query that reads much.
    Window,
    /// To or from a cache node.
    Cache,
}

/// A message's headers on the wire: Ethernet, IP and TCP without options, 54 bytes, and 10 for framing.
const HEADER_BYTES: u64 = 64;

impl Payload for Message {
    type Observation = crate::node::Observation;

    const KINDS: &'static [&'static str] = &[
        "read",
        "write",
        "scan",
        "response",
        "append",
        "replication",
        "control",
        "transaction",
        "prepare",
        "vote",
        "decide",
        "decided",
        "inquire",
        "copy",
        "lookup",
        "query",
        "window",
        "cache",
    ];

    // Nearly all messages are one of two: they are told apart without a jump into a table.
    #[inline]
    fn kind(&self) -> usize {
        let kind = match self {
            Self::Request(Request { action: Action::Read, .. }) => Kind::Read,
            Self::Response(_) => Kind::Response,
            other => kind_of(other),
        };
        kind as usize
    }

    #[inline]
    fn bytes(&self) -> u64 {
        HEADER_BYTES
            + match self {
                Self::Request(Request { action: Action::Read, .. }) => 0,
                Self::Response(response) => u64::from(response.value_bytes),
                other => content_bytes(other),
            }
    }
}

fn kind_of(message: &Message) -> Kind {
    match message {
        Message::Request(request) => match request.action {
            Action::Read => Kind::Read,
            Action::Write | Action::SecondWrite(_) => Kind::Write,
            Action::Scan(_) => Kind::Scan,
        },
        Message::Response(_) => Kind::Response,
        Message::Log(_, LogMessage::Append { entries: Entries::One(entry), .. }) if imports(entry) => {
            Kind::Copy
        }
        Message::Log(_, LogMessage::Append { entries: Entries::One(_) | Entries::Many(_), .. }) => {
            Kind::Append
        }
        Message::Versions(_, VersionMessage::States(_)) => Kind::Append,
        Message::Log(..) | Message::Versions(..) => Kind::Replication,
        Message::Siblings(message) => match **message {
            SiblingMessage::Fetch { .. } => Kind::Read,
            SiblingMessage::Put { .. } => Kind::Write,
            SiblingMessage::Fetched { .. } => Kind::Response,
        },
        Message::Control(_) => Kind::Control,
        Message::Commit(message) => match message {
            CommitMessage::Begin(_) | CommitMessage::Done(_) => Kind::Transaction,
            CommitMessage::Prepare(_) => Kind::Prepare,
            CommitMessage::Vote { .. } => Kind::Vote,
            CommitMessage::Decide { .. } => Kind::Decide,
            CommitMessage::Decided { .. } => Kind::Decided,
            CommitMessage::Inquire { .. } | CommitMessage::NotPrimary { .. } => Kind::Inquire,
        },
        Message::Move(MoveMessage::Import(command)) if is_by_reference(&command.step) => Kind::Control,
        Message::Move(MoveMessage::Read { .. } | MoveMessage::Import(_) | MoveMessage::Compare(_)) => {
            Kind::Copy
        }
        Message::Lookup(_) => Kind::Lookup,
        Message::Copy(CopyMessage::Read { .. } | CopyMessage::Chunk { .. }) => Kind::Copy,
        Message::Move(_) | Message::Copy(_) => Kind::Control,
        Message::Query(message) => match **message {
            QueryMessage::Ask(_) => Kind::Query,
            QueryMessage::Read { .. } => Kind::Window,
            QueryMessage::Answer(_) => Kind::Response,
        },
        Message::Cache(_) => Kind::Cache,
    }
}

fn content_bytes(message: &Message) -> u64 {
    match message {
        Message::Request(Request { action: Action::Write | Action::SecondWrite(_), value_bytes, .. }) => {
            u64::from(*value_bytes)
        }
        Message::Response(response) => u64::from(response.value_bytes),
        Message::Log(_, LogMessage::Append { entries, .. }) => match entries {
            Entries::None => 0,
            Entries::One(entry) => entry_bytes(entry),
            Entries::Many(entries) => entries.iter().map(entry_bytes).sum(),
        },
        Message::Versions(_, message) => version_bytes(message),
        Message::Siblings(message) => sibling_bytes(message),
        Message::Control(ControlMessage::Loads(loads)) => LOAD_BYTES * loads.len() as u64,
        Message::Control(ControlMessage::Map(map)) => 32 * map.shards.len() as u64,
        Message::Commit(CommitMessage::Begin(request)) => {
            let steps: usize = request.steps.iter().map(|(_, steps)| steps.len()).sum();
            steps as u64 * u64::from(request.value_bytes)
        }
        Message::Commit(CommitMessage::Prepare(prepare)) => {
            prepare.steps.len() as u64 * u64::from(prepare.value_bytes)
        }
        Message::Move(MoveMessage::Import(command)) => step_bytes(command),
        Message::Move(MoveMessage::Compare(comparison)) => 2 * WORD_BYTES * comparison.rows.len() as u64,
        Message::Move(MoveMessage::Compared { differing, .. }) => WORD_BYTES * differing.len() as u64,
        // A group, and a key of it or its shard.
        Message::Lookup(_) => 2 * WORD_BYTES,
        Message::Copy(CopyMessage::Chunk { bytes, .. }) => *bytes,
        Message::Query(message) => query_bytes(message),
        Message::Cache(message) => message.bytes(),
        _ => 0,
    }
}

/// A shard, who leads, and three counts.
const LOAD_BYTES: u64 = 20;

/// Keys, digests and sets of ranges are words.
const WORD_BYTES: u64 = 8;

/// A bound is a column and two words, a key a word.
fn query_bytes(message: &QueryMessage) -> u64 {
    match message {
        QueryMessage::Ask(request) => match &request.wanted {
            Wanted::Matching(matching) => 3 * WORD_BYTES * matching.bounds.len() as u64,
            Wanted::Keys(keys) => WORD_BYTES * keys.len() as u64,
        },
        QueryMessage::Read { .. } => 0,
        QueryMessage::Answer(answer) => answer.bytes,
    }
}

fn version_bytes(message: &VersionMessage) -> u64 {
    match message {
        VersionMessage::States(states) => states.iter().map(|shipped| shipped.bytes).sum(),
        VersionMessage::Root(_) | VersionMessage::Want(_) => WORD_BYTES,
        VersionMessage::Ranges(_) => WORD_BYTES * RANGES as u64,
    }
}

fn sibling_bytes(message: &SiblingMessage) -> u64 {
    match message {
        SiblingMessage::Fetch { .. } => WORD_BYTES,
        SiblingMessage::Fetched { context, value_bytes, .. } => context_bytes(context) + value_bytes,
        SiblingMessage::Put { context, value_bytes, .. } => context_bytes(context) + u64::from(*value_bytes),
    }
}

/// Which siblings were merged is in the value itself.
fn context_bytes(context: &Context) -> u64 {
    context.seen.bytes()
}

fn imports(entry: &Entry) -> bool {
    matches!(&entry.command, Command::Move(command)
        if command.step.chunk().is_some() && !is_by_reference(&command.step))
}

/// Rows that lie where they are to be: they weigh nothing.
fn is_by_reference(step: &MoveStep) -> bool {
    step.chunk().is_some_and(Chunk::is_by_reference)
}

/// A session is two numbers of four bytes.
fn step_bytes(command: &MoveCommand) -> u64 {
    let chunk_bytes = |chunk: &Chunk| chunk.bytes + 8 * chunk.sessions.len() as u64;
    16 + match &command.step {
        MoveStep::Import(chunk) | MoveStep::Repair(chunk) => chunk_bytes(chunk),
        MoveStep::Second { row, .. } => u64::from(row.value_bytes),
        _ => 0,
    }
}

fn entry_bytes(entry: &Entry) -> u64 {
    match &entry.command {
        Command::Write { value_bytes, .. } => u64::from(*value_bytes),
        Command::Prepare(prepare) => prepare.steps.len() as u64 * u64::from(prepare.value_bytes),
        Command::Move(command) => step_bytes(command),
        Command::Barrier | Command::Decide { .. } | Command::Expire(_) => 16,
    }
}
