//! One round of a query: asked, answered, asked again where it came to nothing.

use std::collections::BTreeMap;

use shardlab_consistency::Outcome;
use shardlab_sim::{Context, NodeId};

use super::{QueryWork, Round};
use crate::client::fanout::Fanout;
use crate::client::sessions::Work;
use crate::client::{ClientPool, session_timer};
use crate::config::Bug;
use crate::message::{Message, QueryAnswer, QueryMessage, QueryRequest, Response, Status, Wanted};
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;

impl ClientPool {
    pub(super) fn begin_round(&mut self, slot: usize, round: Round, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        session.failures = 0;
        let Work::Query(query) = &mut session.work else { return };
        query.round += 1;
        query.now = round;
        query.fanout = Fanout::new([]);
        query.answers.clear();
        query.fetched.clear();
        query.seen.rounds += 1;
        self.attempt_query(slot, cx);
    }

    /// Asks every shard that has not answered.
    pub(in crate::client) fn attempt_query(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Query(query) = &self.sessions[slot].work else { return };
        match query.now.clone() {
            Round::Find { matching, row_bytes, read_bytes, .. } => {
                let targets = self.targets(&matching);
                let everywhere = self.schema().is_everywhere(matching.table);
                let Work::Query(query) = &mut self.sessions[slot].work else { return };
                if targets.shards.is_empty() {
                    // Every partition that could have such rows is given up, whatever it said before.
                    query.answers.clear();
                    cx.cancel(session_timer(slot));
                    return self.next_round(slot, cx);
                }
                if everywhere || targets.pinned.is_some() {
                    // One shard has it all: the one that is meant now.
                    query.fanout = Fanout::new([]);
                    query.answers.clear();
                }
                targets.shards.iter().for_each(|&shard| query.fanout.add(shard));
                let unasked = query.fanout.unasked();
                for shard in unasked {
                    let wanted = Wanted::Matching(matching.clone());
                    self.ask(slot, shard, (wanted, targets.pinned), (row_bytes, read_bytes), cx);
                }
            }
            Round::Fetch { keys, row_bytes } => {
                for (shard, keys) in self.by_shard_of(slot, &keys) {
                    self.ask(slot, shard, (Wanted::Keys(keys), None), (row_bytes, row_bytes), cx);
                }
            }
            Round::Parts => return,
        }
        if !self.sessions[slot].work.awaits_answer() {
            return self.nobody_to_ask(slot, cx);
        }
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    /// The keys that have not come yet, by where they live.
    fn by_shard_of(&mut self, slot: usize, keys: &[u64]) -> BTreeMap<ShardId, Vec<u64>> {
        let Work::Query(query) = &mut self.sessions[slot].work else { return BTreeMap::new() };
        let mut by_shard: BTreeMap<ShardId, Vec<u64>> = BTreeMap::new();
        for &key in keys.iter().filter(|key| !query.fetched.contains(key)) {
            by_shard.entry(self.router.shard_of(key)).or_default().push(key);
        }
        query.fanout = Fanout::new(by_shard.keys().copied());
        by_shard
    }

    fn ask(
        &mut self,
        slot: usize,
        shard: ShardId,
        (wanted, pinned): (Wanted, Option<u64>),
        (row_bytes, read_bytes): (u32, u32),
        cx: &mut Context<'_, Message>,
    ) {
        let finished = self.router.routing().finished;
        let session = &mut self.sessions[slot];
        let (operation, has_failed) = (session.operation(), session.failures > 0);
        let Work::Query(query) = &mut session.work else { return };
        let Some(server) = self.router.whom(shard, false, has_failed, &mut self.routes) else { return };
        query.fanout.ask(shard, server);
        query.seen.shards.insert(shard);
        query.seen.requests += 1;
        query.seen.part(shard).requests += 1;
        let round = query.round;
        let request =
            QueryRequest { operation, round, shard, wanted, pinned, finished, row_bytes, read_bytes };
        cx.send(server, Message::Query(Box::new(QueryMessage::Ask(request))));
    }

    /// A shard's part has come.
    pub(in crate::client) fn on_answer(&mut self, answer: QueryAnswer, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.sessions.find(answer.operation) else { return };
        let Work::Query(query) = &mut self.sessions[slot].work else { return };
        if answer.round != query.round || query.fanout.is_answered(answer.shard) {
            return;
        }
        query.seen.bytes += answer.bytes;
        let part = query.seen.part(answer.shard);
        part.answers += 1;
        part.bytes += answer.bytes;
        part.windows += u64::from(answer.windows);
        query.fanout.answer(answer.shard);
        query.fetched.extend(answer.rows.iter().copied());
        query.answers.insert(answer.shard, answer);
        self.look_at_round(slot, cx);
    }

    /// A server that is not the right one has said so.
    pub(in crate::client) fn on_query_refused(
        &mut self,
        slot: usize,
        from: NodeId,
        response: &Response,
        cx: &mut Context<'_, Message>,
    ) {
        let Work::Query(query) = &mut self.sessions[slot].work else { return };
        let shard = response.shard;
        if !query.fanout.awaits(shard, from) {
            return;
        }
        query.fanout.reopen(shard);
        if let Status::NotPrimary { primary, epoch } = response.status
            && self.router.learn(shard, primary, epoch)
            && !self.router.takes_any_copy(false)
        {
            return self.attempt_query(slot, cx);
        }
        self.look_at_round(slot, cx);
    }

    /// The round is over when every part has come and all of them fit; the attempt has failed when nothing is awaited.
    fn look_at_round(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Query(query) = &mut self.sessions[slot].work else { return };
        if query.fanout.missing() > 0 {
            if query.fanout.outstanding() == 0 {
                self.attempt_failed(slot, cx);
            }
            return;
        }
        let misfits = match self.settings.bugs.contains(Bug::TrustEveryPart) {
            true => Vec::new(),
            false => query.misfits(),
        };
        if !misfits.is_empty() {
            for shard in misfits {
                query.fanout.add(shard);
                query.fanout.reopen(shard);
                query.answers.remove(&shard);
            }
            return self.attempt_failed(slot, cx);
        }
        cx.cancel(session_timer(slot));
        self.next_round(slot, cx);
    }

    pub(in crate::client) fn give_up_query(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.end_query(slot, Outcome::Fail, cx);
    }
}

impl QueryWork {
    /// Shards whose parts do not fit: of the two ends of a move exactly one must have served the keys. An end that was
    /// not asked must be, if the other did not.
    fn misfits(&self) -> Vec<ShardId> {
        let Round::Find { .. } = self.now else { return Vec::new() };
        let newest = self.answers.values().map(|answer| answer.finished).max().unwrap_or(0);
        // Of a plan that one shard was told is over another may not have heard when it answered: and then neither says
        // anything of it.
        let older = self.answers.values().filter(|answer| answer.finished < newest);
        let mut misfits: Vec<ShardId> = older.map(|answer| answer.shard).collect();
        for (&shard, answer) in &self.answers {
            let Some((plan, moves)) = &answer.moves else { continue };
            for &(pair, serves) in moves {
                let other = if shard == pair.0 { pair.1 } else { pair.0 };
                let fits = match self.answers.get(&other) {
                    Some(answer) => served(answer, *plan, pair) != serves,
                    None => serves,
                };
                if !fits {
                    misfits.extend([shard, other]);
                }
            }
        }
        misfits.sort_unstable();
        misfits.dedup();
        misfits
    }
}

/// Whether a shard served the keys of a move when it gave this answer.
fn served(answer: &QueryAnswer, plan: u32, pair: Pair) -> bool {
    let is_source = answer.shard == pair.0;
    let known = answer.moves.as_ref().map_or(0, |(known, _)| *known);
    // Plans that the client knew to be over are not told of, and one follows when the one before is over.
    if answer.finished >= plan || known > plan {
        return !is_source;
    }
    let said = answer.moves.iter().filter(|_| known == plan).flat_map(|(_, moves)| moves);
    // An end that has not begun says nothing: the source serves then, and the destination does not.
    said.filter(|(known, _)| *known == pair).map(|&(_, serves)| serves).next().unwrap_or(is_source)
}
