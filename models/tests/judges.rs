//! The judges that see what clients saw, held against those that know the order of versions: over random worlds,
//! healthy and broken, they never contradict each other.

mod judged;

use std::collections::BTreeMap;

use judged::{Load, Plan};
use shardlab_consistency::recorded::{RegisterHistory, Step, TransactionHistory, ValueId, Versions};
use shardlab_consistency::{
    Anomaly, AxiomOptions, Case, Dependency, History, Model, ModelVerdict, Outcome, RegisterOptions,
    RegisterReport, Report, TransactionOptions, TrueOrder, check_against_order, check_axioms,
    check_registers, check_transactions,
};
use shardlab_models::config::Bug;
use shardlab_models::replication::Reads;

/// Enough that something of everything is seen.
const WORLDS: u64 = 60;

/// How many worlds are tried of each kind of load and of health; `JUDGED_WORLDS=10000` tries more, and
/// `JUDGED_FROM=123` begins with that seed.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse().expect("worlds are counted"))
    };
    let from = number("JUDGED_FROM", 0);
    from..from + number("JUDGED_WORLDS", WORLDS)
}

/// In how many worlds something was seen.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, u64>);

impl Tally {
    fn note(&mut self, what: impl ToString) {
        *self.0.entry(what.to_string()).or_default() += 1;
    }

    fn note_all(&mut self, report: &Report, plan: &Plan) {
        for found in &report.found {
            self.note(found.anomaly);
            if let [bug] = plan.config.bugs[..] {
                self.note(format!("{bug:?} → {}", found.anomaly));
            }
        }
    }

    fn of(&self, what: impl ToString) -> u64 {
        self.0.get(&what.to_string()).copied().unwrap_or_default()
    }
}

/// A history of transactions and the order in which its versions survived, both judged.
struct Transactions<'a> {
    plan: &'a Plan,
    history: TransactionHistory,
    order: TrueOrder,
    seen: Report,
    known: Report,
    /// Versions that were acknowledged or read did not survive.
    lost: bool,
}

impl<'a> Transactions<'a> {
    fn of(plan: &'a Plan, versions: Versions) -> Self {
        let run = plan.run();
        let history = TransactionHistory::of(&run.history, versions);
        let survivors = run.evidence.version_order.expect("a log has an order");
        let order = TrueOrder::surviving(&history, &survivors);
        let seen = check_transactions(&history, &TransactionOptions::default());
        let known = check_against_order(&history, &order);
        let lost = loses(&history, &order);
        Self { plan, history, order, seen, known, lost }
    }

    /// What clients were told: the history with the true order of those elements that somebody read.
    fn told_by_all(&self) -> Report {
        check_against_order(&self.history, &self.order_of(&self.read(|_, _| true)))
    }

    /// The same without the appends that only their own transactions read: where these stand among the others, no
    /// client is told.
    fn told_by_others(&self) -> Report {
        let told = self.read(|value, steps| !steps.iter().any(|step| step.written() == Some(value)));
        let history = &self.history;
        let mut without = TransactionHistory { keys: history.keys.clone(), ..Default::default() };
        without.values = history.values.clone();
        for record in &history.transactions {
            let mut steps = Vec::new();
            for step in history.steps(record) {
                match *step {
                    Step::ReadList { key, elements } => {
                        let list = history.list(elements).iter().copied();
                        let elements = without.push_list(list.filter(|value| told[value.0 as usize]));
                        steps.push(Step::ReadList { key, elements });
                    }
                    Step::Append { value, .. } if !told[value.0 as usize] => {}
                    other => steps.push(other),
                }
            }
            without.push(*record, &steps);
        }
        check_against_order(&without, &self.order_of(&told))
    }

