//! A timing wheel (Varghese and Lauck 1987, scheme 4) with exact order inside a bucket.
//!
//! Buckets of 8.192 µs, 4096 of them, hold the next 33.5 ms as unordered vectors of sixteen-byte keys; what lies
//! beyond waits in a heap. The bucket being drained is sorted once; what arrives for it late goes to a small heap
//! beside it. A timer knows its place in its bucket, so that cancelling it takes it out at once; one that is put off
//! moves when its old place comes up.

use super::EventQueue;
use super::late::{Armed, TombstoneHeap};
use crate::key::Key;
use crate::time::Time;

/// A bucket spans 2¹³ ns: about eight keys at the bench's thousand messages a millisecond.
const BUCKET_SHIFT: u32 = 13;
/// The ring spans 33.5 ms: network latencies and most timeouts.
const BUCKETS: usize = 4096;
const MASK: u64 = BUCKETS as u64 - 1;
const WORDS: usize = BUCKETS / 64;

/// Keys a new bucket has room for: several times what the bench's buckets hold, so that growing soon ends.
const ROOM: usize = 32;

/// The wheel.
#[derive(Clone, Debug)]
pub(crate) struct Wheel {
    /// Number of the bucket being drained; buckets up to it are in `sorted` and `late`.
    current: u64,
    /// The current bucket's keys, latest first.
    sorted: Vec<Key>,
    /// Room for sorting it.
    scratch: Vec<Key>,
    /// What was pushed into the current bucket, or before it, since it was sorted.
    late: TombstoneHeap,
    /// Buckets `current + 1 ..current + BUCKETS`, at their number modulo `BUCKETS`.
    ring: Vec<Vec<Key>>,
    /// Which of them hold something.
    occupied: [u64; WORDS],
    /// Beyond the ring.
    overflow: TombstoneHeap,
    /// Emptied vectors, the last used first: their memory is still in the cache.
    spare: Vec<Vec<Key>>,
    /// Which key of each timer is stored.
    armed: Armed,
    timers: Vec<Timer>,
    live: usize,
}

/// A timer whose key is stored.
#[derive(Clone, Copy, Debug)]
struct Timer {
    /// When it really comes: perhaps later than its key says, which is moved only when it comes up.
    due: Key,
    /// Its key's place in its bucket; meaningful while the bucket is in the ring.
    place: u32,
}

const fn bucket_of(key: Key) -> u64 {
    key.time() >> BUCKET_SHIFT
}

impl Wheel {
    pub fn new() -> Self {
        Self {
            current: 0,
            sorted: Vec::new(),
            scratch: Vec::new(),
            late: TombstoneHeap::default(),
            ring: vec![Vec::new(); BUCKETS],
            occupied: [0; WORDS],
            overflow: TombstoneHeap::default(),
            spare: Vec::new(),
            armed: Armed::default(),
            timers: Vec::new(),
            live: 0,
        }
    }

    /// A key that will probably come out soon, so that its letter can be fetched from memory in time.
    #[inline]
    pub fn soon(&self) -> Option<Key> {
        // Two events from now: about as long as a fetch from the outer caches takes.
        self.sorted.get(self.sorted.len().wrapping_sub(2)).copied()
    }

    /// Replaces a timer. One that was set before and comes later now, as timeouts do, keeps its place until that comes
    /// up: a client that sets its timeout anew for each request moves a key once a timeout and not once a request.
    #[inline]
    fn arm(&mut self, key: Key) {
        let index = key.index() as usize;
        let timer = Timer { due: key, place: 0 };
        match self.armed.key(key.index()) {
            Some(stored) if stored <= key => return self.timers[index].due = key,
            Some(_) => {
                self.cancel(key.index());
                self.timers[index] = timer;
            }
            None if index < self.timers.len() => self.timers[index] = timer,
            None => self.timers.resize(index + 1, timer),
        }
        self.live += 1;
        self.armed.arm(key);
        self.store(key);
    }

    #[inline]
    fn store(&mut self, key: Key) {
        let bucket = bucket_of(key);
        match () {
            () if self.is_in_ring(bucket) => self.push_to_ring(key),
            () if bucket <= self.current => self.late.push(key),
            () => self.overflow.push(key),
        }
    }

    /// Whether a timer whose key came up runs out now; if it does not, its key goes where it belongs by now.
    fn is_due(&mut self, key: Key) -> bool {
        self.armed.disarm(key.index());
        let due = self.timers[key.index() as usize].due;
        if due != key {
            self.armed.arm(due);
            self.store(due);
        }
        due == key
    }

    fn is_in_ring(&self, bucket: u64) -> bool {
        bucket > self.current && bucket - self.current < BUCKETS as u64
    }

