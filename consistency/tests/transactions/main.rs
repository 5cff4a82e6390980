//! The judge of transactions against definitions tried by brute force, and against the oracle that knows the order of
//! versions.

mod brute_force;
mod definitions;
mod executor;
mod generator;
