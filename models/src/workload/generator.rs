//! What one client pool does next: which operation, on which key.

use std::sync::Arc;

use shardlab_sim::{Random, Share, Time};

use crate::tables::Tables;
use crate::workload::keys::{Chooser, KeyChooser, KeySpace};
use crate::workload::mix::{MixChooser, OperationType};
use crate::workload::queries::{Drawn, QueryGenerator};
use crate::workload::{Mix, Surge, Wander, Workload, ycsb};

/// Draws the operations of one pool of one workload.
#[derive(Clone, Debug)]
pub struct Generator {
    mix: MixChooser,
    queries: Option<QueryGenerator>,
    from: u64,
    space: KeySpace,
    chooser: KeyChooser,
    wander: Option<Wander>,
    surge: Option<SurgeWindow>,
    transfer_keys: usize,
    rollback: Share,
    transaction_steps: u64,
    // Streams, one a concern.
    operations: Random,
    keys: Random,
    amounts: Random,
    rollbacks: Random,
}

/// One operation to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// This query.
    Query(Drawn),
    /// Read this key.
    Read(u64),
    /// Overwrite this key.
    Update(u64),
    /// Write this new key.
    Insert(u64),
    /// Read so many rows from this key on.
    Scan(u64, u16),
    /// Read this key, then write it.
    ReadModifyWrite(u64),
    /// Add to these accounts what stands beside them, which adds up to zero.
    Transfer {
        /// Accounts and what to add.
        changes: Vec<(u64, i64)>,
        /// Change one's mind when everything is prepared.
        rollback: bool,
    },
    /// Read all accounts, from zero to below this one.
    Audit(u64),
    /// These accesses in one transaction.
    Transaction {
        /// What they touch.
        content: Content,
        /// Key, and whether it is written; else it is read.
        accesses: Vec<(u64, bool)>,
        /// Change one's mind when everything is prepared.
        rollback: bool,
    },
}

/// What the keys of a transaction hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Lists, which are appended to.
    List,
    /// Registers, which are overwritten.
    Register,
    /// Counters, which are added to.
    Counter,
}

#[derive(Clone, Debug)]
struct SurgeWindow {
    from: Time,
    to: Time,
    key: u64,
    share: Share,
    random: Random,
}

impl SurgeWindow {
    fn new(surge: &Surge, random: Random) -> Self {
        let from = surge.at.as_ns();
        let to = surge.lasts.map_or(Time::MAX, |lasts| from.saturating_add(lasts.as_ns()));
        Self { from, to, key: surge.key, share: surge.share, random }
    }

    /// The surging key, if this operation goes to it.
    #[inline]
    fn key_at(&mut self, now: Time) -> Option<u64> {
        let takes = (self.from..self.to).contains(&now) && self.random.chance_ppb(self.share.as_ppb());
        takes.then_some(self.key)
    }
}

/// Most money that one account is credited in a transfer, as in Jepsen's bank test (`max-transfer`).
const MAX_TRANSFER: u64 = 5;

impl Generator {
    /// For pool `pool` of the `pools` that share this workload, under the world's seed.
    #[must_use]
    pub fn new(workload: &Workload, pool: u64, pools: u64, seed: u64) -> Self {
        // The name is part of the label, so that one more workload moves no other's draws.
        let stream = |concern| Random::new(seed, &format!("workload.{}.{concern}", workload.name), pool);
        // Where there are queries, nothing is drawn from it.
        let mix =
            if workload.queries.is_empty() { &workload.mix } else { &Mix { read: 1.0, ..Mix::default() } };
        Self {
            mix: MixChooser::new(mix),
            queries: None,
            from: workload.keys.from,
            space: KeySpace::new(workload.keys.count, pool, pools),
            chooser: KeyChooser::new(&workload.keys.distribution, workload.keys.count),
            wander: workload.keys.wander,
            surge: workload.surge.as_ref().map(|surge| SurgeWindow::new(surge, stream("surge"))),
            transfer_keys: workload.transfer_keys as usize,
            rollback: workload.rollback,
            transaction_steps: u64::from(workload.transaction_steps),
            operations: stream("operations"),
            keys: stream("keys"),
            amounts: stream("amounts"),
            rollbacks: stream("rollbacks"),
        }
    }

    /// The same for the workload of this number, which has queries, under the world's seed.
    #[must_use]
    pub(crate) fn with_queries(
        self,
        (number, workload): (usize, &Workload),
        (pool, pools): (u64, u64),
        tables: &Arc<Tables>,
        seed: u64,
    ) -> Self {
        let stream =
            |concern: &str| Random::new(seed, &format!("workload.{}.{concern}", workload.name), pool);
        let queries = || QueryGenerator::new((number, pool, pools), tables, &stream);
        Self { queries: (!workload.queries.is_empty()).then(queries), ..self }
    }

