//! A strategic merge patch laid over a manifest, as `kubectl patch` does it for the fields that `recommend` writes. That the real
//! kubectl does the same is for `tests/kubectl/run` to show.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// A manifest with a patch laid over it; JSON, which is YAML.
pub(crate) fn patched(manifest: &str, patch: &str) -> String {
    let mut all = document(manifest);
    merge(&mut all, document(patch));
    all.to_string()
}

/// Maps are merged, `null` deletes, items of a list are found by their `name`, and anything else is replaced.
fn merge(below: &mut Value, patch: Value) {
    match (below, patch) {
        (Value::Object(below), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    below.remove(&key);
                } else {
                    merge(below.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(below), Value::Array(patch)) if patch.iter().all(|item| item["name"].is_string()) => {
            for item in patch {
                match below.iter_mut().find(|b| b["name"] == item["name"]) {
                    Some(same) => merge(same, item),
                    None => below.push(item),
                }
            }
        }
        (below, patch) => *below = patch,
    }
}

/// A list or a map that is still open, and of a map the key that waits for its value.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// The first document of a YAML text that has no anchors.
fn document(text: &str) -> Value {
    let mut open: Vec<Open> = Vec::new();
    let mut whole = Value::Null;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.expect("YAML");
        let done = match event {
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::Scalar(text, style, ..) => scalar(&text, style == ScalarStyle::Plain),
            Event::MappingEnd | Event::SequenceEnd => match open.pop().expect("it was opened") {
                Open::List(items) => Value::Array(items),
                Open::Map(map, _) => Value::Object(map),
            },
            _ => continue,
        };
        match open.last_mut() {
            None => whole = done,
            Some(Open::List(items)) => items.push(done),
            Some(Open::Map(map, key)) => match key.take() {
                Some(key) => drop(map.insert(key, done)),
                None => *key = Some(done.as_str().map_or_else(|| done.to_string(), str::to_owned)),
            },
        }
    }
    whole
}

fn scalar(text: &str, plain: bool) -> Value {
    let other = || text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<bool>().map(Value::from));
    match text {
        "" | "~" | "null" if plain => Value::Null,
        _ if plain => other().unwrap_or_else(|_| Value::from(text)),
        _ => Value::from(text),
    }
}
