//! The fields of a scenario, as its debug text tells them.

use std::collections::BTreeMap;

use dryroll::scenario::Scenario;

/// What stands in each field, by its path; members of a list share theirs.
pub(crate) fn fields(scenario: &Scenario) -> BTreeMap<String, String> {
    let text = format!("{scenario:#?}");
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    // How far the lines are indented that opened something, and the name of what.
    let mut open: Vec<(usize, &str)> = Vec::new();
    for line in text.lines().skip(1) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.starts_with(['}', ']', ')']) {
            continue;
        }
        open.retain(|&(outer, _)| outer < indent);
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let (name, value) = line.split_once(": ").filter(|(name, _)| is_name(name)).unwrap_or(("", line));
        let outer = open.iter().map(|&(_, name)| name);
        let path: Vec<&str> = outer.chain([name]).filter(|name| !name.is_empty()).collect();
        found.entry(path.join(".")).or_default().push_str(value);
        if value.ends_with(['{', '[', '(']) {
            open.push((indent, name));
        }
    }
    found
}

/// The paths of the fields in which two scenarios differ.
pub(crate) fn differences(a: &Scenario, b: &Scenario) -> Vec<String> {
    let (a, b) = (fields(a), fields(b));
    a.iter().filter(|&(path, value)| b.get(path) != Some(value)).map(|(path, _)| path.clone()).collect()
}
