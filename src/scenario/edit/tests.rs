//! What is written is read again as what was set, and nothing else of the file has moved.

use std::path::Path;

use crate::scenario::tree::Source;
use crate::scenario::{Draft, Request};

const MANIFEST: &str = "\
# the shop's checkout
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}   # as in production
spec:
  replicas: 20 # peak
  selector: {matchLabels: {app: checkout}}
  template:
    metadata:
      labels: {app: checkout}
    spec:
      containers:
        # the sidecar comes first
        - name: proxy
          image: envoy
        - name: app
          image: app:1
          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
";

const SET: [&str; 5] = [
    "workload.strategy.rollingUpdate.maxSurge=50%",
    "workload.strategy.rollingUpdate.maxUnavailable=0",
    "workload.minReadySeconds=4",
    "pod.termination.preStop=7s",
    "pod.termination.terminationGracePeriodSeconds=42",
];

fn own(set: &[&str]) -> Vec<String> {
    set.iter().map(|s| (*s).to_owned()).collect()
}

fn draft(name: &str, text: &str) -> Draft {
    Draft::open_str(name, text, &[]).unwrap_or_else(|d| panic!("{}", d[0]))
}

/// The lines of `before`, in order, all stand in `after`.
fn survives(before: &str, after: &str) {
    let mut lines = after.lines();
    for line in before.lines() {
        assert!(lines.any(|l| l == line), "`{line}` is gone or has moved:\n{after}");
    }
}

/// The scenario of an edited file is the one that `--set` gives.
fn agrees(name: &str, before: &str, after: &str, set: &[&str]) {
    let expected = Draft::open_str(name, before, &own(set)).and_then(|d| d.read()).expect("it can be set");
    let found = draft(name, after).read().unwrap_or_else(|d| panic!("{}\n{after}", d[0]));
    assert_eq!(format!("{:?}", found.scenario), format!("{:?}", expected.scenario), "{after}");
}

#[test]
fn a_manifest_keeps_its_comments_and_its_order() {
    let edited = draft("m.yaml", MANIFEST).edited(&own(&SET), None).expect("it can hold all of it");
    assert!(edited.left.is_empty());
    survives(MANIFEST, &edited.text);
    agrees("m.yaml", MANIFEST, &edited.text, &SET);
    // In the container that takes the traffic.
    assert!(edited.text.find("seconds: 7").expect("written") > edited.text.find("- name: app").expect("there"));
    // Once more changes the same places.
    let again = draft("m.yaml", &edited.text).edited(&own(&["pod.termination.preStop=9s"]), None).expect("written");
    assert_eq!(again.text, edited.text.replace("seconds: 7", "seconds: 9"));
}

#[test]
fn hooks_keep_their_form() {
    let hooks = [
        ("{preStop: {exec: {command: [sleep, \"5\"]}}}", "{preStop: {exec: {command: [sleep, \"7\"]}}}"),
        (
            "{preStop: {exec: {command: [/bin/sh, -c, \"sleep 5\"]}}}",
            "{preStop: {exec: {command: [/bin/sh, -c, \"sleep 7\"]}}}",
        ),
        (
            "{preStop: {exec: {command: [sh, -c, 'sleep 5 && nginx -s quit']}}}",
            "{preStop: {exec: {command: [sh, -c, 'sleep 7 && nginx -s quit']}}}",
        ),
        ("{preStop: {sleep: {seconds: 5}}}", "{preStop: {sleep: {seconds: 7}}}"),
    ];
    for (before, after) in hooks {
        let text =
            |hook: &str| MANIFEST.replace("image: app:1\n", &format!("image: app:1\n          lifecycle: {hook}\n"));
        let edited = draft("m.yaml", &text(before)).edited(&own(&["pod.termination.preStop=6.2s"]), None);
        assert_eq!(edited.expect("written").text, text(after));
    }
    let other = MANIFEST.replace(
        "image: app:1\n",
        "image: app:1\n          lifecycle: {preStop: {httpGet: {path: /quit, port: 80}}}\n",
    );
    let refused = draft("m.yaml", &other).edited(&own(&["pod.termination.preStop=7s"]), None);
    assert!(refused.expect_err("what it does is not known").contains("container `app` is no plain `sleep N`"));
    // Behind the end of the server no sleep serves anybody, however long.
    let late = MANIFEST.replace(
        "image: app:1\n",
        "image: app:1\n          lifecycle: {preStop: {exec: {command: [sh, -c, 'nginx -s quit; sleep 5']}}}\n",
    );
    let refused = draft("m.yaml", &late).edited(&own(&["pod.termination.preStop=7s"]), None);
    assert!(refused.expect_err("it cannot be set").contains("stops the server before"));
}

