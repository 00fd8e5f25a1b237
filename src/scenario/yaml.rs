//! YAML into a [`Node`] tree, within a budget that no honest file reaches.
//!
//! Events come from `granit-parser`; the tree is ours, so that every word keeps its place and its quotes, and no
//! message of the parser's own reaches a user without a place to look at.

use std::collections::BTreeSet;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span as Mark, Tag};

use super::diag::{Diag, printable};
use super::tree::{Entry, Node, Source, Span, Value};
use super::unknown::without_space;

/// Values in a document, those that aliases repeat included. A list of all that runs in a cluster has some 400 a workload.
const MAX_NODES: usize = 200_000;
/// Bytes of all scalars of a document, those that aliases repeat included.
const MAX_SCALAR_BYTES: usize = 4 << 20;
/// Lists and maps inside each other.
const MAX_DEPTH: usize = 32;

/// The documents of a text that hold anything.
///
/// # Errors
/// The first thing that is not YAML, or beyond the budget.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Diag> {
    parse_but(source, |_| false)
}

/// As [`parse`], but of a document beyond the budget only its beginning remains where `skips` says of that beginning that
/// nobody reads on: whole charts come with definitions of resources that nest deeper than anything to be read.
///
/// # Errors
/// As those of [`parse`].
pub fn parse_but(source: &Arc<Source>, skips: impl Fn(&Node) -> bool) -> Result<Vec<Node>, Diag> {
    build(source, &skips).map_err(|diag| template(source).unwrap_or(diag))
}

fn build(source: &Arc<Source>, skips: &dyn Fn(&Node) -> bool) -> Result<Vec<Node>, Diag> {
    let mut builder =
        Builder { source, stack: Vec::new(), anchors: Vec::new(), spent: Cost::default(), docs: Vec::new() };
    let options = granit_parser::options! { flow_nesting_limit: 255, block_nesting_limit: 255 };
    let mut skipping = false;
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let (event, mark) = event.map_err(|e| syntax_error(source, &e))?;
        if let Event::DocumentStart(..) = event {
            builder.begin();
            skipping = false;
        }
        if skipping {
            continue;
        }
        if let Err(refusal) = builder.take(event, mark) {
            let beginning = builder.beginning().filter(|node| refusal.code == TOO_LARGE && skips(node));
            builder.docs.push(beginning.ok_or(refusal)?);
            skipping = true;
        }
    }
    builder.docs.retain(|d| !d.is_null());
    Ok(builder.docs)
}

/// The code of what is beyond the budget.
const TOO_LARGE: &str = "too-large";

/// What a value weighs, and how deep it is.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

/// A list or map that is still open.
struct Open {
    start: Mark,
    anchor: usize,
    before: Cost,
    depth: usize,
    body: Body,
}

enum Body {
    Seq(Vec<Node>),
    Map { entries: Vec<Entry>, seen: BTreeSet<String>, merged: Vec<Node>, key: Option<(String, Span)> },
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    stack: Vec<Open>,
    anchors: Vec<Option<(Node, Cost)>>,
    spent: Cost,
    docs: Vec<Node>,
}

