//! Which field of a manifest a setting of a scenario is.

use serde_json::{Value as Json, json};

use super::Setting;
use crate::scenario::duration;
use crate::scenario::import::pre_stop;
use crate::scenario::tree::{Node, Span};

/// A field of an object.
pub(super) struct Target {
    /// Keys, and indexes of lists.
    pub(super) steps: Vec<String>,
    pub(super) value: Json,
    /// Where only a part of a text is to be replaced: which, and by what.
    pub(super) inside: Option<(Span, String)>,
}

/// Fields of `workload` that a manifest has in `spec` under the same name.
const OF_SPEC: [&str; 7] = [
    "strategy",
    "updateStrategy",
    "minReadySeconds",
    "replicas",
    "progressDeadlineSeconds",
    "podManagementPolicy",
    "podReplacementPolicy",
];

const POD: &str = "spec.template.spec";

/// Where `setting` stands in `object`; `None` where no manifest says it.
///
/// # Errors
/// Where this one says it in a way that nobody but its author can change.
pub(super) fn of(object: &Node, setting: &Setting) -> Result<Option<Target>, String> {
    let at = |path: String| Target {
        steps: path.split('.').map(str::to_owned).collect(),
        value: setting.value.clone(),
        inside: None,
    };
    if let Some(field) = setting.path.strip_prefix("workload.") {
        let known = OF_SPEC.contains(&field.split('.').next().unwrap_or(field));
        return Ok(known.then(|| at(format!("spec.{field}"))));
    }
    Ok(match setting.path.as_str() {
        "pod.termination.terminationGracePeriodSeconds" => Some(at(format!("{POD}.terminationGracePeriodSeconds"))),
        "pod.termination.preStop" => hook(object, &setting.value)?,
        path => path.strip_prefix("pod.readinessProbe.").and_then(|field| {
            let (n, container) = serving(object)?;
            container.get("readinessProbe")?;
            Some(at(format!("{POD}.containers.{n}.readinessProbe.{field}")))
        }),
    })
}

/// Whether a manifest says this setting in its template.
pub(super) fn is_of_pods(path: &str) -> bool {
    matches!(path, "pod.termination.terminationGracePeriodSeconds" | "pod.termination.preStop")
        || path.starts_with("pod.readinessProbe.")
}

/// A time in whole seconds, which is what a hook may say; rounded up.
fn seconds(value: &Json) -> Option<u64> {
    let secs = match value {
        Json::Number(n) => n.as_f64()?,
        Json::String(text) => duration(text)?.secs(),
        _ => return None,
    };
    Some(libm::ceil(secs) as u64)
}

/// The container that takes the traffic, as far as it can be told.
pub(super) fn serving(object: &Node) -> Option<(usize, &Node)> {
    let containers = object.at(&format!("{POD}.containers"))?.items();
    let n = pre_stop::serving(&containers.iter());
    containers.get(n).map(|c| (n, c))
}

/// The hook of the container that serves, or a new one where it has none; `None` where there is no such container, or no such time.
///
/// # Errors
/// Where the hook is not a plain sleep.
fn hook(object: &Node, time: &Json) -> Result<Option<Target>, String> {
    let (Some((n, container)), Some(secs)) = (serving(object), seconds(time)) else { return Ok(None) };
    let at = |field: &str, value: Json, inside| {
        let path = format!("{POD}.containers.{n}.lifecycle.preStop.{field}");
        Ok(Some(Target { steps: path.split('.').map(str::to_owned).collect(), value, inside }))
    };
    let hook = container.at("lifecycle.preStop").filter(|hook| !hook.is_null());
    let Some(hook) = hook.filter(|hook| hook.get("sleep").is_none()) else {
        return at("sleep.seconds", json!(secs), None);
    };
    let words = hook.at("exec.command").map(Node::items).unwrap_or_default();
    let slept = words.iter().enumerate().find_map(|(i, word)| slept(words, i, word, secs));
    let Some((place, inside, replacement)) = slept else {
        let name = container.get("name").and_then(Node::text).unwrap_or("?");
        return Err(format!("the preStop hook of container `{name}` is no plain `sleep N`, so its time cannot be set"));
    };
    let text = |(i, word): (usize, &Node)| {
        if i == place { Json::from(replacement.0.as_str()) } else { Json::from(word.text().unwrap_or_default()) }
    };
    let command: Vec<Json> = words.iter().enumerate().map(text).collect();
    let written: Vec<&str> = command.iter().filter_map(Json::as_str).collect();
    if pre_stop::serves(&written) != Some(secs as f64) {
        let name = container.get("name").and_then(Node::text).unwrap_or("?");
        let why = "does more than sleep, or stops the server before, so its time cannot be set";
        return Err(format!("the preStop hook of container `{name}` {why}"));
    }
    let command = Json::Array(command);
    at("exec.command", command, Some((inside, replacement.1)))
}

/// Where a command says how long it sleeps: which word, which part of the file, and what to write there (as a word, and in the
/// file).
fn slept(words: &[Node], i: usize, word: &Node, secs: u64) -> Option<(usize, Span, (String, String))> {
    let text = word.text()?;
    let before = i.checked_sub(1).and_then(|n| words[n].text());
    if before.is_some_and(|b| b == "sleep" || b.ends_with("/sleep")) {
        text.trim_end_matches(['s', 'm', 'h']).parse::<f64>().ok()?;
        return Some((i, word.span.clone(), (secs.to_string(), format!("\"{secs}\""))));
    }
    // In a script; where it sleeps twice nobody can say which is meant.
    let written = word.span.text();
    let new = in_script(text, secs)?;
    let raw = in_script(written, secs)?;
    (i > 0).then(|| (i, word.span.clone(), (new, raw)))
}

/// A script with its one `sleep N` made `sleep secs`.
fn in_script(script: &str, secs: u64) -> Option<String> {
    let mut found = script.match_indices("sleep ");
    let (at, name) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let rest = &script[at + name.len()..];
    let start = rest.find(|c: char| !c.is_whitespace())?;
    let end = rest[start..].find(|c: char| !(c.is_ascii_digit() || ".smh".contains(c))).unwrap_or(rest.len() - start);
    let time = &rest[start..start + end];
    time.trim_end_matches(['s', 'm', 'h']).parse::<f64>().ok()?;
    let from = at + name.len() + start;
    Some(format!("{}{secs}{}", &script[..from], &script[from + end..]))
}
