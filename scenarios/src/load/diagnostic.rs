//! What is wrong with a scenario, where, and how to mend it; rendered as rustc renders its errors.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::source::Sources;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What, in one line.
    pub message: String,
    /// Where, as bytes of the sources, and what to say there.
    pub primary: Option<(Range<usize>, String)>,
    /// The other place that it clashes with.
    pub secondary: Option<(Range<usize>, String)>,
    /// Where it comes from: "in variant `modulo`".
    pub note: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something wrong at a place.
    pub fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { primary: Some((span, String::new())), ..Self::nowhere(message) }
    }

    /// Something wrong that has no place, because it is not there.
    pub fn nowhere(message: impl Into<String>) -> Self {
        Self { message: message.into(), primary: None, secondary: None, note: None, help: None }
    }

    /// Says where it comes from.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Says something at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.primary = self.primary.map(|(span, _)| (span, label.into()));
        self
    }

    /// Shows another place.
    #[must_use]
    pub fn and(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.secondary = Some((span, label.into()));
        self
    }

    /// Says how to mend it; an empty text says nothing.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|help| !help.is_empty());
        self
    }

    fn render(&self, level: Level<'_>, sources: &Sources, renderer: &Renderer) -> String {
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        for snippet in self.snippets(sources) {
            group = group.element(snippet);
        }
        if let (None, Some(file)) = (&self.primary, sources.first()) {
            group = group.element(Level::NOTE.message(format!("in {file}")));
        }
        if let Some(note) = &self.note {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }

    /// One snippet for each source that is pointed into: both places in one, if they share it.
    fn snippets<'a>(&'a self, sources: &'a Sources) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let Some((span, label)) = &self.primary else { return Vec::new() };
        let (source, primary) = sources.find(span);
        let annotation = AnnotationKind::Primary.span(primary).label(label.as_str());
        let mut first =
            Snippet::source(source.text.as_str()).path(source.label.as_str()).annotation(annotation);
        let Some((other_span, other_label)) = &self.secondary else { return vec![first] };
        let (other_source, other) = sources.find(other_span);
        let context = AnnotationKind::Context.span(other).label(other_label.as_str());
        if std::ptr::eq(source, other_source) {
            first = first.annotation(context);
            return vec![first];
        }
        let second = Snippet::source(other_source.text.as_str()).path(other_source.label.as_str());
        vec![first, second.annotation(context)]
    }
}

/// Whether a file could not be had, or is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadErrorKind {
    /// There is no such scenario, or it cannot be read.
    Unreadable,
    /// It was read, and something in it is wrong.
    Invalid,
}

/// Why a scenario cannot be run: everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// Whether it could not be had or is wrong.
    pub kind: LoadErrorKind,
    /// What is wrong; at least one.
    pub diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

/// A file with hundreds of mistakes is not a scenario file; the reader mends the first ones first.
const MOST_SHOWN: usize = 20;

impl LoadError {
    /// Something wrong in these sources.
    pub(crate) fn invalid(sources: Sources, diagnostics: Vec<Diagnostic>) -> Self {
        assert!(!diagnostics.is_empty(), "an error says what is wrong");
        Self { kind: LoadErrorKind::Invalid, diagnostics, sources }
    }

    /// A scenario that cannot be had.
    pub(crate) fn unreadable(message: String, help: &str) -> Self {
        let diagnostics = vec![Diagnostic::nowhere(message).help(help)];
        Self { kind: LoadErrorKind::Unreadable, diagnostics, sources: Sources::default() }
    }

    /// The errors as text, without colours or with.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        render(&self.diagnostics, &Level::ERROR, &self.sources, coloured)
    }
}

/// What can be run and is hardly meant: a scenario's warnings.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

impl Doubts {
    /// Doubts about these sources.
    pub(crate) const fn new(sources: Sources, diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, sources }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.diagnostics.len()
    }

    /// The warnings as text, without colours or with; empty if there are none.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        render(&self.diagnostics, &Level::WARNING, &self.sources, coloured)
    }
}

fn render(diagnostics: &[Diagnostic], level: &Level<'static>, sources: &Sources, coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let shown = diagnostics.iter().take(MOST_SHOWN);
    let mut texts: Vec<String> =
        shown.map(|diagnostic| diagnostic.render(level.clone(), sources, &renderer)).collect();
    if let hidden @ 1.. = diagnostics.len().saturating_sub(MOST_SHOWN) {
        texts.push(format!("and {hidden} more"));
    }
    texts.join("\n\n")
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for LoadError {}
