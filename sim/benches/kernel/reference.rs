//! The same work on a plain binary heap of whole events, written by hand into one loop.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::hash::{Hash, Hasher};

use shardlab_sim::{CounterRandom, Random};

use crate::workload::{HIGHEST_NS, LOWEST_NS, Message, NODES, Peer, SEED, Variant};

/// An event of 64 bytes.
#[derive(Clone, Copy, Debug)]
struct Event {
    at: u64,
    sequence: u64,
    from: u32,
    to: u32,
    message: Message,
}

const _: () = assert!(size_of::<Event>() == 64);

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        // Reversed: the standard heap gives the greatest first.
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Event {}

/// The reference's whole state.
pub struct Heap {
    events: BinaryHeap<Event>,
    links: Vec<CounterRandom>,
    peers: Vec<Peer>,
    handled: Vec<[u64; 2]>,
    sequence: u64,
    fingerprint: [u64; 2],
}

impl Heap {
    pub fn new(variant: Variant) -> Self {
        let pairs = (0..NODES).flat_map(|from| (0..NODES).map(move |to| (from, to)));
        let stream = |(from, to)| {
            CounterRandom::keyed(&mut Random::of_pair(SEED, "link", u64::from(from), u64::from(to)))
        };
        let mut heap = Self {
            events: BinaryHeap::new(),
            links: pairs.map(stream).collect(),
            peers: (0..NODES).map(|id| Peer::new(variant, id)).collect(),
            handled: vec![[0; 2]; NODES as usize],
            sequence: 0,
            fingerprint: [1, 2],
        };
        for me in 0..NODES {
            for lane in 0..variant.in_flight {
                heap.ask(0, me, lane);
            }
        }
        heap
    }

    /// Runs so many deliveries.
    pub fn run(&mut self, deliveries: u64) -> u64 {
        for _ in 0..deliveries {
            let Some(Event { at, from, to, message, .. }) = self.events.pop() else { break };
            self.absorb(at, from, to, &message);
            self.handled[to as usize][usize::from(!message.request)] += 1;
            if message.request {
                self.send(at, to, from, Peer::respond(message));
            } else {
                self.peers[to as usize].note_answer();
                self.ask(at, to, message.lane);
            }
        }
        deliveries
    }

    #[inline]
    fn ask(&mut self, now: u64, me: u32, lane: u32) {
        let peer = &mut self.peers[me as usize];
        let to = peer.pick(me);
        let message = peer.request(lane);
        self.send(now, me, to, message);
    }

    #[inline]
    fn send(&mut self, now: u64, from: u32, to: u32, message: Message) {
        let word = self.links[(from * NODES + to) as usize].next_u64();
        let latency = LOWEST_NS + ((u128::from(word) * u128::from(HIGHEST_NS - LOWEST_NS + 1)) >> 64) as u64;
        self.events.push(Event { at: now + latency, sequence: self.sequence, from, to, message });
        self.sequence += 1;
    }

    #[inline]
    fn absorb(&mut self, at: u64, from: u32, to: u32, message: &Message) {
        let mut lanes = Lanes(3, 4);
        lanes.write_u64(at);
        lanes.write_u64(u64::from(to));
        lanes.write_u64(u64::from(from));
        message.hash(&mut lanes);
        self.fingerprint[0] = fold(self.fingerprint[0] ^ lanes.0, 0x9e37_79b9_7f4a_7c15);
        self.fingerprint[1] = fold(self.fingerprint[1] ^ lanes.1, 0x6a09_e667_f3bc_c909);
    }
}

/// The kernel's hash of an event: two folded multiplications a word.
struct Lanes(u64, u64);

impl Hasher for Lanes {
    fn finish(&self) -> u64 {
        self.0 ^ self.1
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word, 0x9e37_79b9_7f4a_7c15);
        self.1 = fold(self.1.rotate_left(23) ^ word, 0x6a09_e667_f3bc_c909);
    }
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

impl Drop for Heap {
    /// The fingerprint is looked at, so that the compiler cannot leave it out.
    fn drop(&mut self) {
        std::hint::black_box(self.fingerprint);
    }
}