    #[inline]
    fn push_to_ring(&mut self, key: Key) {
        let slot = (bucket_of(key) & MASK) as usize;
        let bucket = &mut self.ring[slot];
        if bucket.is_empty() {
            self.occupied[slot / 64] |= 1 << (slot % 64);
            *bucket = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(ROOM));
        }
        if key.is_timer() {
            self.timers[key.index() as usize].place = bucket.len() as u32;
        }
        bucket.push(key);
    }

    fn take_from_ring(&mut self, key: Key) {
        let slot = (bucket_of(key) & MASK) as usize;
        let place = self.timers[key.index() as usize].place as usize;
        let bucket = &mut self.ring[slot];
        let taken = bucket.swap_remove(place);
        assert!(taken == key, "a timer's place in its bucket is known");
        match bucket.get(place) {
            Some(moved) if moved.is_timer() => self.timers[moved.index() as usize].place = place as u32,
            _ => {}
        }
        if bucket.is_empty() {
            let emptied = std::mem::take(bucket);
            self.free_slot(slot, emptied);
        }
    }

    fn free_slot(&mut self, slot: usize, emptied: Vec<Key>) {
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        self.spare.push(emptied);
    }

    /// The next bucket after the current one that holds something.
    fn next_bucket(&self) -> Option<u64> {
        let in_ring = self.next_in_ring();
        let beyond = self.overflow.peek().map(bucket_of);
        in_ring.into_iter().chain(beyond).min()
    }

    fn next_in_ring(&self) -> Option<u64> {
        let first = ((self.current + 1) & MASK) as usize;
        let (word, bit) = (first / 64, first % 64);
        // The first word twice: from `first` on, and at the end, once round, below it.
        let above = u64::MAX << bit;
        for step in 0..=WORDS {
            let at = (word + step) % WORDS;
            let mask = if step == 0 {
                above
            } else if step == WORDS {
                !above
            } else {
                u64::MAX
            };
            let found = self.occupied[at] & mask;
            if found != 0 {
                let slot = (at * 64 + found.trailing_zeros() as usize) as u64;
                return Some(self.current + 1 + (slot.wrapping_sub(first as u64) & MASK));
            }
        }
        None
    }

    /// Makes the next bucket that holds something the current one.
    fn advance(&mut self) -> bool {
        let Some(next) = self.next_bucket() else { return false };
        self.current = next;
        let slot = (next & MASK) as usize;
        if self.occupied[slot / 64] & (1 << (slot % 64)) != 0 {
            let full = std::mem::take(&mut self.ring[slot]);
            let emptied = std::mem::replace(&mut self.sorted, full);
            self.free_slot(slot, emptied);
        }
        self.draw_in_overflow();
        sort_bucket(&mut self.sorted, &mut self.scratch);
        true
    }

    /// Moves into the ring what has come within its reach.
    fn draw_in_overflow(&mut self) {
        while let Some(key) = self.overflow.peek()
            && bucket_of(key) - self.current < BUCKETS as u64
        {
            self.overflow.pop();
            match () {
                () if !self.armed.is_live(key) => self.overflow.exhume(),
                () if bucket_of(key) == self.current => self.sorted.push(key),
                () => self.push_to_ring(key),
            }
        }
    }

    /// The next key of the current bucket, dead or alive.
    #[inline]
    fn pop_current(&mut self, limit: Time) -> Option<Key> {
        let (sorted, late) = (self.sorted.last().copied(), self.late.peek());
        let take_late = match (sorted, late) {
            (Some(sorted), Some(late)) => late < sorted,
            (None, None) => return None,
            (sorted, _) => sorted.is_none(),
        };
        let next = if take_late { late } else { sorted };
        next.filter(|key| key.time() <= limit)?;
        if take_late { self.late.pop() } else { self.sorted.pop() }
    }
}

/// Fewer keys are sorted by comparing them.
const FEW: usize = 16;
/// A bucket is cut into this many equal spans of time when it is sorted.
const SPANS: usize = 64;

/// Sorts a bucket, latest first: spread over spans of 128 ns by counting, then by comparing inside each.
fn sort_bucket(keys: &mut Vec<Key>, scratch: &mut Vec<Key>) {
    if keys.len() <= FEW {
        return keys.sort_unstable_by(|a, b| b.cmp(a));
    }
    let span = |key: &Key| SPANS - 1 - (key.time() >> (BUCKET_SHIFT - SPANS.ilog2())) as usize % SPANS;
    let mut ends = [0_u32; SPANS];
    keys.iter().for_each(|key| ends[span(key)] += 1);
    let mut before = 0;
    for end in &mut ends {
        before += std::mem::replace(end, before);
    }
    scratch.clear();
    scratch.resize(keys.len(), keys[0]);
    for key in keys.iter() {
        let end = &mut ends[span(key)];
        scratch[*end as usize] = *key;
        *end += 1;
    }
    std::mem::swap(keys, scratch);
    let mut start = 0;
    for end in ends {
        keys[start..end as usize].sort_unstable_by(|a, b| b.cmp(a));
        start = end as usize;
    }
}

impl EventQueue for Wheel {
    #[inline]
    fn push(&mut self, key: Key) {
        if key.is_timer() {
            return self.arm(key);
        }
        self.live += 1;
        self.store(key);
    }

    fn cancel(&mut self, timer: u32) {
        let Some(key) = self.armed.disarm(timer) else { return };
        self.live -= 1;
        let bucket = bucket_of(key);
        match () {
            () if self.is_in_ring(bucket) => self.take_from_ring(key),
            // Perhaps it is in `sorted`, which ends with the bucket: one compaction too many is harmless.
            () if bucket <= self.current => self.late.bury(&self.armed),
            () => self.overflow.bury(&self.armed),
        }
    }

    #[inline]
    fn pop_until(&mut self, limit: Time) -> Option<Key> {
        loop {
            let Some(key) = self.pop_current(limit) else {
                if !(self.sorted.is_empty() && self.late.peek().is_none() && self.advance()) {
                    return None;
                }
                continue;
            };
            if !key.is_timer() || (self.armed.is_live(key) && self.is_due(key)) {
                self.live -= 1;
                return Some(key);
            }
        }
    }

    fn len(&self) -> usize {
        self.live
    }
}

#[cfg(test)]
impl Wheel {
    /// How many keys it stores, dead ones too.
    pub fn stored(&self) -> usize {
        let ring: usize = self.ring.iter().map(Vec::len).sum();
        ring + self.sorted.len() + self.late.stored() + self.overflow.stored()
    }
}
