//! Options laid over a scenario: `--set PATH=VALUE`, `--rate`, `--service-time`, and how a PATH finds its field.

use std::sync::Arc;

use super::diag::{Diag, nearest, printable};
use super::tree::{Entry, Node, Source, Span, Value};
use super::yaml;

/// Parts of a scenario whose fields a short name never means: they repeat names that stand elsewhere.
const LONG_NAMES_ONLY: [&str; 5] =
    ["newVersion.", "objectives.", "nodes.", "workload.podDisruptionBudget.", "workload.strategy.canary.steps."];

/// `PATH=VALUE` as it was typed.
pub(super) struct Typed {
    pub(super) path: String,
    pub(super) path_span: Span,
    pub(super) value: Node,
}

/// Parses `PATH=VALUE`; the value is YAML, so that lists and maps in `{…}` are values too.
pub(super) fn parse(option: &str, text: &str, order: u32) -> Result<Typed, Diag> {
    let source = Source::new(option, text, order);
    let (path, value) = match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => (path, value),
        found => {
            let label = if found.is_some() { "there is no path" } else { "there is no `=`" };
            let diag = Diag::error("bad-option", format!("`{option}` takes PATH=VALUE"));
            return Err(diag.at(&Span::whole(&source), label).help("as in `--set maxSurge=50%`"));
        }
    };
    let path_span = Span { source: Arc::clone(&source), range: 0..path.len() };
    Ok(Typed { path: path.trim().to_owned(), path_span, value: parse_value(&source, path.len() + 1, value)? })
}

/// A value that begins at `offset` of an option's text.
pub(super) fn parse_value(source: &Arc<Source>, offset: usize, value: &str) -> Result<Node, Diag> {
    let span = Span { source: Arc::clone(source), range: offset..offset + value.len() };
    if !value.trim_start().starts_with(['{', '[', '"', '\'']) {
        let text = value.trim();
        let null = Node { value: Value::Null, span: span.clone() };
        return Ok(if yaml::is_null(text) { null } else { Node::scalar(text, span) });
    }
    // The parser gets spaces for what stands before, so that its offsets are those of the whole text.
    let padded = Source::new(source.name.clone(), format!("{}{value}", " ".repeat(offset)), source.order);
    let mut docs = yaml::parse(&padded).map_err(|diag| diag.moved_to(source))?;
    let mut node = docs.pop().unwrap_or(Node { value: Value::Null, span });
    move_to(&mut node, source);
    Ok(node)
}

/// A part of an option's text and where it begins.
pub(super) struct Piece<'a> {
    /// Without white space at either end.
    pub(super) text: &'a str,
    pub(super) offset: usize,
}

/// Splits a text that begins at `offset` of an option's at its commas, but for those between brackets or in quotes.
pub(super) fn split(text: &str, offset: usize) -> Vec<Piece<'_>> {
    const OPENERS: [char; 5] = [',', '[', '{', ':', '='];
    let mut pieces = Vec::new();
    let (mut start, mut depth) = (0, 0_u32);
    let mut quote = None;
    let mut escaped = false;
    let piece = |from: usize, to: usize| {
        let part = &text[from..to];
        let before = part.len() - part.trim_start().len();
        Piece { text: part.trim(), offset: offset + from + before }
    };
    for (n, c) in text.char_indices() {
        match (quote, c) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), c) if c == open && !escaped => quote = None,
            // Inside a word it is an apostrophe.
            (None, '"' | '\'') if text[..n].trim_end().is_empty() || text[..n].trim_end().ends_with(OPENERS) => {
                quote = Some(c);
            }
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                pieces.push(piece(start, n));
                start = n + 1;
            }
            _ => {}
        }
        escaped = false;
    }
    pieces.push(piece(start, text.len()));
    pieces
}

/// Makes a tree stand in another source, at the same offsets.
fn move_to(node: &mut Node, source: &Arc<Source>) {
    node.span.source = Arc::clone(source);
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| move_to(item, source)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span.source = Arc::clone(source);
                move_to(&mut entry.value, source);
            }
        }
        Value::Null | Value::Scalar { .. } => {}
    }
}

/// A service time as an option takes it: `20ms`, or the parameters of a lognormal, `p50=20ms,p99=120ms`.
pub(super) fn service_time(text: &str, order: u32) -> Result<Node, Diag> {
    let source = Source::new("--service-time", text, order);
    let whole = Span::whole(&source);
    if !text.contains('=') {
        return Ok(Node::scalar(text.trim(), whole));
    }
    let mut entries = vec![Entry {
        key: "distribution".to_owned(),
        key_span: whole.clone(),
        value: Node::scalar("lognormal", whole.clone()),
    }];
    let mut offset = 0;
    for part in text.split(',') {
        let span = |from: usize, to: usize| Span { source: Arc::clone(&source), range: offset + from..offset + to };
        let Some((key, value)) = part.split_once('=') else {
            return Err(Diag::error("bad-option", "`--service-time` takes `20ms` or `p50=20ms,p99=120ms`")
                .at(&span(0, part.len()), "there is no `=`"));
        };
        let value = Node::scalar(value.trim(), span(key.len() + 1, part.len()));
        entries.push(Entry { key: key.trim().to_owned(), key_span: span(0, key.len()), value });
        offset += part.len() + 1;
    }
    Ok(Node { value: Value::Map(entries), span: whole })
}

