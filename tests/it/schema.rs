//! `docs/scenario.schema.json`: that it is what the program prints, and that it and the reader agree about whole files. That they
//! agree about each field is a unit test (`src/scenario/schema/tests.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use dryroll::scenario::tree::{Node, Source, Value};
use dryroll::scenario::{self, Diag, Request, Severity};
use serde_json::Value as Json;

#[path = "common/json_schema.rs"]
mod json_schema;

use crate::common::golden::yaml_files;
use crate::common::random_scenario;
use json_schema::{Schema, json_of};

const COMMITTED: &str = "docs/scenario.schema.json";

fn schema() -> Json {
    serde_json::from_str(&scenario::json_schema()).expect("the schema is JSON")
}

/// What the schema has against a text; `None` where that is no YAML.
fn refusals(schema: &Json, text: &str) -> Option<Vec<String>> {
    let documents = scenario::yaml::parse(&Source::new("text", text, 0)).ok()?;
    let [document] = &documents[..] else { return None };
    Some(Schema::new(schema).errors(schema, &json_of(document)))
}

fn dryroll(args: &[&str]) -> Vec<u8> {
    let mut command = Command::cargo_bin("dryroll").expect("the binary was built");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args).assert().success().get_output().stdout.clone()
}

#[test]
fn the_committed_schema_is_what_the_command_prints() {
    let printed = String::from_utf8(dryroll(&["schema"])).expect("text");
    assert!(printed == scenario::json_schema(), "the command prints another schema than the library has");
    let folder = tempfile::tempdir().expect("a folder");
    let written = folder.path().join("schema.json");
    assert!(dryroll(&["schema", "-o", written.to_str().expect("a path")]).is_empty());
    assert!(fs::read_to_string(written).expect("it is there") == printed, "a file has other bytes than stdout");
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var("CI").as_deref() != Ok("true") {
        fs::write(COMMITTED, &printed).expect("the schema can be written");
    }
    let committed = fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == printed,
        "{COMMITTED} is not current: `UPDATE_GOLDEN=1 cargo test --test it schema` writes it"
    );
}

/// Every scenario in the repository that is meant to be read.
fn shipped() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = ["scenarios", "benches", "tests/data/cli", "validation/lab/scenarios"]
        .into_iter()
        .flat_map(yaml_files)
        .collect();
    all.extend(["full", "files"].map(|name| PathBuf::from(format!("tests/data/scenario/{name}.yaml"))));
    let incidents = fs::read_dir("tests/data/incidents").expect("the folder of incidents is there");
    all.extend(incidents.map(|entry| entry.expect("an entry can be read").path().join("scenario.yaml")));
    all.sort();
    all
}

#[test]
fn every_scenario_that_ships_is_valid_to_both() {
    let schema = schema();
    let all = shipped();
    assert!(all.len() > 60, "only {} scenarios", all.len());
    for path in all {
        let text = fs::read_to_string(&path).expect("a scenario can be read");
        let path = path.display();
        // One that names a manifest may say no traffic: it is assumed.
        let refused = refusals(&schema, &text).unwrap_or_else(|| panic!("{path} is no YAML"));
        assert!(refused.is_empty(), "{path}: {}", refused.join("\n"));
        let read = scenario::load(&Request::new(Path::new(&path.to_string())));
        assert!(read.is_ok(), "{path}: {:?}", read.err());
    }
}

#[test]
fn random_scenarios_are_valid_to_both() {
    let schema = schema();
    for seed in 0..300 {
        let text = random_scenario(seed);
        assert!(scenario::load_str("random.yaml", &text, &[]).is_ok(), "seed {seed}:\n{text}");
        let refused = refusals(&schema, &text).expect("YAML");
        assert!(refused.is_empty(), "seed {seed}: {}\n{text}", refused.join("\n"));
    }
}

/// Parts of scenarios that the README shows: with clients, where it leaves them out, they are whole ones.
#[test]
fn what_the_readme_shows_of_scenarios_is_valid_to_both() {
    let readme = fs::read_to_string("README.md").expect("there is a README");
    let schema = schema();
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let own = ["loadBalancer:", "pod:", "clients:", "# yaml-language-server"];
    let scenarios: Vec<&str> = blocks.filter(|block| own.iter().any(|start| block.starts_with(start))).collect();
    assert!(scenarios.len() > 1, "the README shows no scenarios");
    for text in scenarios {
        let clients = if text.contains("clients:") { "" } else { "clients: [{name: web, rate: 10/s}]\n" };
        let text = format!("{text}{clients}");
        let read = scenario::load_str("readme.yaml", &text, &[]);
        assert!(read.is_ok(), "{:?}\n{text}", read.err());
        assert_eq!(refusals(&schema, &text), Some(Vec::new()), "{text}");
    }
}

/// What is wrong with names, types, words and bounds, which is for a schema to say.
const OF_FORM: [&str; 8] = [
    "unknown-field",
    "unknown-value",
    "unknown-preset",
    "wrong-type",
    "wrong-unit",
    "missing-field",
    "missing-rate",
    "missing-clients",
];

/// Cases with such an error that a schema cannot see, and why.
const ONLY_MEANING: &[(&str, &str)] = &[("octal", "a schema sees the number that some reader of YAML has made of it")];

#[test]
fn wrong_files_are_refused_by_the_schema_too() {
    let schema = schema();
    let mut seen = BTreeSet::new();
    let mut refused = 0;
    let mut missed = Vec::new();
    for path in yaml_files("tests/data/scenario/errors") {
        let name = path.file_stem().and_then(|s| s.to_str()).expect("a name").to_owned();
        let text = fs::read_to_string(&path).expect("a case can be read");
        // Options are no part of the file, and what is no YAML is for the editor to say.
        if text.contains("# set: ") {
            continue;
        }
        let Some(by_schema) = refusals(&schema, &text) else { continue };
        let errors: Vec<Diag> = scenario::load(&Request::new(&path)).err().unwrap_or_default();
        let of_form = |d: &&Diag| d.severity == Severity::Error && OF_FORM.contains(&d.code);
        let first = errors.iter().find(of_form).map(|d| d.message.clone());
        match (first, ONLY_MEANING.iter().find(|(case, _)| *case == name)) {
            (Some(_), Some(_)) if by_schema.is_empty() => {
                seen.insert(name);
            }
            (Some(message), _) if by_schema.is_empty() => missed.push(format!("{name}: {message}")),
            (Some(_), _) => refused += 1,
            (None, _) if errors.is_empty() => assert_eq!(by_schema, [""; 0], "{name}: the reader takes it"),
            (None, _) => {}
        }
    }
    assert!(missed.is_empty(), "the schema says nothing of\n{}", missed.join("\n"));
    assert!(refused > 15, "only {refused} cases");
    assert_eq!(seen.len(), ONLY_MEANING.len(), "some of ONLY_MEANING are refused by now: {seen:?}");
}
