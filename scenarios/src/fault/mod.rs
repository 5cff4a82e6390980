//! `[[fault]]`: what goes wrong, when, and for how long, in Jepsen's words.
//!
//! The file names servers, roles and splits; [`convert`] turns them into the kernel's faults once the cluster's
//! layout is known. What is left to chance (which servers make the minority) is drawn from the seed's own stream.

mod convert;
mod cut;
mod find;
mod partition;
mod split;
mod target;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_models::config::Membership;
use shardlab_models::rebalancing::MembershipChange;
use shardlab_sim::{Duration, Share};

pub use convert::{FaultProblem, convert};
pub use partition::{CutDirection, MessagesInFlight, Partition, Side, Split};
pub use target::TargetSpec;

/// The protocol steps that a fault can be hung on, and what each is.
pub const MARKS: &[(&str, &str)] = &[
    (
        "write.logged",
        "a primary has appended a client's write to its log, or a copy has taken one, and not yet synced it",
    ),
    ("write.acked", "a primary, or a copy that takes writes, has told a client that its write is done"),
    ("versions.merged", "a copy has merged versions that another sent"),
    ("exchange.begun", "a copy has sent another the digest of what it has"),
    ("fence.promised", "a copy has promised a new epoch to the control plane"),
    ("failover.appointed", "the control plane has given a shard another primary"),
    ("membership.taken", "the control plane has written down a command of the operator"),
    ("move.snapshot", "a source has begun a move: from here on it notes what changes"),
    ("move.catch-up", "a destination has all loaded keys of a move, and what changed since follows"),
    ("move.sealed", "a source refuses operations on the keys of a move"),
    ("move.cut-over", "a source has sent the last of a move"),
    ("move.given", "a source has given the keys of a move away: the point of no return"),
    ("move.owned", "a destination serves the keys of a move"),
    ("move.published", "the control plane has written down that a move is done, and tells everyone"),
    ("move.done", "a source has dropped the rows of a move"),
    ("move.unsealed", "a source serves the keys of a move again, because its cut-over took too long"),
    ("move.second-write", "a client's write is done at a key's old owner, and on its way to the new one"),
    ("move.second-written", "a new owner has acknowledged a client's second write"),
    ("move.verify", "a destination has all rows that dual writes need copied, and they begin to be compared"),
    ("move.repaired", "a source has sent rows that were compared and differed"),
    (
        "relocate.begun",
        "the control plane has written down that a copy of a shard is to come to another server",
    ),
    ("relocate.snapshot", "a primary has sent the first piece of a snapshot to a copy that is to come"),
    ("relocate.catch-up", "a copy that is to come has the snapshot, and the log follows"),
    ("relocate.caught-up", "the control plane hears that a copy that is to come has nearly all of the log"),
    ("relocate.joined", "the control plane has let a copy that has come count"),
    ("relocate.cut-over", "the control plane begins the change of epoch in which the old copy leaves"),
    (
        "relocate.left",
        "the control plane has told the old copy that it counts no more: the relocation is done",
    ),
    ("relocate.given-up", "the control plane has given up a copy that was to come"),
    (
        "balancer.handed-over",
        "the control plane has let another copy of a shard lead it, to even out the load",
    ),
    ("split.begun", "the control plane has begun to split a shard"),
    ("split.impossible", "the control plane has found a shard too busy, and no place to split it at"),
    (
        "separate.begun",
        "the control plane has begun to give a tenant, or the upper part of a range, a shard of its own",
    ),
    ("merge.begun", "the control plane has begun to merge two shards"),
    ("partitions.begun", "the control plane has begun to create partitions by time"),
    ("partitions.expired", "the control plane has given up partitions that are too old"),
    ("partition.expiring", "a primary has logged that its partition is given up"),
    ("partition.expired", "a partition serves nobody any more, by its shard's log"),
    ("2pc.voted", "a participant has sent its yes vote"),
    ("2pc.prepared", "a coordinator has all votes in"),
    ("2pc.decided", "a coordinator has decided and its record is on its way to the disk"),
    ("2pc.applied", "a participant has applied a decision"),
    ("cache.set", "a cache node has been told what a reader found in the database"),
    ("cache.deleted", "a cache node has been told that a key was written"),
];

