//! What is wrong with axes before anything runs.

use std::collections::BTreeSet;

use super::{Assignment, Axis, Column, Dimension};
use crate::scenario::diag::{Diag, Severity};
use crate::scenario::read::Cx;
use crate::scenario::tree::Span;

/// What breaks a rule about several fields: a matter of the combination, even where a value stands in only one.
const OF_COMBINATIONS: [&str; 2] = ["stuck-rollout", "contradiction"];

/// Why a field is not for varying.
pub(super) fn refused(path: &str, span: &Span) -> Option<Diag> {
    let (why, help) = if path == "seed" {
        ("it would compare settings under different traffic", "`--replications N` draws N times, the same for all rows")
    } else if path == "objectives" || path.starts_with("objectives.") {
        ("it changes nothing that is simulated", "vary settings, and hold what comes of each against the limit")
    } else if path == "name" || path.starts_with("clients.") && path.rsplit('.').next() == Some("name") {
        ("it changes nothing that is simulated", "a variant has a name of its own: `--variant NAME:PATH=V`")
    } else if path == "workload.manifest" {
        ("it is read before anything is varied", "compare two files that name different manifests")
    } else if path == "sweep" {
        ("it says what is", "`--vary PATH=V1,V2` takes the place of one axis")
    } else {
        return None;
    };
    let diag = Diag::error("not-for-varying", format!("`{path}` cannot be varied: {why}"));
    Some(diag.at(span, "not a setting of the deploy").path(path).help(help))
}

/// Reports fields that are not for varying, and those that are varied twice: by the same path, or one inside the other.
pub(super) fn fields(cx: &Cx, dimensions: &[Dimension]) {
    let columns: Vec<&Column> = dimensions.iter().flat_map(|d| &d.columns).collect();
    for (n, column) in columns.iter().enumerate() {
        if let Some(diag) = refused(&column.path, &column.span) {
            cx.report(diag);
        }
        let inside = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'));
        for other in &columns[..n] {
            let what = if column.path == other.path {
                format!("`{}` is varied twice", column.path)
            } else if inside(&column.path, &other.path) || inside(&other.path, &column.path) {
                format!("`{}` and `{}` are varied, and one holds the other", other.path, column.path)
            } else {
                continue;
            };
            let diag = Diag::error("duplicate-axis", what).path(column.path.as_str());
            cx.report(diag.at(&column.span, "again here").and(&other.span, "first here"));
        }
    }
}

/// How many values all columns of a dimension have; `None` after a report.
pub(super) fn length(cx: &Cx, columns: &[Column]) -> Option<usize> {
    let first = columns.first()?;
    if let Some(open) = columns.iter().find_map(|c| c.open.as_ref()).filter(|_| columns.len() > 1) {
        let diag = Diag::error("bad-range", "a range that moves together with other fields needs a count");
        cx.report(diag.at(open, "how many values?").help("as in `0s..60s:7`"));
        return None;
    }
    match columns.iter().find(|c| c.values.len() != first.values.len()) {
        None => Some(first.values.len()),
        Some(other) => {
            let values = |c: &Column| match c.values.len() {
                1 => "1 value".to_owned(),
                n => format!("{n} values"),
            };
            let diag = Diag::error("unequal-lengths", "fields that move together must have as many values each");
            cx.report(diag.at(&other.span, values(other)).and(&first.span, values(first)));
            None
        }
    }
}

/// Reports steps that are the same as one before; `true` if there are none.
pub(super) fn doubles(cx: &Cx, steps: &[Vec<Assignment>]) -> bool {
    let mut seen: BTreeSet<Vec<&str>> = BTreeSet::new();
    let mut fine = true;
    for (n, step) in steps.iter().enumerate() {
        let texts: Vec<&str> = step.iter().map(Assignment::text).collect();
        if seen.contains(&texts) {
            let same = |s: &&Vec<Assignment>| s.iter().map(Assignment::text).eq(texts.iter().copied());
            let first = steps[..n].iter().find(same).and_then(|s| s.first());
            let (Some(first), Some(again)) = (first, step.first()) else { continue };
            let diag = Diag::error("duplicate-value", format!("`{}` takes `{}` twice", again.path, again.text));
            cx.report(diag.at(&again.value.span, "again here").and(&first.value.span, "first here"));
            fine = false;
        }
        seen.insert(texts);
    }
    fine
}

/// Reads every value of every axis, one at a time laid over the scenario, and reports what is wrong with it whatever the
/// others are; then what is wrong with the scenario and stays so.
///
/// `read` types a scenario with these values and checks no rule over several fields.
pub(in crate::scenario) fn check_values(cx: &Cx, axes: &[Axis], read: &dyn Fn(&[Assignment]) -> Vec<Diag>) {
    let errors = |assignments: &[Assignment]| -> Vec<Diag> {
        let mut found = read(assignments);
        found.retain(|d| d.severity == Severity::Error && !OF_COMBINATIONS.contains(&d.code));
        found
    };
    for (n, axis) in axes.iter().enumerate() {
        for step in &axis.steps {
            for diag in errors(step) {
                let Some(value) = step.iter().find(|a| diag.is_within(&a.value.span)) else { continue };
                if !cured(&diag, step, axes, n, &errors) {
                    let given = format!("the range gives {}", value.text);
                    let told = diag.help.is_some() || value.value.span.text().trim() == &*value.text;
                    cx.report(if told { diag } else { diag.help(given) });
                }
            }
        }
    }
    let corner: Vec<Assignment> = axes.iter().filter_map(|a| a.steps.first()).flatten().cloned().collect();
    let varied = |d: &Diag| axes.iter().flat_map(|a| &a.steps).flatten().any(|a| d.is_within(&a.value.span));
    errors(&corner).into_iter().filter(|d| !varied(d)).for_each(|d| cx.report(d));
}

/// Whether some value of another axis makes an error go away: `p99` may be below one `p50` and above another.
fn cured(
    diag: &Diag,
    step: &[Assignment],
    axes: &[Axis],
    own: usize,
    errors: &dyn Fn(&[Assignment]) -> Vec<Diag>,
) -> bool {
    let others = axes.iter().enumerate().filter(|(n, _)| *n != own).flat_map(|(_, a)| &a.steps);
    others.into_iter().any(|other| !errors(&[step, other].concat()).iter().any(|d| d.is_same(diag)))
}
