//! One seed, one scenario: the same bytes, whatever the number of threads. (Whatever the build: `digests.rs`.)

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
