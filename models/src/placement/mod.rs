//! Placement: which servers hold the copies of a shard.
//!
//! The first copy of each shard is its primary's when the world begins. Survey: Cidon et al., *Copysets*, USENIX ATC
//! 2013, for what spreading and grouping each protect against. [`Spread`] puts them anywhere; [`ByRegion`] keeps to a
//! [`Residence`], which says where a shard's rows may be.

mod by_region;
mod residence;
mod spread;

use crate::config::{Bug, Config};
use crate::sharding::Strategy;
use crate::world::Layout;

pub use by_region::ByRegion;
pub use residence::Residence;
pub use spread::Spread;

/// A rule that puts copies on servers.
pub trait Placement {
    /// For each shard the servers (by their order) that hold its `replicas` copies, the primary's first.
    ///
    /// `zones` gives each server's zone. There are at least as many servers as copies, which the configuration's
    /// check ascertains.
    fn place(&self, shards: u32, replicas: u32, zones: &[u32]) -> Vec<Vec<u32>>;
}

/// Any placement.
#[derive(Clone, Debug)]
pub enum Placer {
    /// See [`Spread`].
    Spread(Spread),
    /// See [`ByRegion`].
    ByRegion(ByRegion),
}

impl Placement for Placer {
    fn place(&self, shards: u32, replicas: u32, zones: &[u32]) -> Vec<Vec<u32>> {
        match self {
            Self::Spread(spread) => spread.place(shards, replicas, zones),
            Self::ByRegion(by_region) => by_region.place(shards, replicas, zones),
        }
    }
}

/// The placement that a configuration asks for.
#[must_use]
pub fn of(config: &Config, layout: &Layout) -> Placer {
    // Where servers come and go, the bug is in what is done then: the beginning is as it should be.
    let ignores = ignores_residency(config) && config.membership.is_empty();
    let Some(residence) = rule(config).filter(|_| !ignores) else { return Placer::Spread(Spread) };
    let regions = layout.servers.iter().map(|server| layout.region[server.index()]).collect();
    let near_readers =
        matches!(&config.sharding.strategy, Strategy::Geographic(spec) if spec.is_near_readers());
    Placer::ByRegion(ByRegion::new(residence, regions, near_readers))
}

/// Where the copies of each shard may be put anew, where that is not everywhere.
#[must_use]
pub fn residence(config: &Config) -> Option<Residence> {
    rule(config).filter(|_| !ignores_residency(config))
}

fn rule(config: &Config) -> Option<Residence> {
    let Strategy::Geographic(spec) = &config.sharding.strategy else { return None };
    let residency = config.sharding.residency.as_ref()?;
    Some(spec.residence(residency, &config.cluster.regions))
}

fn ignores_residency(config: &Config) -> bool {
    config.bugs.contains(&Bug::IgnoreResidency)
}
