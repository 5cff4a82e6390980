//! What a schema cannot say: names that must differ or exist, settings that clash, clusters that cannot be built.

use shardlab_consistency::REGISTER_MODELS;
use shardlab_models::cluster;
use shardlab_models::config::{self, BuildError, Config, closest};
use shardlab_models::workload::Mix;
use toml::de::DeTable;

use super::cases::BASE;
use super::diagnostic::Diagnostic;
use super::path::locate;
use crate::catalogue;
use crate::checks::ModelName;
use crate::fault::{self, FaultProblem};
use crate::scenario::{Expectation, Scenario};
use crate::sweep::MOST_SEEDS;

/// Checks what is said once for the whole file.
///
/// # Errors
/// Everything that is wrong.
pub fn check_file(scenario: &Scenario, table: &DeTable<'_>) -> Result<(), Vec<Diagnostic>> {
    let mut checker = Checker { table, diagnostics: Vec::new() };
    checker.schema(scenario);
    checker.name(scenario);
    checker.names("workload", scenario.workload.iter().map(|workload| Some(workload.name.as_str())));
    checker.names("fault", scenario.fault.iter().map(|fault| fault.name.as_deref()));
    checker.names("variant", scenario.variant.iter().map(|variant| Some(variant.name.as_str())));
    checker.sweep(scenario);
    for (index, expectation) in scenario.expect.iter().enumerate() {
        checker.expectation(scenario, expectation, index);
    }
    checker.end()
}

/// Checks one case: whether its cluster can be built and its faults can strike.
///
/// # Errors
/// Everything that is wrong.
pub fn check_case(scenario: &Scenario, table: &DeTable<'_>) -> Result<(), Vec<Diagnostic>> {
    let mut checker = Checker { table, diagnostics: Vec::new() };
    checker.fault_times(scenario);
    let config = scenario.config();
    checker.models(scenario, &config);
    match config::validate(&config) {
        Err(errors) => errors.iter().for_each(|error| checker.build_error(error)),
        Ok(()) => {
            let faults = fault::convert(scenario, &cluster::layout(&config), scenario.seed);
            faults.err().into_iter().flatten().for_each(|problem| checker.fault(scenario, &problem));
        }
    }
    checker.end()
}

/// What can be run in a checked case and is hardly meant.
pub fn doubts(scenario: &Scenario, table: &DeTable<'_>) -> Vec<Diagnostic> {
    let mut checker = Checker { table, diagnostics: Vec::new() };
    config::doubts(&scenario.config()).iter().for_each(|doubt| checker.build_error(doubt));
    checker.diagnostics
}

