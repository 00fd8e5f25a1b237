//! What one value may be: in the words of JSON Schema, with examples that an exploration tries.

use super::json::Json;
use crate::scenario::units::number;

/// What one value may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// As a schema.
    pub(crate) schema: Json,
    /// What the schema refers to by name.
    pub(crate) definitions: Vec<(&'static str, Json)>,
    /// Values that are accepted, as YAML.
    pub(crate) samples: Vec<String>,
}

impl Shape {
    /// What this schema says.
    pub(crate) fn new<const N: usize>(schema: Json, samples: [&str; N]) -> Self {
        Self { schema, definitions: Vec::new(), samples: samples.map(ToOwned::to_owned).to_vec() }
    }

    /// A schema that is written once and referred to by name.
    pub(crate) fn named<const N: usize>(name: &'static str, schema: Json, samples: [&str; N]) -> Self {
        let mut shape = Self::new(Json::map([("$ref", Json::text(format!("#/$defs/{name}")))]), samples);
        shape.definitions.push((name, schema));
        shape
    }

    /// A text of a certain form, written once: what it is, a regular expression of all of it, and what an editor says of any other.
    pub(crate) fn form<const N: usize>(name: &'static str, what: &str, pattern: &str, samples: [&str; N]) -> Self {
        Self::named(name, text_of(what, pattern), samples)
    }

    /// The same where a bare 0 does as well.
    pub(crate) fn form_or_zero<const N: usize>(
        name: &'static str,
        what: &str,
        pattern: &str,
        samples: [&str; N],
    ) -> Self {
        let text = Json::map([("type", Json::text("string")), ("pattern", Json::text(pattern))]);
        let zero = Json::map([("const", Json::Number(0.0))]);
        let schema = Json::map([
            ("description", Json::text(what)),
            ("anyOf", Json::List(vec![text.with("patternErrorMessage", Json::text(format!("expected {what}"))), zero])),
        ]);
        Self::named(name, schema, samples)
    }

    /// The same, where it is a text.
    pub(crate) fn text_only(self) -> Self {
        let samples = self.samples.into_iter().filter(|sample| number(sample).is_none()).collect();
        Self { schema: self.schema.with("type", Json::text("string")), samples, ..self }
    }

    /// Anything at all.
    pub(crate) fn anything() -> Self {
        Self::new(Json::map([]), ["anything"])
    }

    /// A whole number between two bounds.
    pub(crate) fn whole(min: f64, max: f64) -> Self {
        let schema = Json::map([("type", Json::text("integer"))]);
        Self::new(schema, []).between(min, max)
    }

    /// A number.
    pub(crate) fn number() -> Self {
        Self::new(Json::map([("type", Json::text("number"))]), ["17", "0.5"])
    }

    /// A number between two bounds.
    pub(crate) fn between(self, min: f64, max: f64) -> Self {
        let schema = self.schema.with("minimum", Json::Number(min)).with("maximum", Json::Number(max));
        let inner = if min + 1.0 <= max { vec![format!("{}", min + 1.0)] } else { Vec::new() };
        Self { schema, samples: [vec![format!("{min}"), format!("{max}")], inner].concat(), ..self }
    }

    /// A number from here up.
    pub(crate) fn from(self, min: f64) -> Self {
        Self { schema: self.schema.with("minimum", Json::Number(min)), ..self }
    }

    /// A number above this.
    pub(crate) fn above(self, min: f64) -> Self {
        let entries = self.schema.entries().iter().filter(|(name, _)| name != "minimum").cloned();
        let schema = Json::Map(entries.collect()).with("exclusiveMinimum", Json::Number(min));
        let above = |sample: &String| number(sample).is_some_and(|n| n > min);
        Self { schema, samples: self.samples.into_iter().filter(above).collect(), ..self }
    }

    /// A number above 0, or a quantity with a digit in it that is not 0.
    pub(crate) fn above_zero(self) -> Self {
        if self.schema.get("type") == Some(&Json::text("number")) {
            return self.above(0.0);
        }
        let schema = self.schema.with("type", Json::text("string")).with("pattern", Json::text("[1-9]"));
        let samples = self.samples.into_iter().filter(|s| s.bytes().any(|b| (b'1'..=b'9').contains(&b))).collect();
        Self { schema, samples, ..self }
    }

    /// One of these words. What looks like a number or a boolean may be written as one.
    pub(crate) fn words(words: &[&str]) -> Self {
        let mut values: Vec<Json> = Vec::new();
        for word in words {
            match *word {
                "true" | "false" => values.push(Json::Bool(*word == "true")),
                word => values.extend(number(word).map(Json::Number)),
            }
            values.push(Json::text(*word));
        }
        let samples = words.iter().map(|word| (*word).to_owned()).collect();
        Self { schema: Json::map([("enum", Json::List(values))]), definitions: Vec::new(), samples }
    }

    /// A list of these, `least` of them at least.
    pub(crate) fn list(item: Self, least: u32) -> Self {
        let schema = Json::map([("type", Json::text("array")), ("items", item.schema)]);
        let schema = if least > 0 { schema.with("minItems", Json::Number(least.into())) } else { schema };
        let samples = item.samples.iter().map(|sample| format!("[{sample}]")).collect();
        Self { schema, definitions: item.definitions, samples }
    }

    /// A list of two.
    pub(crate) fn pair(first: Self, second: Self) -> Self {
        let schema = Json::map([
            ("type", Json::text("array")),
            ("prefixItems", Json::List(vec![first.schema, second.schema])),
            ("items", Json::Bool(false)),
            ("minItems", Json::Number(2.0)),
        ]);
        let pairs = first.samples.iter().zip(&second.samples);
        let samples = pairs.map(|(a, b)| format!("[{a}, {b}]")).collect();
        Self { schema, definitions: [first.definitions, second.definitions].concat(), samples }
    }

    /// Either of two.
    pub(crate) fn or(self, other: Self) -> Self {
        let schema = Json::map([("anyOf", Json::List(vec![self.schema, other.schema]))]);
        let definitions = [self.definitions, other.definitions].concat();
        Self { schema, definitions, samples: [self.samples, other.samples].concat() }
    }
}

fn text_of(what: &str, pattern: &str) -> Json {
    Json::map([
        ("description", Json::text(what)),
        ("type", Json::text("string")),
        ("pattern", Json::text(pattern)),
        ("patternErrorMessage", Json::text(format!("expected {what}"))),
    ])
}
