//! The tree as lines of YAML, each value with a comment behind it.

use std::fmt::Write as _;

use super::Unwritten;
use super::origin::Origins;
use crate::scenario::sweep;
use crate::scenario::tree::{Entry, Node, Value};
use crate::scenario::write::scalar;

/// Comments begin here, where the value leaves room.
const COMMENTS_AT: usize = 44;

/// A comment longer than this is not repeated on the next line.
const LONG: usize = 40;

/// What a text is made of.
pub(super) struct Page<'a> {
    pub(super) origins: &'a Origins<'a>,
    /// Every path that readers ask for, in their order, which is that of the text.
    pub(super) known: &'a [String],
    pub(super) unwritten: &'a [Unwritten],
}

/// A line and what is said behind it.
struct Line {
    text: String,
    comment: String,
}

impl Page<'_> {
    /// The text of a scenario.
    pub(super) fn text(&self, root: &Node) -> String {
        let mut lines = Vec::new();
        self.map(root, 0, "", &mut lines);
        let mut out = String::new();
        let mut before = "";
        for Line { text, comment } in &lines {
            let room = COMMENTS_AT.saturating_sub(text.chars().count() + 2);
            let _ = match comment.as_str() {
                "" => writeln!(out, "{text}"),
                // A source of several lines is quoted once.
                comment if comment == before && comment.len() > LONG => writeln!(out, "{text}{:room$}  # as above", ""),
                comment => writeln!(out, "{text}{:room$}  # {comment}", ""),
            };
            before = comment;
        }
        out
    }

    /// The fields of a map in the order in which they are asked for, then those that are not set.
    fn map(&self, node: &Node, depth: usize, path: &str, lines: &mut Vec<Line>) {
        let indent = "  ".repeat(depth);
        let of = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let place = |e: &&Entry| self.known.iter().position(|k| *k == of(&e.key)).unwrap_or(usize::MAX);
        let mut entries: Vec<&Entry> = node.entries().iter().collect();
        entries.sort_by_key(place);
        for entry in entries {
            let path = of(&entry.key);
            let key = format!("{indent}{}:", scalar(&entry.key, false));
            self.value(&entry.value, key, depth, &path, lines);
        }
        for left in self.unwritten {
            // Of a part that is not there, no field is.
            if let Some(rest) = beyond(&left.path, path, node).filter(|rest| !rest.contains('.')) {
                let text = format!("{indent}# {rest}: {}", sweep::text(&left.value));
                lines.push(Line { text, comment: format!("default, not written out: {}", left.why) });
            }
        }
        let unset = self.unset(node, path);
        if !unset.is_empty() {
            lines.push(Line { text: format!("{indent}# not set: {}", unset.join(", ")), comment: String::new() });
        }
    }

    /// What stands behind a key: on its line, or on lines of its own.
    fn value(&self, node: &Node, key: String, depth: usize, path: &str, lines: &mut Vec<Line>) {
        if let Some(comment) = self.on_one_line(node, path) {
            // As `--set` takes it, which leaves text without quotes that YAML would take for something else.
            let text = match &node.value {
                Value::Scalar { text, quoted } => scalar(text, *quoted),
                _ => sweep::text(node),
            };
            lines.push(Line { text: format!("{key} {text}"), comment });
            return;
        }
        lines.push(Line { text: key, comment: String::new() });
        match &node.value {
            Value::Seq(items) => self.list(items, depth + 1, path, lines),
            _ => self.map(node, depth + 1, path, lines),
        }
    }

    fn list(&self, items: &[Node], depth: usize, path: &str, lines: &mut Vec<Line>) {
        let indent = "  ".repeat(depth);
        for (n, item) in items.iter().enumerate() {
            let step = item.step_name().map_or_else(|| n.to_string(), str::to_owned);
            let path = format!("{path}.{step}");
            let first = lines.len();
            match self.on_one_line(item, &path) {
                Some(comment) => lines.push(Line { text: format!("{indent}  {}", sweep::text(item)), comment }),
                None => match &item.value {
                    Value::Seq(items) => self.list(items, depth + 1, &path, lines),
                    _ => self.map(item, depth + 1, &path, lines),
                },
            }
            // The first line of what is inside stands behind the dash.
            if let Some(line) = lines.get_mut(first) {
                line.text.replace_range(indent.len()..=indent.len(), "-");
            }
        }
    }

    /// The comment of a value that stands on one line: a word, a distribution, a list of such, all of it from one place.
    fn on_one_line(&self, node: &Node, path: &str) -> Option<String> {
        match &node.value {
            Value::Null | Value::Scalar { .. } => Some(self.origins.of(path, node)),
            Value::Map(entries) if entries.is_empty() => Some(self.origins.of(path, node)),
            Value::Seq(items) if items.is_empty() => Some(self.origins.of(path, node)),
            Value::Map(entries) => {
                node.get("distribution")?;
                same(entries.iter().map(|e| self.on_one_line(&e.value, &format!("{path}.{}", e.key))))
            }
            Value::Seq(items) => {
                let maps = items.iter().any(|i| !i.entries().is_empty() && i.get("distribution").is_none());
                if maps { None } else { same(items.iter().map(|i| self.on_one_line(i, path))) }
            }
        }
    }

    /// The fields that this map could have and has not.
    fn unset(&self, node: &Node, path: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for known in self.known.iter().filter(|k| parent(k) == path) {
            let name = known.rsplit('.').next().unwrap_or_default();
            let told = self.unwritten.iter().any(|u| u.path == *known);
            if !name.is_empty() && node.get(name).is_none() && !names.contains(&name) && !told {
                names.push(name);
            }
        }
        names
    }
}

/// What of a path leads on from the map at `at`, if that has nothing there.
fn beyond<'p>(path: &'p str, at: &str, map: &Node) -> Option<&'p str> {
    let rest = if at.is_empty() { path } else { path.strip_prefix(at)?.strip_prefix('.')? };
    map.get(rest.split('.').next()?).is_none().then_some(rest)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// What all of them are, if they are the same but for the line and the field.
fn same(comments: impl Iterator<Item = Option<String>>) -> Option<String> {
    let mut first: Option<String> = None;
    for comment in comments {
        let comment = comment?;
        let source = |text: &str| text.split([',', ':']).next().unwrap_or_default().to_owned();
        match &first {
            Some(first) if source(first) != source(&comment) => return None,
            Some(_) => {}
            None => first = Some(comment),
        }
    }
    first
}
