//! A replica that keeps a log: the entries, what is durable, what is promised, and the part it plays.
//!
//! Primary–backup with epochs: a primary appointed by the control plane orders commands; an epoch begins with a fence
//! on a majority and the log with the highest (last epoch, length) (Oki & Liskov 1988; the log rules are those of
//! Ongaro & Ousterhout, *In search of an understandable consensus algorithm*, ATC 2014, §5.3–5.4).
//!
//! Safety claim: two replicas that have applied an entry at an index have applied the same one, as long as `ack` is
//! `quorum` or `all`. With `async` the primary alone commits, and what it has not shipped is lost with it.
//! Left out: log truncation; a copy that comes back is brought up to date from the log, one that is new by a snapshot of
//! the rows that were loaded (`server::snapshots`) and then the log.

use std::collections::VecDeque;

use shardlab_sim::{NodeId, Time};

use super::{Ack, Effective, Port, Refused, Replica};
use crate::config::{Bug, Bugs};
use crate::message::{ChunkId, Command, Entry, LogMessage, Position};
use crate::shard_map::{Assignment, Epoch, FIRST_EPOCH};

/// How a replica is configured, and what is broken about it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server that it is on.
    pub me: NodeId,
    /// How many copies must have a write before it counts.
    pub ack: Ack,
    /// After how many ticks without progress what is under way counts as lost; more than the longest round trip.
    pub resend_after_ticks: u32,
    /// What is broken.
    pub bugs: Bugs,
}

/// What waits for a replica's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The log is durable up to this entry, if that is still the entry there.
    Logged(Position),
    /// The promise is durable.
    Promised(Epoch),
    /// The same, and the control plane, which asked for it, wants to know.
    Fenced(Epoch),
    /// A piece of a snapshot is durable; the server knows what that is for.
    Staged(Piece),
}

/// A snapshot up to one of its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it ends, in bytes from the snapshot's beginning.
    pub end: u64,
    /// Which message brought it.
    pub id: ChunkId,
    /// Whose that was.
    pub from: NodeId,
}

/// Entries, numbered from one.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// The index of the last entry; zero if there is none.
    #[must_use]
    pub fn last_index(&self) -> u32 {
        u32::try_from(self.entries.len()).expect("a log holds less than 2³² entries")
    }

    /// Where the log ends.
    #[must_use]
    pub fn last(&self) -> Position {
        self.position(self.last_index()).expect("the last entry is in the log")
    }

    /// The place of `index`, with the epoch of the entry there; `None` beyond the end.
    #[must_use]
    pub fn position(&self, index: u32) -> Option<Position> {
        if index == 0 {
            return Some(Position::default());
        }
        self.get(index).map(|entry| Position { epoch: entry.epoch, index })
    }

    /// The entry at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&Entry> {
        self.entries.get((index as usize).checked_sub(1)?)
    }

    /// The entries after `index`, at most `limit`.
    #[must_use]
    pub fn after(&self, index: u32, limit: usize) -> &[Entry] {
        let rest = &self.entries[index as usize..];
        &rest[..rest.len().min(limit)]
    }

    /// Up to `index`, in order.
    pub fn up_to(&self, index: u32) -> impl Iterator<Item = &Entry> {
        self.entries[..index as usize].iter()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(super) fn truncate(&mut self, length: u32) {
        self.entries.truncate(length as usize);
    }
}

/// What a primary knows of another copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The copy.
    pub node: NodeId,
    /// Whether its acknowledgements count in this epoch.
    pub member: bool,
    /// Its log equals ours, on its disk, up to here.
    pub durable: u32,
    /// We have sent up to here.
    pub sent: u32,
    /// It knows that the log is committed up to here.
    pub committed: u32,
    /// `durable` at the last tick.
    pub durable_at_tick: u32,
    /// For how many ticks it has not moved although something was under way.
    pub ticks_without_progress: u32,
    /// One entry under way whose delay is being measured: index and when it was sent.
    pub timed: Option<(u32, Time)>,
}

/// The part that a replica plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Follows whoever holds the highest epoch; `verified` is how far its log is known to equal that primary's.
    Backup {
        /// The primary, if known.
        primary: Option<NodeId>,
        /// That primary's epoch: the one promised, unless fencing is broken.
        reign: Epoch,
        /// Equal up to here.
        verified: u32,
    },
    /// Orders commands.
    Primary {
        /// The other copies.
        others: Vec<Progress>,
        /// The first entry of the reign: before it is committed nobody may read here.
        barrier: u32,
    },
}