    /// The next operation, issued now.
    #[inline]
    pub fn next(&mut self, now: Time) -> Intent {
        if let Some(queries) = &mut self.queries {
            return Intent::Query(queries.next());
        }
        match self.mix.choose(&mut self.operations) {
            OperationType::Read => Intent::Read(self.key(now)),
            OperationType::Update => Intent::Update(self.key(now)),
            OperationType::Insert => Intent::Insert(self.space.insert()),
            OperationType::Scan => Intent::Scan(self.key(now), self.scan_rows()),
            OperationType::ReadModifyWrite => Intent::ReadModifyWrite(self.key(now)),
            OperationType::Transfer => {
                Intent::Transfer { changes: self.transfer(now), rollback: self.rolls_back() }
            }
            OperationType::Audit => Intent::Audit(self.space.loaded()),
            OperationType::ListAppend => self.several(Content::List, now),
            OperationType::RwRegister => self.several(Content::Register, now),
            OperationType::LongFork => self.one_or_group(now),
            OperationType::Set => self.one(Content::List, now),
            OperationType::Counter => self.one(Content::Counter, now),
            OperationType::UniqueIds => self.draw(now),
        }
    }

    /// One step or more, each a write or a read with equal chance.
    fn several(&mut self, content: Content, now: Time) -> Intent {
        let steps = 1 + self.operations.below(self.transaction_steps);
        let accesses = (0..steps).map(|_| (self.key(now), self.operations.below(2) == 0)).collect();
        self.transaction(content, accesses)
    }

    /// A write of one key, or as often a read of it.
    fn one(&mut self, content: Content, now: Time) -> Intent {
        let accesses = vec![(self.key(now), self.operations.below(2) == 0)];
        self.transaction(content, accesses)
    }

    /// A read of one counter, and an addition to it.
    fn draw(&mut self, now: Time) -> Intent {
        let key = self.key(now);
        self.transaction(Content::Counter, vec![(key, false), (key, true)])
    }

    /// A write of one register, or as often a read of the group that it is in.
    fn one_or_group(&mut self, now: Time) -> Intent {
        let key = self.key(now);
        if self.operations.below(2) == 0 {
            return self.transaction(Content::Register, vec![(key, true)]);
        }
        let first = key - key % self.transaction_steps;
        let group = first..(first + self.transaction_steps).min(self.space.loaded());
        self.transaction(Content::Register, group.map(|key| (key, false)).collect())
    }

    fn transaction(&mut self, content: Content, accesses: Vec<(u64, bool)>) -> Intent {
        let rollback = accesses.iter().any(|&(_, writes)| writes) && self.rolls_back();
        Intent::Transaction { content, accesses, rollback }
    }

    /// The chooser's key, or the surging one. The chooser draws either way, so that a surge shifts no other key.
    #[inline]
    fn key(&mut self, now: Time) -> u64 {
        let chosen = self.space.key(self.chooser.choose(self.space.count(), &mut self.keys));
        let loaded = self.space.loaded();
        let key = self.from
            + match &self.wander {
                Some(wander) if chosen < loaded => wander.at(now, chosen, loaded),
                _ => chosen,
            };
        self.surge.as_mut().and_then(|surge| surge.key_at(now)).unwrap_or(key)
    }

    fn scan_rows(&mut self) -> u16 {
        1 + self.operations.below(u64::from(ycsb::MAX_SCAN_ROWS)) as u16
    }

    /// The first account pays the same amount to each of the others.
    fn transfer(&mut self, now: Time) -> Vec<(u64, i64)> {
        let amount = 1 + self.amounts.below(MAX_TRANSFER) as i64;
        let mut changes = Vec::with_capacity(self.transfer_keys);
        while changes.len() < self.transfer_keys {
            let account = self.other_account(&changes, now);
            changes.push((account, amount));
        }
        changes[0].1 = -amount * (changes.len() as i64 - 1);
        changes
    }

    /// Whether the application rolls this transfer back once all votes are in.
    fn rolls_back(&mut self) -> bool {
        self.rollback > Share::ZERO && self.rollbacks.chance_ppb(self.rollback.as_ppb())
    }

