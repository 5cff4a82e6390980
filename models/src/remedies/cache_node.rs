//! A cache node: entries that expire, the least recently used of which makes room; tokens, and readers who wait.
//!
//! The rules are those of [`super::cache`]. Everything is volatile but the measures.

use std::collections::{BTreeMap, VecDeque};

use shardlab_sim::{Context, Node, NodeId, Share, Time, TimerSlot, WriteId};

use crate::config::{Bug, Bugs};
use crate::message::{CacheMessage, Message, OperationId};
use crate::remedies::Cache;

/// A reader that missed and has not set anything for so long is taken for lost: another may ask the database. Facebook's
/// leases are given out once in ten seconds (Nishtala et al. 2013, §3.2.1), for databases that are slower than ours.
const FILL_PATIENCE: Time = 1_000_000_000;

/// A cache node.
#[derive(Clone, Debug)]
pub struct CacheNode {
    // Volatile: gone at a crash.
    entries: BTreeMap<u64, Entry>,
    /// Keys by when they were used last.
    by_use: BTreeMap<u64, u64>,
    /// By key: who asks the database for it.
    fills: BTreeMap<u64, Fill>,
    uses: u64,
    last_token: u64,
    // Measures: they survive crashes, since they are ours and not the node's.
    measures: CacheMeasures,
    // Configuration.
    settings: CacheSettings,
}

/// What a cache node did from the warm-up's end on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheMeasures {
    /// Reads that were answered from an entry.
    pub hits: u64,
    /// Reads that were sent to the database.
    pub misses: u64,
    /// Reads that waited for somebody else's fill and were answered from it; they are hits too.
    pub waited: u64,
    /// Of the misses: those of entries that had not expired yet, to renew them in time.
    pub early: u64,
    /// Entries set.
    pub sets: u64,
    /// Sets whose token was void.
    pub refused_sets: u64,
    /// Deletes.
    pub deletes: u64,
    /// Entries that made room for others.
    pub evictions: u64,
    /// Most reads of one key that were sent to the database before one of them had set it.
    pub stampede_peak: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: u64,
    value_bytes: u32,
    expires: Time,
    used: u64,
    /// How long it took to fetch: XFetch's δ.
    took: Time,
}

/// A key is missing, or about to be renewed, and was asked of the database.
#[derive(Clone, Debug)]
struct Fill {
    token: u64,
    asked: Time,
    misses: u64,
    waiting: VecDeque<(NodeId, OperationId)>,
}

#[derive(Clone, Copy, Debug)]
struct CacheSettings {
    ttl: Time,
    entries: usize,
    leases: bool,
    single_flight: bool,
    jitter: Share,
    early_refresh: f64,
    warmup: Time,
    bugs: Bugs,
}

impl CacheNode {
    pub(crate) fn new(cache: &Cache, warmup: Time, bugs: Bugs) -> Self {
        Self {
            entries: BTreeMap::new(),
            by_use: BTreeMap::new(),
            fills: BTreeMap::new(),
            uses: 0,
            last_token: 0,
            measures: CacheMeasures::default(),
            settings: CacheSettings {
                ttl: cache.ttl.as_ns(),
                entries: cache.entries as usize,
                leases: cache.leases,
                single_flight: cache.single_flight,
                jitter: cache.jitter,
                early_refresh: cache.early_refresh,
                warmup,
                bugs,
            },
        }
    }

    /// What it did.
    #[must_use]
    pub const fn measures(&self) -> CacheMeasures {
        self.measures
    }

    fn measure(&mut self, cx: &Context<'_, Message>, count: impl FnOnce(&mut CacheMeasures)) {
        if cx.now() >= self.settings.warmup {
            count(&mut self.measures);
        }
    }

    fn get(&mut self, from: NodeId, operation: OperationId, key: u64, cx: &mut Context<'_, Message>) {
        let now = cx.clock();
        match self.entries.get(&key).copied() {
            Some(entry) if now < entry.expires => {
                if self.is_due(&entry, key, now, cx) {
                    self.measure(cx, |measures| measures.early += 1);
                    return self.miss(from, operation, key, now, cx);
                }
                self.touch(key);
                self.measure(cx, |measures| measures.hits += 1);
                hit(from, operation, entry.value, entry.value_bytes, cx);
            }
            Some(_) => {
                self.remove(key);
                self.miss(from, operation, key, now, cx);
            }
            None => self.miss(from, operation, key, now, cx),
        }
    }

    /// Vattani et al. 2015, fig. 3: `now − δ β ln(rand) ≥ expiry`. Who renews for all others need not be joined.
    fn is_due(&self, entry: &Entry, key: u64, now: Time, cx: &mut Context<'_, Message>) -> bool {
        let eager = self.settings.early_refresh > 0.0;
        if !eager || (self.settings.single_flight && self.fills.contains_key(&key)) {
            return false;
        }
        // In (0, 1]: the logarithm of zero is none.
        let drawn = 1.0 - cx.rng().unit();
        let ahead = -(entry.took as f64) * self.settings.early_refresh * libm::log(drawn);
        now as f64 + ahead >= entry.expires as f64
    }

