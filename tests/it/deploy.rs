//! The files in `deploy/` and the action: well-formed, in agreement with each other and with what `--shard auto` reads. One
//! scheduler runs its files for real: `tests/engine/run`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dryroll::scenario::tree::{Node, Source};
use dryroll::scenario::yaml;
use dryroll::study::shard_env::from_environment;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The documents of a file of YAML.
fn documents(path: &str) -> Vec<Node> {
    yaml::parse(&Source::new(path, text(path), 0)).unwrap_or_else(|diag| panic!("{path}: {diag:?}"))
}

fn document(path: &str) -> Node {
    let mut all = documents(path);
    assert_eq!(all.len(), 1, "{path}");
    all.remove(0)
}

/// The value at a path that must be there.
#[track_caller]
fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
    node.at(path).unwrap_or_else(|| panic!("nothing at {path}"))
}

#[track_caller]
fn word<'a>(node: &'a Node, path: &str) -> &'a str {
    at(node, path).text().unwrap_or_else(|| panic!("no word at {path}"))
}

fn words(node: &Node) -> Vec<&str> {
    node.items().iter().filter_map(Node::text).collect()
}

/// All files below `deploy/`, relative to the root.
fn shipped() -> Vec<String> {
    let mut folders = vec![root().join("deploy")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(root()).expect("it was found there");
                found.push(relative.to_str().expect("a plain name").replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    PathBuf::from(path).extension().is_some_and(|e| extensions.iter().any(|x| e == *x))
}

/// A run of the same program for each part, as all of these files write it.
fn assert_one_part(args: &[&str], part: &str) {
    assert_eq!(args[0], "sweep");
    assert!(args.windows(2).any(|pair| pair == ["--shard", "auto"]), "{args:?}");
    assert!(args.contains(&"--resume"), "what is started again is refused without: {args:?}");
    assert!(args.windows(2).any(|pair| pair[0] == "-o" && pair[1].ends_with(part)), "{args:?}");
}

#[test]
fn every_file_of_yaml_is_well_formed() {
    let files: Vec<String> = shipped().into_iter().filter(|path| has_extension(path, &["yml", "yaml"])).collect();
    assert!(files.len() >= 3, "{files:?}");
    for path in files.iter().map(String::as_str).chain(["action.yml"]) {
        assert!(!documents(path).is_empty(), "{path} holds nothing");
    }
}

#[test]
fn kubernetes_runs_as_many_pods_as_there_are_parts_and_then_joins_them() {
    let docs = documents("deploy/kubernetes/indexed-job.yaml");
    let kinds: Vec<&str> = docs.iter().map(|doc| word(doc, "kind")).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Job", "Job"]);
    let [claim, sweep, merge] = &docs[..] else { unreachable!("three, as just seen") };

    let parts: u32 = word(sweep, "spec.completions").parse().expect("a number");
    assert_eq!(word(sweep, "spec.completionMode"), "Indexed");
    assert!(word(sweep, "spec.parallelism").parse::<u32>().expect("a number") <= parts);
    let container = at(sweep, "spec.template.spec.containers.sweep");
    assert_eq!(word(container, "env.SHARDS.value"), parts.to_string(), "completions and SHARDS must agree");
    assert_one_part(&words(at(container, "args")), "part-$(JOB_COMPLETION_INDEX).jsonl");
    let policy = at(sweep, "spec.podFailurePolicy.rules.1.onExitCodes");
    assert_eq!((word(policy, "containerName"), words(at(policy, "values"))), ("sweep", vec!["2"]));

    // The merge waits for the parts, and finds them on the same volume.
    assert_eq!(word(merge, "spec.suspend"), "true");
    for job in [sweep, merge] {
        let pod = at(job, "spec.template.spec");
        assert_eq!(word(pod, "restartPolicy"), "Never");
        assert_eq!(word(pod, "volumes.parts.persistentVolumeClaim.claimName"), word(claim, "metadata.name"));
        assert_eq!(word(pod, "containers.0.volumeMounts.parts.mountPath"), "/parts");
        assert_eq!(word(pod, "containers.0.image"), word(container, "image"));
    }
    let volume = at(sweep, "spec.template.spec.volumes.scenario.configMap.name");
    assert_eq!(volume.text(), Some(word(sweep, "metadata.name")));
}

#[test]
fn gitlab_runs_its_parts_in_parallel_and_then_joins_them() {
    let doc = document("deploy/gitlab/sweep.yml");
    let sweep = at(&doc, "sweep");
    assert!(word(sweep, "parallel").parse::<u32>().expect("a number") > 1);
    let script = words(at(sweep, "script"));
    let command: Vec<&str> = script.last().expect("a script").split(' ').collect();
    assert_one_part(&command[1..], "part-$CI_NODE_INDEX.jsonl\"");
    assert_eq!(words(at(sweep, "artifacts.paths")), ["parts/"]);
    assert_eq!(words(at(&doc, "merge.needs")), ["sweep"]);
    assert_eq!(words(at(&doc, "merge.script")), ["dryroll merge parts/part-*.jsonl -o sweep.csv"]);
}

#[test]
fn github_numbers_its_matrix_from_one_without_a_gap() {
    let doc = document("deploy/github/sweep-matrix.yml");
    let shards: Vec<u32> =
        words(at(&doc, "jobs.sweep.strategy.matrix.shard")).iter().map(|s| s.parse().expect("a number")).collect();
    assert!(shards.iter().copied().eq(1..=shards.len() as u32), "{shards:?}");
    let step = at(&doc, "jobs.sweep.steps.2");
    assert_eq!(word(step, "env.SHARD_INDEX"), "${{ matrix.shard }}");
    assert_eq!(word(step, "env.SHARDS"), "${{ strategy.job-total }}");
    let command: Vec<&str> = word(step, "run").split(' ').collect();
    assert_one_part(&command[1..], "part-$SHARD_INDEX.jsonl\"");
    assert_eq!(word(&doc, "jobs.merge.needs"), "sweep");
    assert_eq!(word(&doc, "permissions.contents"), "read");
}

/// An expression within a script is pasted into it before any shell sees it: a file name could be a command.
#[test]
fn no_expression_is_pasted_into_a_script() {
    fn scripts<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
        for entry in node.entries() {
            if entry.key == "run" {
                found.extend(entry.value.text());
            }
            scripts(&entry.value, found);
        }
        node.items().iter().for_each(|item| scripts(item, found));
    }
    for path in ["action.yml", "deploy/github/sweep-matrix.yml"] {
        let doc = document(path);
        let mut found = Vec::new();
        scripts(&doc, &mut found);
        assert!(found.len() >= 2, "{path} runs nothing");
        for script in found {
            assert!(!script.contains("${{"), "{path}: {script}");
        }
    }
}

#[test]
fn the_action_hands_every_input_to_its_script() {
    let doc = document("action.yml");
    assert_eq!(word(&doc, "runs.using"), "composite");
    let check = at(&doc, "runs.steps.1");
    assert_eq!(word(check, "run"), "\"$GITHUB_ACTION_PATH/deploy/github/check.sh\"");
    assert!(root().join("deploy/github/check.sh").exists());
    let script = text("deploy/github/check.sh");
    for input in at(&doc, "inputs").entries() {
        let variable = input.key.to_uppercase();
        assert_eq!(word(check, &format!("env.{variable}")), format!("${{{{ inputs.{} }}}}", input.key));
        assert!(script.contains(&format!("${{{variable}")), "check.sh does not read {variable}");
    }
    for output in at(&doc, "outputs").entries() {
        assert_eq!(word(&output.value, "value"), format!("${{{{ steps.check.outputs.{} }}}}", output.key));
        assert!(script.contains(&format!("'{}=%s\\n'", output.key)), "check.sh does not write {}", output.key);
    }
}

#[test]
fn the_table_of_schedulers_says_what_is_read() {
    let readme = text("deploy/README.md");
    let mut rows = 0;
    for line in readme.lines().filter(|line| line.starts_with("| ") && line.contains(" from ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, scheduler, file, index, count, _] = cells[..] else { panic!("{line}") };
        let (index, first) = index.split_once(" from ").expect("a variable and where it starts");
        let mut variables = vec![(index.trim_matches('`').to_owned(), first.to_owned())];
        if let Some(minimum) = first.strip_prefix('`') {
            let base = index.trim_matches('`').trim_end_matches("_ID");
            variables[0].1 = "5".to_owned();
            variables.push((minimum.trim_matches('`').to_owned(), "5".to_owned()));
            variables.push((format!("{base}_MAX"), "8".to_owned()));
        }
        for name in count.split(" or ") {
            let mut variables = variables.clone();
            variables.push((name.trim_matches('`').to_owned(), "4".to_owned()));
            let get = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            let shard = from_environment(get).unwrap_or_else(|why| panic!("{scheduler}: {why}"));
            assert_eq!(shard.to_string(), "1/4", "{scheduler}");
        }
        if let Some((_, target)) = file.split_once("](") {
            let target = target.trim_end_matches(')');
            assert!(root().join("deploy").join(target).exists(), "{target}");
        }
        rows += 1;
    }
    assert_eq!(rows, 9, "rows in the table");
}

/// Bash reads each script to its end without running it.
#[cfg(unix)]
#[test]
fn every_script_is_bash() {
    let scripts = shipped().into_iter().chain(["tests/engine/run".to_owned()]);
    let mut read = 0;
    for path in scripts.filter(|path| text(path).starts_with("#!")) {
        let checked = Command::new("bash").arg("-n").arg(root().join(&path)).output().expect("there is a bash");
        assert!(checked.status.success(), "{path}: {}", String::from_utf8_lossy(&checked.stderr));
        read += 1;
    }
    assert_eq!(read, 6, "scripts");
}

/// The action's script, with a program in dryroll's place that says what it was asked and ends as it is told.
#[cfg(unix)]
mod check_script {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Writes its arguments to `asked`, one a line; ends with the status that the file to check begins with.
    const STAND_IN: &str = r#"#!/bin/bash
printf '%s\n' "$@" >>"$(dirname "$0")/asked"
while (($# > 1)); do
  if [[ $1 == --markdown ]]; then echo "summary of ${!#}" >"$2"; fi
  shift
done
echo "::warning::from a manifest"
read -r status <"$1" || exit 3
if ((status == 2)); then
  echo "error[unknown-field]: unknown field \`drainWidow\`: 100% wrong"
  echo "  --> $1:9:17"
  echo "   |"
  echo "error: no place"
fi >&2
exit "$status"
"#;

    struct Ran {
        status: i32,
        asked: Vec<String>,
        log: String,
        summary: String,
        outputs: String,
        /// What it left in its folder.
        left: Vec<String>,
    }

    /// Runs the script in a folder with these files (name, status to end with).
    fn run(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Ran {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("dryroll");
        fs::write(&program, STAND_IN).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permitted");
        let repository = folder.path().join("repository");
        fs::create_dir(&repository).expect("made");
        for (name, status) in files {
            let file = repository.join(name);
            fs::create_dir_all(file.parent().expect("it is in a folder")).expect("made");
            fs::write(file, format!("{status}\n")).expect("written");
        }
        let output = Command::new("bash")
            .arg(root().join("deploy/github/check.sh"))
            .current_dir(&repository)
            .env("DRYROLL", &program)
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_STEP_SUMMARY", folder.path().join("summary"))
            .env("GITHUB_OUTPUT", folder.path().join("outputs"))
            .env_remove("JUNIT")
            .envs(variables.iter().copied())
            .output()
            .expect("there is a bash");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "the script itself stumbled");
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let mut left: Vec<String> = fs::read_dir(&repository)
            .expect("a folder")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        Ran {
            status: output.status.code().expect("it ended by itself"),
            asked: read("asked").lines().map(str::to_owned).collect(),
            log: String::from_utf8(output.stdout).expect("text"),
            summary: read("summary"),
            outputs: read("outputs"),
            left,
        }
    }

    #[test]
    fn options_and_files_arrive_as_they_were_given() {
        let ran = run(
            &[("a b.yaml", "0"), ("k8s/c.yaml", "0"), ("k8s/d.yaml", "0")],
            &[
                ("FILES", "a b.yaml\n\n  k8s/*.yaml  \n"),
                ("ARGS", "--rate=2000/s\n--set=pod.serviceTime={p50: 20ms, p99: 120ms}\n"),
                ("BASELINE", "last week.json"),
            ],
        );
        assert_eq!(ran.status, 0, "{}", ran.log);
        let calls: Vec<&[String]> = ran.asked.split(|line| line == "check").skip(1).collect();
        let files: Vec<&str> = calls.iter().map(|call| call.last().expect("a file").as_str()).collect();
        assert_eq!(files, ["a b.yaml", "k8s/c.yaml", "k8s/d.yaml"]);
        let options =
            ["--rate=2000/s", "--set=pod.serviceTime={p50: 20ms, p99: 120ms}", "--baseline", "last week.json"];
        assert!(calls.iter().all(|call| call.starts_with(&options.map(str::to_owned))), "{calls:?}");
        assert_eq!(ran.summary, "summary of a b.yaml\nsummary of k8s/c.yaml\nsummary of k8s/d.yaml\n");
        assert_eq!(ran.outputs, "status=0\njunit=dryroll-junit\n");
        assert!(calls[1].windows(2).any(|pair| pair == ["--junit", "dryroll-junit/dryroll-2.xml"]), "{calls:?}");
        assert!(!ran.log.contains("::error"), "{}", ran.log);
    }

    #[test]
    fn nothing_in_a_name_or_an_option_is_run() {
        let name = "$(touch owned);`touch owned`&touch owned";
        let ran = run(
            &[(name, "0")],
            &[("FILES", name), ("ARGS", "--set=$(touch owned)\n;touch owned"), ("BASELINE", "$(id)")],
        );
        assert_eq!(ran.status, 0, "{}", ran.log);
        assert_eq!(ran.asked.last().map(String::as_str), Some(name));
        assert!(ran.asked.iter().any(|line| line == "--set=$(touch owned)"), "{:?}", ran.asked);
        assert_eq!(ran.left, [name, "dryroll-junit"]);
    }

    #[test]
    fn what_a_forecast_prints_is_no_command_to_the_runner() {
        let ran = run(&[("a.yaml", "0")], &[("FILES", "a.yaml")]);
        let before = ran.log.split("::warning::from a manifest").next().expect("some log");
        let (_, token) = before.rsplit_once("::stop-commands::").expect("commands are stopped first");
        let token = token.trim();
        assert_eq!(token.len(), 32);
        let after = ran.log.split("::warning::from a manifest").nth(1).expect("it is shown");
        assert!(after.contains(&format!("\n::{token}::\n")), "{after}");
    }

    #[test]
    fn each_status_is_annotated_at_its_file() {
        let ran = run(
            &[("broken,.yaml", "1"), ("invalid.yaml", "2"), ("open.yaml", "4"), ("fine.yaml", "0")],
            &[("FILES", "*.yaml")],
        );
        assert_eq!(ran.status, 2, "{}", ran.log);
        let annotations: Vec<&str> = ran.log.lines().filter(|line| line.starts_with("::error ")).collect();
        assert_eq!(
            annotations,
            [
                "::error file=broken%2C.yaml,title=dryroll::An objective does not hold: see the summary of this job.",
                "::error file=invalid.yaml,line=9,col=17,title=dryroll::unknown field `drainWidow`: 100%25 wrong",
                "::error file=open.yaml,title=dryroll::Whether the objectives hold can't be told at this many replications.",
            ]
        );
        assert!(ran.outputs.starts_with("status=2\n"));
    }

    #[test]
    fn the_gravest_status_counts() {
        for (statuses, worst) in
            [(["0", "4"], 4), (["4", "1"], 1), (["1", "0"], 1), (["2", "1"], 2), (["3", "2"], 3), (["1", "137"], 3)]
        {
            let ran = run(&[("a.yaml", statuses[0]), ("b.yaml", statuses[1])], &[("FILES", "a.yaml\nb.yaml")]);
            assert_eq!(ran.status, worst, "{statuses:?}: {}", ran.log);
            assert!(ran.outputs.starts_with(&format!("status={worst}\n")), "{}", ran.outputs);
        }
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let ran = run(&[("a.yaml", "0")], &[("FILES", "b*.yaml")]);
        assert_eq!((ran.status, ran.asked.len()), (2, 0));
        assert!(ran.log.contains("::error file=b*.yaml,title=dryroll::no file matches"), "{}", ran.log);
        assert_eq!(run(&[], &[("FILES", "\n")]).status, 2);
    }
}
