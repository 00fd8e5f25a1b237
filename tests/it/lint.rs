//! The linter: each rule by its own examples, the shipped scenarios, and what a user meets.

use std::path::Path;

use crate::common::program::{dryroll, json_of};
use dryroll::lint::{RULES, lint, lint_str, rule};
use dryroll::scenario::{Request, load_str};
use serde_json::Value;

fn codes(text: &str) -> Vec<&'static str> {
    let linted = lint_str("example.yaml", text);
    assert!(linted.passed_over.is_none(), "{text}\n{:?}", linted.passed_over);
    linted.findings.iter().map(|f| f.diag.code).collect()
}

fn codes_of(file: &str) -> Vec<&'static str> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    lint(&Request::new(&path)).findings.iter().map(|f| f.diag.code).collect()
}

#[test]
fn each_rule_finds_its_failing_example_and_nothing_finds_its_passing_one() {
    for rule in RULES {
        assert!(codes(rule.failing).contains(&rule.code), "{}: {:?}\n{}", rule.code, codes(rule.failing), rule.failing);
        assert_eq!(codes(rule.passing), [""; 0], "{}\n{}", rule.code, rule.passing);
    }
}

#[test]
fn each_finding_of_a_rule_names_the_field_and_the_line() {
    for rule in RULES {
        for finding in lint_str("example.yaml", rule.failing).findings {
            let diag = &finding.diag;
            assert!(diag.line > 0 && diag.column > 0 && diag.file == "example.yaml", "{}", diag.render(false));
            assert!(!diag.path.is_empty(), "{}", diag.render(false));
            let line = rule.failing.lines().nth(diag.line - 1).expect("a line of the example");
            assert!(line.chars().count() >= diag.column, "{}", diag.render(false));
        }
    }
}

