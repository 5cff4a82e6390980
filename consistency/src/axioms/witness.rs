//! Contradictions told in words.

use super::constraints::Constraint;
use super::execution::{Execution, NOBODY};
use super::findings::{Findings, enter};
use super::graph::{Cycle, Edge, Why};
use super::levels::{Contradiction, LEVELS, Level};
use super::reads::INITIAL;
use crate::recorded::{Step, TransactionHistory, Versions};
use crate::{Anomaly, CycleEdge, Dependency, Explanation};

/// Explains contradictions, from weak models to strong ones, so that each gets the most specific name.
pub(super) struct Witness<'a> {
    history: &'a TransactionHistory,
    execution: &'a Execution,
    /// Of each node, the levels that have explained a contradiction in which it has a part, a bit each.
    explained: Vec<u8>,
}

impl<'a> Witness<'a> {
    pub(super) fn new(history: &'a TransactionHistory, execution: &'a Execution) -> Self {
        Self { history, execution, explained: vec![0; execution.len()] }
    }

    /// Enters what a contradiction shows and no weaker model's contradiction did; the names of all that.
    pub(super) fn explain(&mut self, contradiction: &Contradiction, findings: &mut Findings) -> Vec<Anomaly> {
        let mut names = Vec::new();
        self.explain_impossible(contradiction, findings, &mut names);
        for component in contradiction.graph.components() {
            if self.is_news(contradiction.level, &component) {
                let cycle = contradiction.graph.cycle(&component);
                let anomaly = self.name(contradiction, &cycle);
                findings.add(anomaly, || self.tell_cycle(contradiction, &cycle));
                enter(&mut names, anomaly);
            }
        }
        names
    }

    fn explain_impossible(
        &mut self,
        contradiction: &Contradiction,
        findings: &mut Findings,
        names: &mut Vec<Anomaly>,
    ) {
        let all = contradiction.constraints.iter();
        for constraint in all.filter(|constraint| constraint.after == INITIAL) {
            if self.is_news(contradiction.level, &[constraint.reader]) {
                let anomaly = self.name_of(contradiction.level, constraint);
                findings.add(anomaly, || self.tell_impossible(contradiction.level, constraint));
                enter(names, anomaly);
            }
        }
    }

    /// Whether no weaker model has explained these nodes; now this one has.
    fn is_news(&mut self, level: Level, nodes: &[u32]) -> bool {
        let weaker = LEVELS.into_iter().filter(|&other| other != level && level.implies(other));
        let weaker = weaker.fold(0, |mask, other| mask | bit(other));
        let news = nodes.iter().all(|&node| self.explained[node as usize] & weaker == 0);
        nodes.iter().for_each(|&node| self.explained[node as usize] |= bit(level));
        news
    }

    fn name(&self, contradiction: &Contradiction, cycle: &Cycle) -> Anomaly {
        let has = |why| cycle.iter().any(|(_, edge)| edge.why == why);
        let asked = cycle.iter().filter_map(|(_, edge)| match edge.why {
            Why::Constraint(place) => Some(&contradiction.constraints[place as usize]),
            _ => None,
        });
        // The worst that a cycle's constraints show names it.
        let worst = asked
            .map(|constraint| self.name_of(contradiction.level, constraint))
            .min_by_key(|&name| severity(name));
        worst.unwrap_or(match (has(Why::Session), has(Why::Read)) {
            (true, true) => Anomaly::G1cProcess,
            (true, false) => Anomaly::G0Process,
            (false, true) => Anomaly::G1c,
            (false, false) => Anomaly::G0,
        })
    }

    fn name_of(&self, level: Level, constraint: &Constraint) -> Anomaly {
        let mut shown_by = self.execution.reads.row(constraint.reader).iter();
        let mut shown_by_other = shown_by.clone();
        if level == Level::Causal {
            Anomaly::CausalViolation
        } else if shown_by_other.any(|read| read.source == constraint.before && read.key != constraint.key) {
            Anomaly::FracturedRead
        } else if !shown_by.any(|read| read.source == constraint.before) {
            Anomaly::ReadYourWrites
        } else if self.writes_between_reads(constraint) {
            Anomaly::Internal
        } else {
            Anomaly::NonRepeatableRead
        }
    }

