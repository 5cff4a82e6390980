//! Texts that settings come from: the file, and every `--set` of the command line, laid end to end so that one
//! number says where something stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it: the file's path, `--set`.
    pub label: String,
    /// The text.
    pub text: String,
    /// Where it begins among all.
    start: usize,
}

/// All texts.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    sources: Vec<Source>,
}

impl Sources {
    /// Adds a text and says where it begins.
    pub fn add(&mut self, label: &str, text: &str) -> usize {
        // The gap of one keeps a place at the end of one text apart from the beginning of the next.
        let start = self.sources.last().map_or(0, |last| last.start + last.text.len() + 1);
        self.sources.push(Source { label: label.into(), text: text.into(), start });
        start
    }

    /// The text that a place is in, and the place within it, kept inside the text.
    pub fn find(&self, span: &Range<usize>) -> (&Source, Range<usize>) {
        let after = self.sources.partition_point(|source| source.start <= span.start);
        let source = &self.sources[after.checked_sub(1).expect("a place is in a text")];
        let inside = |place: usize| place.saturating_sub(source.start).min(source.text.len());
        (source, inside(span.start)..inside(span.end))
    }

    /// What the first text is called.
    pub fn first(&self) -> Option<&str> {
        self.sources.first().map(|source| source.label.as_str())
    }

    /// Every text and where it begins, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, usize)> {
        self.sources.iter().map(|source| (source.text.as_str(), source.start))
    }

    /// `label:line` of a place.
    pub fn place(&self, span: &Range<usize>) -> String {
        let (source, local) = self.find(span);
        let line = 1 + source.text.as_bytes()[..local.start].iter().filter(|&&byte| byte == b'\n').count();
        format!("{}:{line}", source.label)
    }
}

/// The same value, with every place in it moved.
pub fn respan<'i>(
    value: Spanned<DeValue<'i>>,
    moved: &impl Fn(Range<usize>) -> Range<usize>,
) -> Spanned<DeValue<'i>> {
    let span = moved(value.span());
    let value = match value.into_inner() {
        DeValue::Array(items) => {
            DeValue::Array(items.into_iter().map(|item| respan(item, moved)).collect::<DeArray<'_>>())
        }
        DeValue::Table(entries) => {
            let mut table = DeTable::new();
            for (key, value) in entries {
                let key_span = moved(key.span());
                table.insert(Spanned::new(key_span, key.into_inner()), respan(value, moved));
            }
            DeValue::Table(table)
        }
        leaf => leaf,
    };
    Spanned::new(span, value)
}
