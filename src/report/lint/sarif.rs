//! Findings for code review: SARIF 2.1.0, the OASIS standard that GitHub, GitLab and Azure DevOps show in place.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::fmt::Write as _;
use std::io;

use serde_json::{Value, json};

use super::{LintPage, page};
use crate::lint::{Finding, RULES, Rule};
use crate::report::Format;

/// `--format sarif`.
pub(super) const FORMAT: Format<LintPage> = Format { name: "sarif", endings: &["sarif"], write };

fn write(page: &LintPage, out: &mut dyn io::Write) -> io::Result<()> {
    let results: Vec<Value> = page.findings.iter().map(result).collect();
    let driver = json!({
        "name": "dryroll",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": RULES.map(descriptor),
    });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// § 3.49: what is the same for all findings of a rule.
fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.why },
        "help": { "text": page::text(rule), "markdown": page::markdown(rule) },
        "defaultConfiguration": { "level": "warning" },
    })
}

/// § 3.27: one finding.
fn result(finding: &Finding) -> Value {
    let diag = &finding.diag;
    let help = diag.help.as_ref().map_or_else(String::new, |help| format!(". Help: {help}"));
    let mut result = json!({
        "ruleId": diag.code,
        "level": if finding.is_error() { "error" } else { "warning" },
        "message": { "text": format!("{}{help}", diag.message) },
    });
    if let Some(n) = RULES.iter().position(|r| r.code == diag.code) {
        result["ruleIndex"] = json!(n);
    }
    // What was said on the command line stands in no file.
    if !diag.file.is_empty() && !diag.file.starts_with('-') && !diag.file.starts_with('<') {
        let mut place = json!({ "artifactLocation": { "uri": uri(&diag.file) } });
        if diag.line > 0 {
            place["region"] = json!({ "startLine": diag.line, "startColumn": diag.column });
        }
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

/// § 3.4.3: a relative reference, or a `file` URI of an absolute path; by RFC 3986 all but the unreserved is escaped.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("./k8s/my app.yaml"), "k8s/my%20app.yaml");
        assert_eq!(uri("/srv/ä.yaml"), "file:///srv/%C3%A4.yaml");
    }
}
