//! The page of a forecast as commands write it. What it looks like in a browser is for `tests/browser/run`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const SMALL: &str = "tests/data/cli/small.yaml";

fn dryroll(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    let output = command.args(args).env("NO_COLOR", "1").output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the page was written")
}

#[test]
fn a_page_changes_nothing_in_what_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let [page, again] = ["page.html", "again.html"].map(|n| folder.path().join(n));
    let args = ["run", SMALL, "--replications", "2", "--format", "json", "--quiet"];
    let (status, json, _) = dryroll(&args);
    let with: Vec<&str> = args.iter().copied().chain(["--report", page.to_str().expect("UTF-8")]).collect();
    assert_eq!(dryroll(&with), (status, json.clone(), String::new()));
    assert!(read(&page).contains("Dropped requests by cause"));
    // Whatever the threads do.
    let one = ["run", SMALL, "--replications", "2", "--quiet", "--jobs", "1", "-o", again.to_str().expect("UTF-8")];
    assert_eq!(dryroll(&one), (0, String::new(), String::new()));
    assert_eq!(read(&page), read(&again));
}

#[test]
fn a_result_that_was_kept_has_a_page_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let [result, page] = ["result.json", "page.html"].map(|n| folder.path().join(n));
    let [result_name, page_name] = [&result, &page].map(|p| p.to_str().expect("UTF-8"));
    assert_eq!(dryroll(&["run", SMALL, "--replications", "2", "-o", result_name, "--quiet"]).0, 0);
    assert_eq!(dryroll(&["report", result_name, "-o", page_name]), (0, String::new(), String::new()));
    assert!(read(&page).contains("Dropped requests by what clients were left with"));
    assert_eq!(dryroll(&["report", result_name]).1, read(&page));
}

#[test]
fn what_is_no_result_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text, says) in [
        ("broken.json", "{", "is no result"),
        ("other.json", r#"{"schema": "dryroll.check/1"}"#, "of which there is no page"),
        ("short.json", r#"{"schema": "dryroll.result/1"}"#, "is no result"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        let (status, out, err) = dryroll(&["report", path.to_str().expect("UTF-8")]);
        assert_eq!((status, out.as_str()), (2, ""), "{name}");
        assert!(err.contains(says) && err.contains("hint:"), "{name}: {err}");
    }
    let (status, _, err) = dryroll(&["report", "no-such.json"]);
    assert!(status == 2 && err.contains("cannot read `no-such.json`"), "{err}");
    let (status, _, err) = dryroll(&["run", SMALL, "--report", "no-such-folder/page.html"]);
    assert!(status == 3 && err.contains("no-such-folder"), "{err}");
}

#[test]
fn a_page_of_a_hundred_pods_is_small() {
    let (status, page, _) = dryroll(&["run", "scenarios/fleet-wrong.yaml", "--replications", "1", "--format", "html"]);
    assert_eq!(status, 0);
    assert!(page.contains("<td>") && page.contains("fleet-wrong-new-99"));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}