    /// Which elements were read, of those that count: an element and the steps of the transaction that read it.
    fn read(&self, counts: impl Fn(ValueId, &[Step]) -> bool) -> Vec<bool> {
        let mut read = vec![false; self.history.values.len()];
        for record in self.history.transactions.iter().filter(|record| record.outcome == Outcome::Ok) {
            let steps = self.history.steps(record);
            for step in steps {
                if let Step::ReadList { elements, .. } = *step {
                    let list = self.history.list(elements).iter().filter(|value| counts(**value, steps));
                    list.for_each(|value| read[value.0 as usize] = true);
                }
            }
        }
        read
    }

    /// The true order of these elements.
    fn order_of(&self, elements: &[bool]) -> TrueOrder {
        let keys = 0..self.history.keys.len() as u32;
        let of = |key| self.order.of(key).iter().copied().filter(|value| elements[value.0 as usize]);
        TrueOrder::new(keys.map(of))
    }

    /// What the two judges say of one model, if they contradict each other.
    fn contradiction(&self, model: Model) -> Option<String> {
        use ModelVerdict::{Broken, Holds};
        let (seen, known) = (self.seen.verdict(model)?, self.known.verdict(model)?);
        let contradicts = match (seen, known) {
            (Broken(_), Broken(_)) | (Holds, Holds) => false,
            // Where versions were lost, what is known of the others tells nothing of their order.
            (Broken(_), _) if self.lost => self.holds(Model::StrictSerializable),
            // A read that no state of its list ever showed misleads whoever infers the order from it.
            (Broken(_), _) if self.knows_of(Anomaly::IncompatibleOrder) => self.holds(Model::ReadCommitted),
            (Broken(_), _) => true,
            (Holds, Broken(by)) => !self.lost && !self.is_hidden(model, by),
            _ => false,
        };
        contradicts.then(|| format!("{model}: clients saw {seen:?}, known is {known:?}"))
    }

    fn knows_of(&self, anomaly: Anomaly) -> bool {
        self.known.found.iter().any(|found| found.anomaly == anomaly)
    }

    fn holds(&self, model: Model) -> bool {
        !matches!(self.known.verdict(model), Some(ModelVerdict::Broken(_)))
    }

    /// Whether what breaks a model follows only from an order that no client was told.
    fn is_hidden(&self, model: Model, by: &[Anomaly]) -> bool {
        match self.history.versions {
            Versions::Lists => {
                let holds = |told: Report| !matches!(told.verdict(model), Some(ModelVerdict::Broken(_)));
                holds(self.told_by_all()) || holds(self.told_by_others())
            }
            Versions::Registers => by.iter().all(|&anomaly| self.follows_from_order(anomaly)),
        }
    }

    fn follows_from_order(&self, anomaly: Anomaly) -> bool {
        let found =
            self.known.found.iter().find(|found| found.anomaly == anomaly).expect("it breaks a model");
        let mut edges = found.explanation.cycle.iter();
        anomaly == Anomaly::CyclicVersions
            || edges.any(|edge| matches!(edge.dependency, Dependency::WriteWrite | Dependency::ReadWrite))
    }

    fn check(&self, tally: &mut Tally) {
        let contradictions: Vec<String> =
            Model::all().filter_map(|model| self.contradiction(model)).collect();
        assert!(contradictions.is_empty(), "{}: {contradictions:#?}", self.told());
        self.check_axioms();
        tally.note("worlds");
        if self.lost {
            tally.note("worlds that lost versions");
        }
        if self.hides_something() {
            tally.note("worlds with anomalies that no client was told of");
        }
        tally.note_all(&self.seen, self.plan);
    }

    /// What the axioms on the order of commits find broken cannot be whole by what is known.
    fn check_axioms(&self) {
        let report = check_axioms(&self.history, &AxiomOptions::default());
        let found: Vec<_> = report.found.iter().map(|found| &found.explanation.words).collect();
        let is_whole = self.known.verdict(Model::StrictSerializable) == Some(&ModelVerdict::Holds);
        let is_sound = found.is_empty() || !is_whole;
        assert!(is_sound, "{}: {found:#?}", self.told());
    }

