//! The consistency models in their usual lattice, and the anomalies that break them.

mod anomaly;
mod model;

pub use anomaly::Anomaly;
pub use model::Model;
