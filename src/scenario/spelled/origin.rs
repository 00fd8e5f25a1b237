//! Where a value is from, in the words of a comment.

use std::collections::BTreeMap;

use super::DEFAULT;
use crate::scenario::diag::printable;
use crate::scenario::presets;
use crate::scenario::tree::{Node, Span, Value};

/// What is known of where values are from.
pub(super) struct Origins<'a> {
    /// The names of fields in the manifest, by source, start and end.
    fields: BTreeMap<(String, usize, usize), String>,
    /// Whose defaults a manifest has that is silent.
    platform: &'static str,
    /// Path and reason of what is assumed.
    assumed: Vec<(&'a str, &'a str)>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(documents: &[Node], kind: Option<&str>, assumptions: &'a [String]) -> Self {
        let mut fields = BTreeMap::new();
        for document in documents {
            let of = document.get("kind").and_then(Node::text).filter(|k| Some(*k) != kind);
            let prefix = of.map(|k| format!("{k} ")).unwrap_or_default();
            walk(document, &prefix, "", &mut fields);
        }
        let platform = match kind {
            Some("Rollout") => "Argo Rollouts",
            Some("EcsService") => "ECS",
            Some("NomadJob") => "Nomad",
            _ => "Kubernetes",
        };
        Self { fields, platform, assumed: assumptions.iter().filter_map(|text| reason(text)).collect() }
    }

    /// Where the value at a path is from.
    pub(super) fn of(&self, path: &str, node: &Node) -> String {
        let source = &node.span.source;
        let name = source.name.as_str();
        let text = if name == DEFAULT {
            self.assumption(path).unwrap_or_else(|| "default".to_owned())
        } else if let Some(preset) = name.strip_prefix("preset ") {
            of_preset(preset)
        } else if name.starts_with("--") {
            format!("{name} {}", source.text)
        } else if node.span.range.is_empty() {
            // A manifest says nothing of whoever sends requests.
            let own = path.starts_with("clients");
            // A Rollout's pods are Kubernetes' own.
            let of_pods = path.starts_with("pod.") && self.platform == "Argo Rollouts";
            let platform = if of_pods { "Kubernetes" } else { self.platform };
            let default = || if own { "default".to_owned() } else { format!("default of {platform}") };
            self.assumption(path).unwrap_or_else(default)
        } else {
            self.of_file(&node.span)
        };
        printable(&text).replace('\n', "\\n")
    }

    /// The assumption that is about this field, or about the least that it is a part of.
    fn assumption(&self, path: &str) -> Option<String> {
        let about = |of: &str| path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let nearest = self.assumed.iter().filter(|(of, _)| about(of)).max_by_key(|(of, _)| of.len());
        nearest.map(|(_, why)| format!("assumed: {why}"))
    }

    fn of_file(&self, span: &Span) -> String {
        let (line, _) = span.source.position(span.range.start);
        let name = &span.source.name;
        let file = name.rsplit('/').next().unwrap_or(name);
        match self.fields.get(&(name.clone(), span.range.start, span.range.end)) {
            Some(field) => format!("{file}:{line}, {field}"),
            None => format!("{file}:{line}"),
        }
    }
}

/// An assumption as `path value (why)`.
fn reason(text: &str) -> Option<(&str, &str)> {
    let (path, rest) = text.split_once(' ')?;
    let why = rest.split_once('(').map_or(rest, |(_, why)| why.strip_suffix(')').unwrap_or(why));
    Some((path, why))
}

/// `preset haproxy (documented: …)`, for a source that is called `haproxy: loadBalancer.retries`.
fn of_preset(source: &str) -> String {
    let (name, path) = source.split_once(": ").unwrap_or((source, ""));
    let value = presets::named(name).and_then(|p| p.values.into_iter().find(|v| v.path == path));
    match value {
        Some(v) => format!("preset {name}, {}: {}", v.tag, v.source),
        None => format!("preset {name}"),
    }
}

/// Enters the names of all fields below `node`; of two that stand at the same place, the outer one.
fn walk(node: &Node, prefix: &str, path: &str, fields: &mut BTreeMap<(String, usize, usize), String>) {
    let span = &node.span;
    if !path.is_empty() && !span.range.is_empty() {
        let key = (span.source.name.clone(), span.range.start, span.range.end);
        fields.entry(key).or_insert_with(|| format!("{prefix}{path}"));
    }
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                walk(&entry.value, prefix, &path, fields);
            }
        }
        Value::Seq(items) => {
            for (n, item) in items.iter().enumerate() {
                let step = item.step_name().map_or_else(|| n.to_string(), str::to_owned);
                walk(item, prefix, &format!("{path}[{step}]"), fields);
            }
        }
        Value::Null | Value::Scalar { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::tree::Source;
    use crate::scenario::yaml;

    #[test]
    fn a_value_is_traced_to_its_field_its_option_or_its_assumption() {
        let text =
            "kind: Deployment\nspec:\n  containers: [{name: app, port: 80}]\n---\nkind: Other\nspec: {replicas: 3}\n";
        let docs = yaml::parse(&Source::new("k8s/a.yaml", text, 0)).expect("YAML");
        let assumptions = ["pod.warmup none (a JVM is slow (at first))".to_owned()];
        let origins = Origins::new(&docs, Some("Deployment"), &assumptions);
        let at = |n: usize, path: &str| origins.of("x", docs[n].at(path).expect("it is there"));
        assert_eq!(at(0, "spec.containers.app.port"), "a.yaml:3, spec.containers[app].port");
        assert_eq!(at(1, "spec.replicas"), "a.yaml:6, Other spec.replicas");
        let made = |name: &str, text: &str| Node::scalar("1", Span::whole(&Source::new(name, text, 0)));
        assert_eq!(origins.of("pod.warmup.slowdown", &made(DEFAULT, "")), "assumed: a JVM is slow (at first)");
        assert_eq!(origins.of("pod.warmups", &made(DEFAULT, "")), "default");
        assert_eq!(origins.of("x", &made("--set", "x=1\n2")), "--set x=1\\n2");
        assert_eq!(origins.of("x", &made("a.yaml", "")), "default of Kubernetes");
    }
}