#[test]
fn lines_end_as_those_of_the_file() {
    let crlf = MANIFEST.replace('\n', "\r\n");
    let edited = draft("m.yaml", &crlf).edited(&own(&SET), None).expect("written").text;
    let plain = draft("m.yaml", MANIFEST).edited(&own(&SET), None).expect("written").text;
    assert_eq!(edited, plain.replace('\n', "\r\n"));
    assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count());
}

/// A Rollout with its pods in a Deployment of the same name, as Argo's migration has it.
fn referring() -> String {
    let rollout = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: checkout}
spec:
  replicas: 5
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}
  strategy: {canary: {}}
";
    format!("{MANIFEST}---\n{rollout}")
}

#[test]
fn the_pods_of_a_rollout_that_refers_to_a_deployment_are_edited_there() {
    let open = |text: &str| {
        let request = Request { workload: Some("Rollout/checkout"), ..Request::new(Path::new("m.yaml")) };
        Draft::build(Source::new("m.yaml", text, 0), Path::new(""), "m", &request)
            .unwrap_or_else(|d| panic!("{}", d[0]))
    };
    let (both, wanted) = (referring(), Some("Rollout/checkout"));
    let set = own(&["workload.strategy.canary.maxSurge=50%", "pod.termination.preStop=7s"]);
    let edited = open(&both).edited(&set, wanted).expect("written").text;
    survives(&MANIFEST.replace("---", ""), &edited);
    let (deployment, rollout) = edited.split_once("---\n").expect("two documents");
    assert!(deployment.contains("seconds: 7") && !rollout.contains("template"), "{edited}");
    assert!(rollout.contains("maxSurge: 50%") && !deployment.contains("50%"), "{edited}");
    assert_eq!(open(&edited).read().expect("it is read").scenario.pod.termination.pre_stop.mean(), 7.0);
    // Argo refuses a template beside the reference, in a patch, too.
    let refused = open(&both).patch(&set, wanted).expect_err("a patch is of one object");
    assert!(refused.contains("`pod.termination.preStop`") && refused.contains("workloadRef"), "{refused}");
    assert!(
        open(&both).patch(&set[..1], wanted).expect("it can say it").expect("a manifest").text.contains("maxSurge")
    );
    let alone = both.replace("kind: Deployment, name: checkout", "kind: Deployment, name: elsewhere");
    let refused = open(&alone).edited(&set, wanted).expect_err("there is no template");
    assert!(refused.contains("the Deployment `elsewhere`, which is not in this file"), "{refused}");
}

#[test]
fn an_ecs_service_is_edited_and_a_nomad_job_is_not() {
    let service = r#"{"services": [{"serviceName": "web", "desiredCount": 4,
  "deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}}],
 "taskDefinition": {"family": "web", "containerDefinitions": [{"name": "web", "stopTimeout": 30}]}}"#;
    let set = [
        "workload.deploymentConfiguration.minimumHealthyPercent=100",
        "workload.deploymentConfiguration.maximumPercent=200",
        "pod.termination.terminationGracePeriodSeconds=60",
    ];
    let edited = draft("s.json", service).edited(&own(&set), None).expect("written");
    let expected = service.replace("50}", "100}").replace("150", "200").replace("30}", "60}");
    assert_eq!((edited.text, edited.left.len()), (expected, 0));
    agrees("s.json", service, &service.replace("50}", "100}").replace("150", "200").replace("30}", "60}"), &set);
    // What a template of the job holds is none of the file's.
    let job = "job \"web\" {\n  group \"web\" {\n    task \"web\" {\n      template {\n        data = <<EOF\n{{ key \"x\" }}\nEOF\n      }\n    }\n  }\n}\n";
    let refused = draft("web.nomad.hcl", job).edited(&own(&["pod.termination.preStop=7s"]), None);
    assert!(refused.expect_err("it is not written").contains("`shutdown_delay`"));
}

