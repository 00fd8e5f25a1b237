//! Configuration files of other platforms: an ECS service, a Nomad job.

use super::kubernetes::{Imported, Tree};
use super::{ecs, nomad};
use crate::scenario::Diag;
use crate::scenario::tree::{Node, Span};

/// Reads what these documents describe, or nothing where they are none of such files.
///
/// # Errors
/// They are, and cannot be read.
pub(in crate::scenario) fn import(docs: &[Node], wanted: Option<&str>) -> Option<Result<Imported, Vec<Diag>>> {
    ecs::import(docs, wanted).or_else(|| nomad::import(docs, wanted))
}

/// The first of these fields that is there.
pub(super) fn any<'a>(node: &'a Node, names: &[&str]) -> Option<&'a Node> {
    names.iter().find_map(|name| node.get(name)).filter(|n| !n.is_null())
}

/// What [`import`] may be asked for.
pub(in crate::scenario) fn workloads(docs: &[Node]) -> Vec<String> {
    let names = ecs::names(docs);
    if names.is_empty() { nomad::names(docs) } else { names }
}

/// Where a setting of a scenario stands in such a file, where it is of a kind that can be written into: below which node, and at which
/// path.
pub(in crate::scenario) fn place<'a>(
    docs: &'a [Node],
    wanted: Option<&str>,
    path: &str,
) -> Option<(&'a Node, &'static str)> {
    ecs::place(docs, wanted, path)
}

/// Parts of a file of which one is to be read.
pub(super) struct Parts<'a> {
    /// All there are.
    pub(super) all: Vec<&'a Node>,
    /// Their name in each.
    pub(super) name: fn(&Node) -> Option<&Node>,
    /// What they are called together, as in `the job has`, `group`.
    pub(super) words: [&'static str; 2],
}

impl<'a> Parts<'a> {
    /// What they are called.
    pub(super) fn names(&self) -> Vec<String> {
        self.all.iter().map(|part| (self.name)(part).and_then(Node::text).unwrap_or("?").to_owned()).collect()
    }

    /// The only one, or the one called `wanted`; `whole` is where they stand.
    pub(super) fn pick(&self, wanted: Option<&str>, whole: &Span) -> Result<&'a Node, Diag> {
        let head = |part: &Node| (self.name)(part).map_or_else(|| part.span.clone(), |n| n.span.clone());
        let called = |part: &&Node| wanted.is_none_or(|w| (self.name)(part).and_then(Node::text) == Some(w));
        let found: Vec<&Node> = self.all.iter().copied().filter(called).collect();
        let [has, what] = self.words;
        match found[..] {
            [one] => Ok(one),
            [] => {
                let of_name = wanted.map_or_else(String::new, |wanted| format!(" called `{wanted}`"));
                let diag = Diag::error("no-workload", format!("{has} no {what}{of_name}")).at(whole, "");
                let names = self.names();
                Err(if names.is_empty() { diag } else { diag.help(format!("it has {}", names.join(", "))) })
            }
            [first, second, ..] => {
                let diag = Diag::error("several-workloads", format!("{has} {} {what}s", found.len()));
                let diag = diag.at(&head(first), "one here").and(&head(second), "another here");
                Err(diag.help(format!("pick one by --workload NAME: {}", self.names().join(", "))))
            }
        }
    }

    /// A note for the others than `read`.
    pub(super) fn skipped(&self, read: &Node) -> Option<Diag> {
        let others: Vec<&Node> = self.all.iter().copied().filter(|part| !std::ptr::eq(*part, read)).collect();
        let first = others.first()?;
        let s = if others.len() == 1 { "" } else { "s" };
        let names = Parts { all: others.clone(), ..*self }.names().join(", ");
        let text = format!("skipped {} {}{s}: {names}", others.len(), self.words[1]);
        Some(Diag::warning("skipped", text).in_file(&*first.span.source.name))
    }
}

/// Which member of a pod serves: the first that any of these tells, from the surest sign to the weakest, or else the first.
pub(super) fn serving(count: usize, signs: &[&dyn Fn(usize) -> bool]) -> usize {
    signs.iter().find_map(|sign| (0..count).find(|&n| sign(n))).unwrap_or(0)
}

/// What a platform's reader has gathered.
pub(super) fn finish(tree: Tree, name: &str, kind: &'static str) -> Imported {
    let (tree, notes, assumptions) = tree.into_parts();
    Imported { tree, notes, assumptions, name: name.to_owned(), kind, fixed: Vec::new() }
}
