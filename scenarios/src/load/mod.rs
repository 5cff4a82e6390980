//! File → table with places → overrides → types → checks. Everything that is wrong is said at once, with its place.

mod cases;
mod check;
mod diagnostic;
mod overrides;
mod path;
mod semantic;
mod shape;
mod source;
mod syntax;

use std::path::Path;

use serde::Deserialize;
use shardlab_models::config::closest;
use shardlab_sim::Engine;
use toml::Spanned;
use toml::de::DeTable;

pub use cases::Case;
use cases::Expansion;
pub use diagnostic::{Diagnostic, Doubts, LoadError, LoadErrorKind};

use crate::library;
use crate::scenario::Scenario;
use overrides::{Override, replace};
use shape::Format;
use source::Sources;

/// A scenario that can be run: read, resolved, expanded and checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario as resolved: every default filled in, every override of the command line applied.
    pub scenario: Scenario,
    /// The same as TOML, for the run folder.
    pub resolved: String,
    /// What is to be run: every variant at every point of the sweep, variants in file order.
    pub cases: Vec<Case>,
    /// The values at every point of the sweep, as written; empty if nothing is swept.
    pub points: Vec<Vec<String>>,
    /// `file:line` of every expectation.
    pub expectation_places: Vec<String>,
    /// What can be run and is hardly meant.
    pub doubts: Doubts,
    /// How the scenario was asked for: a path, or a name of the library.
    pub asked_for: String,
    /// The overrides of the command line.
    pub overrides: Vec<String>,
}

impl Plan {
    /// Which of many runs: scenario, seed, variant, and where in the sweep it stands.
    #[must_use]
    pub fn describe(&self, case: &Case, seed: u64) -> String {
        let settings: Vec<String> =
            self.settings(case).iter().map(|(path, value)| format!("{path} = {value}")).collect();
        let point = if settings.is_empty() { String::new() } else { format!(", at {}", settings.join(", ")) };
        format!("{}, seed {seed}, variant {}{point}", self.scenario.name, case.variant)
    }

    /// The command that runs this case with this seed again: of a sweep its point alone, but every variant.
    #[must_use]
    pub fn replay_of(&self, case: &Case, seed: u64, engine: Engine) -> String {
        let command = self.replay(&[seed], engine);
        let point = self.settings(case).into_iter().map(|(path, value)| format!("\"{path}\" = [{value}]"));
        let axes: Vec<String> = point.collect();
        if axes.is_empty() {
            return command;
        }
        format!("{command} --set {}", shell_word(&format!("sweep={{ {} }}", axes.join(", "))))
    }

    /// The swept settings of a case, as TOML.
    fn settings(&self, case: &Case) -> Vec<(&str, String)> {
        let Some(point) = case.point else { return Vec::new() };
        let sweep = &self.scenario.sweep;
        let axes = sweep.axes.iter().zip(sweep.choice(point as u64));
        axes.map(|((path, values), index)| (path.as_str(), values[index].to_string())).collect()
    }

    /// The command that gives the same run again.
    #[must_use]
    pub fn replay(&self, seeds: &[u64], engine: Engine) -> String {
        let mut command = format!("shardlab run {}", shell_word(&self.asked_for));
        match seeds {
            [seed] => command.push_str(&format!(" --seed {seed}")),
            [first, .., last] => command.push_str(&format!(" --seeds {first}..{last}")),
            [] => {}
        }
        if engine != Engine::default() {
            command.push_str(&format!(" --engine {}", engine.name()));
        }
        for change in &self.overrides {
            command.push_str(&format!(" --set {}", shell_word(change)));
        }
        command
    }
}

/// A word as a POSIX shell reads it: in single quotes, unless it is plain.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Loads a scenario of the library by its name, or a scenario file, with settings replaced by `path=value` texts.
///
/// What lies in the working directory cannot stand in the way of a library name, and a bare word is never a file: a
/// file is asked for with its `.toml`, or with a path.
///
/// # Errors
/// When it cannot be read, or anything in it is wrong.
pub fn load(name: &str, overrides: &[String]) -> Result<Plan, LoadError> {
    let path = Path::new(name);
    let mut plan = match library::find(name) {
        Some(entry) => load_text(&entry.label(), entry.text, entry.name, overrides)?,
        None if is_path(name) => load_file(path, overrides)?,
        None => return Err(unknown(name)),
    };
    name.clone_into(&mut plan.asked_for);
    Ok(plan)
}

/// The library has names with a `/` in them, so one that is misspelt is a path only if something is there.
fn is_path(name: &str) -> bool {
    name.ends_with(".toml") || (name.contains(std::path::is_separator) && Path::new(name).exists())
}

