//! Placement: which servers hold the copies of a shard.
//!
//! The first copy of each shard is its primary's when the world begins. Survey: Cidon et al., *Copysets*, USENIX ATC
//! 2013, for what spreading and grouping each protect against.

mod spread;

pub use spread::Spread;

/// A rule that puts copies on servers.
pub trait Placement {
    /// For each shard the servers (by their order) that hold its `replicas` copies, the primary's first.
    ///
    /// `zones` gives each server's zone. There are at least as many servers as copies, which the configuration's
    /// check ascertains.
    fn place(&self, shards: u32, replicas: u32, zones: &[u32]) -> Vec<Vec<u32>>;
}
