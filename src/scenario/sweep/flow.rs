//! A value on one line, as `--set` takes it.

use crate::scenario::tree::{Node, Value};
use crate::scenario::units::number;

/// YAML in flow style, whatever style it was written in. Read again, it is the same value.
pub(in crate::scenario) fn text(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, quoted } if is_plain(text) && !(*quoted && is_other_without_quotes(text)) => text.clone(),
        _ => nested(node),
    }
}

/// Whether `--set` takes a text as it stands: it reads what begins like this as YAML, and trims the rest.
fn is_plain(text: &str) -> bool {
    !text.starts_with(['{', '[', '"', '\'']) && text.trim() == text && !text.chars().any(char::is_control)
}

/// Whether quotes make a text of what would be a number or a truth value.
fn is_other_without_quotes(text: &str) -> bool {
    number(text).is_some() || text.is_empty() || matches!(text, "true" | "false")
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
            c if c.is_control() => out.extend(format!("\\U{:08x}", u32::from(c)).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{overrides, tree::Source, yaml};

    /// The same words under the same names, wherever they stand. Quotes count only around what would be a number.
    fn same(a: &Node, b: &Node) -> bool {
        match (&a.value, &b.value) {
            (Value::Null, Value::Null) => true,
            (Value::Scalar { text: a, quoted: p }, Value::Scalar { text: b, quoted: q }) => {
                a == b && (p == q || !is_other_without_quotes(a))
            }
            (Value::Seq(a), Value::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
            }
            _ => false,
        }
    }

    #[test]
    fn a_value_on_one_line_is_read_as_the_same() {
        let cases = [
            "25%",
            "\"25%\"",
            "'25'",
            "'true'",
            "''",
            "-5s",
            "[1, [2, 3], {a: b}]",
            "{distribution: mixture, of: [[95%, 5s], [5%, 1m]]}",
            "- one\n- two words\n- 'it''s'\n- \"a \\\"b\\\" \\\\ c\\td\"\n- ~\n- ''",
            "a: {b c: '{x}', 'd, e': '#f', g: 'null'}\nh: |\n  two\n  lines\n",
            "key: 'a: b'\nother: http://example.org/x\nlast: true\nquoted: 'true'",
            "two words",
            "|\n  two\n  lines\n",
        ];
        for case in cases {
            let node = yaml::parse(&Source::new("case", case, 0)).expect("YAML").remove(0);
            let line = text(&node);
            assert!(!line.contains('\n'), "{line}");
            let again = overrides::parse_value(&Source::new("--set", line.as_str(), 0), 0, &line).expect("it is read");
            assert!(same(&node, &again), "{case} became {line}");
        }
    }
}
