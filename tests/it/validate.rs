//! The shipped corpus, forecast.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use dryroll::metrics::validation::{CaseVerdict, Validation};
use dryroll::report::validation::Form;
use dryroll::scenario::Scenario;
use dryroll::study::validate::{Case, CaseError, judge_all, ranges, shipped};

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
    let judge = |name: &str, text: &str| Case::read(name, text).expect("a case").judge(Some(2)).expect("a scenario");
    let (a, b) = (judge("e1-haproxy-noretry-d05", &original), judge("x", &renamed));
    let forecasts = |verdict: &CaseVerdict| -> Vec<(String, Option<f64>)> {
        verdict.rows.iter().map(|r| (r.quantity.clone(), r.forecast)).collect()
    };
    assert_eq!(forecasts(&a), forecasts(&b));
    assert_ne!(a.rows, b.rows);
}

/// An incident's forecast hangs on its scenario alone, whatever the file is called and whatever was reported.
#[test]
fn neither_its_name_nor_what_was_reported_moves_an_incident() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("validation/incidents/gunicorn-accept-queue.json");
    let original = fs::read_to_string(file).expect("it is there");
    let changed = original.replace("\"low\": 1, \"high\": 1", "\"low\": 7, \"high\": 9").replace("gunicorn with", "x");
    assert_ne!(original, changed);
    let judge = |name: &str, text: &str| Case::read(name, text).expect("a case").judge(Some(3)).expect("a scenario");
    let (a, b) = (judge("gunicorn-accept-queue", &original), judge("x", &changed));
    let forecasts = |v: &CaseVerdict| v.rows.iter().map(|r| (r.forecast, r.interval)).collect::<Vec<_>>();
    assert_eq!(forecasts(&a), forecasts(&b));
    assert!(a.inside && !b.inside, "{a:?} {b:?}");
}

#[test]
fn every_incident_says_where_it_is_from_and_what_it_took_for_the_rest() {
    let all = shipped::corpus().expect("cases");
    let incidents: Vec<Case> = all.into_iter().filter(|c| c.kind() == "incident").collect();
    assert!(incidents.len() >= 20, "{}", incidents.len());
    for case in incidents {
        let scenario = Scenario::from_yaml(&case.as_scenario().expect("one"));
        assert!(scenario.is_ok(), "{}: {scenario:?}", case.name);
        let verdict = case.judge(Some(1)).expect("a scenario");
        let told = verdict.background.expect("it is told");
        assert!(!told.stated.is_empty() && !told.assumed.is_empty(), "{}", case.name);
        assert!(!told.sources.is_empty() && told.sources.iter().all(|s| s.starts_with("https://")), "{}", case.name);
        assert!(verdict.rows.iter().all(|r| r.said.is_some()), "{}", case.name);
    }
}

/// A corpus that nobody has seen gets a line on every miss, too: which mechanisms err that way.
#[test]
fn a_miss_that_nobody_looked_into_has_a_line_by_mechanism() {
    let file = |name: &str| fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("validation").join(name));
    let lab = text("e1-haproxy-noretry-d05").replace("61.33", "16.33");
    let rollout = file("kubernetes/default-r10.json")
        .expect("it is there")
        .replace("\"maxSurge\": \"25%\"", "\"maxSurge\": \"50%\"");
    let theory = file("theory/stale-pod.json").expect("it is there").replace("stalePod", "staleRollout");
    let incident =
        file("incidents/gunicorn-accept-queue.json").expect("it is there").replace("\"high\": 1}", "\"high\": 0.5}");
    let incident = incident.replace("\"low\": 1,", "\"low\": 0,");
    let cases = [("a", lab), ("b", rollout), ("c", theory), ("d", incident)]
        .map(|(name, text)| Case::read(name, &text).expect("a case"));
    let verdicts = judge_all(&cases, Some(2), None, &|| ()).expect("scenarios");
    for verdict in verdicts {
        assert!(!verdict.inside, "{verdict:?}");
        assert!(verdict.notes.iter().any(|n| n.starts_with("not looked into")), "{:?}", verdict.notes);
    }
}

#[test]
fn every_case_makes_a_scenario() {
    let mut n = 0;
    for entry in fs::read_dir(corpus()).expect("the corpus is there") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file");
        let case = Case::read("case", &text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let scenario = Scenario::from_yaml(&case.as_scenario().expect("one"));
        assert!(scenario.is_ok(), "{}: {:?}", path.display(), case.as_scenario());
        n += 1;
    }
    assert_eq!(n, 125);
}

