//! HCL, the language of Nomad's job files, as the same tree that YAML becomes.
//!
//! A block is a map; one with labels is a member of a list, with its first label as `name`, and so are several without. What would have to be computed
//! (a variable, a function) stays as it is written, so that whoever needs it finds fault with it at its place.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Body, Structure};

use super::diag::Diag;
use super::tree::{Entry, Node, Source, Span, Value};

/// Deeper than any job, and far from where a parser's stack ends.
const MAX_DEPTH: usize = 64;

/// Whether a file of this name is HCL.
pub(super) fn is_hcl(name: &str) -> bool {
    [".hcl", ".nomad"].iter().any(|ending| name.ends_with(ending))
}

/// Reads a whole file.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Diag> {
    if let Some(at) = too_deep(&source.text) {
        let span = Span { source: Arc::clone(source), range: at..at + 1 };
        return Err(Diag::error("too-deep", "brackets are nested too deeply").at(&span, "the 65th level"));
    }
    let body = hcl_edit::parser::parse_body(&source.text).map_err(|e| {
        let at = floor_char(&source.text, e.location().offset());
        let end = source.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let span = Span { source: Arc::clone(source), range: at..end };
        let message = e.message().lines().next().unwrap_or("").to_owned();
        Diag::error("syntax", "the file is not HCL").at(&span, message)
    })?;
    let reader = Reader { source };
    Ok(reader.body(&body, 0..source.text.len()))
}

/// Where brackets are first nested too deeply, if they are.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().enumerate().find_map(|(at, byte)| {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > MAX_DEPTH).then_some(at)
    })
}

fn floor_char(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct Reader<'a> {
    source: &'a Arc<Source>,
}

impl Reader<'_> {
    fn span(&self, range: Option<Range<usize>>) -> Span {
        Span { source: Arc::clone(self.source), range: range.unwrap_or(0..0) }
    }

    fn body(&self, body: &Body, whole: Range<usize>) -> Node {
        let mut node = Node::empty_map(self.span(Some(whole)));
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let value = self.expression(&attribute.value);
                    self.add(&mut node, attribute.key.as_str(), attribute.key.span(), value);
                }
                Structure::Block(block) => {
                    let value = self.block(block);
                    self.add_block(&mut node, block, value);
                }
            }
        }
        node
    }

    /// Adds a field, the first of its name.
    fn add(&self, node: &mut Node, key: &str, at: Option<Range<usize>>, value: Node) {
        let Value::Map(entries) = &mut node.value else { return };
        if entries.iter().all(|e| e.key != key) {
            entries.push(Entry { key: key.to_owned(), key_span: self.span(at), value });
        }
    }

    /// Adds a block; members of a list come one after the other under the same name.
    fn add_block(&self, node: &mut Node, block: &Block, value: Node) {
        let Value::Map(entries) = &mut node.value else { return };
        let list = |items: Vec<Node>| Node { span: items[0].span.clone(), value: Value::Seq(items) };
        let Some(entry) = entries.iter_mut().find(|e| e.key == block.ident.as_str()) else {
            let value = if block.labels.is_empty() { value } else { list(vec![value]) };
            return self.add(node, block.ident.as_str(), block.ident.span(), value);
        };
        match &mut entry.value.value {
            Value::Seq(items) => items.push(value),
            Value::Map(_) => entry.value = list(vec![entry.value.clone(), value]),
            Value::Null | Value::Scalar { .. } => {}
        }
    }

    fn block(&self, block: &Block) -> Node {
        let mut node = self.body(&block.body, block.span().unwrap_or(0..0));
        if let (Some(label), Value::Map(entries)) = (block.labels.first(), &mut node.value) {
            let span = self.span(label.span());
            let value = Value::Scalar { text: label.as_str().to_owned(), quoted: true };
            let name = Node { value, span: span.clone() };
            entries.retain(|e| e.key != "name");
            entries.push(Entry { key: "name".to_owned(), key_span: span, value: name });
        }
        node
    }

    fn expression(&self, expression: &Expression) -> Node {
        let span = self.span(expression.span());
        let word = |text: String, quoted: bool| Value::Scalar { text, quoted };
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(b) => word(b.value().to_string(), false),
            Expression::Number(n) => word(n.value().to_string(), false),
            Expression::String(s) => word(s.value().clone(), true),
            Expression::Array(items) => Value::Seq(items.iter().map(|e| self.expression(e)).collect()),
            Expression::Object(object) => {
                let mut node = Node::empty_map(span.clone());
                for (key, value) in object {
                    let name = match key {
                        ObjectKey::Ident(ident) => ident.as_str().to_owned(),
                        ObjectKey::Expression(e) => e.as_str().map_or_else(|| e.to_string(), str::to_owned),
                    };
                    let value = self.expression(value.expr());
                    self.add(&mut node, name.trim(), key.span(), value);
                }
                node.value
            }
            other => word(other.to_string().trim().to_owned(), false),
        };
        Node { value, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Diag> {
        parse(&Source::new("test.hcl", text, 0))
    }

    #[test]
    fn labelled_blocks_are_members_and_values_keep_their_places() {
        let text =
            "job \"web\" {\n  group \"a\" { count = 3 }\n  group \"b\" { count = var.n }\n  update { canary = 1 }\n}\n";
        let root = read(text).expect("HCL");
        let at = |path: &str| root.at(path).and_then(Node::text);
        assert_eq!((at("job.web.group.a.count"), at("job.0.update.canary")), (Some("3"), Some("1")));
        assert_eq!(at("job.web.group.b.count"), Some("var.n"), "left to whoever needs it");
        let node = root.at("job.web.group.a.count").expect("it is there");
        assert_eq!(node.span.text(), "3");
    }

    #[test]
    fn blocks_of_one_name_are_members_without_labels_too() {
        let root = read("service {\n  check { interval = \"1s\" }\n  check { interval = \"2s\" }\n}\n").expect("HCL");
        let at = |path: &str| root.at(path).and_then(Node::text);
        assert_eq!((at("service.check.0.interval"), at("service.check.1.interval")), (Some("1s"), Some("2s")));
    }

    #[test]
    fn what_is_no_hcl_is_told_at_its_place() {
        let diag = read("job \"web\" {\n  count == 3\n}\n").expect_err("no HCL");
        assert_eq!((diag.code, diag.line), ("syntax", 2));
        assert_eq!(read(&"[".repeat(100_000)).expect_err("too deep").code, "too-deep");
    }
}
