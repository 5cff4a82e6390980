//! The judges: each tests one promise and knows the anomalies that break it.
//!
//! To add one: a file with a `judge` function, and a row in [`JUDGES`].

mod atomicity;
mod bank;
mod convergence;
mod dirty_reads;
mod isolation;
mod linearizability;
mod liveness;
mod lost_writes;
mod models;
mod query_answers;
mod residency;
mod sets_and_counters;
mod stale_reads;
mod unique_ids;
mod vanished_reads;

use crate::{Case, Checks, History, Metric, Promise, Promises, Verdict, Witness};

/// One judge, as the table lists it.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// What it tests, in one sentence.
    pub doc: &'static str,
    /// The promise it holds the configuration to.
    pub promise: Promise,
    /// The names of the anomalies it can find.
    pub anomalies: &'static [&'static str],
    /// Whether it is asked at all.
    pub is_asked: fn(&Checks) -> bool,
    /// How it finds them.
    pub judge: fn(&Case<'_>) -> Finding,
}

/// Judges that take no time worth sparing.
const ALWAYS: fn(&Checks) -> bool = |_| true;

/// All judges, in the order in which reports show them.
pub const JUDGES: &[Judge] = &[
    Judge {
        name: "lost-writes",
        doc: "Every acknowledged write is among those that survived.",
        promise: Promise::Durability,
        anomalies: &[lost_writes::LOST_WRITE],
        is_asked: ALWAYS,
        judge: lost_writes::judge,
    },
    Judge {
        name: "vanished-reads",
        doc: "Every value that a read returned is among those that survived.",
        promise: Promise::SurvivingReads,
        anomalies: &[vanished_reads::VANISHED_READ],
        is_asked: ALWAYS,
        judge: vanished_reads::judge,
    },
    Judge {
        name: "stale-reads",
        doc: "No read returns an older version than one acknowledged before the read began.",
        promise: Promise::FreshReads,
        anomalies: &[stale_reads::STALE_READ],
        is_asked: ALWAYS,
        judge: stale_reads::judge,
    },
    Judge {
        name: "dirty-reads",
        doc: "No read returns a value that nobody wrote, or whose write was reported as failed.",
        promise: Promise::CommittedReads,
        anomalies: &[dirty_reads::DIRTY_READ],
        is_asked: ALWAYS,
        judge: dirty_reads::judge,
    },
    Judge {
        name: "query-answers",
        doc: "A query finds every row that was there when it began, and each once.",
        promise: Promise::WholeAnswers,
        anomalies: query_answers::ANOMALIES,
        is_asked: ALWAYS,
        judge: query_answers::judge,
    },
    Judge {
        name: "bank",
        doc: "All accounts together hold the same total at every audit and at the end, and none is overdrawn that may not be.",
        promise: Promise::ConservedTotal,
        anomalies: bank::ANOMALIES,
        is_asked: ALWAYS,
        judge: bank::judge,
    },
    Judge {
        name: "isolation",
        doc: "Transactions over lists and registers are what the consistency models allow.",
        promise: Promise::Isolation,
        anomalies: &isolation::NAMES,
        is_asked: ALWAYS,
        judge: isolation::judge,
    },
    Judge {
        name: "sets-and-counters",
        doc: "No acknowledged element is missing later, and no counter is read outside of what was added.",
        promise: Promise::KeptAdditions,
        anomalies: &sets_and_counters::NAMES,
        is_asked: ALWAYS,
        judge: sets_and_counters::judge,
    },
    Judge {
        name: "unique-ids",
        doc: "No id is handed out twice.",
        promise: Promise::UniqueIds,
        anomalies: &unique_ids::NAMES,
        is_asked: ALWAYS,
        judge: unique_ids::judge,
    },
    Judge {
        name: "linearizability",
        doc: "Single-key operations are what the models of registers allow that were asked for.",
        promise: Promise::Linearizability,
        anomalies: &linearizability::NAMES,
        is_asked: linearizability::is_asked,
        judge: linearizability::judge,
    },
    Judge {
        name: "convergence",
        doc: "After the drain all replicas of a shard are equal.",
        promise: Promise::Convergence,
        anomalies: &[convergence::DIVERGED_SHARD],
        is_asked: ALWAYS,
        judge: convergence::judge,
    },
    Judge {
        name: "atomicity",
        doc: "A transaction is applied at all its participants or at none, as its client was told.",
        promise: Promise::Atomicity,
        anomalies: atomicity::ANOMALIES,
        is_asked: ALWAYS,
        judge: atomicity::judge,
    },
    Judge {
        name: "liveness",
        doc: "After the drain every shard takes a write, and nothing is sealed, locked, waiting or in doubt.",
        promise: Promise::Liveness,
        anomalies: liveness::ANOMALIES,
        is_asked: ALWAYS,
        judge: liveness::judge,
    },
    Judge {
        name: "residency",
        doc: "No server outside of the regions that a rule allows ever held a copy of a row that the rule is about.",
        promise: Promise::Residency,
        anomalies: &[residency::RESIDENCY_VIOLATION],
        is_asked: ALWAYS,
        judge: residency::judge,
    },
];

