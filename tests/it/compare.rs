//! `dryroll compare` as a user meets it: paired, judged, and the same bytes at any number of threads.

use crate::common::program::{self, Left};
use serde_json::Value;

const SMALL: &str = "tests/data/cli/small.yaml";

fn dryroll(line: &str) -> Left {
    program::dryroll(&line.split_whitespace().collect::<Vec<_>>())
}

fn json_of(line: &str) -> (i32, Value) {
    program::json_of(&line.split_whitespace().collect::<Vec<_>>())
}

fn json(line: &str) -> Value {
    json_of(line).1
}

#[test]
fn figures_are_those_of_run_and_differences_are_theirs() {
    let compared = json(&format!("compare {SMALL} --variant stop:preStop=2s"));
    assert_eq!((&compared["schema"], &compared["baseline"]), (&"dryroll.comparison/1".into(), &"small".into()));
    let mean = |line: &str| json(line)["summary"]["dropped"]["mean"].as_f64().expect("a figure");
    let (baseline, policy) = (mean(&format!("run {SMALL}")), mean(&format!("run {SMALL} --set preStop=2s")));
    let stop = &compared["policies"][0];
    let dropped = &stop["figures"]["dropped"];
    assert_eq!(stop["policy"], "stop");
    assert_eq!((dropped["baseline"].as_f64(), dropped["policy"].as_f64()), (Some(baseline), Some(policy)));
    let difference = dropped["difference"]["mean"].as_f64().expect("a difference");
    assert!((difference - (policy - baseline)).abs() < 1e-9, "{difference}");
    assert_eq!(dropped["verdict"], "better");
    let [lo, hi] = [0, 1].map(|end| dropped["difference"]["ci95"][end].as_f64().expect("an end"));
    assert!(lo <= difference && difference <= hi && hi < 0.0, "{lo} to {hi}");
}

#[test]
fn a_policy_is_the_same_as_itself_in_every_figure() {
    let compared = json(&format!("compare {SMALL} --variant again: --replications 40"));
    let figures = compared["policies"][0]["figures"].as_object().expect("figures");
    assert!(figures.len() >= 6, "{figures:?}");
    for (name, figure) in figures {
        assert_eq!(figure["verdict"], "same", "{name}: {figure}");
        assert_eq!(figure["difference"]["mean"].as_f64(), Some(0.0), "{name}");
    }
}

/// The small scenario with objectives, a file each, in a folder that is there for as long.
fn with_objectives<const N: usize>(objectives: [&str; N]) -> (tempfile::TempDir, [String; N]) {
    let folder = tempfile::tempdir().expect("a folder");
    let small = std::fs::read_to_string(SMALL).expect("it is there");
    let mut n = 0;
    let files = objectives.map(|text| {
        n += 1;
        let file = folder.path().join(format!("{n}.yaml"));
        std::fs::write(&file, format!("{small}objectives: {{{text}}}\n")).expect("it is written");
        file.to_str().expect("UTF-8").to_owned()
    });
    (folder, files)
}

#[test]
fn verdicts_decide_the_status_only_where_they_are_asked_for() {
    let variant = "--variant stop:preStop=2s";
    let (_folder, [quick, clean]) = with_objectives(["duration: 1s", "dropped: 0"]);
    // The baseline is the file as it stands, unless that sets what the variant takes back.
    for (line, status) in [
        (format!("compare {SMALL} {variant}"), 0),
        (format!("compare {SMALL} {variant} --check --figure dropped"), 0),
        (format!("compare {SMALL} --set preStop=2s --variant none:preStop=0s"), 0),
        (format!("compare {SMALL} --set preStop=2s --variant none:preStop=0s --check --figure dropped"), 1),
        (format!("compare {SMALL} --variant later:startup=2200ms --check --replications 3 --figure dropped"), 4),
        // The policy's own objectives count, and those of a baseline that it gets rid of do not.
        (format!("compare {quick} {variant} --check --figure dropped"), 1),
        (format!("compare {quick} {variant} --figure dropped"), 0),
        (format!("compare {clean} {variant} --check --figure dropped"), 0),
        (format!("compare {clean} {variant} --check --figure dropped --replications 20"), 4),
    ] {
        let (got, out, err) = dryroll(&line);
        assert_eq!(got, status, "{line}\n{out}{err}");
    }
}

#[test]
fn a_policy_that_breaks_its_objective_is_told_with_it() {
    let (_folder, [quick]) = with_objectives(["duration: 1s"]);
    let line = format!("compare {quick} --variant a:preStop=2s --check --replications 4");
    let (status, told) = json_of(&line);
    let finding = &told["policies"][0]["objectives"][0];
    assert_eq!(
        (status, &finding["objective"], &finding["verdict"]),
        (1, &"duration".into(), &"broken".into()),
        "{told}"
    );
    let table = dryroll(&line).1;
    assert!(table.contains("duration      1s") && table.contains("0 of 4") && table.contains("broken"), "{table}");
}

#[test]
fn threads_change_nothing_and_every_format_is_there() {
    for format in ["table", "json", "csv", "markdown"] {
        let of = |jobs: u32| {
            dryroll(&format!(
                "compare {SMALL} --variant a:preStop=2s --variant b:maxSurge=1 --jobs {jobs} --format {format}"
            ))
            .1
        };
        assert!(of(1) == of(2), "{format} differs between one thread and two");
        assert!(of(1).contains("dropped"), "{format}: {}", of(1));
    }
}

#[test]
fn files_are_compared_on_the_traffic_of_the_first_seed() {
    let files = "scenarios/drain-wrong.yaml scenarios/drain-right.yaml";
    let compared = json(&format!("compare {files} --replications 6"));
    assert_eq!(compared["policies"][0]["figures"]["dropped"]["verdict"], "better");
    let (status, _, err) = dryroll(&format!("compare {SMALL} scenarios/drain-right.yaml --replications 2"));
    assert_eq!(status, 0);
    assert!(err.contains("other clients"), "{err}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    for (line, says) in [
        (format!("compare {SMALL}"), "nothing to compare with"),
        (format!("compare {SMALL} {SMALL} --variant a:maxSurge=1"), "variants are of one file"),
        (format!("compare {SMALL} --variant maxSurge=1"), "--variant"),
        (format!("compare {SMALL} --variant a:maxSurg=1"), "maxSurge"),
        (format!("compare {SMALL} --variant a:maxSurge=1 --figure drop"), "no figure is called `drop`"),
        (format!("compare {SMALL} --variant a:maxSurge=1 --margin 5"), "as in 5%"),
    ] {
        let (status, out, err) = dryroll(&line);
        assert_eq!((status, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(says), "{line}: {says:?} is missing from\n{err}");
    }
}
