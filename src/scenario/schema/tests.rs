//! The schema and the reader, held against each other: no field, type, word, bound or default of one without the other.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::compose::Composer;
use super::describe::{explored, scenario};
use super::docs::Docs;
use super::explore::{Explored, parsed, place_of, with};
use super::place::{Default, ITEM, Kind, Place};
use crate::scenario::diag::Severity;
use crate::scenario::read::{At, Cx};
use crate::scenario::tree::{Node, Value};
use crate::scenario::{Scenario, presets, sweep};

#[path = "../../../tests/it/common/json_schema.rs"]
mod json_schema;

use json_schema::{Schema, json_of};

/// A place with its path in a tree.
struct Found<'a> {
    path: String,
    place: &'a Place,
}

/// Every place, those of variants too.
fn places(explored: &Explored) -> Vec<Found<'_>> {
    fn add<'a>(place: &'a Place, path: &str, to: &mut Vec<Found<'a>>) {
        let variants = place.variants.iter().flat_map(|variants| &variants.of).map(|(_, place)| place);
        for (name, field) in std::iter::once(place).chain(variants).flat_map(|place| &place.fields) {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            add(field, &path, to);
            to.push(Found { path, place: field });
        }
        if let Some(item) = &place.item {
            let path = format!("{path}.{ITEM}");
            add(item, &path, to);
            to.push(Found { path, place: item });
        }
    }
    let mut all = Vec::new();
    add(&explored.root, "", &mut all);
    all
}

/// What a reader makes of a tree.
fn read(tree: &Node) -> String {
    let cx = Cx::for_paths();
    format!("{:?}", Scenario::read(&cx, tree, "scenario"))
}

/// The errors that a reader has about a value at a path, whatever else is wrong with the tree.
fn complaints(tree: &Node, path: &str, value: &Node) -> Vec<String> {
    let mut tree = tree.clone();
    *place_of(&mut tree, path).expect("the place was found with this tree") = value.clone();
    if !path.starts_with("clients") {
        *place_of(&mut tree, "clients").expect("the root is a map") = parsed("clients", "[{rate: 17/s}]");
    }
    let mut diags = Vec::new();
    if path.ends_with(".preset") {
        diags.extend(presets::lay_under(&mut tree.clone()).err().into_iter().flatten());
    }
    let cx = Cx::for_paths();
    Scenario::read(&cx, &tree, "scenario");
    if ["sweep", "uncertain"].contains(&path) {
        sweep::read(&At { cx: &cx, path: path.to_owned(), node: tree.get(path) }, &cx.known(), &tree);
    }
    diags.extend(cx.finish().0);
    let errors = diags.into_iter().filter(|d| d.severity == Severity::Error && d.file == VALUE);
    errors.map(|d| format!("{} [{}]", d.message, d.code)).collect()
}

/// What the value is called that is looked at.
const VALUE: &str = "the value";

