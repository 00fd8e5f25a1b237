//! `dryroll check` as a CI meets it: verdicts, exit statuses, and the forms in which others read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use tempfile::TempDir;

/// The small scenario of the other tests, with objectives on lines that a test can name.
const SCENARIO: &str = "\
name: small
workload: {replicas: 5}
pod: {concurrency: 8, serviceTime: 10ms, startup: 2s, readinessProbe: none}
loadBalancer:
  proxies: 2
  propagation: {shared: 0s, add: 0s, remove: 1s}
clients: [{name: web, rate: 100/s, connections: 20}]
deploy: {at: 5s}
observe: {warmup: 2s, after: 5s}
";

struct Place {
    folder: TempDir,
}

struct Done {
    status: i32,
    out: String,
    err: String,
}

impl Place {
    /// A folder with the scenario and what is behind it.
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("small.yaml"), format!("{SCENARIO}{more}")).expect("it is written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn dryroll_with(&self, line: &str, env: &[(&str, &Path)]) -> Done {
        let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
        command.current_dir(self.folder.path()).args(line.split_whitespace()).env("NO_COLOR", "1");
        for variable in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(variable);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let output = command.output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Done { status: output.status.code().expect("it exits"), out: text(output.stdout), err: text(output.stderr) }
    }

    fn dryroll(&self, line: &str) -> Done {
        self.dryroll_with(line, &[])
    }

    fn json(&self, line: &str) -> (i32, Value) {
        let done = self.dryroll(&format!("{line} --format json"));
        let json = serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{line}: {e}: {}", done.err));
        (done.status, json)
    }
}

#[test]
fn a_deploy_that_drops_is_broken_and_one_that_does_not_holds_after_59() {
    let place = Place::new("objectives: {dropped: 0, p99: 250ms}\n");
    let (status, json) = place.json("check small.yaml");
    assert_eq!((status, &json["schema"], &json["verdict"]), (1, &"dryroll.check/1".into(), &"broken".into()));
    let objective = &json["objectives"][0];
    assert_eq!((&objective["objective"], &objective["limit"]), (&"dropped".into(), &"0".into()));
    assert_eq!((&objective["met"], &objective["verdict"]), (&0.into(), &"broken".into()));
    assert_eq!(
        (&json["objectives"][1]["limit"], &json["objectives"][1]["verdict"]),
        (&"250ms".into(), &"holds".into())
    );

    let (status, json) = place.json("check small.yaml --set preStop=2s");
    let objective = &json["objectives"][0];
    assert_eq!((status, &objective["deploys"], &objective["met"]), (0, &59.into(), &59.into()));
    assert_eq!(objective["verdict"], "holds");
}

#[test]
fn what_can_not_be_told_is_a_status_of_its_own() {
    let place = Place::new("objectives: {dropped: 0}\n");
    let line = "check small.yaml --set preStop=2s";
    for (options, status) in [
        ("--replications 58", 4),
        ("--replications 59", 0),
        ("--max-replications 20", 4),
        ("--max-replications 20 --allow-undecided", 0),
    ] {
        let done = place.dryroll(&format!("{line} {options}"));
        assert_eq!(done.status, status, "{options}: {}", done.out);
        assert_eq!(done.out.contains("can't tell"), options.contains("20") || status == 4, "{options}: {}", done.out);
    }
}

#[test]
fn without_objectives_a_deploy_may_drop_no_more_than_the_same_time_without_one() {
    let place = Place::new("");
    let (status, json) = place.json("check small.yaml");
    assert_eq!(
        (status, &json["objectives"][0]["objective"], &json["objectives"][0]["limit"]),
        (1, &"excess".into(), &"0".into())
    );
    assert_eq!(place.json("check small.yaml --set preStop=2s").0, 0);
}

#[test]
fn each_objective_is_held_against_its_own_figure() {
    let place = Place::new("");
    // The figures of one deploy, and limits just on either side of them.
    let run: Value =
        serde_json::from_str(&place.dryroll("run small.yaml --replications 1 --format json").out).expect("JSON");
    let s = &run["summary"];
    let mean = |figure: &Value| figure["mean"].as_f64().expect("a figure");
    let figures = [
        ("dropped", mean(&s["dropped"]), ""),
        ("excess", mean(&s["excess"]), ""),
        ("p99", mean(&s["latency"]["during"]["p99"]), "s"),
        ("peakReconnects", mean(&s["connections"]["upstream"]["peakReconnectsPerSecond"]), "/s"),
        ("duration", mean(&s["rollout"]["durationSeconds"]), "s"),
        ("availability", mean(&s["availability"]) * 100.0, "%"),
        ("minHeadroom", mean(&s["capacity"]["minHeadroom"]), ""),
    ];
    for (objective, figure, unit) in figures {
        let least = ["availability", "minHeadroom"].contains(&objective);
        for (factor, met) in [(0.99, least), (1.01, !least)] {
            let place =
                Place::new(&format!("objectives: {{{objective}: {:.6}{unit}}}\n", (figure * factor).min(100.0)));
            if least && objective == "availability" && !met && figure * factor > 100.0 {
                continue;
            }
            let (_, json) = place.json("check small.yaml --replications 1");
            assert_eq!(json["objectives"][0]["met"], u32::from(met), "{objective} {figure} × {factor}");
        }
    }
}

