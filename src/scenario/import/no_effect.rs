//! Fields of a manifest that nobody reads, since they stand one level off or are misspelt: without strict validation
//! Kubernetes drops them, and the rollout runs with the defaults.

use super::kubernetes::Tree;
use crate::scenario::Diag;
use crate::scenario::diag::{nearest, printable};
use crate::scenario::tree::{Entry, Node};

/// Fields that are easily written one level off, where Kubernetes ignores or refuses them: (where, what it means).
const MISPLACED: [(&str, &str); 10] = [
    ("strategy", "spec.strategy"),
    ("replicas", "spec.replicas"),
    ("minReadySeconds", "spec.minReadySeconds"),
    ("spec.rollingUpdate", "spec.strategy.rollingUpdate"),
    ("spec.template.strategy", "spec.strategy"),
    ("spec.template.spec.strategy", "spec.strategy"),
    ("spec.template.spec.minReadySeconds", "spec.minReadySeconds"),
    ("spec.terminationGracePeriodSeconds", "spec.template.spec.terminationGracePeriodSeconds"),
    ("spec.template.spec.readinessProbe", "spec.template.spec.containers[].readinessProbe"),
    ("spec.template.spec.lifecycle", "spec.template.spec.containers[].lifecycle"),
];

/// Fields of one kind of workload that do nothing in another: (kinds, where, field, what to write there instead).
const FOREIGN: [(&[&str], &str, &str, &str); 9] = [
    (&["StatefulSet", "DaemonSet"], "spec", "strategy", "its rollout is said by `updateStrategy`"),
    (&["Deployment", "Rollout"], "spec", "updateStrategy", "its rollout is said by `strategy`"),
    (&["DaemonSet"], "spec", "replicas", "it runs a pod on each node; say how many by --set replicas=10"),
    (&["Deployment", "DaemonSet", "Rollout"], "spec", "podManagementPolicy", "a StatefulSet has it"),
    (&["StatefulSet", "DaemonSet"], "spec", "paused", "a Deployment has it"),
    (&["StatefulSet"], "spec.updateStrategy.rollingUpdate", "maxSurge", "it adds no pod beside the others"),
    (&["DaemonSet"], "spec.updateStrategy.rollingUpdate", "partition", "a StatefulSet has it"),
    (&["Deployment"], "spec.strategy", "canary", "a Rollout of Argo has it"),
    (&["Deployment"], "spec.strategy", "blueGreen", "a Rollout of Argo has it"),
];

/// Argo's fields that would change the rollout, and do not here: (where, field).
const NOT_SIMULATED: [(&str, &str); 5] = [
    ("spec.strategy.canary", "minPodsPerReplicaSet"),
    ("spec.strategy.canary", "replicaProgressThreshold"),
    ("spec.strategy.canary", "scaleDownDelayRevisionLimit"),
    ("spec.strategy.blueGreen", "scaleDownDelayRevisionLimit"),
    ("spec.strategy.blueGreen", "abortScaleDownDelaySeconds"),
];

/// What a forecast reads, by place; and Kubernetes' own fields that come near one of those. `[]` is each item of a list.
const READ: [(&str, &[&str]); 10] = [
    ("", &["apiVersion", "kind", "metadata", "spec", "status"]),
    (
        "spec",
        &[
            "replicas",
            "strategy",
            "updateStrategy",
            "podManagementPolicy",
            "minReadySeconds",
            "progressDeadlineSeconds",
            "progressDeadlineAbort",
            "podReplacementPolicy",
            "paused",
            "template",
        ],
    ),
    ("spec.strategy", &["type", "rollingUpdate", "canary", "blueGreen"]),
    ("spec.strategy.rollingUpdate", &["maxSurge", "maxUnavailable"]),
    ("spec.updateStrategy", &["type", "rollingUpdate"]),
    ("spec.updateStrategy.rollingUpdate", &["partition", "maxSurge", "maxUnavailable"]),
    ("spec.template", &["metadata", "spec"]),
    ("spec.template.spec", &["containers", "initContainers", "terminationGracePeriodSeconds", "readinessGates"]),
    ("spec.template.spec.containers[]", &["readinessProbe", "livenessProbe", "startupProbe", "lifecycle"]),
    ("spec.template.spec.containers[].lifecycle", &["preStop", "postStart", "stopSignal"]),
];

