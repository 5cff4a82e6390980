//! Holds a file against the format, and says everything that is wrong at once: keys that do not exist, values of
//! another type, choices that are none.
//!
//! serde would stop at the first mistake and speak of "struct variants"; what is left to it is the inside of texts.

use std::ops::Range;

use serde_json::Value;
use shardlab_models::config::closest;
use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::shape::{Fields, Format, Shape, Text};

/// Everything in `table` that the format does not allow.
///
/// A choice written as a bare word whose parameters all have defaults is opened to a table on the way.
pub fn check<'i>(format: &Format, table: &mut Spanned<DeTable<'i>>) -> Vec<Diagnostic> {
    let mut checker = Checker { format, diagnostics: Vec::new() };
    let shape = format.shape(format.root());
    // The span of a whole document begins at its first byte, where a missing key is not to be shown.
    let end = table.span().end;
    let fields = shape.fields.expect("a scenario is a table");
    checker.fields(fields, &shape, table.get_mut(), end..end, "the file");
    checker.diagnostics
}

struct Checker<'a> {
    format: &'a Format,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn value<'i>(&mut self, schema: &Value, name: &str, value: &mut Spanned<DeValue<'i>>) {
        let shape = self.format.shape(schema);
        let span = value.span();
        if shape.anything {
            return;
        }
        if let Some(opened) = opened(&shape, self.format, value) {
            *value = opened;
        }
        match value.get_mut() {
            DeValue::Table(table) => self.table(&shape, name, table, span),
            DeValue::Array(items) => self.list(&shape, name, items, span),
            DeValue::String(text) => self.text(&shape, name, text, span),
            DeValue::Integer(number) => self.integer(&shape, name, number, span),
            DeValue::Float(number) => self.float(&shape, name, number, span),
            DeValue::Boolean(_) if shape.boolean => {}
            DeValue::Boolean(value) => self.mismatch(&shape, name, &format!("`{value}`"), span),
            DeValue::Datetime(_) => self.mismatch(&shape, name, "a date", span),
        }
    }

    fn mismatch(&mut self, shape: &Shape<'_>, name: &str, found: &str, span: Range<usize>) {
        let message = format!("`{name}` must be {}; here it is {found}", shape.expectation());
        let diagnostic = Diagnostic::at(span, message);
        let diagnostic = match (shape.text, found) {
            (Some(Text { example: Some(example), .. }), "a number" | "a fraction") => {
                diagnostic.help(format!("write it in quotes and with its unit: \"{example}\""))
            }
            (_, "a text") if shape.integer || shape.number => {
                diagnostic.help("give a number, without quotes")
            }
            _ => diagnostic,
        };
        self.report(diagnostic);
    }

    fn table<'i>(&mut self, shape: &Shape<'_>, name: &str, table: &mut DeTable<'i>, span: Range<usize>) {
        if let Some(fields) = shape.fields {
            self.fields(fields, shape, table, span, name);
        } else if !shape.choices.is_empty() {
            self.choice(shape, name, table, span);
        } else if let Some(map) = shape.map {
            table.iter_mut().for_each(|(key, value)| self.value(map, key.get_ref(), value));
        } else {
            self.mismatch(shape, name, "a table", span);
        }
    }

    fn fields<'i>(
        &mut self,
        fields: Fields<'_>,
        shape: &Shape<'_>,
        table: &mut DeTable<'i>,
        span: Range<usize>,
        name: &str,
    ) {
        for (key, value) in table.iter_mut() {
            match (fields.properties.get(key.get_ref().as_ref()), shape.map) {
                (Some(schema), _) | (None, Some(schema)) => self.value(schema, key.get_ref(), value),
                (None, None) => self.unknown_key(fields, key, name),
            }
        }
        // A misspelt key was shown already; that the right one is missing would be an echo.
        let meant = |key: &str| {
            let written = table.keys().map(|written| written.get_ref().as_ref());
            written
                .filter(|written| !fields.properties.contains_key(*written))
                .any(|w| closest(w, [key]).is_some())
        };
        let absent = |key: &&String| fields.requires(key) && !table.contains_key(key.as_str()) && !meant(key);
        for key in fields.properties.keys().filter(absent) {
            let message = format!("{} lacks `{key}`", quoted(name));
            let diagnostic = Diagnostic::at(span.clone(), message).label(format!("`{key}` is missing here"));
            self.report(match gist(&fields.properties[key]) {
                Some(gist) => diagnostic.help(format!("add `{key}`: {gist}")),
                None => diagnostic,
            });
        }
    }

    fn unknown_key<'i>(&mut self, fields: Fields<'_>, key: &Spanned<std::borrow::Cow<'i, str>>, name: &str) {
        let known: Vec<&str> = fields.properties.keys().map(String::as_str).collect();
        let message = format!("there is no setting `{}` in {}", key.get_ref(), quoted(name));
        let diagnostic = Diagnostic::at(key.span(), message).label("unknown");
        self.report(diagnostic.help(suggestion(key.get_ref(), &known)));
    }

    fn choice<'i>(&mut self, shape: &Shape<'_>, name: &str, table: &mut DeTable<'i>, span: Range<usize>) {
        if table.len() != 1 {
            let message = match table.len() {
                0 => format!("`{name}` makes no choice"),
                _ => format!("`{name}` makes several choices, and only one can hold"),
            };
            return self
                .report(Diagnostic::at(span, message).label(format!("expected {}", shape.expectation())));
        }
        for (key, inner) in table.iter_mut() {
            match shape.choice(key.get_ref()) {
                Some(schema) => self.value(schema, key.get_ref(), inner),
                None => self.unknown_choice(shape, name, key.get_ref(), key.span()),
            }
        }
    }

    fn unknown_choice(&mut self, shape: &Shape<'_>, name: &str, word: &str, span: Range<usize>) {
        let known: Vec<&str> = shape.choice_names().collect();
        let diagnostic = Diagnostic::at(span, format!("`{word}` is no choice for `{name}`"));
        let help = match known.contains(&word) {
            true => format!("`{word}` takes no parameters: write \"{word}\""),
            false => suggestion(word, &known),
        };
        self.report(diagnostic.label("unknown").help(help));
    }

    fn list<'i>(
        &mut self,
        shape: &Shape<'_>,
        name: &str,
        items: &mut toml::de::DeArray<'i>,
        span: Range<usize>,
    ) {
        match (shape.tuple, shape.items) {
            (Some(tuple), _) if tuple.len() == items.len() => {
                tuple.iter().zip(items.iter_mut()).for_each(|(schema, item)| self.value(schema, name, item));
            }
            (Some(tuple), _) => {
                let message = format!("`{name}` has {} values here, not {}", items.len(), tuple.len());
                self.report(Diagnostic::at(span, message));
            }
            (None, Some(schema)) => items.iter_mut().for_each(|item| self.value(schema, name, item)),
            (None, None) => self.mismatch(shape, name, "a list", span),
        }
    }

    fn text(&mut self, shape: &Shape<'_>, name: &str, text: &str, span: Range<usize>) {
        let known: Vec<&str> = shape.choice_names().collect();
        if let Some(inner) = shape.choice(text).filter(|_| !shape.words.contains(&text)) {
            let message = format!("the choice `{text}` for `{name}` needs parameters");
            let help = format!("write {{ {text} = {} }}", self.example(inner));
            return self.report(Diagnostic::at(span, message).label("only its name is given").help(help));
        }
        match (&known[..], shape.text) {
            (_, Some(_)) => {}
            ([], None) => self.mismatch(shape, name, "a text", span),
            (known, None) if known.contains(&text) => {}
            (_, None) => self.unknown_choice(shape, name, text, span),
        }
    }

    /// "{ vnodes = …, shards = … }": what a choice's parameters look like.
    fn example(&self, inner: &Value) -> String {
        let shape = self.format.shape(inner);
        let Some(fields) = shape.fields else { return "…".into() };
        let keys = fields.properties.keys().filter(|key| fields.requires(key));
        let parts: Vec<String> = keys.map(|key| format!("{key} = …")).collect();
        format!("{{ {} }}", parts.join(", "))
    }

    fn integer(&mut self, shape: &Shape<'_>, name: &str, number: &DeInteger<'_>, span: Range<usize>) {
        if !(shape.integer || shape.number) {
            return self.mismatch(shape, name, "a number", span);
        }
        let value = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let too_small = |value: &i128| shape.minimum.is_some_and(|minimum| *value < minimum);
        let too_large = |value: &i128| shape.maximum.is_some_and(|maximum| *value > maximum);
        let (least, most) = (shape.minimum.unwrap_or_default(), shape.maximum.unwrap_or_default());
        let (bound, help) = match value {
            Some(value) if too_small(&value) && least == 0 => {
                ("at least 0".to_owned(), "give zero or a positive whole number".to_owned())
            }
            Some(value) if too_small(&value) => {
                (format!("at least {least}"), format!("give {least} or more"))
            }
            Some(value) if too_large(&value) => (format!("at most {most}"), format!("give {most} or less")),
            None => ("a number of reasonable size".into(), "give fewer digits".into()),
            Some(_) => return,
        };
        let message = format!("`{name}` must be {bound}, and is {}", number.as_str());
        self.report(Diagnostic::at(span, message).help(help));
    }

    fn float(&mut self, shape: &Shape<'_>, name: &str, number: &DeFloat<'_>, span: Range<usize>) {
        let finite = number.as_str().parse::<f64>().is_ok_and(f64::is_finite);
        match (shape.number, shape.integer) {
            (true, _) if finite => {}
            (true, _) => {
                let message = format!("`{name}` must be a finite number, and is {}", number.as_str());
                self.report(Diagnostic::at(span, message));
            }
            (false, true) => self.mismatch(shape, name, "a fraction", span),
            (false, false) => self.mismatch(shape, name, "a number", span),
        }
    }
}

