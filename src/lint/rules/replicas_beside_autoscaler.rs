//! A manifest that says how many pods there are, and an autoscaler that says so too.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::Diag;
use crate::scenario::import::kubernetes;
use crate::scenario::tree::Node;

pub(super) const RULE: Rule = Rule {
    code: "replicas-beside-autoscaler",
    summary: "applying the manifest undoes what its autoscaler did",
    why: "An autoscaler writes the number of pods into `spec.replicas`. Whoever applies a manifest that has a number of its own there \
          takes the Deployment back to that number, in the middle of the load that the autoscaler had grown it for, and at the same moment as \
          the rollout begins. It grows again, but only look by look, while pods that are not Ready yet count as idle.",
    remedy: "No `replicas` in the manifest: Kubernetes' page on horizontal autoscaling says so under *Migrating Deployments and StatefulSets*. \
             Take it out of what was last applied first (`kubectl apply edit-last-applied`): a field that disappears from one \
             apply to the next becomes its default, which is 1.",
    incident: "kubernetes/kubernetes#25238: a Deployment of `replicas: 6` was applied while its autoscaler had it at another size; it jumped to \
               its surge, then to 6, and only then back; #66385: with `replicas: 1` under an autoscaler of 5 or more, one pod was left \
               to serve",
    failing: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 4
  template:
    spec:
      containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: checkout}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}
  minReplicas: 4
  maxReplicas: 20
",
    passing: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  template:
    spec:
      containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: checkout}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}
  minReplicas: 4
  maxReplicas: 20
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let Some(autoscaler) = &scenario.workload.autoscaler else { return Vec::new() };
    // A scenario's own `replicas` are how many pods there are; only those of a manifest are applied.
    let named = kubernetes::find(s.manifest, Some(&scenario.name));
    let Some((object, kind)) = named.or_else(|| kubernetes::find(s.manifest, None)) else { return Vec::new() };
    let Some(replicas) = object.at("spec.replicas").filter(|n| !n.is_null()) else { return Vec::new() };
    let (least, most) = (autoscaler.min_replicas, autoscaler.max_replicas);
    let applied = replicas.text().and_then(|t| t.parse::<u32>().ok());
    // 0 turns the autoscaler off, which is meant; and one that has no choice undoes nothing.
    if applied == Some(0) || least == most && applied == Some(least) {
        return Vec::new();
    }
    let text = replicas.text().unwrap_or("so many");
    let name = object.at("metadata.name").and_then(Node::text).unwrap_or(&scenario.name);
    let message =
        format!("applying this {kind} takes `{name}` back to {text} pods, whatever its autoscaler has made of them");
    let diag = Diag::warning(RULE.code, message).at(&replicas.span, "what is applied").path("spec.replicas");
    let diag = s.also(
        diag,
        "workload.horizontalPodAutoscaler.maxReplicas",
        format!("and the autoscaler may have gone up to {most}"),
    );
    vec![
        diag.help(
            "leave `replicas` out; `--explain replicas-beside-autoscaler` has how to do that without a fall to 1",
        ),
    ]
}