    /// Whether the reader writes the key after it has read it, and reads it again.
    fn writes_between_reads(&self, constraint: &Constraint) -> bool {
        let transaction = &self.history.transactions[self.place(constraint.reader)];
        let steps = self.history.steps(transaction).iter().filter(|step| step.key() == constraint.key);
        let mut from_first_read = steps.skip_while(|step| step.written().is_some());
        from_first_read.any(|step| step.written().is_some())
            && from_first_read.any(|step| step.written().is_none())
    }

    fn tell_cycle(&self, contradiction: &Contradiction, cycle: &Cycle) -> Explanation {
        let edges: Vec<CycleEdge> =
            cycle.iter().map(|&(from, edge)| self.edge(contradiction, from, edge)).collect();
        let mut words = vec![format!("No order of commits is {}:", contradiction.level.model())];
        for (&(_, edge), told) in cycle.iter().zip(&edges) {
            words.push(format!("{}.", told.words));
            if let Why::Constraint(place) = edge.why {
                self.tell_visible(
                    contradiction.level,
                    &contradiction.constraints[place as usize],
                    &mut words,
                );
            }
        }
        words.push(format!("So T{} would have to commit before itself.", edges[0].from));
        let readers = cycle.iter().filter_map(|(_, edge)| match edge.why {
            Why::Constraint(place) => Some(self.place(contradiction.constraints[place as usize].reader)),
            _ => None,
        });
        let involved = distinct(edges.iter().map(|edge| edge.from).chain(readers));
        Explanation { words, cycle: edges, involved }
    }

    /// Someone read the initial version although a later one was visible.
    fn tell_impossible(&self, level: Level, constraint: &Constraint) -> Explanation {
        let Constraint { before, reader, key, .. } = *constraint;
        let mut cycle = self.path(level, before, reader);
        let (writer, reader) = (self.place(before), self.place(reader));
        let name = self.history.keys.name(key);
        let value = self.written(writer, key);
        let words =
            format!("T{reader} read the initial version of {name}, which T{writer} overwrote with {value}");
        cycle.push(CycleEdge {
            from: reader,
            to: writer,
            dependency: Dependency::ReadWrite,
            key: Some(name),
            words,
        });
        let mut words: Vec<String> = cycle.iter().map(|edge| format!("{}.", edge.words)).collect();
        words.push(format!("So T{reader} should have seen T{writer}'s write."));
        let involved = distinct(cycle.iter().map(|edge| edge.from));
        Explanation { words, cycle, involved }
    }

    fn edge(&self, contradiction: &Contradiction, from: u32, edge: Edge) -> CycleEdge {
        match edge.why {
            Why::Session => self.session_edge(from, edge.to),
            Why::Read => self.read_edge(from, edge.to),
            Why::Version(place) => {
                self.version_edge(from, edge.to, self.execution.versions[place as usize].2)
            }
            Why::Constraint(place) => self.constraint_edge(&contradiction.constraints[place as usize]),
        }
    }

    fn session_edge(&self, from: u32, to: u32) -> CycleEdge {
        let (from, to) = (self.place(from), self.place(to));
        let process = self.history.transactions[from].process;
        let words = format!("process {process} ran T{from} before T{to}");
        CycleEdge { from, to, dependency: Dependency::Process, key: None, words }
    }

    fn read_edge(&self, from: u32, to: u32) -> CycleEdge {
        let read = self.execution.reads.row(to).iter().find(|read| read.source == from);
        let key = read.expect("a read edge has a read").key;
        let (from, to) = (self.place(from), self.place(to));
        let name = self.history.keys.name(key);
        let words =
            format!("T{to} {}, which T{from} had written", self.read_words(&name, &self.written(from, key)));
        CycleEdge { from, to, dependency: Dependency::WriteRead, key: Some(name), words }
    }

