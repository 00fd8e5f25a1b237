//! What a manifest says that Kubernetes or Argo read in another way than it looks, and what they refuse.

use std::fs;

use crate::common::program::json_of;
use crate::common::told::told;

/// A workload of this kind with these fields of its `spec`, and these of its container.
fn workload(kind: &str, spec: &str, container: &str) -> String {
    let api = if kind == "Rollout" { "argoproj.io/v1alpha1" } else { "apps/v1" };
    format!(
        "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  {spec}\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: web, image: web{container}}}\n"
    )
}

/// What `import` makes of a manifest.
fn imported(text: &str, options: &[&str]) -> (i32, String) {
    told("web.yaml", text, &[&["import"], options].concat())
}

/// Asserts that a manifest is read with a remark, or refused.
fn assert_told(text: &str, status: i32, parts: &[&str]) {
    let (ended, said) = imported(text, &[]);
    assert_eq!(ended, status, "{text}\n{said}");
    for part in parts {
        assert!(said.contains(part), "`{part}` is not said of\n{text}\n{said}");
    }
}

#[test]
fn a_blue_green_rollout_promotes_itself_after_its_seconds_unless_a_hand_is_wanted() {
    let rollout =
        |fields: &str| workload("Rollout", &format!("strategy: {{blueGreen: {{activeService: a{fields}}}}}"), "");
    let (_, said) = imported(&rollout(", autoPromotionSeconds: 45"), &[]);
    assert!(said.contains("autoPromotionEnabled: true            # default"), "{said}");
    let title = |fields: &str| told("web.yaml", &rollout(fields), &["run", "--rate", "50/s", "--replications", "1"]).1;
    assert!(title(", autoPromotionSeconds: 45").contains("blue-green, promoted after 45s"));
    assert!(title(", autoPromotionEnabled: true, autoPromotionSeconds: 45").contains("promoted after 45s"));
    let by_hand = title(", autoPromotionEnabled: false, autoPromotionSeconds: 45");
    assert!(
        by_hand.contains("promoted by hand") && by_hand.contains("`autoPromotionSeconds` has no effect"),
        "{by_hand}"
    );
}

/// The deployment beside an autoscaler that goes by these metrics.
fn autoscaled(metrics: &str) -> String {
    workload("Deployment", "replicas: 4", "")
        + &format!(
            "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{scaleTargetRef: {{kind: \
             Deployment, name: web}}, minReplicas: 2, maxReplicas: 5, metrics: {metrics}}}\n"
        )
}

#[test]
fn an_autoscaler_of_which_nothing_is_simulated_leaves_the_fleet_as_it_is() {
    let target = "target: {type: Utilization, averageUtilization: 70}";
    let run = |text: &str, options: &[&str]| {
        let base = ["run", "--rate", "100/s", "--replications", "1", "--format", "csv"];
        let (status, said) = told("web.yaml", text, &[&base, options].concat());
        assert_eq!(status, 0, "{said}");
        // The header and the row below it; what is said besides comes after them.
        let rows: Vec<String> = said.lines().take(2).map(str::to_owned).collect();
        (said, rows)
    };
    let (_, alone) = run(&workload("Deployment", "replicas: 4", ""), &[]);
    assert_eq!(alone.len(), 2);
    for metric in [
        format!("{{type: Resource, resource: {{name: memory, {target}}}}}"),
        format!("{{type: ContainerResource, containerResource: {{name: memory, container: web, {target}}}}}"),
        "{type: External, external: {metric: {name: queue}}}".to_owned(),
    ] {
        let (said, rows) = run(&autoscaled(&format!("[{metric}]")), &[]);
        assert!(said.contains("none of this autoscaler's metrics is simulated"), "{metric}: {said}");
        assert_eq!(rows, alone, "{metric}");
    }
    let busy = target.replace("70", "1");
    let cpu =
        autoscaled(&format!("[{{type: ContainerResource, containerResource: {{name: cpu, container: web, {busy}}}}}]"));
    let (said, rows) = run(&cpu, &[]);
    assert!(!said.contains("not simulated"), "{said}");
    assert_ne!(rows, alone, "a container's CPU is the pod's");
    for nobody in ["none", "null", "~"] {
        let (said, rows) = run(&cpu, &["--set", &format!("workload.horizontalPodAutoscaler={nobody}")]);
        assert_eq!((rows, said.contains("warning")), (alone.clone(), false), "{nobody}: {said}");
    }
}

