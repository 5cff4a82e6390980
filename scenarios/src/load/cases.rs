//! Every variant at every point of the sweep, each a scenario of its own, checked.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::check;
use super::diagnostic::Diagnostic;
use super::overrides::{NOT_IN_VARIANTS, Override};
use super::path::locate;
use super::shape::Format;
use super::{apply, semantic};
use crate::scenario::Scenario;

/// One variant at one point of the sweep.
#[derive(Clone, Debug)]
pub struct Case {
    /// The variant's name; `base` when the scenario has none.
    pub variant: String,
    /// The point of the sweep, if there is one.
    pub point: Option<usize>,
    /// The scenario with the variant's and the point's settings.
    pub scenario: Scenario,
}

/// What the only variant of a scenario without variants is called.
pub const BASE: &str = "base";

/// More runs than anybody waits for; a slip in a list is likelier.
const MOST_CASES: u64 = 10_000;

/// All cases of a scenario.
#[derive(Debug)]
pub struct Expansion {
    /// Variants in file order, and within a variant the points of the sweep.
    pub cases: Vec<Case>,
    /// The values at every point, as written; empty if nothing is swept.
    pub points: Vec<Vec<String>>,
    /// What can be run and is hardly meant.
    pub doubts: Vec<Diagnostic>,
}

/// Expands a scenario.
///
/// # Errors
/// Everything that is wrong with any case; what is wrong with several is said of the first.
pub fn expand<'i>(
    format: &Format,
    scenario: &Scenario,
    table: &Spanned<DeTable<'i>>,
    defaults: &DeTable<'i>,
) -> Result<Expansion, Vec<Diagnostic>> {
    let variants = variants(table.get_ref());
    let points = points(scenario, table.get_ref(), variants.len() as u64)?;
    let (mut cases, mut problems, mut doubts) = (Vec::new(), Problems::default(), Problems::default());
    for (variant, changes) in &variants {
        for (point, values) in points.iter().enumerate() {
            let origin = Origin { variant, point: (!values.is_empty()).then_some(point) };
            let changes: Vec<Override<'i>> = changes.iter().chain(values).cloned().collect();
            match case(format, table.clone(), defaults, &changes, &origin) {
                Ok((case, doubtful)) => {
                    cases.push(case);
                    doubts.add(doubtful, &origin, variants.len());
                }
                Err(diagnostics) => problems.add(diagnostics, &origin, variants.len()),
            }
        }
    }
    if !problems.found.is_empty() {
        return Err(problems.found);
    }
    let swept = points.iter().filter(|values| !values.is_empty());
    let points =
        swept.map(|values| values.iter().map(|value| text(value.value.get_ref())).collect()).collect();
    Ok(Expansion { cases, points, doubts: doubts.found })
}

/// Which case something comes from.
struct Origin<'a> {
    variant: &'a str,
    point: Option<usize>,
}

#[derive(Default)]
struct Problems {
    found: Vec<Diagnostic>,
}

impl Problems {
    fn add(&mut self, diagnostics: Vec<Diagnostic>, origin: &Origin<'_>, variants: usize) {
        for mut diagnostic in diagnostics {
            let known = |other: &Diagnostic| {
                other.message == diagnostic.message && other.primary == diagnostic.primary
            };
            if self.found.iter().any(known) {
                continue;
            }
            if diagnostic.note.is_none() && variants > 0 && origin.variant != BASE {
                diagnostic.note = Some(format!("in variant `{}`", origin.variant));
            }
            self.found.push(diagnostic);
        }
    }
}

fn case<'i>(
    format: &Format,
    mut table: Spanned<DeTable<'i>>,
    defaults: &DeTable<'i>,
    changes: &[Override<'i>],
    origin: &Origin<'_>,
) -> Result<(Case, Vec<Diagnostic>), Vec<Diagnostic>> {
    apply(format, table.get_mut(), defaults, changes, NOT_IN_VARIANTS)?;
    let diagnostics = check(format, &mut table);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let scenario = Scenario::deserialize(toml::Deserializer::from(table.clone()))
        .map_err(|error| vec![Diagnostic::at(error.span().unwrap_or(0..0), error.message().trim_end())])?;
    semantic::check_case(&scenario, table.get_ref())?;
    let doubts = semantic::doubts(&scenario, table.get_ref());
    Ok((Case { variant: origin.variant.to_owned(), point: origin.point, scenario }, doubts))
}

/// Names and overrides of the variants; the base alone when there are none.
fn variants<'i>(table: &DeTable<'i>) -> Vec<(String, Vec<Override<'i>>)> {
    let elements = table.get("variant").and_then(|list| list.get_ref().as_array());
    let variants: Vec<_> = elements.into_iter().flatten().map(|element| variant(element.get_ref())).collect();
    if variants.is_empty() { vec![(BASE.to_owned(), Vec::new())] } else { variants }
}

fn variant<'i>(element: &DeValue<'i>) -> (String, Vec<Override<'i>>) {
    let name = element.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default();
    let set = element.get("set").and_then(|set| set.get_ref().as_table());
    let changes = set.into_iter().flatten().map(|(path, value)| Override {
        path: path.get_ref().to_string(),
        path_span: path.span(),
        value: value.clone(),
    });
    (name.to_owned(), changes.collect())
}

/// The overrides of every point; one point without any when nothing is swept.
fn points<'i>(
    scenario: &Scenario,
    table: &DeTable<'i>,
    variants: u64,
) -> Result<Vec<Vec<Override<'i>>>, Vec<Diagnostic>> {
    let cases = scenario.sweep.points().saturating_mul(variants);
    if cases > MOST_CASES {
        let (span, _) = locate(table, "sweep").expect("something is swept");
        let message = format!("the sweep has {cases} runs a seed, and {MOST_CASES} are the most");
        return Err(vec![Diagnostic::at(span, message).help("sweep fewer values at once")]);
    }
    let axes = scenario.sweep.axes.keys().map(|path| axis(table, path));
    let axes: Vec<Vec<Override<'i>>> = axes.collect();
    let choose = |point: u64| {
        let choice = scenario.sweep.choice(point);
        axes.iter().zip(choice).map(|(values, index)| values[index].clone()).collect()
    };
    Ok((0..scenario.sweep.points()).map(choose).collect())
}

fn axis<'i>(table: &DeTable<'i>, path: &str) -> Vec<Override<'i>> {
    let sweep = table.get("sweep").and_then(|sweep| sweep.get_ref().as_table());
    let (key, list) =
        sweep.and_then(|sweep| sweep.get_key_value(path)).expect("the axis was read from this table");
    let values = list.get_ref().as_array().expect("an axis is a list");
    let change = |value: &Spanned<DeValue<'i>>| Override {
        path: path.to_owned(),
        path_span: key.span(),
        value: value.clone(),
    };
    values.iter().map(change).collect()
}

/// A value as it is written in tables.
fn text(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(value) => value.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| text(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let entries =
                table.iter().map(|(key, value)| format!("{} = {}", key.get_ref(), text(value.get_ref())));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