/// Loads a scenario file.
///
/// # Errors
/// As [`load`].
pub fn load_file(path: &Path, overrides: &[String]) -> Result<Plan, LoadError> {
    let label = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        LoadError::unreadable(
            format!("{label} cannot be read: {error}"),
            "check the path and its permissions",
        )
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..place].iter().filter(|&&byte| byte == b'\n').count();
        let message = format!("{label}:{line} is not UTF-8: the byte at {place} begins no character");
        LoadError::unreadable(message, "save the file as UTF-8")
    })?;
    let stem = path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned());
    load_text(&label, &text, &stem, overrides)
}

/// Loads a scenario from its text. `label` is what errors call it, `name` its name unless the text gives one.
///
/// # Errors
/// When anything in it is wrong.
pub fn load_text(label: &str, text: &str, name: &str, overrides: &[String]) -> Result<Plan, LoadError> {
    let mut sources = Sources::default();
    sources.add(label, text);
    for change in overrides {
        sources.add("--set", change);
    }
    match resolve(&sources, name) {
        Ok((plan, doubts)) => {
            let doubts = Doubts::new(sources, doubts);
            Ok(Plan { asked_for: label.into(), overrides: overrides.to_vec(), doubts, ..plan })
        }
        Err(diagnostics) => Err(LoadError::invalid(sources, diagnostics)),
    }
}

fn unknown(name: &str) -> LoadError {
    let file = format!("{name}.toml");
    let known: Vec<&str> = library::LIBRARY.iter().map(|entry| entry.name).collect();
    let help = if Path::new(&file).is_file() {
        format!("a file's name ends in `.toml`: did you mean `{file}`?")
    } else if let Some(near) = closest(name, known.iter().copied()) {
        format!("did you mean `{near}`?")
    } else {
        format!("`shardlab list` shows the library; a file's name ends in `.toml`: {}", known.join(", "))
    };
    LoadError::unreadable(format!("there is no scenario `{name}`"), &help)
}

fn resolve(sources: &Sources, name: &str) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let format = Format::of_scenarios();
    let mut texts = sources.iter();
    let (text, _) = texts.next().expect("the file is the first source");
    let mut table = syntax::parse(text)?;
    let written = read(&format, &mut table, name)?;

    let written_text = written.to_toml();
    let defaults = syntax::parse(&written_text)?.into_inner();
    let changes = parse_all(texts)?;
    apply(&format, table.get_mut(), &defaults, &changes, &["schema"])?;
    let scenario = read(&format, &mut table, name)?;
    overrides::all_act(&scenario, &changes)?;

    let resolved = scenario.to_toml();
    let defaults = syntax::parse(&resolved)?.into_inner();
    semantic::check_file(&scenario, table.get_ref())?;
    let Expansion { cases, points, doubts: doubtful } = cases::expand(&format, &scenario, &table, &defaults)?;
    let expectation_places = expectation_places(sources, table.get_ref());
    let (asked_for, overrides, doubts) = (String::new(), Vec::new(), Doubts::default());
    let plan = Plan { scenario, resolved, cases, points, expectation_places, doubts, asked_for, overrides };
    Ok((plan, doubtful))
}

/// Table → types; the places in what serde finds wrong are the table's own.
fn read(format: &Format, table: &mut Spanned<DeTable<'_>>, name: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let diagnostics = check::check(format, table);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut scenario = Scenario::deserialize(toml::Deserializer::from(table.clone())).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        vec![Diagnostic::at(span, error.message().trim_end())]
    })?;
    if scenario.name.is_empty() {
        name.clone_into(&mut scenario.name);
    }
    Ok(scenario)
}

fn parse_all<'s>(
    texts: impl Iterator<Item = (&'s str, usize)>,
) -> Result<Vec<Override<'s>>, Vec<Diagnostic>> {
    collect(texts.map(|(text, start)| overrides::parse(text, start)))
}

fn apply<'i>(
    format: &Format,
    table: &mut DeTable<'i>,
    defaults: &DeTable<'i>,
    changes: &[Override<'i>],
    forbidden: &[&str],
) -> Result<(), Vec<Diagnostic>> {
    let applied = changes.iter().map(|change| replace(format, table, defaults, change, forbidden));
    collect::<()>(applied).map(|_| ())
}

/// All results, or all that is wrong.
fn collect<T>(results: impl Iterator<Item = Result<T, Box<Diagnostic>>>) -> Result<Vec<T>, Vec<Diagnostic>> {
    let (mut values, mut diagnostics) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    if diagnostics.is_empty() { Ok(values) } else { Err(diagnostics) }
}

fn expectation_places(sources: &Sources, table: &DeTable<'_>) -> Vec<String> {
    let elements = table.get("expect").and_then(|list| list.get_ref().as_array());
    elements.into_iter().flatten().map(|element| sources.place(&element.span())).collect()
}