#[test]
fn an_autoscaler_of_a_version_that_is_gone_is_read_and_told() {
    let of = |version: &str, metrics: &str| {
        autoscaled(metrics).replace("autoscaling/v2\n", &format!("autoscaling/{version}\n"))
    };
    let old = of("v2beta1", "[{type: Resource, resource: {name: cpu, targetAverageUtilization: 70}}]");
    assert_told(
        &old,
        0,
        &["`autoscaling/v2beta1` is no longer served from Kubernetes 1.25", "averageUtilization: 70 "],
    );
    let old =
        of("v2beta2", "[{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]");
    assert_told(&old, 0, &["from Kubernetes 1.26", "averageUtilization: 60 "]);
}

#[test]
fn a_daemon_set_has_one_of_its_bounds() {
    let daemon_set =
        |bounds: &str| workload("DaemonSet", &format!("updateStrategy: {{rollingUpdate: {{{bounds}}}}}"), "");
    let refused = "a DaemonSet's `maxSurge` may not be set while its `maxUnavailable` is not 0";
    assert_told(
        &daemon_set("maxSurge: 1"),
        2,
        &[refused, "web.yaml:5:46", "`maxUnavailable` is 1 where nothing is said"],
    );
    assert_told(&daemon_set("maxSurge: 1, maxUnavailable: 10%"), 2, &[refused, "beside this"]);
    for fine in ["maxSurge: 1, maxUnavailable: 0", "maxUnavailable: 2", "maxSurge: 0, maxUnavailable: 1"] {
        assert_told(&daemon_set(fine), 0, &[]);
    }
    let on_delete = "updateStrategy: {type: OnDelete, rollingUpdate: {maxSurge: 1}}";
    assert_told(&workload("DaemonSet", on_delete, ""), 0, &[]);
}

#[test]
fn fields_of_another_kind_and_slips_are_told() {
    let no_effect = |field: &str, kind: &str| format!("`{field}` has no effect in a {kind}");
    for (kind, spec, field) in [
        ("StatefulSet", "strategy: {type: RollingUpdate}", "strategy"),
        ("DaemonSet", "strategy: {type: RollingUpdate}", "strategy"),
        ("DaemonSet", "replicas: 4", "replicas"),
        ("Deployment", "updateStrategy: {type: OnDelete}", "updateStrategy"),
        ("Deployment", "podManagementPolicy: Parallel", "podManagementPolicy"),
        ("Deployment", "strategy: {canary: {}}", "canary"),
        ("Deployment", "strategy: {blueGreen: {}}", "blueGreen"),
        ("StatefulSet", "updateStrategy: {rollingUpdate: {maxSurge: 1}}", "maxSurge"),
    ] {
        assert_told(&workload(kind, spec, ""), 0, &["warning[misplaced-field]", &no_effect(field, kind)]);
    }
    let canary = "strategy: {canary: {step: [], maxsurge: 1, colour: red, minPodsPerReplicaSet: 2}}";
    let parts = [
        "did you mean `steps`?",
        "did you mean `maxSurge`?",
        "`colour` has no effect",
        "`minPodsPerReplicaSet` is not simulated",
    ];
    assert_told(&workload("Rollout", canary, ""), 0, &parts);
    let blue = "strategy: {blueGreen: {abortScaleDownDelaySeconds: 5, scaleDownDelayRevisionLimit: 1}}";
    let parts = ["`abortScaleDownDelaySeconds` is not simulated", "`scaleDownDelayRevisionLimit` is not simulated"];
    assert_told(&workload("Rollout", blue, ""), 0, &parts);
    let paused = "paused: true\n  strategy: {canary: {}}";
    assert_told(&workload("Rollout", paused, ""), 0, &["this Rollout is paused: Argo would not roll it out"]);
}

