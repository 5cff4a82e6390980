//! A deterministic discrete-event kernel for distributed systems.
//!
//! A [`Simulation`] runs [`Node`]s, plain values that react to one event at a time, on a [`Topology`] of machines and
//! links, under a schedule of [`Fault`]s. The same seed gives the same run, on every machine and in every build: time
//! is integer, order is exact, and every random stream has a name.
//!
//! Reading order: [`Node`] and [`Context`] (what a process sees), [`Topology`] and [`Fault`] (what the world is like),
//! [`Simulation`] (what runs it), [`testing`] (one handler at a time).

#![forbid(unsafe_code)]

mod clock;
mod context;
mod counters;
mod cpu;
mod disk;
mod distribution;
mod engine;
mod execution;
mod fault;
mod fingerprint;
mod key;
mod letters;
#[cfg(madsim)]
mod madsim_engine;
mod network;
mod node;
mod quantile_table;
mod queue;
mod random;
mod sampler;
mod samplers;
mod sampling;
mod setup;
mod striking;
pub mod testing;
mod time;
mod topology;
pub mod units;
mod world;

pub use context::Context;
pub use counters::{Counters, NodeCounters, NodeSample};
pub use distribution::{Distribution, Weighted};
pub use engine::Simulation;
pub use execution::{Engine, EngineError, Execution, Finished};
pub use fault::{Action, Direction, Fault, InFlight, Receipt, Target, Trigger};
pub use fingerprint::Fingerprint;
#[cfg(madsim)]
#[doc(hidden)]
pub use madsim_engine::{EngineBug, MadsimSimulation};
pub use node::{Node, NodeId, Payload, TimerSlot, WriteId};
pub use random::{CounterRandom, Random};
pub use sampler::Sampler;
pub use setup::{Config, ConfigError, Setup};
pub use time::{MICROSECOND, MILLISECOND, SECOND, Time};
pub use topology::{ClockSkew, Cpu, Delivery, Disk, LinkProfile, Machine, Overflow, Topology};
pub use units::{Duration, Rate, Share, Size};
