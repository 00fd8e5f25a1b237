//! `dryroll import`: what it writes is read as the manifest is, and says where each value is from.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::common::program::{dryroll, json_of};

const MANIFESTS: &str = "tests/data/manifests";

/// The workloads that the project has manifests of, each with options that it is imported and run with.
const WORKLOADS: [&str; 24] = [
    "manifests/agent.yaml",
    "manifests/agent.yaml --set replicas=4 --rate 100/s",
    "manifests/analysed.yaml",
    "manifests/autoscaled.yaml",
    "manifests/bare.yaml --workload api",
    "manifests/blue-green.yaml",
    "manifests/blue-green.yaml --preset istio-1.23",
    "manifests/cart.yaml --workload cart",
    "manifests/cart.yaml --workload cart-cache --service-time p50=5ms,p99=40ms",
    "manifests/checkout.yaml",
    "manifests/checkout.yaml --rate 200/s --preset ingress-nginx --set maxSurge=2 --seed 7",
    "manifests/checkout.yaml --preset nlb --set afterExit=refused",
    "manifests/database.yaml",
    "manifests/database.yaml --set clients.traffic.retries.attempts=2 --set loadBalancer.retries.attempts=1",
    "manifests/frontend.yaml",
    "manifests/frontend.yaml --set serviceTime=20ms --set pod.preset=puma",
    "manifests/gated.yaml",
    "manifests/paused.yaml",
    "manifests/rollout.yaml",
    "manifests/rollout.yaml --set users={count: 20, thinkTime: 1s}",
    "platforms/checkout.json",
    "platforms/checkout.json --preset ecs",
    "platforms/shop.nomad.hcl --workload web",
    "platforms/shop.nomad.json",
];

/// The file and the options of such a line.
fn arguments(line: &str) -> Vec<String> {
    let mut words = line.split(" --");
    let file = format!("tests/data/{}", words.next().expect("a file"));
    let options = words.flat_map(|option| {
        let (name, value) = option.split_once(' ').expect("a value");
        [format!("--{name}"), value.to_owned()]
    });
    std::iter::once(file).chain(options).collect()
}

/// What is written of a manifest, and what is said beside it.
fn import(arguments: &[String], output: &Path) -> (String, String) {
    let mut all: Vec<&str> = vec!["import"];
    all.extend(arguments.iter().map(String::as_str));
    all.extend(["-o", output.to_str().expect("UTF-8")]);
    let (status, out, err) = dryroll(&all);
    assert_eq!((status, out.as_str()), (0, ""), "{arguments:?}: {err}");
    (fs::read_to_string(output).expect("it is written"), err)
}

/// A forecast of one deploy, and what was said beside it.
fn run(arguments: &[String]) -> (Value, String) {
    let mut all: Vec<&str> = vec!["run"];
    all.extend(arguments.iter().map(String::as_str));
    all.extend(["--replications", "1", "--set", "observe.after=5s", "--format", "json"]);
    let (status, out, err) = dryroll(&all);
    assert_eq!(status, 0, "{arguments:?}: {err}");
    (serde_json::from_str(&out).expect("JSON"), err)
}

/// The first lines of warnings. What is written out is no default any more.
fn warnings(said: &str) -> Vec<String> {
    said.lines().filter(|l| l.starts_with("warning[")).map(|l| l.replace(", the default", "")).collect()
}

