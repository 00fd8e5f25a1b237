//! Whole texts of what a scenario, `--vary` and `--variant` are read as, right or wrong:
//! `tests/data/scenario/sweep/NAME.yaml` and `.txt`.
//!
//! `UPDATE_GOLDEN=1 cargo test` rewrites the expected texts; with `CI` set it only compares.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::common::golden::{assert_golden, yaml_files};
use dryroll::engine::{Purpose, Streams};
use dryroll::scenario::{Assignment, Axis, Diag, Draft, Request, fingerprint};

const FOLDER: &str = "tests/data/scenario/sweep";

fn told(diags: &[Diag]) -> String {
    let texts: Vec<String> = diags.iter().map(|d| d.render(false) + "\n").collect();
    texts.join("\n") + "\n"
}

fn step(assignments: &[Assignment]) -> String {
    assignments.iter().map(Assignment::text).collect::<Vec<_>>().join(" & ")
}

/// Path and values of each axis, the middle of a long one left out.
fn axes(axes: &[Axis]) -> String {
    let mut text = String::new();
    for axis in axes {
        let mut steps: Vec<String> = (0..axis.len()).map(|n| step(axis.step(n))).collect();
        if steps.len() > 12 {
            let left_out = format!("… {} more …", steps.len() - 8);
            steps.splice(4..steps.len() - 4, [left_out]);
        }
        let count = if axis.needs_count().is_some() { " (no count)" } else { "" };
        writeln!(text, "{}{count}", axis.paths().collect::<Vec<_>>().join(" & ")).expect("a string takes any text");
        for step in steps {
            writeln!(text, "  {step}").expect("a string takes any text");
        }
    }
    text
}

#[test]
fn every_sweep_is_told_as_recorded() {
    let paths = yaml_files(FOLDER);
    assert!(paths.len() > 15, "only {} cases", paths.len());
    for path in paths {
        let text = fs::read_to_string(&path).expect("a case can be read");
        let options = |name: &str| -> Vec<String> {
            text.lines().filter_map(|l| l.strip_prefix(&format!("# {name}: "))).map(ToOwned::to_owned).collect()
        };
        let (set, variants) = (options("set"), options("variant"));
        let draft = Draft::open(&Request { set: &set, ..Request::new(&path) }).unwrap_or_else(|d| panic!("{}", d[0]));
        let actual = if variants.is_empty() {
            draft.axes(&options("vary")).map_or_else(|d| told(&d), |a| axes(&a))
        } else {
            let listed = |v: &dryroll::scenario::Variant| {
                let settings = v.assignments.iter().map(|a| format!("  {a}"));
                std::iter::once(v.name.clone()).chain(settings).collect::<Vec<_>>().join("\n") + "\n"
            };
            draft.variants(&variants).map_or_else(|d| told(&d), |v| v.iter().map(listed).collect())
        };
        assert_golden(&path.with_extension("txt"), &actual);
    }
}

fn open(text: &str) -> Draft {
    Draft::open_str("test.yaml", text, &[]).unwrap_or_else(|d| panic!("{}", d[0]))
}

fn prints(draft: &Draft, assignments: &[Assignment]) -> Vec<(&'static str, u64)> {
    let loaded = draft.with(assignments).unwrap_or_else(|d| panic!("{}", d[0]));
    fingerprint(&loaded.scenario, loaded.objectives.as_ref())
}

const LEAST: &str = "clients: [{name: web, rate: 100/s}]\n";

/// What a row prints is what `--set` takes: the scenario that comes of it is the row's.
#[test]
fn a_row_is_the_scenario_that_its_own_text_sets() {
    for name in ["every_kind", "zip", "zips", "vary_zip", "combinations"] {
        let path = Path::new(FOLDER).join(name).with_extension("yaml");
        let text = fs::read_to_string(&path).expect("a case can be read");
        let vary: Vec<String> = text.lines().filter_map(|l| l.strip_prefix("# vary: ")).map(str::to_owned).collect();
        let draft = Draft::open(&Request::new(&path)).expect("it is right");
        let mut differ = 0;
        let base = prints(&draft, &[]);
        for axis in draft.axes(&vary).unwrap_or_else(|d| panic!("{}", d[0])) {
            for n in 0..axis.len() {
                let row = axis.step(n);
                let set: Vec<String> = row.iter().map(ToString::to_string).collect();
                let typed = Draft::open(&Request { set: &set, ..Request::new(&path) }).expect("it is right");
                assert_eq!(prints(&draft, row), prints(&typed, &[]), "{name}: {set:?}");
                differ += usize::from(prints(&draft, row) != base);
            }
        }
        assert!(differ >= 3, "{name}: the axes change next to nothing");
    }
}

/// Rows are typed on many threads from one draft.
#[test]
fn a_draft_is_shared_between_threads() {
    let draft = open(LEAST);
    let axes = draft.axes(&["maxSurge=1..64:64".to_owned()]).expect("an axis");
    let typed = |n: usize| prints(&draft, axes[0].step(n));
    let alone: Vec<_> = (0..64).map(typed).collect();
    let halves = std::thread::scope(|scope| {
        let halves = [0..32, 32..64].map(|rows| scope.spawn(|| rows.map(typed).collect::<Vec<_>>()));
        halves.map(|half| half.join().expect("no panic"))
    });
    assert_eq!(halves.concat(), alone);
}

#[test]
fn a_combination_fails_alone() {
    let draft = open("clients: [{name: web, rate: 100/s}]\nsweep: {maxSurge: [0, 1], maxUnavailable: [0, 1]}");
    let axes = draft.axes(&[]).expect("each value is right by itself");
    let row = |a: usize, b: usize| [axes[0].step(a), axes[1].step(b)].concat();
    let diags = draft.with(&row(0, 0)).expect_err("nothing could ever move");
    assert_eq!(diags[0].code, "stuck-rollout");
    for (a, b) in [(0, 1), (1, 0), (1, 1)] {
        assert!(draft.with(&row(a, b)).is_ok(), "{a}, {b}");
    }
}

