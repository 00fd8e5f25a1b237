//! Memory depends on what is under way, not on how much has been: a run five times as long takes no more of it. And what is
//! kept to be forked takes what it says.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use dryroll::scenario::Scenario;
use dryroll::simulate::Steady;

const SCENARIO: &str = "
workload: {replicas: 100, strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}}
pod: {startup: 8s, termination: {preStop: 5s}}
clients: [{name: web, rate: 4000/s, connections: 1000}]
deploy: {at: 20s}
observe: {warmup: 10s, after: 10s}
";

/// The largest resident size of a forecast that is observed for so long after the deploy [KiB], and its requests.
fn peak(after: &str) -> (u64, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let [scenario, result] = ["scenario.yaml", "result.json"].map(|name| folder.path().join(name));
    fs::write(&scenario, SCENARIO).expect("it can be written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dryroll"))
        .args(["run", "--replications", "1", "--jobs", "1", "--quiet", "--set", after])
        .arg(&scenario)
        .arg("-o")
        .arg(&result)
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut peak = 0;
    let status = loop {
        // Gone once the child has ended: the kernel keeps it up to date until then, and it never falls.
        peak = high_water_mark(child.id()).unwrap_or(peak);
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{status}");
    let text = fs::read_to_string(result).expect("a result");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    (peak, json["simulated"]["requests"].as_u64().expect("a count"))
}

/// `VmHWM` of a process [KiB].
fn high_water_mark(process: u32) -> Option<u64> {
    memory(&process.to_string(), "VmHWM:")
}

/// What Linux says of the memory of a process [KiB].
fn memory(process: &str, what: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn memory_does_not_grow_with_the_number_of_requests() {
    let ((short, few), (long, many)) = (peak("after=10s"), peak("after=500s"));
    if short == 0 || long == 0 {
        // No /proc here.
        return;
    }
    let more = many - few;
    assert!(more > 1_500_000, "{few} and {many} requests are too close to tell");
    // A plotted second costs some hundred bytes however many requests it sees: half a byte for each leaves room for that,
    // and none for anything that is kept for a request.
    let growth = long.saturating_sub(short) * 1024;
    assert!(growth < more / 2, "{growth} bytes more for {more} requests more ({short} and {long} KiB)");
}

#[test]
fn a_steady_state_takes_about_what_it_says() {
    let scenario = Scenario::from_yaml(SCENARIO).expect("a valid scenario");
    let one = Steady::of(&scenario, 1, 0);
    let resident = || memory("self", "VmRSS:").map(|kib| kib * 1024);
    let Some(before) = resident() else { return };
    let copies: Vec<Steady> = (0..50).map(|_| one.clone()).collect();
    let taken = resident().expect("as before").saturating_sub(before) as f64;
    let said = copies.iter().map(Steady::bytes).sum::<usize>() as f64;
    assert!((0.8..1.25).contains(&(said / taken)), "{said} bytes were said, and {taken} taken");
}
