//! `run --worst`: what it prints plays the worst deploy again, to the byte.

use crate::common::program::{dryroll, json_of};
use serde_json::Value;

const SMALL: &str = "tests/data/cli/small.yaml";

fn json(args: &[&str]) -> Value {
    let (code, json) = json_of(&[args, &["--quiet"]].concat());
    assert_eq!(code, 0, "{args:?}");
    json
}

#[test]
fn the_command_that_is_printed_plays_it_again() {
    let uncertain = ["--uncertain", "propagation.remove=500ms..4s", "--uncertain", "clients.web.rate=50/s..200/s"];
    let found = json(&[&["run", SMALL, "--worst", "40"][..], &uncertain].concat());
    let command = found["replay"].as_str().expect("a command").to_owned();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let again = json(&words);
    assert_eq!(again["digest"], found["worst"]["digest"], "{command}");
    assert_eq!(again["summary"]["dropped"]["mean"], found["worst"]["summary"]["dropped"]["mean"]);
    // The longest delay and the most traffic are among the worst; what is as it was said drops 80.
    let dropped = found["worst"]["summary"]["dropped"]["mean"].as_f64().expect("a number");
    assert!(dropped > 400.0, "{dropped}");
}

#[test]
fn the_chance_of_an_error_has_its_interval() {
    let found = json(&["run", SMALL, "--worst", "40"]);
    // Every deploy drops some: 20 of 20.
    assert_eq!((&found["spread"], &found["withError"]), (&Value::from(20), &Value::from(20)));
    let low = found["probability"][0].as_f64().expect("a bound");
    assert!((low - 0.831_566_529_f64).abs() < 1e-6, "Clopper and Pearson: {low}");
    let found = json(&["run", SMALL, "--worst", "40", "--set", "preStop=3s"]);
    let high = found["probability"][1].as_f64().expect("a bound");
    assert!(found["withError"] == 0 && (high - (1.0 - 0.831_566_529_f64)).abs() < 1e-6, "{high}");
}

#[test]
fn ranges_stand_in_the_scenario_too_and_options_go_before_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("uncertain.yaml");
    let text =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(SMALL)).expect("it is there");
    std::fs::write(&file, format!("{text}uncertain:\n  propagation.remove: 1s..3s\n")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let found = json(&["run", file, "--worst", "8"]);
    assert_eq!(found["uncertain"][0], "loadBalancer.propagation.remove");
    let set = found["worst"]["set"][0].as_str().expect("it is set");
    assert!(set.starts_with("loadBalancer.propagation.remove="), "{set}");
    let other = json(&["run", file, "--worst", "8", "--uncertain", "propagation.remove=0s..1ms"]);
    assert!(
        other["worst"]["summary"]["dropped"]["mean"].as_f64() < found["worst"]["summary"]["dropped"]["mean"].as_f64()
    );
    // A forecast is the same with and without the block.
    let plain = json(&["run", SMALL, "--replications", "2"]);
    assert_eq!(json(&["run", file, "--replications", "2"])["digest"], plain["digest"]);
}

#[test]
fn the_number_of_threads_cannot_be_told_and_mistakes_are() {
    let args = ["run", SMALL, "--worst", "12", "--uncertain", "propagation.remove=1s..3s", "--quiet"];
    let with = |jobs: &str| dryroll(&[&args[..], &["--jobs", jobs]].concat()).1;
    assert_eq!(with("1"), with("3"));
    for (args, told) in [
        (&["--uncertain", "propagation.remove=1s..3s"][..], "--worst"),
        (&["--worst", "12", "--uncertain", "propagation.remov=1s..3s"], "did you mean"),
        (&["--worst", "12", "--format", "html"], "table or json"),
        (&["--worst", "12", "--check"], "cannot be used"),
    ] {
        let (code, _, err) = dryroll(&[&["run", SMALL][..], args].concat());
        assert!(code == 2 && err.contains(told), "{args:?}: {code} {err}");
    }
}
