//! `sweep:` in a scenario: a map from fields to their values, and `zip` for those that move together.

use super::{Column, Dimension, expand};
use crate::scenario::read::At;
use crate::scenario::schema::{Json, Shape};
use crate::scenario::tree::{Entry, Value};

/// The field of `sweep` that holds maps of fields which move together.
const ZIP: &str = "zip";

/// Reads `sweep`, in its order, its paths as they are written.
pub(super) fn read(at: &At<'_>) -> Vec<Dimension> {
    let mut dimensions = Vec::new();
    for entry in entries(at, "a map from fields to lists of values") {
        let place = below(at, entry);
        if entry.key == ZIP {
            dimensions.extend(zips(&place));
        } else if let Some(column) = column(&place, entry, false) {
            dimensions.push(Dimension { columns: vec![column] });
        }
    }
    dimensions
}

/// A map from any fields to their values, and `zip`, or nothing. Which fields there are depends on the scenario.
pub(in crate::scenario) fn shape() -> Shape {
    let list = Json::map([("type", Json::text("array")), ("minItems", Json::Number(1.0))]);
    let range = Json::map([
        ("type", Json::text("string")),
        ("pattern", Json::text(r"^-?[0-9].*\.\.")),
        ("patternErrorMessage", Json::text("expected a list of values, or a range such as 0s..60s:7")),
    ]);
    let values = Json::map([("anyOf", Json::List(vec![list, range]))]);
    let together = Json::map([("type", Json::text("object")), ("additionalProperties", values.clone())]);
    let zips = Json::map([("type", Json::text("array")), ("items", together.clone())]);
    let zip = Json::map([("anyOf", Json::List(vec![together, zips]))]);
    let schema = Json::map([
        ("type", Json::texts(["object", "null"])),
        ("properties", Json::map([(ZIP, zip)])),
        ("additionalProperties", values),
    ]);
    Shape::new(schema, ["{maxSurge: [1, 25%]}", "{preStop: 0s..60s:7}"])
}

/// The fields of a map; anything but a map is reported.
fn entries<'a>(at: &At<'a>, expected: &str) -> &'a [Entry] {
    let Some(node) = at.node else { return &[] };
    if !matches!(node.value, Value::Map(_) | Value::Null) {
        at.wrong_type(expected);
    }
    node.entries()
}

fn below<'a>(at: &At<'a>, entry: &'a Entry) -> At<'a> {
    At { cx: at.cx, path: format!("{}.{}", at.path, entry.key), node: Some(&entry.value) }
}

/// `zip`: one map of fields that move together, or a list of such maps.
fn zips(at: &At<'_>) -> Vec<Dimension> {
    match at.node.map(|n| &n.value) {
        Some(Value::Seq(items)) => (0..items.len()).filter_map(|n| zip(&at.item(n))).collect(),
        _ => zip(at).into_iter().collect(),
    }
}

fn zip(at: &At<'_>) -> Option<Dimension> {
    let entries = entries(at, "a map from fields to lists of values that move together");
    let columns: Vec<Option<Column>> = entries.iter().map(|entry| column(&below(at, entry), entry, true)).collect();
    let columns: Vec<Column> = columns.into_iter().collect::<Option<_>>()?;
    if columns.is_empty() {
        return None;
    }
    super::check::length(at.cx, &columns)?;
    Some(Dimension { columns })
}

/// A list of values or a range.
fn column(at: &At<'_>, entry: &Entry, zipped: bool) -> Option<Column> {
    let node = &entry.value;
    let one = [node.clone()];
    let items = if super::range::is_one(node) { &one } else { node.items() };
    if items.is_empty() {
        if matches!(node.value, Value::Seq(_)) {
            at.report(at.error("wrong-type", format!("`{}` has no values", at.name())).label("an empty list"));
        } else {
            at.wrong_type("a list of values, as in [0s, 5s]");
        }
        return None;
    }
    let mut open = None;
    let values: Vec<Option<_>> = items.iter().map(|item| expand(at.cx, item, zipped, &mut open)).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?.concat();
    Some(Column { name: entry.key.clone(), path: entry.key.clone(), span: entry.key_span.clone(), values, open })
}