impl Builder<'_> {
    /// Aliases, and with them what they repeat, end with their document.
    fn begin(&mut self) {
        self.stack.clear();
        self.anchors.clear();
        self.spent = Cost::default();
    }

    /// The fields of a document that are complete so far.
    fn beginning(&self) -> Option<Node> {
        let open = self.stack.first()?;
        let Body::Map { entries, .. } = &open.body else { return None };
        Some(Node { value: Value::Map(entries.clone()), span: self.span(open.start) })
    }

    fn take(&mut self, event: Event<'_>, mark: Mark) -> Result<(), Diag> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || is_str(tag.as_deref());
                self.spend(Cost { nodes: 1, bytes: text.len(), depth: 0 }, mark)?;
                let span = self.span(mark);
                let nothing = !quoted && is_null(&text);
                let value = if nothing { Value::Null } else { Value::Scalar { text: text.into_owned(), quoted } };
                let node = Node { value, span };
                self.remember(anchor, &node, Cost { nodes: 1, bytes: node.text().map_or(0, str::len), depth: 0 });
                self.put(node)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(mark, anchor, Body::Seq(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => {
                let body = Body::Map { entries: Vec::new(), seen: BTreeSet::new(), merged: Vec::new(), key: None };
                self.open(mark, anchor, body)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(mark)?,
            Event::Alias(id) => self.alias(id, mark)?,
            _ => {}
        }
        Ok(())
    }

    fn span(&self, mark: Mark) -> Span {
        let start = mark.start.byte_offset().unwrap_or(0);
        Span { source: Arc::clone(self.source), range: start..mark.end.byte_offset().unwrap_or(start).max(start) }
    }

    fn open(&mut self, start: Mark, anchor: usize, body: Body) -> Result<(), Diag> {
        let before = self.spent;
        self.spend(Cost { nodes: 1, bytes: 0, depth: 1 }, start)?;
        self.stack.push(Open { start, anchor, before, depth: 1, body });
        Ok(())
    }

    fn close(&mut self, end: Mark) -> Result<(), Diag> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let value = match open.body {
            Body::Seq(items) => Value::Seq(items),
            Body::Map { mut entries, merged, .. } => {
                for node in &merged {
                    merge(&mut entries, node);
                }
                Value::Map(entries)
            }
        };
        let mut span = self.span(open.start);
        span.range.end = end.end.byte_offset().unwrap_or(span.range.end).max(span.range.end);
        let node = Node { value, span };
        let cost = Cost {
            nodes: self.spent.nodes - open.before.nodes,
            bytes: self.spent.bytes - open.before.bytes,
            depth: open.depth,
        };
        self.remember(open.anchor, &node, cost);
        if let Some(parent) = self.stack.last_mut() {
            parent.depth = parent.depth.max(open.depth + 1);
        }
        self.put(node)
    }

    fn alias(&mut self, id: usize, mark: Mark) -> Result<(), Diag> {
        let Some((node, cost)) = self.anchors.get(id).cloned().flatten() else {
            return Err(Diag::error("not-yaml", "an alias stands inside the value that it repeats")
                .at(&self.span(mark), "this value would never end"));
        };
        self.spend(cost, mark)?;
        if let Some(parent) = self.stack.last_mut() {
            parent.depth = parent.depth.max(cost.depth + 1);
        }
        self.put(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node, cost: Cost) {
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize_with(anchor + 1, || None);
            }
            self.anchors[anchor] = Some((node.clone(), cost));
        }
    }

    fn spend(&mut self, cost: Cost, mark: Mark) -> Result<(), Diag> {
        self.spent.nodes += cost.nodes;
        self.spent.bytes += cost.bytes;
        let what = if self.stack.len() + cost.depth > MAX_DEPTH {
            too_deep()
        } else if self.spent.nodes > MAX_NODES {
            format!("this document holds more than {MAX_NODES} values, those that aliases repeat included")
        } else if self.spent.bytes > MAX_SCALAR_BYTES {
            format!(
                "this document holds more than {} MiB of text, what aliases repeat included",
                MAX_SCALAR_BYTES >> 20
            )
        } else {
            return Ok(());
        };
        Err(Diag::error(TOO_LARGE, what)
            .at(&self.span(mark), "the limit is passed here")
            .help("no scenario needs as much; large data belongs into the CSV files that a scenario names"))
    }

    /// Adds a finished value to the list or map that is open.
    fn put(&mut self, node: Node) -> Result<(), Diag> {
        let Some(open) = self.stack.last_mut() else {
            self.docs.push(node);
            return Ok(());
        };
        match &mut open.body {
            Body::Seq(items) => items.push(node),
            Body::Map { entries, seen, merged, key } => match key.take() {
                None => {
                    let name = match &node.value {
                        Value::Scalar { text, .. } => text.clone(),
                        Value::Null if !node.span.range.is_empty() => node.span.text().to_owned(),
                        _ => {
                            return Err(
                                Diag::error("not-yaml", "a field's name must be a word").at(&node.span, "not a word")
                            );
                        }
                    };
                    if name != "<<" && !seen.insert(name.clone()) {
                        let first = entries.iter().find(|e| e.key == name).map(|e| e.key_span.clone());
                        let mut diag = Diag::error("duplicate-field", format!("`{name}` is given twice"))
                            .at(&node.span, "given again here");
                        if let Some(first) = first {
                            diag = diag.and(&first, "first given here");
                        }
                        return Err(diag.path(name));
                    }
                    *key = Some((name, node.span));
                }
                Some((name, _)) if name == "<<" => match node.value {
                    Value::Seq(items) => merged.extend(items),
                    _ => merged.push(node),
                },
                Some((key, key_span)) => entries.push(Entry { key, key_span, value: node }),
            },
        }
        Ok(())
    }
}

