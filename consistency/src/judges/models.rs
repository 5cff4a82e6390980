//! From verdicts on consistency models to a judge's finding.

use super::Finding;
use crate::{ANOMALY_NAMES, Anomaly, Found, Model, ModelVerdict, Report, Verdict, Witness};

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

/// The worst of these models' verdicts; every anomaly that was found is counted, those of `named` even at zero.
pub(super) fn finding(report: &Report, models: &[Model], named: &[Anomaly]) -> Finding {
    let said = models.iter().filter_map(|&model| Some((model, report.verdict(model)?)));
    let verdict =
        said.map(|(model, verdict)| to_verdict(model, verdict, &report.found)).reduce(Verdict::worst);
    let verdict =
        verdict.unwrap_or_else(|| Verdict::Unknown("no model was asked for that could be judged".into()));
    of_verdict(verdict, &report.found, named)
}

/// The same for a rule that is no model.
pub(super) fn of_rule(verdict: &ModelVerdict, found: &[Found], named: &[Anomaly]) -> Finding {
    let verdict = match verdict {
        ModelVerdict::Holds => Verdict::Pass,
        ModelVerdict::Unknown(reason) => Verdict::Unknown(reason.clone()),
        ModelVerdict::Broken(_) => {
            found.first().map_or(Verdict::Pass, |found| Verdict::Fail(witness(found, "")))
        }
    };
    of_verdict(verdict, found, named)
}

fn of_verdict(verdict: Verdict, found: &[Found], named: &[Anomaly]) -> Finding {
    let count = |anomaly: Anomaly| {
        found.iter().filter(|found| found.anomaly == anomaly).map(|found| found.count).sum::<u64>()
    };
    let mut finding = Finding {
        verdict,
        anomalies: found.iter().map(|found| found.count).sum(),
        metrics: Vec::new(),
        seen: found.iter().map(|found| witness(found, "")).collect(),
    };
    for &anomaly in named {
        finding = finding.with(anomaly.metric(), count(anomaly) as f64);
    }
    finding
}

fn to_verdict(model: Model, verdict: &ModelVerdict, found: &[Found]) -> Verdict {
    match verdict {
        ModelVerdict::Holds => Verdict::Pass,
        ModelVerdict::Unknown(reason) => Verdict::Unknown(format!("{model}: {reason}")),
        ModelVerdict::Broken(anomalies) => {
            let first = found.iter().find(|found| anomalies.contains(&found.anomaly)).or(found.first());
            let first = first.expect("a broken model has an anomaly that breaks it");
            Verdict::Fail(witness(first, &format!("{model} is broken: ")))
        }
    }
}

fn witness(found: &Found, before: &str) -> Witness {
    Witness {
        anomaly: found.anomaly.name(),
        count: found.count,
        words: format!("{before}{}", found.explanation.words.join(" | ")),
        operations: Vec::new(),
        transactions: Vec::new(),
    }
}
