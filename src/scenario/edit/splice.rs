//! One field set in a text: what is there is replaced where it stands, what is not is added beside its neighbours, and nothing
//! else moves.

use serde_json::Value as Json;

use crate::scenario::tree::{Entry, Node, Value};
use crate::scenario::units::number;

/// `text` with the value at `steps` below `root` set; `None` where a step leads into something that has no such member.
pub(super) fn set(text: &str, root: &Node, steps: &[&str], value: &Json) -> Option<String> {
    let (step, rest) = steps.split_first()?;
    match &root.value {
        Value::Seq(items) => {
            let n = items.iter().position(|i| i.step_name() == Some(step)).or_else(|| step.parse().ok())?;
            set(text, items.get(n)?, rest, value)
        }
        Value::Map(_) => match root.entry(step) {
            Some(entry) if rest.is_empty() || is_blank(&entry.value) => {
                Some(replace(text, entry, &nested(rest, value), is_json(text)))
            }
            Some(entry) => set(text, &entry.value, rest, value),
            None => Some(insert(text, root, step, &nested(rest, value))),
        },
        Value::Null | Value::Scalar { .. } => None,
    }
}

/// Nothing, or a word where a map is wanted, or a map without fields: replaced whole.
fn is_blank(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Scalar { .. } => true,
        Value::Map(entries) => entries.is_empty(),
        Value::Seq(items) => items.is_empty(),
    }
}

/// `value` below maps of one field each.
fn nested(steps: &[&str], value: &Json) -> Json {
    steps.iter().rev().fold(value.clone(), |value, step| {
        let mut map = serde_json::Map::new();
        map.insert((*step).to_owned(), value);
        Json::Object(map)
    })
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Puts a value in the place of the one that stands there.
fn replace(text: &str, entry: &Entry, value: &Json, json: bool) -> String {
    let range = entry.value.span.range.clone();
    let written = flow(value, json);
    let mut edited = text.to_owned();
    if entry.value.is_null() && range.is_empty() {
        // `key:` alone.
        let colon = text[entry.key_span.range.end..]
            .find(':')
            .map_or(entry.key_span.range.end, |n| entry.key_span.range.end + n + 1);
        edited.insert_str(colon, &format!(" {written}"));
    } else {
        // A block's span runs on to where the next thing begins.
        let old = &text[range.clone()];
        let end = range.start + old.trim_end().len();
        edited.replace_range(range.start..end, &written);
    }
    edited
}

/// Entries after which a new one stands well.
const NEIGHBOURS: [&str; 6] = ["replicas", "image", "type", "maxSurge", "preStop", "name"];

/// Adds a field to a map.
fn insert(text: &str, map: &Node, key: &str, value: &Json) -> String {
    let mut edited = text.to_owned();
    let start = map.span.range.start;
    let entries = map.entries();
    let Some(first) = entries.first() else { return edited };
    if text[start..].starts_with('{') {
        let json = is_json(text);
        let at = first.key_span.range.start;
        // What stands between the brace and the first field stands between the fields, too.
        let gap = &text[start + 1..at];
        let gap = if gap.is_empty() { " " } else { gap };
        let key = if json { format!("\"{key}\"") } else { key.to_owned() };
        edited.insert_str(at, &format!("{key}: {},{gap}", flow(value, json)));
        return edited;
    }
    let line = text[..first.key_span.range.start].rfind('\n').map_or(0, |n| n + 1);
    let indent = text[line..first.key_span.range.start].chars().count();
    // Files of some systems end their lines with two characters.
    let first_line = text[line..].split_inclusive('\n').next().unwrap_or("");
    let newline = if first_line.ends_with("\r\n") { "\r\n" } else { "\n" };
    let field = block(key, value, indent).replace('\n', newline);
    let simple = |e: &&Entry| on_one_line(text, e);
    let known = NEIGHBOURS.iter().find_map(|name| entries.iter().filter(simple).find(|e| e.key == *name));
    match known.or_else(|| entries.iter().rfind(simple)) {
        Some(entry) => {
            let after = entry.value.span.range.end;
            let end = text[after..].find('\n').map_or(text.len(), |n| after + n);
            let end = if text[..end].ends_with('\r') { end - 1 } else { end };
            edited.insert_str(end, &format!("{newline}{}{field}", " ".repeat(indent)));
        }
        None => edited.insert_str(first.key_span.range.start, &format!("{field}{newline}{}", " ".repeat(indent))),
    }
    edited
}

/// Whether a field and its value stand on one line.
fn on_one_line(text: &str, entry: &Entry) -> bool {
    let value = &entry.value.span.range;
    let from = entry.key_span.range.start;
    matches!(entry.value.value, Value::Scalar { .. })
        && value.start >= from
        && value.end <= text.len()
        && !text[from..value.end].contains('\n')
        && !text[value.start..].starts_with(['|', '>', '*', '&'])
}

/// `key: value` in block style, further lines indented below `indent`.
pub(super) fn block(key: &str, value: &Json, indent: usize) -> String {
    match value {
        Json::Object(map) if !map.is_empty() => {
            let deeper = indent + 2;
            let fields: Vec<String> =
                map.iter().map(|(k, v)| format!("\n{}{}", " ".repeat(deeper), block(k, v, deeper))).collect();
            format!("{key}:{}", fields.concat())
        }
        _ => format!("{key}: {}", flow(value, false)),
    }
}

/// A value on one line.
fn flow(value: &Json, json: bool) -> String {
    match value {
        _ if json => value.to_string(),
        Json::String(text) if is_plain(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(|v| flow(v, false)).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(k, v)| format!("{k}: {}", flow(v, false))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether a text reads as itself without quotes, wherever it stands.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./%_-".contains(&b))
        && number(text).is_none()
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off")
}
