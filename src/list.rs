//! `list`: the library, with the question that each scenario asks.

use shardlab_scenarios::library::LIBRARY;
use shardlab_scenarios::load;

use crate::cli::Format;
use crate::exit::Exit;
use crate::output::{complain, print};

/// Shows the library.
pub fn list(format: Format) -> Exit {
    let mut rows = Vec::new();
    for entry in LIBRARY {
        match load(entry.name, &[]) {
            Ok(plan) => rows.push((entry.name, plan.scenario.question)),
            Err(error) => {
                complain(error.render(true));
                return Exit::BadInput;
            }
        }
    }
    print(&match format {
        Format::Text => text(&rows),
        Format::Json => json(&rows),
    })
}

fn text(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, question)| format!("{name:<width$}  {question}\n"));
    lines.chain(["\nshardlab run NAME runs one.\n".to_owned()]).collect()
}

fn json(rows: &[(&str, String)]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, question)| serde_json::json!({ "name": name, "question": question }))
        .collect();
    format!("{:#}\n", serde_json::Value::from(rows))
}
