//! Text → table with places, or the first place in it that is no TOML.

use toml::Spanned;
use toml::de::DeTable;

use super::diagnostic::Diagnostic;

/// Parses a text.
///
/// # Errors
/// The first place that cannot be read. What follows it is mostly its echo: after a quote that was left open, the rest
/// of the file reads inside out.
pub fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let place = |error: &toml::de::Error| error.span().unwrap_or(0..0);
    match errors.iter().min_by_key(|error| place(error).start) {
        None => Ok(table),
        Some(first) => {
            let message = format!("this is not TOML: {}", first.message().trim_end());
            Err(vec![Diagnostic::at(place(first), message)])
        }
    }
}