/// One copy of one shard that keeps a log.
#[derive(Clone, Debug)]
pub struct LogReplica {
    // Durable.
    pub(super) log: Log,
    pub(super) durable: u32,
    promised_durable: Epoch,
    // Volatile.
    pub(super) promised: Epoch,
    pub(super) standing: Standing,
    pub(super) committed: u32,
    pub(super) applied: u32,
    pub(super) rewind: bool,
    pub(super) lazy: VecDeque<u32>,
    // Epochs up to here were held, if at all, before a crash that may have cost their last entries: this copy must not
    // lead them again.
    barred_through: Epoch,
    /// Measured delays from an entry's sending to its durability on another copy, in ns.
    pub lag_ns: Vec<Time>,
    // Configuration.
    pub(super) settings: Settings,
}

impl LogReplica {
    /// A copy at the beginning of time: the assignment's epoch is in force and known to all.
    #[must_use]
    pub fn new(settings: Settings, assignment: &Assignment) -> Self {
        let mut replica = Self {
            log: Log::default(),
            durable: 0,
            promised_durable: assignment.epoch,
            promised: assignment.epoch,
            standing: Standing::Backup { primary: assignment.primary, reign: assignment.epoch, verified: 0 },
            committed: 0,
            applied: 0,
            rewind: false,
            lazy: VecDeque::new(),
            barred_through: Epoch(0),
            lag_ns: Vec::new(),
            settings,
        };
        if assignment.primary == Some(replica.settings.me) {
            replica.standing = Standing::Primary { others: replica.progress(assignment), barrier: 0 };
        }
        replica
    }

    /// A copy that is new on its server: at the shard's beginning like any other, later one that knows nothing yet.
    #[must_use]
    pub fn joining(settings: Settings, assignment: &Assignment) -> Self {
        if assignment.epoch == FIRST_EPOCH {
            return Self::new(settings, assignment);
        }
        let unknown = Assignment { epoch: Epoch(0), primary: None, members: Vec::new(), copies: Vec::new() };
        Self::new(settings, &unknown)
    }

    /// Whether it has ordered commands that have not been applied yet.
    #[must_use]
    pub fn has_unapplied(&self) -> bool {
        self.applied < self.log.last_index()
    }

    pub(super) fn no_fencing(&self) -> bool {
        self.settings.bugs.contains(Bug::NoFencing)
    }

