//! The links between nodes: who hears whom, when, and how often.

mod impairment;
mod link;

pub(crate) use impairment::{Gate, Impairment, LinkEffect, LinkSet, NodeSet};

use crate::node::NodeId;
use crate::random::Random;
use crate::sampler::Sampler;
use crate::striking::FaultBook;
use crate::time::Time;
use crate::topology::{Delivery, LinkProfile, Topology};
use link::{Link, Profile, Row};

/// What becomes of a message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transit {
    /// It never arrives.
    Lost,
    /// It arrives, perhaps twice; `gated`: a cut may hold it up on arrival.
    Arrives { at: Time, copy_at: Option<Time>, gated: bool },
}

/// The network's state. A directed link's is made when it is first used, so that large worlds stay small.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    seed: u64,
    zones: Vec<u32>,
    zone_links: Vec<Vec<usize>>,
    profiles: Vec<Profile>,
    /// Sorted by link.
    overrides: Vec<((u32, u32), usize)>,
    /// By sender.
    rows: Vec<Row>,
    impairments: Vec<Impairment>,
}

impl Network {
    /// The topology must have been validated.
    pub fn new(seed: u64, topology: &Topology, mut sampler: impl FnMut(&LinkProfile) -> Sampler) -> Self {
        let mut overrides: Vec<_> = topology.link_overrides.iter().map(|&(a, b, p)| ((a, b), p)).collect();
        overrides.sort_by_key(|(link, _)| *link);
        Self {
            seed,
            zones: topology.machines.iter().map(|m| m.zone).collect(),
            zone_links: topology.zone_links.clone(),
            profiles: topology.profiles.iter().map(|p| Profile::new(p.clone(), sampler(p))).collect(),
            overrides,
            rows: vec![Row::default(); topology.machines.len()],
            impairments: Vec::new(),
        }
    }

    /// Sends a message: draws its fate and books its place on the link.
    #[inline]
    pub fn transit(
        &mut self,
        now: Time,
        from: NodeId,
        to: NodeId,
        bytes: u64,
        faults: &mut FaultBook,
    ) -> Transit {
        if from == to {
            return Transit::Arrives { at: now, copy_at: None, gated: false };
        }
        let profile = &self.profiles[self.profile_of(from, to)];
        let row = &mut self.rows[from.index()];
        if row.link(to).is_none() {
            make_link(row, self.seed, from, to, self.zones.len());
        }
        let mut link = row.link(to).expect("the link was made");
        if !self.impairments.is_empty() {
            return impaired_transit(
                &mut self.impairments,
                &mut link,
                profile,
                (now, from, to, bytes),
                faults,
            );
        }
        let departs = link.depart(profile, now, bytes);
        match link.fly(profile, departs, 0, &mut || false) {
            Some(flight) => Transit::Arrives {
                at: link.land(profile, flight.at),
                copy_at: link.land_copy(profile, flight),
                gated: false,
            },
            None => Transit::Lost,
        }
    }

    /// A cut or a degradation begins.
    pub fn impair(&mut self, impairment: Impairment) {
        self.impairments.push(impairment);
    }

    /// It ends.
    pub fn repair(&mut self, fault: usize) {
        self.impairments.retain(|impairment| impairment.fault != fault);
    }

    /// The faults that hold up what arrives over this link now.
    pub fn holding(&self, from: NodeId, to: NodeId) -> impl Iterator<Item = usize> {
        let holds = move |i: &&Impairment| i.gate(from, to) == Some(Gate::Hold);
        self.impairments.iter().filter(holds).map(|i| i.fault)
    }

    /// The kind of the link: its place among the topology's profiles.
    #[inline]
    pub fn profile_of(&self, from: NodeId, to: NodeId) -> usize {
        let by_zone = || self.zone_links[self.zones[from.index()] as usize][self.zones[to.index()] as usize];
        if self.overrides.is_empty() {
            return by_zone();
        }
        let exception = self.overrides.binary_search_by_key(&(from.0, to.0), |(link, _)| *link);
        exception.map_or_else(|_| by_zone(), |at| self.overrides[at].1)
    }
}

#[cold]
fn make_link(row: &mut Row, seed: u64, from: NodeId, to: NodeId, nodes: usize) {
    assert!(to.index() < nodes, "node {} sends to node {}, which does not exist", from.0, to.0);
    row.make(to, nodes, &mut Random::of_pair(seed, "link", u64::from(from.0), u64::from(to.0)));
}

/// A send while faults are about. Links draw as they would without them, faults from their own streams.
fn impaired_transit(
    impairments: &mut [Impairment],
    link: &mut Link<'_>,
    profile: &Profile,
    (now, from, to, bytes): (Time, NodeId, NodeId, u64),
    faults: &mut FaultBook,
) -> Transit {
    let delay = impairments.iter().map(|i| i.delay(from, to, faults)).fold(0, Time::saturating_add);
    let departs = link.depart(profile, now, bytes);
    let retried = profile.delivery == Delivery::Stream;
    let mut interfere =
        || impairments.iter_mut().fold(false, |lost, i| i.loses(from, to, retried, faults) | lost);
    let Some(mut flight) = link.fly(profile, departs, delay, &mut interfere) else { return Transit::Lost };
    let mut gated = false;
    let mut blocked = false;
    for impairment in impairments.iter() {
        match impairment.gate(from, to) {
            Some(Gate::Block) => {
                faults.changes(impairment.fault).lost += 1;
                blocked = true;
            }
            Some(Gate::Hold) => gated = true,
            None => {}
        }
    }
    if blocked {
        return Transit::Lost;
    }
    for impairment in impairments {
        if impairment.duplicates(from, to, faults) && flight.copy_at.is_none() {
            flight.copy_at = Some(flight.at);
        }
    }
    Transit::Arrives { at: link.land(profile, flight.at), copy_at: link.land_copy(profile, flight), gated }
}
