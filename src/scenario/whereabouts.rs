//! What the fields of a draft are called, and where their values stand.

use super::diag::Diag;
use super::draft::{Draft, SET_ORDER};
use super::tree::{Node, Source, Span};
use super::{overrides, sweep};

impl Draft {
    /// The whole path that `path` means, which may be its last name alone.
    ///
    /// # Errors
    /// No field, or more than one, is called so.
    pub fn path_of(&self, option: &str, path: &str) -> Result<String, Diag> {
        let source = Source::new(option, path, SET_ORDER);
        overrides::resolve(path.trim(), &self.known(), &self.input.root, &Span::whole(&source))
    }

    /// The shortest name by which an option means the field at a whole path, and no other.
    pub fn name_of(&self, path: &str) -> String {
        overrides::shortest(path, &self.known()).to_owned()
    }

    /// The value at a path on one line, as `--set` takes it; `None` where the file leaves it to the default.
    pub fn text_at(&self, path: &str) -> Option<String> {
        self.input.root.at(path).filter(|n| !n.is_null()).map(sweep::text)
    }

    /// Where the value at a path stands or, where there is none, the nearest map around it. A default that a manifest implies
    /// stands where the manifest could say it.
    pub fn nearest(&self, path: &str) -> Span {
        let mut path = path;
        let span = loop {
            match (self.input.root.at(path), path.rsplit_once('.')) {
                (Some(node), _) => break &node.span,
                (None, Some((around, _))) => path = around,
                (None, None) => break &self.input.root.span,
            }
        };
        span.of_word()
    }

    /// Whether the file, its manifest or an option gives the value at a path, rather than a default.
    pub fn gives(&self, path: &str) -> bool {
        is_given(&self.input.root, path)
    }
}

/// Whether somebody has written the value at a path, rather than nobody.
pub(super) fn is_given(root: &Node, path: &str) -> bool {
    root.at(path).is_some_and(|n| !n.span.text().is_empty())
}
