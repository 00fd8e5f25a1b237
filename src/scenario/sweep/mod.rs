//! What a scenario varies: its own `sweep`, `--vary` and `--variant`, as axes whose every value is ready to be laid over
//! the scenario.
//!
//! An axis is a list (`[1, 25%, 50%]`, maps and lists allowed), a range, or a list that holds ranges. `0s..60s:7` is seven
//! values in a straight line with both ends, `1s..60s:7log` seven by equal factors; without a count (`0s..60s`,
//! `1s..60s:log`) a sample takes what it needs. `zip` holds fields that move together, or is a list of such maps:
//!
//! ```yaml
//! sweep:
//!   maxSurge: [1, 25%, 50%]
//!   drainWindow: 0s..60s:7
//!   zip: {preStop: [0s, 5s], terminationGracePeriodSeconds: [30, 35]}
//! ```
//!
//! On the command line `--vary maxSurge=1,25%` is an axis, and `--vary 'preStop,terminationGracePeriodSeconds=[0s,
//! 30],[5s, 35]'` one of two fields that move together. It takes the place of the axis with the same path, inside a
//! `zip` too, or is added after the others. The last axis varies fastest.
//!
//! What would not be compared under the same traffic, or changes nothing, is refused: `seed`, names, objectives, the
//! manifest. A value that stands twice on an axis is an error; those that rounding makes equal in a range count once.

mod axis;
mod block;
mod check;
mod flow;
mod range;
mod variant;
mod vary;

use std::sync::Arc;

use super::diag::Diag;
use super::overrides;
use super::read::{At, Cx};
use super::tree::{Node, Span};

pub use axis::{Assignment, Axis};
pub use variant::Variant;

pub(super) use block::shape;
pub(super) use check::check_values;
pub(super) use flow::text;
pub(super) use variant::variants;

/// Diagnostics about `--vary` come in this place and after.
const VARY_ORDER: u32 = 1 << 20;
/// Those about `--variant` too, after them.
const VARIANT_ORDER: u32 = 1 << 21;

/// One field of a dimension and its values, before they are laid side by side.
struct Column {
    /// The field as it was written.
    name: String,
    /// The same, then in full.
    path: String,
    span: Span,
    values: Vec<(String, Node)>,
    /// Where a range without a count stands.
    open: Option<Span>,
}

/// One field, or several that move together.
pub(super) struct Dimension {
    columns: Vec<Column>,
}

/// Reads what stands at `sweep`; errors are reported, and what they are about is left out.
pub(super) fn read(at: &At<'_>, known: &[String], root: &Node) -> Vec<Dimension> {
    let mut dimensions = block::read(at);
    dimensions.retain_mut(|d| resolve(at.cx, d, known, root));
    dimensions
}

/// The axes of a scenario: those of its own `sweep` with the options laid over them.
pub(super) fn axes(cx: &Cx, mut block: Vec<Dimension>, vary: &[String], known: &[String], root: &Node) -> Vec<Axis> {
    for (n, text) in vary.iter().enumerate() {
        let Some(mut dimension) = vary::parse(cx, text, VARY_ORDER + n as u32) else { continue };
        if resolve(cx, &mut dimension, known, root) {
            vary::lay_over(cx, &mut block, dimension);
        }
    }
    check::fields(cx, &block);
    block.into_iter().filter_map(|d| d.axis(cx)).collect()
}

/// Writes the paths of a dimension in full; `false` after a report that one is no field's.
fn resolve(cx: &Cx, dimension: &mut Dimension, known: &[String], root: &Node) -> bool {
    let mut fine = true;
    for column in &mut dimension.columns {
        match overrides::resolve(&column.path, known, root, &column.span) {
            Ok(path) => column.path = path,
            Err(diag) => {
                // What no reader asks for may still be a field that everyone knows.
                cx.report(check::refused(&column.path, &column.span).unwrap_or(diag));
                fine = false;
            }
        }
    }
    fine
}

impl Dimension {
    /// The steps of a dimension whose columns are of one length, without doubles.
    fn axis(self, cx: &Cx) -> Option<Axis> {
        let open = self.columns.iter().find_map(|c| c.open.clone());
        let length = check::length(cx, &self.columns)?;
        let shared = |text: &str| -> Arc<str> { Arc::from(text) };
        let fields: Vec<(Arc<str>, Arc<str>)> =
            self.columns.iter().map(|c| (shared(&c.name), shared(&c.path))).collect();
        let step = |n: usize| -> Vec<Assignment> {
            let columns = self.columns.iter().zip(&fields);
            columns
                .map(|(column, (name, path))| {
                    let (text, value) = &column.values[n];
                    let (name, path, text) = (Arc::clone(name), Arc::clone(path), shared(text));
                    Assignment { name, path, text, value: value.clone(), span: column.span.clone() }
                })
                .collect()
        };
        let steps: Vec<Vec<Assignment>> = (0..length).map(step).collect();
        check::doubles(cx, &steps).then_some(Axis { steps, open })
    }
}

/// The values that one member of a list stands for: itself, or those of a range. `None` after a report.
fn expand(cx: &Cx, node: &Node, zipped: bool, open: &mut Option<Span>) -> Option<Vec<(String, Node)>> {
    if node.is_null() {
        let diag = Diag::error("wrong-type", "nothing stands where a value should be").at(&node.span, "no value");
        cx.report(diag.help("leave it out; a field without a value would take its default"));
        return None;
    }
    match range::read(node) {
        None => Some(vec![(flow::text(node), node.clone())]),
        Some(Err(diag)) => {
            cx.report(*diag);
            None
        }
        Some(Ok(range)) => {
            if range.open {
                *open = Some(node.span.clone());
            }
            let mut texts = range.points;
            if !zipped {
                texts.dedup();
            }
            Some(texts.into_iter().map(|t| (t.clone(), Node::scalar(t, node.span.clone()))).collect())
        }
    }
}
