//! The `AnalysisTemplate`s that an Argo `Rollout` names, put where it names them, their arguments filled in.

use super::kubernetes::Tree;
use crate::scenario::Diag;
use crate::scenario::tree::{Entry, Node, Value};

/// Where a strategy has an analysis, apart from its steps.
const PLACES: [&str; 3] = ["analysis", "prePromotionAnalysis", "postPromotionAnalysis"];

/// The strategy (`canary` or `blueGreen`) with the metrics of its templates, and which of `objects` those are.
pub(super) fn resolve(tree: &mut Tree, strategy: &Node, objects: &[&Node]) -> Node {
    let mut strategy = strategy.clone();
    let Value::Map(entries) = &mut strategy.value else { return strategy };
    for entry in entries {
        if PLACES.contains(&entry.key.as_str()) {
            fill(tree, &mut entry.value, objects);
        } else if entry.key == "steps"
            && let Value::Seq(steps) = &mut entry.value.value
        {
            for step in steps {
                let Value::Map(fields) = &mut step.value else { continue };
                for field in fields.iter_mut().filter(|f| f.key == "analysis") {
                    fill(tree, &mut field.value, objects);
                }
            }
        }
    }
    strategy
}

/// Whether `object` is a template that some strategy of `spec` names.
pub(super) fn is_named(spec: &Node, object: &Node) -> bool {
    let Some(name) = object.at("metadata.name").and_then(Node::text).filter(|_| is_template(object)) else {
        return false;
    };
    ["canary", "blueGreen"].iter().filter_map(|s| spec.get("strategy")?.get(s)).any(|strategy| {
        let steps = strategy.get("steps").map(Node::items).unwrap_or_default();
        let analyses =
            PLACES.iter().filter_map(|p| strategy.get(p)).chain(steps.iter().filter_map(|s| s.get("analysis")));
        analyses.flat_map(names).any(|n| n.text() == Some(name))
    })
}

fn is_template(object: &Node) -> bool {
    let kind = object.get("kind").and_then(Node::text);
    matches!(kind, Some("AnalysisTemplate" | "ClusterAnalysisTemplate"))
}

/// The names of an analysis' templates, where they stand.
fn names(analysis: &Node) -> impl Iterator<Item = &Node> {
    let listed = analysis.get("templates").map(Node::items).unwrap_or_default();
    // `templateName` beside the arguments is the older way to write it.
    listed.iter().chain([analysis]).filter_map(|t| t.get("templateName"))
}

/// Gives an analysis the metrics of its templates.
fn fill(tree: &mut Tree, analysis: &mut Node, objects: &[&Node]) {
    let mut metrics: Vec<Node> = Vec::new();
    for name in names(analysis) {
        let named = |o: &&&Node| is_template(o) && o.at("metadata.name").and_then(Node::text) == name.text();
        let Some(template) = objects.iter().find(named) else { continue };
        let nested = template.at("spec.templates").is_some();
        if nested {
            let diag = Diag::warning("ignored-field", "templates of a template are not read");
            tree.notes.push(diag.at(&name.span, "only its own metrics are"));
        }
        let args = |node: &Node| node.get("args").map(|a| a.items().to_vec()).unwrap_or_default();
        // The Rollout's own arguments come before the template's defaults.
        let mut known = args(analysis);
        known.extend(template.get("spec").map(args).unwrap_or_default());
        let skipped = dry_runs(analysis, template);
        for metric in template.at("spec.metrics").map(Node::items).unwrap_or_default() {
            if skipped.iter().any(|s| Some(s.as_str()) == metric.get("name").and_then(Node::text)) {
                continue;
            }
            let mut metric = metric.clone();
            substitute(&mut metric, &known);
            drop_unknown(tree, &mut metric);
            metrics.push(metric);
        }
    }
    if metrics.is_empty() {
        return;
    }
    let span = analysis.span.clone();
    analysis.set("metrics", Node { value: Value::Seq(metrics), span: span.clone() }, &span);
}

/// Metrics whose outcome decides nothing.
fn dry_runs(analysis: &Node, template: &Node) -> Vec<String> {
    let of = |node: &Node| node.get("dryRun").map(|d| d.items().to_vec()).unwrap_or_default();
    let mut all = of(analysis);
    all.extend(template.get("spec").map(of).unwrap_or_default());
    all.iter().filter_map(|d| d.get("metricName").and_then(Node::text).map(str::to_owned)).collect()
}

/// Puts arguments where `{{args.name}}` stands.
fn substitute(node: &mut Node, args: &[Node]) {
    match &mut node.value {
        Value::Scalar { text, quoted } if text.contains("{{") => {
            for arg in args {
                let (Some(name), Some(value)) = (arg.get("name").and_then(Node::text), arg.get("value")) else {
                    continue;
                };
                let Some(value) = value.text() else { continue };
                for hole in [format!("{{{{args.{name}}}}}"), format!("{{{{ args.{name} }}}}")] {
                    *text = text.replace(&hole, value);
                }
            }
            // What is now a number or a duration is meant as one.
            *quoted &= text.contains("{{");
        }
        Value::Seq(items) => items.iter_mut().for_each(|n| substitute(n, args)),
        Value::Map(entries) => entries.iter_mut().for_each(|e| substitute(&mut e.value, args)),
        Value::Null | Value::Scalar { .. } => {}
    }
}

/// Fields that are numbers or durations, and cannot be read while a value is missing.
const PLAIN: [&str; 6] =
    ["interval", "initialDelay", "count", "failureLimit", "inconclusiveLimit", "consecutiveErrorLimit"];

fn drop_unknown(tree: &mut Tree, metric: &mut Node) {
    let Value::Map(entries) = &mut metric.value else { return };
    let unknown = |e: &Entry| PLAIN.contains(&e.key.as_str()) && e.value.text().is_some_and(|t| t.contains("{{"));
    for entry in entries.iter().filter(|e| unknown(e)) {
        let diag = Diag::warning("ignored-field", format!("nothing says what `{}` is here", entry.key));
        tree.notes.push(diag.at(&entry.value.span, "Argo's default instead"));
    }
    entries.retain(|e| !unknown(e));
    for entry in entries.iter_mut().filter(|e| PLAIN.contains(&e.key.as_str())) {
        // Argo takes `count: "5"` for 5.
        if let Value::Scalar { quoted, .. } = &mut entry.value.value {
            *quoted = false;
        }
    }
}
