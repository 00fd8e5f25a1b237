//! The shipped corpus, forecast.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use dryroll::study::validate::{Case, CaseError};

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("validation/balancers")
}

fn text(case: &str) -> String {
    fs::read_to_string(corpus().join(format!("{case}.json"))).expect("the corpus is there")
}

/// A forecast must hang on what was configured alone.
#[test]
fn neither_its_name_nor_what_was_measured_moves_a_forecast() {
    let original = text("e1-haproxy-noretry-d05");
    let renamed = original.replace("e1-haproxy-noretry-d05", "x").replace("61.33", "16.33");
    assert_ne!(original, renamed);
    let judge = |name: &str, text: &str| Case::read(name, text).expect("a case").judge(2).expect("a scenario");
    let (a, b) = (judge("e1-haproxy-noretry-d05", &original), judge("x", &renamed));
    let forecasts = |verdict: &dryroll::metrics::validation::CaseVerdict| -> Vec<(String, Option<f64>)> {
        verdict.rows.iter().map(|r| (r.quantity.clone(), r.forecast)).collect()
    };
    assert_eq!(forecasts(&a), forecasts(&b));
    assert_ne!(a.rows, b.rows);
}

#[test]
fn every_case_makes_a_scenario() {
    let mut n = 0;
    for entry in fs::read_dir(corpus()).expect("the corpus is there") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file");
        let case = Case::read("case", &text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let scenario = dryroll::scenario::Scenario::from_yaml(&case.as_scenario().expect("one"));
        assert!(scenario.is_ok(), "{}: {:?}", path.display(), case.as_scenario());
        n += 1;
    }
    assert_eq!(n, 84);
}

#[test]
fn what_is_no_case_is_told_from_a_broken_one() {
    assert!(matches!(Case::read("x", r#"{"format": "other/1"}"#), Err(CaseError::Unknown)));
    assert!(matches!(Case::read("x", "{"), Err(CaseError::Malformed(_))));
    let negative = text("e1-haproxy-noretry-d05").replace("\"drain_s\": 30.0", "\"drain_s\": -30.0");
    let case = Case::read("x", &negative).expect("it can be read");
    assert!(matches!(case.judge(1), Err(CaseError::Untranslatable(_))));
}

#[test]
fn the_command_prints_a_table_json_and_a_scenario() {
    let run = |args: &[&str]| {
        let output = Command::cargo_bin("dryroll").expect("it was built").args(args).output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let corpus = corpus();
    let base = ["validate", "--corpus", corpus.to_str().expect("UTF-8"), "--replications", "2", "--quiet"];
    let with = |more: &[&'static str]| run(&[&base[..], more].concat());
    let (status, json) = with(&["e1-haproxy-noretry-d05", "--format", "json"]);
    assert_eq!(status, Some(0));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["schema"].as_str(), json["total"].as_u64()), (Some("dryroll.validation/1"), Some(1)));
    let rows = json["cases"][0]["rows"].as_array().expect("rows");
    let row = rows.iter().find(|r| r["quantity"] == "totals.503").expect("the outcome that it is about");
    assert_eq!(row["measured"].as_f64(), Some(61.33));
    assert!((50.0..75.0).contains(&row["forecast"].as_f64().expect("a number")), "{row}");
    let (_, table) = with(&["e1-haproxy-noretry-d05"]);
    assert!(table.contains("e1-haproxy-noretry-d05  inside"), "{table}");
    let (_, scenario) = with(&["--as-scenario", "e1-haproxy-noretry-d05"]);
    assert!(dryroll::scenario::Scenario::from_yaml(&scenario).is_ok(), "{scenario}");
    assert_eq!(with(&["no-such-case"]).0, Some(2));
}

/// Every case by its own command line option as by no option at all, and none left out.
#[test]
fn the_program_carries_the_whole_corpus() {
    let shipped: Vec<String> =
        dryroll::study::validate::shipped::corpus().expect("cases").into_iter().map(|c| c.name).collect();
    let mut files = Vec::new();
    for folder in ["balancers", "kubernetes"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("validation").join(folder);
        let names = fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("an entry").path());
        let names = names.filter(|p| p.extension().is_some_and(|e| e == "json"));
        let mut names: Vec<String> =
            names.map(|p| p.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
        names.sort();
        files.extend(names);
    }
    assert_eq!(shipped, files);
}

/// `UPDATE_GOLDEN=1 cargo test --test validate` writes the page anew; with `CI` set it is only compared.
#[test]
fn the_page_is_what_the_program_says() {
    let output = Command::cargo_bin("dryroll")
        .expect("it was built")
        .args(["validate", "--format", "markdown", "--quiet"])
        .output()
        .expect("it starts");
    let page = String::from_utf8(output.stdout).expect("UTF-8");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        fs::write(&file, &page).expect("the page can be written");
    }
    assert_eq!(
        page,
        fs::read_to_string(&file).unwrap_or_default(),
        "docs/validation.md is stale: see the head of this test"
    );
    assert!(page.contains("84 on every outcome's count"), "no balancer case may stop coming out");
}