    /// An account that is not among those taken: the chooser's, or the next one free after it.
    fn other_account(&mut self, taken: &[(u64, i64)], now: Time) -> u64 {
        let mut account = self.key(now);
        while taken.iter().any(|&(other, _)| other == account) {
            account = (account + 1) % self.space.loaded();
        }
        account
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shardlab_sim::Duration;

    use super::*;
    use crate::workload::{Arrivals, KeyDistribution, Keys, Mix};

    fn workload(mix: Mix, count: u64) -> Workload {
        Workload {
            name: "test".into(),
            arrivals: Arrivals::Closed { clients: 1, think: Duration::ZERO },
            keys: Keys { from: 0, count, distribution: KeyDistribution::Zipfian(0.99), wander: None },
            mix,
            queries: Vec::new(),
            start: Duration::ZERO,
            stop: None,
            surge: None,
            value_bytes: 1_000,
            timeout: Duration::from_ns(1),
            retries: 0,
            backoff: Duration::from_ns(1),
            region: None,
            balance: 100,
            overdraft: true,
            transfer_keys: 2,
            rollback: Share::ZERO,
            transaction_steps: 4,
        }
    }

    fn keys(generator: &mut Generator, at: Time, many: usize) -> Vec<u64> {
        let key =
            |intent| if let Intent::Read(key) = intent { key } else { panic!("not a read: {intent:?}") };
        (0..many).map(|_| key(generator.next(at))).collect()
    }

    #[test]
    fn a_surge_takes_its_share_and_leaves_the_other_keys_as_they_were() {
        let calm = workload(Mix { read: 1.0, ..Mix::default() }, 1_000);
        let share = "33.3%".parse().expect("a share");
        let surge = Surge { at: Duration::from_ns(10), lasts: Some(Duration::from_ns(10)), key: 777, share };
        let hot = Workload { surge: Some(surge), ..calm.clone() };
        let (mut without, mut with) = (Generator::new(&calm, 0, 1, 1), Generator::new(&hot, 0, 1, 1));
        for at in [9, 20] {
            assert_eq!(keys(&mut without, at, 500), keys(&mut with, at, 500), "at {at} there is no surge");
        }
        let (calm, hot) = (keys(&mut without, 15, 30_000), keys(&mut with, 15, 30_000));
        assert!(calm.iter().zip(&hot).all(|(calm, hot)| calm == hot || *hot == 777));
        let share = hot.iter().filter(|&&key| key == 777).count() as f64 / 30_000.0;
        assert!((share - 0.333).abs() < 0.02, "{share}");
    }

    /// The same draws, so many keys further, and round the end.
    #[test]
    fn what_is_popular_wanders() {
        let stays = workload(Mix { read: 1.0, ..Mix::default() }, 1_000);
        let mut wanders = stays.clone();
        wanders.keys.wander = Some(Wander { every: Duration::from_ns(10), by: 400 });
        let (mut stays, mut wanders) = (Generator::new(&stays, 0, 1, 1), Generator::new(&wanders, 0, 1, 1));
        for (at, shift) in [(9, 0), (10, 400), (39, 200)] {
            let there = keys(&mut stays, at, 500).into_iter().map(|key| (key + shift) % 1_000);
            assert_eq!(keys(&mut wanders, at, 500), there.collect::<Vec<_>>(), "at {at}");
        }
    }

    #[test]
    fn pools_differ_and_seeds_repeat() {
        let workload = workload(Mix { read: 1.0, ..Mix::default() }, 1_000_000);
        let draw = |pool, seed| keys(&mut Generator::new(&workload, pool, 2, seed), 0, 100);
        assert_eq!(draw(0, 1), draw(0, 1));
        assert_ne!(draw(0, 1), draw(1, 1));
        assert_ne!(draw(0, 1), draw(0, 2));
    }

    proptest! {
        #[test]
        fn a_transfer_moves_money_between_different_accounts_and_makes_none(
            accounts in 2_u64..20, theta in 0.1_f64..3.0, keys in 2_u32..10, seed: u64
        ) {
            let mut bank = workload(Mix { transfer: 1.0, ..Mix::default() }, accounts);
            bank.keys.distribution = KeyDistribution::Zipfian(theta);
            bank.transfer_keys = keys.min(accounts as u32);
            let mut generator = Generator::new(&bank, 0, 1, seed);
            for _ in 0..20 {
                let Intent::Transfer { changes, .. } = generator.next(0) else { panic!("not a transfer") };
                prop_assert_eq!(changes.len(), bank.transfer_keys as usize);
                prop_assert_eq!(changes.iter().map(|(_, change)| change).sum::<i64>(), 0);
                prop_assert!(changes.iter().all(|&(_, change)| change != 0));
                let mut distinct: Vec<u64> = changes.iter().map(|&(account, _)| account).collect();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), changes.len());
                prop_assert!(distinct.iter().all(|&account| account < accounts));
            }
        }
    }
}
