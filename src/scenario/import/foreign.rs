//! Configuration files of other platforms: an ECS service, a Nomad job.

use super::kubernetes::{Imported, Tree};
use super::{ecs, nomad};
use crate::scenario::Diag;
use crate::scenario::tree::Node;

/// Reads what these documents describe, or nothing where they are none of such files.
///
/// # Errors
/// They are, and cannot be read.
pub(in crate::scenario) fn import(docs: &[Node], wanted: Option<&str>) -> Option<Result<Imported, Vec<Diag>>> {
    ecs::import(docs).or_else(|| nomad::import(docs, wanted))
}

/// What a platform's reader has gathered.
pub(super) fn finish(tree: Tree, name: &str, kind: &'static str) -> Imported {
    let (tree, notes, assumptions) = tree.into_parts();
    Imported { tree, notes, assumptions, name: name.to_owned(), kind }
}
