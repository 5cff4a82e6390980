//! The verdict for programs.

use serde_json::{Value, json};
use shardlab_consistency::{
    CycleEdge, Found, Model, ModelVerdict, strongest_holding, weakest_broken, weakest_undecided,
};

use super::Checked;

/// One object with everything; operations are named by their place in the history and their line in the file.
pub fn render(checked: &Checked<'_>) -> String {
    let report = &checked.report.report;
    let models = report.verdicts.iter().map(|(model, verdict)| with_verdict("model", model.name(), verdict));
    let mut object = with_verdict("held_against", checked.standard(), &checked.report.verdict);
    let more = json!({
        "file": checked.file,
        "workload": checked.workload.name(),
        "operations": checked.recorded.len(),
        "tallies": checked.report.tallies.iter().map(|(name, count)| json!({ "name": name, "count": count })).collect::<Value>(),
        "found": report.found.iter().map(|found| anomaly(checked, found)).collect::<Value>(),
        "models": models.collect::<Value>(),
        "weakest_broken": names(&weakest_broken(report)),
        "strongest_holding": names(&strongest_holding(report)),
        "weakest_undecided": names(&weakest_undecided(report)),
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    format!("{object:#}\n")
}

fn with_verdict(key: &str, standard: &str, verdict: &ModelVerdict) -> Value {
    match verdict {
        ModelVerdict::Holds => json!({ key: standard, "verdict": "holds" }),
        ModelVerdict::Broken(anomalies) => {
            let by: Value = anomalies.iter().map(|anomaly| anomaly.name()).collect();
            json!({ key: standard, "verdict": "broken", "by": by })
        }
        ModelVerdict::Unknown(reason) => json!({ key: standard, "verdict": "unknown", "reason": reason }),
    }
}

fn anomaly(checked: &Checked<'_>, found: &Found) -> Value {
    let operation = |&place: &usize| json!({ "operation": place, "line": checked.recorded.line(place) });
    json!({
        "anomaly": found.anomaly.name(),
        "count": found.count,
        "breaks": checked.breaks(found.anomaly),
        "meaning": found.anomaly.doc(),
        "words": found.explanation.words,
        "cycle": found.explanation.cycle.iter().map(edge).collect::<Value>(),
        "involved": found.explanation.involved.iter().map(operation).collect::<Value>(),
    })
}

fn edge(edge: &CycleEdge) -> Value {
    json!({
        "from": edge.from,
        "to": edge.to,
        "dependency": edge.dependency.name(),
        "key": edge.key,
        "words": edge.words,
    })
}

fn names(models: &[Model]) -> Value {
    models.iter().map(|model| model.name()).collect()
}
