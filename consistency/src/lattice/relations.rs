//! The lattice as data: what each model implies, and which anomalies break it.
//!
//! After Adya 1999, Cerone et al. 2015 and 2016, Biswas & Enea 2019, and Elle's table of models. `read-atomic` and
//! `causal` count the order of sessions, as Biswas & Enea have it, so `serializable` alone does not imply them.

use std::sync::LazyLock;

use petgraph::graphmap::DiGraphMap;
use petgraph::visit::Dfs;

use super::{Anomaly, Model};
use crate::{ModelVerdict, Report};

/// One row: a model, the next weaker ones, the anomalies that break it and none of the weaker ones.
type Row = (Model, &'static [Model], &'static [Anomaly]);

macro_rules! relations {
    ($($model:ident => [$($weaker:ident),*] - [$($anomaly:ident),*];)*) => {
        const ROWS: &[Row] =
            &[$((Model::$model, &[$(Model::$weaker),*], &[$(Anomaly::$anomaly),*])),*];
    };
}

relations! {
    EventualConvergence => [] - [];
    ReadYourWrites => [] - [ReadYourWrites];
    MonotonicReads => [] - [MonotonicReads];
    MonotonicWrites => [] - [MonotonicWrites];
    WritesFollowReads => [] - [WritesFollowReads];
    Pram => [ReadYourWrites, MonotonicReads, MonotonicWrites] - [NonPipelined];
    Causal => [Pram, WritesFollowReads, ReadAtomic] - [CausalViolation];
    Sequential => [Causal] - [NonSequential];
    Linearizable => [Sequential] - [NonLinearizable];

    ReadUncommitted => [] - [G0, DuplicateElements, CyclicVersions, GarbageRead];
    ReadCommitted => [ReadUncommitted] - [G1a, G1b, G1c, DirtyUpdate, IncompatibleOrder, FutureRead];
    MonotonicAtomicView => [ReadCommitted] - [];
    ReadAtomic => [MonotonicAtomicView] - [Internal, NonRepeatableRead, FracturedRead];
    CursorStability => [ReadCommitted] - [LostUpdate];
    UpdateAtomic => [CursorStability, MonotonicAtomicView] - [Internal, NonRepeatableRead];
    ConsistentView => [CursorStability, MonotonicAtomicView] - [GSingle, Internal, NonRepeatableRead];
    RepeatableRead => [ConsistentView] - [G2Item, GNonadjacent, LongFork];
    ParallelSnapshotIsolation => [ConsistentView, UpdateAtomic] - [];
    SnapshotIsolation => [ParallelSnapshotIsolation] - [GNonadjacent, LongFork];
    Serializable => [RepeatableRead, SnapshotIsolation] - [];

    StrongSessionReadUncommitted => [ReadUncommitted] - [G0Process];
    StrongSessionReadCommitted => [ReadCommitted, StrongSessionReadUncommitted] - [G1cProcess];
    // A cycle of at most one rw and the order of sessions: what a transaction sees is closed under causes.
    StrongSessionConsistentView => [ConsistentView, StrongSessionReadCommitted, Causal] - [GSingleProcess];
    StrongSessionSnapshotIsolation => [SnapshotIsolation, StrongSessionConsistentView] - [GNonadjacentProcess];
    StrongSessionSerializable => [Serializable, StrongSessionSnapshotIsolation, Sequential] - [G2ItemProcess];

    StrongReadUncommitted => [StrongSessionReadUncommitted] - [G0Realtime];
    StrongReadCommitted => [StrongSessionReadCommitted, StrongReadUncommitted] - [G1cRealtime];
    StrongConsistentView => [StrongSessionConsistentView, StrongReadCommitted] - [GSingleRealtime];
    StrongSnapshotIsolation => [StrongSessionSnapshotIsolation, StrongConsistentView] - [GNonadjacentRealtime];
    StrictSerializable => [StrongSessionSerializable, StrongSnapshotIsolation, Linearizable] - [G2ItemRealtime];
}

impl Model {
    /// The next weaker models: whoever keeps this one keeps them.
    pub fn implies(self) -> &'static [Self] {
        ROWS[self as usize].1
    }

    /// Every weaker model, in the order of the table; not this one itself.
    pub fn all_implied(self) -> &'static [Self] {
        &CLOSURE[self as usize].0
    }

    /// The anomalies that break this model and none of the weaker ones.
    pub fn broken_by(self) -> &'static [Anomaly] {
        ROWS[self as usize].2
    }

    /// Every anomaly that breaks this model, in the order of the table.
    pub fn all_broken_by(self) -> &'static [Anomaly] {
        &CLOSURE[self as usize].1
    }

    /// Whether it is a promise about transactions, not only about single operations.
    pub fn is_transactional(self) -> bool {
        let of_single_operations = matches!(self, Self::Sequential | Self::Linearizable);
        !of_single_operations
            && self.all_implied().iter().chain([&self]).any(|&weaker| weaker == Self::ReadUncommitted)
    }
}

