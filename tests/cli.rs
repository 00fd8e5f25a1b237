//! The command line as a user meets it, without a simulation: usage, help, exit statuses.

use assert_cmd::Command;

fn dryroll(line: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    let output = command.args(line.split_whitespace()).env("NO_COLOR", "1").output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
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
    assert!(out.contains("run "), "{out}");
    for later in ["sweep", "compare", "recommend", "explain"] {
        assert!(!out.contains(later), "{later} does not exist yet:\n{out}");
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
