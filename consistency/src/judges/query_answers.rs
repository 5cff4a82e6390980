//! A query finds every row that was there when it began, and each of them once.
//!
//! What it must have found was loaded, or acknowledged before it began; what it may have found was sent before it
//! ended. A number between the two proves nothing, and one outside of them shows that rows were missed or counted twice.

use super::Finding;
use crate::{Case, QueryEvidence, Witness, words};

/// Fewer rows than there were for certain.
const MISSED_ROW: &str = "missed-row";
/// More rows than there can have been.
const DOUBLED_ROW: &str = "doubled-row";

/// What this judge can find.
pub(super) const ANOMALIES: &[&str] = &[MISSED_ROW, DOUBLED_ROW];

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let queries = &case.evidence.queries;
    let missed: Vec<&QueryEvidence> = queries.iter().filter(|query| query.found < query.least).collect();
    let doubled: Vec<&QueryEvidence> = queries.iter().filter(|query| query.found > query.most).collect();
    let witness = |anomaly, queries: &[&QueryEvidence]| {
        queries.first().map(|first| Witness::new(anomaly, queries.len() as u64, in_words(first)))
    };
    let witnesses = [witness(MISSED_ROW, &missed), witness(DOUBLED_ROW, &doubled)];
    let untested = queries.is_empty().then(|| "no query of rows was answered".to_string());
    Finding::of_kinds(witnesses.into_iter().flatten().collect(), untested)
        .with("anomalies.missed-row", missed.len() as f64)
        .with("anomalies.doubled-row", doubled.len() as f64)
}

fn in_words(query: &QueryEvidence) -> String {
    let QueryEvidence { query: name, asked, invoked, completed, found, least, most } = query;
    let (from, to) = (words::time(*invoked), words::time(*completed));
    let there =
        if least == most { format!("there were {least}") } else { format!("there were {least} to {most}") };
    format!("`{name}` asked for {asked} from {from} to {to} and found {found} rows, but {there}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, History};

    fn check(found: &[(u64, u64, u64)], expected: &str) {
        let query = |&(found, least, most): &(u64, u64, u64)| QueryEvidence {
            query: "history".into(),
            asked: "orders where customer_id = 7".into(),
            invoked: 1_000_000_000,
            completed: 1_001_000_000,
            found,
            least,
            most,
        };
        let evidence = Evidence { queries: found.iter().map(query).collect(), ..Evidence::default() };
        assert_eq!(judge(&Case::new(&History::default(), &evidence)).verdict.to_string(), expected);
    }

    #[test]
    fn a_number_must_lie_between_what_was_there_and_what_may_have_been() {
        check(&[(5, 5, 5), (6, 5, 7)], "pass");
        let asked = "`history` asked for orders where customer_id = 7 from 1.000 s to 1.001 s and found";
        check(&[(5, 5, 5), (4, 5, 5)], &format!("fail: missed-row: {asked} 4 rows, but there were 5"));
        check(
            &[(8, 5, 7), (9, 5, 7)],
            &format!("fail: doubled-row, one of 2: {asked} 8 rows, but there were 5 to 7"),
        );
        check(&[], "unknown: no query of rows was answered");
    }
}
