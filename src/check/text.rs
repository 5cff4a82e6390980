//! The verdict for people.

use std::fmt::Write;

use shardlab_consistency::{
    Found, Model, ModelVerdict, strongest_holding, weakest_broken, weakest_undecided,
};

use super::Checked;

/// What was judged, the verdict, each anomaly with a witness, and what still holds.
pub fn render(checked: &Checked<'_>) -> String {
    let mut text = String::new();
    write_all(checked, &mut text).expect("a string takes all that is written to it");
    text
}

fn write_all(checked: &Checked<'_>, out: &mut String) -> std::fmt::Result {
    let Checked { file, workload, .. } = checked;
    let standard = checked.standard();
    let count = checked.recorded.len();
    let operations = if count == 1 { "operation" } else { "operations" };
    writeln!(out, "{file}: {workload}, {count} {operations}, held against {standard}")?;
    match &checked.report.verdict {
        ModelVerdict::Holds => writeln!(out, "holds: {standard}")?,
        ModelVerdict::Broken(anomalies) => {
            let names: Vec<&str> = anomalies.iter().map(|anomaly| anomaly.name()).collect();
            writeln!(out, "broken: {standard}, by {}", names.join(", "))?;
        }
        ModelVerdict::Unknown(reason) => writeln!(out, "unknown: {standard}: {reason}")?,
    }
    write_models(checked, out)?;
    for (name, count) in &checked.report.tallies {
        writeln!(out, "{name}: {count}")?;
    }
    let (breaking, allowed): (Vec<&Found>, Vec<&Found>) =
        checked.report.report.found.iter().partition(|found| checked.breaks(found.anomaly));
    write_found(&breaking, out)?;
    if !allowed.is_empty() {
        writeln!(out, "\nalso found, which does not break {standard}:")?;
    }
    write_found(&allowed, out)
}

/// Of longer explanations, such as a cycle of thousands, the beginning is told: a screenful.
const LINES_SHOWN: usize = 24;

fn write_found(found: &[&Found], out: &mut String) -> std::fmt::Result {
    for found in found {
        let doc = found.anomaly.doc();
        writeln!(out, "\n{} × {}: {doc}", found.anomaly, found.count)?;
        let words = &found.explanation.words;
        for line in words.iter().take(LINES_SHOWN) {
            writeln!(out, "  {line}")?;
        }
        if words.len() > LINES_SHOWN {
            writeln!(out, "  … {} lines more; --format json has them all", words.len() - LINES_SHOWN)?;
        }
    }
    Ok(())
}

/// `broken from repeatable-read up; snapshot-isolation holds`.
fn write_models(checked: &Checked<'_>, out: &mut String) -> std::fmt::Result {
    let report = &checked.report.report;
    let (broken, holding) = (weakest_broken(report), strongest_holding(report));
    let mut parts = Vec::new();
    if !broken.is_empty() {
        parts.push(format!("broken from {} up", names(&broken)));
    }
    match holding.len() {
        0 if broken.is_empty() => {}
        0 => parts.push("nothing weaker is known to hold".into()),
        1 => parts.push(format!("{} holds", names(&holding))),
        _ => parts.push(format!("{} hold", names(&holding))),
    }
    let undecided = weakest_undecided(report);
    if !undecided.is_empty() {
        let between = if broken.is_empty() { "" } else { "in between, " };
        parts.push(format!("{between}from {} up, nothing is decided", names(&undecided)));
    }
    if parts.is_empty() { Ok(()) } else { writeln!(out, "{}", parts.join("; ")) }
}

/// `this, that and the other`.
fn names(models: &[Model]) -> String {
    let names: Vec<&str> = models.iter().map(|model| model.name()).collect();
    match &names[..] {
        [names @ .., last] if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        names => names.concat(),
    }
}
