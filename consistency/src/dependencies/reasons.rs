//! Why each edge of a cycle is there, in words.

use super::classes::Row;
use super::graph::Kind;
use super::versions::{Inference, NONE};
use super::words;
use crate::recorded::{Step, TransactionHistory};
use crate::{Anomaly, CycleEdge, Explanation};

/// A cycle, told edge by edge.
pub(super) fn explain(
    history: &TransactionHistory,
    inference: &Inference,
    anomaly: Anomaly,
    row: &Row,
) -> Explanation {
    let cycle = &row.shortest;
    let reasons = Reasons { history, inference };
    let ends = cycle.iter().cycle().skip(1);
    let edges: Vec<CycleEdge> =
        cycle.iter().zip(ends).map(|(&(from, kind), &(to, _))| reasons.edge(from, to, kind)).collect();
    let mut transactions: Vec<u32> = cycle.iter().map(|&(transaction, _)| transaction).collect();
    let round = transactions.iter().chain(&transactions[..1]).map(|at| format!("T{at}")).collect::<Vec<_>>();
    transactions.sort_unstable();
    let mut told = shortened(transactions.iter().map(|&at| words::transaction(history, at)).collect());
    told.extend(shortened(edges.iter().map(comes_before).collect()));
    let round = shortened(round).join(" < ");
    told.push(format!("So {round}, which no order allows: {}.", shape(anomaly, &edges)));
    if !row.is_minimal {
        told.push("The search ended at its budget: there may be a shorter cycle.".into());
    }
    let involved = transactions.into_iter().map(|at| at as usize).collect();
    Explanation { words: told, cycle: edges, involved }
}

fn comes_before(edge: &CycleEdge) -> String {
    format!("T{} comes before T{} ({}): {}.", edge.from, edge.to, edge.dependency.name(), edge.words)
}

/// Nobody reads a thousand lines: what is in the middle is cut out.
fn shortened(mut lines: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 16;
    if lines.len() > SHOWN {
        let cut = SHOWN / 2..lines.len() - SHOWN / 2;
        let note = format!("… ({} more)", cut.len());
        lines.splice(cut, [note]);
    }
    lines
}

/// The anomaly's name, and the usual name of its smallest form.
fn shape(anomaly: Anomaly, edges: &[CycleEdge]) -> String {
    let same_key = edges.iter().all(|edge| edge.key == edges[0].key);
    let usual = match (anomaly, edges.len()) {
        (Anomaly::G2Item, 2) if same_key => ", a lost update",
        (Anomaly::G2Item, 2) => ", write skew",
        (Anomaly::GSingle, 2) if same_key => ", a lost update or a read that was not repeatable",
        (Anomaly::GSingle, 2) => ", read skew",
        (Anomaly::LongFork, _) => ", two readers who disagree",
        _ => "",
    };
    format!("{anomaly}{usual}")
}

struct Reasons<'a> {
    history: &'a TransactionHistory,
    inference: &'a Inference,
}

impl Reasons<'_> {
    fn edge(&self, from: u32, to: u32, kind: Kind) -> CycleEdge {
        let (key, words) = match kind {
            Kind::WriteWrite => self.write_write(from, to),
            Kind::WriteRead => self.write_read(from, to),
            Kind::ReadWrite => self.read_write(from, to),
            Kind::Process => (None, format!("process {} ran T{from} first", self.process(from))),
            _ => (None, format!("T{from} had ended before T{to} began")),
        };
        let dependency = kind.dependency().expect("cycles hold no edges onward");
        let key = key.map(|key| self.history.keys.name(key));
        CycleEdge { from: from as usize, to: to as usize, dependency, key, words }
    }

    fn write_write(&self, from: u32, to: u32) -> (Option<u32>, String) {
        let (earlier, later) = self.replaced(from, to, true);
        (Some(earlier.key()), format!("T{to} {} after T{from} {}", self.did(later), self.wrote(earlier)))
    }

    fn read_write(&self, from: u32, to: u32) -> (Option<u32>, String) {
        let (read, later) = self.replaced(from, to, false);
        (Some(read.key()), format!("T{from} {}, before T{to} {}", self.did(read), self.wrote(later)))
    }

    fn write_read(&self, from: u32, to: u32) -> (Option<u32>, String) {
        let read = self.met(to).find(|&(step, version)| {
            step.written().is_none() && self.inference.versions.writer(version) == from
        });
        let (read, _) = read.expect("a wr edge has a read");
        let how = match read {
            Step::ReadList { .. } => format!("whose last element T{from} appended"),
            _ => format!("which T{from} wrote"),
        };
        (Some(read.key()), format!("T{to} {}, {how}", self.did(read)))
    }

    /// The step of `from` that met a version, and the step of `to` that installed one right after it.
    fn replaced(&self, from: u32, to: u32, is_write: bool) -> (&Step, &Step) {
        let versions = &self.inference.versions;
        let candidates = self.met(from).filter(|(step, _)| step.written().is_some() == is_write);
        let mut pairs = candidates.flat_map(|(earlier, version)| {
            let next = versions.after(version).iter().filter(|&&next| versions.writer(next) == to);
            let install = |&next: &u32| self.met(to).find(|&(_, installed)| installed == next);
            next.filter_map(install).map(move |(later, _)| (earlier, later))
        });
        pairs.next().expect("a ww or rw edge has two steps")
    }

    /// A transaction's steps and the versions they met.
    fn met(&self, transaction: u32) -> impl Iterator<Item = (&Step, u32)> {
        let record = &self.history.transactions[transaction as usize];
        let met = &self.inference.met[record.first as usize..][..record.count as usize];
        self.history.steps(record).iter().zip(met.iter().copied()).filter(|&(_, version)| version != NONE)
    }

    fn did(&self, step: &Step) -> String {
        words::step(self.history, step)
    }

    /// `appended 2`: the key has just been named.
    fn wrote(&self, step: &Step) -> String {
        let value = step.written().map(|value| self.history.values.value(value)).unwrap_or_default();
        let verb = if matches!(step, Step::Append { .. }) { "appended" } else { "wrote" };
        format!("{verb} {value}")
    }

    fn process(&self, transaction: u32) -> u32 {
        self.history.transactions[transaction as usize].process
    }
}
