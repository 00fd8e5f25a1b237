//! `--vary PATH=V1,V2,…`: an axis from the command line.

use super::{Column, Dimension, VARY_ORDER, expand};
use crate::scenario::diag::Diag;
use crate::scenario::overrides::{self, Piece};
use crate::scenario::read::Cx;
use crate::scenario::tree::{Source, Span, Value};

/// Reads one option; `None` after a report.
pub(super) fn parse(cx: &Cx, text: &str, order: u32) -> Option<Dimension> {
    let source = Source::new("--vary", text, order);
    let report = |diag: Diag| {
        cx.report(diag);
        None
    };
    let (paths, values) = match text.split_once('=') {
        Some((paths, values)) if !paths.trim().is_empty() && !values.trim().is_empty() => (paths, values),
        found => {
            let label = if found.is_some() { "one side is empty" } else { "there is no `=`" };
            let diag = Diag::error("bad-option", "`--vary` takes PATH=V1,V2,…").at(&Span::whole(&source), label);
            return report(diag.help("as in `--vary maxSurge=1,25%` or `--vary drainWindow=0s..60s:7`"));
        }
    };
    let names = overrides::split(paths, 0);
    let zipped = names.len() > 1;
    let span =
        |piece: &Piece<'_>| Span { source: source.clone(), range: piece.offset..piece.offset + piece.text.len() };
    let column = |p: &Piece<'_>| {
        let name = p.text.to_owned();
        Column { path: name.clone(), name, span: span(p), values: Vec::new(), open: None }
    };
    let mut columns: Vec<Column> = names.iter().map(column).collect();
    for piece in overrides::split(values, paths.len() + 1) {
        let node = match overrides::parse_value(&source, piece.offset, piece.text) {
            Ok(node) if !node.is_null() => node,
            Ok(_) => {
                return report(Diag::error("bad-option", "a value is missing").at(&span(&piece), "between the commas"));
            }
            Err(diag) => return report(diag),
        };
        if !zipped {
            let Column { values, open, .. } = &mut columns[0];
            values.extend(expand(cx, &node, false, open)?);
            continue;
        }
        match &node.value {
            Value::Seq(items) if items.len() == columns.len() => {
                for (Column { values, open, .. }, item) in columns.iter_mut().zip(items) {
                    values.extend(expand(cx, item, true, open)?);
                }
            }
            _ => {
                let what = format!("{} fields that move together take {} values at a time", names.len(), names.len());
                let diag = Diag::error("bad-option", what).at(&node.span, "expected a list of them");
                return report(diag.help("as in `--vary 'preStop,terminationGracePeriodSeconds=[0s, 30],[5s, 35]'`"));
            }
        }
    }
    Some(Dimension { columns })
}

/// Lays one option over the axes: in the place of those with its paths, or after all of them.
pub(super) fn lay_over(cx: &Cx, dimensions: &mut Vec<Dimension>, vary: Dimension) {
    let columns =
        || vary.columns.iter().flat_map(|new| dimensions.iter().flat_map(|d| &d.columns).map(move |old| (new, old)));
    if let Some((new, old)) = columns().find(|(new, old)| new.path == old.path && old.span.source.order >= VARY_ORDER) {
        let diag = Diag::error("duplicate-axis", format!("`{}` is varied twice", new.path));
        cx.report(diag.at(&new.span, "again here").and(&old.span, "first here"));
        return;
    }
    let mut columns = vary.columns;
    if let [column] = &mut columns[..]
        && let Some(old) = dimensions.iter_mut().flat_map(|d| &mut d.columns).find(|old| old.path == column.path)
    {
        std::mem::swap(old, column);
        return;
    }
    let replaced = |column: &Column| columns.iter().any(|new| new.path == column.path);
    // What moves with a field that is replaced has to be replaced too, or it would stand still.
    for dimension in dimensions.iter() {
        let rest = dimension.columns.iter().find(|old| !replaced(old));
        if let (Some(rest), Some(old)) = (rest, dimension.columns.iter().find(|old| replaced(old))) {
            let new = columns.iter().find(|new| new.path == old.path).map_or(&old.span, |new| &new.span);
            let diag = Diag::error("bad-option", format!("`{}` moves together with `{}`", old.path, rest.path));
            cx.report(diag.at(new, "varied without it").and(&rest.span, "given here"));
            return;
        }
    }
    let place = dimensions.iter().position(|d| d.columns.iter().any(replaced));
    let kept_before = place.unwrap_or(dimensions.len());
    dimensions.retain(|d| !d.columns.iter().any(replaced));
    dimensions.insert(kept_before, Dimension { columns });
}
