//! A scenario as a list of settings: what can be taken apart again to find the few that matter.

use std::fmt::Write as _;

/// Settings of a scenario, each a path and a value in YAML. A later one replaces what an earlier one says of the same place; an
/// empty one takes it away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    pub(crate) fn set(&mut self, path: &str, value: &str) {
        self.0.push((path.to_owned(), value.to_owned()));
    }

    /// These without one of them, the last first. What keeps a scenario short stays.
    pub(crate) fn without_one(&self) -> impl Iterator<Item = Self> {
        let stays = |path: &str| path.starts_with("observe.") || path == "deploy.at";
        (0..self.0.len()).rev().filter(move |&n| !stays(&self.0[n].0)).map(|n| {
            let mut rest = self.clone();
            rest.0.remove(n);
            rest
        })
    }

    /// All, those below `from` being now below `to`.
    pub(crate) fn moved(&self, from: &str, to: &str) -> Self {
        let moved = |path: &str| path.strip_prefix(from).map_or_else(|| path.to_owned(), |rest| format!("{to}{rest}"));
        Self(self.0.iter().map(|(path, value)| (moved(path), value.clone())).collect())
    }

    /// The file that says all this.
    pub(crate) fn yaml(&self) -> String {
        let mut root = Node::default();
        for (path, value) in &self.0 {
            root.put(path, value);
        }
        let mut text = String::new();
        for (name, node) in root.fields.iter().filter(|(_, node)| node.is_there()) {
            if node.is_list() {
                writeln!(text, "{name}:").expect("writing to a string");
                for (_, item) in &node.fields {
                    writeln!(text, "  - {}", item.flow()).expect("writing to a string");
                }
            } else {
                writeln!(text, "{name}: {}", node.flow()).expect("writing to a string");
            }
        }
        text
    }
}

/// A value, or the fields of a map; where their names are numbers, the items of a list.
#[derive(Default)]
struct Node {
    value: String,
    fields: Vec<(String, Node)>,
}

impl Node {
    fn put(&mut self, path: &str, value: &str) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if name.is_empty() {
            *self = Self { value: value.to_owned(), fields: Vec::new() };
            return;
        }
        self.value.clear();
        if !self.fields.iter().any(|(known, _)| known == name) {
            self.fields.push((name.to_owned(), Self::default()));
            // Items of a list in their order; fields in that in which they were set.
            self.fields.sort_by_key(|(name, _)| name.parse::<u32>().unwrap_or(0));
        }
        let (_, field) = self.fields.iter_mut().find(|(known, _)| known == name).expect("it was just put there");
        field.put(rest, value);
    }

    fn is_there(&self) -> bool {
        !self.value.is_empty() || self.fields.iter().any(|(_, field)| field.is_there())
    }

    fn is_list(&self) -> bool {
        self.fields.first().is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_digit()))
    }

    fn flow(&self) -> String {
        if self.fields.is_empty() {
            return self.value.clone();
        }
        let items = |named: bool| -> Vec<String> {
            let item = |(name, node): &(String, Self)| {
                if named { format!("{name}: {}", node.flow()) } else { node.flow() }
            };
            self.fields.iter().filter(|(_, field)| field.is_there()).map(item).collect()
        };
        if self.is_list() {
            format!("[{}]", items(false).join(", "))
        } else {
            format!("{{{}}}", items(true).join(", "))
        }
    }
}
