//! Dotted paths: whether one names a setting, and where that setting stands in the file.

use std::ops::Range;

use serde_json::Value;
use shardlab_models::config::closest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::shape::{Format, Shape};

/// Why a path names nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct PathProblem {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// The parts of a path. A part in quotes may have dots in it, as in TOML: `sweep."cluster.servers"`.
pub fn segments(path: &str) -> Vec<&str> {
    let (mut segments, mut start, mut quote) = (Vec::new(), 0, None);
    for (place, letter) in path.char_indices() {
        match (quote, letter) {
            (None, '.') => {
                segments.push(unquoted(&path[start..place]));
                start = place + 1;
            }
            (None, '"' | '\'') if place == start => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    segments.push(unquoted(&path[start..]));
    segments
}

fn unquoted(segment: &str) -> &str {
    let inside = |quote| segment.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(segment)
}

fn problem(message: String, help: String) -> PathProblem {
    PathProblem { message, help }
}

/// Whether `path` names a setting of the resolved scenario, at its default or not.
///
/// # Errors
/// When there is no such setting, no element of that name, or another choice was made there.
pub fn exists(format: &Format, resolved: &DeTable<'_>, path: &str) -> Result<(), PathProblem> {
    let shape = format.shape(format.root());
    let segments = segments(path);
    let (first, rest) = segments.split_first().expect("splitting yields at least one segment");
    let fields = shape.fields.expect("a scenario is a table");
    let Some(schema) = fields.properties.get(*first) else {
        return Err(no_setting(first, "the file", fields.properties.keys().map(String::as_str)));
    };
    walk(format, schema, resolved.get(*first).map(Spanned::get_ref), rest, first)
}

fn walk(
    format: &Format,
    schema: &Value,
    value: Option<&DeValue<'_>>,
    segments: &[&str],
    done: &str,
) -> Result<(), PathProblem> {
    let Some((segment, rest)) = segments.split_first() else { return Ok(()) };
    let shape = format.shape(schema);
    let path = format!("{done}.{segment}");
    if let (Some(items), Some(DeValue::Array(elements))) = (shape.items, value) {
        let element = named(elements, segment).ok_or_else(|| no_element(done, segment, elements))?;
        return walk(format, items, Some(elements[element].get_ref()), rest, &path);
    }
    let inside = value.and_then(|value| value.get(*segment)).map(Spanned::get_ref);
    if let Some(fields) = shape.fields {
        return match (fields.properties.get(*segment), shape.map) {
            (Some(schema), _) | (None, Some(schema)) => walk(format, schema, inside, rest, &path),
            (None, None) => {
                Err(no_setting(segment, &format!("`{done}`"), fields.properties.keys().map(String::as_str)))
            }
        };
    }
    match (shape.choice(segment), shape.map) {
        (Some(schema), _) if inside.is_some() => walk(format, schema, inside, rest, &path),
        (Some(_), _) => Err(other_choice(done, segment, value)),
        (None, Some(map)) => walk(format, map, inside, rest, &path),
        (None, None) => Err(no_inside(&shape, done, segment)),
    }
}

fn no_setting<'a>(segment: &str, within: &str, known: impl Iterator<Item = &'a str>) -> PathProblem {
    let known: Vec<&str> = known.collect();
    let help = match closest(segment, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: `{}`", known.join("`, `")),
    };
    problem(format!("there is no setting `{segment}` in {within}"), help)
}

fn no_element(list: &str, name: &str, elements: &[Spanned<DeValue<'_>>]) -> PathProblem {
    let names: Vec<&str> = elements.iter().filter_map(|element| name_of(element.get_ref())).collect();
    let help = match (&names[..], closest(name, names.iter().copied())) {
        (_, Some(near)) => format!("did you mean `{list}.{near}`?"),
        ([], None) => format!("give the {list} a `name` to find it by"),
        (names, None) => format!("there is `{list}.{}`", names.join(&format!("`, `{list}."))),
    };
    problem(format!("there is no {list} named `{name}`"), help)
}

fn other_choice(setting: &str, wanted: &str, value: Option<&DeValue<'_>>) -> PathProblem {
    let made = match value {
        Some(DeValue::String(word)) => word.to_string(),
        Some(DeValue::Table(table)) => table.keys().next().map_or_else(String::new, |key| key.to_string()),
        _ => String::new(),
    };
    let help = format!("replace the whole choice: `{setting}` = {{ {wanted} = … }}");
    problem(
        format!("`{setting}` is `{made}` here, not `{wanted}`, which thus has no parameters to set"),
        help,
    )
}

fn no_inside(shape: &Shape<'_>, setting: &str, segment: &str) -> PathProblem {
    let names: Vec<&str> = shape.choice_names().collect();
    let help = match closest(segment, names.iter().copied()) {
        Some(near) => format!("did you mean `{setting}.{near}`?"),
        None => format!("set `{setting}` itself: it takes {}", shape.expectation()),
    };
    problem(format!("`{setting}` has nothing called `{segment}` in it"), help)
}

/// The element of a list that has this `name`.
pub fn named(elements: &[Spanned<DeValue<'_>>], name: &str) -> Option<usize> {
    elements.iter().position(|element| name_of(element.get_ref()) == Some(name))
}

fn name_of<'a>(element: &'a DeValue<'_>) -> Option<&'a str> {
    element.get("name").and_then(|name| name.get_ref().as_str())
}

/// Where a setting stands: its value, or its key if the value is a table; the innermost that is written there, and
/// whether that is the setting itself. Elements of lists are found by name or number.
pub fn locate(table: &DeTable<'_>, path: &str) -> Option<(Range<usize>, bool)> {
    let mut segments = path.split('.').filter(|segment| !segment.is_empty());
    let (key, mut value) = table.get_key_value(segments.next()?)?;
    let mut span = place(key.span(), value);
    for segment in segments {
        let next = match value.get_ref() {
            DeValue::Table(inner) => {
                inner.get_key_value(segment).map(|(key, value)| (place(key.span(), value), value))
            }
            DeValue::Array(elements) => {
                let index = named(elements, segment).or_else(|| segment.parse().ok());
                index.and_then(|index| elements.get(index)).map(|element| (element.span(), element))
            }
            _ => None,
        };
        let Some(found) = next else { return Some((span, false)) };
        (span, value) = found;
    }
    Some((span, true))
}

fn place(key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Range<usize> {
    match value.get_ref() {
        DeValue::Table(_) | DeValue::Array(_) => key,
        _ => value.span(),
    }
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn a_part_in_quotes_keeps_its_dots() {
        let table: [(&str, &[&str]); 6] = [
            ("cluster.servers", &["cluster", "servers"]),
            ("sweep.\"cluster.servers\"", &["sweep", "cluster.servers"]),
            ("sweep.'cluster.servers'", &["sweep", "cluster.servers"]),
            ("\"a.b\".c", &["a.b", "c"]),
            ("a.\"b.c", &["a", "\"b.c"]),
            ("", &[""]),
        ];
        for (path, expected) in table {
            assert_eq!(segments(path), expected, "{path}");
        }
    }
}