/// What one judge found, whether or not anything was promised.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether the property holds.
    pub verdict: Verdict,
    /// How many times it is broken, all its anomalies together.
    pub anomalies: u64,
    /// What was counted on the way, by dotted name.
    pub metrics: Vec<Metric>,
    /// One witness of every kind of anomaly, of judges that tell several kinds.
    pub seen: Vec<Witness>,
}

impl Finding {
    /// Nothing could be judged, for this reason.
    fn unknown(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown(reason.into()), anomalies: 0, metrics: Vec::new(), seen: Vec::new() }
    }

    /// Fails on a witness; without one, the evidence suffices unless a reason says why not.
    fn new(witness: Option<Witness>, insufficient: Option<String>) -> Self {
        let anomalies = witness.as_ref().map_or(0, |witness| witness.count);
        let verdict = match (witness, insufficient) {
            (Some(witness), _) => Verdict::Fail(witness),
            (None, Some(reason)) => Verdict::Unknown(reason),
            (None, None) => Verdict::Pass,
        };
        Self { verdict, anomalies, metrics: Vec::new(), seen: Vec::new() }
    }

    /// The same of several kinds of anomaly, the gravest first: it is the one that the verdict tells of.
    fn of_kinds(seen: Vec<Witness>, insufficient: Option<String>) -> Self {
        let anomalies = seen.iter().map(|witness| witness.count).sum();
        let verdict = Self::new(seen.first().cloned(), insufficient).verdict;
        Self { verdict, anomalies, metrics: Vec::new(), seen }
    }

    /// One witness of every kind of anomaly that was seen.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        let only = self.verdict.witness().filter(|_| self.seen.is_empty());
        self.seen.iter().chain(only)
    }

    fn with(mut self, name: &'static str, value: f64) -> Self {
        self.metrics.push(Metric { name, value });
        self
    }
}

/// One judge's finding, held against what was promised.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The judge's name.
    pub judge: &'static str,
    /// The promise it tested.
    pub promise: Promise,
    /// Whether the configuration makes that promise.
    pub promised: bool,
    /// What it found. Where nothing was promised this is a mere observation: see [`Self::verdict`].
    pub finding: Finding,
}

impl Judgement {
    /// The verdict, where there was a promise to break.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.promised.then_some(&self.finding.verdict)
    }

    /// `pass`, `fail`, `unknown` or `not promised`.
    pub fn word(&self) -> &'static str {
        self.verdict().map_or("not promised", Verdict::word)
    }
}

/// Asks every judge. A run in which something was not tested passes none of them: it never met its fault.
pub fn judge(case: &Case<'_>, promises: Promises) -> Vec<Judgement> {
    JUDGES.iter().map(|judge| judge.ask(case, promises)).collect()
}

/// The worst verdict on what was promised; `unknown` where nothing was.
pub fn overall(judgements: &[Judgement]) -> Verdict {
    let promised = judgements.iter().filter_map(Judgement::verdict).cloned();
    promised.reduce(Verdict::worst).unwrap_or_else(|| Verdict::Unknown("nothing was promised".into()))
}

impl Judge {
    /// Asks one judge.
    pub fn ask(&self, case: &Case<'_>, promises: Promises) -> Judgement {
        if !(self.is_asked)(&case.checks) {
            let finding = Finding::unknown("not asked");
            return Judgement { judge: self.name, promise: self.promise, promised: false, finding };
        }
        let mut finding = (self.judge)(case);
        for witness in finding.witnesses() {
            let anomaly = witness.anomaly;
            assert!(
                self.anomalies.contains(&anomaly),
                "{} finds only what is in its row, not {anomaly}",
                self.name
            );
        }
        let untested = &case.evidence.untested;
        if finding.verdict == Verdict::Pass && !untested.is_empty() {
            finding.verdict = Verdict::Unknown(format!("not tested: {}", untested.join("; ")));
        }
        Judgement {
            judge: self.name,
            promise: self.promise,
            promised: promises.contains(self.promise),
            finding,
        }
    }
}

