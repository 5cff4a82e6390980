//! One case with one seed: build, run, judge, measure, and let go of the run.

use indexmap::IndexMap;
use shardlab_consistency::{Case as Evidence, History, Judgement, Verdict, judge, overall};
use shardlab_models::cluster::layout;
use shardlab_models::world::{Halt, Run, World};
use shardlab_sim::{Engine, Fault, Fingerprint, Time};

use super::RunError;
use crate::fault::convert;
use crate::fill;
use crate::load::Case;
use crate::metrics::measure;
use crate::tables::{
    DivergenceRow, FaultRow, HeatMap, HotspotRow, ImbalanceRow, KeyRow, LatencyRow, MoveRow, OwnershipRow,
    QueryRow, ServerRow, ShardRow, ShareRow, TimelineRow,
};

/// What is left of one run.
#[derive(Debug)]
pub(super) struct SeedResult {
    pub seed: u64,
    pub fingerprint: Fingerprint,
    pub verdict: Verdict,
    pub judgements: Vec<Judgement>,
    pub metrics: IndexMap<String, f64>,
    pub faults: Vec<FaultRow>,
    /// Of the first seed only.
    pub rows: Option<Rows>,
    /// Of the first seed and the first point of a sweep only.
    pub history: Option<History>,
}

/// The rows of one run.
#[derive(Debug)]
pub(super) struct Rows {
    pub timeline: Vec<TimelineRow>,
    pub shards: Vec<ShardRow>,
    pub shares: Vec<ShareRow>,
    pub keys: Vec<KeyRow>,
    pub hotspots: Vec<HotspotRow>,
    pub hotspots_found: IndexMap<String, u64>,
    pub ownership: Vec<OwnershipRow>,
    pub imbalance: Vec<ImbalanceRow>,
    pub servers: Vec<ServerRow>,
    pub moves: Vec<MoveRow>,
    pub latency: Vec<LatencyRow>,
    pub heat: HeatMap,
    pub divergence: Vec<DivergenceRow>,
    pub queries: Vec<QueryRow>,
}

/// Runs one case with one seed; `advanced` hears the virtual time and says whether to go on.
pub(super) fn run_one(
    engine: Engine,
    case: &Case,
    seed: u64,
    is_first: bool,
    advanced: &mut dyn FnMut(Time) -> bool,
) -> Result<SeedResult, RunError> {
    let config = case.scenario.config();
    let faults = convert(&case.scenario, &layout(&config), seed)
        .expect("faults were checked when the file was loaded");
    let world = World::build_on(engine, &config, faults.clone(), seed).map_err(RunError::Build)?;
    let run = world.run(advanced).map_err(|halt| match halt {
        Halt::Stopped => RunError::Stopped,
        Halt::Engine(error) => RunError::Engine(error),
    })?;
    Ok(reduce(case, seed, is_first, &faults, run))
}

fn reduce(case: &Case, seed: u64, is_first: bool, faults: &[Fault], run: Run) -> SeedResult {
    let judgements = judge(
        &Evidence::new(&run.history, &run.evidence).with_checks(case.scenario.checks.to_judges()),
        run.promises,
    );
    SeedResult {
        seed,
        fingerprint: run.fingerprint,
        verdict: overall(&judgements),
        metrics: measure(&case.scenario, &run, &judgements),
        judgements,
        faults: fill::faults(&run, faults, seed),
        rows: is_first.then(|| rows(case, &run)),
        history: (is_first && case.point.unwrap_or(0) == 0).then_some(run.history),
    }
}

fn rows(case: &Case, run: &Run) -> Rows {
    let (hotspots, hotspots_found) = fill::hotspots(&case.scenario, run);
    Rows {
        timeline: fill::timeline(run),
        shards: fill::shards(run),
        shares: fill::shares(&case.scenario, run),
        keys: fill::keys(&case.scenario, run),
        hotspots,
        hotspots_found,
        ownership: fill::ownership(&case.scenario, run),
        imbalance: fill::imbalance(&case.scenario, run),
        servers: fill::servers(&case.scenario, run),
        moves: fill::moves(run),
        latency: fill::latency(run),
        heat: fill::heat(&case.scenario, run),
        divergence: fill::divergence(run),
        queries: fill::queries(run),
    }
}
