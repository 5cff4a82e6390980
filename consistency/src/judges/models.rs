//! From verdicts on consistency models to a judge's finding.

use super::Finding;
use crate::{ANOMALY_NAMES, Anomaly, Found, Model, ModelVerdict, Report, ToldCycle, Verdict, Witness};

/// The names of anomalies, for the table of judges.
pub(super) const fn names<const COUNT: usize>(anomalies: [Anomaly; COUNT]) -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut place = 0;
    while place < COUNT {
        names[place] = ANOMALY_NAMES[anomalies[place] as usize];
        place += 1;
    }
    names
}

/// The worst of these models' verdicts; every anomaly that was found is counted, those of `named` even at zero. `told`
/// knows the histories: it tells what the transactions of a cycle did.
pub(super) fn finding(
    report: &Report,
    models: &[Model],
    named: &[Anomaly],
    told: impl Fn(&Found) -> Option<ToldCycle>,
) -> Finding {
    let said = || models.iter().filter_map(|&model| Some((model, report.verdict(model)?)));
    let breaking: Vec<Anomaly> = said().flat_map(|(_, verdict)| broken_by(verdict)).copied().collect();
    let seen = report.found.iter().map(|found| Witness { cycle: told(found), ..witness(found, &breaking) });
    let seen: Vec<Witness> = seen.collect();
    let verdict = said().map(|(model, verdict)| to_verdict(model, verdict, &seen)).reduce(Verdict::worst);
    let verdict =
        verdict.unwrap_or_else(|| Verdict::Unknown("no model was asked for that could be judged".into()));
    of_verdict(verdict, seen, named)
}

/// The same for a rule that is no model.
pub(super) fn of_rule(verdict: &ModelVerdict, found: &[Found], named: &[Anomaly]) -> Finding {
    let seen: Vec<Witness> = found.iter().map(|found| witness(found, broken_by(verdict))).collect();
    let verdict = match verdict {
        ModelVerdict::Holds => Verdict::Pass,
        ModelVerdict::Unknown(reason) => Verdict::Unknown(reason.clone()),
        ModelVerdict::Broken(_) => seen.first().map_or(Verdict::Pass, |first| Verdict::Fail(first.clone())),
    };
    of_verdict(verdict, seen, named)
}

fn broken_by(verdict: &ModelVerdict) -> &[Anomaly] {
    match verdict {
        ModelVerdict::Broken(anomalies) => anomalies,
        ModelVerdict::Holds | ModelVerdict::Unknown(_) => &[],
    }
}

fn of_verdict(verdict: Verdict, seen: Vec<Witness>, named: &[Anomaly]) -> Finding {
    let count = |anomaly: Anomaly| {
        seen.iter().filter(|seen| seen.anomaly == anomaly.name()).map(|seen| seen.count).sum::<u64>()
    };
    let counts: Vec<(&'static str, u64)> =
        named.iter().map(|&anomaly| (anomaly.metric(), count(anomaly))).collect();
    let anomalies = seen.iter().map(|seen| seen.count).sum();
    let finding = Finding { verdict, anomalies, metrics: Vec::new(), seen };
    counts.into_iter().fold(finding, |finding, (metric, count)| finding.with(metric, count as f64))
}

fn to_verdict(model: Model, verdict: &ModelVerdict, seen: &[Witness]) -> Verdict {
    match verdict {
        ModelVerdict::Holds => Verdict::Pass,
        ModelVerdict::Unknown(reason) => Verdict::Unknown(format!("{model}: {reason}")),
        ModelVerdict::Broken(anomalies) => {
            let breaks = |seen: &&Witness| anomalies.iter().any(|anomaly| anomaly.name() == seen.anomaly);
            let first = seen.iter().find(breaks).or(seen.first());
            let mut first = first.expect("a broken model has an anomaly that breaks it").clone();
            if let Some(sentence) = first.words.first_mut() {
                sentence.insert_str(0, &format!("{model} is broken: "));
            }
            Verdict::Fail(first)
        }
    }
}

fn witness(found: &Found, breaking: &[Anomaly]) -> Witness {
    Witness {
        breaks: breaking.contains(&found.anomaly),
        words: found.explanation.words.clone(),
        ..Witness::new(found.anomaly.name(), found.count, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Explanation;

    #[test]
    fn what_the_models_that_were_asked_for_allow_is_counted_and_breaks_nothing() {
        let found = |anomaly, count| {
            let words = ["One.", "Two."].map(String::from).to_vec();
            Found { anomaly, count, explanation: Explanation { words, ..Explanation::default() } }
        };
        let report = Report {
            found: vec![found(Anomaly::G2Item, 3), found(Anomaly::G2ItemRealtime, 1)],
            verdicts: vec![
                (Model::Serializable, ModelVerdict::Broken(vec![Anomaly::G2Item])),
                (Model::SnapshotIsolation, ModelVerdict::Holds),
            ],
        };
        let judged = |model| finding(&report, &[model], &[Anomaly::G2Item, Anomaly::G0], |_| None);
        let breaks = |judged: &Finding| judged.seen.iter().map(|seen| seen.breaks).collect::<Vec<_>>();

        let allowed = judged(Model::SnapshotIsolation);
        assert_eq!((allowed.verdict.word(), breaks(&allowed)), ("pass", vec![false, false]));
        let broken = judged(Model::Serializable);
        assert_eq!(breaks(&broken), [true, false]);
        let said = "fail: G2-item, one of 3: serializable is broken: One. | Two.";
        assert_eq!(broken.verdict.to_string(), said);
        assert_eq!(broken.seen[0].words, ["One.", "Two."]);
        let metrics: Vec<_> = broken.metrics.iter().map(|metric| (metric.name, metric.value)).collect();
        assert_eq!(metrics, [("anomalies.G2-item", 3.0), ("anomalies.G0", 0.0)]);
    }
}