/// The full path that `path` means, among those that a reading of the scenario asked for.
///
/// # Errors
/// No field, or more than one, is called so.
pub(super) fn resolve(path: &str, known: &[String], root: &Node, span: &Span) -> Result<String, Diag> {
    let path = by_name(path, root);
    if known.contains(&path) {
        return Ok(path);
    }
    let found = that_end(&path, known);
    match found[..] {
        [one] => Ok(one.clone()),
        [] => Err(unknown(&path, known, span)),
        _ => {
            let names: Vec<String> = found.iter().map(|k| format!("`{k}`")).collect();
            Err(Diag::error("ambiguous-path", format!("`{path}` could be {} fields", found.len()))
                .at(span, "which one?")
                .help(format!("write one of {}", names.join(", "))))
        }
    }
}

/// The fields that a last name, or the end of a path, may mean.
fn that_end<'a>(path: &str, known: &'a [String]) -> Vec<&'a String> {
    let ending = format!(".{path}");
    let of_a_tier = |k: &str| k.starts_with("loadBalancer.") && (k.contains(".pod.") || k.contains(".workload."));
    let short = |k: &&String| !LONG_NAMES_ONLY.iter().any(|p| k.starts_with(p)) && !of_a_tier(k);
    let mut found: Vec<&String> = known.iter().filter(short).filter(|k| k.ends_with(&ending)).collect();
    found.sort();
    found.dedup();
    // Probes repeat names, too, which mean theirs where nothing else has them.
    if found.iter().any(|k| !k.contains("Probe.")) {
        found.retain(|k| !k.contains("Probe."));
    }
    found
}

/// The whole path of the one field that a last name means; `None` where it means none or several.
pub(super) fn called(name: &str, known: &[String]) -> Option<String> {
    match that_end(name, known)[..] {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// The shortest end of a whole path that means its field, and no other.
pub(super) fn shortest<'a>(path: &'a str, known: &[String]) -> &'a str {
    let ends = path.rmatch_indices('.').map(|(dot, _)| &path[dot + 1..]);
    // A whole path comes before the ends of others.
    let is_whole = |name: &str| known.iter().any(|k| k == name);
    ends.filter(|name| !is_whole(name)).find(|name| called(name, known).as_deref() == Some(path)).unwrap_or(path)
}

/// The path with each index of a list replaced by the member's name, where it has one.
fn by_name(path: &str, root: &Node) -> String {
    let mut node = Some(root);
    let mut out: Vec<String> = Vec::new();
    for step in path.split('.') {
        let items = node.map_or(&[][..], Node::items);
        let member = step.parse().ok().and_then(|n: usize| items.get(n));
        let name = member.and_then(Node::step_name);
        out.push(name.unwrap_or(step).to_owned());
        node = node.and_then(|n| n.at(step));
    }
    out.join(".")
}

fn unknown(path: &str, known: &[String], span: &Span) -> Diag {
    let diag = Diag::error("unknown-path", format!("no field is called `{}`", printable(path)));
    let last = |k: &str| k.rsplit('.').next().unwrap_or("").to_owned();
    let whole = nearest(path, known.iter().map(String::as_str)).map(ToOwned::to_owned);
    // A misspelt last name: compare with the last names alone, and answer with the path.
    let by_last = || {
        let names: Vec<String> = known.iter().map(|k| last(k)).collect();
        let name = nearest(&last(path), names.iter().map(String::as_str))?;
        known.iter().find(|k| last(k) == name).cloned()
    };
    match whole.or_else(by_last) {
        Some(name) => diag.at(span, format!("did you mean `{name}`?")),
        None => diag.at(span, "no such field").help("a field goes by its path, as in `pod.termination.preStop`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_goes_by_the_shortest_name_that_no_other_has() {
        let known = [
            "pod.termination.preStop",
            "newVersion.termination.preStop",
            "loadBalancer.retries.attempts",
            "clients.web.retries.attempts",
            "loadBalancer.edge.pod.termination.preStop",
            "workload.replicas",
            "replicas",
        ];
        let known = known.map(str::to_owned);
        for (path, name) in [
            ("pod.termination.preStop", "preStop"),
            ("newVersion.termination.preStop", "newVersion.termination.preStop"),
            ("loadBalancer.retries.attempts", "loadBalancer.retries.attempts"),
            ("clients.web.retries.attempts", "web.retries.attempts"),
            ("loadBalancer.edge.pod.termination.preStop", "loadBalancer.edge.pod.termination.preStop"),
            ("workload.replicas", "workload.replicas"),
        ] {
            assert_eq!(shortest(path, &known), name);
        }
    }

    #[test]
    fn only_commas_outside_brackets_and_quotes_split() {
        let parts = |text| split(text, 0).iter().map(|p| p.text.to_owned()).collect::<Vec<_>>();
        assert_eq!(parts("1, 25% ,50%"), ["1", "25%", "50%"]);
        assert_eq!(parts("{a: [1, 2], b: 3},4"), ["{a: [1, 2], b: 3}", "4"]);
        assert_eq!(parts(r#""a, \"b, c",'d, e',f"#), [r#""a, \"b, c""#, "'d, e'", "f"]);
        assert_eq!(parts("it's,'a,b', it's"), ["it's", "'a,b'", "it's"]);
        assert_eq!(parts("{a: 'x, y', b: \"z]\"},c"), ["{a: 'x, y', b: \"z]\"}", "c"]);
        assert_eq!(parts("a,,b,"), ["a", "", "b", ""]);
        assert_eq!(parts("a],b"), ["a]", "b"]);
        let places: Vec<usize> = split("é, b ,c", 10).iter().map(|p| p.offset).collect();
        assert_eq!(places, [10, 14, 17]);
    }
}
