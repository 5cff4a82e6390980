//! The JSON Schema of scenario files, generated from the types.

use schemars::schema_for;
use serde_json::{Value, json};

use crate::scenario::Scenario;

/// The schema (draft 2020-12) as it lies beside the library's files, for editors.
#[must_use]
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&value()).expect("a schema is JSON");
    text.push('\n');
    text
}

/// The schema as a value.
pub(crate) fn value() -> Value {
    let mut schema = schema_for!(Scenario).to_value();
    allow_bare_words(&mut schema);
    schema
}

/// A choice whose parameters all have defaults may be written as a word: `strategy = "modulo"`.
fn allow_bare_words(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(alternatives)) = object.get_mut("oneOf") {
                let words: Vec<Value> = alternatives.iter().filter_map(bare_word).collect();
                alternatives.extend(words);
            }
            object.values_mut().for_each(allow_bare_words);
        }
        Value::Array(items) => items.iter_mut().for_each(allow_bare_words),
        _ => {}
    }
}

fn bare_word(alternative: &Value) -> Option<Value> {
    let properties = alternative.get("properties")?.as_object().filter(|properties| properties.len() == 1)?;
    let (name, inner) = properties.iter().next()?;
    let needs_nothing = inner.get("type")? == "object" && inner.get("required").is_none();
    needs_nothing.then(
        || json!({ "type": "string", "const": name, "description": "With every parameter at its default." }),
    )
}

#[cfg(test)]
mod tests {
    /// `SNAPSHOTS=overwrite cargo test` mends this.
    #[test]
    fn the_checked_in_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.json");
        if std::env::var("SNAPSHOTS").is_ok_and(|mode| mode == "overwrite") {
            std::fs::write(path, super::text()).unwrap();
        }
        let checked_in = std::fs::read_to_string(path).unwrap();
        assert!(checked_in == super::text(), "scenarios/schema.json is older than the types");
    }
}