/// `strategy = "modulo"` → `strategy = { modulo = {} }`, where `modulo` needs no parameters but may take some.
fn opened<'i>(
    shape: &Shape<'_>,
    format: &Format,
    value: &Spanned<DeValue<'i>>,
) -> Option<Spanned<DeValue<'i>>> {
    let word = value.get_ref().as_str()?;
    let inner = format.shape(shape.choice(word)?);
    inner.fields.filter(|fields| fields.required.is_empty())?;
    let span = value.span();
    let empty = Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
    let mut table = DeTable::new();
    table.insert(Spanned::new(span.clone(), word.to_owned().into()), empty);
    Some(Spanned::new(span, DeValue::Table(table)))
}

/// "did you mean `servers`?", or all there is.
fn suggestion(word: &str, known: &[&str]) -> String {
    match closest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "known here: {}",
            known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// "the shard of each key": the first sentence of what the schema says of a setting, to go on a line with others.
fn gist(schema: &Value) -> Option<String> {
    let text = schema.get("description")?.as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = text.split(". ").next()?.trim_end_matches('.');
    let mut letters = sentence.chars();
    let first = letters.next()?;
    let is_name = letters.clone().next().is_some_and(char::is_uppercase);
    Some(if is_name { sentence.to_owned() } else { first.to_lowercase().chain(letters).collect() })
}

fn quoted(name: &str) -> String {
    if name == "the file" { name.into() } else { format!("`{name}`") }
}