#[test]
fn codes_are_stable_names_and_each_rule_says_all_it_must() {
    for (n, r) in RULES.iter().enumerate() {
        assert!(r.code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", r.code);
        assert!(RULES[..n].iter().all(|other| other.code != r.code), "{} twice", r.code);
        assert_eq!(rule(r.code).map(|found| found.code), Some(r.code));
        // An incident is a public thread: owner/repository#number.
        assert!(r.incident.contains('/') && r.incident.contains('#'), "{}: {}", r.code, r.incident);
        assert!(!r.why.is_empty() && !r.remedy.is_empty() && !r.summary.ends_with('.'), "{}", r.code);
    }
}

#[test]
fn the_remedies_are_silent_and_the_mistakes_are_found() {
    for lesson in ["batch", "capacity", "drain", "fleet", "ordering", "reconnect", "routing", "streams"] {
        assert_eq!(codes_of(&format!("scenarios/{lesson}-right.yaml")), [""; 0], "{lesson}-right");
    }
    for (file, expected) in [
        ("batch-wrong", &["capacity-below-demand", "cold-pods-count"][..]),
        ("capacity-wrong", &["capacity-below-demand"]),
        ("drain-wrong", &["drain-too-short"]),
        ("fleet-wrong", &["capacity-below-demand", "cold-pods-count"]),
        ("ordering-wrong", &["closes-before-removal", "grace-too-short", "reconnect-at-once"]),
        ("reconnect-wrong", &["reconnect-at-once"]),
        ("rolling-default", &["closes-before-removal"]),
        ("routing-wrong", &["closes-before-removal"]),
        ("steady", &["keep-alive-race"]),
        ("streams-wrong", &["drain-too-short"]),
    ] {
        let found = codes_of(&format!("scenarios/{file}.yaml"));
        for code in expected {
            assert!(found.contains(code), "{file}: {found:?} without {code}");
        }
    }
}

/// Whoever follows one piece of advice does not get the opposite from the next.
#[test]
fn rules_that_find_several_times_too_short_advise_the_same_grace_period() {
    let text = |pre_stop: u32, drain: u32, grace: u32| {
        format!(
            "workload: {{replicas: 4}}
pod:
  serviceTime: {{distribution: lognormal, p50: 300ms, p99: 5s}}
  termination: {{preStop: {pre_stop}s, drainWindow: {drain}s, terminationGracePeriodSeconds: {grace}}}
loadBalancer: {{propagation: {{shared: 0s, add: 1s, remove: 5s}}}}
clients: [{{name: web, rate: 10/s, timeout: 60s}}]
"
        )
    };
    let wrong = lint_str("example.yaml", &text(0, 1, 10));
    let helps: Vec<&str> = wrong.findings.iter().filter_map(|f| f.diag.help.as_deref()).collect();
    assert_eq!(wrong.findings.len(), 3, "{helps:?}");
    for (code, help) in [
        ("closes-before-removal", "preStop: 5s and terminationGracePeriodSeconds: 20, or"),
        ("drain-too-short", "drainWindow: 15s and terminationGracePeriodSeconds: 20"),
        ("grace-too-short", "terminationGracePeriodSeconds: 20"),
    ] {
        let finding = wrong.findings.iter().find(|f| f.diag.code == code).expect(code);
        assert!(finding.diag.help.as_deref().is_some_and(|h| h.starts_with(help)), "{code}: {helps:?}");
    }
    assert_eq!(codes(&text(5, 15, 20)), [""; 0]);
}

/// The traffic has gone to the new pods before the old ones go.
#[test]
fn what_is_switched_away_from_first_need_not_wait_for_proxies() {
    let text = |delay: u32| {
        format!(
            "workload: {{kind: Rollout, replicas: 4, strategy: {{blueGreen: {{scaleDownDelaySeconds: {delay}}}}}}}
pod: {{serviceTime: 20ms, termination: {{preStop: 0s, drainWindow: 5s}}}}
loadBalancer: {{algorithm: leastRequest, propagation: {{shared: 0s, add: 1s, remove: 5s}}}}
clients: [{{name: web, rate: 10/s}}]
"
        )
    };
    assert_eq!(codes(&text(30)), [""; 0]);
    assert_eq!(codes(&text(1)), ["scale-down-outrun", "least-request-black-hole"]);
}

/// With a router the old pods of a canary stay when their share of the traffic is 0, unless they shrink as it grows.
#[test]
fn old_pods_that_a_router_no_longer_asks_need_not_wait_for_proxies() {
    let text = |canary: &str| {
        format!(
            "workload: {{kind: Rollout, replicas: 6, strategy: {{canary: {{trafficRouting: {{nginx: {{}}}}, {canary}steps: [{{setWeight: 50}}]}}}}}}
pod: {{serviceTime: 20ms, termination: {{preStop: 0s, drainWindow: 5s}}}}
loadBalancer: {{propagation: {{shared: 0s, add: 1s, remove: 5s}}}}
clients: [{{name: web, rate: 10/s}}]
"
        )
    };
    let found = |canary: &str| codes(&text(canary)).contains(&"closes-before-removal");
    assert!(!found(""), "they stay for 30 s");
    assert!(
        !found("scaleDownDelaySeconds: 2, "),
        "however long removals take: the last weight arrives as a new pod does, in 1 s"
    );
    assert!(found("dynamicStableScale: true, "));
    let finding = lint_str("example.yaml", &text("scaleDownDelaySeconds: 0, ")).findings.remove(0).diag;
    assert!(
        finding.message.contains("deleted 0.0 s after the switch, listen for 0.0 s")
            && finding.message.contains("send for 1.0 s")
    );
    assert!(
        finding.help.is_some_and(|help| help.starts_with("preStop: 1s, or measure your balancer's addition delay"))
    );
}

/// The only pod that there is goes before its successor comes: a hook keeps that away for longer.
#[test]
fn who_takes_all_pods_at_once_is_told_of_that_alone() {
    let told = |workload: &str| {
        let text =
            format!("workload: {{{workload}}}\npod: {{serviceTime: 20ms}}\nclients: [{{name: web, rate: 10/s}}]\n");
        let loaded = load_str("example.yaml", &text, &[]).expect("a valid scenario");
        assert!(loaded.scenario.deploy.is_some());
        let findings = lint_str("example.yaml", &text).findings;
        let find =
            |code: &str| findings.iter().find(|f| f.diag.code == code).map(|f| f.diag.help.clone().unwrap_or_default());
        (find("closes-before-removal").is_some(), find("capacity-below-demand"))
    };
    let helped = |help: &str| (false, Some(help.to_owned()));
    assert_eq!(told("kind: StatefulSet, replicas: 1"), helped("raise replicas"));
    assert_eq!(told("kind: NomadJob, replicas: 1"), helped("a canary, or a smaller max_parallel"));
    assert_eq!(told("kind: DaemonSet, replicas: 1"), helped("maxSurge: 1 with maxUnavailable: 0"));
    assert_eq!(told("replicas: 1, strategy: {type: Recreate}"), (false, None));
    assert_eq!(told("kind: StatefulSet, replicas: 2"), (true, None));
}

/// What a kubelet gives a hook that overruns the grace period is left for the drain.
#[test]
fn an_extension_of_the_hook_is_counted() {
    let told = |pre_stop: u32, drain: u32, extension: u32| {
        let text = format!(
            "workload: {{replicas: 4}}
pod:
  serviceTime: 20ms
  termination: {{preStop: {pre_stop}s, drainWindow: {drain}s, terminationGracePeriodSeconds: 30, preStopExtension: {extension}s}}
clients: [{{name: web, rate: 10/s}}]
"
        );
        let loaded = load_str("example.yaml", &text, &[]).expect("a valid scenario");
        loaded.warnings.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("\n")
    };
    let cut = "prestop-exceeds-grace: preStop (40s) takes the whole grace period (30s): ";
    assert_eq!(told(40, 1, 0), format!("{cut}pods are killed in it, without SIGTERM"));
    assert_eq!(told(40, 1, 2), format!("{cut}the hook is cut at 30s; 2s are left for the drain"));
    let drain = "drain-exceeds-grace: drainWindow";
    assert_eq!(told(29, 2, 0), format!("{drain} (2s) is cut to 1s by the grace period"));
    assert_eq!(told(29, 2, 2), "", "2 s are left");
    assert_eq!(told(29, 3, 2), format!("{drain} (3s) is cut to 2s by the grace period"));
}

/// The same of the time that the longest request has.
#[test]
fn the_longest_request_has_what_the_extension_leaves() {
    let found = |extension: u32| {
        let text = format!(
            "workload: {{replicas: 4}}
pod:
  serviceTime: 1500ms
  termination: {{preStop: 29s, drainWindow: 2s, terminationGracePeriodSeconds: 30, preStopExtension: {extension}s}}
clients: [{{name: web, rate: 1/s}}]
"
        );
        codes(&text).contains(&"grace-too-short")
    };
    assert!(found(0) && !found(2));
}

#[test]
fn manifests_are_linted_workload_by_workload() {
    assert_eq!(codes_of("tests/data/manifests/checkout.yaml"), [""; 0]);
    let two = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {replicas: 4, template: {spec: {containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b}
spec: {replicas: 4, template: {spec: {containers: [{name: app}]}}}
";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("two.yaml");
    std::fs::write(&file, two).expect("it is written");
    let findings = lint(&Request::new(&file)).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        (findings[0].diag.code, findings[0].diag.line),
        ("closes-before-removal", 8),
        "the name, since nothing else is of it"
    );
}

/// A number of pods that is applied, and one that an autoscaler has made: only the first is the file's to say.
#[test]
fn replicas_beside_an_autoscaler_are_found_where_they_are_applied() {
    assert!(codes_of("tests/data/manifests/autoscaled.yaml").contains(&"replicas-beside-autoscaler"));
    // A scenario's own number is how many there are.
    for scenario in ["autoscaler-wrong", "autoscaler-right"] {
        let found = codes_of(&format!("scenarios/{scenario}.yaml"));
        assert!(!found.contains(&"replicas-beside-autoscaler"), "{scenario}: {found:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("it is written");
        lint(&Request::new(&file)).findings.into_iter().map(|f| (f.diag.code, f.diag.line)).collect::<Vec<_>>()
    };
    let rule = rule("replicas-beside-autoscaler").expect("it is one");
    let found = write("manifest.yaml", rule.failing);
    assert_eq!(found, [(rule.code, 5)]);
    // A scenario that says how many there are now still has the manifest applied, over it.
    let over = "workload: {manifest: manifest.yaml, replicas: 12}\nclients: [{name: web, rate: 100/s}]\n";
    assert_eq!(write("over.yaml", over), [(rule.code, 5)]);
    let alone =
        "workload: {replicas: 12, horizontalPodAutoscaler: {maxReplicas: 20}}\nclients: [{name: web, rate: 100/s}]\n";
    assert!(write("alone.yaml", alone).iter().all(|(code, _)| *code != rule.code));
    // Nothing is undone where there is no choice, and 0 is meant.
    let fixed = rule.failing.replace("maxReplicas: 20", "maxReplicas: 4");
    assert!(write("fixed.yaml", &fixed).is_empty());
    assert!(
        write("off.yaml", &rule.failing.replace("  replicas: 4", "  replicas: 0")).iter().all(|(c, _)| *c != rule.code)
    );
}

#[test]
fn the_exit_status_tells_findings_from_invalid_files() {
    let right = "scenarios/routing-right.yaml";
    let wrong = "scenarios/routing-wrong.yaml";
    assert_eq!(dryroll(&["lint", right]), (0, String::new(), String::new()));
    let (status, out, err) = dryroll(&["lint", right, wrong]);
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(
        out.starts_with("warning[closes-before-removal]") && out.contains("scenarios/routing-wrong.yaml:"),
        "{out}"
    );
    assert_eq!(dryroll(&["lint", wrong, "--exit-zero"]).0, 0);
    assert_eq!(dryroll(&["lint", wrong, "--allow", "closes-before-removal"]), (0, String::new(), String::new()));
    assert_eq!(dryroll(&["lint", wrong, "--set", "preStop=10s"]).0, 0);
    let (status, out, _) = dryroll(&["lint", wrong, "--set", "maxSurge=0"]);
    assert!(status == 2 && out.contains("error[stuck-rollout]"), "{status} {out}");
    assert_eq!(dryroll(&["lint", "no-such-file.yaml"]).0, 2);
    let (status, out, err) = dryroll(&["lint", "tests/data/manifests/nothing.yaml"]);
    assert_eq!((status, out.as_str()), (0, ""));
    assert!(err.contains("passed over"), "{err}");
    let (status, _, err) = dryroll(&["lint", wrong, "--allow", "closes-before-remove"]);
    assert!(status == 2 && err.contains("did you mean `closes-before-removal`"), "{err}");
}

#[test]
fn a_page_explains_each_rule() {
    for rule in RULES {
        let (status, out, err) = dryroll(&["lint", "--explain", rule.code]);
        assert_eq!((status, err.as_str()), (0, ""));
        assert!(out.starts_with(rule.code) && out.contains("What to do") && out.contains("and not with"), "{out}");
    }
    let (_, out, _) = dryroll(&["lint", "--rules"]);
    assert_eq!(out.lines().count(), RULES.len());
}

#[test]
fn json_has_one_object_a_finding() {
    let (status, json) = json_of(&["lint", "scenarios/routing-wrong.yaml"]);
    assert_eq!((status, json["schema"].as_str()), (1, Some("dryroll.lint/1")));
    let finding = &json["findings"][0];
    assert_eq!(finding["path"], "pod.termination.preStop");
    let text = std::fs::read_to_string(format!("{}/scenarios/routing-wrong.yaml", env!("CARGO_MANIFEST_DIR")));
    let line = finding["line"].as_u64().expect("a line") as usize;
    assert!(text.expect("it is there").lines().nth(line - 1).expect("that line").contains("preStop: 0s"));
}

/// What GitHub requires of SARIF 2.1.0, and what the standard says of it (§ 3.13, 3.27, 3.29, 3.30, 3.49).
#[test]
fn sarif_is_what_code_review_takes() {
    let files = ["scenarios/routing-wrong.yaml", "scenarios/drain-wrong.yaml", "tests/data/manifests/wrong.yaml"];
    let mut args = vec!["lint", "--format", "sarif"];
    args.extend(files);
    let (_, out, _) = dryroll(&args);
    let log: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().expect("a schema").ends_with("sarif-schema-2.1.0.json"));
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let rules = runs[0]["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!((runs[0]["tool"]["driver"]["name"].as_str(), rules.len()), (Some("dryroll"), RULES.len()));
    for rule in rules {
        for text in ["/id", "/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            assert!(rule.pointer(text).and_then(Value::as_str).is_some_and(|t| !t.is_empty()), "{text} of {rule}");
        }
    }
    let results = runs[0]["results"].as_array().expect("results");
    assert!(results.len() >= 2, "{out}");
    for result in results {
        assert!(result["message"]["text"].as_str().is_some_and(|t| !t.is_empty()), "{result}");
        assert!(["warning", "error"].contains(&result["level"].as_str().expect("a level")), "{result}");
        if let Some(n) = result["ruleIndex"].as_u64() {
            assert_eq!(rules[n as usize]["id"], result["ruleId"]);
        }
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a file");
        assert!(files.contains(&uri), "{uri}");
        let lines = std::fs::read_to_string(uri).expect("it is there").lines().count() as u64;
        assert!(place["region"]["startLine"].as_u64().is_some_and(|n| (1..=lines).contains(&n)), "{result}");
        assert!(place["region"]["startColumn"].as_u64().is_some_and(|n| n >= 1), "{result}");
    }
}

#[test]
fn the_readme_shows_what_it_prints() {
    let readme =
        std::fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    let (_, out, _) = dryroll(&["lint", "scenarios/reconnect-wrong.yaml"]);
    assert!(
        readme.contains(&format!("$ dryroll lint scenarios/reconnect-wrong.yaml\n\n{}\n```", out.trim_end())),
        "{out}"
    );
}

/// Where a tier is rolled it is the tier that is looked at, and the balancer before it.
#[test]
fn a_tier_that_is_rolled_is_what_is_looked_at() {
    let yaml = |pre_stop: &str, rolls: &str| {
        format!(
            "
workload: {{replicas: 4}}
pod: {{serviceTime: 20ms, termination: {{preStop: 10s}}}}
loadBalancer:
  - {{name: edge, layer: 4, propagation: {{shared: 0s, add: 1s, remove: 30s}}}}
  - name: ingress
    proxies: 4
    propagation: {{shared: 0s, add: 1s, remove: 1s}}
    workload: {{strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}}}
    pod: {{startup: 5s, termination: {{preStop: {pre_stop}, terminationGracePeriodSeconds: 90}}}}
clients: [{{name: web, rate: 100/s}}]
deploy: {{rolls: {rolls}}}
"
        )
    };
    assert_eq!(codes(&yaml("5s", "pods")), [""; 0], "the pods are taken out in time");
    assert_eq!(codes(&yaml("30s", "ingress")), [""; 0], "and so are the proxies");
    let linted = lint_str("example.yaml", &yaml("5s", "ingress"));
    let [finding] = &linted.findings[..] else { panic!("{:?}", linted.findings) };
    assert_eq!(
        (finding.diag.code, finding.diag.path.as_str()),
        ("closes-before-removal", "loadBalancer.ingress.pod.termination.preStop")
    );
    assert!(finding.diag.message.contains("proxies of `ingress` listen for 5.0 s"), "{}", finding.diag.message);
    // What was said of the pods alone is said of proxies, too: connections, SIGTERM, and how many may be missing.
    let bad = yaml("30s", "ingress")
        .replace(
            "startup: 5s, termination: {",
            "startup: 5s, keepAlive: {idleTimeout: 5s}, termination: {onSigterm: exit, ",
        )
        .replace("maxSurge: 1, maxUnavailable: 0", "maxSurge: 0, maxUnavailable: 100%");
    assert_eq!(codes(&bad), ["capacity-below-demand", "keep-alive-race", "sigterm-not-handled"]);
}

/// Argo refuses it as Kubernetes does a Deployment; a percentage that rounds to nothing is another matter.
#[test]
fn a_canary_whose_bounds_are_both_0_is_stuck() {
    let of = |replicas: u32, bounds: &str| {
        let text = format!(
            "workload: {{kind: Rollout, replicas: {replicas}, strategy: {{canary: {{{bounds}, steps: [{{setWeight: 50}}]}}}}}}\n\
             pod: {{termination: {{preStop: 10s}}}}\nclients: [{{name: web, rate: 1/s}}]\n"
        );
        codes(&text)
    };
    assert_eq!(of(4, "maxSurge: 0, maxUnavailable: 0%"), ["stuck-rollout"]);
    assert_eq!(of(4, "maxSurge: 0, maxUnavailable: 10%"), [""; 0]);
    assert_eq!(of(1, "maxSurge: 1, maxUnavailable: 1"), [""; 0], "the stable pod stays until the new one is there");
    assert_eq!(of(1, "maxSurge: 0, maxUnavailable: 1"), ["capacity-below-demand"]);
}

/// However it is written.
#[test]
fn recreate_is_an_outage_wherever_it_stands() {
    for (strategy, path) in [("{type: Recreate}", "workload.strategy.type"), ("Recreate", "workload.strategy")] {
        let text = format!(
            "workload: {{replicas: 4, strategy: {strategy}}}\npod: {{termination: {{preStop: 10s}}}}\n\
             clients: [{{name: web, rate: 1/s}}]\n"
        );
        let found = lint_str("example.yaml", &text).findings;
        assert_eq!(found.iter().map(|f| f.diag.code).collect::<Vec<_>>(), ["recreate-downtime"]);
        assert_eq!(found[0].diag.path, path);
    }
}

/// For a spreadsheet and for a pull request: a row a finding.
#[test]
fn findings_are_rows_for_spreadsheets_and_pull_requests() {
    let wrong = "scenarios/ordering-wrong.yaml";
    let found = codes_of(wrong);
    let (status, out, err) = dryroll(&["lint", wrong, "--format", "csv"]);
    assert_eq!((status, err.as_str()), (1, ""));
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(out.as_bytes()).records().map(|r| r.expect("a row")).collect();
    assert_eq!(rows.iter().map(|row| row[0].to_owned()).collect::<Vec<_>>(), found);
    assert!(rows.iter().all(|row| &row[3] == wrong && row[4].parse::<u32>().is_ok_and(|line| line > 0)), "{out}");
    let (_, out, _) = dryroll(&["lint", wrong, "--format", "markdown"]);
    assert_eq!(out.lines().skip(2).count(), found.len(), "{out}");
    assert!(out.lines().skip(2).zip(&found).all(|(line, code)| line.contains(&format!("`{code}`"))), "{out}");
    let right = "scenarios/ordering-right.yaml";
    assert_eq!(dryroll(&["lint", right, "--format", "csv"]).1.lines().count(), 1, "a header");
    assert_eq!(dryroll(&["lint", right, "--format", "markdown"]).1, "**No findings.**\n");
}
