//! Settings written back to where they came from: into the user's own file, whose comments and order survive, or as a patch
//! that `kubectl` takes.
//!
//! ```text
//! target   which field of a manifest a setting of a scenario is
//! splice   one field set in a text, by the places that its tree knows
//! patch    the same as a patch: a strategic merge, or operations in JSON
//! ```

mod patch;
mod splice;
mod target;

use std::sync::Arc;

use serde_json::Value as Json;

use super::draft::Draft;
use super::import::{foreign, kubernetes};
use super::tree::{Node, Source, Value};
use super::units::number;
use super::yaml;

pub use patch::Patch;

/// A file with settings written into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole text.
    pub text: String,
    /// Settings, as `PATH=VALUE`, that it cannot hold.
    pub left: Vec<String>,
}

/// One `PATH=VALUE`.
struct Setting {
    path: String,
    value: Json,
}

impl Draft {
    /// The file with `set` (as `PATH=VALUE`, paths in full) written into it: a scenario or a manifest. `workload` is which of a
    /// manifest's.
    ///
    /// # Errors
    /// What keeps it from being written, in words.
    pub fn edited(&self, set: &[String], workload: Option<&str>) -> Result<Edited, String> {
        if let Some(why) = self.cannot_be_edited() {
            return Err(why.to_owned());
        }
        let source = self.source();
        let mut text = source.text.clone();
        let mut left = Vec::new();
        for line in set {
            let setting = parse(line)?;
            let done = if self.is_manifest() {
                in_manifest(&source.name, &text, &setting, workload)?
            } else {
                Some(in_scenario(&source.name, &text, &setting)?)
            };
            match done {
                Some(edited) => text = edited,
                None => left.push(line.clone()),
            }
        }
        Ok(Edited { text, left })
    }

    /// Why nothing is written into a file of this kind, whatever the setting.
    pub fn cannot_be_edited(&self) -> Option<&'static str> {
        (self.input.kind == Some("NomadJob") && self.is_manifest()).then_some(
            "--edit writes no Nomad job: there, preStop is the `shutdown_delay` of the group or the task, and the grace period that \
             and the task's `kill_timeout`",
        )
    }

    /// `set` as a patch of the manifest: of this file, or of the one that the scenario names; `None` where there is none.
    ///
    /// # Errors
    /// What keeps it from being written, in words.
    pub fn patch(&self, set: &[String], workload: Option<&str>) -> Result<Option<Patch>, String> {
        let docs = self.manifest();
        let Some((object, kind)) = kubernetes::find(&docs, workload) else { return Ok(None) };
        let set: Vec<Setting> = set.iter().map(|line| parse(line)).collect::<Result<_, _>>()?;
        if let Some(setting) = set.iter().find(|s| target::is_of_pods(&s.path)) {
            let described = described(&docs, object, setting)?;
            if !std::ptr::eq(described, object) {
                let (path, name) = (&setting.path, described.at("metadata.name").and_then(Node::text).unwrap_or("?"));
                let why = format!("a patch of this {kind} cannot hold `{path}`: its pods are those of `{name}`");
                return Err(format!(
                    "{why}, by workloadRef, and Argo takes no template beside that; --edit writes there"
                ));
            }
        }
        patch::of(object, kind, &set).map(Some)
    }
}

fn parse(line: &str) -> Result<Setting, String> {
    let (path, value) = line.split_once('=').ok_or_else(|| format!("`{line}` is not PATH=VALUE"))?;
    let source = Source::new("--set", value, 0);
    let docs = if value.trim_start().starts_with(['{', '[', '"', '\'']) {
        yaml::parse(&source).map_err(|d| d.to_string())?
    } else {
        vec![Node::scalar(value.trim(), super::tree::Span::whole(&source))]
    };
    let node = docs.first().ok_or_else(|| format!("`{path}` is set to nothing"))?;
    Ok(Setting { path: path.to_owned(), value: json(node) })
}

/// A value as JSON has it: whole numbers are numbers, everything else is text.
fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar { text, quoted: false } => {
            text.parse::<i64>().map(Json::from).or_else(|_| text.parse::<bool>().map(Json::from)).unwrap_or_else(|_| {
                match number(text) {
                    Some(x) => Json::from(x),
                    None => Json::from(text.as_str()),
                }
            })
        }
        Value::Scalar { text, .. } => Json::from(text.as_str()),
        Value::Seq(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|e| (e.key.clone(), json(&e.value))).collect(),
    }
}

fn tree(name: &str, text: &str) -> Result<(Arc<Source>, Vec<Node>), String> {
    let source = Source::new(name, text, 0);
    let docs = yaml::parse(&source).map_err(|d| d.to_string())?;
    Ok((source, docs))
}

/// A setting written into a scenario at its own path.
fn in_scenario(name: &str, text: &str, setting: &Setting) -> Result<String, String> {
    let (_, docs) = tree(name, text)?;
    let root = docs.first().ok_or("the file says nothing")?;
    let steps: Vec<&str> = setting.path.split('.').collect();
    splice::set(text, root, &steps, &setting.value).ok_or_else(|| cannot(&setting.path))
}

/// A setting written into a manifest; `None` where no manifest has such a field.
fn in_manifest(name: &str, text: &str, setting: &Setting, workload: Option<&str>) -> Result<Option<String>, String> {
    let (_, docs) = tree(name, text)?;
    let Some((object, _)) = kubernetes::find(&docs, workload) else {
        let Some((node, path)) = foreign::place(&docs, workload, &setting.path) else { return Ok(None) };
        let steps: Vec<&str> = path.split('.').collect();
        return splice::set(text, node, &steps, &setting.value).map(Some).ok_or_else(|| cannot(&setting.path));
    };
    let object = described(&docs, object, setting)?;
    let Some(target) = target::of(object, setting)? else { return Ok(None) };
    if let Some((span, replacement)) = &target.inside {
        let mut edited = text.to_owned();
        edited.replace_range(span.range.clone(), replacement);
        return Ok(Some(edited));
    }
    let steps: Vec<&str> = target.steps.iter().map(String::as_str).collect();
    splice::set(text, object, &steps, &target.value).map(Some).ok_or_else(|| cannot(&setting.path))
}

/// The object of a manifest that a setting belongs to: a Rollout's pods may be described by another one.
fn described<'a>(docs: &'a [Node], object: &'a Node, setting: &Setting) -> Result<&'a Node, String> {
    if !target::is_of_pods(&setting.path) {
        return Ok(object);
    }
    kubernetes::describing_pods(docs, object).map_err(|name| {
        let path = &setting.path;
        format!("`{path}` belongs into the template of the {name}, which is not in this file (workloadRef)")
    })
}

fn cannot(path: &str) -> String {
    format!("cannot write `{path}` into this file; --format json has the values")
}

#[cfg(test)]
mod tests;
