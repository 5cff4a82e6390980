//! What is to be run: a world that was checked, before any engine has begun with it.

mod validate;

pub use validate::ConfigError;

use crate::fault::Fault;
use crate::node::Node;
use crate::time::Time;
use crate::topology::Topology;

/// What a run is given beside its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// From which every random stream is keyed.
    pub seed: u64,
    /// Counters and samples begin here, in ns; observations and the fingerprint begin at zero.
    pub warmup: Time,
    /// How often each node's load is sampled, in ns; `None`: never.
    pub sample_every: Option<Time>,
}

/// A world that fits together, and that any engine can run.
#[derive(Clone, Debug)]
pub struct Setup<N: Node> {
    pub(crate) config: Config,
    pub(crate) topology: Topology,
    pub(crate) nodes: Vec<N>,
    pub(crate) faults: Vec<Fault>,
}

impl<N: Node> Setup<N> {
    /// Checks everything that a run takes for granted.
    ///
    /// # Errors
    /// When topology, nodes and faults do not fit together; says where.
    pub fn new(
        config: Config,
        topology: Topology,
        nodes: Vec<N>,
        faults: Vec<Fault>,
    ) -> Result<Self, ConfigError> {
        validate::check(&config, &topology, nodes.len(), &faults)?;
        Ok(Self { config, topology, nodes, faults })
    }
}
