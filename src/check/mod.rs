//! `check`: judge a recorded history, from this simulator or from any other system.

mod arguments;
mod fitting;
mod input;
mod json;
mod text;

use std::path::Path;
use std::{fs, io};

use shardlab_consistency::recorded::{Recorded, Workload};
use shardlab_consistency::workload_judges::{BankOptions, CounterOptions};
use shardlab_consistency::{
    Anomaly, Assumptions, CheckOptions, CheckReport, Found, Model, ModelVerdict, ToldCycle,
};
use shardlab_reports::plots::cycle_with_reasons;
use shardlab_scenarios::tables::CycleRow;

pub use arguments::CheckArguments;

use crate::cli::Format;
use crate::exit::Exit;
use crate::output::{complain, print};

/// A history and what was found in it.
struct Checked<'a> {
    /// The file's name as it was typed.
    file: &'a str,
    workload: Workload,
    recorded: &'a Recorded,
    /// None for the workload's own rule.
    model: Option<Model>,
    report: CheckReport,
}

impl Checked<'_> {
    /// What the history was held against.
    fn standard(&self) -> &'static str {
        self.model.map_or("its own rule", Model::name)
    }

    /// Whether an anomaly is one of those that break it, or a weaker model and so this one, too.
    fn breaks(&self, anomaly: Anomaly) -> bool {
        let breaks = |verdict: &ModelVerdict| matches!(verdict, ModelVerdict::Broken(anomalies) if anomalies.contains(&anomaly));
        let weaker = self.model.map_or(&[][..], Model::all_implied);
        let mut judged = self.report.report.verdicts.iter().filter(|(model, _)| weaker.contains(model));
        breaks(&self.report.verdict) || judged.any(|(_, verdict)| breaks(verdict))
    }
}

/// Judges a history.
pub fn check(arguments: &CheckArguments) -> Exit {
    let options = match options(arguments) {
        Ok(options) => options,
        Err(message) => {
            complain(message);
            return Exit::Usage;
        }
    };
    let recorded = match input::read(&arguments.history, arguments.workload) {
        Ok(recorded) => recorded,
        Err(exit) => return exit,
    };
    let report = shardlab_consistency::check(&recorded, &options);
    let checked = Checked {
        file: &arguments.history,
        workload: arguments.workload,
        recorded: &recorded,
        model: options.model,
        report,
    };
    let written = arguments.out.as_deref().map_or(Exit::Pass, |folder| leave(&checked, folder));
    let printed = print(&match arguments.format {
        Format::Text => text::render(&checked),
        Format::Json => json::render(&checked),
    });
    [written, printed]
        .into_iter()
        .find(|exit| *exit != Exit::Pass)
        .unwrap_or_else(|| exit(&checked.report.verdict))
}

fn exit(verdict: &ModelVerdict) -> Exit {
    match verdict {
        ModelVerdict::Holds => Exit::Pass,
        ModelVerdict::Broken(_) => Exit::Fail,
        ModelVerdict::Unknown(_) => Exit::Unknown,
    }
}

/// What the words on the command line mean together.
fn options(arguments: &CheckArguments) -> Result<CheckOptions, String> {
    let workload = arguments.workload;
    let model = arguments.consistency_model.or(workload.default_model());
    let models = workload.models();
    if let Some(model) = model.filter(|model| !models.contains(model)) {
        return Err(not_judged(workload, model, &models));
    }
    for (given, option, only, about) in [
        (
            !arguments.assume.is_empty(),
            "--assume",
            Workload::RwRegister,
            "the order of a register's versions",
        ),
        (arguments.total.is_some(), "--total", Workload::Bank, "the accounts of a bank"),
        (arguments.overdraft, "--overdraft", Workload::Bank, "the accounts of a bank"),
        (arguments.initial.is_some(), "--initial", Workload::Counter, "what a counter begins with"),
    ] {
        if given && workload != only {
            return Err(format!(
                "error: {option} is about {about}, of which a {workload} history knows nothing\n\
                 help: leave it out, or is this --workload {only}?"
            ));
        }
    }
    let assume = arguments.assume.iter().fold(Assumptions::default(), |assumed, name| {
        assumed.with(name).expect("the command line takes no other names")
    });
    let bank = BankOptions { total: arguments.total, negative_balances: arguments.overdraft };
    let counter = CounterOptions { initial: arguments.initial.unwrap_or_default() };
    Ok(CheckOptions { model, assume, budget: arguments.budget, bank, counter })
}

fn not_judged(workload: Workload, model: Model, models: &[Model]) -> String {
    let names: Vec<&str> = models.iter().map(|model| model.name()).collect();
    let help = match &names[..] {
        [] => "they have a rule of their own: leave out --consistency-model".to_owned(),
        names => format!("judge them by {}", names.join(", ")),
    };
    format!("error: {model} says nothing about {workload} histories\nhelp: {help}")
}

/// Leaves the report and a drawing of each cycle in a folder.
fn leave(checked: &Checked<'_>, folder: &Path) -> Exit {
    let report = [("report.json".to_owned(), json::render(checked))];
    let mut files = report.into_iter().chain(drawings(checked));
    let written = fs::create_dir_all(folder)
        .and_then(|()| remove_drawings(folder))
        .and_then(|()| files.try_for_each(|(name, text)| fs::write(folder.join(name), text)));
    match written {
        Ok(()) => Exit::Pass,
        Err(error) => {
            complain(format!(
                "error: cannot write to {}: {error}\nhelp: name another folder with --out",
                folder.display()
            ));
            Exit::InputOutput
        }
    }
}

/// Drawings of what an earlier check left in the folder would stand beside a report that knows nothing of them.
fn remove_drawings(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let drawn = name.strip_prefix("cycle-").and_then(|name| name.strip_suffix(".svg"));
        if drawn.is_some_and(|anomaly| Anomaly::all().any(|known| known.name() == anomaly)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// `cycle-G0.svg` for each cycle.
fn drawings(checked: &Checked<'_>) -> Vec<(String, String)> {
    let Recorded::Transactions(history) = checked.recorded else { return Vec::new() };
    let drawing = |found: &Found| {
        let cycle = CycleRow::from(&ToldCycle::of(history, &found.explanation)?);
        let name = format!("cycle-{}", found.anomaly);
        Some((format!("{name}.svg"), cycle_with_reasons(&cycle, &name)))
    };
    checked.report.report.found.iter().filter_map(drawing).collect()
}
