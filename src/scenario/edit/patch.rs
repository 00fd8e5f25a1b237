//! Settings as a patch that `kubectl patch` takes.

use serde_json::{Map, Value as Json, json};

use super::Setting;
use super::splice::block;
use super::target::{self, Target};
use crate::scenario::tree::Node;

const NAMELESS: &str = "the container has no name, by which a patch would find it";

/// A patch of one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// YAML.
    pub text: String,
    /// Settings, as `PATH=VALUE`, that a manifest cannot hold.
    pub left: Vec<String>,
}

/// `set` as a patch of `object`: a strategic merge, which knows containers by their names; for kinds that are none of
/// Kubernetes' own, where a merge would replace the whole list of containers, a JSON patch (RFC 6902).
///
/// # Errors
/// Where such a patch cannot say it.
pub(super) fn of(object: &Node, kind: &str, set: &[Setting]) -> Result<Patch, String> {
    let (mut found, mut left) = (Vec::new(), Vec::new());
    for setting in set {
        match target::of(object, setting)? {
            Some(target) => found.push(target),
            None => left.push(format!("{}={}", setting.path, plain(&setting.value))),
        }
    }
    let strategic = kind != "Rollout";
    let name = object.at("metadata.name").and_then(Node::text).unwrap_or("NAME");
    let namespace = object.at("metadata.namespace").and_then(Node::text).map(|n| format!(" -n {n}"));
    let kind_word = kind.to_lowercase();
    let how = if strategic { "" } else { " --type json" };
    let mut text =
        format!("# kubectl patch {kind_word} {name}{}{how} --patch-file THIS_FILE\n", namespace.unwrap_or_default());
    for line in &left {
        text.extend(["# no manifest says this, the application or the balancer does: ", line, "\n"]);
    }
    text.push_str(&if strategic { merge(object, &found)? } else { operations(object, &found)? });
    Ok(Patch { text, left })
}

/// A strategic merge patch.
fn merge(object: &Node, targets: &[Target]) -> Result<String, String> {
    let mut patch = Json::Object(Map::new());
    for target in targets {
        let steps: Vec<&str> = target.steps.iter().map(String::as_str).collect();
        lay(&mut patch, object, &steps, &target.value)?;
    }
    let Json::Object(map) = &patch else { return Ok(String::new()) };
    if map.is_empty() {
        return Ok("{}\n".to_owned());
    }
    Ok(map.iter().map(|(key, value)| lines(key, value, 0) + "\n").collect())
}

/// A JSON patch: an operation a line, and before those on a container a test that it is the one that is meant.
fn operations(object: &Node, targets: &[Target]) -> Result<String, String> {
    let mut patched = super::json(object);
    let mut lines: Vec<String> = Vec::new();
    for Target { steps, value, .. } in targets {
        let mut there = &mut patched;
        let mut path = String::new();
        let mut rest = steps.iter();
        for step in rest.by_ref() {
            path.extend(["/", step]);
            if let Ok(n) = step.parse::<usize>() {
                let name = there[n]["name"].as_str().ok_or(NAMELESS)?;
                let test = json!({"op": "test", "path": format!("{path}/name"), "value": name}).to_string();
                if !lines.contains(&test) {
                    lines.push(test);
                }
                there = &mut there[n];
                continue;
            }
            if !there.is_object() {
                *there = Json::Object(Map::new());
            }
            // Null is what is not there, and nothing can be added to it.
            let is_new = there.get(step).is_none_or(Json::is_null);
            there = &mut there[step];
            if is_new {
                break;
            }
        }
        // What is missing on the way is added with it.
        let value = rest.rev().fold(value.clone(), |below, step| json!({ step: below }));
        lines.push(json!({"op": "add", "path": path, "value": value}).to_string());
        *there = value;
    }
    if lines.is_empty() {
        return Ok("[]\n".to_owned());
    }
    Ok(lines.iter().flat_map(|line| ["- ", line, "\n"]).collect())
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Lays a value at `steps` over a patch.
fn lay(patch: &mut Json, object: &Node, steps: &[&str], value: &Json) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *patch = value.clone();
        return Ok(());
    };
    if let Ok(n) = step.parse::<usize>() {
        let below = object.items().get(n).ok_or("there is no such container")?;
        let name = below.get("name").and_then(Node::text);
        let name = name.ok_or(NAMELESS)?;
        if !patch.is_array() {
            *patch = Json::Array(Vec::new());
        }
        let Json::Array(items) = patch else { return Ok(()) };
        let at = items.iter().position(|i| i["name"] == name).unwrap_or_else(|| {
            items.push(json!({ "name": name }));
            items.len() - 1
        });
        return lay(&mut items[at], below, rest, value);
    }
    if !patch.is_object() {
        *patch = Json::Object(Map::new());
    }
    let empty = Node::empty_map(object.span.clone());
    let below = object.get(step).unwrap_or(&empty);
    lay(&mut patch[*step], below, rest, value)
}

/// As [`block`], with lists of maps in block style, too.
fn lines(key: &str, value: &Json, indent: usize) -> String {
    let blanks = |n: usize| " ".repeat(n);
    match value {
        Json::Object(map) if !map.is_empty() => {
            let deeper = indent + 2;
            let fields: Vec<String> =
                map.iter().map(|(k, v)| format!("\n{}{}", blanks(deeper), lines(k, v, deeper))).collect();
            format!("{key}:{}", fields.concat())
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            let item = |v: &Json| {
                let Json::Object(map) = v else { return String::new() };
                // A list's key is its name: it stands first.
                let mut fields: Vec<(&String, &Json)> = map.iter().collect();
                fields.sort_by_key(|(k, _)| k.as_str() != "name");
                let fields: Vec<String> = fields.into_iter().map(|(k, v)| lines(k, v, indent + 2)).collect();
                format!("\n{}- {}", blanks(indent), fields.join(&format!("\n{}", blanks(indent + 2))))
            };
            format!("{key}:{}", items.iter().map(item).collect::<String>())
        }
        _ => block(key, value, indent),
    }
}
