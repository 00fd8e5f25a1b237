//! One seed, one scenario: the same bytes, whatever the number of threads and the build profile.

use std::path::PathBuf;
use std::process::Command;

/// What `dryroll run` of the README's first scenario prints as JSON; few replications, for debug builds are slow.
fn forecast(dryroll: &str, jobs: &str) -> String {
    let output = Command::new(dryroll)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "scenarios/rolling-default.yaml", "--format", "json", "--replications", "4", "--jobs", jobs])
        .output()
        .expect("the binary starts");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("\"digest\""), "no forecast: {text}");
    text
}

/// Fails at the first line in which two forecasts differ, for whole forecasts are too long to print.
fn assert_same(what: &str, left: &str, right: &str) {
    for (n, (l, r)) in left.lines().zip(right.lines()).enumerate() {
        assert_eq!(l, r, "{what}: line {} differs", n + 1);
    }
    assert!(left == right, "{what}: one is longer, or ends its lines otherwise");
}

#[test]
fn threads_do_not_change_a_byte() {
    let dryroll = env!("CARGO_BIN_EXE_dryroll");
    assert_same("one thread and two", &forecast(dryroll, "1"), &forecast(dryroll, "2"));
}

#[test]
#[ignore = "builds the optimised binary, which takes a minute or more"]
fn optimisation_does_not_change_a_byte() {
    // Beside this profile's binary, wherever that is: the target folder may have been moved.
    let debug = PathBuf::from(env!("CARGO_BIN_EXE_dryroll"));
    let target = debug.parent().and_then(|profile| profile.parent()).expect("a binary lies in target/PROFILE/");
    let built = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--locked", "--release", "--bin", "dryroll", "--target-dir"])
        .arg(target)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the release build failed");
    let release = target.join("release").join("dryroll").with_extension(std::env::consts::EXE_EXTENSION);
    let (debug, release) = (debug.to_str().expect("a plain path"), release.to_str().expect("a plain path"));
    assert_same("debug and release", &forecast(debug, "1"), &forecast(release, "2"));
}
