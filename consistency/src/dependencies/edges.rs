//! From versions and times to the graph of dependencies (Adya 1999, §3.1).
//!
//! Nodes below the number of transactions are transactions. The others stand for none; they keep the graph small where
//! many come after many.

use super::graph::{Edge, Graph, Kind};
use super::versions::{Inference, NONE, Versions};
use crate::Outcome;
use crate::history::index;
use crate::recorded::{Step, TransactionHistory};

/// More versions than these after one another get nodes of their own: fewer edges than every reader to every writer.
const SMALL_FAN: usize = 4;

/// All dependencies and the order of real time. The order of sessions is part of real time.
pub(super) fn graph(history: &TransactionHistory, inference: &Inference) -> Graph {
    let transactions = history.transactions.len();
    let mut edges = Edges {
        versions: &inference.versions,
        fans: Vec::new(),
        nodes: index(transactions),
        pairs: Vec::with_capacity(history.steps.len() * 2 + transactions * 3),
    };
    edges.realtime(history, &inference.committed);
    for (transaction, record) in history.transactions.iter().enumerate() {
        if inference.committed[transaction] {
            let met = &inference.met[record.first as usize..][..record.count as usize];
            edges.dependencies(transaction as u32, history.steps(record), met);
        }
    }
    Graph::new(edges.nodes as usize, &edges.pairs)
}

struct Edges<'a> {
    versions: &'a Versions,
    /// For each version with many after it: those, and the first of its nodes. Ascending by version.
    fans: Vec<(u32, Fan)>,
    nodes: u32,
    pairs: Vec<(u32, Edge)>,
}

/// Two chains of nodes over the writers `w[0]`, `w[1]`, …: from `downward + i` lead ways to all writers before `i + 1`,
/// from `upward + i` to all from `i` on. Whoever is a writer itself thus reaches all others, and not itself.
#[derive(Clone, Debug)]
struct Fan {
    writers: Vec<u32>,
    downward: u32,
    upward: u32,
}

impl Edges<'_> {
    fn add(&mut self, from: u32, to: u32, kind: Kind) {
        if from != to && from != NONE && to != NONE {
            self.pairs.push((from, Edge::new(to, kind)));
        }
    }

    fn dependencies(&mut self, transaction: u32, steps: &[Step], met: &[u32]) {
        for (step, &version) in steps.iter().zip(met).filter(|(_, version)| **version != NONE) {
            if step.written().is_some() {
                self.before_writers(transaction, version, Kind::WriteWrite);
            } else {
                self.add(self.versions.writer(version), transaction, Kind::WriteRead);
                self.before_writers(transaction, version, Kind::ReadWrite);
            }
        }
    }

    /// `from` comes before whoever wrote what comes right after a version.
    fn before_writers(&mut self, from: u32, version: u32, kind: Kind) {
        let after = self.versions.after(version);
        if after.len() <= SMALL_FAN {
            return after.iter().for_each(|&later| self.add(from, self.versions.writer(later), kind));
        }
        let Fan { writers, downward, upward } = self.fan(version);
        let (before, from_on) = match writers.binary_search(&from) {
            Ok(own) => (own, own + 1),
            Err(_) => (0, 0),
        };
        if before > 0 {
            self.add(from, downward + before as u32 - 1, kind);
        }
        if from_on < writers.len() {
            self.add(from, upward + from_on as u32, kind);
        }
    }

    fn fan(&mut self, version: u32) -> Fan {
        if let Ok(at) = self.fans.binary_search_by_key(&version, |fan| fan.0) {
            return self.fans[at].1.clone();
        }
        let mut writers: Vec<u32> =
            self.versions.after(version).iter().map(|&later| self.versions.writer(later)).collect();
        writers.sort_unstable();
        writers.dedup();
        let count = index(writers.len());
        let fan = Fan { downward: self.nodes, upward: self.nodes + count, writers };
        self.nodes += 2 * count;
        for (at, &writer) in (0..count).zip(&fan.writers) {
            self.add(fan.downward + at, writer, Kind::Onward);
            self.add(fan.upward + at, writer, Kind::Onward);
            if at > 0 {
                self.add(fan.downward + at, fan.downward + at - 1, Kind::Onward);
                self.add(fan.upward + at - 1, fan.upward + at, Kind::Onward);
            }
        }
        let at = self.fans.partition_point(|fan| fan.0 < version);
        self.fans.insert(at, (version, fan.clone()));
        fan
    }

    /// Real time by a chain of moments: each leads to the transactions that began then, and to the next moment. Three
    /// edges a transaction at most, however many run at once.
    fn realtime(&mut self, history: &TransactionHistory, committed: &[bool]) {
        let records = || history.transactions.iter().zip(0_u32..).filter(|(_, at)| committed[*at as usize]);
        let mut ended: Vec<(u32, u32)> = records()
            .filter(|(record, _)| record.outcome == Outcome::Ok)
            .map(|(record, at)| (record.completed, at))
            .collect();
        ended.sort_unstable();
        let mut ended = ended.into_iter().peekable();
        let mut moment = NONE;
        for (record, transaction) in records() {
            if ended.peek().is_some_and(|before| before.0 < record.invoked) {
                let last = std::mem::replace(&mut moment, self.nodes);
                self.nodes += 1;
                self.add(last, moment, Kind::Onward);
            }
            while let Some((_, before)) = ended.next_if(|before| before.0 < record.invoked) {
                self.add(before, moment, Kind::Realtime);
            }
            self.add(moment, transaction, Kind::Onward);
        }
    }
}
