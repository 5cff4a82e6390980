//! Text → table with places, or everything that is no TOML in it.

use toml::Spanned;
use toml::de::DeTable;

use super::diagnostic::Diagnostic;

/// Parses a text.
///
/// # Errors
/// One for each line that cannot be read: what follows on the same line is mostly an echo of the first.
pub fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Diagnostic>> {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table);
    }
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut last_line = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = line_of(text, span.start);
        if last_line != Some(line) {
            diagnostics
                .push(Diagnostic::at(span, format!("this is not TOML: {}", error.message().trim_end())));
        }
        last_line = Some(line);
    }
    Err(diagnostics)
}

fn line_of(text: &str, place: usize) -> usize {
    text.as_bytes()[..place.min(text.len())].iter().filter(|&&byte| byte == b'\n').count()
}
