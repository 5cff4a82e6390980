//! Distributed databases as state machines on the shardlab kernel.
//!
//! One axis of choice a folder, one choice a file: [`sharding`], [`placement`], [`replication`], [`conflict`],
//! [`commit`], [`concurrency`], [`storage`], [`workload`], and [`tables`], whose rows queries ask for. A [`server`] composes them; a [`world`] is a whole cluster with its
//! clients, ready to run.

#![forbid(unsafe_code)]

pub mod client;
pub mod cluster;
pub mod commit;
pub mod concurrency;
pub mod config;
pub mod conflict;
pub mod control_plane;
pub mod evidence;
pub mod hash;
pub mod lookup;
pub mod message;
pub mod node;
pub mod placement;
pub mod rebalancing;
pub mod remedies;
pub mod replication;
pub mod residency;
pub mod server;
pub mod shard_map;
pub mod sharding;
pub mod state_machine;
pub mod storage;
pub mod tables;
pub mod workload;
pub mod world;
