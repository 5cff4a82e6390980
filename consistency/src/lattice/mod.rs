//! The consistency models in their usual lattice, and the anomalies that break them.

mod anomaly;
mod model;
mod relations;

pub use anomaly::{ANOMALY_NAMES, Anomaly};
pub use model::Model;
pub use relations::{strongest_holding, weakest_broken, weakest_undecided};