/// Why the judges of single keys cannot speak without the true order.
const NO_VERSION_ORDER: &str = "the true version order is not known";

/// Of several operations, the one invoked first: the one to tell about.
fn earliest(history: &History, positions: impl Iterator<Item = u32>) -> Option<usize> {
    let invoked = |&position: &usize| (history.operations[position].invoked, position);
    positions.map(|position| position as usize).min_by_key(invoked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, pictures};

    const HEALTHY: &str = "
        a  |-- w1 --|
        b             |-- r1 --|
    ";

    fn judged(promises: Promises, alter: impl Fn(&mut Evidence)) -> Vec<Judgement> {
        let history = pictures::history(HEALTHY);
        let mut evidence = pictures::evidence("1");
        alter(&mut evidence);
        judge(&Case::new(&history, &evidence), promises)
    }

    #[test]
    fn only_broken_promises_fail_a_run() {
        let lose = |evidence: &mut Evidence| evidence.version_order = pictures::evidence("").version_order;
        let promised = judged(Promises::NONE.with(Promise::Durability), lose);
        assert_eq!((promised[0].word(), overall(&promised).word()), ("fail", "fail"));
        let free = judged(Promises::NONE.with(Promise::CommittedReads), lose);
        assert_eq!((free[0].word(), overall(&free).word()), ("not promised", "pass"));
        assert_eq!((free[0].finding.anomalies, free[0].finding.verdict.is_fail()), (1, true));
    }

    #[test]
    fn a_run_without_promises_is_unknown() {
        assert_eq!(overall(&judged(Promises::NONE, |_| ())).to_string(), "unknown: nothing was promised");
    }

    #[test]
    fn an_inert_fault_turns_passes_and_only_passes_into_unknown() {
        let durability = Promises::NONE.with(Promise::Durability);
        let inert = |evidence: &mut Evidence| {
            evidence.untested =
                ["cut of node 3 never struck", "grow was never begun"].map(String::from).into();
        };
        let verdict = overall(&judged(durability, inert));
        let said = "unknown: not tested: cut of node 3 never struck; grow was never begun";
        assert_eq!(verdict.to_string(), said);
        let lost = |evidence: &mut Evidence| {
            *evidence = Evidence { untested: vec!["x".into()], ..pictures::evidence("") }
        };
        assert_eq!(overall(&judged(durability, lost)).word(), "fail");
    }

    #[test]
    fn without_any_evidence_every_judge_says_unknown() {
        let (history, evidence) = (History::default(), Evidence::default());
        let asked = || Checks { models: vec![crate::Model::Linearizable], ..Checks::default() };
        let case = |evidence| Case::new(&history, evidence).with_checks(asked());
        for judgement in judge(&case(&evidence), Promises::ALL) {
            assert_eq!(judgement.word(), "unknown", "{}", judgement.judge);
        }
        let known = Evidence { version_order: Some(crate::VersionOrder::default()), ..Evidence::default() };
        for judgement in judge(&case(&known), Promises::ALL) {
            assert_eq!(judgement.word(), "unknown", "{}", judgement.judge);
        }
    }

    /// Two judges may find one anomaly, each in operations of its own: then the metric is the sum.
    #[test]
    fn the_table_names_every_judge_once_and_shares_names_of_the_lattice_alone() {
        let judgements = judged(Promises::ALL, |_| ());
        let mut names: Vec<&str> = JUDGES.iter().map(|judge| judge.name).collect();
        let metrics = judgements.iter().flat_map(|judgement| &judgement.finding.metrics);
        names.extend(metrics.map(|metric| metric.name).filter(|name| !name.starts_with("anomalies.")));
        let anomalies = JUDGES.iter().flat_map(|judge| judge.anomalies.iter().copied());
        names
            .extend(anomalies.filter(|name| crate::Anomaly::named(name).is_none_or(|of| of.name() != *name)));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for judge in JUDGES {
            let distinct: std::collections::BTreeSet<&str> = judge.anomalies.iter().copied().collect();
            assert_eq!(distinct.len(), judge.anomalies.len(), "{} names an anomaly twice", judge.name);
        }
        let untested: Vec<Promise> = Promise::ALL
            .into_iter()
            .filter(|promise| JUDGES.iter().all(|judge| judge.promise != *promise))
            .collect();
        assert_eq!(untested, []);
    }
}
