//! Whole texts of what a user reads about a file that is wrong: `tests/data/scenario/errors/NAME.yaml` and `.txt`.
//!
//! `UPDATE_GOLDEN=1 cargo test` rewrites the expected texts; with `CI` set it only compares.

use std::fmt::Write as _;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::common::golden::{assert_golden, yaml_files};
use dryroll::scenario::{self, Diag, Request};

const FOLDER: &str = "tests/data/scenario/errors";

/// What a user sees: errors and warnings alike.
fn told(request: &Request<'_>) -> String {
    let diags: Vec<Diag> = match scenario::load(request) {
        Ok(loaded) => loaded.warnings,
        Err(diags) => diags,
    };
    let mut text = String::new();
    for diag in diags {
        writeln!(text, "{}\n", diag.render(false)).expect("a string takes any text");
    }
    text
}

fn assert_told(name: &str, actual: &str) {
    assert_golden(&Path::new(FOLDER).join(name).with_extension("txt"), actual);
}

#[test]
fn every_wrong_scenario_is_told_as_recorded() {
    let paths = yaml_files(FOLDER);
    assert!(paths.len() > 30, "only {} cases", paths.len());
    for path in paths {
        let text = fs::read_to_string(&path).expect("a case can be read");
        let set: Vec<String> = text.lines().filter_map(|l| l.strip_prefix("# set: ")).map(ToOwned::to_owned).collect();
        let stem = path.file_stem().and_then(|s| s.to_str()).expect("a name");
        assert_told(stem, &told(&Request { set: &set, ..Request::new(&path) }));
    }
}

#[test]
fn every_wrong_manifest_is_told_as_recorded() {
    for name in ["bare", "replicaset", "wrong", "nothing", "checkout", "paused", "namespaces"] {
        let path = format!("tests/data/manifests/{name}.yaml");
        assert_told(&format!("manifest_{name}"), &told(&Request::new(Path::new(&path))));
    }
    let path = Path::new("tests/data/manifests/bare.yaml");
    assert_told("manifest_workload", &told(&Request { workload: Some("front"), ..Request::new(path) }));
}

#[test]
fn one_of_two_of_the_same_name_is_picked_by_its_namespace() {
    let path = Path::new("tests/data/manifests/namespaces.yaml");
    for (wanted, replicas) in [("blue/Deployment/shop", 2), ("default/deployment.apps/shop", 4)] {
        let loaded = scenario::load(&Request { workload: Some(wanted), ..Request::new(path) }).expect("there is one");
        assert_eq!(loaded.scenario.workload.replicas, replicas);
    }
}

#[test]
fn wrong_options_are_told_as_recorded() {
    let path = Path::new("tests/data/scenario/full.yaml");
    assert_told("option_rate", &told(&Request { rate: Some("5/s"), ..Request::new(path) }));
    let path = Path::new("tests/data/manifests/checkout.yaml");
    assert_told("option_rate_unit", &told(&Request { rate: Some("5"), ..Request::new(path) }));
    let times = Some("p50=20ms,p98=120ms");
    assert_told("option_service_time", &told(&Request { service_time: times, ..Request::new(path) }));
}

/// Files that are wrong as files, made here because they are large or not text.
#[test]
fn files_that_are_no_scenarios_are_told_as_recorded() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let assert = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name).with_extension("yaml");
        fs::write(&path, bytes).expect("a case can be written");
        let text = told(&Request::new(&path)).replace(&folder.path().display().to_string(), "FOLDER");
        assert_told(name, &text);
    };
    assert("empty", b"");
    assert("empty_but_for_comments", b"# nothing\n---\n# here\n");
    assert("not_utf8", b"name: caf\xe9\nclients: [{name: web, rate: 1/s}]\n");
    assert("binary", &[0x7f, b'E', b'L', b'F', 0, 1, 2, 3]);
    assert("nested", "[".repeat(100_000).as_bytes());
    assert("nested_maps", "{a: ".repeat(100_000).as_bytes());
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let repeats = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(bomb, "a{n}: &a{n} [{repeats}]").expect("a string takes any text");
    }
    assert("bomb", bomb.as_bytes());
    assert("cycle", b"clients: &a [*a]\n");
    assert("unknown_alias", b"clients: *web\n");
    assert_told("missing_file", &told(&Request::new(Path::new("tests/data/no-such-scenario.yaml"))));
    assert_told("folder", &told(&Request::new(Path::new("tests/data"))));
    let path = folder.path().join("large.yaml");
    let mut large = fs::File::create(&path).expect("a case can be written");
    large.seek(SeekFrom::Start(100 << 20)).expect("a hole costs nothing");
    large.write_all(b"\n").expect("a case can be written");
    let text = told(&Request::new(&path)).replace(&folder.path().display().to_string(), "FOLDER");
    assert_told("large", &text);
}