/// All fields of some places: any other is a slip, however far it is from one of these (Argo Rollouts 1.8, Kubernetes 1.34).
const WHOLE: [(&str, &[&str]); 2] = [
    (
        "spec.strategy.canary",
        &[
            "canaryService",
            "stableService",
            "steps",
            "trafficRouting",
            "maxUnavailable",
            "maxSurge",
            "analysis",
            "antiAffinity",
            "canaryMetadata",
            "stableMetadata",
            "scaleDownDelaySeconds",
            "scaleDownDelayRevisionLimit",
            "abortScaleDownDelaySeconds",
            "dynamicStableScale",
            "pingPong",
            "minPodsPerReplicaSet",
            "replicaProgressThreshold",
        ],
    ),
    (
        "spec.strategy.blueGreen",
        &[
            "activeService",
            "previewService",
            "previewReplicaCount",
            "autoPromotionEnabled",
            "autoPromotionSeconds",
            "maxUnavailable",
            "scaleDownDelaySeconds",
            "scaleDownDelayRevisionLimit",
            "prePromotionAnalysis",
            "postPromotionAnalysis",
            "antiAffinity",
            "activeMetadata",
            "previewMetadata",
            "abortScaleDownDelaySeconds",
        ],
    ),
];

/// The fields of a probe, in whichever container.
pub(super) const PROBE: [&str; 6] = [
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
];

/// Notes those of a workload of this kind.
pub(super) fn note(tree: &mut Tree, object: &Node, kind: &str) {
    for (path, right) in MISPLACED {
        let (parent, key) = path.rsplit_once('.').map_or((Some(object), path), |(p, key)| (object.at(p), key));
        if let Some(entry) = parent.and_then(|p| p.entry(key)) {
            let diag = Diag::warning("misplaced-field", format!("`{key}` has no effect here"));
            tree.notes.push(diag.at(&entry.key_span, format!("belongs at {right}")).path(path));
        }
    }
    for (_, place, field, instead) in FOREIGN.into_iter().filter(|(kinds, ..)| kinds.contains(&kind)) {
        if let Some(entry) = object.at(place).and_then(|map| map.entry(field)).filter(|e| !e.value.is_null()) {
            let diag = Diag::warning("misplaced-field", format!("`{field}` has no effect in a {kind}"));
            tree.notes.push(diag.at(&entry.key_span, instead).path(format!("{place}.{field}")));
        }
    }
    for (place, field) in NOT_SIMULATED {
        if let Some(entry) = object.at(place).and_then(|map| map.entry(field)).filter(|e| !e.value.is_null()) {
            let diag = Diag::warning("ignored-field", format!("`{field}` is not simulated in this version"));
            tree.notes.push(diag.at(&entry.key_span, "as if it were not there").path(format!("{place}.{field}")));
        }
    }
    for (place, fields) in READ {
        for map in at(object, place) {
            tree.notes.extend(misspelt(map, place, fields));
        }
    }
    for (place, fields) in WHOLE {
        tree.notes.extend(object.at(place).map(|map| unknown(map, place, fields)).unwrap_or_default());
    }
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        let place = format!("spec.template.spec.containers[].{probe}");
        for map in at(object, &place) {
            tree.notes.extend(misspelt(map, &place, &PROBE));
        }
    }
}

/// Fields of `map` that are none of `fields`, which are all there are.
pub(super) fn unknown(map: &Node, place: &str, fields: &[&str]) -> Vec<Diag> {
    let others = map.entries().iter().filter(|e| !fields.contains(&e.key.as_str()));
    others
        .map(|e| {
            let diag = Diag::warning("misplaced-field", format!("`{}` has no effect", printable(&e.key)));
            let meant = nearest(&e.key, fields.iter().copied());
            let label = meant.map_or_else(|| "no such field".to_owned(), |meant| format!("did you mean `{meant}`?"));
            diag.at(&e.key_span, label).path(format!("{place}.{}", printable(&e.key)))
        })
        .collect()
}

/// The values at a place.
fn at<'a>(object: &'a Node, place: &str) -> Vec<&'a Node> {
    let Some((list, rest)) = place.split_once("[]") else {
        return if place.is_empty() { vec![object] } else { object.at(place).into_iter().collect() };
    };
    let items = object.at(list).map_or(&[][..], Node::items).iter();
    items.filter_map(|item| if rest.is_empty() { Some(item) } else { item.at(rest.trim_start_matches('.')) }).collect()
}

