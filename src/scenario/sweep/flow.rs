//! A value on one line, as `--set` takes it.

use crate::scenario::tree::{Node, Value};

/// YAML in flow style, whatever style it was written in. Read again, it is the same value.
pub(super) fn text(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, quoted: false } if is_plain(text) => text.clone(),
        _ => nested(node),
    }
}

/// Whether `--set` takes a text as it stands: it reads what begins like this as YAML, and trims the rest.
fn is_plain(text: &str) -> bool {
    !text.starts_with(['{', '[', '"', '\'']) && text.trim() == text && !text.chars().any(char::is_control)
}

/// The same inside a list or a map, where commas and brackets end a word.
fn nested(node: &Node) -> String {
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Scalar { text, quoted } => {
            if *quoted || !is_word(text) {
                in_quotes(text)
            } else {
                text.clone()
            }
        }
        Value::Seq(items) => format!("[{}]", items.iter().map(nested).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let fields = entries.iter().map(|e| {
                let key = if is_word(&e.key) { e.key.clone() } else { in_quotes(&e.key) };
                format!("{key}: {}", nested(&e.value))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a text is read as itself between brackets without quotes. Every number is such a text, and whether any
/// other stands in quotes makes no difference.
fn is_word(text: &str) -> bool {
    let start = text.strip_prefix(['-', '+', '.', '/']).unwrap_or(text);
    start.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-./%_".contains(&b))
        && !matches!(text, "null" | "Null" | "NULL")
}

/// In double quotes, with YAML's escapes.
fn in_quotes(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
