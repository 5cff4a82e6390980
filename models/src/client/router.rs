//! Where requests go: the clients' own copy of the shard map, and what refusals have taught since.

use std::sync::Arc;

use shardlab_sim::{Context, NodeId, Random, Time};

use crate::cluster::round_trip;
use crate::config::Config;
use crate::message::{ControlMessage, Message};
use crate::rebalancing::Routing;
use crate::remedies::FollowerReads;
use crate::replication::{Mode, Reads, Replication};
use crate::shard_map::{Assignment, Epoch, ShardId, ShardMap};
use crate::sharding::{Partitioner, Shards};
use crate::world::Layout;

/// Routes by map.
#[derive(Clone, Debug)]
pub(super) struct Router {
    /// The map's, when nothing moves.
    partitioner: Arc<Partitioner>,
    is_moving: bool,
    layout: Arc<Layout>,
    home: NodeId,
    /// By region: the round trip from home, in ns.
    distances: Vec<Time>,
    access: Access,
    spread: FollowerReads,
    map: Arc<ShardMap>,
    /// By shard: whom the map or a newer hint names.
    primaries: Vec<Primary>,
    /// When the map was last asked for, while the answer is out.
    asked_map: Option<Time>,
}

/// Which copies take requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// The primary alone.
    Primary,
    /// The primary, and for reads any copy.
    ReadsAnywhere,
    /// Any copy.
    Anywhere,
}