/// The deploy itself is compared under the same traffic, also where that had to be assumed.
#[test]
fn assumed_traffic_stays_the_same_whatever_is_varied() {
    let path = Path::new("tests/data/manifests/checkout.yaml");
    let draft = Draft::open(&Request::new(path)).expect("a manifest");
    let rate = draft.assumed_rate().expect("nothing tells the traffic").to_owned();
    let axes = draft.axes(&["replicas=6,60".to_owned()]).expect("an axis");
    let clients = |row: &[Assignment]| prints(&draft, row).into_iter().find(|(part, _)| *part == "clients");
    assert_eq!(clients(axes[0].step(0)), clients(axes[0].step(1)));
    let typed = Draft::open(&Request { rate: Some(&rate), ..Request::new(path) }).expect("a manifest");
    assert_eq!(prints(&typed, axes[0].step(1)), prints(&draft, axes[0].step(1)));
    let axes = draft.axes(&["clients.traffic.users={count: 9, thinkTime: 1s}".to_owned()]).expect("an axis");
    assert!(draft.with(axes[0].step(0)).is_ok(), "other traffic takes the place of the assumed one");
}

#[test]
fn a_file_that_many_rows_name_is_read_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("trace.csv"), "1\n2\n3\n").expect("a file can be written");
    let path = folder.path().join("scenario.yaml");
    fs::write(&path, "clients: [{name: web, trace: trace.csv}]\n").expect("a file can be written");
    let draft = Draft::open(&Request::new(&path)).expect("a scenario");
    let axes = draft.axes(&["maxSurge=1,2".to_owned()]).expect("an axis");
    let first = prints(&draft, axes[0].step(0));
    fs::remove_file(folder.path().join("trace.csv")).expect("it is there");
    let second = prints(&draft, axes[0].step(1));
    let differing: Vec<&str> = first.iter().zip(&second).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect();
    assert_eq!(differing, ["workload"]);
}

/// Each change shows in its own part, and nothing else in any.
#[test]
fn a_fingerprint_says_which_part_differs() {
    let of = |set: &[&str], more: &str| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        let draft = Draft::open_str("test.yaml", &format!("{LEAST}{more}"), &set).expect("a scenario");
        prints(&draft, &[])
    };
    let base = of(&[], "");
    let differing = |other: Vec<(&'static str, u64)>| -> Vec<&'static str> {
        base.iter().zip(&other).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect()
    };
    assert_eq!(differing(of(&["name=other", "replicas=1", "clients.web.timeout=10000ms"], "")), [""; 0]);
    assert_eq!(differing(of(&["seed=2"], "")), ["seed"]);
    assert_eq!(differing(of(&["replicas=2"], "")), ["workload"]);
    assert_eq!(differing(of(&["preStop=1ns"], "")), ["pod", "newVersion"]);
    assert_eq!(differing(of(&["newVersion.errorRate=1%"], "")), ["newVersion"]);
    assert_eq!(differing(of(&["proxies=4"], "")), ["loadBalancer"]);
    assert_eq!(differing(of(&["network.latency=0.6ms"], "")), ["network"]);
    assert_eq!(differing(of(&["handshake.time=3ms"], "")), ["handshake"]);
    assert_eq!(differing(of(&["clients.web.rate=100.0000001/s"], "")), ["clients"]);
    assert_eq!(differing(of(&["deploy.at=61s"], "")), ["deploy"]);
    assert_eq!(differing(of(&["observe.after=61s"], "")), ["observe"]);
    assert_eq!(differing(of(&[], "objectives: {excess: 0}")), ["objectives"]);
}

/// Damages sweeps and options in many ways; whatever comes of it, it must be an answer.
#[test]
fn damaged_sweeps_never_panic() {
    const BITS: &[u8] = b"{}[]:,-./%'\"\n 019s~";
    let text = fs::read_to_string(Path::new(FOLDER).join("every_kind.yaml")).expect("a case can be read");
    let options =
        ["drainWindow=0s..60s:7", "preStop,queue=[0s, 3],[5s, 4]", "a:maxSurge=1,startup={distribution: gamma}"];
    for case in 0..800 {
        let mut dice = Streams::new(2, case).stream(Purpose::Balance, 0);
        let mut damage = |text: &str, from: usize| {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=dice.below(3) {
                let at = from + dice.below((bytes.len() - from) as u32) as usize;
                match dice.below(3) {
                    0 => bytes[at] = BITS[dice.below(BITS.len() as u32) as usize],
                    1 => bytes.insert(at, BITS[dice.below(BITS.len() as u32) as usize]),
                    _ => drop(bytes.remove(at)),
                }
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let sweep = text.find("sweep:").expect("the case has one");
        let file = if case % 2 == 0 { damage(&text, sweep) } else { text[..sweep].to_owned() };
        let vary = [damage(options[0], 0), damage(options[1], 0)];
        let variant = [damage(options[2], 0)];
        let Ok(draft) = Draft::open_str("damaged.yaml", &file, &[]) else { continue };
        match draft.axes(&vary) {
            Ok(axes) => assert!(axes.iter().all(|a| !a.is_empty() && a.paths().count() == a.step(a.len() - 1).len())),
            Err(diags) => assert!(diags.iter().all(|d| !d.render(false).is_empty())),
        }
        match draft.variants(&variant) {
            Ok(variants) => assert_eq!(variants.len(), 1),
            Err(diags) => assert!(diags.iter().all(|d| !d.render(false).is_empty())),
        }
    }
}
