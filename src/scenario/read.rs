//! From the tree to types: a place that knows its path, and the fields of a map that know which of them were asked for.
//!
//! Reading never stops at an error: what cannot be read is reported and takes its default, so that one pass finds all.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::csv_file::Files;
use super::diag::{Diag, Severity, nearest, printable};
use super::schema::{Json, Notes, Shape, Written};
use super::tree::{Node, Span, Value};
use super::unknown;

/// What one reading of a scenario gathers: findings, assumptions, and every path that it asked for.
pub(crate) struct Cx {
    /// The folder that file names in the scenario are relative to.
    pub(crate) folder: PathBuf,
    /// Whether only the paths matter, so that no file needs to be read.
    pub(crate) paths_only: bool,
    /// The files that scenarios of this folder have named so far.
    pub(crate) files: Arc<Files>,
    /// What the scenario's file is called.
    file: String,
    diags: RefCell<Vec<Diag>>,
    assumptions: RefCell<Vec<String>>,
    known: RefCell<Vec<String>>,
    /// What readers say of themselves, if that is what is wanted.
    pub(super) notes: Option<RefCell<Notes>>,
    /// What fields are that nobody gives, by path, if that is what is wanted.
    pub(super) defaults: Option<RefCell<Vec<(String, Json)>>>,
    quiet: Cell<bool>,
}

impl Cx {
    /// Nothing gathered yet.
    pub(crate) fn new(folder: &Path, file: &str, files: &Arc<Files>) -> Self {
        Self {
            folder: folder.to_path_buf(),
            paths_only: false,
            files: Arc::clone(files),
            file: file.to_owned(),
            diags: RefCell::default(),
            assumptions: RefCell::default(),
            known: RefCell::default(),
            notes: None,
            defaults: None,
            quiet: Cell::new(false),
        }
    }

    /// Nothing gathered yet, and nothing wanted but the paths.
    pub(crate) fn for_paths() -> Self {
        Self { paths_only: true, ..Self::new(Path::new(""), "", &Arc::default()) }
    }

    /// The root of a tree.
    pub(crate) fn root<'a>(&'a self, node: &'a Node) -> At<'a> {
        At { cx: self, path: String::new(), node: Some(node) }
    }

    /// Adds a finding, unless one with the same code stands at the same place: `newVersion` reads what `pod` has read.
    pub(crate) fn report(&self, diag: Diag) {
        let mut diags = self.diags.borrow_mut();
        // Options of one name are told apart by their order.
        let same = |d: &Diag| (d.code, d.order(), &d.file) == (diag.code, diag.order(), &diag.file);
        if diag.line == 0 || !diags.iter().any(same) {
            diags.push(diag);
        }
    }

    /// Takes findings back that turned out to be another's.
    pub(super) fn retract(&self, is_wrong: impl Fn(&Diag) -> bool) {
        self.diags.borrow_mut().retain(|d| !is_wrong(d));
    }

    /// Adds something that had to be assumed.
    pub(crate) fn assume(&self, text: String) {
        if !self.quiet.get() {
            self.assumptions.borrow_mut().push(text);
        }
    }

    /// Notes, too, what a field is that nobody gives.
    pub(crate) fn noting_defaults(self) -> Self {
        Self { defaults: Some(RefCell::default()), ..self }
    }

    /// What fields are that nobody gives, by path, in the order in which they were asked for.
    pub(crate) fn defaults(&self) -> Vec<(String, Json)> {
        self.defaults.as_ref().map(|d| d.borrow().clone()).unwrap_or_default()
    }

    /// Runs `f` without noting what it assumes.
    pub(crate) fn quietly<T>(&self, f: impl FnOnce() -> T) -> T {
        self.quiet.set(true);
        let result = f();
        self.quiet.set(false);
        result
    }

    /// Whether anything so far makes a forecast impossible.
    pub(crate) fn has_errors(&self) -> bool {
        self.diags.borrow().iter().any(|d| d.severity == Severity::Error)
    }

    /// Every path that was asked for, in order.
    pub(crate) fn known(&self) -> Vec<String> {
        self.known.borrow().clone()
    }

    /// The findings in the order of the sources and the assumptions in the order of the fields.
    pub(crate) fn finish(self) -> (Vec<Diag>, Vec<String>) {
        let mut diags = self.diags.into_inner();
        diags.sort_by_key(Diag::order);
        (diags, self.assumptions.into_inner())
    }
}