/// The broken models of a report none of whose weaker ones is broken.
pub fn weakest_broken(report: &Report) -> Vec<Model> {
    weakest(report, |verdict| matches!(verdict, ModelVerdict::Broken(_)))
}

/// The models of a report on which there is no verdict, though there is one on each weaker model.
pub fn weakest_undecided(report: &Report) -> Vec<Model> {
    weakest(report, |verdict| matches!(verdict, ModelVerdict::Unknown(_)))
}

fn weakest(report: &Report, wanted: impl Fn(&ModelVerdict) -> bool) -> Vec<Model> {
    let found = models(report, wanted);
    let is_weakest = |model: &Model| model.all_implied().iter().all(|weaker| !found.contains(weaker));
    found.iter().copied().filter(is_weakest).collect()
}

/// The models of a report that hold and that no other model which holds implies.
pub fn strongest_holding(report: &Report) -> Vec<Model> {
    let holding = models(report, |verdict| *verdict == ModelVerdict::Holds);
    let implied: Vec<Model> = holding.iter().flat_map(|model| model.all_implied()).copied().collect();
    holding.into_iter().filter(|model| !implied.contains(model)).collect()
}

fn models(report: &Report, wanted: impl Fn(&ModelVerdict) -> bool) -> Vec<Model> {
    report.verdicts.iter().filter(|(_, verdict)| wanted(verdict)).map(|(model, _)| *model).collect()
}

/// For each model: what follows from the table.
static CLOSURE: LazyLock<Vec<(Vec<Model>, Vec<Anomaly>)>> = LazyLock::new(|| {
    let lattice = lattice();
    Model::all().map(|model| closure(&lattice, model)).collect()
});

fn closure(lattice: &DiGraphMap<Model, ()>, model: Model) -> (Vec<Model>, Vec<Anomaly>) {
    let mut search = Dfs::new(lattice, model);
    let mut models: Vec<Model> = std::iter::from_fn(|| search.next(lattice)).collect();
    let mut anomalies: Vec<Anomaly> = models.iter().flat_map(|model| model.broken_by()).copied().collect();
    models.retain(|&implied| implied != model);
    models.sort_unstable();
    anomalies.sort_unstable();
    anomalies.dedup();
    (models, anomalies)
}

fn lattice() -> DiGraphMap<Model, ()> {
    let mut lattice = DiGraphMap::new();
    for &(model, weaker, _) in ROWS {
        lattice.add_node(model);
        for &weaker in weaker {
            lattice.add_edge(model, weaker, ());
        }
    }
    lattice
}

#[cfg(test)]
mod tests {
    use petgraph::algo::is_cyclic_directed;

    use super::*;

    #[test]
    fn every_model_stands_in_its_own_row_and_none_implies_itself() {
        assert!(ROWS.iter().map(|row| row.0).eq(Model::all()));
        assert!(!is_cyclic_directed(&lattice()));
    }

    #[test]
    fn no_row_repeats_what_a_weaker_model_says_already() {
        for &(model, weaker, _) in ROWS {
            for &direct in weaker {
                let longer = weaker.iter().filter(|&&other| other != direct);
                assert!(
                    !longer.flat_map(|other| other.all_implied()).any(|&implied| implied == direct),
                    "{model} implies {direct} twice"
                );
            }
        }
    }

    #[test]
    fn strict_serializability_implies_every_transactional_model() {
        let implied = Model::StrictSerializable.all_implied();
        let transactional = Model::all().filter(|model| model.is_transactional());
        let missing: Vec<Model> = transactional.filter(|model| !implied.contains(model)).collect();
        assert_eq!(missing, [Model::StrictSerializable]);
    }

    #[test]
    fn serializability_without_sessions_implies_neither_read_atomic_nor_causal() {
        let implied = Model::Serializable.all_implied();
        assert!(!implied.contains(&Model::ReadAtomic) && !implied.contains(&Model::Causal));
        assert!(Model::StrongSessionSerializable.all_implied().contains(&Model::Causal));
    }

    #[test]
    fn a_long_fork_breaks_snapshots_but_not_parallel_ones() {
        assert!(Model::SnapshotIsolation.all_broken_by().contains(&Anomaly::GNonadjacent));
        assert!(!Model::ParallelSnapshotIsolation.all_broken_by().contains(&Anomaly::GNonadjacent));
        assert!(Model::StrictSerializable.all_broken_by().contains(&Anomaly::G0));
    }

    #[test]
    fn a_report_names_the_weakest_broken_and_the_strongest_that_hold() {
        let broken = |model: Model| {
            let by: Vec<Anomaly> =
                model.all_broken_by().iter().copied().filter(|&anomaly| anomaly == Anomaly::G2Item).collect();
            if by.is_empty() { ModelVerdict::Holds } else { ModelVerdict::Broken(by) }
        };
        let verdicts = Model::all().map(|model| (model, broken(model))).collect();
        let report = Report { found: Vec::new(), verdicts };
        assert_eq!(weakest_broken(&report), [Model::RepeatableRead]);
        assert!(strongest_holding(&report).contains(&Model::StrongSnapshotIsolation));
    }
}
