//! What worlds under fire have in common.

// Every test program uses some of it.
#![allow(dead_code)]

use shardlab_consistency::{Case, Verdict, judge};
use shardlab_models::world::Run;

/// What the judges find wrong.
pub fn found_wrong(run: &Run) -> Vec<String> {
    let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
    let failed = judgements.iter().filter_map(|judgement| match judgement.verdict() {
        Some(Verdict::Fail(witness)) => Some(format!("{}: {witness}", judgement.judge)),
        _ => None,
    });
    failed.collect()
}

/// The same, and commands that were not carried out.
pub fn failures(run: &Run) -> Vec<String> {
    let mut failures = found_wrong(run);
    if run.rebalancing.open > 0 {
        let moves = run.rebalancing.moves.iter().filter(|of| of.published.is_none()).collect::<Vec<_>>();
        let copies = run.rebalancing.relocations.iter().filter(|of| !of.is_done()).collect::<Vec<_>>();
        failures
            .push(format!("{} commands were not carried out: {moves:?} {copies:?}", run.rebalancing.open));
    }
    failures
}

/// A number from the environment, or this one.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