/// Something that a value of the tree can mean.
pub(crate) trait Read: Sized {
    /// The meaning, or `None` after a report.
    fn read(at: &At<'_>) -> Option<Self>;

    /// What may be written for one.
    fn shape() -> Shape;
}

/// A place in a scenario, where there may be nothing.
pub(crate) struct At<'a> {
    /// What is gathered.
    pub(crate) cx: &'a Cx,
    /// The dotted path from the root.
    pub(crate) path: String,
    /// What stands there.
    pub(crate) node: Option<&'a Node>,
}

impl<'a> At<'a> {
    /// The last name of the path; for a member of a list without a name, the list's with it.
    pub(crate) fn name(&self) -> &str {
        let steps = self.path.rmatch_indices('.').map(|(n, _)| n + 1);
        let is_name = |&n: &usize| !self.path[n..].starts_with(|c: char| c.is_ascii_digit());
        &self.path[steps.into_iter().find(is_name).unwrap_or(0)..]
    }

    /// What a sentence calls this map.
    pub(super) fn place(&self) -> String {
        if self.path.is_empty() { "the scenario".to_owned() } else { format!("`{}`", printable(&self.path)) }
    }

    /// The member `n` of the list that stands here.
    pub(crate) fn item(&self, n: usize) -> At<'a> {
        let node = self.node.and_then(|node| node.items().get(n));
        let step = self.item_step().or_else(|| node.and_then(Node::step_name));
        let step = step.map_or_else(|| n.to_string(), ToOwned::to_owned);
        At { cx: self.cx, path: format!("{}.{step}", self.path), node }
    }

    /// The map that stands here, or none.
    pub(crate) fn fields(self) -> Fields<'a> {
        self.takes_fields();
        if let Some(node) = self.node
            && !matches!(node.value, Value::Map(_) | Value::Null)
        {
            self.wrong_type("a map of fields");
            let node = None;
            return Fields { at: At { node, ..self }, asked: Vec::new() };
        }
        Fields { at: self, asked: Vec::new() }
    }

    /// Whether this word stands here.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.takes_words(&[word]);
        self.node.and_then(Node::text) == Some(word)
    }

    /// Whether quotes make what stands here a text.
    pub(crate) fn quoted(&self) -> bool {
        matches!(self.node.map(|n| &n.value), Some(Value::Scalar { quoted: true, .. }))
    }

    /// The scalar that stands here; anything else is reported.
    pub(crate) fn word(&self, expected: &str) -> Option<&'a str> {
        let word = self.node.and_then(Node::text);
        if word.is_none() && self.node.is_some() {
            self.wrong_type(expected);
        }
        word
    }

    /// Where it stands: the value, or where nothing is left of one, its name.
    pub(crate) fn span(&self) -> Option<&'a Span> {
        self.node.map(|n| &n.span)
    }

    /// An error about this place.
    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>) -> Diag {
        self.place_diag(Diag::error(code, message))
    }

    fn place_diag(&self, diag: Diag) -> Diag {
        let diag = diag.path(self.path.as_str());
        match self.span() {
            Some(span) => match super::yaml::template_help(span.text()) {
                Some(help) => diag.at(span, "").help(help),
                None => diag.at(span, ""),
            },
            None => diag.in_file(self.cx.file.as_str()),
        }
    }

    /// A warning about this place.
    pub(crate) fn warning(&self, code: &'static str, message: impl Into<String>) -> Diag {
        self.place_diag(Diag::warning(code, message))
    }

    /// Adds a finding.
    pub(crate) fn report(&self, diag: Diag) {
        self.cx.report(diag);
    }

    /// Reports a value that is not allowed.
    pub(crate) fn out_of_range(&self, message: &str, expected: &str) {
        self.report(self.error("out-of-range", message).label(format!("expected {expected}")));
    }

    /// Reports something else than `expected`.
    pub(crate) fn wrong_type(&self, expected: &str) {
        let Some(node) = self.node else { return };
        let name = printable(self.name());
        let diag = match &node.value {
            Value::Null => self
                .error("wrong-type", format!("`{name}` has no value"))
                .label(format!("expected {expected}"))
                .help("leave the line out to get the default"),
            Value::Map(_) => {
                self.error("wrong-type", format!("`{name}` must be {expected}")).label("a map of fields stands here")
            }
            Value::Seq(_) => {
                self.error("wrong-type", format!("`{name}` must be {expected}")).label("a list stands here")
            }
            Value::Scalar { text, .. } => {
                let diag = self.error("wrong-type", format!("`{name}` must be {expected}"));
                let diag = diag.label(format!("expected {expected}"));
                match unknown::without_space(text).filter(|_| expected.contains("fields")) {
                    Some((name, value)) => {
                        diag.help(format!("a colon is followed by a space: `{name}: {}`", printable(value)))
                    }
                    None => diag,
                }
            }
        };
        self.report(diag);
    }
}

