//! The command line as a user meets it: usage, help, exit statuses, where the result goes.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use crate::common::program::{self, Left};
use assert_cmd::Command;
use assert_cmd::cargo::CommandCargoExt;

const SMALL: &str = "tests/data/cli/small.yaml";

fn dryroll(line: &str) -> Left {
    program::dryroll(&line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn help_goes_to_stdout_and_lists_the_exit_statuses() {
    for line in ["--help", "run --help"] {
        let (status, out, err) = dryroll(line);
        assert_eq!((status, err.as_str()), (0, ""), "{line}");
        for code in ["0  fine", "1  an objective", "2  wrong usage", "3  the run failed", "4  can't tell"] {
            assert!(out.contains(code), "{code:?} is missing from\n{out}");
        }
    }
}

#[test]
fn only_commands_that_exist_are_listed() {
    let (_, out, _) = dryroll("--help");
    for there in [
        "run ",
        "sweep ",
        "compare ",
        "check ",
        "explain ",
        "lint ",
        "merge ",
        "report ",
        "validate ",
        "presets ",
        "recommend ",
        "ui ",
        "import ",
        "calibrate ",
        "completions ",
        "man ",
    ] {
        assert!(out.contains(there), "{there} is missing:\n{out}");
    }
}

#[test]
fn help_names_the_exit_statuses_that_a_command_has() {
    let names = |command: &str, status: char| {
        let (_, out, _) = dryroll(&format!("{command} --help"));
        let told = out.split_once("Exit status:").expect("it names them").1.to_owned();
        told.lines().any(|line| line.trim_start().starts_with(status))
    };
    for judges in ["run", "sweep", "compare", "check", "recommend"] {
        assert!(names(judges, '1') && names(judges, '4'), "{judges}");
    }
    assert!(names("lint", '1') && !names("lint", '4'));
    for never in ["explain", "validate", "report", "merge", "import", "calibrate", "ui"] {
        assert!(names(never, '2') && names(never, '3') && !names(never, '1') && !names(never, '4'), "{never}");
    }
}

#[test]
fn every_option_of_the_interface_is_there() {
    let (_, out, _) = dryroll("run --help");
    for option in [
        "--set",
        "--rate",
        "--service-time",
        "--workload",
        "--seed",
        "--replications",
        "--jobs",
        "--format",
        "--output",
        "--quiet",
        "--color",
        "--assumptions",
        "--report",
    ] {
        assert!(out.contains(option), "{option} is missing from\n{out}");
    }
    assert!(out.contains("table, json, csv, markdown"), "{out}");
}

#[test]
fn the_version_is_the_crates() {
    assert_eq!(dryroll("--version"), (0, format!("dryroll {}\n", env!("CARGO_PKG_VERSION")), String::new()));
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_wrong_on_stderr() {
    for (line, says) in [
        ("", "Usage"),
        ("rum x.yaml", "'run'"),
        ("run", "<FILE>"),
        ("run x.yaml --replications 0", "0 is not in 1..=1000000"),
        ("run x.yaml --replications ten", "invalid digit"),
        ("run x.yaml --jobs 0", "0 is not in 1..=1024"),
        ("run x.yaml --format yaml", "possible values: table, json, csv, markdown"),
        ("run x.yaml --set maxSurge", "expected PATH=VALUE"),
        ("run x.yaml --color sometimes", "possible values: auto, always, never"),
        ("run x.yaml --sed 3", "--seed"),
        ("run x.yaml y.yaml", "unexpected argument 'y.yaml'"),
    ] {
        let (status, out, err) = dryroll(line);
        assert_eq!((status, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(says), "{line}: {says:?} is missing from\n{err}");
    }
}

#[test]
fn a_file_that_is_not_there_exits_with_2() {
    let (status, out, err) = dryroll("run no-such-file.yaml");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("no-such-file.yaml"), "{err}");
}

fn small(options: &str) -> (i32, String, String) {
    dryroll(&format!("run {SMALL} --replications 3 {options}"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_run_in_which_time_stands_still_ends_with_3_and_says_what_goes_round() {
    let users = "--set clients.0.users.thinkTime=0s --set network.client=0s --set network.latency=0s";
    for command in ["run --replications 2", "explain", "compare --variant a:preStop=1s --replications 2"] {
        let (status, out, err) = dryroll(&format!("{command} tests/data/cli/users.yaml {users}"));
        assert_eq!((status, out.as_str()), (3, ""), "{command}: {err}");
        assert!(
            err.contains("was given up") && err.contains("time stands still") && err.contains("users of `clients.web`"),
            "{command}: {err}"
        );
    }
    let (status, ..) = dryroll("run --replications 2 tests/data/cli/users.yaml");
    assert_eq!(status, 0);
}

#[test]
fn the_table_answers_first_and_stdout_holds_nothing_else() {
    let (status, out, err) = small("");
    assert_eq!((status, err.as_str()), (0, ""));
    let answer = out.lines().nth(2).expect("an answer");
    assert!(out.starts_with("small · 5 replicas · "), "{out}");
    assert!(answer.starts_with("  A deploy drops "), "{answer}");
    assert!(out.contains("stale route"), "{out}");
    assert!(out.contains(&format!("dryroll run {SMALL} --replications 3 --set preStop=")), "{out}");
}

#[test]
fn the_proposed_setting_prevents_the_drops() {
    let (_, out, _) = small("");
    let proposal = out.lines().find(|l| l.contains("--set preStop=")).expect("a proposal");
    let command = proposal.trim().strip_prefix("dryroll ").expect("a command");
    let command = command.split("  ").next().expect("before the remark");
    let (status, out, _) = dryroll(command);
    assert_eq!(status, 0);
    assert!(out.contains("A deploy drops nothing") && out.contains("at most 63 % of deploys"), "{command}:\n{out}");
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    for format in ["table", "json", "csv", "markdown"] {
        let one = small(&format!("--format {format} --jobs 1"));
        assert_eq!(one.0, 0);
        assert_eq!(one, small(&format!("--format {format} --jobs 3")));
    }
}

#[test]
fn the_seed_is_said_and_decides() {
    let result = |options: &str| -> serde_json::Value {
        serde_json::from_str(&small(&format!("--format json {options}")).1).expect("JSON")
    };
    let (own, other) = (result(""), result("--seed 4"));
    assert_eq!((own["seed"].as_u64(), other["seed"].as_u64()), (Some(3), Some(4)));
    assert_eq!(own["replications"].as_u64(), Some(3));
    assert_ne!(own["digest"], other["digest"]);
}

#[test]
fn a_file_takes_the_result_whole_in_the_format_of_its_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("out.json");
    let (status, out, err) = small(&format!("-o {}", target.display()));
    assert_eq!((status, out.as_str(), err.as_str()), (0, "", ""));
    let text = fs::read_to_string(&target).expect("it is there");
    assert_eq!(text, small("--format json").1);
    assert_eq!(names(folder.path()), ["out.json"]);
}

#[test]
fn a_file_that_is_called_after_no_format_is_refused_by_every_command_before_anything_is_done() {
    for command in [
        "run no.yaml",
        "run no.yaml --worst 10",
        "sweep no.yaml",
        "compare no.yaml",
        "check no.yaml",
        "recommend no.yaml",
        "lint no.yaml",
        "explain no.yaml",
        "merge no.part",
        "validate",
        "import no.yaml",
        "calibrate no.log",
        "schema",
    ] {
        let (status, out, err) = dryroll(&format!("{command} -o no/such/x.pdf"));
        // A folder that is missing is found later, or else is not what is told.
        assert_eq!((status, out.as_str()), (2, ""), "{command}: {err}");
        assert!(err.contains("`.pdf`") && err.contains("there is ."), "{command}: {err}");
    }
    let (status, _, err) = small("-o x.jsn");
    assert!(status == 2 && err.contains("did you mean `.json`?"), "{err}");
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("x.pdf");
    assert_eq!(small(&format!("--format json -o {}", target.display())).0, 0, "what is said goes");
    assert!(fs::read_to_string(&target).expect("it is there").starts_with('{'));
}

#[test]
fn files_hold_no_colours_even_where_they_are_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("out.txt");
    assert_eq!(small(&format!("--color always -o {}", target.display())).0, 0);
    let text = fs::read_to_string(&target).expect("it is there");
    assert!(!text.contains('\x1b') && text.contains("A deploy drops"), "{text}");
    assert!(small("--color always").1.contains('\x1b'));
    assert!(!small("--color never").1.contains('\x1b') && !small("").1.contains('\x1b'));
}

#[test]
fn a_place_that_cannot_be_written_exits_with_3_before_anything_is_simulated() {
    let (status, out, err) = dryroll(&format!("run {SMALL} --replications 1000000 -o no/such/folder/out.json"));
    assert_eq!((status, out.as_str()), (3, ""));
    assert_eq!(err, "error: cannot write to `no/such/folder/out.json`: there is no folder `no/such/folder`\n");
}

#[test]
fn a_wrong_scenario_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("out.json");
    fs::write(&target, "before").expect("it is written");
    let (status, _, err) = small(&format!("--set replica=6 -o {}", target.display()));
    assert_eq!(status, 2);
    assert!(err.contains("replica"), "{err}");
    assert_eq!(fs::read_to_string(&target).expect("it is there"), "before");
    assert_eq!(names(folder.path()), ["out.json"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut command = std::process::Command::cargo_bin("dryroll").expect("the binary is built");
    command.args(["run", SMALL, "--replications", "40", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
    assert_eq!((child.wait().expect("it ends").code(), err.as_str()), (Some(0), ""));
}

#[test]
fn warnings_go_to_stderr_and_quiet_silences_them() {
    let (status, out, err) = small("--set preStop=31s");
    assert_eq!(status, 0);
    assert!(err.contains("warning") && !out.contains("warning"), "{err}");
    assert_eq!(small("--set preStop=31s --quiet"), (0, out, String::new()));
}

#[test]
fn a_steady_fleet_has_no_deploy() {
    let (status, out, _) = small("--set deploy=none");
    assert_eq!(status, 0);
    assert!(out.contains("no deploy · 3 simulated runs") && out.contains("The steady fleet drops nothing"), "{out}");
}

#[test]
fn assumptions_are_listed_whole_on_demand() {
    let few = small("").1;
    let all = small("--assumptions").1;
    assert!(few.contains("see --assumptions") && !all.contains("see --assumptions"), "{all}");
    let json: serde_json::Value = serde_json::from_str(&small("--format json").1).expect("JSON");
    let count = json["assumptions"].as_array().expect("a list").len();
    assert!(count > 0 && all.contains(&format!("Assumed ({count})")), "{all}");
}

#[test]
fn every_shell_is_told_of_every_command_and_that_files_are_files() {
    let commands = ["run", "sweep", "compare", "check", "lint", "merge", "validate", "recommend", "man"];
    for (shell, files) in [
        ("bash", "compgen -f"),
        ("zsh", "_files"),
        ("fish", "-r -F"),
        // Both complete an argument of which they know nothing as a file.
        ("elvish", "'dryroll;run'"),
        ("powershell", "'dryroll;run'"),
    ] {
        let (status, script, err) = dryroll(&format!("completions {shell}"));
        assert_eq!((status, err.as_str()), (0, ""), "{shell}");
        assert!(script.contains(files), "{shell}: {files:?} is missing");
        for command in commands {
            assert!(script.contains(command), "{shell} is not told of `{command}`");
        }
        assert_eq!(script, dryroll(&format!("completions {shell}")).1);
    }
    let (status, _, err) = dryroll("completions tcsh");
    assert_eq!(status, 2);
    assert!(err.contains("possible values: bash, elvish, fish, powershell, zsh"), "{err}");
}

#[test]
fn the_manual_has_a_page_for_every_command_with_its_options_and_exit_statuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let (status, out, err) = dryroll(&format!("man {}", first.display()));
    assert_eq!((status, out.as_str()), (0, ""));
    let mut pages = names(&first);
    pages.sort();
    assert!(err.contains(&format!("{} pages", pages.len())), "{err}");
    let (_, help, _) = dryroll("--help");
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let commands = commands.filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    let mut expected: Vec<String> = commands
        .filter_map(|l| l.split_whitespace().next())
        .filter(|c| *c != "help")
        .map(|c| format!("dryroll-{c}.1"))
        .collect();
    expected.push("dryroll.1".to_owned());
    expected.sort();
    assert_eq!(pages, expected);
    let run = fs::read_to_string(first.join("dryroll-run.1")).expect("it is there");
    for said in [".TH DRYROLL-RUN 1", "\\-\\-service\\-time", "Exit status:", "\\-\\-color"] {
        assert!(run.contains(said), "{said} is missing from\n{run}");
    }
    assert_eq!(dryroll(&format!("man {} --quiet", second.display())), (0, String::new(), String::new()));
    for page in pages {
        let [first, second] = [&first, &second].map(|folder| fs::read(folder.join(&page)).expect("it is there"));
        assert_eq!(first, second, "{page}");
    }
}

#[test]
fn a_manual_that_cannot_be_written_leaves_no_page_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "no folder").expect("it is written");
    let (status, _, err) = dryroll(&format!("man {}", file.display()));
    assert_eq!(status, 3);
    assert!(err.contains("cannot write to"), "{err}");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn what_was_held_is_in_every_result() {
    // preStop 0 s drops in every deploy.
    let line = format!("run {SMALL} --set preStop=0s --check --quiet");
    let (status, out, err) = dryroll(&line);
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(out.contains("objective") && out.contains("broken"), "{out}");
    let (_, out, _) = dryroll(&format!("{line} --format markdown"));
    assert!(out.contains("| objective |") && out.contains("| broken |"), "{out}");
    let (_, result) = program::json_of(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!((&result["verdict"], &result["objectives"][0]["verdict"]), (&"broken".into(), &"broken".into()));
    assert_eq!(result["schema"], "dryroll.result/1");
    let (_, out, _) = dryroll(&format!("{line} --format csv"));
    let (head, row) = out.trim_end().split_once('\n').expect("two lines");
    let at = head.split(',').position(|name| name == "verdict").expect("a column");
    assert_eq!(row.split(',').nth(at), Some("broken"));
    let (_, out, _) = dryroll(&format!("run {SMALL} --quiet --replications 2 --format json"));
    assert!(!out.contains("\"verdict\""), "nothing was held");
}

#[test]
fn a_file_that_looks_like_an_option_is_called_by_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(SMALL, folder.path().join("-dash.yaml")).expect("it is copied");
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    let output = command.args(["run", "-q", "--replications", "2", "--", "-dash.yaml"]).current_dir(&folder).output();
    let out = String::from_utf8(output.expect("it starts").stdout).expect("UTF-8");
    assert!(out.contains("dryroll run ./-dash.yaml "), "{out}");
}

#[test]
fn a_dash_is_stdout() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join(SMALL);
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    let command = command.current_dir(folder.path()).arg("run").arg(small).args(["--replications", "1", "--quiet"]);
    let output = command.args(["--format", "json", "-o", "-"]).output().expect("it starts");
    assert!(output.status.success() && output.stdout.starts_with(b"{"), "{output:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "no file of that name");
}

#[test]
fn a_folder_without_cases_is_no_corpus() {
    let folder = tempfile::tempdir().expect("a folder");
    let (status, out, err) = dryroll(&format!("validate --corpus {}", folder.path().display()));
    assert_eq!((status, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("there is no case in"), "{err}");
}

#[test]
fn a_member_of_a_list_goes_by_the_name_that_it_has_of_its_preset() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tiers.yaml");
    let tiers = "loadBalancer: [{name: edge, layer: 7}, {preset: ingress-nginx}]\nclients: [{name: web, rate: 5/s}]\ndeploy: none\n\
                 observe: {warmup: 0s, for: 1s}\n";
    fs::write(&file, tiers).expect("it is written");
    let run = |set: &str| dryroll(&format!("run {} --replications 1 --quiet --set {set}", file.display()));
    let (status, _, err) = run("loadBalancer.ingress-nginx.proxies=5");
    assert_eq!(status, 0, "{err}");
    assert_eq!(run("loadBalancer.haproxy.proxies=5").0, 2);
}

/// As YAML 1.2 spells them; a text in quotes is none.
#[test]
fn true_may_begin_with_a_capital() {
    let run =
        |value: &str| dryroll(&format!("run {SMALL} --replications 1 --quiet --set newVersion.neverReady={value}")).0;
    assert_eq!(["False", "FALSE", "false", "Falsch"].map(run), [0, 0, 0, 2]);
}

/// Objectives are fields of a scenario, whether the file has any or not.
#[test]
fn an_option_sets_an_objective() {
    let (status, out, err) = dryroll(&format!("check {SMALL} --set objectives.p99=1h --replications 2 --format json"));
    assert!((0..=4).contains(&status) && status != 2, "{err}");
    let told: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(told["objectives"][0]["objective"], "p99", "{out}");
    assert_eq!(dryroll(&format!("check {SMALL} --set objectives.p98=1h")).0, 2);
}

/// What stands under `Next` is copied into a shell: it runs, whatever things are called and wherever fields of one name stand.
#[cfg(unix)]
#[test]
fn what_is_proposed_next_can_be_run() {
    const TIERS: &str = "loadBalancer: [{name: edge, preset: nlb}, {name: my ingress, layer: 7, proxies: 2, DELAY\
        pod: {startup: 1s, termination: {drainWindow: 1s}}}]\n";
    const END: &str = "observe: {warmup: 1s, after: 5s}\n";
    let web = "clients: [{name: my app, rate: 40/s, connections: 20}]\n";
    let slow =
        "pod: {startup: 1s, serviceTime: {distribution: lognormal, p50: 300ms, p99: 2s}, termination: {preStop: 8s}}\n";
    let cases = [
        // A field that both tiers have.
        (format!("workload: {{replicas: 3}}\n{slow}{TIERS}{web}deploy: {{at: 3s}}\n").replace("DELAY", "deregistrationDelay: 0s,"), "deregistrationDelay="),
        // The tier itself is rolled.
        (format!("{TIERS}{web}deploy: {{at: 3s, rolls: my ingress}}\n").replace("DELAY", ""), "preStop="),
        // A population by its name.
        ("workload: {replicas: 2}\npod: {startup: 1s, termination: {drainWindow: 1s}}\nclients: [{name: my app, \
          streams: {count: 40, duration: {distribution: exponential, mean: 10m}, onDrain: finish}}]\ndeploy: {at: 3s}\n".to_owned(), "onDrain=close"),
        // A canary whose steps have a field of the same name.
        ("workload: {kind: Rollout, replicas: 1, strategy: {canary: {maxSurge: 0, maxUnavailable: 1, trafficRouting: null, \
          steps: [{setCanaryScale: {replicas: 1}}, {setWeight: 100}]}}}\npod: {startup: 2s}\nclients: [{name: my app, rate: 40/s}]\n\
          deploy: {at: 3s}\n".to_owned(), "replicas=2"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("it is.yaml");
    let program = assert_cmd::cargo::cargo_bin("dryroll");
    for (scenario, proposed) in cases {
        fs::write(&file, format!("{scenario}{END}")).expect("it is written");
        let output = std::process::Command::new(&program)
            .args(["run", "--replications", "2"])
            .arg(&file)
            .output()
            .expect("it starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let next: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("dryroll run ")).collect();
        assert!(next.iter().any(|line| line.contains(proposed)), "{proposed}: {text}");
        for line in next {
            let line = line.replacen("dryroll", program.to_str().expect("UTF-8"), 1);
            let status = std::process::Command::new("sh").args(["-c", &line]).output().expect("a shell").status;
            assert_eq!(status.code(), Some(0), "{line}");
        }
    }
}
