//! What is left where every copy takes writes: versions, and what they were made from.
//!
//! A write survives if some copy keeps it, or keeps a version that was made from it, directly or over others: that is a
//! version's causal past, as far as it is in its value. What a copy had merely heard of and dropped is not in it. It is
//! found by following what each write was made from, and not from the clocks, which may be what is broken.
//!
//! The order of versions is that in which they took effect where they were taken, in true time. It agrees with
//! causality; between concurrent writes it is as good as any other.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::{Evidence, Probe, Promise, Promises, ReplicaDigest, VersionOrder};
use shardlab_sim::{NodeId, Receipt};

use super::{Load, inert, node_number};
use crate::conflict::{Conflict, Dot};
use crate::replication::{Store, Taken};
use crate::server::{HostedVersions, VersionServer};

/// The servers of versions, at the end of a run.
pub(crate) struct VersionRemains<'a> {
    pub(crate) servers: Vec<(NodeId, &'a VersionServer)>,
}

/// One write of one key.
type Name = (u64, Dot);

impl VersionRemains<'_> {
    /// Gathers the evidence.
    pub(crate) fn evidence(&self, probes: Vec<Probe>, receipts: &[Receipt]) -> Evidence {
        Evidence {
            version_order: Some(VersionOrder::from_log(self.survivors())),
            replicas: self.digests(),
            probes,
            untested: inert(receipts),
            ..Evidence::default()
        }
    }

    fn copies(&self) -> impl Iterator<Item = (NodeId, &HostedVersions)> {
        self.servers
            .iter()
            .flat_map(|&(node, server)| server.hosted().iter().map(move |hosted| (node, hosted)))
    }

    /// The `(key, value)` pairs that survive, in the order in which they took effect.
    fn survivors(&self) -> Vec<(u64, u64)> {
        let taken: BTreeMap<Name, &Taken> = self
            .copies()
            .flat_map(|(_, hosted)| &hosted.replica.records().taken)
            .map(|taken| ((taken.key, taken.dot), taken))
            .collect();
        let mut survivors: Vec<&Taken> =
            self.contained(&taken).into_iter().map(|name| taken[&name]).collect();
        survivors.sort_by_key(|taken| (taken.at, taken.dot));
        survivors.into_iter().map(|taken| (taken.key, taken.value)).collect()
    }

    /// Every write that is in a version that some copy keeps.
    fn contained(&self, taken: &BTreeMap<Name, &Taken>) -> BTreeSet<Name> {
        let mut open: Vec<Name> =
            self.copies().flat_map(|(_, hosted)| kept(hosted.replica.store())).collect();
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                open.extend(taken[&name].over.iter().map(|&dot| (name.0, dot)));
            }
        }
        found
    }

    fn digests(&self) -> Vec<ReplicaDigest> {
        let of = |(node, hosted): (NodeId, &HostedVersions)| ReplicaDigest {
            shard: hosted.shard.0,
            node: node_number(node),
            position: hosted.replica.store().iter().map(|(_, state)| state.seen().total()).sum(),
            digest: hosted.replica.store().root(),
            up: true,
        };
        self.copies().map(of).collect()
    }
}

fn kept(store: &Store) -> impl Iterator<Item = Name> {
    store.iter().flat_map(|(key, state)| state.versions().iter().map(move |version| (key, version.dot)))
}

/// Reads may be stale: a copy answers with what it has. Only a resolver that drops nothing keeps what was acknowledged.
pub(super) fn promises(load: &Load, replicas: u32, conflict: Conflict) -> Promises {
    let promised = [
        (Promise::Durability, conflict.keeps_siblings() && load.writes),
        (Promise::SurvivingReads, conflict.keeps_siblings() && load.writes && load.reads),
        (Promise::CommittedReads, load.reads),
        (Promise::Convergence, replicas > 1),
        (Promise::Liveness, true),
    ];
    promised.into_iter().filter_map(|(promise, holds)| holds.then_some(promise)).collect()
}
