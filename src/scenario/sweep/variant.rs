//! `--variant NAME:PATH=V,PATH=V`: one file under another policy.

use std::sync::Arc;

use super::{Assignment, VARIANT_ORDER, check, flow};
use crate::scenario::diag::{Diag, printable};
use crate::scenario::overrides;
use crate::scenario::tree::{Node, Source, Span};

/// A scenario with some fields set otherwise, and what to call it.
#[derive(Clone, Debug)]
pub struct Variant {
    /// As it was given; no two are the same.
    pub name: String,
    /// What is set, in order; nothing is the scenario as it stands.
    pub assignments: Vec<Assignment>,
}

/// Reads the options in order. Paths are found in the scenario with what stands before them laid over it, as those of
/// `--set` are: another distribution has other parameters.
pub(in crate::scenario) fn variants(
    texts: &[String],
    root: &Node,
    known: impl Fn(&Node) -> Vec<String>,
) -> Result<Vec<Variant>, Vec<Diag>> {
    let mut named: Vec<(Variant, Span)> = Vec::new();
    let mut diags = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let source = Source::new("--variant", text.as_str(), VARIANT_ORDER + n as u32);
        match one(&source, root, &known) {
            Ok((variant, span)) => match named.iter().find(|(v, _)| v.name == variant.name) {
                Some((_, first)) => {
                    let what = format!("two variants are called `{}`", printable(&variant.name));
                    diags.push(Diag::error("duplicate-name", what).at(&span, "again here").and(first, "first here"));
                }
                None => named.push((variant, span)),
            },
            Err(diag) => diags.push(*diag),
        }
    }
    if diags.is_empty() { Ok(named.into_iter().map(|(v, _)| v).collect()) } else { Err(diags) }
}

fn one(source: &Arc<Source>, root: &Node, known: &impl Fn(&Node) -> Vec<String>) -> Result<(Variant, Span), Box<Diag>> {
    let text = &source.text;
    let span = |offset: usize, len: usize| Span { source: Arc::clone(source), range: offset..offset + len };
    let bad =
        |what: &str| Diag::error("bad-option", what).help("as in `--variant careful:maxSurge=1,maxUnavailable=0`");
    let (name, settings) = match text.split_once(':') {
        Some((name, settings)) if !name.contains(['=', ',']) => (name, settings),
        _ => {
            return Err(Box::new(
                bad("`--variant` takes NAME:PATH=V,PATH=V").at(&Span::whole(source), "there is no name"),
            ));
        }
    };
    let name_span = span(0, name.len());
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Box::new(bad("a variant needs a name").at(&Span::whole(source), "none stands before `:`")));
    }
    let mut assignments: Vec<Assignment> = Vec::new();
    let mut root = root.clone();
    let pieces = if settings.trim().is_empty() { Vec::new() } else { overrides::split(settings, name.len() + 1) };
    for piece in pieces {
        let Some((path, value)) =
            piece.text.split_once('=').filter(|(p, v)| !p.trim().is_empty() && !v.trim().is_empty())
        else {
            let diag = bad("a variant sets PATH=VALUE").at(&span(piece.offset, piece.text.len()), "not of that form");
            return Err(Box::new(diag));
        };
        let path_span = span(piece.offset, path.trim_end().len());
        let value = overrides::parse_value(source, piece.offset + path.len() + 1, value).map_err(Box::new)?;
        let written = Arc::from(path.trim());
        let found = overrides::resolve(path.trim(), &known(&root), &root, &path_span);
        let full = found.as_deref().unwrap_or(path.trim());
        if let Some(diag) = check::refused(full, &path_span) {
            return Err(Box::new(diag));
        }
        let path = found.map_err(Box::new)?;
        if let Some(first) = assignments.iter().find(|a| *a.path == *path) {
            let diag = Diag::error("duplicate-field", format!("`{path}` is set twice"));
            return Err(Box::new(diag.at(&path_span, "again here").and(&first.span, "first here")));
        }
        let text = Arc::from(flow::text(&value));
        let assignment = Assignment { name: written, path: Arc::from(path), text, value, span: path_span };
        assignment.lay_over(&mut root);
        assignments.push(assignment);
    }
    Ok((Variant { name: name.trim().to_owned(), assignments }, name_span))
}
