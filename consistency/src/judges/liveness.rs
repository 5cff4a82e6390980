//! Once everything is healed, everything works again.
//!
//! A shard can be dead for ever while every judge of safety is content, since what takes no writes
//! loses none. So each shard is sent a write after the drain, and whatever still waits is counted.

use super::Finding;
use crate::{Case, Probe, Residue, ResidueKind, Time, Witness, words};

/// A shard that did not acknowledge its probe.
const DEAD_SHARD: &str = "dead-shard";

/// What this judge can find.
pub(super) const ANOMALIES: &[&str] =
    &[DEAD_SHARD, "sealed-shard", "held-lock", "in-doubt-transaction", "waiting-request", "no-primary"];

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let dead: Vec<&Probe> =
        case.evidence.probes.iter().filter(|probe| probe.acknowledged.is_none()).collect();
    let untested =
        case.evidence.probes.is_empty().then(|| "no shard was sent a write after the drain".to_string());
    let finding = Finding::of_kinds(witnesses(case, &dead), untested);
    let mut finding = finding.with("anomalies.dead-shard", dead.len() as f64);
    for (kind, name) in RESIDUE_METRICS {
        finding = finding.with(name, residues(case, kind).count() as f64);
    }
    finding
}

const RESIDUE_METRICS: [(ResidueKind, &str); 5] = [
    (ResidueKind::Sealed, "anomalies.sealed-shard"),
    (ResidueKind::Locked, "anomalies.held-lock"),
    (ResidueKind::InDoubt, "anomalies.in-doubt-transaction"),
    (ResidueKind::Waiting, "anomalies.waiting-request"),
    (ResidueKind::NoPrimary, "anomalies.no-primary"),
];

/// Tells of the first dead shard and what holds it up; then of what is left over, the kind with the oldest first.
fn witnesses(case: &Case<'_>, dead: &[&Probe]) -> Vec<Witness> {
    let mut left: Vec<(&Residue, Witness)> = RESIDUE_METRICS
        .into_iter()
        .filter_map(|(kind, _)| {
            let oldest = oldest(residues(case, kind))?;
            let count = residues(case, kind).count() as u64;
            Some((oldest, Witness::new(kind.anomaly(), count, in_words(oldest))))
        })
        .collect();
    left.sort_by_key(|(residue, _)| age(residue));
    let left = left.into_iter().map(|(_, witness)| witness);
    dead.first().map(|probe| dead_shard(case, probe, dead.len())).into_iter().chain(left).collect()
}

fn dead_shard(case: &Case<'_>, probe: &Probe, count: usize) -> Witness {
    let cause = oldest(case.evidence.residues.iter().filter(|residue| residue.shard == probe.shard));
    let cause = cause.map_or(String::new(), |residue| format!("; {}", in_words(residue)));
    let sent = words::time(probe.sent);
    let words = format!("shard {}: the write sent at {sent} was never acknowledged{cause}", probe.shard);
    Witness::new(DEAD_SHARD, count as u64, words)
}

fn oldest<'a>(residues: impl Iterator<Item = &'a Residue>) -> Option<&'a Residue> {
    residues.min_by_key(|residue| age(residue))
}

fn age(residue: &Residue) -> (Time, u32, u16) {
    (residue.since, residue.shard, residue.node)
}

fn residues<'a>(case: &'a Case<'_>, kind: ResidueKind) -> impl Iterator<Item = &'a Residue> {
    case.evidence.residues.iter().filter(move |residue| residue.kind == kind)
}

fn in_words(residue: &Residue) -> String {
    let Residue { shard, node, what, since, .. } = residue;
    let since = if *since == 0 { String::new() } else { format!(", since {}", words::time(*since)) };
    format!("on shard {shard}, node {node}{since}: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, History};

    const ALIVE: Probe = Probe { shard: 0, sent: 5_000_000_000, acknowledged: Some(5_001_000_000) };
    const DEAD: Probe = Probe { shard: 1, sent: 5_000_000_000, acknowledged: None };

    fn residue(shard: u32, kind: ResidueKind, what: &str, since_ms: u64) -> Residue {
        Residue { shard, node: 3, kind, what: what.into(), since: since_ms * 1_000_000 }
    }

    fn check(probes: &[Probe], residues: &[Residue], expected: &str) {
        let evidence =
            Evidence { probes: probes.to_vec(), residues: residues.to_vec(), ..Evidence::default() };
        assert_eq!(judge(&Case::new(&History::default(), &evidence)).verdict.to_string(), expected);
    }

    #[test]
    fn every_shard_must_take_its_probe() {
        check(&[ALIVE], &[], "pass");
        let dead = "fail: dead-shard: shard 1: the write sent at 5.000 s was never acknowledged";
        check(&[ALIVE, DEAD], &[], dead);
    }

    #[test]
    fn a_dead_shard_is_told_with_what_holds_it_up() {
        let residues = [
            residue(0, ResidueKind::Locked, "transaction 2 holds key 7", 1_000),
            residue(1, ResidueKind::Waiting, "12 requests", 4_000),
            residue(1, ResidueKind::Sealed, "sealed for a move to node 4", 2_000),
        ];
        let dead = "fail: dead-shard: shard 1: the write sent at 5.000 s was never acknowledged; \
                    on shard 1, node 3, since 2.000 s: sealed for a move to node 4";
        check(&[ALIVE, DEAD], &residues, dead);
    }

    #[test]
    fn every_kind_of_residue_fails_by_its_own_name() {
        for (kind, _) in RESIDUE_METRICS {
            let expected =
                format!("fail: {}, one of 2: on shard 0, node 3, since 1.000 s: left over", kind.anomaly());
            let residues = [residue(2, kind, "later", 1_500), residue(0, kind, "left over", 1_000)];
            check(&[ALIVE], &residues, &expected);
        }
    }

    #[test]
    fn each_kind_has_its_witness_and_an_unknown_time_is_not_told() {
        let residues = [
            residue(1, ResidueKind::Waiting, "2 requests", 0),
            residue(1, ResidueKind::Locked, "key 7", 3_000),
            residue(1, ResidueKind::Locked, "key 8", 2_000),
        ];
        let (probes, residues) = (vec![DEAD], residues.to_vec());
        let evidence = Evidence { probes, residues, ..Evidence::default() };
        let found = judge(&Case::new(&History::default(), &evidence));
        let told: Vec<(&str, u64, &str)> =
            found.witnesses().skip(1).map(|of| (of.anomaly, of.count, of.words[0].as_str())).collect();
        let waiting = ("waiting-request", 1, "on shard 1, node 3: 2 requests");
        assert_eq!(told, [waiting, ("held-lock", 2, "on shard 1, node 3, since 2.000 s: key 8")]);
        assert_eq!(found.anomalies, 4);
    }

    #[test]
    fn names_and_metrics_belong_together() {
        for (kind, metric) in RESIDUE_METRICS {
            assert_eq!(metric, format!("anomalies.{}", kind.anomaly()));
            assert!(ANOMALIES.contains(&kind.anomaly()));
        }
    }

    #[test]
    fn without_probes_nothing_is_known() {
        check(&[], &[], "unknown: no shard was sent a write after the drain");
    }
}
