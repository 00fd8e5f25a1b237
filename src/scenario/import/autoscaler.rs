//! The `HorizontalPodAutoscaler` that stands beside a workload and is aimed at it.

use super::kubernetes::{Tree, only, share_namespace};
use super::no_effect;
use crate::scenario::Diag;
use crate::scenario::tree::{Node, Value};

/// All fields of the spec, the first of which says whom it is aimed at.
const FIELDS: [&str; 6] =
    ["scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior", "targetCPUUtilizationPercentage"];

/// The first of `objects` that is an autoscaler of `workload`.
pub(super) fn of<'a>(objects: &[&'a Node], workload: &Node) -> Option<&'a Node> {
    let text = |o: &Node, path: &str| o.at(path).and_then(Node::text).map(str::to_owned);
    let is = |o: &Node| text(o, "kind").as_deref() == Some("HorizontalPodAutoscaler");
    let aimed = |o: &Node| {
        text(o, "spec.scaleTargetRef.name") == text(workload, "metadata.name")
            && text(o, "spec.scaleTargetRef.kind") == text(workload, "kind")
    };
    objects.iter().copied().find(|o| is(o) && share_namespace(o, workload) && aimed(o))
}

/// What it says.
pub(super) fn read(tree: &mut Tree, autoscaler: &Node) {
    if let Some(spec) = autoscaler.get("spec") {
        tree.notes.extend(no_effect::unknown(spec, "spec", &FIELDS));
        let mut fields = only(spec, &FIELDS[1..]);
        if let Some((version, release)) = removed(autoscaler) {
            let text =
                format!("`{}` is no longer served from Kubernetes {release}", version.text().unwrap_or_default());
            let diag = Diag::warning("removed-version", text).at(&version.span, "read as `autoscaling/v2`");
            tree.notes
                .push(diag.path("apiVersion").help("write `apiVersion: autoscaling/v2`, with each `target` in a map"));
            if let Some(entry) = spec.entry("metrics") {
                fields.set("metrics", in_todays_words(&entry.value), &entry.key_span);
            }
        }
        tree.put("workload.horizontalPodAutoscaler", Some(&fields), "");
    }
}

/// The version of an autoscaler that is no longer served, and from which release on (Kubernetes' deprecated API migration guide).
fn removed(autoscaler: &Node) -> Option<(&Node, &'static str)> {
    let version = autoscaler.get("apiVersion")?;
    match version.text()? {
        "autoscaling/v2beta1" => Some((version, "1.25")),
        "autoscaling/v2beta2" => Some((version, "1.26")),
        _ => None,
    }
}

/// Fields of a metric in `v2beta1`, each with what `v2` calls it.
const RENAMED: [(&str, &str); 4] = [
    ("targetAverageUtilization", "target.averageUtilization"),
    ("targetAverageValue", "target.averageValue"),
    ("metricName", "metric.name"),
    ("selector", "metric.selector"),
];

/// Metrics of `v2beta1` as `v2` has them. Those of objects and from elsewhere are passed over either way.
fn in_todays_words(metrics: &Node) -> Node {
    let mut metrics = metrics.clone();
    let Value::Seq(items) = &mut metrics.value else { return metrics };
    for metric in items {
        let Value::Map(sources) = &mut metric.value else { continue };
        for source in sources {
            for (old, new) in RENAMED {
                let Some(span) = source.value.entry(old).map(|e| e.key_span.clone()) else { continue };
                if let Some(value) = source.value.take(old) {
                    source.value.set(new, value, &span);
                }
            }
        }
    }
    metrics
}