impl From<&Replication> for Access {
    fn from(replication: &Replication) -> Self {
        match (&replication.mode, replication.reads) {
            (Mode::MultiMaster { .. }, _) => Self::Anywhere,
            (Mode::Primary { .. }, Reads::Local) => Self::ReadsAnywhere,
            (Mode::Primary { .. }, Reads::Lease | Reads::Quorum) => Self::Primary,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Primary {
    node: Option<NodeId>,
    epoch: Epoch,
}

impl From<&Assignment> for Primary {
    fn from(assignment: &Assignment) -> Self {
        Self { node: assignment.primary, epoch: assignment.epoch }
    }
}

/// How long a request for the map is given before another one may follow: a hundred milliseconds are longer than the
/// way to another continent and short against a failover. A map that has not changed is not sent, so that silence is
/// an answer too.
const MAP_REQUEST_INTERVAL: Time = 100_000_000;

impl Router {
    pub fn new(config: &Config, layout: &Arc<Layout>, home: NodeId, map: Arc<ShardMap>) -> Self {
        Self {
            partitioner: Arc::clone(&map.routing.from),
            is_moving: false,
            layout: Arc::clone(layout),
            home,
            distances: distances(config, layout.region[home.index()]),
            access: Access::from(&config.replication),
            spread: config.remedies.follower_reads,
            primaries: map.shards.iter().map(Primary::from).collect(),
            map,
            asked_map: None,
        }
    }

    #[inline]
    pub fn shard_of(&self, key: u64) -> ShardId {
        if self.is_moving { self.map.routing.shard_of(key) } else { self.partitioner.shard_of(key) }
    }

    /// The one shard that a scan from `key` on asks; `None` where it asks all.
    pub fn scanned(&self, key: u64) -> Option<ShardId> {
        self.partitioner.keeps_scans_together().then(|| self.shard_of(key))
    }

    /// The group of keys that `key` is looked up with.
    pub fn group_of(&self, key: u64) -> u64 {
        self.partitioner.group_of(key)
    }

    /// Where the clients are.
    pub const fn home(&self) -> NodeId {
        self.home
    }

    /// How many shards there are, those that no key lives in any more or yet included.
    pub fn shards(&self) -> u32 {
        self.map.shards.len() as u32
    }

    /// The map's word on which key lives where.
    pub fn routing(&self) -> &Routing {
        &self.map.routing
    }

    /// Whether `key` is closed for maintenance: whoever knows that asks nobody, and does not keep servers busy with
    /// refusing.
    #[inline]
    pub fn is_closed(&self, key: u64) -> bool {
        self.is_moving && self.map.routing.is_closed(key)
    }

    /// Where `key` is to be written too, while it moves by dual writes.
    pub fn second_owner(&self, key: u64) -> Option<ShardId> {
        let routing = &self.map.routing;
        let (plan, pair) = routing.move_of(key)?;
        plan.protocol.writes_twice().then_some(pair.1)
    }

    /// Whether a request goes to any copy.
    #[inline]
    pub fn takes_any_copy(&self, writes: bool) -> bool {
        match self.access {
            Access::Primary => false,
            Access::ReadsAnywhere => !writes,
            Access::Anywhere => true,
        }
    }

    /// Whom to ask.
    #[inline]
    pub fn whom(
        &self,
        shard: ShardId,
        writes: bool,
        has_failed: bool,
        random: &mut Random,
    ) -> Option<NodeId> {
        if self.takes_any_copy(writes) { self.copy(shard, has_failed, random) } else { self.primary(shard) }
    }

    /// Who orders the shard's writes; nobody while a failover runs.
    #[inline]
    pub fn primary(&self, shard: ShardId) -> Option<NodeId> {
        self.primaries.get(shard.index()).and_then(|primary| primary.node)
    }

    /// A copy of the shard, drawn among those in the clients' zone, else in their region, else in the nearest region
    /// that has one; reads may be spread wider.
    ///
    /// Once an attempt has failed the near ones may be down: then among all.
    fn copy(&self, shard: ShardId, has_failed: bool, random: &mut Random) -> Option<NodeId> {
        // A shard's answer may name one that has come since this map.
        let copies = &self.map.shards.get(shard.index())?.copies;
        let zone = &self.layout.zone;
        let same_zone = |copy: NodeId| zone[copy.index()] == zone[self.home.index()];
        let nearest = copies.iter().map(|&copy| self.far(copy)).min().unwrap_or(0);
        let (in_zone, in_region) = match self.spread {
            _ if has_failed => (false, false),
            FollowerReads::Nearest => (true, true),
            FollowerReads::Region => (false, true),
            FollowerReads::Everywhere => (false, false),
        };
        let near = |random: &mut Random| in_zone.then(|| draw(copies, same_zone, random)).flatten();
        near(random).or_else(|| draw(copies, |copy| !in_region || self.far(copy) == nearest, random))
    }

    /// The round trip to a node's region, in ns.
    fn far(&self, node: NodeId) -> Time {
        self.distances[self.layout.region[node.index()]]
    }

    /// Takes a refusal's word for who is primary, if it is newer; says whether to follow it.
    pub fn learn(&mut self, shard: ShardId, node: Option<NodeId>, epoch: Epoch) -> bool {
        let Some(known) = self.primaries.get_mut(shard.index()) else { return false };
        let is_newer = epoch > known.epoch || (epoch == known.epoch && known.node.is_none());
        if node.is_none() || !is_newer {
            return false;
        }
        *known = Primary { node, epoch };
        true
    }

    /// Takes a newer map, but keeps hints that are newer still.
    pub fn take_map(&mut self, map: Arc<ShardMap>) {
        self.asked_map = None;
        if map.version <= self.map.version {
            return;
        }
        for (known, assignment) in self.primaries.iter_mut().zip(&map.shards) {
            if assignment.epoch >= known.epoch {
                *known = assignment.into();
            }
        }
        let known = self.primaries.len();
        self.primaries.extend(map.shards.iter().skip(known).map(Primary::from));
        self.partitioner = Arc::clone(&map.routing.from);
        self.is_moving = map.routing.plan.is_some();
        self.map = map;
    }

    /// Asks the control plane for a newer map, unless it was asked just now.
    pub fn request_map(&mut self, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        if self.asked_map.is_some_and(|asked| now < asked + MAP_REQUEST_INTERVAL) {
            return;
        }
        self.asked_map = Some(now);
        let request = ControlMessage::MapRequest { version: self.map.version };
        cx.send(self.layout.control_plane, Message::Control(request));
    }

    pub fn forget_request(&mut self) {
        self.asked_map = None;
    }
}

/// By region: the round trip from this one, in ns.
fn distances(config: &Config, home: usize) -> Vec<Time> {
    let distance = |region| match region == home {
        true => 0,
        false => round_trip(&config.cluster, home, region).map_or(Time::MAX, |time| time.as_ns()),
    };
    (0..config.cluster.regions.len()).map(distance).collect()
}

/// One of the copies that fit, each alike; a single one without a draw.
fn draw(copies: &[NodeId], fits: impl Fn(NodeId) -> bool, random: &mut Random) -> Option<NodeId> {
    let mut fitting = copies.iter().copied().filter(|&copy| fits(copy));
    match fitting.clone().count() {
        0 | 1 => fitting.next(),
        several => fitting.nth(random.below(several as u64) as usize),
    }
}
