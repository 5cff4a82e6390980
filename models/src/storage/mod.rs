//! Storage: what a replica's state machine keeps for each key.
//!
//! One choice so far: [`Versioned`], rows with a version count. Rows that were never written are not stored, so
//! that a key space of millions costs only what is touched.

mod versioned;

pub use versioned::{Row, Versioned};
