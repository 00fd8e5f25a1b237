//! All that readers take, found out by asking them: whatever a reader says it takes is put in its place, to see which fields it asks
//! for then.

use std::collections::VecDeque;

use super::note::{News, Notes};
use super::place::{ITEM, Place};
use crate::scenario::read::Cx;
use crate::scenario::tree::{Entry, Node, Source, Span, Value};
use crate::scenario::yaml;

/// What was found out.
#[derive(Debug)]
pub(crate) struct Explored {
    /// The root of all places.
    pub(crate) root: Place,
    /// Every tree that was read.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at what a place was found with"))]
    pub(crate) trees: Vec<Node>,
}

/// What stands where nothing is known yet: a map, a list of maps.
const UNKNOWN: [&str; 2] = ["{}", "[{}, {}]"];

/// Everything that `read` takes of these trees and of all that it leads to from them.
pub(crate) fn explore<S: AsRef<str>>(read: &dyn Fn(&Cx, &Node), starts: &[S]) -> Explored {
    let mut trees: Vec<Node> = Vec::new();
    let mut queue: VecDeque<Node> = starts.iter().map(|text| tree(text.as_ref())).collect();
    let mut notes = Notes::default();
    while let Some(tree) = queue.pop_front() {
        notes.tree = trees.len();
        let cx = Cx::describing(notes);
        read(&cx, &tree);
        notes = cx.into_notes();
        // Each place and each thing that it takes is news once.
        for (path, news) in std::mem::take(&mut notes.news) {
            match news {
                News::Place => queue.extend(UNKNOWN.map(|sample| with(&tree, &path, sample))),
                News::Sample(sample) => queue.push_back(with(&tree, &path, &sample)),
            }
        }
        trees.push(tree);
    }
    Explored { root: notes.root, trees }
}

/// A text as a tree.
pub(crate) fn tree(text: &str) -> Node {
    parsed("an example", text)
}

/// The same from a source of that name.
pub(super) fn parsed(name: &str, text: &str) -> Node {
    let source = Source::new(name, text, 0);
    let first = yaml::parse(&source).ok().and_then(|documents| documents.into_iter().next());
    first.unwrap_or_else(|| Node { value: Value::Null, span: Span::whole(&source) })
}

/// The tree with something else at a path, whose steps into lists lead to the last member.
pub(crate) fn with(root: &Node, path: &str, text: &str) -> Node {
    let mut root = root.clone();
    if let Some(place) = place_of(&mut root, path) {
        *place = tree(text);
    }
    root
}

/// The value at such a path, made on the way.
pub(crate) fn place_of<'a>(root: &'a mut Node, path: &str) -> Option<&'a mut Node> {
    let mut node = root;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let span = node.span.clone();
        if step == ITEM {
            let Value::Seq(items) = &mut node.value else { return None };
            node = items.last_mut()?;
            continue;
        }
        if !matches!(node.value, Value::Map(_)) {
            node.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut node.value else { return None };
        let at = entries.iter().position(|entry| entry.key == step).unwrap_or_else(|| {
            let value = Node { value: Value::Null, span: span.clone() };
            entries.push(Entry { key: step.to_owned(), key_span: span, value });
            entries.len() - 1
        });
        node = &mut entries[at].value;
    }
    Some(node)
}