#[test]
fn every_field_is_told_with_the_source_of_its_default_and_nothing_else_is() {
    let (_, problems) = scenario();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Fields that mean something only beside others, or have one value: the end of the path, and what is missing.
const IDLE: &[(&str, &str)] = &[
    ("podDisruptionBudget.unhealthyPodEvictionPolicy", "a bound"),
    ("metrics.[].type", "what the metric is called"),
    ("resource.target.averageUtilization", "what the metric is called"),
    ("containerResource.target.averageUtilization", "what the metric is called"),
    ("clients.[].arrivals", "a rate"),
    ("clients.[].arrivals.distribution", "a rate"),
    ("livenessProbe.successThreshold", "1 is all that Kubernetes allows"),
    ("startupProbe.successThreshold", "1 is all that Kubernetes allows"),
    ("activeHealth.timeout", "an interval"),
    ("activeHealth.healthyThreshold", "an interval"),
    ("activeHealth.unhealthyThreshold", "an interval"),
    ("activeHealth.closeConnections", "an interval"),
    ("activeHealth.keepsRemoved", "an interval"),
    ("activeHealth.phase", "an interval"),
];

#[test]
fn a_default_that_is_written_out_is_the_same_as_none() {
    let explored = explored();
    let mut unmoved = Vec::new();
    let mut checked = 0;
    for Found { path, place } in places(&explored) {
        let Default::Is(value) = &place.default else { continue };
        let mut without = explored.trees[place.tree].clone();
        leave_out(&mut without, &path);
        let (left_out, written) = (read(&without), read(&with(&without, &path, &value.line())));
        assert!(left_out == written, "{path}: {}\n--- left out\n{left_out}\n--- written\n{written}", value.line());
        // Any other value is another scenario, or this would show nothing.
        let samples =
            place.kinds.iter().filter_map(|k| if let Kind::Of(_, shape) = k { Some(&shape.samples) } else { None });
        checked += 1;
        let idle = IDLE.iter().any(|(end, _)| path.ends_with(end));
        if !idle && !samples.flatten().any(|sample| read(&with(&without, &path, sample)) != left_out) {
            unmoved.push(path);
        }
    }
    assert!(checked > 500, "only {checked} defaults");
    assert!(unmoved.is_empty(), "these change nothing: {unmoved:?}");
}

/// Takes the value at a path out of the map around it, which stays, or is made.
fn leave_out(root: &mut Node, path: &str) {
    let (around, name) = path.rsplit_once('.').unwrap_or(("", path));
    let around = place_of(root, around).expect("the place was found with this tree");
    if let Value::Map(entries) = &mut around.value {
        entries.retain(|entry| entry.key != name);
    } else {
        around.value = Value::Map(Vec::new());
    }
}

/// Values of every type, among them those that look like one and are another.
const POOL: [&str; 46] = [
    "0",
    "1",
    "17",
    "-1",
    "2.5",
    "1000000001",
    "1e3",
    "'17'",
    "''",
    "~",
    "true",
    "false",
    "'true'",
    "none",
    "no such word",
    "17s",
    "0s",
    "1.5s",
    "1h30m",
    "30m1h",
    "17 s",
    "-5s",
    "17x",
    "0%",
    "25%",
    "2.5%",
    "100%",
    "250%",
    "-1%",
    "17/s",
    "0/s",
    "17/x",
    "17MB",
    "0B",
    "17MB/s",
    "1Gbit/s",
    "500m",
    "[]",
    "[17s]",
    "[17, 18]",
    "[none]",
    "{}",
    "{noSuchField: 1}",
    "[{noSuchField: 1}]",
    "[[0s, 17/s]]",
    "{distribution: constant, value: 17s}",
];

/// What only its meaning makes wrong, which no type knows: the end of the path, and why the reader refuses more there.
const MEANING: &[(&str, &str)] = &[
    ("connectionPool.retry", "10ms at least"),
    ("deploy.analysis.interval", "100ms at least"),
    ("backoff.base", "not above `cap`"),
    ("backoff.cap", "not below `base`"),
    ("loadBalancer.[].layer", "4 only of the outermost tier"),
    ("updateStrategy.rollingUpdate.maxSurge", "0 unless `maxUnavailable` is 0"),
    ("deploy.rolls", "the name of a tier there is"),
    ("deploy.events.[].reload", "the name of a tier there is"),
];

/// The path at which the reader of this one is found first: pods are read in three places, workloads in two.
fn original(path: &str) -> String {
    let copies = [("newVersion", "pod"), ("loadBalancer.[].pod", "pod"), ("loadBalancer.[].workload", "workload")];
    copies.iter().fold(path.to_owned(), |path, (copy, original)| match path.strip_prefix(copy) {
        Some(rest) => format!("{original}{rest}"),
        None => path,
    })
}

#[test]
fn the_schema_refuses_what_the_reader_refuses_and_nothing_else() {
    let explored = explored();
    let (schema, _) = scenario();
    let schema: Json = serde_json::to_value(&schema).expect("it is JSON");
    let docs = Docs::read();
    let mut compared = 0;
    let mut differences = Vec::new();
    let mut meant = BTreeSet::new();
    let mut seen = BTreeSet::new();
    // A manifest is read before the scenario that names it.
    let elsewhere = |found: &&Found<'_>| found.place.ignored || found.path.ends_with("workload.manifest");
    for Found { path, place } in places(&explored).iter().filter(|found| !elsewhere(found)) {
        let part = Composer::new(&docs).schema(place, path);
        // One reader reads all of them, which need not be held against the same schema again.
        if !seen.insert((original(path), part.line())) {
            continue;
        }
        let part: Json = serde_json::to_value(&part).expect("it is JSON");
        let samples =
            place.kinds.iter().flat_map(|k| if let Kind::Of(_, shape) = k { &shape.samples[..] } else { &[] });
        for text in POOL.iter().copied().chain(samples.map(String::as_str)) {
            let value = parsed(VALUE, text);
            let by_reader = complaints(&explored.trees[place.tree], path, &value);
            let by_schema = Schema::new(&schema).errors(&part, &json_of(&value));
            compared += 1;
            let meaning = MEANING.iter().find(|(end, _)| path.ends_with(end));
            if let (Some((end, _)), false, true) = (meaning, by_reader.is_empty(), by_schema.is_empty()) {
                meant.insert(*end);
            } else if by_reader.is_empty() != by_schema.is_empty() {
                differences.push(format!("{path} = {text}\n    reader {by_reader:?}\n    schema {by_schema:?}"));
            }
        }
    }
    assert!(compared > 20_000, "only {compared} values");
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert_eq!(meant.len(), MEANING.len(), "some of MEANING is no difference any more: {meant:?}");
}
