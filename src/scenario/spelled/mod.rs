//! A scenario with every field spelled out: what the file says, and with it what it leaves to presets, assumptions and
//! defaults, each with where it is from.
//!
//! The defaults are those that a reading of the file falls back on, put into the tree one by one. None is kept unless the
//! tree with it is read as the same scenario, without a new finding: what is written forecasts to the same bytes.

mod lines;
mod origin;

use std::collections::BTreeSet;
use std::path::Path;

use self::lines::Page;
use self::origin::Origins;
use super::draft::rate_assumption;
use super::schema::Json;
use super::tree::{Entry, Node, Source, Span, Value};
use super::units::number;
use super::{Diag, Draft, Loaded, Request, Scenario, validate};

/// What stands in the place of a default: no text that somebody wrote.
pub(super) const DEFAULT: &str = "default";

/// Parts that mean something only where somebody asks for them: the new version is the old one, and a budget has a bound.
const NO_DEFAULTS: [&str; 2] = ["newVersion.", "workload.podDisruptionBudget."];

/// What a tree is read as.
struct Reading {
    /// Scenario and objectives, as text: floats in their shortest exact form.
    meaning: String,
    /// Codes and texts of what was found.
    findings: BTreeSet<(&'static str, String)>,
    /// Every path that was asked for, in order.
    known: Vec<String>,
    /// What a field is that nobody gives.
    defaults: Vec<(String, Node)>,
    /// What had to be assumed: path, value, source in parentheses.
    assumptions: Vec<String>,
}

/// A default that is not written, and why.
pub(super) struct Unwritten {
    path: String,
    value: Node,
    why: String,
}

impl Draft {
    /// The file with the options laid over it and everything else that a forecast depends on, as a scenario of its own, each field with
    /// a comment that says where it is from; `loaded` is what this draft was read as. `folder` is where the text will stand: files that
    /// it names are looked for from there.
    ///
    /// # Errors
    /// Where what is written would not be read as the same scenario.
    pub fn spelled_out(&self, loaded: &Loaded, folder: &Path) -> Result<String, String> {
        let (mut root, rate) = self.laid_over(&[]).map_err(|diags| first(&diags))?;
        let assumed: Vec<String> = rate.map(rate_assumption).into_iter().collect();
        let span = root.span.clone();
        if let Some(seed) = self.seed {
            let typed = Span::whole(&Source::new("--seed", seed.to_string(), 0));
            root.set("seed", Node::scalar(seed.to_string(), typed.clone()), &typed);
        }
        // What it says is laid under the rest already.
        forget(&mut root, "workload.manifest");
        let given = self.reading(&root);
        let (mut root, unwritten) = self.with_defaults(root, &given);
        for (name, node) in [("sweep", &self.sweep), ("uncertain", &self.uncertain)] {
            if let Some(node) = node {
                root.set(name, node.clone(), &span);
            }
        }
        let assumptions = [self.input.assumptions.as_slice(), &given.assumptions, &assumed].concat();
        let origins = Origins::new(&self.input.documents, self.input.kind, &assumptions);
        let text = Page { origins: &origins, known: &given.known, unwritten: &unwritten }.text(&root);
        self.check(&text, loaded, folder)?;
        Ok(text)
    }

    /// Reads a tree as a scenario.
    fn reading(&self, root: &Node) -> Reading {
        let cx = self.cx().noting_defaults();
        let (scenario, objectives) = Scenario::read(&cx, root, &self.stem);
        if !cx.has_errors() {
            validate::check(&cx, root, &scenario);
        }
        let (known, defaults) = (cx.known(), cx.defaults());
        let (diags, assumptions) = cx.finish();
        Reading {
            meaning: format!("{scenario:?} {objectives:?}"),
            findings: diags.into_iter().map(|d| (d.code, d.message)).collect(),
            known,
            defaults: defaults.into_iter().map(|(path, value)| (path, node(&value))).collect(),
            assumptions,
        }
    }

    /// The tree with the defaults that change nothing of what it means, and those that would.
    fn with_defaults(&self, mut root: Node, given: &Reading) -> (Node, Vec<Unwritten>) {
        let is_open = |path: &str| root.at(path).is_none() && !NO_DEFAULTS.iter().any(|part| path.starts_with(part));
        let mut seen = BTreeSet::new();
        let open: Vec<&(String, Node)> =
            given.defaults.iter().filter(|(path, _)| is_open(path) && seen.insert(path.as_str())).collect();
        let mut unwritten = Vec::new();
        self.lay(&mut root, &open, given, &mut unwritten);
        (root, unwritten)
    }

    /// Lays these defaults over the tree, all at once where that is fine, else half by half.
    fn lay(&self, root: &mut Node, defaults: &[&(String, Node)], given: &Reading, unwritten: &mut Vec<Unwritten>) {
        if defaults.is_empty() {
            return;
        }
        let mut with = root.clone();
        let span = root.span.clone();
        let laid = defaults.iter().all(|(path, value)| with.set(path, value.clone(), &span));
        let reading = self.reading(&with);
        let mut news = reading.findings.difference(&given.findings);
        if laid && reading.meaning == given.meaning && news.next().is_none() {
            *root = with;
            return;
        }
        if let [(path, value)] = defaults {
            let found = reading.findings.difference(&given.findings).next();
            let why = found.map_or_else(
                || "it follows from other fields".to_owned(),
                |(code, _)| format!("would be reported: {code}"),
            );
            unwritten.push(Unwritten { path: path.clone(), value: value.clone(), why });
            return;
        }
        let (first, second) = defaults.split_at(defaults.len() / 2);
        self.lay(root, first, given, unwritten);
        self.lay(root, second, given, unwritten);
    }

    /// Reads what was written as whoever runs it will.
    fn check(&self, text: &str, loaded: &Loaded, folder: &Path) -> Result<(), String> {
        let source = Source::new("written.yaml", text, 0);
        let request = Request::new(Path::new("written.yaml"));
        let again = Self::build(source, folder, &self.stem, &request).and_then(|draft| draft.read());
        let again = again.map_err(|diags| first(&diags))?;
        let meaning = |l: &Loaded| format!("{:?} {:?}", l.scenario, l.objectives);
        if meaning(&again) == meaning(loaded) { Ok(()) } else { Err("it would be read as another scenario".to_owned()) }
    }
}

/// A default as a value of the tree.
fn node(value: &Json) -> Node {
    let span = Span::whole(&Source::new(DEFAULT, "", 0));
    let value = match value {
        // A version that looks like a number, of which other programs would drop a zero.
        Json::Text(text) => Value::Scalar { text: text.clone(), quoted: number(text).is_some() && text.contains('.') },
        Json::List(items) => Value::Seq(items.iter().map(node).collect()),
        Json::Map(entries) => {
            let entry =
                |(key, value): &(String, Json)| Entry { key: key.clone(), key_span: span.clone(), value: node(value) };
            Value::Map(entries.iter().map(entry).collect())
        }
        other => Value::Scalar { text: other.line(), quoted: false },
    };
    Node { value, span }
}

fn first(diags: &[Diag]) -> String {
    diags.first().map_or_else(String::new, |d| d.render(false))
}

/// Takes a field out of the tree.
fn forget(root: &mut Node, path: &str) {
    let Some((parent, key)) = path.rsplit_once('.') else { return };
    if let Some(mut map) = root.at(parent).cloned()
        && map.take(key).is_some()
    {
        let span = map.span.clone();
        root.set(parent, map, &span);
    }
}