    /// The epoch that it follows or holds.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.promised
    }

    /// Whether it orders commands.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        matches!(self.standing, Standing::Primary { .. })
    }

    /// Whom it takes for the primary.
    #[must_use]
    pub fn primary(&self) -> Option<NodeId> {
        match &self.standing {
            Standing::Primary { .. } => Some(self.settings.me),
            Standing::Backup { primary, .. } => *primary,
        }
    }

    /// Whether it is primary and has applied all that earlier epochs left: what it holds is what was acknowledged.
    #[must_use]
    pub fn may_answer(&self) -> bool {
        matches!(&self.standing, Standing::Primary { barrier, .. } if self.applied >= *barrier)
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// How far its state machine has been fed.
    #[must_use]
    pub fn applied(&self) -> u32 {
        self.applied
    }

    /// Takes an appointment by the control plane: a new epoch, with this copy as primary or not. It does not lead an
    /// epoch that it may have led before a crash.
    pub fn appoint(&mut self, assignment: &Assignment, port: &mut LogPort<'_, '_>) {
        let mine = assignment.primary == Some(self.settings.me);
        let stands = self.is_primary() || (!mine && self.primary().is_some());
        let known = self.promised == assignment.epoch && stands;
        let barred = mine && assignment.epoch <= self.barred_through;
        if assignment.epoch < self.promised || known || barred {
            return;
        }
        self.promise(assignment.epoch, assignment.primary, port);
        if mine {
            self.take_office(assignment, port);
        } else if let Some(primary) = assignment.primary {
            // A backup that has restarted knows nothing of what is committed, and says so.
            let hello = LogMessage::Appended { epoch: assignment.epoch, durable: 0, committed: 0 };
            port.send(primary, hello);
        }
    }

    /// Promises `epoch`: nothing older is heard from now on. Answers when that is on disk.
    pub fn fence(&mut self, epoch: Epoch, port: &mut LogPort<'_, '_>) {
        if epoch > self.promised {
            self.promised = epoch;
            if !self.no_fencing() {
                self.standing = Standing::Backup { primary: None, reign: self.promised, verified: 0 };
            }
        }
        // A repeated fence is promised again: the first answer may have been lost.
        if epoch == self.promised {
            port.force(Then::Fenced(epoch));
        }
    }

    /// Follows a newer epoch from now on.
    pub(super) fn promise(&mut self, epoch: Epoch, primary: Option<NodeId>, port: &mut LogPort<'_, '_>) {
        if epoch > self.promised {
            self.promised = epoch;
            port.force(Then::Promised(epoch));
        }
        self.standing = Standing::Backup { primary, reign: self.promised, verified: 0 };
    }

    /// How far entries may be applied: state never runs ahead of the commit or of the disk.
    ///
    /// One exception: on the only copy, an abort that was written without being forced counts at once, where nobody
    /// waits for what it releases. Should a crash undo it, the transaction is in doubt again and the presumption is
    /// abort (Mohan et al. 1986, §3).
    fn applicable(&mut self) -> u32 {
        let mut limit = self.committed.min(self.durable);
        while self.lazy.front().is_some_and(|&index| index <= limit) {
            self.lazy.pop_front();
        }
        for &index in &self.lazy {
            if index > limit + 1 {
                break;
            }
            limit = index;
        }
        limit
    }

    /// Gives up entries from `index` on. What was applied of them must be undone.
    pub(super) fn truncate_from(&mut self, index: u32) {
        self.log.truncate(index - 1);
        self.durable = self.durable.min(index - 1);
        self.lazy.retain(|&lazy| lazy < index);
        if self.committed >= index {
            let may_lose = self.settings.ack == Ack::Async || !self.settings.bugs.is_empty();
            assert!(may_lose, "a committed entry is never given up");
            self.committed = index - 1;
        }
        if self.applied >= index {
            self.rewind = true;
        }
    }
}

/// The port of a log replica.
pub type LogPort<'a, 'b> = Port<'a, 'b, LogMessage, Then>;

impl Replica for LogReplica {
    type Command = Command;
    type Effective = Effective;
    type Message = LogMessage;
    type Then = Then;

    fn submit(&mut self, command: Command, port: &mut LogPort<'_, '_>) -> Result<(), Refused> {
        self.order(command, port)
    }

    fn receive(&mut self, from: NodeId, message: LogMessage, port: &mut LogPort<'_, '_>) {
        match message {
            LogMessage::Append { epoch, previous, committed, entries } => {
                self.append(from, epoch, previous, committed, entries, port);
            }
            LogMessage::Appended { epoch, durable, committed } if epoch == self.promised => {
                self.appended(from, durable, committed, port);
            }
            LogMessage::Mismatch { epoch, retry_after } if epoch == self.promised => {
                self.mismatch(from, retry_after, port);
            }
            LogMessage::Deposed { epoch } if epoch > self.promised && !self.no_fencing() => {
                self.promise(epoch, None, port);
            }
            // Answers to an epoch that is over, and rounds of reads, which the server keeps.
            _ => {}
        }
    }

    fn synced(&mut self, then: Then, port: &mut LogPort<'_, '_>) {
        match then {
            Then::Logged(position) => self.logged(position, port),
            Then::Promised(epoch) | Then::Fenced(epoch) => {
                self.promised_durable = self.promised_durable.max(epoch)
            }
            Then::Staged(_) => {}
        }
    }

    fn tick(&mut self, port: &mut LogPort<'_, '_>) {
        self.resend(port);
    }

    fn next_effective(&mut self) -> Option<Effective> {
        if std::mem::take(&mut self.rewind) {
            self.applied = 0;
            return Some(Effective::Rewind);
        }
        if self.applied >= self.applicable() {
            return None;
        }
        self.applied += 1;
        let entry = self.log.get(self.applied).expect("what is committed is in the log");
        let speak = self.is_primary() && entry.epoch == self.promised;
        Some(Effective::Apply { command: entry.command.clone(), speak })
    }

    fn crash(&mut self) {
        self.log.truncate(self.durable);
        self.promised = self.promised_durable;
        self.barred_through = self.promised;
        self.standing = Standing::Backup { primary: None, reign: self.promised, verified: 0 };
        self.committed = 0;
        self.applied = 0;
        self.rewind = false;
        self.lazy.clear();
    }
}
