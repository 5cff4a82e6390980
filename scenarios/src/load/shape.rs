//! What may stand at a place of the file, read off the JSON Schema: one definition of the format, many views of it.

use serde_json::{Map, Value};

/// What a text is called that has no type of its own.
const PLAIN_TEXT: &str = "text in quotes";

/// The schema of scenario files, and what may stand where.
#[derive(Clone, Debug)]
pub struct Format {
    schema: Value,
}

/// What may stand at one place. Several may be set: "a word or a table".
#[derive(Clone, Debug, Default)]
pub struct Shape<'a> {
    /// Choices that are written as a word.
    pub words: Vec<&'a str>,
    /// Choices that are written as a table with one key, and what that key takes.
    pub choices: Vec<(&'a str, &'a Value)>,
    /// Free text.
    pub text: Option<Text<'a>>,
    /// Whole numbers.
    pub integer: bool,
    /// The least that a whole number may be.
    pub minimum: Option<i128>,
    /// The most that its type holds.
    pub maximum: Option<i128>,
    /// Any numbers.
    pub number: bool,
    /// Yes or no.
    pub boolean: bool,
    /// A list of any length.
    pub items: Option<&'a Value>,
    /// A list of this length.
    pub tuple: Option<&'a Vec<Value>>,
    /// A table with these keys.
    pub fields: Option<Fields<'a>>,
    /// A table with other keys than those in `fields`.
    pub map: Option<&'a Value>,
    /// Anything goes.
    pub anything: bool,
}

/// What a text says.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// What to call it: `duration`, `rate`, `text`.
    pub noun: &'a str,
    /// One such.
    pub example: Option<&'a str>,
}

/// The keys of a table.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// By name, in order of declaration.
    pub properties: &'a Map<String, Value>,
    /// Those without a default.
    pub required: &'a [Value],
}

impl Fields<'_> {
    /// Whether `key` has no default.
    pub fn requires(&self, key: &str) -> bool {
        self.required.iter().any(|required| required == key)
    }
}

impl Format {
    /// The format of scenario files.
    pub fn of_scenarios() -> Self {
        Self { schema: crate::schema::value() }
    }

    /// What may stand at the top.
    pub fn root(&self) -> &Value {
        &self.schema
    }

    /// What may stand where `schema` describes it.
    pub fn shape<'a>(&'a self, schema: &'a Value) -> Shape<'a> {
        let mut shape = Shape::default();
        self.collect(schema, false, &mut shape);
        shape
    }

    fn collect<'a>(&'a self, schema: &'a Value, alternative: bool, shape: &mut Shape<'a>) {
        let Some(object) = schema.as_object() else {
            shape.anything = true;
            return;
        };
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let had_text = shape.text.is_some();
            self.collect(self.definition(reference), alternative, shape);
            return name_text(reference, had_text, shape);
        }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            for part in object.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.collect(part, true, shape);
            }
        }
        collect_words(object, shape);
        for kind in kinds(object) {
            collect_kind(kind, object, alternative, shape);
        }
        shape.anything |=
            object.keys().all(|key| matches!(key.as_str(), "description" | "default" | "title"));
    }

    fn definition(&self, reference: &str) -> &Value {
        let found = self.schema.pointer(reference.trim_start_matches('#'));
        found.expect("the schema defines what it refers to")
    }
}

/// A text of a type of its own is called as that type is: the definition `Duration` is of durations.
fn name_text<'a>(reference: &'a str, had_text: bool, shape: &mut Shape<'a>) {
    let names: [(&str, &str); 5] = [
        ("#/$defs/Duration", "duration"),
        ("#/$defs/Rate", "rate"),
        ("#/$defs/Share", "percentage"),
        ("#/$defs/Size", "size"),
        ("#/$defs/Target", "target"),
    ];
    let named = names.iter().find(|(definition, _)| *definition == reference);
    if let (false, Some(text), Some((_, noun))) = (had_text, &mut shape.text, named) {
        text.noun = noun;
    }
}

