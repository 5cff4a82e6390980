//! Small worlds drawn from a seed: a configuration, faults, and bugs or none.

use shardlab_models::cluster;
use shardlab_models::concurrency::Concurrency;
use shardlab_models::config::{
    Bug, Cluster, Config, Rebalancing, Replication, Sharding, Transactions, Workload,
};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::sharding::{Strategy, modulo};
use shardlab_models::world::{Run, World};
use shardlab_sim::{Action, Direction, Duration, Fault, InFlight, NodeId, Random, Share, Target, Trigger};

const MILLISECOND: u64 = 1_000_000;

/// The load runs this long; faults strike within it.
const LOAD: u64 = 1_500 * MILLISECOND;

/// What the clients of a world do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Transactions that append to lists.
    Lists,
    /// Transactions that overwrite registers, or read groups of them.
    Registers,
    /// Reads and updates of single keys.
    Single,
}

/// A world to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names it: the same seed gives the same world.
    pub seed: u64,
    /// Its configuration.
    pub config: Config,
    /// Its faults.
    pub faults: Vec<Fault>,
}

impl Plan {
    /// A world of this load in which nothing is broken on purpose.
    pub fn healthy(load: Load, seed: u64) -> Self {
        let mut random = Random::new(seed, "judged worlds", load as u64);
        let config = config(load, &mut random);
        let faults = faults(&config, &mut random);
        Self { seed, config, faults }
    }

    /// The same with one bug or two of those that can act in it.
    pub fn broken(load: Load, seed: u64) -> Self {
        let mut plan = Self::healthy(load, seed);
        let mut random = Random::new(seed, "bugs of judged worlds", load as u64);
        let mut bugs = BUGS;
        random.shuffle(&mut bugs);
        let wanted = 1 + random.below(2) as usize;
        bugs.into_iter().for_each(|bug| plan.add_one_of(wanted, bug));
        plan
    }

    /// The same with this bug, if it can act.
    pub fn with(mut self, bug: Bug) -> Self {
        self.add_one_of(1, bug);
        self
    }

    /// Adds a bug if it can act and fewer than that many are there.
    fn add_one_of(&mut self, wanted: usize, bug: Bug) {
        if self.config.bugs.len() < wanted {
            self.config.bugs.push(bug);
            if cluster::validate(&self.config).is_err() {
                self.config.bugs.pop();
            }
        }
    }

    /// Whether every acknowledged write is on more copies than a fault may take.
    pub fn keeps_acknowledged(&self) -> bool {
        self.config.bugs.is_empty()
            && matches!(self.config.replication.mode,
                Mode::Primary { replicas, ack, .. } if ack != Ack::Async || replicas == 1)
    }

    /// Runs it.
    pub fn run(&self) -> Run {
        let world =
            World::build(&self.config, self.faults.clone(), self.seed).expect("the world is possible");
        world.run(&mut |_| true).expect("nobody stops it")
    }
}

/// Every bug of a primary's copies and of its transactions.
pub const BUGS: [Bug; 21] = [
    Bug::AckBeforeSync,
    Bug::AckBeforeReplication,
    Bug::NoFencing,
    Bug::AppointAnyLog,
    Bug::DecideBeforeSync,
    Bug::VoteBeforeSync,
    Bug::UnilateralAbort,
    Bug::ForgetLocks,
    Bug::SwapApplies,
    Bug::IgnoreLease,
    Bug::FailOnTimeout,
    Bug::NoReadLocks,
    Bug::NoLocks,
    Bug::DirtyReads,
    Bug::StaleSnapshot,
    Bug::UnrepeatableReads,
    Bug::KeepAbortedWrites,
    Bug::BlindToOwnWrites,
    Bug::ReadAhead,
    Bug::MisdirectedReads,
    Bug::RetryAsNew,
];

fn config(load: Load, random: &mut Random) -> Config {
    let servers = 1 + random.below(4) as u32;
    let replicas = (1 + random.below(3) as u32).min(servers);
    let shards = 1 + random.below(4) as u32;
    let ack = [Ack::Quorum, Ack::Quorum, Ack::All, Ack::Async][random.below(4) as usize];
    let reads = [Reads::Lease, Reads::Quorum, Reads::Local][random.below(3) as usize];
    let concurrency = [Concurrency::WaitDie, Concurrency::NoWait][random.below(2) as usize];
    let failover = Some(Duration::from_ns(400 * MILLISECOND));
    let mut cluster = Cluster { servers, coordinators: 2, ..Cluster::default() };
    cluster.network.duplicate = Share::from_ppb(random.below(3) * 10_000_000).expect("a small share");
    Config {
        cluster,
        sharding: Sharding {
            strategy: Strategy::Modulo(modulo::Spec { shards: Some(shards), ..modulo::Spec::default() }),
            ..Sharding::default()
        },
        replication: Replication { mode: Mode::Primary { replicas, ack, failover }, reads },
        transactions: Transactions { concurrency, ..Transactions::default() },
        tables: Vec::new(),
        workloads: vec![workload(load, random)],
        rebalancing: Rebalancing::default(),
        remedies: Default::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: Duration::from_ns(LOAD),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(3_000 * MILLISECOND),
    }
}

fn workload(load: Load, random: &mut Random) -> Workload {
    let mix = match load {
        Load::Lists => r#"{ "list-append": 1.0 }"#,
        Load::Registers if random.below(3) == 0 => r#"{ "long-fork": 1.0 }"#,
        Load::Registers => r#"{ "rw-register": 1.0 }"#,
        Load::Single => r#"{ "read": 0.6, "update": 0.4 }"#,
    };
    let (clients, keys) = (3 + random.below(6), 2 + random.below(14));
    let text = format!(
        r#"{{ "name": "clients", "arrivals": {{ "closed": {{ "clients": {clients}, "think": "8ms" }} }},
        "keys": {{ "count": {keys} }}, "mix": {mix}, "transaction-steps": 4, "rollback": "5%",
        "timeout": "150ms", "retries": 8 }}"#
    );
    serde_json::from_str(&text).expect("the workload is well formed")
}

fn faults(config: &Config, random: &mut Random) -> Vec<Fault> {
    let layout = cluster::layout(config);
    let mut nodes = vec![layout.control_plane];
    nodes.extend(layout.servers.iter().chain(&layout.coordinators));
    (0..random.below(4)).map(|_| fault(&nodes, random)).collect()
}

/// A crash, a pause or a cut of a few nodes.
fn fault(nodes: &[NodeId], random: &mut Random) -> Fault {
    let struck = nodes.iter().copied().filter(|_| random.below(3) == 0).collect();
    let target = Target::Nodes(struck);
    let action = match random.below(5) {
        0 => Action::Crash { target, keep_unsynced: false },
        1 => Action::Crash { target, keep_unsynced: true },
        2 => Action::Pause { target },
        drop => Action::Cut {
            from: target,
            to: Target::Nodes(nodes.to_vec()),
            direction: if random.below(3) == 0 { Direction::OneWay } else { Direction::Both },
            in_flight: if drop == 3 { InFlight::Drop } else { InFlight::Hold },
        },
    };
    let lasts = 20 * MILLISECOND + random.below(LOAD);
    Fault { name: "fault".into(), trigger: Trigger::At(random.below(LOAD)), duration: Some(lasts), action }
}
