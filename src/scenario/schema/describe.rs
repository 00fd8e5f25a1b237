//! The schema of all of a scenario, and of the one part that stands in many places.

use super::compose::{Composer, DISTRIBUTION, LAID_OVER, reference};
use super::docs::Docs;
use super::explore::{Explored, explore};
use super::hoist::hoist;
use super::json::Json;
use crate::engine::Dur;
use crate::scenario::read::{Cx, Read};
use crate::scenario::tree::Node;
use crate::scenario::{Scenario, dist};

/// The schema, and what is not said of its fields and should be.
pub(crate) fn scenario() -> (Json, Vec<String>) {
    let docs = Docs::read();
    let mut composer = Composer::new(&docs);
    let root = composer.schema(&explored().root, "");
    let explored = dist::explored();
    let map = composer.schema(&explored.root, DISTRIBUTION);
    let parts = composer.parts(&explored.root, DISTRIBUTION);
    let either = Json::List(vec![Dur::shape().schema, map]);
    let what = "a duration, or a distribution of durations";
    let distribution = Json::map([("description", Json::text(what)), ("anyOf", either)]);
    composer.definitions.insert(DISTRIBUTION, distribution);
    let laid_over = Json::map([("anyOf", Json::List(vec![reference(DISTRIBUTION), parts]))]);
    composer.definitions.insert(LAID_OVER, laid_over);
    let mut schema = Json::map([
        ("$schema", Json::text("https://json-schema.org/draft/2020-12/schema")),
        ("title", Json::text("A dryroll scenario")),
        (
            "description",
            Json::text(
                "One deploy under one traffic: what is rolled, how, before whom. Every field has a default but the clients' traffic.",
            ),
        ),
    ]);
    for (name, value) in root.entries() {
        let value = if name == "type" { Json::text("object") } else { value.clone() };
        schema = schema.with(name, value);
    }
    let definitions = composer.definitions.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let schema = hoist(schema, definitions.collect());
    let mut problems = composer.problems;
    problems.extend(docs.unused().into_iter().map(|path| format!("{path}: no reader has it")));
    (schema, problems)
}

/// All that the reader of a scenario takes.
pub(crate) fn explored() -> Explored {
    let read = |cx: &Cx, tree: &Node| {
        Scenario::read(cx, tree, "scenario");
    };
    explore(&read, &["{}"])
}