/// Fields of `map` that are nearly one of `fields`.
fn misspelt(map: &Node, place: &str, fields: &[&str]) -> Vec<Diag> {
    let unread = map.entries().iter().filter(|e| !fields.contains(&e.key.as_str()));
    let misplaced = |e: &Entry| MISPLACED.iter().any(|(path, _)| *path == format!("{place}.{}", e.key));
    unread
        .filter(|e| !misplaced(e))
        .filter_map(|e| {
            let meant = nearest(&e.key, fields.iter().copied())?;
            let diag = Diag::warning("misplaced-field", format!("`{}` has no effect", e.key));
            let path = if place.is_empty() { e.key.clone() } else { format!("{place}.{}", e.key) };
            Some(diag.at(&e.key_span, format!("did you mean `{meant}`?")).path(path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::tree::Source;
    use crate::scenario::yaml;

    fn notes(manifest: &str) -> Vec<Diag> {
        let object = yaml::parse(&Source::new("deployment.yaml", manifest, 0)).expect("YAML").remove(0);
        let mut tree = Tree::new(&object);
        note(&mut tree, &object, object.get("kind").and_then(Node::text).expect("a kind"));
        tree.into_parts().1
    }

    #[test]
    fn what_is_nearly_a_field_is_noted_with_the_one_that_was_meant() {
        let notes = notes(
            "kind: Deployment
spec:
  replica: 3
  strategy: {rollingUpdates: {maxSurge: 1}, rollingUpdate: {maxsurge: 1}}
  template:
    spec:
      terminationGracePeriodSecond: 60
      containers:
      - {name: a}
      - {name: b, readinesProbe: {}, livenessProbe: {failuresThreshold: 5}, lifecycle: {preStart: {}, prestop: {}}}
",
        );
        let told: Vec<(usize, &str)> = notes.iter().map(|d| (d.line, d.message.as_str())).collect();
        let expected = [
            (3, "`replica` has no effect"),
            (4, "`rollingUpdates` has no effect"),
            (4, "`maxsurge` has no effect"),
            (7, "`terminationGracePeriodSecond` has no effect"),
            (10, "`readinesProbe` has no effect"),
            (10, "`preStart` has no effect"),
            (10, "`prestop` has no effect"),
            (10, "`failuresThreshold` has no effect"),
        ];
        assert_eq!(told, expected);
        assert!(notes[0].render(false).contains("did you mean `replicas`?"), "{}", notes[0].render(false));
    }

    /// Every field of these objects that is read by others (`kubectl explain`, Kubernetes 1.34; Argo Rollouts 1.8).
    #[test]
    fn no_field_of_kubernetes_own_is_taken_for_another() {
        let spec = "replicas selector template strategy updateStrategy minReadySeconds revisionHistoryLimit paused \
                    progressDeadlineSeconds progressDeadlineAbort serviceName podManagementPolicy ordinals \
                    volumeClaimTemplates persistentVolumeClaimRetentionPolicy workloadRef restartAt analysis \
                    rollbackWindow podReplacementPolicy";
        let pod = "activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy \
                   enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname \
                   imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority \
                   priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName \
                   schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN \
                   shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes";
        let container = "args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe \
                         resizePolicy resources restartPolicy securityContext startupProbe stdin stdinOnce \
                         terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir";
        let map = |fields: &str| fields.split_whitespace().map(|f| format!("{f}: {{}}")).collect::<Vec<_>>().join(", ");
        let in_container = map(container)
            .replace("lifecycle: {}", "lifecycle: {preStop: {}, postStart: {}, stopSignal: SIGTERM}")
            .replace(
                "livenessProbe: {}",
                &format!(
                    "livenessProbe: {{{}, exec: {{}}, grpc: {{}}, httpGet: {{}}, tcpSocket: {{}}}}",
                    map(&PROBE.join(" "))
                ),
            );
        let in_pod = map(pod).replace("{containers", "").replacen(
            "containers: {}",
            &format!("containers: [{{{in_container}}}]"),
            1,
        );
        let in_spec =
            map(spec).replace("template: {}", &format!("template: {{metadata: {{}}, spec: {{{in_pod}}}}}")).replacen(
                "strategy: {}",
                "strategy: {type: RollingUpdate, canary: {}, blueGreen: {}, rollingUpdate: {}}",
                1,
            );
        let manifest =
            format!("{{apiVersion: apps/v1, kind: Deployment, metadata: {{}}, status: {{}}, spec: {{{in_spec}}}}}");
        // Some are another kind's, which is told as such.
        let all = notes(&manifest);
        let found: Vec<String> =
            all.iter().filter(|d| !d.message.ends_with("in a Deployment")).map(|d| d.render(false)).collect();
        assert!(manifest.contains("stopSignal") && found.is_empty(), "{found:?}\n{manifest}");
    }
}
