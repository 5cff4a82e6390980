//! One directed link: its stream of draws, its order, its bandwidth.

use crate::node::NodeId;
use crate::random::{CounterRandom, Random, happens};
use crate::sampler::Sampler;
use crate::time::{SECOND, Time};
use crate::topology::{Delivery, LinkProfile};

/// How often a stream sends a packet again before it gives up and the message is lost.
///
/// Linux's default for `tcp_retries2` (kernel documentation, networking/ip-sysctl). The interval stays the profile's.
const RETRANSMISSIONS: u32 = 15;

/// A kind of link, made ready.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    latency: Sampler,
    loss_ppb: u64,
    duplicate_ppb: u64,
    reorder_ppb: u64,
    bandwidth_bytes_per_s: Option<u64>,
    pub delivery: Delivery,
    retransmit_ns: Time,
}

impl Profile {
    pub fn new(profile: LinkProfile, latency: Sampler) -> Self {
        let LinkProfile { loss_ppb, duplicate_ppb, bandwidth_bytes_per_s, delivery, retransmit_ns, .. } =
            profile;
        let reorder_ppb = if delivery == Delivery::Datagram { profile.reorder_ppb } else { 0 };
        Self { latency, loss_ppb, duplicate_ppb, reorder_ppb, bandwidth_bytes_per_s, delivery, retransmit_ns }
    }
}

/// A sender's links, by receiver. What every message needs lies apart from what only some links need, so that large
/// worlds keep it in the cache; each vector is empty until its first use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    randoms: Vec<CounterRandom>,
    /// Streams: when the last message arrives; nothing arrives before it.
    last_arrivals: Vec<Time>,
    /// When the last message has left; the next one leaves after it.
    busy_untils: Vec<Time>,
}

impl Row {
    /// The link to this node, if it was made.
    #[inline]
    pub fn link(&mut self, to: NodeId) -> Option<Link<'_>> {
        let made = self.randoms.get(to.index()).is_some_and(CounterRandom::is_keyed);
        made.then_some(Link { row: self, to: to.index() })
    }

    /// Makes the link to this node, in a world of so many.
    pub fn make(&mut self, to: NodeId, nodes: usize, source: &mut Random) {
        self.randoms.resize(nodes, CounterRandom::default());
        self.randoms[to.index()] = CounterRandom::keyed(source);
    }
}

/// A link of a row.
pub(crate) struct Link<'a> {
    row: &'a mut Row,
    to: usize,
}

/// The entry of a vector that is made at its first use.
#[inline]
fn entry(times: &mut Vec<Time>, nodes: usize, to: usize) -> &mut Time {
    if times.is_empty() {
        times.resize(nodes, 0);
    }
    &mut times[to]
}

/// When a message arrives, and its copy if it has one, before the link's order is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flight {
    pub at: Time,
    pub copy_at: Option<Time>,
}

impl Link<'_> {
    /// When the message's last byte leaves: messages of a link with a bandwidth leave one after the other.
    #[inline]
    pub fn depart(&mut self, profile: &Profile, now: Time, bytes: u64) -> Time {
        let Some(bytes_per_s) = profile.bandwidth_bytes_per_s else { return now };
        let takes_ns = (u128::from(bytes) * u128::from(SECOND)).div_ceil(u128::from(bytes_per_s));
        let takes_ns = u64::try_from(takes_ns).unwrap_or(Time::MAX);
        let busy_until = entry(&mut self.row.busy_untils, self.row.randoms.len(), self.to);
        *busy_until = (*busy_until).max(now).saturating_add(takes_ns);
        *busy_until
    }

    /// Draws a flight; `None` if the message is lost. `interfere` is asked once an attempt whether a fault loses it.
    ///
    /// The draws, each one word and only where the profile has the thing: loss an attempt, latency, reordering and
    /// its latency, duplication and the copy's latency.
    #[inline]
    pub fn fly(
        &mut self,
        profile: &Profile,
        departs: Time,
        delay: Time,
        interfere: &mut impl FnMut() -> bool,
    ) -> Option<Flight> {
        let resent = self.attempts(profile, interfere)?;
        let late = departs.saturating_add(delay).saturating_add(resent);
        let mut at = late.saturating_add(self.latency(profile));
        if profile.reorder_ppb > 0 && happens(self.word(), profile.reorder_ppb) {
            at = at.saturating_add(self.latency(profile));
        }
        let doubled = profile.duplicate_ppb > 0 && happens(self.word(), profile.duplicate_ppb);
        let copy_at = doubled.then(|| late.saturating_add(self.latency(profile)));
        Some(Flight { at, copy_at })
    }

    /// Keeps a stream's order: nothing arrives before what was sent before it.
    #[inline]
    pub fn land(&mut self, profile: &Profile, at: Time) -> Time {
        match profile.delivery {
            Delivery::Datagram => at,
            Delivery::Stream => {
                let last_arrival = entry(&mut self.row.last_arrivals, self.row.randoms.len(), self.to);
                *last_arrival = (*last_arrival).max(at);
                *last_arrival
            }
        }
    }

    #[inline]
    pub fn land_copy(&mut self, profile: &Profile, flight: Flight) -> Option<Time> {
        flight.copy_at.map(|at| self.land(profile, at))
    }

    /// How much time sending again costs; `None` if the message is lost for good.
    #[inline]
    fn attempts(&mut self, profile: &Profile, interfere: &mut impl FnMut() -> bool) -> Option<Time> {
        let mut resent = 0;
        loop {
            let lost = profile.loss_ppb > 0 && happens(self.word(), profile.loss_ppb);
            // The fault's stream moves by one draw an attempt, whether the link lost it or not.
            if !(interfere() | lost) {
                return Some(u64::from(resent) * profile.retransmit_ns);
            }
            if profile.delivery == Delivery::Datagram || resent == RETRANSMISSIONS {
                return None;
            }
            resent += 1;
        }
    }

    #[inline]
    fn word(&mut self) -> u64 {
        self.row.randoms[self.to].next_u64()
    }

    #[inline]
    fn latency(&mut self, profile: &Profile) -> Time {
        profile.latency.sample(self.word())
    }
}
