//! Where two scenarios differ, field by field.

use std::fmt::Debug;

/// What says nothing of the deploy: its name, what is drawn, and how long is measured; the service time, which the lab takes
/// as it is, and whose sleeps end a millisecond late.
const PASSED_OVER: [&str; 5] = ["name", "seed", "observe", "pod.serviceTime", "newPod.serviceTime"];

/// `path: this, that in the lab` for every field of `this` that `that` has otherwise.
pub(super) fn between(this: &impl Debug, that: &impl Debug) -> Vec<String> {
    let (this, that) = (leaves(this), leaves(that));
    let of = |all: &[(String, String)], path: &str| all.iter().find(|(p, _)| p == path).map(|(_, value)| value.clone());
    let mut paths: Vec<&String> = this.iter().map(|(path, _)| path).collect();
    paths.extend(that.iter().map(|(path, _)| path).filter(|p| of(&this, p).is_none()));
    let passed_over = |path: &str| {
        PASSED_OVER.iter().any(|p| path.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    let mut found = Vec::new();
    for path in paths.into_iter().filter(|p| !passed_over(p)) {
        let (here, there) = (of(&this, path), of(&that, path));
        if here != there {
            let word = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
            // The one thing within an enum or a list of one needs no number.
            let path = path.replace(".0.", ".");
            let path = path.strip_suffix(".0").unwrap_or(&path);
            found.push(format!("{path}: {}, {} in the lab", word(here), word(there)));
        }
    }
    // The new version has what the old one has unless it says otherwise, and need not repeat it.
    let said = |line: &String| line.strip_prefix("newPod.").is_some_and(|of| found.contains(&format!("pod.{of}")));
    found.iter().filter(|line| !said(line)).cloned().collect()
}

/// Every value that holds no other, with its path, as `{:#?}` prints them: one a line, what holds others indents them.
fn leaves(value: &impl Debug) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // The path to each enclosing value, and how many it has held so far that have no name.
    let mut within: Vec<(String, u32)> = Vec::new();
    for line in format!("{value:#?}").lines() {
        let line = line.trim().trim_end_matches(',');
        if line.starts_with(['}', ')', ']']) {
            within.pop();
            continue;
        }
        let (name, rest) = match line.split_once(": ") {
            Some((name, rest)) if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => (camel(name), rest),
            _ => (String::new(), line),
        };
        let opens = rest.strip_suffix(['{', '(', '[']);
        let path = path(&mut within, &name);
        match opens {
            Some(of) => {
                // What kind of value it is may differ alone: two variants without fields in common.
                if !of.trim().is_empty() && !path.is_empty() {
                    found.push((path.clone(), of.trim().to_owned()));
                }
                within.push((path, 0));
            }
            None => found.push((path, rest.to_owned())),
        }
    }
    found
}

/// The path of a value called `name`, or of the next one without a name.
fn path(within: &mut [(String, u32)], name: &str) -> String {
    let Some((parent, unnamed)) = within.last_mut() else { return String::new() };
    match (parent.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (false, false) => format!("{parent}.{name}"),
        (false, true) => {
            *unnamed += 1;
            format!("{parent}.{}", *unnamed - 1)
        }
    }
}

/// `max_surge` as a scenario writes it.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut out, word| {
        let mut letters = word.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(letters.as_str());
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn scenario(more: &str) -> Scenario {
        Scenario::from_yaml(&format!("clients: [{{rate: 10/s}}]\n{more}")).expect("a scenario")
    }

    #[test]
    fn each_field_that_differs_is_named_and_no_other() {
        let changed = scenario("network: {latency: 2ms, client: 500us}\npod: {termination: {preStop: 3s}}\nseed: 9");
        let found = between(&changed, &scenario(""));
        let paths: Vec<&str> = found.iter().map(|line| line.split(": ").next().expect("a path")).collect();
        assert_eq!(paths, ["pod.termination.preStop", "network.latency"]);
        assert!(found[1].ends_with("2ms, 500us in the lab"), "{found:?}");
        assert_eq!(between(&changed, &changed), [""; 0]);
    }
}
