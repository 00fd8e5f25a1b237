//! `dryroll sweep` and `merge` as a user meets them: tidy rows, the same bytes however they came about, nothing lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

const SMALL: &str = "tests/data/cli/small.yaml";

fn command(line: &str) -> Command {
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(line.split_whitespace()).env("NO_COLOR", "1");
    command
}

struct Done {
    status: i32,
    out: String,
    err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { status: output.status.code().expect("it exits"), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn dryroll(line: &str) -> Done {
    command(line).output().expect("it starts").into()
}

/// What must go well.
fn fine(line: &str) -> Done {
    let done = dryroll(line);
    assert_eq!(done.status, 0, "{line}: {}", done.err);
    done
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows of a CSV under their columns' names.
fn rows(csv_text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

const GRID: &str = "--vary maxSurge=1,50%,100% --vary preStop=0s,2s --replications 3 --quiet";

#[test]
fn rows_are_the_grid_in_its_order_with_the_figures_of_run() {
    let done = fine(&format!("sweep {SMALL} {GRID}"));
    let rows = rows(&done.out);
    let settings: Vec<(&str, &str)> = rows.iter().map(|r| (r["maxSurge"].as_str(), r["preStop"].as_str())).collect();
    let expected = [("1", "0s"), ("1", "2s"), ("50%", "0s"), ("50%", "2s"), ("100%", "0s"), ("100%", "2s")];
    assert_eq!(settings, expected);
    // Each row is what `run` says of the same settings.
    for row in &rows {
        let (surge, stop) = (&row["maxSurge"], &row["preStop"]);
        let set = format!("--set maxSurge={surge} --set preStop={stop} --replications 3 --format csv --quiet");
        let run = self::rows(&fine(&format!("run {SMALL} {set}")).out);
        for (column, value) in &run[0] {
            assert_eq!(&row[column], value, "{column} at maxSurge {surge}, preStop {stop}");
        }
    }
    assert!(rows.iter().all(|r| r["stopped"] == "fixed" && r["error"].is_empty()));
}

#[test]
fn threads_change_nothing() {
    for format in ["csv", "json", "markdown", "table"] {
        let of = |jobs: u32| fine(&format!("sweep {SMALL} {GRID} --jobs {jobs} --format {format}")).out;
        assert!(of(1) == of(2), "{format} differs between one thread and two");
    }
}

#[test]
fn each_replication_can_have_a_row() {
    let all = rows(&fine(&format!("sweep {SMALL} {GRID} --each")).out);
    assert_eq!(all.len(), 18);
    assert!(all.iter().enumerate().all(|(n, r)| r["replication"] == (n % 3 + 1).to_string()));
    let means = rows(&fine(&format!("sweep {SMALL} {GRID}")).out);
    for (n, row) in means.iter().enumerate() {
        let dropped = all[3 * n..3 * n + 3].iter().map(|r| r["dropped"].parse::<f64>().expect("a number")).sum::<f64>();
        let mean: f64 = row["dropped"].parse().expect("a number");
        assert!((dropped / 3.0 - mean).abs() < 1e-9, "row {n}: {dropped} in three, {mean} on average");
    }
}

#[test]
fn the_same_accidents_befall_every_row() {
    // A setting that cannot matter gives the same history to the byte.
    let done =
        fine(&format!("sweep {SMALL} --vary progressDeadlineSeconds=500,600 --replications 3 --format json --quiet"));
    let json: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(json["schema"], "dryroll.sweep/1");
    assert_eq!(json["rows"][0]["digest"], json["rows"][1]["digest"]);
    assert_eq!(json["rows"][0]["summary"], json["rows"][1]["summary"]);
    assert_eq!(json["rows"][1]["values"]["progressDeadlineSeconds"], "600");
}

#[test]
fn a_combination_that_breaks_a_rule_is_reported_and_the_others_go_on() {
    let line = format!("sweep {SMALL} --vary maxSurge=0,1 --vary maxUnavailable=0,1 --replications 2");
    let allowed = fine(&format!("{line} --allow-failed"));
    let done = dryroll(&line);
    assert_eq!((done.status, &done.out), (3, &allowed.out), "what is missing is no success: {}", done.err);
    assert!(done.err.contains("--allow-failed") && !allowed.err.contains("--allow-failed"), "{}", done.err);
    let rows = rows(&done.out);
    assert_eq!(rows.len(), 4);
    assert!(
        rows[0]["error"].contains("never make progress") && rows[0]["dropped"].is_empty(),
        "{:?}",
        rows[0]["error"]
    );
    assert!(rows[1..].iter().all(|r| r["error"].is_empty() && !r["dropped"].is_empty()));
    assert!(done.err.contains("1 row could not be simulated"), "{}", done.err);
    let done = dryroll(&format!("{line} --fail-fast"));
    assert_eq!(done.status, 3, "{}", done.err);
    assert!(done.err.contains("never make progress"), "{}", done.err);
    let done = dryroll(&format!("sweep {SMALL} --vary maxSurge=0 --set maxUnavailable=0"));
    assert_eq!(done.status, 2, "{}", done.err);
}

#[test]
fn what_an_axis_tells_the_file_need_not() {
    let folder = folder();
    let file = folder.path().join("no-rate.yaml");
    fs::write(&file, read(Path::new(SMALL)).replace("    rate: 100/s\n", "")).expect("it is written");
    let line = format!("sweep {} --vary clients.web.rate=50/s,100/s --replications 2 --quiet", file.display());
    let rows = rows(&fine(&line).out);
    assert_eq!(rows.iter().map(|r| r["clients.web.rate"].as_str()).collect::<Vec<_>>(), ["50/s", "100/s"]);
}

#[test]
fn what_is_wrong_is_said_before_anything_starts() {
    for (line, says) in [
        (format!("sweep {SMALL}"), "nothing is varied"),
        (format!("sweep {SMALL} --vary maxSurg=1,2"), "maxSurge"),
        (format!("sweep {SMALL} --vary drainWindow=5s,ten"), "--vary"),
        (format!("sweep {SMALL} --vary maxSurge=1,2 --shard 3/2 -o x"), "no part 3 of 2"),
        (format!("sweep {SMALL} --vary maxSurge=1,2 --sort droped"), "did you mean `dropped`?"),
        (format!("sweep {SMALL} --vary maxSurge=1,2 --precision 5"), "as in 5%"),
        (format!("sweep {SMALL} --vary maxSurge=1,2 --precision 5% --replications 4"), "cannot be used with"),
    ] {
        let done = dryroll(&line);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{line}");
        assert!(done.err.contains(says), "{line}: {says:?} is missing from\n{}", done.err);
    }
}

#[test]
fn a_grid_without_end_is_refused_with_its_size_and_a_time() {
    let line =
        format!("sweep {SMALL} --vary drainWindow=0s..9s:1000 --vary preStop=0s..9s:1000 --vary lameDuck=0s..9s:1000");
    let done = dryroll(&line);
    assert_eq!(done.status, 2);
    for says in ["1,000,000,000 combinations", " h ", "--sample"] {
        assert!(done.err.contains(says), "{says:?} is missing from\n{}", done.err);
    }
    let rows = rows(&fine(&format!("{line} --sample 7 --replications 1 --quiet")).out);
    assert_eq!(rows.len(), 7);
}

#[test]
fn parts_are_merged_to_the_bytes_of_the_whole() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let whole = at("whole.csv");
    fine(&format!("sweep {SMALL} {GRID} -o {whole}"));
    let parts: Vec<String> = (1..=4).map(|i| at(&format!("part-{i}.jsonl"))).collect();
    for (i, part) in parts.iter().enumerate() {
        fine(&format!("sweep {SMALL} {GRID} --shard {}/4 -o {part}", i + 1));
    }
    // In any order of the parts, and in every format.
    let merged = at("merged.csv");
    fine(&format!("merge {} {} {} {} -o {merged}", parts[2], parts[0], parts[3], parts[1]));
    assert!(read(Path::new(&whole)) == read(Path::new(&merged)), "the merged file differs from the whole");
    for format in ["json", "markdown", "table"] {
        let whole = fine(&format!("sweep {SMALL} {GRID} --format {format}")).out;
        assert!(whole == fine(&format!("merge {} --format {format}", parts.join(" "))).out, "{format} differs");
    }
    refuses_what_does_not_belong_together(&parts, &at);
}

fn refuses_what_does_not_belong_together(parts: &[String], at: &dyn Fn(&str) -> String) {
    let refused = |line: &str, says: &str| {
        let out = at("refused.csv");
        let done = dryroll(&format!("merge {line} -o {out}"));
        assert_eq!(done.status, 2, "{line}: {}", done.err);
        assert!(done.err.contains(says), "{line}: {says:?} is missing from\n{}", done.err);
        assert!(!Path::new(&out).exists(), "a refused merge leaves nothing");
    };
    let [one, two, three, four] = [0, 1, 2, 3].map(|i| parts[i].as_str());
    refused(&format!("{one} {two} {four}"), "part 3/4 is missing");
    refused(&format!("{one} {two} {three} {three} {four}"), "part 3/4 is there more than once");
    refused(SMALL, "is no part of a sweep");
    refused(&format!("{one} {two} {three} {}", at("none.jsonl")), "there is no file");
    let whole = fs::read(four).expect("a part");
    let torn = at("torn.jsonl");
    fs::write(&torn, &whole[..whole.len() - 40]).expect("it is written");
    refused(&format!("{one} {two} {three} {torn}"), "is torn");
    let changed = at("changed.jsonl");
    let text = String::from_utf8(whole).expect("UTF-8").replacen("\"replications\":3", "\"replications\":4", 2);
    fs::write(&changed, text).expect("it is written");
    refused(&format!("{one} {two} {three} {changed}"), "changed.jsonl`");
    for (options, says) in [
        ("--seed 2", "seed 3"),
        ("--set replicas=6", "differ in the scenario's workload"),
        ("--vary preStop=0s,3s", "other values of preStop"),
        ("--replications 4", "replications 3"),
    ] {
        let foreign = at("foreign.jsonl");
        let base =
            if options.contains("replications") { GRID.replace("--replications 3", "") } else { GRID.to_owned() };
        let base = if options.contains("preStop") { base.replace("--vary preStop=0s,2s", "") } else { base };
        fine(&format!("sweep {SMALL} {base} {options} --shard 4/4 -o {foreign}"));
        refused(&format!("{one} {two} {three} {foreign}"), says);
    }
}

/// A sweep that takes a while.
fn slow() -> String {
    "sweep tests/data/cli/slow.yaml --vary drainWindow=0s..11s:12 --replications 2 --jobs 1".to_owned()
}

/// Starts a sweep and waits until its journal holds so many rows.
fn start(line: &str, journal: &Path, at_least: usize) -> Child {
    let mut child = command(line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    for _ in 0..6_000 {
        let lines = fs::read_to_string(journal).map_or(0, |text| text.lines().count());
        if lines > at_least {
            return child;
        }
        assert!(child.try_wait().expect("it can be asked").is_none(), "it was over before it could be stopped");
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no row in a minute");
}

#[test]
fn what_is_killed_goes_on_and_ends_with_the_same_bytes() {
    let folder = folder();
    let [whole, killed]: [PathBuf; 2] = ["whole.csv", "killed.csv"].map(|n| folder.path().join(n));
    let journal = folder.path().join("killed.csv.journal");
    fine(&format!("{} --quiet -o {}", slow(), whole.display()));
    let line = format!("{} --quiet -o {}", slow(), killed.display());
    let mut child = start(&line, &journal, 3);
    // SIGKILL.
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    assert!(!killed.exists(), "the output is whole or absent");
    let finished = read(&journal).lines().count();
    assert!((4..12).contains(&finished), "killed in the middle: {finished} lines");
    // As if it had been killed while it wrote a line.
    let mut torn = fs::read(&journal).expect("a journal");
    torn.extend_from_slice(b"{\"row\":11,\"values\":[\"11s\"],\"replica");
    fs::write(&journal, torn).expect("it is written");

    refuses_to_go_on_with_another_sweep(&line, &journal);
    // One that was killed before its first line was whole has nothing to go on with, and begins.
    let begun = folder.path().join("begun.csv");
    fs::write(folder.path().join("begun.csv.journal"), "{\"schema\":\"dryr").expect("it is written");
    fine(&format!("{} --quiet --resume -o {}", slow(), begun.display()));
    assert!(read(&whole) == read(&begun), "the begun file differs from the whole");
    let done = dryroll(&line);
    assert_eq!(done.status, 2, "without --resume nothing that was finished is thrown away");
    assert!(done.err.contains("--resume"), "{}", done.err);
    fine(&format!("{line} --resume"));
    assert!(read(&whole) == read(&killed), "the resumed file differs from the whole");
    assert!(!journal.exists(), "the journal has done its work");
}

fn refuses_to_go_on_with_another_sweep(line: &str, journal: &Path) {
    let before = fs::read(journal).expect("a journal");
    for (other, says) in [
        (format!("{line} --resume --seed 7"), "seed 1"),
        (format!("{line} --resume --set replicas=6"), "workload"),
        (format!("{line} --resume --set pod.queue=7"), "pod"),
        (line.replace("--replications 2", "--replications 3 --resume"), "replications 2"),
        (format!("{line} --resume --each"), "--each"),
    ] {
        let done = dryroll(&other);
        assert_eq!(done.status, 2, "{other}: {}", done.err);
        assert!(done.err.contains("belongs to another sweep") && done.err.contains(says), "{says:?}: {}", done.err);
    }
    // Another version of dryroll.
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let older = String::from_utf8(before.clone()).expect("UTF-8").replacen(&version, "\"version\":\"0.0.1\"", 1);
    fs::write(journal, older).expect("it is written");
    let done = dryroll(&format!("{line} --resume"));
    assert!(done.status == 2 && done.err.contains("dryroll 0.0.1"), "{}", done.err);
    fs::write(journal, before).expect("it is written");
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_is_finished_and_says_how_to_go_on() {
    let folder = folder();
    let output = folder.path().join("rows.csv");
    let journal = folder.path().join("rows.csv.journal");
    let child = start(&format!("{} -o {}", slow(), output.display()), &journal, 2);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill is there").success());
    let done: Done = child.wait_with_output().expect("it ends").into();
    assert_eq!(done.status, 3, "{}", done.err);
    assert!(done.err.contains("interrupted") && done.err.contains("--resume"), "{}", done.err);
    assert!(journal.exists() && !output.exists());
    let resume = done.err.lines().find(|l| l.contains("--resume")).expect("a command");
    fine(resume.trim().strip_prefix("dryroll ").expect("a command of dryroll"));
    assert_eq!(rows(&read(&output)).len(), 12);
}

#[test]
fn time_is_over_when_it_is_over() {
    let folder = folder();
    let output = folder.path().join("rows.csv");
    let done = dryroll(&format!("{} --timeout 1ms -o {}", slow(), output.display()));
    assert_eq!(done.status, 3);
    assert!(done.err.contains("the time is over") && !output.exists(), "{}", done.err);
}

#[test]
fn replications_are_added_until_the_answer_is_there() {
    // preStop 0 s drops in every deploy, 2 s in none.
    let line = format!("sweep {SMALL} --vary preStop=0s,2s --quiet");
    let decided = rows(&fine(&format!("{line} --until-decided")).out);
    assert_eq!((decided[0]["verdict"].as_str(), decided[0]["stopped"].as_str()), ("broken", "enough"));
    assert_eq!((decided[1]["verdict"].as_str(), decided[1]["replications"].as_str()), ("holds", "59"));
    let few = rows(&fine(&format!("{line} --until-decided --max-replications 20")).out);
    assert_eq!((few[1]["verdict"].as_str(), few[1]["stopped"].as_str()), ("undecided", "limit"));

    let precise = rows(&fine(&format!("{line} --precision dropped=10%")).out);
    let number = |column: &str| precise[0][column].parse::<f64>().expect("a number");
    let half = (number("dropped_hi") - number("dropped_lo")) / 2.0;
    assert!(half <= 0.1 * number("dropped"), "{half} either way of {}", number("dropped"));
    let n: u32 = precise[0]["replications"].parse().expect("a number");
    assert!((10..1_000).contains(&n) && precise[0]["stopped"] == "enough", "{n}");

    for (options, status) in [
        ("preStop=0s,2s", 1),
        ("maxSurge=1,2 --set preStop=2s", 0),
        ("maxSurge=1,2 --set preStop=2s --replications 9", 4),
        ("maxSurge=1,2 --set preStop=2s --replications 9 --allow-undecided", 0),
    ] {
        assert_eq!(dryroll(&format!("sweep {SMALL} --quiet --check --vary {options}")).status, status, "{options}");
    }
}

#[test]
fn a_table_says_what_was_played_and_by_which_command() {
    let line = format!("sweep {SMALL} --vary preStop=0s,2s --quiet --check");
    let table = dryroll(&format!("{line} --format table")).out;
    assert!(table.lines().next().is_some_and(|head| head.contains(" to 59 simulated deploys")), "{table}");
    let command = table.lines().find_map(|l| l.trim().strip_prefix("every figure: dryroll ")).expect("a command");
    assert!(command.contains("--check"), "{command}");
    assert!(dryroll(&format!("{command} --quiet")).out == dryroll(&line).out, "it plays what the table shows");
}

#[test]
fn a_number_of_replications_is_cut_short_and_says_the_same() {
    // From a drop in every deploy to none at all; in between some deploys have one.
    let line = format!(
        "sweep {SMALL} --vary preStop=0s,950ms,990ms,994ms,996ms,998ms,1s,2s --vary maxSurge=1,100% --quiet --replications 10"
    );
    let whole = dryroll(&format!("{line} --check"));
    assert_eq!(whole.status, 1, "some are broken: {}", whole.err);
    let whole = rows(&whole.out);
    let cut = fine(&format!("{line} --until-decided --jobs 1")).out;
    assert!(cut == fine(&format!("{line} --until-decided --jobs 3")).out, "threads change what is cut");
    let mut played = Vec::new();
    for (whole, cut) in whole.iter().zip(rows(&cut)) {
        assert_eq!(whole["verdict"], cut["verdict"], "preStop {}", cut["preStop"]);
        let stopped = if cut["verdict"] == "undecided" { "limit" } else { "enough" };
        assert_eq!((whole["stopped"].as_str(), cut["stopped"].as_str()), ("fixed", stopped));
        played.push(cut["replications"].parse::<u32>().expect("a number"));
    }
    // The third failure decides, the eighth success leaves nothing to be decided; luck lies in between.
    assert_eq!((played[0], played[15]), (3, 8), "{played:?}");
    assert!(played.iter().all(|n| (3..=10).contains(n)) && played.iter().any(|n| ![3, 8].contains(n)), "{played:?}");
    let last = |line: &str| rows(&fine(line).out).pop().expect("a row");
    let holds = last(&format!("sweep {SMALL} --vary preStop=2s --quiet --replications 60 --until-decided"));
    assert_eq!((holds["verdict"].as_str(), holds["replications"].as_str()), ("holds", "60"));
    let done = dryroll(&format!("compare {SMALL} --variant a:preStop=2s --replications 9 --until-decided"));
    assert!(done.status == 2 && done.err.contains("cannot be used with"), "{}", done.err);
}