/// One `[[fault]]`: exactly one of `at` and `when`, and exactly one of the things that can go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultSpec {
    /// Its name in receipts, pictures and dotted paths; what it does and its number if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Strikes at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
    /// Strikes when a protocol reaches this step after warm-up: `2pc.prepared`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// With `when`: which occurrence of the step after warm-up, from one; the first if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How long until it heals; until the load ends if left out.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// Cut the network: a split by its name (`"majority"`), a list of servers (`["server 1"]` cuts off that one), lists
    /// that are cut off from each other, or a table with options (`{ split = …, clients = "rest" }`).
    #[serde(
        default,
        deserialize_with = "partition::short_or_table",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<partition::SplitOrPartition>")]
    pub partition: Option<Partition>,
    /// Cut the links between some nodes and some others; everybody else hears them as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Stop processes, and start them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash: Option<Crash>,
    /// Freeze processes; what arrives waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Make processors and disks slower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// Make links lossy or slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// Make clocks jump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Add or remove servers: an operator's command to the control plane, at a fixed time. `{ add = 1 }` brings in a
    /// server that stood by; `{ remove = "server 3" }` empties one; `{ lose =
    /// "server 3" }` is the loss of one for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<MembershipSpec>,
    /// Move a tenant out: its rows get a shard to themselves, on another server, while they are served. An operator's
    /// command at a fixed time: `{ tenant = 0 }`, `{ tenant = 0, server = "server 7" }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolate: Option<Isolate>,
    /// Cut a range of keys, of the strategies that have ranges: from the key on, rows are another shard's, on the same
    /// servers. An operator's command at a fixed time: `{ key = 50_000 }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitRange>,
}

/// A tenant that is moved out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Isolate {
    /// Which, by number.
    pub tenant: u64,
    /// Where its shard is led: `"server 7"`; by the server that bears least, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<TargetSpec>,
}

/// Where a range is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SplitRange {
    /// The first key of the new shard; where keys are hashed, the place of its hash.
    pub key: u64,
}

/// Servers come or go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MembershipSpec {
    /// So many more, numbered on from the last.
    Add(u32),
    /// This one hands everything over and is empty then: `"server 3"`.
    Remove(TargetSpec),
    /// This one is gone for ever, without handing anything over: its machine stops and never comes back, and the operator
    /// says so.
    Lose(TargetSpec),
    /// This one is to bear more or less than others: `{ server = "server 1", weight = 2.0 }`.
    Reweight(Reweight),
}

/// How much a server is to bear from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reweight {
    /// Which: `"server 1"`.
    pub server: TargetSpec,
    /// As a multiple of what a server usually bears; with 0 it is emptied, and stays. Where each server has the shard of its
    /// number this is the shard's weight in `sharding.strategy`, a whole number; one that has none there weighs 1.
    pub weight: f64,
}

impl Reweight {
    /// The weight in thousandths, if it is one.
    #[must_use]
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "the bounds are checked")]
    pub fn thousandths(&self) -> Option<u32> {
        (0.0..=1_000.0).contains(&self.weight).then(|| (self.weight * 1_000.0).round() as u32)
    }
}

/// Cut the links between some nodes and some others: a partial partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cut {
    /// These: `["server 0", "clients"]`. Nodes that are known before the run, so no roles.
    pub from: Vec<TargetSpec>,
    /// And these.
    pub to: Vec<TargetSpec>,
    /// Which way messages are lost: `outbound` is from `from` to `to`, `inbound` the other way.
    #[serde(default)]
    pub direction: CutDirection,
    /// What happens to messages on their way when the cut comes, and to those sent into it.
    #[serde(default)]
    pub in_flight: MessagesInFlight,
}

