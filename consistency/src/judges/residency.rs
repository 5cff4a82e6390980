//! No server outside of the regions that a rule allows ever held a copy of a row that the rule is about.
//!
//! A copy that has left again was there all the same: residency is about where data has been, not about where it is.

use super::Finding;
use crate::{Case, HeldRows, ResidencyEvidence, Witness, words};

/// A copy of rows where they may not be.
pub(super) const RESIDENCY_VIOLATION: &str = "residency-violation";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(evidence) = &case.evidence.residency else {
        return Finding::unknown("nothing is said of the regions that rows belong to");
    };
    let outside: Vec<&HeldRows> = evidence.held.iter().filter(|held| !evidence.may_hold(held)).collect();
    let rows = |held: &[&HeldRows]| held.iter().map(|held| held.rows).sum::<u64>();
    let ruled: Vec<&HeldRows> =
        evidence.held.iter().filter(|held| evidence.allowed.contains_key(&held.home)).collect();
    let (violations, all) = (rows(&outside), rows(&ruled));
    let finding = Finding::new(witness(evidence, &outside, violations), None)
        .with("anomalies.residency-violation", violations as f64);
    if all == 0 {
        finding
    } else {
        finding.with("residency.outside_fraction", violations as f64 / all as f64)
    }
}

/// Tells of the first copy that came to where it may not be.
fn witness(evidence: &ResidencyEvidence, outside: &[&HeldRows], violations: u64) -> Option<Witness> {
    let first = outside.iter().min_by_key(|held| (held.since, held.shard, held.node))?;
    let HeldRows { node, region, shard, home, rows, example, since } = *first;
    let allowed = evidence.allowed.get(home).map_or(String::new(), |allowed| allowed.join(", "));
    let words = format!(
        "node {node} in {region} held a copy of shard {shard} with {rows} rows of {home}, key {example} among them, \
         since {}; they may be in {allowed} only",
        words::time(*since)
    );
    Some(Witness::new(RESIDENCY_VIOLATION, violations, words))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Evidence, History};

    fn held(node: u16, region: &str, home: &str, rows: u64, since_ms: u64) -> HeldRows {
        let (region, home) = (region.to_owned(), home.to_owned());
        HeldRows { node, region, shard: 4, home, rows, example: 17, since: since_ms * 1_000_000 }
    }

    fn check(held: &[HeldRows], expected: &str, violations: Option<f64>) {
        let allowed = BTreeMap::from([("eu".to_owned(), vec!["eu".to_owned(), "eu-central".to_owned()])]);
        let residency = Some(ResidencyEvidence { allowed, held: held.to_vec() });
        let evidence = Evidence { residency, ..Evidence::default() };
        let finding = judge(&Case::new(&History::default(), &evidence));
        assert_eq!(finding.verdict.to_string(), expected);
        let fraction = finding.metrics.iter().find(|metric| metric.name == "residency.outside_fraction");
        assert_eq!(fraction.map(|metric| metric.value), violations);
    }

    #[test]
    fn rows_under_a_rule_may_be_where_it_says_and_others_anywhere() {
        let fine =
            [held(1, "eu", "eu", 10, 0), held(2, "eu-central", "eu", 10, 0), held(3, "us", "us", 10, 0)];
        check(&fine, "pass", Some(0.0));
        check(&[held(3, "us", "us", 10, 0)], "pass", None);
    }

    #[test]
    fn a_copy_elsewhere_is_told_the_earliest_first() {
        let copies =
            [held(3, "us", "eu", 10, 2_000), held(5, "ap", "eu", 30, 1_000), held(1, "eu", "eu", 40, 0)];
        let told = "fail: residency-violation, one of 40: node 5 in ap held a copy of shard 4 with 30 rows of eu, key 17 \
                    among them, since 1.000 s; they may be in eu, eu-central only";
        check(&copies, told, Some(0.5));
    }

    #[test]
    fn without_regions_nothing_is_known() {
        let evidence = Evidence::default();
        let verdict = judge(&Case::new(&History::default(), &evidence)).verdict;
        assert_eq!(verdict.to_string(), "unknown: nothing is said of the regions that rows belong to");
    }
}
