//! From anomalies to models.

use super::classes::Classes;
use super::findings::Findings;
use super::versions::Open;
use crate::{Anomaly, Model, ModelVerdict};

/// A verdict on every transactional model.
pub(super) fn verdicts(
    findings: &Findings,
    classes: &Classes,
    open: Option<Open>,
) -> Vec<(Model, ModelVerdict)> {
    let found: Vec<Anomaly> = findings.anomalies().collect();
    let transactional = Model::all().filter(|model| model.is_transactional());
    let mut verdicts: Vec<(Model, ModelVerdict)> =
        transactional.map(|model| (model, verdict(model, &found, classes, open))).collect();
    let holding = verdicts.iter().filter(|(_, verdict)| *verdict == ModelVerdict::Holds);
    let implied: Vec<Model> = holding.flat_map(|(model, _)| model.all_implied()).copied().collect();
    for (model, verdict) in &mut verdicts {
        if matches!(verdict, ModelVerdict::Unknown(_)) && implied.contains(model) {
            *verdict = ModelVerdict::Holds;
        }
    }
    verdicts
}

fn verdict(model: Model, found: &[Anomaly], classes: &Classes, open: Option<Open>) -> ModelVerdict {
    let breaking = model.all_broken_by();
    let by: Vec<Anomaly> = found.iter().copied().filter(|anomaly| breaking.contains(anomaly)).collect();
    if !by.is_empty() {
        return ModelVerdict::Broken(by);
    }
    if let Some(anomaly) = classes.undecided.iter().find(|anomaly| breaking.contains(anomaly)) {
        return ModelVerdict::Unknown(format!("the search for {anomaly} was ended by its budget"));
    }
    match (proof(model), open) {
        (Proof::Elsewhere(reason), _) => ModelVerdict::Unknown(reason.into()),
        (Proof::NoCycle, None | Some(Open::UnreadAppends)) => ModelVerdict::Holds,
        (Proof::NoReadWrite, None | Some(Open::UnreadAppends | Open::PartialOrder)) => ModelVerdict::Holds,
        (Proof::FullOrder, None) => ModelVerdict::Holds,
        (_, Some(open)) => ModelVerdict::Unknown(open.words().into()),
    }
}

/// What proves that a model holds when none of its anomalies is there.
enum Proof {
    /// Cycles without rw edges: what is not known of the order of versions can be chosen to follow an order of all
    /// transactions, which adds no such cycle.
    NoReadWrite,
    /// No cycle at all: the same holds for appends that nobody read, for nothing depends on their order but they.
    NoCycle,
    /// Some cycles are allowed: an unknown order might add one of the others.
    FullOrder,
    /// Cycles do not decide it.
    Elsewhere(&'static str),
}

fn proof(model: Model) -> Proof {
    match model {
        Model::ReadUncommitted
        | Model::ReadCommitted
        | Model::StrongSessionReadUncommitted
        | Model::StrongSessionReadCommitted
        | Model::StrongReadUncommitted
        | Model::StrongReadCommitted => Proof::NoReadWrite,
        Model::RepeatableRead
        | Model::Serializable
        | Model::StrongSessionSerializable
        | Model::StrictSerializable => Proof::NoCycle,
        Model::MonotonicAtomicView => Proof::Elsewhere("the order of reads inside transactions decides it"),
        Model::UpdateAtomic => Proof::Elsewhere("whether every transaction is seen whole decides it"),
        Model::ReadAtomic | Model::Causal => {
            Proof::Elsewhere("the order of commits that reads demand decides it (Biswas & Enea 2019)")
        }
        _ => Proof::FullOrder,
    }
}