#[test]
fn json_stays_json() {
    let json = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
  "spec": {
    "replicas": 4,
    "template": {"spec": {"containers": [{"name": "app", "image": "app:1"}]}}
  }
}"#;
    let edited = draft("m.json", json).edited(&own(&SET), None).expect("written").text;
    serde_json::from_str::<serde_json::Value>(&edited).unwrap_or_else(|e| panic!("{e}\n{edited}"));
    agrees("m.json", json, &edited, &SET);
}

#[test]
fn a_patch_knows_containers_by_name() {
    let patch = draft("m.yaml", MANIFEST).patch(&own(&SET), None).expect("it can say it").expect("a manifest");
    assert!(patch.left.is_empty());
    let expected = "\
# kubectl patch deployment checkout --patch-file THIS_FILE
spec:
  minReadySeconds: 4
  strategy:
    rollingUpdate:
      maxSurge: 50%
      maxUnavailable: 0
  template:
    spec:
      containers:
      - name: app
        lifecycle:
          preStop:
            sleep:
              seconds: 7
      terminationGracePeriodSeconds: 42
";
    assert_eq!(patch.text, expected);
    let left = draft("m.yaml", MANIFEST).patch(&own(&["pod.termination.drainWindow=9s"]), None).expect("no error");
    assert_eq!(left.expect("a manifest").left, ["pod.termination.drainWindow=9s"]);
}

#[test]
fn a_kind_that_is_not_kubernetes_own_gets_a_json_patch_which_reaches_into_lists() {
    let rollout = MANIFEST.replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout");
    let rollout = rollout.replace("  replicas: 20 # peak\n", "  replicas: 20 # peak\n  strategy: {canary: {}}\n");
    let set = own(&[
        "workload.strategy.canary.maxSurge=50%",
        "workload.strategy.canary.maxUnavailable=0",
        "workload.minReadySeconds=5",
        "pod.termination.preStop=7s",
        "pod.termination.terminationGracePeriodSeconds=42",
    ]);
    let patch = draft("r.yaml", &rollout).patch(&set, None).expect("it can say it").expect("a manifest");
    let expected = r#"# kubectl patch rollout checkout --type json --patch-file THIS_FILE
- {"op":"add","path":"/spec/strategy/canary/maxSurge","value":"50%"}
- {"op":"add","path":"/spec/strategy/canary/maxUnavailable","value":0}
- {"op":"add","path":"/spec/minReadySeconds","value":5}
- {"op":"test","path":"/spec/template/spec/containers/1/name","value":"app"}
- {"op":"add","path":"/spec/template/spec/containers/1/lifecycle","value":{"preStop":{"sleep":{"seconds":7}}}}
- {"op":"add","path":"/spec/template/spec/terminationGracePeriodSeconds","value":42}
"#;
    assert_eq!(patch.text, expected);
}

#[test]
fn a_scenario_is_edited_in_place_whatever_its_style() {
    let set = [
        "pod.termination.preStop=7s",
        "workload.strategy.rollingUpdate.maxSurge=50%",
        "clients.web.retries.attempts=1",
    ];
    let scenarios = [
        "clients: [{name: web, rate: 100/s}]   # all of it\n",
        "# head\nworkload:\n  replicas: 4   # four\n  strategy: {rollingUpdate: {maxUnavailable: 0}}\nclients:\n  - name: web\n    rate: 100/s\npod: {termination: {drainWindow: 5s}}\n",
        "pod:\n  termination:\n    preStop: 1s   # short\n\nworkload: {strategy: }\nclients:\n- {name: web, rate: 100/s, retries: {attempts: 0}}",
    ];
    for text in scenarios {
        let edited = draft("s.yaml", text).edited(&own(&set), None).unwrap_or_else(|e| panic!("{e}\n{text}"));
        agrees("s.yaml", text, &edited.text, &set);
        for comment in text.lines().filter_map(|l| l.split_once('#')).map(|l| l.1) {
            assert!(edited.text.contains(comment), "{}", edited.text);
        }
    }
}

#[test]
fn every_document_but_the_workload_is_left_alone() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: checkout}\nspec: {ports: [{port: 80}]}\n";
    let docs = format!("{service}---\n{MANIFEST}");
    let edited = draft("m.yaml", &docs).edited(&own(&SET), None).expect("written").text;
    survives(&docs, &edited);
    assert!(edited.starts_with(service));
}