#[test]
fn what_is_no_case_is_told_from_a_broken_one() {
    assert!(matches!(Case::read("x", r#"{"format": "other/1"}"#), Err(CaseError::Unknown)));
    assert!(matches!(Case::read("x", "{"), Err(CaseError::Malformed(_))));
    let negative = text("e1-haproxy-noretry-d05").replace("\"drain_s\": 30.0", "\"drain_s\": -30.0");
    let case = Case::read("x", &negative).expect("it can be read");
    assert!(matches!(case.judge(Some(1)), Err(CaseError::Untranslatable(_))));
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
    let (_, csv) = with(&["e1-haproxy-noretry-d05", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 1 + rows.len(), "a row a quantity, and the header: {csv}");
    assert!(csv.contains("e1-haproxy-noretry-d05,balancer,totals.503,61.33,"), "{csv}");
    let (_, table) = with(&["e1-haproxy-noretry-d05"]);
    assert!(table.contains("e1-haproxy-noretry-d05  inside"), "{table}");
    let (_, scenario) = with(&["--as-scenario", "e1-haproxy-noretry-d05"]);
    assert!(Scenario::from_yaml(&scenario).is_ok(), "{scenario}");
    assert_eq!(with(&["no-such-case"]).0, Some(2));
}

/// Every case by its own command line option as by no option at all, and none left out.
#[test]
fn the_program_carries_the_whole_corpus() {
    let shipped: Vec<String> = shipped::corpus().expect("cases").into_iter().map(|c| c.name).collect();
    let mut files = Vec::new();
    for folder in ["balancers", "kubernetes", "theory", "incidents"] {
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

/// `UPDATE_GOLDEN=1 cargo test --test it validate` writes the page anew; with `CI` set it is only compared.
#[test]
fn the_page_is_what_the_program_says() {
    let cases = shipped::corpus().expect("cases");
    let validation = Validation::new(judge_all(&cases, None, None, &|| ()).expect("scenarios"));
    let mut page = Vec::new();
    dryroll::report::validation::write(&validation, Form::Markdown, &mut page).expect("a page");
    let page = String::from_utf8(page).expect("UTF-8");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        fs::write(&file, &page).expect("the page can be written");
    }
    // A failure of the second kind is not cured by writing the page anew: what came out must go on to come out, and each
    // miss has its line.
    let outside: BTreeSet<&str> = validation.cases.iter().filter(|c| !c.inside).map(|c| c.case.as_str()).collect();
    assert_eq!(outside, shipped::known_misses().collect(), "cases that do not come out, and those known not to");
    assert!(page.contains("125 on every outcome's count"), "no balancer case may stop coming out");
    the_readme_quotes(&validation);
    assert_eq!(
        page,
        fs::read_to_string(&file).unwrap_or_default(),
        "docs/validation.md is stale: see the head of this test"
    );
}

fn the_readme_quotes(validation: &Validation) {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    for score in &validation.kinds {
        let quote = match score.kind {
            "balancer" => format!("{} on reconnects and latencies too", score.inside),
            "kubernetes" => format!("{} of {} by what was configured alone", score.inside, score.total),
            "theory" => format!("{} of {} closed forms", score.inside, score.total),
            _ => format!("{} of {} published incidents come out", score.inside, score.total),
        };
        assert!(readme.contains(&quote), "the README does not say: {quote}");
    }
}

/// Each number of the model card's table is the least or the most that a measured deploy had, and none lies outside.
#[test]
fn the_ranges_are_those_of_the_corpus() {
    let cases: Vec<Case> = shipped::corpus().expect("cases").into_iter().filter(|c| c.kind() == "balancer").collect();
    let scenarios: Vec<Scenario> =
        cases.iter().map(|c| Scenario::from_yaml(&c.as_scenario().expect("one")).expect("a scenario")).collect();
    for range in &ranges::MEASURED {
        let values: Vec<f64> = scenarios.iter().filter_map(|s| range.value(s)).collect();
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        let near = |a: f64, b: f64| (a - b).abs() <= 0.02 * b.abs().max(1e-9) + 1e-3;
        assert!(near(low, range.low) && near(high, range.high), "{}: {low} to {high} were measured", range.quantity);
    }
    let never = |line: &String| line.contains("(not measured)") && !line.starts_with("active checks");
    for (case, scenario) in cases.iter().zip(&scenarios) {
        let found: Vec<String> = ranges::beyond(scenario, &[]).into_iter().filter(never).collect();
        assert_eq!(found, [""; 0], "{}", case.name);
    }
}

#[test]
fn the_model_card_has_the_ranges_and_what_was_never_measured() {
    let card =
        fs::read_to_string(format!("{}/docs/model.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a model card");
    let rows: Vec<String> = ranges::MEASURED.iter().map(ranges::Measured::row).collect();
    assert!(
        card.contains(&format!("| --- | --- | --- |\n{}\n\n", rows.join("\n"))),
        "the table should be\n{}",
        rows.join("\n")
    );
    let card = card.split_whitespace().collect::<Vec<_>>().join(" ");
    let never: Vec<&str> = ranges::UNMEASURED.iter().map(|u| u.what).collect();
    assert!(card.contains(&format!("ours: {}; every preset", never.join("; "))), "{never:?}");
}

#[test]
fn a_forecast_names_what_lies_beyond_what_was_measured() {
    let run = |more: &[&str]| {
        let mut command = Command::cargo_bin("dryroll").expect("it was built");
        let command =
            command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "tests/data/cli/small.yaml", "--quiet"]);
        let output =
            command.args(["--replications", "1", "--set", "replicas=40"]).args(more).output().expect("it starts");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let far = ["--set", "clients.0.multiplex=10", "--preset", "nlb"];
    let table = run(&[]);
    assert!(table.contains("Beyond what was measured") && table.contains("pods 40 (4 to 12)"), "{table}");
    let json: serde_json::Value =
        serde_json::from_str(&run(&[&far[..], &["--format", "json"]].concat())).expect("JSON");
    let beyond: Vec<&str> =
        json["beyondMeasured"].as_array().expect("a list").iter().filter_map(|b| b.as_str()).collect();
    for line in ["pods 40 (4 to 12)", "HTTP/2 and its multiplexing (not measured)", "preset nlb (not measured)"] {
        assert!(beyond.contains(&line), "{beyond:?}");
        let markdown = run(&[&far[..], &["--format", "markdown"]].concat());
        assert!(markdown.contains(line), "{markdown}");
        assert!(run(&[&far[..], &["--assumptions"]].concat()).contains(line), "{line}");
        assert!(run(&[&far[..], &["--format", "html"]].concat()).contains(&line.replace('/', "&#x2f;")), "{line}");
    }
    let measured = run(&["--set", "replicas=6", "--preset", "haproxy"]);
    assert!(!measured.contains("preset haproxy (not measured)"), "{measured}");
}
