//! What a file says before it means anything: a tree of maps, lists and words, each of which knows where it stands.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that a tree was read from: a file, the standard input, or the value of an option.
#[derive(Debug)]
pub struct Source {
    /// What a diagnostic calls it.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Diagnostics are sorted by this first: the scenario before the manifest before the options.
    pub order: u32,
}

impl Source {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>, order: u32) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), order })
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A stretch of a source.
#[derive(Clone)]
pub struct Span {
    /// Where it lies.
    pub source: Arc<Source>,
    /// Its bytes.
    pub range: Range<usize>,
}

impl Span {
    /// The whole of a source.
    pub fn whole(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), range: 0..source.text.len() }
    }

    /// Itself, or of a place without text the word that begins there.
    pub(super) fn of_word(&self) -> Self {
        if !self.range.is_empty() {
            return self.clone();
        }
        let rest = self.source.text.get(self.range.start..).unwrap_or("");
        let ends = |(n, c): &(usize, char)| *n > 0 && (c.is_whitespace() || ",]}".contains(*c));
        let length = rest.char_indices().find(ends).map_or(rest.len(), |(n, _)| n);
        Self { source: Arc::clone(&self.source), range: self.range.start..self.range.start + length }
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        self.source.text.get(self.range.clone()).unwrap_or("")
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.source.name, self.range.start, self.range.end)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// A value without a meaning yet.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing: `key:` alone, `~` or `null`.
    Null,
    /// A word, number or text.
    Scalar {
        /// After YAML's unescaping.
        text: String,
        /// Whether quotes make it a text whatever it looks like.
        quoted: bool,
    },
    /// A list.
    Seq(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// A field of a map.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub key: String,
    /// Where the name stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// A word that stands at `span`.
    pub fn scalar(text: impl Into<String>, span: Span) -> Self {
        Self { value: Value::Scalar { text: text.into(), quoted: false }, span }
    }

    /// A map without fields.
    pub const fn empty_map(span: Span) -> Self {
        Self { value: Value::Map(Vec::new()), span }
    }

    /// The fields of a map, nothing of anything else.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The members of a list, nothing of anything else.
    pub fn items(&self) -> &[Self] {
        if let Value::Seq(items) = &self.value { items } else { &[] }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        if let Value::Scalar { text, .. } = &self.value { Some(text) } else { None }
    }

    /// Whether this is nothing.
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The field `key` of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The value of the field `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|e| &e.value)
    }

    /// Takes the field `key` out of a map.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        let n = entries.iter().position(|e| e.key == key)?;
        Some(entries.remove(n).value)
    }

    /// What a path calls this member of a list: its `name`, or that of its preset, unless that would break the path.
    pub fn step_name(&self) -> Option<&str> {
        self.get("name")
            .or_else(|| self.get("preset"))
            .and_then(Self::text)
            .filter(|name| !name.is_empty() && !name.contains('.'))
    }

    /// The value at a dotted path, where list members go by `name` or by index.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, step| match &node.value {
            Value::Seq(items) => member(items, step).map(|n| &items[n]),
            _ => node.get(step),
        })
    }

    /// Sets the value at a dotted path, making maps on the way; `false` where the path leads into a list that has no
    /// such member.
    pub fn set(&mut self, path: &str, value: Self, key_span: &Span) -> bool {
        let (step, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
        let next = match &mut self.value {
            Value::Seq(items) => match member(items, step) {
                Some(n) => &mut items[n],
                None => return false,
            },
            Value::Map(entries) => {
                let n = entries.iter().position(|e| e.key == step).unwrap_or_else(|| {
                    let empty = Self { value: Value::Null, span: key_span.clone() };
                    entries.push(Entry { key: step.to_owned(), key_span: key_span.clone(), value: empty });
                    entries.len() - 1
                });
                if rest.is_none() {
                    entries[n].key_span = key_span.clone();
                }
                &mut entries[n].value
            }
            Value::Null | Value::Scalar { .. } => {
                *self = Self::empty_map(key_span.clone());
                return self.set(path, value, key_span);
            }
        };
        if let Some(rest) = rest {
            return next.set(rest, value, key_span);
        }
        *next = value;
        true
    }

    /// Lays `over` on this tree: maps field by field, everything else replaced. A distribution that names itself
    /// replaces the one below whole, and so does one of two alternative fields (a warm-up's `duration` or `requests`).
    pub fn overlay(&mut self, over: &Self) {
        match (&mut self.value, &over.value) {
            (Value::Map(below), Value::Map(above)) if over.entry("distribution").is_none() => {
                for entry in above {
                    for other in alternatives(&entry.key) {
                        below.retain(|e| e.key != *other);
                    }
                    match below.iter_mut().find(|e| e.key == entry.key) {
                        Some(e) => {
                            e.key_span = entry.key_span.clone();
                            e.value.overlay(&entry.value);
                        }
                        None => below.push(entry.clone()),
                    }
                }
            }
            _ => *self = over.clone(),
        }
    }
}

/// The fields that cannot stand beside `key`, so that laying one over the other replaces it.
fn alternatives(key: &str) -> &'static [&'static str] {
    match key {
        "requests" => &["duration"],
        "duration" => &["requests"],
        _ => &[],
    }
}

/// The index of the member that `step` names, by its `name` or by number.
fn member(items: &[Node], step: &str) -> Option<usize> {
    items
        .iter()
        .position(|i| i.step_name() == Some(step))
        .or_else(|| step.parse().ok().filter(|&n: &usize| n < items.len()))
}
