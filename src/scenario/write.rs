//! A tree as YAML again, with whatever options laid over it.

use std::fmt::Write as _;
use std::path::Path;

use super::draft::set_rate;
use super::tree::{Entry, Node, Source, Value};
use super::{Draft, Request, Scenario};

impl Draft {
    /// The file with the options laid over it, as a scenario of its own: what is read from it is `scenario`, which this draft was
    /// read as.
    ///
    /// # Errors
    /// Where what is written would not be read as the same.
    pub fn written(&self, scenario: &Scenario) -> Result<String, String> {
        let mut root = self.input.root.clone();
        self.lay_under_kubernetes(&mut root);
        let span = root.span.clone();
        let own = |root: &mut Node, path: &str, value: &str| root.set(path, Node::scalar(value, span.clone()), &span);
        if root.get("name").is_none() {
            own(&mut root, "name", &scenario.name);
        }
        if let Some(rate) = self.assumed_rate.as_deref() {
            set_rate(&mut root, rate);
        }
        if self.seed.is_some() {
            own(&mut root, "seed", &scenario.seed.to_string());
        }
        if let (Some(sweep), Value::Map(entries)) = (&self.sweep, &mut root.value) {
            entries.push(Entry { key: "sweep".to_owned(), key_span: span, value: sweep.clone() });
        }
        let text = yaml(&root);
        let request = Request::new(Path::new("written.yaml"));
        let again = Self::build(Source::new("written.yaml", text.as_str(), 0), &self.folder, &self.stem, &request);
        match again.and_then(|draft| draft.read()) {
            Ok(loaded) if format!("{:?}", loaded.scenario) == format!("{scenario:?}") => Ok(text),
            Ok(_) => Err("it would be read as another scenario".to_owned()),
            Err(diags) => Err(diags.first().map_or_else(String::new, |d| d.render(false))),
        }
    }
}

/// The text of a tree: block style, two spaces a level, in the order of the tree. Comments are not part of one.
fn yaml(root: &Node) -> String {
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
pub(super) fn scalar(text: &str, quoted: bool) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/%+×µ".contains(c);
    let starts = text.starts_with(|c: char| c.is_alphanumeric() || "./_+-".contains(c)) && !text.starts_with("- ");
    let word = !["", "-", "null", "Null", "NULL"].contains(&text);
    if !quoted && word && starts && text.chars().all(plain) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