    fn hides_something(&self) -> bool {
        let holds = |model| self.seen.verdict(model) == Some(&ModelVerdict::Holds);
        Model::all().any(|model| holds(model) && !self.holds(model))
    }

    fn told(&self) -> String {
        let (plan, seen, known) = (self.plan, &self.seen.found, &self.known.found);
        let bugs = &plan.config.bugs;
        format!(
            "seed {} with {bugs:?}, faults {:#?}\nseen {seen:#?}\nknown {known:#?}\n",
            plan.seed, plan.faults
        )
    }

    fn check_healthy(&self, tally: &mut Tally) {
        self.check(tally);
        for report in [&self.seen, &self.known] {
            assert!(report.found.is_empty(), "{}", self.told());
        }
        assert!(!self.lost, "seed {}: an acknowledged version is gone", self.plan.seed);
    }
}

fn loses(history: &TransactionHistory, order: &TrueOrder) -> bool {
    let mut survives = vec![false; history.values.len()];
    let keys = 0..history.keys.len() as u32;
    keys.flat_map(|key| order.of(key)).for_each(|value| survives[value.0 as usize] = true);
    let is_lost = |value: &ValueId| *value != ValueId::NIL && !survives[value.0 as usize];
    let told = history.transactions.iter().filter(|record| record.outcome == Outcome::Ok);
    told.flat_map(|record| history.steps(record)).any(|step| match *step {
        Step::ReadList { elements, .. } => history.list(elements).iter().any(is_lost),
        Step::Read { value, .. } | Step::Write { value, .. } | Step::Append { value, .. } => is_lost(&value),
        Step::ReadUnknown { .. } => false,
    })
}

fn judge_transactions(load: Load, versions: Versions) {
    let (mut healthy, mut broken) = (Tally::default(), Tally::default());
    for seed in seeds() {
        let plan = Plan::healthy(load, seed);
        let judged = Transactions::of(&plan, versions);
        if plan.keeps_acknowledged() {
            judged.check_healthy(&mut healthy);
        } else {
            judged.check(&mut broken);
        }
        Transactions::of(&Plan::broken(load, seed), versions).check(&mut broken);
    }
    println!("{load:?}: healthy {healthy:#?}, broken {broken:#?}");
    if seeds().count() as u64 >= WORLDS {
        assert!(healthy.of("worlds") > 0 && broken.of("worlds that lost versions") > 0);
    }
}

#[test]
fn lists() {
    judge_transactions(Load::Lists, Versions::Lists);
}

#[test]
fn registers() {
    judge_transactions(Load::Registers, Versions::Registers);
}

/// The world in which a transaction that had waited voted yes by an abort that was not on disk.
#[test]
fn a_vote_does_not_rest_on_an_abort_that_a_crash_undoes() {
    let plan = Plan::healthy(Load::Lists, 898);
    Transactions::of(&plan, Versions::Lists).check_healthy(&mut Tally::default());
}

/// What each bug shows in some world or other, by itself.
const CAUGHT: [(Bug, Load, &[Anomaly]); 14] = {
    use Anomaly::*;
    [
        (Bug::NoReadLocks, Load::Lists, &[GSingle, G2Item]),
        (Bug::NoLocks, Load::Lists, &[IncompatibleOrder, LostUpdate, G2Item]),
        (Bug::DirtyReads, Load::Lists, &[G1a, G1b, G1c]),
        (Bug::DirtyReads, Load::Registers, &[G1a, G1b]),
        (Bug::StaleSnapshot, Load::Lists, &[GSingle, GNonadjacent, GSingleProcess]),
        (Bug::StaleSnapshot, Load::Registers, &[LongFork]),
        (Bug::UnrepeatableReads, Load::Lists, &[Internal, NonRepeatableRead]),
        (Bug::KeepAbortedWrites, Load::Lists, &[G1a, DirtyUpdate, DuplicateElements]),
        (Bug::BlindToOwnWrites, Load::Lists, &[Internal]),
        (Bug::ReadAhead, Load::Lists, &[FutureRead]),
        (Bug::MisdirectedReads, Load::Lists, &[GarbageRead]),
        (Bug::MisdirectedReads, Load::Registers, &[GarbageRead]),
        (Bug::RetryAsNew, Load::Lists, &[DuplicateElements]),
        (Bug::VoteBeforeSync, Load::Lists, &[IncompatibleOrder, G0Realtime]),
    ]
};