#[test]
fn a_baseline_is_a_scenario_or_a_result_and_must_not_be_undercut() {
    let place = Place::new("objectives: {p99: 250ms}\n");
    let good = place.read("small.yaml").replace("startup: 2s", "startup: 2s, termination: {preStop: 2s}");
    fs::write(place.path("good.yaml"), good).expect("it is written");
    for (file, name) in [("small", "bad.json"), ("good", "good.json")] {
        assert_eq!(place.dryroll(&format!("run {file}.yaml --format json -o {name}")).status, 0);
    }
    for (line, status) in [
        ("check small.yaml --baseline good.yaml", 1),
        ("check small.yaml --baseline good.json", 1),
        ("check good.yaml --baseline small.yaml", 0),
        ("check good.yaml --baseline bad.json", 0),
        ("check good.yaml --baseline good.yaml", 0),
        ("check good.yaml --baseline good.json", 0),
    ] {
        let (got, json) = place.json(line);
        assert_eq!(got, status, "{line}: {json}");
        let figures = json["files"][0]["baseline"].as_array().expect("figures");
        let dropped = figures.iter().find(|f| f["figure"] == "dropped").expect("dropped is compared");
        assert_eq!(dropped["verdict"] == "worse", status == 1, "{line}: {dropped}");
    }
    // Who drops requests today, and names no objective, is held to that alone.
    let today = place.read("small.yaml").replace("objectives: {p99: 250ms}\n", "");
    fs::write(place.path("today.yaml"), today).expect("it is written");
    assert_eq!(place.dryroll("check today.yaml").status, 1);
    assert_eq!(place.dryroll("check today.yaml --baseline today.yaml").status, 0);
    assert_eq!(place.dryroll("check today.yaml --baseline good.yaml").status, 1);
    fs::write(place.path("other.json"), "{\"schema\": \"dryroll.sweep/1\"}").expect("it is written");
    let done = place.dryroll("check good.yaml --baseline other.json");
    assert_eq!(done.status, 2);
    assert!(done.err.contains("is a `dryroll.sweep/1`"), "{}", done.err);
    place.dryroll("run good.yaml --replications 1 --format json -o one.json");
    assert!(place.dryroll("check good.yaml --baseline one.json").err.contains("one replication"));
}

#[test]
fn annotations_name_the_file_and_the_line() {
    let place = Place::new("objectives:\n  p99: 250ms\n  dropped: 0\n");
    let done = place.dryroll("check small.yaml --annotations github");
    let lines: Vec<&str> = done.err.lines().filter(|l| l.starts_with("::")).collect();
    assert_eq!(lines.len(), 1, "{}", done.err);
    assert!(lines[0].starts_with("::error file=small.yaml,line=12,col=12,title=dryroll%3A dropped::"), "{}", lines[0]);
    assert!(lines[0].contains("%25") && !lines[0].contains("% "), "{}", lines[0]);
    assert!(!place.dryroll("check small.yaml").err.contains("::error"), "only where they are read");
    let github = place.dryroll_with("check small.yaml", &[("GITHUB_ACTIONS", Path::new("true"))]);
    assert!(github.err.contains("::error"), "{}", github.err);
}

#[test]
fn a_summary_is_appended_to_that_of_the_job_and_replaces_any_other_file() {
    let place = Place::new("objectives: {dropped: 0}\n");
    let summary = place.path("summary.md");
    fs::write(&summary, "what another step wrote\n").expect("it is written");
    let line = format!("check small.yaml --markdown {}", summary.display());
    place.dryroll_with(&line, &[("GITHUB_STEP_SUMMARY", &summary)]);
    let text = place.read("summary.md");
    assert!(text.starts_with("what another step wrote\n### "), "{text}");
    place.dryroll(&line);
    let text = place.read("summary.md");
    assert!(text.starts_with("### "), "{text}");
    // What changed, by how much, how sure, what to do.
    for part in ["broken", "A deploy drops", "0 of ", "% to ", "--set preStop="] {
        assert!(text.contains(part), "{part:?} is missing from\n{text}");
    }
}

#[test]
fn several_files_stop_at_the_first_broken_one_only_where_that_is_asked_for() {
    let place = Place::new("objectives: {dropped: 0}\n");
    fs::copy(place.path("small.yaml"), place.path("second.yaml")).expect("a copy");
    let files = |json: &Value| json["files"].as_array().map_or(0, Vec::len);
    assert_eq!(files(&place.json("check small.yaml second.yaml").1), 2);
    let (status, json) = place.json("check small.yaml second.yaml --fail-fast");
    assert_eq!((status, files(&json)), (1, 1));
    assert_eq!(place.dryroll("check small.yaml missing.yaml").status, 2);
}

#[test]
fn junit_has_a_suite_a_file_and_a_test_an_objective() {
    let place = Place::new("objectives: {dropped: 0, p99: 250ms}\n");
    let hostile = place.read("small.yaml").replace("name: small", "name: 'a<b>&\"c'");
    fs::write(place.path("hostile.yaml"), hostile).expect("it is written");
    place.dryroll("check small.yaml hostile.yaml --junit junit.xml");
    let xml = place.read("junit.xml");
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"), "{xml}");
    assert_eq!(xml.matches("<testsuite ").count(), 2);
    assert_eq!(xml.matches("<testcase ").count(), 4);
    assert_eq!(xml.matches("<failure ").count(), 2);
    assert_eq!(xml.matches("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"").count(), 2, "{xml}");
    assert!(xml.contains("classname=\"a&lt;b&gt;&amp;&quot;c\""), "{xml}");
    let undecided = place.dryroll("check small.yaml --set preStop=2s --replications 5 --format junit");
    assert_eq!((undecided.status, undecided.out.matches("<error ").count()), (4, 2), "{}", undecided.out);
}