fn collect_words<'a>(object: &'a Map<String, Value>, shape: &mut Shape<'a>) {
    let listed = object.get("enum").and_then(Value::as_array).into_iter().flatten();
    shape.words.extend(object.get("const").into_iter().chain(listed).filter_map(Value::as_str));
}

/// `"type": "string"` and `"type": ["string", "null"]`; a missing optional value is left out in TOML.
fn kinds(object: &Map<String, Value>) -> Vec<&str> {
    match object.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn collect_kind<'a>(kind: &str, object: &'a Map<String, Value>, alternative: bool, shape: &mut Shape<'a>) {
    match kind {
        "string" if !object.contains_key("const") && !object.contains_key("enum") => {
            let example = object.get("examples").and_then(|examples| examples.get(0)).and_then(Value::as_str);
            shape.text = Some(Text { noun: PLAIN_TEXT, example });
        }
        "integer" => {
            shape.integer = true;
            shape.minimum = object.get("minimum").and_then(Value::as_i64).map(i128::from);
            shape.maximum = match object.get("format").and_then(Value::as_str) {
                Some("uint16") => Some(u16::MAX.into()),
                Some("uint32") => Some(u32::MAX.into()),
                Some("uint64") => Some(u64::MAX.into()),
                Some("int64") => Some(i64::MAX.into()),
                _ => None,
            };
        }
        "number" => shape.number = true,
        "boolean" => shape.boolean = true,
        "array" => match object.get("prefixItems").and_then(Value::as_array) {
            Some(tuple) => shape.tuple = Some(tuple),
            None => shape.items = Some(object.get("items").unwrap_or(&Value::Bool(true))),
        },
        "object" => collect_table(object, alternative, shape),
        _ => {}
    }
}

/// In an alternative, a table whose only key is required is a choice with parameters.
fn collect_table<'a>(object: &'a Map<String, Value>, alternative: bool, shape: &mut Shape<'a>) {
    let properties = object.get("properties").and_then(Value::as_object);
    let required = object.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match properties {
        Some(properties) if alternative && properties.len() == 1 && required.len() == 1 => {
            shape.choices.extend(properties.iter().map(|(key, inner)| (key.as_str(), inner)));
        }
        Some(properties) => shape.fields = Some(Fields { properties, required }),
        None => {}
    }
    shape.map =
        shape.map.or(object.get("additionalProperties").filter(|more| more.is_object() || **more == true));
}

impl Shape<'_> {
    /// "a duration such as "150ms"", "one of `lease`, `quorum`, `local`": for "expected …".
    pub fn expectation(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let choices: Vec<String> = self.choice_names().map(|name| format!("`{name}`")).collect();
        match &choices[..] {
            [] => {}
            [only] => parts.push(only.clone()),
            several => parts.push(format!("one of {}", several.join(", "))),
        }
        match self.text {
            Some(Text { noun, example: Some(example) }) => {
                parts.push(format!("a {noun} such as \"{example}\""))
            }
            Some(Text { noun, example: None }) => parts.push(format!("a {noun}")),
            None => {}
        }
        let others = [
            (self.integer && !self.number, "a whole number"),
            (self.number, "a number"),
            (self.boolean, "true or false"),
            (self.items.is_some() || self.tuple.is_some(), "a list"),
            (self.fields.is_some() || self.map.is_some(), "a table"),
        ];
        parts.extend(others.iter().filter(|(holds, _)| *holds).map(|(_, what)| (*what).to_owned()));
        parts.join(" or ")
    }

    /// The names of all choices, with parameters and without.
    pub fn choice_names(&self) -> impl Iterator<Item = &str> {
        let with_parameters = self.choices.iter().map(|(name, _)| *name);
        let only_words =
            self.words.iter().copied().filter(|word| !self.choices.iter().any(|(name, _)| name == word));
        only_words.chain(with_parameters)
    }

    /// What the choice `name` takes as parameters.
    pub fn choice(&self, name: &str) -> Option<&Value> {
        self.choices.iter().find(|(choice, _)| *choice == name).map(|(_, inner)| *inner)
    }
}
