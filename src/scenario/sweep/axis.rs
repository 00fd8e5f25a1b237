//! What is varied: fields, and the values that they take.

use std::fmt;
use std::sync::Arc;

use crate::scenario::diag::Diag;
use crate::scenario::tree::{Node, Span};

/// One value for one field.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub(super) name: Arc<str>,
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) value: Node,
    /// Where the field was named.
    pub(super) span: Span,
}

impl Assignment {
    /// The field as it was written, `maxSurge`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole path of the field, `workload.strategy.rollingUpdate.maxSurge`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value on one line, as a row prints it and `--set` takes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Lays the value over a tree.
    pub(in crate::scenario) fn lay_over(&self, root: &mut Node) {
        // A resolved path leads somewhere: the only `false` is for a member that no list has.
        root.set(&self.path, self.value.clone(), &self.span);
    }
}

/// `PATH=VALUE`, as `--set` takes it.
impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.path, self.text)
    }
}

/// One dimension of a sweep: a field and the values that it takes, or several fields that move together.
#[derive(Clone, Debug)]
pub struct Axis {
    /// At each step a value for each field; never empty, and all steps set the same fields in the same order.
    pub(super) steps: Vec<Vec<Assignment>>,
    /// Where the range stands that has no count, so that only a sample can tell how many values are wanted.
    pub(super) open: Option<Span>,
}

impl Axis {
    /// How many values it has; 1 at least.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Never: an axis without values is an error when it is read.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The whole paths of its fields: one, or those that move together, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.steps.first().into_iter().flatten().map(Assignment::path)
    }

    /// What its fields are set to at step `n`, from 0.
    ///
    /// # Panics
    /// If there are no more than `n` steps.
    pub fn step(&self, n: usize) -> &[Assignment] {
        &self.steps[n]
    }

    /// What is wrong with it where every value is wanted: it is a range without a count.
    pub fn needs_count(&self) -> Option<Diag> {
        let open = self.open.as_ref()?;
        let diag = Diag::error("bad-range", format!("`{}` does not say how many values", open.text().trim()));
        Some(diag.at(open, "how many?").help("give it a count, as in `0s..60s:7`, or take a sample by `--sample N`"))
    }
}