struct Checker<'a> {
    table: &'a DeTable<'a>,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn end(self) -> Result<(), Vec<Diagnostic>> {
        if self.diagnostics.is_empty() { Ok(()) } else { Err(self.diagnostics) }
    }

    /// Something wrong with a setting; where it is not written, the innermost that is written around it is shown.
    fn at(&self, path: &str, message: impl Into<String>) -> Diagnostic {
        match locate(self.table, path) {
            Some((span, true)) => Diagnostic::at(span, message),
            Some((span, false)) => Diagnostic::at(span, message).note(left_at_default(path)),
            None => Diagnostic::nowhere(message).note(left_at_default(path)),
        }
    }

    fn report(&mut self, path: &str, message: impl Into<String>, help: &str) {
        let diagnostic = self.at(path, message).help(help);
        self.diagnostics.push(diagnostic);
    }

    fn schema(&mut self, scenario: &Scenario) {
        if scenario.schema != crate::scenario::SCHEMA_VERSION {
            let message =
                format!("this is a file of format {}, and this program reads format 1", scenario.schema);
            self.report("schema", message, "use a version of shardlab that reads it");
        }
    }

    /// The run folder is named after the scenario: a name must not lead out of `runs`.
    fn name(&mut self, scenario: &Scenario) {
        let name = scenario.name.as_str();
        let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']);
        if !name.split('/').all(is_plain) || name.contains(char::is_control) {
            let help = "the run folder is named after it: write `name = \"my-cluster\"`";
            self.report("name", format!("`{}` is no name for a scenario", name.escape_debug()), help);
        }
    }

    fn names<'n>(&mut self, list: &str, names: impl Iterator<Item = Option<&'n str>>) {
        let names: Vec<Option<&str>> = names.collect();
        for (index, name) in names.iter().enumerate() {
            let Some(name) = name else { continue };
            let path = format!("{list}.{index}.name");
            if name.is_empty() || name.contains('.') {
                let help = "paths find it by this name, and their parts end at dots";
                self.report(
                    &path,
                    format!("`{name}` is no name for a {list}: it is empty or has a dot"),
                    help,
                );
            }
            if let Some(first) = names[..index].iter().position(|earlier| *earlier == Some(name)) {
                let message = format!("two {list}s are named `{name}`");
                let other = format!("{list}.{first}.name");
                self.clash((&path, &message), (&other, "first here"), "give each a name of its own");
            }
        }
    }

    fn sweep(&mut self, scenario: &Scenario) {
        let seeds = scenario.sweep.seeds;
        if seeds > MOST_SEEDS {
            let message = format!("the sweep has {seeds} seeds, and {MOST_SEEDS} are the most");
            self.report("sweep.seeds", message, "20 seeds give confidence intervals already");
        }
        let sweep = self.table.get("sweep").and_then(|sweep| sweep.get_ref().as_table());
        for (path, values) in &scenario.sweep.axes {
            let key = sweep.and_then(|sweep| sweep.get_key_value(path.as_str()));
            if let (true, Some((key, _))) = (values.is_empty(), key) {
                let message = format!("`{path}` is swept over no values");
                self.diagnostics.push(Diagnostic::at(key.span(), message).help("list at least one"));
            }
        }
    }

    fn expectation(&mut self, scenario: &Scenario, expectation: &Expectation, index: usize) {
        let path = |key: &str| format!("expect.{index}.{key}");
        match (&expectation.metric, &expectation.anomaly) {
            (Some(metric), None) => self.metric(metric, &path("metric")),
            (None, Some(anomaly)) => self.anomaly(anomaly, &path("anomaly")),
            (Some(_), Some(_)) => {
                self.report(
                    &path("anomaly"),
                    "an expectation is of a metric or of an anomaly, not of both",
                    "make two",
                );
            }
            (None, None) => {
                self.report(&path(""), "this expectation is of nothing", "add `metric = …` or `anomaly = …`");
            }
        }
        match (expectation.at_least, expectation.at_most) {
            (None, None) => {
                self.report(&path(""), "this expectation has no bound", "add `at_least` or `at_most`")
            }
            (Some(least), Some(most)) if least > most => {
                let message = format!("nothing is at least {least} and at most {most}");
                self.report(&path("at_most"), message, "exchange the bounds");
            }
            _ => {}
        }
        self.expected_variant(scenario, expectation, &path("variant"));
    }

    fn metric(&mut self, metric: &str, path: &str) {
        if catalogue::find(metric).is_some() {
            return;
        }
        let known = catalogue::all();
        let help = match closest(metric, known.iter().map(|info| info.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("metrics begin with {}", families(&known)),
        };
        self.report(path, format!("there is no metric `{metric}`"), &help);
    }

    fn anomaly(&mut self, anomaly: &str, path: &str) {
        let known = catalogue::anomalies();
        if known.contains(&anomaly) {
            return;
        }
        let help = match closest(anomaly, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("judges count `{}`", known.join("`, `")),
        };
        self.report(path, format!("no judge counts an anomaly `{anomaly}`"), &help);
    }

    fn expected_variant(&mut self, scenario: &Scenario, expectation: &Expectation, path: &str) {
        let Some(wanted) = &expectation.variant else { return };
        let mut names: Vec<&str> = scenario.variant.iter().map(|variant| variant.name.as_str()).collect();
        if names.is_empty() {
            names.push(BASE);
        }
        if names.contains(&wanted.as_str()) {
            return;
        }
        let help = match closest(wanted, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is `{}`", names.join("`, `")),
        };
        self.report(path, format!("there is no variant `{wanted}`"), &help);
    }

    /// A model that looks at nothing in the run would be asked for and never judged.
    fn models(&mut self, scenario: &Scenario, config: &Config) {
        let transacts = config.workloads.iter().any(|load| load.mix.has_lists() || load.mix.has_registers());
        let single = |mix: &Mix| mix.read + mix.update + mix.insert + mix.read_modify_write > 0.0;
        let has_single = config.workloads.iter().any(|load| single(&load.mix));
        for (index, ModelName(model)) in scenario.checks.models.iter().enumerate() {
            let of_registers = REGISTER_MODELS.contains(model);
            if (model.is_transactional() && transacts) || (of_registers && has_single) {
                continue;
            }
            let looks_at = match (model.is_transactional(), of_registers) {
                (true, true) => "looks at transactions over lists or registers and at single keys",
                (true, false) => "looks at transactions over lists or registers, as `list-append` in a `mix`",
                (false, true) => "looks at operations on single keys, as `read` and `update` in a `mix`",
                (false, false) => "is judged in every run, and not asked for by name",
            };
            let message = format!("`{model}` {looks_at}: here it would judge nothing");
            self.report(&format!("checks.models.{index}"), message, "leave it out, or add what it looks at");
        }
    }

    fn fault_times(&mut self, scenario: &Scenario) {
        for (index, fault) in scenario.fault.iter().enumerate() {
            if let Some(at) = fault.at.filter(|at| *at >= scenario.duration) {
                let message = format!("the fault strikes at {at}, when the load has ended");
                let place = format!("fault.{index}.at");
                self.clash((&place, &message), ("duration", "the load ends here"), "let it strike earlier");
            }
        }
    }

    fn clash(&mut self, (path, message): (&str, &str), (other, label): (&str, &str), help: &str) {
        let diagnostic = self.at(path, message).help(help);
        let diagnostic = match locate(self.table, other) {
            Some((span, true)) => diagnostic.and(span, label),
            _ => diagnostic.note(left_at_default(other)),
        };
        self.diagnostics.push(diagnostic);
    }

    fn build_error(&mut self, error: &BuildError) {
        match &error.other {
            Some((other, label)) => self.clash((&error.path, &error.message), (other, label), &error.help),
            None => self.report(&error.path, error.message.as_str(), &error.help),
        }
    }

    fn fault(&mut self, scenario: &Scenario, problem: &FaultProblem) {
        let label = scenario.fault[problem.index].label(problem.index);
        let path = format!("fault.{}.{}", problem.index, problem.path);
        self.report(&path, format!("fault `{label}`: {}", problem.message), &problem.help);
    }
}

/// "`throughput`, `latency`": the first parts of all names.
fn families(known: &[catalogue::MetricInfo]) -> String {
    let mut families: Vec<&str> = known.iter().filter_map(|info| info.name.split('.').next()).collect();
    families.dedup();
    format!("`{}`", families.join("`, `"))
}

fn left_at_default(path: &str) -> String {
    let path = path.trim_end_matches('.');
    format!("`{path}` is not in the file")
}