/// A map whose fields are asked for one by one; what nobody asked for by the end is unknown.
pub(crate) struct Fields<'a> {
    /// Where the map stands.
    pub(crate) at: At<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The place of the field `name`.
    pub(crate) fn at(&mut self, name: &'static str) -> At<'a> {
        let path = if self.at.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at.path) };
        if !self.asked.contains(&name) {
            self.asked.push(name);
            self.at.cx.known.borrow_mut().push(path.clone());
        }
        let at = At { cx: self.at.cx, path, node: self.at.node.and_then(|n| n.get(name)) };
        at.note_asked();
        at
    }

    /// Fields that are not unknown, whatever is done about them.
    pub(crate) fn pass(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }

    /// Where the name of a field stands, if the map has it.
    pub(crate) fn key(&self, name: &str) -> Option<&'a Span> {
        self.at.node.and_then(|n| n.entry(name)).map(|e| &e.key_span)
    }

    /// The field, if it is there and can be read.
    pub(crate) fn opt<T: Read>(&mut self, name: &'static str) -> Option<T> {
        self.at(name).any_value()
    }

    /// The field, or what it defaults to.
    pub(crate) fn or<T: Read + Written>(&mut self, name: &'static str, default: T) -> T {
        self.at(name).value_or(default)
    }

    /// The field, or what it is assumed to be, with a line that says so and why.
    pub(crate) fn assume<T: Read + Written + Display>(&mut self, name: &'static str, default: T, why: &str) -> T {
        let at = self.at(name);
        if at.node.is_none() {
            at.cx.assume(format!("{} {default} ({why})", at.path));
        }
        at.value_or(default)
    }

    /// The field, or its default, within a range.
    pub(crate) fn within<T>(&mut self, name: &'static str, default: T, range: RangeInclusive<T>) -> T
    where
        T: Read + Written + Display + PartialOrd,
    {
        self.at(name).is_by_default(|| default.written());
        self.opt_within(name, range).unwrap_or(default)
    }

    /// The field, if it is there and within a range.
    pub(crate) fn opt_within<T>(&mut self, name: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: Read + Written + Display + PartialOrd,
    {
        let at = self.at(name);
        at.takes_within(&range);
        let [start, end] = [range.start(), range.end()];
        // What the type does not hold either is told the field's own limit.
        let beyond = at.is_number_beyond(u32::MAX.into(), &end.to_string());
        let value = if beyond { None } else { Some(at.value::<T>()?) };
        if value.as_ref().is_some_and(|value| range.contains(value)) {
            return value;
        }
        let far = if value.is_some_and(|value| value < *start) { "small" } else { "large" };
        let expected = if start == end { start.to_string() } else { format!("{start} to {end}") };
        at.out_of_range(&format!("`{}` is too {far}", at.name()), &expected);
        None
    }

    /// The field as one of these words, or its default.
    pub(crate) fn choice<T: Clone + PartialEq>(
        &mut self,
        name: &'static str,
        default: T,
        words: &[(&'static str, T)],
    ) -> T {
        choose_or(&self.at(name), default, words)
    }

    /// Reports what nobody asked for.
    pub(crate) fn end(self) {
        let Some(node) = self.at.node else { return };
        for entry in node.entries().iter().filter(|e| !self.asked.contains(&e.key.as_str())) {
            unknown::report(&self.at, entry, &self.asked);
        }
    }
}

/// The word at a place as one of these, or a default.
pub(crate) fn choose_or<T: Clone + PartialEq>(at: &At<'_>, default: T, words: &[(&str, T)]) -> T {
    if let Some((word, _)) = words.iter().find(|(_, value)| *value == default) {
        at.is_by_default(|| Json::text(*word));
    }
    choose(at, words).unwrap_or(default)
}

/// The word at a place as one of these.
pub(crate) fn choose<T: Clone>(at: &At<'_>, words: &[(&str, T)]) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    at.takes_words(&names);
    let text = at.word(&format!("one of {}", list(&names)))?;
    if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
        return Some(value.clone());
    }
    let diag = at.error("unknown-value", format!("`{}` cannot be `{}`", at.name(), printable(text)));
    let diag = match nearest(text, names.iter().copied()) {
        Some(name) => diag.label(format!("did you mean `{name}`?")),
        None => diag.label(format!("expected {}", either(&names))),
    };
    at.report(diag);
    None
}

/// `a`, `b` and `c`.
pub(super) fn list(names: &[&str]) -> String {
    join(names, "and")
}

/// `a`, `b` or `c`.
fn either(names: &[&str]) -> String {
    join(names, "or")
}

fn join(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