    fn version_edge(&self, from: u32, to: u32, key: u32) -> CycleEdge {
        let (from, to) = (self.place(from), self.place(to));
        let name = self.history.keys.name(key);
        let words = format!("reads of {name} show what T{from} appended before what T{to} appended");
        CycleEdge { from, to, dependency: Dependency::WriteWrite, key: Some(name), words }
    }

    fn constraint_edge(&self, constraint: &Constraint) -> CycleEdge {
        let Constraint { before, after, reader, key } = *constraint;
        let (from, to, reader) = (self.place(before), self.place(after), self.place(reader));
        let name = self.history.keys.name(key);
        let read = self.read_words(&name, &self.written(to, key));
        let overwritten = self.written(from, key);
        let words = format!(
            "T{reader} {read}, which T{to} had written, though T{from}, which wrote {overwritten} to {name}, was \
             visible to it: T{from} must have committed before T{to}"
        );
        CycleEdge { from, to, dependency: Dependency::WriteWrite, key: Some(name), words }
    }

    /// Why one transaction was visible to another.
    fn tell_visible(&self, level: Level, constraint: &Constraint, words: &mut Vec<String>) {
        let path = self.path(level, constraint.before, constraint.reader);
        let (writer, reader) = (self.place(constraint.before), self.place(constraint.reader));
        let steps: Vec<String> = path.into_iter().map(|edge| edge.words).collect();
        words.push(format!("T{writer} was visible to T{reader}: {}.", steps.join("; ")));
    }

    /// The shortest way in which `effect` could know of `cause`: one step, or for causal consistency several.
    fn path(&self, level: Level, cause: u32, effect: u32) -> Vec<CycleEdge> {
        let reads = self.execution.reads.row(effect);
        if reads.iter().any(|read| read.source == cause) {
            return vec![self.read_edge(cause, effect)];
        }
        if level != Level::Causal {
            return vec![self.session_edge(cause, effect)];
        }
        self.causal_path(cause, effect)
    }

    /// A breadth-first search from the effect back.
    fn causal_path(&self, cause: u32, effect: u32) -> Vec<CycleEdge> {
        let mut leads_to = vec![NOBODY; self.execution.len()];
        let mut queue = std::collections::VecDeque::from([effect]);
        while leads_to[cause as usize] == NOBODY {
            let node = queue.pop_front().expect("what is in the causal past can be reached");
            for before in self.execution.causes(node) {
                if before != effect && leads_to[before as usize] == NOBODY {
                    leads_to[before as usize] = node;
                    queue.push_back(before);
                }
            }
        }
        let mut path = Vec::new();
        let mut node = cause;
        while node != effect {
            let next = leads_to[node as usize];
            let by_session = self.execution.previous[next as usize] == node;
            path.push(if by_session { self.session_edge(node, next) } else { self.read_edge(node, next) });
            node = next;
        }
        path
    }

    fn read_words(&self, key: &str, value: &str) -> String {
        match self.history.versions {
            Versions::Registers => format!("read {key} = {value}"),
            Versions::Lists => format!("read {key} up to {value}"),
        }
    }

    /// The last value that a transaction wrote to a key.
    fn written(&self, place: usize, key: u32) -> String {
        let steps = self.history.steps(&self.history.transactions[place]);
        let of_key = |step: &&Step| step.key() == key;
        let value = steps.iter().filter(of_key).filter_map(Step::written).next_back();
        self.history.values.value(value.expect("a writer writes the key"))
    }

    fn place(&self, node: u32) -> usize {
        self.execution.places[node as usize] as usize
    }
}

fn bit(level: Level) -> u8 {
    1 << level as u8
}

/// A fractured read tells more than a session that does not see itself.
fn severity(anomaly: Anomaly) -> u8 {
    match anomaly {
        Anomaly::FracturedRead | Anomaly::CausalViolation => 0,
        Anomaly::Internal | Anomaly::NonRepeatableRead => 1,
        _ => 2,
    }
}

fn distinct(places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    places.dedup();
    places
}