#[test]
fn what_the_api_refuses_is_an_error() {
    assert_told(&workload("Rollout", "replicas: 2", ""), 2, &["neither `strategy.canary` nor `strategy.blueGreen`"]);
    let slip = workload("Rollout", "strategy: {cannary: {}}", "");
    assert_told(&slip, 2, &["web.yaml:5:14", "did you mean `canary`?"]);
    assert_told(&workload("Deployment", "strategy: RollingUpdate", ""), 2, &["`strategy` must be a map of fields"]);
    let whole = workload("Deployment", "replicas: 4", "");
    for (from, to, parts) in [
        ("  template:", "  templat:", ["has no `spec.template`", "did you mean `template`?"]),
        ("    spec:\n", "    specs:\n", ["has no `spec.template.spec`", "did you mean `spec`?"]),
        (
            "      containers:\n      - ",
            "      container:\n      - ",
            ["have no containers", "did you mean `containers`?"],
        ),
        (
            "      containers:\n      - ",
            "      containers:\n        ",
            ["`containers` must be a list", "expected a list"],
        ),
        ("spec:\n  replicas", "specs:\n  replicas", ["has no `spec`", "did you mean `spec`?"]),
        ("kind: Deployment", "kind: Deploymet", ["there is no kind `Deploymet`", "did you mean `Deployment`?"]),
        ("kind: Deployment", "kind: deployment", ["web.yaml:2:7", "did you mean `Deployment`?"]),
    ] {
        assert_told(&whole.replacen(from, to, 1), 2, &parts);
    }
    let (bare, _) = whole.split_once("  template:").expect("it has one");
    assert_told(bare, 0, &["has no `spec.template`: the API would refuse it"]);
    let elsewhere = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec: {workloadRef: {kind: Deployment, name: \
                     web}, strategy: {canary: {}}}\n";
    assert_told(elsewhere, 0, &["the Deployment `web` that describes these pods is not in the file"]);
}

