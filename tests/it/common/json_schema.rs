//! A validator of JSON Schema: the keywords that the scenario's schema uses, and no others.
//!
//! Whoever uses it has `Node` and `Value` of `scenario::tree` in scope at its parent.

use std::collections::BTreeMap;
use std::sync::Mutex;

use regex_lite::Regex;
use serde_json::{Map, Value as Json, json};

use super::{Node, Value};

/// Keywords that say nothing about what is valid.
const ANNOTATIONS: [&str; 7] =
    ["$schema", "$defs", "title", "description", "default", "x-source", "patternErrorMessage"];

/// A schema, and what its references lead to.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'a> {
    /// The whole.
    root: &'a Json,
}

impl<'a> Schema<'a> {
    /// That whose references lead into `root`.
    pub(crate) const fn new(root: &'a Json) -> Self {
        Self { root }
    }

    /// What is wrong with a value by a part of the schema, or the whole, each with its path; empty where it is valid.
    pub(crate) fn errors(self, part: &Json, value: &Json) -> Vec<String> {
        self.check(part, value, "")
    }

    fn check(self, schema: &Json, value: &Json, path: &str) -> Vec<String> {
        let schema = match schema {
            Json::Bool(true) => return Vec::new(),
            Json::Bool(false) => return vec![format!("{path}: nothing may stand here")],
            Json::Object(schema) => schema,
            other => panic!("{other} is no schema"),
        };
        let mut errors = Vec::new();
        for (keyword, rule) in schema {
            if ANNOTATIONS.contains(&keyword.as_str()) {
                continue;
            }
            let wrong = match keyword.as_str() {
                "$ref" => {
                    let pointer = rule.as_str().and_then(|r| r.strip_prefix('#')).expect("a reference into the schema");
                    let target = self.root.pointer(pointer).unwrap_or_else(|| panic!("{rule} leads nowhere"));
                    self.check(target, value, path)
                }
                "anyOf" => self.count(rule, value, path, |n| n > 0),
                "oneOf" => self.count(rule, value, path, |n| n == 1),
                "allOf" => items(rule).iter().flat_map(|part| self.check(part, value, path)).collect(),
                "not" if self.check(rule, value, path).is_empty() => vec![format!("{path}: must not be {rule}")],
                "if" => {
                    let case = if self.check(rule, value, path).is_empty() { "then" } else { "else" };
                    schema.get(case).map(|then| self.check(then, value, path)).unwrap_or_default()
                }
                "properties" | "additionalProperties" => self.fields(keyword, rule, schema, value, path),
                "items" | "prefixItems" => self.items(keyword, rule, schema, value, path),
                "not" | "then" | "else" => Vec::new(),
                keyword if holds(keyword, rule, value) => Vec::new(),
                keyword => vec![format!("{path}: {keyword} {rule}, not {value}")],
            };
            errors.extend(wrong);
        }
        errors
    }

    fn count(self, parts: &Json, value: &Json, path: &str, right: impl Fn(usize) -> bool) -> Vec<String> {
        let errors: Vec<Vec<String>> = items(parts).iter().map(|part| self.check(part, value, path)).collect();
        let valid = errors.iter().filter(|errors| errors.is_empty()).count();
        if right(valid) { Vec::new() } else { vec![format!("{path}: {valid} of these are true: {errors:?}")] }
    }

    fn fields(self, keyword: &str, rule: &Json, schema: &Map<String, Json>, value: &Json, path: &str) -> Vec<String> {
        let Some(fields) = value.as_object() else { return Vec::new() };
        let known = schema.get("properties").and_then(Json::as_object);
        let inner = |name: &str| format!("{path}.{name}");
        let check = |(name, value): (&String, &Json)| {
            let own = known.and_then(|known| known.get(name));
            match (keyword, own) {
                ("properties", Some(own)) => self.check(own, value, &inner(name)),
                ("additionalProperties", None) => self.check(rule, value, &inner(name)),
                _ => Vec::new(),
            }
        };
        fields.iter().flat_map(check).collect()
    }

    fn items(self, keyword: &str, rule: &Json, schema: &Map<String, Json>, value: &Json, path: &str) -> Vec<String> {
        let Some(values) = value.as_array() else { return Vec::new() };
        let first = schema.get("prefixItems").map(items).unwrap_or_default();
        let check = |(n, value): (usize, &Json)| {
            let inner = format!("{path}[{n}]");
            match (keyword, first.get(n)) {
                ("prefixItems", Some(own)) => self.check(own, value, &inner),
                ("items", None) => self.check(rule, value, &inner),
                _ => Vec::new(),
            }
        };
        values.iter().enumerate().flat_map(check).collect()
    }
}

fn items(list: &Json) -> &[Json] {
    list.as_array().expect("a list")
}

/// Keywords that look at the value alone.
fn holds(keyword: &str, rule: &Json, value: &Json) -> bool {
    let limit = || rule.as_f64().expect("a number");
    let number = |right: fn(f64, f64) -> bool| value.as_f64().is_none_or(|n| right(n, limit()));
    match keyword {
        "type" => match rule {
            Json::Array(types) => types.iter().any(|one| is_a(one, value)),
            one => is_a(one, value),
        },
        "const" => same(rule, value),
        "enum" => items(rule).iter().any(|one| same(one, value)),
        "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().expect("a text"), text)),
        "minimum" => number(|n, least| n >= least),
        "maximum" => number(|n, most| n <= most),
        "exclusiveMinimum" => number(|n, below| n > below),
        "minItems" => value.as_array().is_none_or(|list| list.len() as f64 >= limit()),
        "minProperties" => value.as_object().is_none_or(|map| map.len() as f64 >= limit()),
        "required" => {
            let missing = |map: &Map<String, Json>| {
                items(rule).iter().any(|name| !map.contains_key(name.as_str().expect("a name")))
            };
            !value.as_object().is_some_and(missing)
        }
        other => panic!("this validator does not know `{other}`"),
    }
}

/// Whether a pattern matches. Patterns are few, and each is made once.
fn matches(pattern: &str, text: &str) -> bool {
    static PATTERNS: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut patterns = PATTERNS.lock().expect("nobody panics in here");
    let made = || Regex::new(pattern).expect("a regular expression");
    patterns.entry(pattern.to_owned()).or_insert_with(made).is_match(text)
}

fn is_a(name: &Json, value: &Json) -> bool {
    match name.as_str().expect("the name of a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|n| n == n.trunc()),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type `{other}`"),
    }
}

/// Equal, whether a number is written with a fraction or without.
fn same(a: &Json, b: &Json) -> bool {
    a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
}

/// A tree as an editor sees it: YAML's core schema decides what a bare word is.
pub(crate) fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Seq(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => entries.iter().map(|e| (e.key.clone(), json_of(&e.value))).collect(),
        Value::Scalar { text, quoted: true } => json!(text),
        Value::Scalar { text, quoted: false } => match text.as_str() {
            "true" | "True" | "TRUE" => json!(true),
            "false" | "False" | "FALSE" => json!(false),
            text => number(text).unwrap_or_else(|| json!(text)),
        },
    }
}

fn number(text: &str) -> Option<Json> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !first || !digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b)) {
        return None;
    }
    text.parse::<i64>().map(|n| json!(n)).or_else(|_| text.parse::<f64>().map(|n| json!(n))).ok()
}