#[test]
fn every_bug_of_isolation_is_caught() {
    for (bug, load, anomalies) in CAUGHT {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..24 {
            let plan = Plan::healthy(load, seed).with(bug);
            let versions = if load == Load::Lists { Versions::Lists } else { Versions::Registers };
            seen.extend(Transactions::of(&plan, versions).seen.found.iter().map(|found| found.anomaly));
        }
        let missed: Vec<_> = anomalies.iter().filter(|anomaly| !seen.contains(anomaly)).collect();
        assert!(missed.is_empty(), "{bug:?} over {load:?} shows {seen:?}, and not {missed:?}");
    }
}

#[test]
fn single_keys() {
    let (mut healthy, mut broken) = (Tally::default(), Tally::default());
    for seed in seeds() {
        let plan = Plan::healthy(Load::Single, seed);
        judge_single_keys(&plan, if plan.keeps_acknowledged() { &mut healthy } else { &mut broken });
        judge_single_keys(&Plan::broken(Load::Single, seed), &mut broken);
    }
    println!("{:?}: healthy {healthy:#?}, broken {broken:#?}", Load::Single);
    if seeds().count() as u64 >= WORLDS {
        assert!(healthy.of("worlds that promise linearizability") > 0);
        assert!(broken.of("stale reads that clients must notice") > 0);
    }
}

fn judge_single_keys(plan: &Plan, tally: &mut Tally) {
    let run = plan.run();
    let case = Case::new(&run.history, &run.evidence);
    let known = case.registers().expect("a log has an order");
    let recorded = RegisterHistory::from_operations(&run.history);
    let seen = check_registers(&recorded, &RegisterOptions::default());
    let verdict = seen.verdict(Model::Linearizable).expect("it was asked for");
    let about =
        || format!("seed {} with {:?}, faults {:#?}: {verdict:?}", plan.seed, plan.config.bugs, plan.faults);
    let is_broken = matches!(verdict, ModelVerdict::Broken(_));
    tally.note("worlds");
    if is_broken {
        tally.note(Anomaly::NonLinearizable);
        assert!(finds_something(known), "{} and nobody knows why: {:?}", about(), seen.found);
    }
    if undeniable(&run.history, known) {
        tally.note("stale reads that clients must notice");
        assert!(is_broken, "{}", about());
    }
    if !known.dirty_reads.is_empty() {
        tally.note("dirty reads");
        assert!(is_broken, "{}", about());
    }
    if plan.keeps_acknowledged() && plan.config.replication.reads != Reads::Local {
        tally.note("worlds that promise linearizability");
        assert_eq!(verdict, &ModelVerdict::Holds, "{}: {:?}", about(), seen.found);
    }
}

/// What the judges that know the order have to say against a history.
fn finds_something(known: &RegisterReport) -> bool {
    let found = [&known.lost_writes, &known.dirty_reads, &known.vanished_reads];
    !known.stale_reads.is_empty() || found.iter().any(|found| !found.is_empty())
}

/// Whether a stale read shows in what clients were told: what was read had been written before the write that it missed
/// was invoked. Of two writes that overlap, clients cannot tell which came first.
fn undeniable(history: &History, known: &RegisterReport) -> bool {
    known.stale_reads.iter().any(|stale| {
        let [read, missed] = [stale.read, stale.missed].map(|place| &history.operations[place as usize]);
        let value = read.observed().expect("only reads are stale");
        let written =
            history.operations.iter().find(|other| other.key == read.key && other.written() == Some(value));
        written.is_none_or(|written| written.acknowledged().is_some_and(|end| end < missed.invoked))
    })
}