/// Nothing in a result may differ but what it had to assume: of a written scenario nothing is left to assume but what a comment says.
#[test]
fn what_is_written_forecasts_to_the_bytes_of_the_manifest() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = folder.path().join("scenario.yaml");
    for line in WORKLOADS {
        let arguments = arguments(line);
        let (text, said) = import(&arguments, &written);
        let (mut of_manifest, told) = run(&arguments);
        let (mut of_scenario, beside) = run(&[written.to_string_lossy().into_owned()]);
        assert_eq!(warnings(&said), warnings(&told), "{line}: importing warns of what running does");
        let news: Vec<String> = warnings(&beside).into_iter().filter(|w| !warnings(&told).contains(w)).collect();
        assert!(news.is_empty(), "{line}: what is written gives cause for {news:?}\n{text}");
        // What cannot be written without a warning is left out, in a comment.
        for assumed in of_scenario["assumptions"].take().as_array().expect("a list") {
            let path = assumed.as_str().and_then(|a| a.split(' ').next()).expect("a path");
            let name = path.rsplit('.').next().unwrap_or_default();
            assert!(text.contains(&format!("# {name}: ")), "{line}: {assumed} is not told in\n{text}");
        }
        assert_ne!(of_manifest["assumptions"].take(), serde_json::json!([]), "{line}");
        assert_eq!(of_manifest.to_string(), of_scenario.to_string(), "{line}\n{text}");
    }
}

/// A forecast as it is read, without the file that it names and what it had to assume.
fn table(file: &str) -> String {
    let words: Vec<&str> = file.split(' ').collect();
    let (status, out, err) =
        dryroll(&[&["run"], &words[..], &["--replications", "2", "--set", "observe.after=5s"]].concat());
    assert_eq!(status, 0, "{file}: {err}");
    let of_file = words[0].to_owned();
    let told: Vec<&str> = out.split("\n\n").filter(|part| !part.starts_with("  Assumed")).collect();
    told.join("\n\n").replace(&of_file, "FILE").replace(" --workload cart", "")
}

#[test]
fn what_is_written_reads_like_the_manifest_the_kind_in_its_head_included() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = folder.path().join("scenario.yaml");
    for (line, kind) in [
        ("manifests/frontend.yaml", "Deployment"),
        ("manifests/cart.yaml --workload cart", "Deployment"),
        ("manifests/database.yaml", "StatefulSet"),
        ("manifests/agent.yaml", "DaemonSet"),
        ("manifests/rollout.yaml", "Rollout"),
        ("manifests/blue-green.yaml", "Rollout"),
        ("platforms/checkout.json", "EcsService"),
        ("platforms/shop.nomad.json", "NomadJob"),
    ] {
        import(&arguments(line), &written);
        let of_manifest = table(&format!("tests/data/{line}"));
        assert!(of_manifest.contains(&format!(" · {kind}, ")), "{line}\n{of_manifest}");
        assert_eq!(of_manifest, table(&written.to_string_lossy()), "{line}");
    }
}

#[test]
fn what_is_written_is_written_again_the_same_but_for_its_comments() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = ["first.yaml", "second.yaml"].map(|name| folder.path().join(name));
    let bare = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|l| l.split(" # ").next().unwrap_or("").trim_end().to_owned());
        lines.filter(|l| !l.trim_start().starts_with('#')).collect()
    };
    for line in ["manifests/checkout.yaml --preset haproxy", "manifests/analysed.yaml", "platforms/shop.nomad.json"] {
        let (text, _) = import(&arguments(line), &first);
        let (again, _) = import(&[first.to_string_lossy().into_owned()], &second);
        assert_eq!(bare(&text), bare(&again), "{line}");
    }
}