#[test]
fn slips_beside_a_workload_are_told() {
    let whole = workload("Deployment", "replicas: 4", "");
    let autoscaler = autoscaled("[]").replace("minReplicas", "minReplica");
    assert_told(&autoscaler, 0, &["`minReplica` has no effect", "did you mean `minReplicas`?"]);
    let budget = |bound: &str| {
        format!(
            "{whole}---\nkind: PodDisruptionBudget\nmetadata: {{name: b}}\nspec: {{{bound}, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    assert_told(&budget("minAvailabe: 1"), 0, &["`minAvailabe` has no effect", "did you mean `minAvailable`?"]);
    let gates = whole.replace("      containers", "      readinessGates: [{conditionTyp: x}]\n      containers");
    assert_told(&gates, 2, &["a readiness gate has no `conditionType`", "did you mean `conditionType`?"]);
}

#[test]
fn what_a_container_does_besides_is_told() {
    let start = workload("Deployment", "replicas: 4", ", lifecycle: {postStart: {sleep: {seconds: 30}}}");
    assert_told(&start, 0, &["`postStart` is not simulated", "it takes 30s, and no probe begins before"]);
    let signal = workload("Deployment", "replicas: 4", ", lifecycle: {stopSignal: SIGKILL}");
    assert_told(&signal, 0, &["`stopSignal` is not simulated", "taken as SIGTERM"]);
    let usual = workload("Deployment", "replicas: 4", ", lifecycle: {stopSignal: SIGTERM}");
    assert!(!imported(&usual, &[]).1.contains("warning"));
}

#[test]
fn a_partition_above_all_pods_rolls_none() {
    let of = |partition: u32| {
        workload(
            "StatefulSet",
            &format!("replicas: 4\n  updateStrategy: {{rollingUpdate: {{partition: {partition}}}}}"),
            "",
        )
    };
    assert_told(&of(4), 0, &["warning[nothing-rolled]", "`partition` is 4, and the pods' ordinals end at 3"]);
    assert!(!imported(&of(3), &[]).1.contains("nothing-rolled"));
}

#[test]
fn workloads_of_one_name_are_told_apart_by_their_kind() {
    let both = [workload("Deployment", "replicas: 4", ""), workload("StatefulSet", "replicas: 3", "")].join("---\n");
    assert_told(&both, 2, &["pick one by --workload NAME: Deployment/web, StatefulSet/web"]);
    for (wanted, replicas) in [("Deployment/web", 4), ("statefulset/web", 3), ("statefulset.apps/web", 3)] {
        let (status, said) = imported(&both, &["--workload", wanted]);
        assert!(status == 0 && said.contains(&format!("replicas: {replicas} ")), "{wanted}: {said}");
    }
    let (status, said) = imported(&both, &["--workload", "DaemonSet/web"]);
    assert!(status == 2 && said.contains("it has Deployment/web, StatefulSet/web"), "{said}");
    // Each is looked at.
    let (_, said) = told("web.yaml", &both, &["lint"]);
    assert_eq!(said.matches("warning[closes-before-removal]").count(), 2, "{said}");
}

/// What is put in the background is not waited for, all the way to the written scenario.
#[test]
fn a_hook_is_read_as_a_shell_reads_it() {
    let hook = |script: &str| {
        let container = format!(", lifecycle: {{preStop: {{exec: {{command: [sh, -c, '{script}']}}}}}}");
        let (status, said) = imported(&workload("Deployment", "replicas: 4", &container), &[]);
        assert_eq!(status, 0, "{said}");
        let line =
            said.lines().find(|l| l.trim_start().starts_with("preStop:")).expect("a hook").trim_start().to_owned();
        let code =
            said.lines().find_map(|l| l.strip_prefix("warning[")).map(|l| l.split(']').next().unwrap_or("").to_owned());
        (line.split(' ').nth(1).expect("a value").to_owned(), code)
    };
    let told = |code: &str| Some(code.to_owned());
    assert_eq!(hook("exec sleep 10"), ("10s".to_owned(), None));
    assert_eq!(hook("sleep 30 & echo hi"), ("0s".to_owned(), told("prestop-partly-read")));
    assert_eq!(hook("while true; do sleep 1; done; sleep 10"), ("0s".to_owned(), told("prestop-unknown")));
    // From the end of the server on nothing is served, however long the hook goes on.
    assert_eq!(hook("nginx -s quit; sleep 10"), ("0s".to_owned(), told("prestop-partly-read")));
    assert_eq!(hook("sleep 20; kill -QUIT 1; sleep 5"), ("20s".to_owned(), told("prestop-partly-read")));
}

/// What is not known to be too short is not said to be.
#[test]
fn a_hook_that_cannot_be_read_breaks_no_rule() {
    let lint = |hook: &str| {
        let text = workload("Deployment", "replicas: 4", &format!(", lifecycle: {{preStop: {hook}}}"));
        told("web.yaml", &text, &["lint"]).1
    };
    for hook in ["{httpGet: {path: /shutdown, port: 8090}}", "{exec: {command: [/wait-shutdown]}}"] {
        assert!(!lint(hook).contains("closes-before-removal"), "{}", lint(hook));
    }
    assert!(lint("{sleep: {seconds: 1}}").contains("listen for 1.0 s"));
    // What is said beside the file counts.
    let text = workload("Deployment", "replicas: 4", ", lifecycle: {preStop: {httpGet: {path: /x, port: 1}}}");
    let said = told("web.yaml", &text, &["lint", "--set", "preStop=1s"]).1;
    assert!(said.contains("listen for 1.0 s"), "{said}");
}

#[test]
fn the_pods_of_a_rollout_are_those_of_the_deployment_that_it_refers_to() {
    let reference =
        "replicas: 5\n  strategy: {canary: {}}\n  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}";
    let rollout = workload("Rollout", reference, "").split("  template:").next().expect("its beginning").to_owned();
    let pods = ", readinessProbe: {initialDelaySeconds: 30}, lifecycle: {preStop: {sleep: {seconds: 11}}}";
    let both = [workload("Deployment", "replicas: 0", pods), rollout.clone()].join("---\n");
    let (status, said) = imported(&both, &["--workload", "Rollout/web"]);
    assert!(status == 0 && !said.contains("warning"), "{said}");
    for part in ["replicas: 5 ", "preStop: 11s ", "initialDelaySeconds: 30 "] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn pods_that_take_a_port_of_their_node_have_no_room_beside_each_other() {
    let port = ", ports: [{containerPort: 80, hostPort: 80}]";
    let told = |kind: &str, spec: &str, container: &str| imported(&workload(kind, spec, container), &[]).1;
    let surge = |n: u32| format!("updateStrategy: {{rollingUpdate: {{maxSurge: {n}, maxUnavailable: {}}}}}", 1 - n);
    assert!(told("DaemonSet", &surge(1), port).contains("with maxSurge the rollout never ends"));
    assert!(!told("DaemonSet", &surge(0), port).contains("warning"));
    assert!(!told("DaemonSet", &surge(1), ", ports: [{containerPort: 80}]").contains("warning"));
    assert!(told("Deployment", "replicas: 4", port).contains("waits for a node on which none of them runs"));
    assert!(!told("Deployment", "replicas: 4\n  strategy: {type: Recreate}", port).contains("warning"));
    let host = workload("Deployment", "replicas: 4", ", ports: [{containerPort: 80}]")
        .replace("      containers:", "      hostNetwork: true\n      containers:");
    assert_told(&host, 0, &["host-port", "hostNetwork"]);
}

#[test]
fn json_names_the_place_of_a_slip() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("web.yaml");
    fs::write(&file, workload("DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1}}", ""))
        .expect("it is written");
    let (status, json) = json_of(&["lint", file.to_str().expect("UTF-8")]);
    assert_eq!((status, &json["findings"][0]["line"]), (2, &serde_json::json!(5)), "{json}");
}
