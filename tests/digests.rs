//! What each scenario gives, to the byte: a change here is a changed result, and belongs first into the changelog.
//!
//! The recorded values hold for every build: a debug and a release test that both pass have given the same bytes.
//! `UPDATE_GOLDEN=1 cargo test --test digests` records them anew; with `CI` set they are only compared.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;

/// The result without what came later and changes no other figure: the remark on what lies beyond what was measured (ranges grow with
/// the corpus), and what is told of retries and recovery.
fn without_later(json: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(json).expect("UTF-8");
    let remark = text.find("\"beyondMeasured\":[").expect("a remark");
    let rest = remark + text[remark..].find("],").expect("its end") + 2;
    let recovery = text.find(",\"recovery\":{").expect("a figure");
    let after = recovery + text[recovery..].find("},\"timeseries\":").expect("it is the last of the summary");
    [&text[..remark], &text[rest..recovery], &text[after..]].concat().into_bytes()
}

/// Fowler, Noll and Vo's hash of the JSON result.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_scenario_gives_the_recorded_bytes() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut scenarios: Vec<String> = fs::read_dir(root.join("scenarios"))
        .expect("scenarios/ is there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    scenarios.sort();
    let mut found = String::new();
    for name in scenarios {
        let file = format!("scenarios/{name}");
        let output = Command::cargo_bin("dryroll")
            .expect("the binary was built")
            .current_dir(&root)
            .args(["run", &file, "--format", "json", "--replications", "2", "--quiet"])
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        writeln!(found, "{name} {:016x}", hash(&without_later(&output.stdout))).expect("writing to a string");
    }
    let golden = root.join("tests/golden/digests.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        fs::write(&golden, &found).expect("the golden file can be written");
    }
    let recorded = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(found, recorded, "results changed: see the head of this file, and CHANGELOG.md");
}