/// The line that gives a field, without the room before its comment.
fn line_of(text: &str, field: &str) -> String {
    let line = text.lines().find(|l| l.trim_start().trim_start_matches("- ").starts_with(&format!("{field}:")));
    let line = line.unwrap_or_else(|| panic!("{field} is missing from\n{text}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_value_says_where_it_is_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = folder.path().join("scenario.yaml");
    let line = "manifests/checkout.yaml --rate 200/s --preset ingress-nginx --set maxSurge=2 --seed 7";
    let (text, _) = import(&arguments(line), &written);
    for (field, expected) in [
        ("replicas", "replicas: 6 # checkout.yaml:13, spec.replicas"),
        (
            "preStop",
            "preStop: 15s # checkout.yaml:34, spec.template.spec.containers[app].lifecycle.preStop.exec.command",
        ),
        ("maxSurge", "maxSurge: 2 # --set maxSurge=2"),
        ("rate", "rate: 200/s # --rate 200/s"),
        ("seed", "seed: 7 # --seed 7"),
        ("preset", "preset: ingress-nginx # --preset ingress-nginx"),
        ("proxies", "proxies: 2 # preset ingress-nginx, guess: a small installation"),
        ("idempotent", "idempotent: 90% # default"),
        ("concurrency", "concurrency: 16 # assumed: workers; Puma has 5 threads a process, Tomcat 200"),
    ] {
        assert_eq!(line_of(&text, field), expected, "{text}");
    }
    assert!(text.lines().any(|l| l.starts_with("  - name: traffic ") && l.ends_with("# default")), "{text}");
    let commented = |l: &&str| l.contains('#') || l.trim_end().ends_with(':');
    let silent: Vec<&str> = text.lines().filter(|l| !commented(l)).collect();
    assert!(silent.is_empty(), "lines without a word about where they are from: {silent:?}");
    assert!(
        text.starts_with("# dryroll import tests/data/manifests/checkout.yaml --set maxSurge=2 --rate 200/s "),
        "{text}"
    );
}

#[test]
fn a_manifest_may_stand_in_several_files_and_come_from_stdin() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = fs::read_to_string(format!("{MANIFESTS}/autoscaled.yaml")).expect("it is there");
    let parts: Vec<&str> = manifest.split("---\n").collect();
    assert!(parts.len() > 1, "several documents");
    let files: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(n, part)| {
            let path = folder.path().join(format!("{n}.yaml"));
            fs::write(&path, part).expect("it is written");
            path.to_string_lossy().into_owned()
        })
        .collect();
    let mut words = vec!["import"];
    words.extend(files.iter().map(String::as_str));
    let (status, out, err) = dryroll(&words);
    assert_eq!(status, 0, "{err}");
    let file = format!("{MANIFESTS}/autoscaled.yaml");
    let whole = dryroll(&["import", &file]).1;
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|l| l.split('#').next().unwrap_or("").trim_end().to_owned()).collect()
    };
    assert_eq!(values(&out), values(&whole));

    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    let piped = command.args(["import", "-"]).write_stdin(manifest).output().expect("it starts");
    let piped = String::from_utf8(piped.stdout).expect("UTF-8");
    assert_eq!(values(&piped), values(&whole));
    assert!(piped.contains("# <stdin>:"), "{piped}");
}

#[test]
fn what_cannot_be_read_or_written_is_told_as_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("scenario.yaml");
    let target = target.to_str().expect("UTF-8");
    let (status, out, err) = dryroll(&["import", "tests/data/manifests/wrong.yaml", "-o", target]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("wrong.yaml:") && err.contains("`replicas` must be a whole number"), "{err}");
    assert!(!Path::new(target).exists());
    let (status, _, err) = dryroll(&["import", "tests/data/manifests/cart.yaml"]);
    assert_eq!(status, 2);
    assert!(err.contains("pick one by --workload NAME"), "{err}");
    let (status, _, err) = dryroll(&["import", "tests/data/manifests/checkout.yaml", "no-such.yaml"]);
    assert_eq!(status, 2);
    assert!(err.contains("no-such.yaml"), "{err}");
    assert_eq!(dryroll(&["import", "tests/data/manifests/frontend.yaml", "-o", "no/such/folder/a.yaml"]).0, 3);
    assert_eq!(dryroll(&["import"]).0, 2);
}

