//! The axioms by ordered maps: the same asymptotic work, written as one would write it down first. Histories hold
//! committed transactions only, without anomalies that a single read shows.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::recorded::{Step, TransactionHistory, ValueId};

struct Plain {
    /// Of each transaction: (key, writer) of its reads from others.
    reads: Vec<Vec<(u32, Option<u32>)>>,
    writes: Vec<BTreeSet<u32>>,
    sessions: BTreeMap<u32, Vec<u32>>,
    edges: Vec<Vec<u32>>,
}

pub(crate) fn read_committed(history: &TransactionHistory) -> bool {
    Plain::new(history, false).is_acyclic()
}

pub(crate) fn monotonic_view(history: &TransactionHistory) -> bool {
    let mut plain = Plain::new(history, false);
    plain.visible_by_reads(true) && plain.is_acyclic()
}

pub(crate) fn read_atomic(history: &TransactionHistory) -> bool {
    let mut plain = Plain::new(history, true);
    plain.visible_by_reads(false) && plain.visible_by_session() && plain.is_acyclic()
}

pub(crate) fn causal(history: &TransactionHistory) -> bool {
    let mut plain = Plain::new(history, true);
    plain.visible_by_causes() && plain.is_acyclic()
}

impl Plain {
    fn new(history: &TransactionHistory, in_sessions: bool) -> Self {
        let count = history.transactions.len();
        let mut plain = Self {
            reads: vec![Vec::new(); count],
            writes: vec![BTreeSet::new(); count],
            sessions: BTreeMap::new(),
            edges: vec![Vec::new(); count],
        };
        let mut writer: BTreeMap<(u32, ValueId), u32> = BTreeMap::new();
        for (place, transaction) in (0..).zip(&history.transactions) {
            plain.sessions.entry(transaction.process).or_default().push(place);
            for step in history.steps(transaction) {
                if let Some(value) = step.written() {
                    writer.insert((step.key(), value), place);
                    plain.writes[place as usize].insert(step.key());
                }
            }
        }
        for (place, transaction) in (0..).zip(&history.transactions) {
            for step in history.steps(transaction) {
                if let Step::Read { key, value } = *step {
                    plain.enter_read(place, key, writer.get(&(key, value)).copied());
                }
            }
        }
        if in_sessions {
            for session in plain.sessions.values() {
                session.windows(2).for_each(|pair| plain.edges[pair[0] as usize].push(pair[1]));
            }
        }
        plain
    }

    fn enter_read(&mut self, place: u32, key: u32, source: Option<u32>) {
        self.reads[place as usize].push((key, source));
        if let Some(source) = source {
            self.edges[source as usize].push(place);
        }
    }

    /// `before` must commit before what was read; false where that is the initial version.
    fn ask(&mut self, before: u32, source: Option<u32>) -> bool {
        match source {
            Some(source) if source == before => true,
            Some(source) => {
                self.edges[before as usize].push(source);
                true
            }
            None => false,
        }
    }

    fn visible_by_reads(&mut self, later_only: bool) -> bool {
        for place in 0..self.reads.len() {
            let reads = self.reads[place].clone();
            for (position, &(_, source)) in reads.iter().enumerate() {
                let Some(before) = source else { continue };
                let from = if later_only { position + 1 } else { 0 };
                for &(key, other) in &reads[from..] {
                    if self.writes[before as usize].contains(&key) && !self.ask(before, other) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn visible_by_session(&mut self) -> bool {
        for session in self.sessions.clone().into_values() {
            let mut last: BTreeMap<u32, u32> = BTreeMap::new();
            for place in session {
                for (key, source) in self.reads[place as usize].clone() {
                    if let Some(&before) = last.get(&key)
                        && !self.ask(before, source)
                    {
                        return false;
                    }
                }
                last.extend(self.writes[place as usize].iter().map(|&key| (key, place)));
            }
        }
        true
    }

    fn visible_by_causes(&mut self) -> bool {
        let Some(order) = self.order() else { return false };
        let sessions: Vec<Vec<u32>> = self.sessions.values().cloned().collect();
        let mut position = vec![(0, 0); self.reads.len()];
        let mut writers: BTreeMap<u32, Vec<(usize, Vec<u32>)>> = BTreeMap::new();
        for (session, places) in sessions.iter().enumerate() {
            for (index, &place) in places.iter().enumerate() {
                position[place as usize] = (session, index as u32);
                for &key in &self.writes[place as usize] {
                    let of_key = writers.entry(key).or_default();
                    if of_key.last().is_none_or(|last| last.0 != session) {
                        of_key.push((session, Vec::new()));
                    }
                    of_key.last_mut().expect("it was pushed").1.push(index as u32);
                }
            }
        }
        let mut clocks = vec![vec![0; sessions.len()]; self.reads.len()];
        for node in order {
            let mut clock = clocks[node as usize].clone();
            let (session, index) = position[node as usize];
            clock[session] = index + 1;
            for &next in &self.edges[node as usize] {
                let other = &mut clocks[next as usize];
                other.iter_mut().zip(&clock).for_each(|(entry, &now)| *entry = now.max(*entry));
            }
        }
        for (place, clock) in clocks.iter().enumerate() {
            for (key, source) in self.reads[place].clone() {
                for (session, indices) in writers.get(&key).into_iter().flatten() {
                    let seen = indices.partition_point(|&index| index < clock[*session]);
                    let Some(last) = seen.checked_sub(1) else { continue };
                    if !self.ask(sessions[*session][indices[last] as usize], source) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn is_acyclic(&self) -> bool {
        self.order().is_some()
    }

    fn order(&self) -> Option<Vec<u32>> {
        let mut open = vec![0; self.edges.len()];
        self.edges.iter().flatten().for_each(|&to| open[to as usize] += 1);
        let mut order: Vec<u32> =
            (0..self.edges.len() as u32).filter(|&node| open[node as usize] == 0).collect();
        let mut done = 0;
        while done < order.len() {
            for &to in &self.edges[order[done] as usize] {
                open[to as usize] -= 1;
                if open[to as usize] == 0 {
                    order.push(to);
                }
            }
            done += 1;
        }
        (order.len() == self.edges.len()).then_some(order)
    }
}
