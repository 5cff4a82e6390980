//! Replaces settings: `--set`, `[[variant]] set`, points of a sweep.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::path::{exists, named, segments};
use super::shape::Format;
use super::source::respan;
use crate::scenario::Scenario;

/// One setting to be replaced.
#[derive(Clone, Debug)]
pub struct Override<'i> {
    /// The dotted path.
    pub path: String,
    /// Where the path stands.
    pub path_span: Range<usize>,
    /// The value.
    pub value: Spanned<DeValue<'i>>,
}

/// The sections that a variant or a sweep must leave alone: it would change what it is part of.
pub const NOT_IN_VARIANTS: &[&str] = &["schema", "name", "question", "variant", "sweep", "expect"];

/// Replaces the setting, whole. What is not written in the file is taken from the resolved scenario first, so that a
/// default stays what it was beside the replaced setting.
///
/// # Errors
/// When there is no such setting, or it is one of `forbidden`.
pub fn replace<'i>(
    format: &Format,
    table: &mut DeTable<'i>,
    resolved: &DeTable<'i>,
    change: &Override<'i>,
    forbidden: &[&str],
) -> Result<(), Box<Diagnostic>> {
    let segments = segments(&change.path);
    if forbidden.contains(&segments[0]) {
        let message = format!("`{}` cannot be changed here", change.path);
        let help =
            "variants and sweeps change the settings of a run: the cluster, the protocols, the load, faults";
        return Err(Diagnostic::at(change.path_span.clone(), message).help(help).into());
    }
    exists(format, resolved, &change.path).map_err(|problem| {
        Box::new(Diagnostic::at(change.path_span.clone(), problem.message).help(problem.help))
    })?;
    descend(table, Some(resolved), &segments, change);
    Ok(())
}

/// Settings of the command line that nothing would come of, since every variant or the sweep replaces them again.
///
/// # Errors
/// One for each, at its place.
pub fn all_act(scenario: &Scenario, changes: &[Override<'_>]) -> Result<(), Vec<Diagnostic>> {
    let idle = changes.iter().filter_map(|change| {
        let (message, help) = replaced_again(scenario, &change.path)?;
        Some(Diagnostic::at(change.path_span.clone(), message).help(help))
    });
    let idle: Vec<Diagnostic> = idle.collect();
    if idle.is_empty() { Ok(()) } else { Err(idle) }
}

fn replaced_again(scenario: &Scenario, path: &str) -> Option<(String, String)> {
    let replaces = |other: &String| segments(path).starts_with(&segments(other));
    if let Some(axis) = scenario.sweep.axes.keys().find(|axis| replaces(axis)) {
        let help = format!("sweep something else, as with --set 'sweep={{ \"{axis}\" = [...] }}'");
        return Some((format!("this changes nothing: `{axis}` is swept"), help));
    }
    let mut setters = scenario.variant.iter().map(|variant| variant.set.keys().find(|other| replaces(other)));
    let first = setters.next().flatten()?;
    if !setters.all(|setter| setter.is_some()) {
        return None;
    }
    let name = &scenario.variant[0].name;
    let message = format!("this changes nothing: every variant sets `{first}` itself");
    Some((message, format!("change a variant, as with --set 'variant.{name}.set={{ \"{first}\" = ... }}'")))
}

fn descend<'i>(
    table: &mut DeTable<'i>,
    resolved: Option<&DeTable<'i>>,
    segments: &[&str],
    change: &Override<'i>,
) {
    let (segment, rest) = segments.split_first().expect("a path has a segment");
    let key = || Spanned::new(change.path_span.clone(), (*segment).to_owned().into());
    if rest.is_empty() {
        // `insert` alone would keep the old key and its place.
        table.remove(*segment);
        table.insert(key(), change.value.clone());
        return;
    }
    let default = resolved.and_then(|resolved| resolved.get(*segment));
    if !table.get(*segment).is_some_and(|value| value.get_ref().is_table() || value.get_ref().is_array()) {
        table.remove(*segment);
        table.insert(key(), graft(default, &change.path_span));
    }
    let value = table.get_mut(*segment).expect("it was inserted above");
    enter(value, default.map(Spanned::get_ref), rest, change);
}

fn enter<'i>(
    value: &mut Spanned<DeValue<'i>>,
    default: Option<&DeValue<'i>>,
    segments: &[&str],
    change: &Override<'i>,
) {
    match value.get_mut() {
        DeValue::Table(table) => descend(table, default.and_then(DeValue::as_table), segments, change),
        DeValue::Array(elements) => {
            let (name, rest) = segments.split_first().expect("a path has a segment");
            let index = named(elements, name).expect("the path was found in the resolved scenario");
            let defaults = default.and_then(DeValue::as_array);
            let default = defaults.and_then(|defaults| defaults.get(index)).map(Spanned::get_ref);
            let elements: &mut [Spanned<DeValue<'i>>] = elements;
            match rest {
                [] => elements[index] = change.value.clone(),
                rest => enter(&mut elements[index], default, rest, change),
            }
        }
        _ => unreachable!("a path ends at the innermost setting"),
    }
}

/// A default as if it had been written where the override stands; an empty table where a setting has none.
fn graft<'i>(default: Option<&Spanned<DeValue<'i>>>, span: &Range<usize>) -> Spanned<DeValue<'i>> {
    let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
    respan(default.cloned().unwrap_or_else(empty), &|_| span.clone())
}

/// Reads `path=value` of the command line; `start` is where its text begins among the sources.
///
/// A value that is no TOML is taken as a text, so that `--set cluster.cpu=8` and
/// `--set workload.orders.arrivals.open=500/s` both need no quotes of their own.
///
/// # Errors
/// When there is no `=` or nothing after it, or an array, table or quoted text does not end.
pub fn parse(text: &str, start: usize) -> Result<Override<'_>, Box<Diagnostic>> {
    let Some((path, value)) = text.split_once('=') else {
        let whole = start..start + text.len();
        let diagnostic = Diagnostic::at(whole, "an override is written `path=value`");
        return Err(diagnostic.label("there is no `=`").into());
    };
    let path_span = start..start + path.trim_end().len();
    let value_start = start + path.len() + 1;
    if value.trim().is_empty() {
        let diagnostic = Diagnostic::at(path_span, format!("`{}` is set to nothing", path.trim()));
        return Err(diagnostic
            .help(format!("write its value after the `=`; an empty text is `{path}=\"\"`"))
            .into());
    }
    let value = match DeValue::parse(value) {
        Ok(parsed) => respan(parsed, &|span| value_start + span.start..value_start + span.end),
        Err(error) if value.trim_start().starts_with(['[', '{', '"', '\'']) => {
            let span = error.span().unwrap_or(0..value.len());
            let span = value_start + span.start..value_start + span.end;
            return Err(Diagnostic::at(span, format!("this is no value: {}", error.message())).into());
        }
        Err(_) => {
            let span = value_start..value_start + value.len();
            Spanned::new(span, DeValue::String(value.trim().into()))
        }
    };
    Ok(Override { path: path.trim().to_owned(), path_span, value })
}
