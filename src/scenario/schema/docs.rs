//! What each field means and where its default comes from, for whoever writes a scenario: `fields.yaml`, by path.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::explore::tree;
use crate::scenario::tree::Node;

/// What is said of a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doc {
    /// What it means.
    pub(crate) is: String,
    /// How its default is known, and from where: `documented: …`, `measured: …`, `reported: …`, `guess: …`, `off: …`.
    pub(crate) source: Option<String>,
    /// What it is without a value, where that is no value of its own.
    pub(crate) otherwise: Option<String>,
    /// Whether `otherwise` is that of another place than its own.
    pub(crate) inherited: bool,
}

/// All that is said.
pub(crate) struct Docs {
    fields: BTreeMap<String, Doc>,
    /// Places whose fields are those of another place, and what all of them are without a value if not the same.
    like: BTreeMap<String, (String, Option<String>)>,
    used: RefCell<BTreeSet<String>>,
}

/// How the source of a default is known.
pub(crate) const HOW: [&str; 5] = ["documented", "measured", "reported", "guess", "off"];

impl Docs {
    /// Those of `fields.yaml`.
    pub(crate) fn read() -> Self {
        let root = tree(include_str!("fields.yaml"));
        let word = |node: &Node, name: &str| node.get(name).and_then(Node::text).map(ToOwned::to_owned);
        let entries = |name: &str| root.get(name).map(Node::entries).unwrap_or_default();
        let doc = |node: &Node| Doc {
            is: word(node, "is").or_else(|| node.text().map(ToOwned::to_owned)).unwrap_or_default(),
            source: word(node, "source"),
            otherwise: word(node, "otherwise"),
            inherited: false,
        };
        let like = |node: &Node| (word(node, "path").unwrap_or_default(), word(node, "otherwise"));
        Self {
            fields: entries("fields").iter().map(|e| (e.key.clone(), doc(&e.value))).collect(),
            like: entries("like").iter().map(|e| (e.key.clone(), like(&e.value))).collect(),
            used: RefCell::default(),
        }
    }

    /// What is said of the field at a path, in which a variant stands in parentheses: `workload(Rollout).strategy`.
    pub(crate) fn of(&self, path: &str) -> Option<Doc> {
        for path in [path.to_owned(), without_variants(path)] {
            if let Some(doc) = self.fields.get(&path) {
                self.used.borrow_mut().insert(path);
                return Some(doc.clone());
            }
        }
        let [written, plain] = [path, &without_variants(path)].map(|path| {
            let inside = |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.starts_with(['.', '[', '(']));
            // Of several that hold it, the innermost, which is the longest.
            self.like.iter().rfind(|(place, _)| inside(place)).map(|like| (path.to_owned(), like))
        });
        let (path, (place, (other, otherwise))) = match (written, plain) {
            (Some(a), Some(b)) => {
                if b.1.0.len() > a.1.0.len() {
                    b
                } else {
                    a
                }
            }
            (a, b) => a.or(b)?,
        };
        self.used.borrow_mut().insert(place.clone());
        let doc = self.of(&path.replacen(place.as_str(), other, 1))?;
        Some(match otherwise {
            Some(otherwise) => Doc { source: None, otherwise: Some(otherwise.clone()), inherited: true, ..doc },
            None => doc,
        })
    }

    /// Whether what stands at a path is laid over something else, so that it need not be whole.
    pub(crate) fn is_laid_over(&self, path: &str) -> bool {
        let over = self.like.iter().filter(|(_, (_, otherwise))| otherwise.is_some());
        over.into_iter().any(|(place, _)| path.strip_prefix(place.as_str()).is_some_and(|rest| rest.starts_with('.')))
    }

    /// What is said of fields that no reader has.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        self.fields.keys().chain(self.like.keys()).filter(|path| !used.contains(*path)).cloned().collect()
    }
}

/// A path without the words of its variants.
fn without_variants(path: &str) -> String {
    let mut inside = false;
    let mut plain = String::new();
    for c in path.chars() {
        match c {
            '(' => inside = true,
            ')' => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
}
