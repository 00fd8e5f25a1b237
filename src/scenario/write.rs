//! A tree as YAML again, with whatever options laid over it.

use std::fmt::Write as _;

use super::tree::{Node, Value};

/// The text of a tree: block style, two spaces a level, in the order of the tree. Comments are not part of one.
pub(super) fn yaml(root: &Node) -> String {
    let mut text = String::new();
    block(root, 0, &mut text);
    text
}

/// A map or a list on lines of its own; anything else on one.
fn block(node: &Node, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                let _ = write!(out, "{indent}{}:", scalar(&entry.key, false));
                value(&entry.value, depth, out);
            }
        }
        Value::Seq(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                // The first line of what is inside stands behind the dash.
                let _ = writeln!(out, "{indent}- {}", inner.trim_start().trim_end());
            }
        }
        _ => {
            let _ = writeln!(out, "{indent}{}", line(node));
        }
    }
}

/// What stands behind a key.
fn value(node: &Node, depth: usize, out: &mut String) {
    if node.entries().is_empty() && node.items().is_empty() {
        let _ = writeln!(out, " {}", line(node));
    } else {
        out.push('\n');
        block(node, depth + 1, out);
    }
}

fn line(node: &Node) -> String {
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Scalar { text, quoted } => scalar(text, *quoted),
        Value::Seq(_) => "[]".to_owned(),
        Value::Map(_) => "{}".to_owned(),
    }
}

/// A word as it is where nothing in it could mean something else, else in quotes, with JSON's escapes, which are YAML's too.
fn scalar(text: &str, quoted: bool) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/%+×µ".contains(c);
    let starts = text.starts_with(|c: char| c.is_alphanumeric() || "./_+-".contains(c)) && !text.starts_with("- ");
    let word = !["", "-", "null", "Null", "NULL"].contains(&text);
    if !quoted && word && starts && text.chars().all(plain) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
