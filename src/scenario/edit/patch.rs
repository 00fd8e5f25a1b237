//! Settings as a patch that `kubectl patch` takes.

use serde_json::{Map, Value as Json, json};

use super::Setting;
use super::splice::block;
use super::target;
use crate::scenario::tree::Node;

/// A patch of one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// YAML.
    pub text: String,
    /// Settings, as `PATH=VALUE`, that a manifest cannot hold.
    pub left: Vec<String>,
}

/// `set` as a patch of `object`: a strategic merge, which knows containers by their names; for kinds that are none of
/// Kubernetes' own a JSON merge, which cannot reach into a list.
///
/// # Errors
/// Where such a patch cannot say it.
pub(super) fn of(object: &Node, kind: &str, set: &[Setting]) -> Result<Patch, String> {
    let strategic = kind != "Rollout";
    let mut patch = Json::Object(Map::new());
    let mut left = Vec::new();
    for setting in set {
        let Some(found) = target::of(object, setting) else {
            left.push(format!("{}={}", setting.path, plain(&setting.value)));
            continue;
        };
        let steps: Vec<&str> = found.steps.iter().map(String::as_str).collect();
        lay(&mut patch, object, &steps, &found.value, strategic)?;
    }
    let name = object.at("metadata.name").and_then(Node::text).unwrap_or("NAME");
    let namespace = object.at("metadata.namespace").and_then(Node::text).map(|n| format!(" -n {n}"));
    let kind_word = kind.to_lowercase();
    let how = if strategic { "" } else { " --type merge" };
    let mut text =
        format!("# kubectl patch {kind_word} {name}{}{how} --patch-file THIS_FILE\n", namespace.unwrap_or_default());
    for line in &left {
        text.extend(["# no manifest says this, the application or the balancer does: ", line, "\n"]);
    }
    if let Json::Object(map) = &patch {
        for (key, value) in map {
            text.push_str(&lines(key, value, 0));
            text.push('\n');
        }
        if map.is_empty() {
            text.push_str("{}\n");
        }
    }
    Ok(Patch { text, left })
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Lays a value at `steps` over a patch.
fn lay(patch: &mut Json, object: &Node, steps: &[&str], value: &Json, strategic: bool) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *patch = value.clone();
        return Ok(());
    };
    if let Ok(n) = step.parse::<usize>() {
        if !strategic {
            return Err(
                "a merge patch of this kind cannot set a hook of one container\n\nhint: --edit FILE writes the \
                        whole manifest"
                    .to_owned(),
            );
        }
        let below = object.items().get(n).ok_or("there is no such container")?;
        let name = below.get("name").and_then(Node::text);
        let name = name.ok_or("the container has no name, by which a patch would find it")?;
        if !patch.is_array() {
            *patch = Json::Array(Vec::new());
        }
        let Json::Array(items) = patch else { return Ok(()) };
        let at = items.iter().position(|i| i["name"] == name).unwrap_or_else(|| {
            items.push(json!({ "name": name }));
            items.len() - 1
        });
        return lay(&mut items[at], below, rest, value, strategic);
    }
    if !patch.is_object() {
        *patch = Json::Object(Map::new());
    }
    let empty = Node::empty_map(object.span.clone());
    let below = object.get(step).unwrap_or(&empty);
    lay(&mut patch[*step], below, rest, value, strategic)
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