/// YAML's `<<`: fields that the map does not have itself.
fn merge(entries: &mut Vec<Entry>, from: &Node) {
    for entry in from.entries() {
        if !entries.iter().any(|e| e.key == entry.key) {
            entries.push(entry.clone());
        }
    }
}

/// Whether a plain word is YAML's for nothing.
pub(super) fn is_null(word: &str) -> bool {
    ["", "~", "null", "Null", "NULL"].contains(&word)
}

fn is_str(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|t| t.is_yaml_core_schema_tag("str"))
}

/// What is wrong where a text holds `{{`, whatever the parser stumbled over.
fn template(source: &Arc<Source>) -> Option<Diag> {
    let start = source.text.find("{{")?;
    let end = source.text[start..].find("}}").map_or(start + 2, |n| start + n + 2);
    let span = Span { source: Arc::clone(source), range: start..end };
    let diag = Diag::error("template", "this is a template, not a manifest: it holds `{{`");
    Some(diag.at(&span, "to be filled in by a template engine").help(RENDER_FIRST))
}

/// What to do with a template.
const RENDER_FIRST: &str = "render it first, as in `helm template . | dryroll run -`";
const SUBSTITUTE_FIRST: &str = "put the values in first, as in `envsubst < deployment.yaml | dryroll run -`";

/// What to do where a text holds what a template engine or a shell was to fill in.
pub(crate) fn template_help(text: &str) -> Option<&'static str> {
    let holds = |open: &str, close: &str| text.find(open).is_some_and(|n| text[n..].contains(close));
    match () {
        () if text.contains("{{") => Some(RENDER_FIRST),
        () if holds("${", "}") => Some(SUBSTITUTE_FIRST),
        () => None,
    }
}

fn syntax_error(source: &Arc<Source>, error: &ScanError) -> Diag {
    let span = place(source, error.marker());
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return Diag::error(TOO_LARGE, too_deep()).at(&span, "the limit is passed here");
    }
    let what = error.info().replace('\'', "`");
    let diag = Diag::error("not-yaml", format!("this is not YAML: {what}"));
    if let Some(tab) = tab(source, span.range.start) {
        return diag.at(&tab, "a tab").help("YAML is indented by spaces, not by tabs");
    }
    let diag = diag.at(&span, "the parser stopped here");
    let line = source.text[span.range.start..].lines().next().unwrap_or("");
    let begun = source.text[..span.range.start].rfind('\n').map_or(0, |n| n + 1);
    if let Some(help) = template_help(source.text[begun..].lines().next().unwrap_or("")) {
        return diag.help(help);
    }
    if let Some((name, value)) = without_space(line) {
        return diag.help(format!("a colon is followed by a space: `{name}: {}`", printable(value)));
    }
    match error.kind() {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidIndentation => {
            diag.help("is this line indented too far, or the one above too little?")
        }
        ErrorKind::InvalidColonPlacement
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => diag.help("is a bracket or a quote left open above?"),
        _ => diag,
    }
}

/// The tab that a line is indented by: the one where the parser stopped, or the next, into which a value may go on.
fn tab(source: &Arc<Source>, stopped: usize) -> Option<Span> {
    let mut line = source.text[..stopped].rfind('\n').map_or(0, |n| n + 1);
    for text in source.text[line..].split_inclusive('\n').take(2) {
        let at = line + text.len() - text.trim_start_matches(' ').len();
        if source.text[at..].starts_with('\t') {
            return Some(Span { source: Arc::clone(source), range: at..at + 1 });
        }
        line += text.len();
    }
    None
}

fn too_deep() -> String {
    format!("this document is nested more than {MAX_DEPTH} levels deep")
}

/// One character at a marker; at the end of the text, the last character that is not white space.
fn place(source: &Arc<Source>, mark: &Marker) -> Span {
    let text = &source.text;
    let mut start = mark.byte_offset().unwrap_or(0).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    if text[start..].trim().is_empty() {
        start = text[..start].trim_end().char_indices().last().map_or(0, |(n, _)| n);
    }
    let end = start + text[start..].chars().next().map_or(0, char::len_utf8);
    Span { source: Arc::clone(source), range: start..end }
}