/// Stop processes: inboxes, timers and memory are gone, and writes that no sync has carried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Crash {
    /// Whom.
    pub target: TargetSpec,
    /// How long they stay down (the same as the fault's `for`); until the load ends if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Duration>,
    /// The process dies, but the machine keeps its power: writes on their way to the disk arrive.
    #[serde(default)]
    pub keep_unsynced: bool,
}

/// Freeze processes: nothing is handled until the fault heals; messages and timers wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pause {
    /// Whom.
    pub target: TargetSpec,
}

/// Make processors and disks slower.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Slow {
    /// Whom.
    pub target: TargetSpec,
    /// How many times slower: 10 makes a millisecond ten; at least 1, and kept to thousandths.
    pub factor: f64,
}

/// Make every link from and to the target lossy or slow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Links {
    /// Whose links.
    pub target: TargetSpec,
    /// Added chance of losing a message; a stream sends it again.
    #[serde(default = "no_share")]
    pub loss: Share,
    /// Added chance of delivering a message twice.
    #[serde(default = "no_share")]
    pub duplicate: Share,
    /// Added one-way latency.
    #[serde(default)]
    pub delay: Duration,
}

/// Make clocks jump; healing moves them back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Clock {
    /// Whose.
    pub target: TargetSpec,
    /// How far.
    pub jump: Duration,
    /// Back instead of forward.
    #[serde(default)]
    pub backward: bool,
}

fn no_share() -> Share {
    Share::ZERO
}

impl FaultSpec {
    /// The things that can go wrong and are set, by the file's word.
    #[must_use]
    pub fn actions(&self) -> Vec<&'static str> {
        let set = [
            ("partition", self.partition.is_some()),
            ("cut", self.cut.is_some()),
            ("crash", self.crash.is_some()),
            ("pause", self.pause.is_some()),
            ("slow", self.slow.is_some()),
            ("links", self.links.is_some()),
            ("clock", self.clock.is_some()),
            ("membership", self.membership.is_some()),
            ("isolate", self.isolate.is_some()),
            ("split", self.split.is_some()),
        ];
        set.into_iter().filter(|(_, set)| *set).map(|(word, _)| word).collect()
    }

    /// Its name, or one made of what it does and its number in the file.
    #[must_use]
    pub fn label(&self, index: usize) -> String {
        let action = self.actions().first().copied().unwrap_or("fault");
        self.name.clone().unwrap_or_else(|| format!("{action} {}", index + 1))
    }

    /// The operator's command that it is, if it is one and makes sense as far as it goes.
    #[must_use]
    pub fn command(&self, index: usize) -> Option<Membership> {
        let change = match (&self.membership, &self.isolate, self.split) {
            (Some(membership), _, _) => membership.change()?,
            (_, Some(isolate), _) => isolate.change()?,
            (_, _, Some(SplitRange { key })) => MembershipChange::Split { key },
            (None, None, None) => return None,
        };
        Some(Membership { name: self.label(index), fault: index, at: self.at?, change })
    }
}

impl MembershipSpec {
    fn change(&self) -> Option<MembershipChange> {
        Some(match self {
            Self::Add(servers) => MembershipChange::Add(*servers),
            Self::Remove(server) => MembershipChange::Remove(server.server()?),
            Self::Lose(server) => MembershipChange::Lose(server.server()?),
            Self::Reweight(of) => {
                MembershipChange::Reweight { server: of.server.server()?, thousandths: of.thousandths()? }
            }
        })
    }
}

impl Isolate {
    fn change(&self) -> Option<MembershipChange> {
        let to = match &self.server {
            Some(server) => Some(server.server()?),
            None => None,
        };
        Some(MembershipChange::Isolate { tenant: self.tenant, to })
    }
}