#[test]
fn a_scenario_is_spelled_out_with_its_sweep_and_its_objectives() {
    let (status, out, err) = dryroll(&["import", "scenarios/tiers-right.yaml"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(out, dryroll(&["import", "scenarios/tiers-right.yaml"]).1);
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("again.yaml");
    fs::write(&target, &out).expect("it is written");
    let target = target.to_str().expect("UTF-8");
    let of = |file: &str| {
        let (code, mut result) = json_of(&["run", file, "--replications", "1"]);
        result["assumptions"].take();
        (code, result)
    };
    assert_eq!(of("scenarios/tiers-right.yaml"), of(target));
}

/// Each container has its own hook: that of a log shipper does not keep what serves.
#[test]
fn the_hook_of_a_container_that_serves_nothing_protects_nothing() {
    let pod = |hooks: [&str; 2]| {
        let [app, shipper] = hooks.map(|hook| match hook {
            "" => String::new(),
            seconds => format!(", lifecycle: {{preStop: {{exec: {{command: [sleep, '{seconds}']}}}}}}"),
        });
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: 3, selector: {{matchLabels: {{app: web}}}}, \
             template: {{metadata: {{labels: {{app: web}}}}, spec: {{terminationGracePeriodSeconds: 60, containers: [\
             {{name: logshipper, image: f, ports: [{{containerPort: 9100}}]{shipper}}}, \
             {{name: app, image: app, readinessProbe: {{httpGet: {{path: /, port: 8080}}}}{app}}}]}}}}}}}}"
        )
    };
    let imported = |hooks: [&str; 2]| {
        let folder = tempfile::tempdir().expect("a folder");
        let [manifest, written] = ["web.yaml", "scenario.yaml"].map(|name| folder.path().join(name));
        fs::write(&manifest, pod(hooks)).expect("it is written");
        let (text, told) = import(&[manifest.to_string_lossy().into_owned()], &written);
        let hook = line_of(&text, "preStop").split(' ').nth(1).expect("a value").to_owned();
        (hook, told.contains("this preStop keeps its own container"))
    };
    assert_eq!(imported(["5", "30"]), ("5s".to_owned(), true));
    assert_eq!(imported(["30", "5"]), ("30s".to_owned(), false));
    assert_eq!(imported(["", "30"]), ("0s".to_owned(), true));
}

/// Without `replicas` an autoscaler has at least its minimum; what names no namespace gets the workload's.
#[test]
fn an_autoscaled_manifest_without_replicas_has_its_minimum() {
    let folder = tempfile::tempdir().expect("a folder");
    let [manifest, written] = ["web.yaml", "scenario.yaml"].map(|name| folder.path().join(name));
    let imported = |replicas: &str, namespace: &str| {
        let yaml = format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, namespace: prod}}, spec: {{{replicas}selector: {{matchLabels: \
             {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app, image: app}}]}}}}}}}}\n---\n\
             {{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: web{namespace}}}, spec: {{minReplicas: 3, \
             maxReplicas: 9, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}, metrics: [{{type: Resource, resource: \
             {{name: cpu, target: {{type: Utilization, averageUtilization: 60}}}}}}]}}}}\n"
        );
        fs::write(&manifest, yaml).expect("it is written");
        let (text, told) = import(&[manifest.to_string_lossy().into_owned()], &written);
        (line_of(&text, "replicas").split(' ').nth(1).map(str::to_owned), told.contains("skipped"))
    };
    assert_eq!(imported("", ""), (Some("3".to_owned()), false));
    assert_eq!(imported("replicas: 5, ", ""), (Some("5".to_owned()), false));
    assert_eq!(imported("", ", namespace: stage"), (Some("1".to_owned()), true), "another's");
}

#[test]
fn an_assumed_rate_is_called_assumed() {
    let (code, out, err) = dryroll(&["import", "tests/data/manifests/checkout.yaml"]);
    assert_eq!(code, 0, "{err}");
    let rate = out.lines().find(|line| line.trim_start().starts_with("rate: ")).expect("a rate");
    assert!(rate.contains("# assumed: 60 % of all workers busy"), "{rate}");
    let (_, out, _) = dryroll(&["import", "tests/data/manifests/checkout.yaml", "--rate", "200/s"]);
    assert!(out.contains("# --rate 200/s") && !out.contains("assumed: 60 %"), "{out}");
}