    /// The reader is to ask the database, or to wait for one who does.
    fn miss(
        &mut self,
        from: NodeId,
        operation: OperationId,
        key: u64,
        now: Time,
        cx: &mut Context<'_, Message>,
    ) {
        let is_out = self.fills.get(&key).is_some_and(|fill| now < fill.asked.saturating_add(FILL_PATIENCE));
        if !is_out {
            let waiting = self.fills.remove(&key).map(|fill| fill.waiting).unwrap_or_default();
            let token = self.draw_token(now);
            self.fills.insert(key, Fill { token, asked: now, misses: 0, waiting });
        }
        let fill = self.fills.get_mut(&key).expect("it was just put there");
        if is_out && self.settings.single_flight {
            return fill.waiting.push_back((from, operation));
        }
        fill.misses += 1;
        let (token, misses) = (fill.token, fill.misses);
        self.measure(cx, |measures| {
            measures.misses += 1;
            measures.stampede_peak = measures.stampede_peak.max(misses);
        });
        cx.send(from, Message::Cache(CacheMessage::Miss { operation, token }));
    }

    /// Higher than every token before, those of before a crash too, as long as the clock runs on.
    fn draw_token(&mut self, now: Time) -> u64 {
        self.last_token = now.max(self.last_token + 1);
        self.last_token
    }

    fn set(&mut self, key: u64, value: u64, value_bytes: u32, token: u64, cx: &mut Context<'_, Message>) {
        let now = cx.clock();
        let is_valid = self.fills.get(&key).is_some_and(|fill| fill.token == token);
        if self.settings.leases && !is_valid && !self.settings.bugs.contains(Bug::SetWithVoidToken) {
            return self.measure(cx, |measures| measures.refused_sets += 1);
        }
        let fill = self.fills.remove(&key);
        let took = fill.as_ref().map_or(0, |fill| now.saturating_sub(fill.asked));
        let expires = now.saturating_add(self.lifetime(cx));
        self.put(key, Entry { value, value_bytes, expires, used: 0, took }, cx);
        self.measure(cx, |measures| measures.sets += 1);
        for (reader, operation) in fill.into_iter().flat_map(|fill| fill.waiting) {
            self.measure(cx, |measures| {
                measures.hits += 1;
                measures.waited += 1;
            });
            hit(reader, operation, value, value_bytes, cx);
        }
    }

    fn lifetime(&self, cx: &mut Context<'_, Message>) -> Time {
        let most = u128::from(self.settings.ttl) * u128::from(self.settings.jitter.as_ppb()) / 1_000_000_000;
        match most as u64 {
            0 => self.settings.ttl,
            most => self.settings.ttl - cx.rng().below(most),
        }
    }

    fn put(&mut self, key: u64, entry: Entry, cx: &Context<'_, Message>) {
        self.remove(key);
        if self.entries.len() >= self.settings.entries
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
            self.measure(cx, |measures| measures.evictions += 1);
        }
        self.uses += 1;
        self.entries.insert(key, Entry { used: self.uses, ..entry });
        self.by_use.insert(self.uses, key);
    }

    fn touch(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        self.uses += 1;
        self.by_use.remove(&entry.used);
        entry.used = self.uses;
        self.by_use.insert(self.uses, key);
    }

    fn remove(&mut self, key: u64) {
        if let Some(entry) = self.entries.remove(&key) {
            self.by_use.remove(&entry.used);
        }
    }

    /// With leases, what is under way for the key was read too early, perhaps: those who wait need another reader.
    fn delete(&mut self, from: NodeId, operation: OperationId, key: u64, cx: &mut Context<'_, Message>) {
        self.measure(cx, |measures| measures.deletes += 1);
        self.remove(key);
        if self.settings.leases
            && let Some(mut fill) = self.fills.remove(&key)
            && let Some((reader, waiting)) = fill.waiting.pop_front()
        {
            let now = cx.clock();
            self.miss(reader, waiting, key, now, cx);
            self.fills.get_mut(&key).expect("somebody has just missed it").waiting = fill.waiting;
        }
        cx.send(from, Message::Cache(CacheMessage::Deleted { operation }));
    }
}

fn hit(to: NodeId, operation: OperationId, value: u64, value_bytes: u32, cx: &mut Context<'_, Message>) {
    cx.send(to, Message::Cache(CacheMessage::Hit { operation, value, value_bytes }));
}

impl Node for CacheNode {
    type Message = Message;

    fn on_start(&mut self, _cx: &mut Context<'_, Message>) {}

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Cache(CacheMessage::Get { operation, key }) => self.get(from, operation, key, cx),
            Message::Cache(CacheMessage::Set { key, value, value_bytes, token }) => {
                cx.mark("cache.set");
                self.set(key, value, value_bytes, token, cx);
            }
            Message::Cache(CacheMessage::Delete { operation, key }) => {
                cx.mark("cache.deleted");
                self.delete(from, operation, key, cx);
            }
            // Nothing else is sent to caches.
            _ => {}
        }
    }

    fn on_timer(&mut self, _slot: TimerSlot, _cx: &mut Context<'_, Message>) {}

    /// Caches write nothing.
    fn on_synced(&mut self, _through: WriteId, _cx: &mut Context<'_, Message>) {}

    fn on_crash(&mut self) {
        self.entries.clear();
        self.by_use.clear();
        self.fills.clear();
        self.last_token = 0;
    }
}

#[cfg(test)]
#[path = "cache_node_tests.rs"]
mod tests;
