//! What is said of a field that nobody asked for: the name that was meant, or the place where it belongs.

use super::diag::{Diag, nearest, printable};
use super::overrides;
use super::read::{At, list};
use super::tree::Entry;

/// Reports the field `entry` of a map of which `asked` are known.
pub(super) fn report(at: &At<'_>, entry: &Entry, asked: &[&'static str]) {
    let key = printable(&entry.key);
    let path = |name: &str| if at.path.is_empty() { name.to_owned() } else { format!("{}.{name}", at.path) };
    let diag = Diag::error("unknown-field", format!("unknown field `{key}` in {}", at.place())).path(path(&key));
    let span = &entry.key_span;
    let meant = |name: &str| format!("did you mean `{name}`?");
    if let Some((name, value)) = without_space(&entry.key).filter(|(name, _)| asked.contains(name)) {
        let help = format!("a colon is followed by a space: `{name}: {}`", printable(value));
        return at.report(diag.at(span, "no such field").help(help));
    }
    if let Some(name) = nearest(&entry.key, asked.iter().copied()) {
        // It is missed where it should be, which is the same mistake.
        let of_this = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
        let misses = |d: &Diag| d.path == at.path && (of_this(&d.label) || d.help.as_deref().is_some_and(of_this));
        at.cx.retract(|d| d.code.starts_with("missing-") && (d.path == path(name) || misses(d)));
        return at.report(diag.at(span, meant(name)));
    }
    if let Some(path) = elsewhere(at, &entry.key) {
        return at.report(diag.at(span, meant(&path)));
    }
    at.report(diag.at(span, "no such field").help(format!("the fields are {}", list(asked))));
}

/// The one field of that name below or beside this place, as `--set` would find it.
fn elsewhere(at: &At<'_>, name: &str) -> Option<String> {
    let known = at.cx.known();
    let below = format!("{}.", at.path);
    let (inside, outside): (Vec<String>, Vec<String>) = known.into_iter().partition(|k| k.starts_with(&below));
    // A tier's proxies lack on purpose what pods have.
    let of_a_tier = at.path.starts_with("loadBalancer.");
    let called = |name: &str| {
        overrides::called(name, &inside).or_else(|| overrides::called(name, &outside).filter(|_| !of_a_tier))
    };
    // Misspelt, and at the wrong place.
    let last = |path: &String| path.rsplit('.').next().unwrap_or(path).to_owned();
    let names: Vec<String> = inside.iter().chain(&outside).map(last).collect();
    called(name).or_else(|| called(nearest(name, names.iter().map(String::as_str))?))
}

/// `rate:100/s` as its name and its value.
pub(super) fn without_space(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_name && !value.is_empty() && !value.starts_with([' ', '/'])).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use crate::scenario::Draft;

    /// Codes, labels and help of what is wrong with a scenario.
    fn told(text: &str) -> Vec<(&'static str, String, String)> {
        let diags = Draft::open_str("a.yaml", text, &[]).and_then(|d| d.read()).expect_err("it is wrong");
        diags.into_iter().map(|d| (d.code, d.label, d.help.unwrap_or_default())).collect()
    }

    #[test]
    fn one_misspelt_name_is_one_error() {
        for (text, name) in [
            ("clients: [{rat: 5/s}]", "rate"),
            ("cleints: [{rate: 5/s}]", "clients"),
            ("clients: [{rate: 5/s}]\ndeploy: {events: [{at: 5s, scal: 20}]}", "scale"),
        ] {
            let told = told(text);
            let [(code, label, _)] = &told[..] else { panic!("{told:?}") };
            assert_eq!((*code, label.clone()), ("unknown-field", format!("did you mean `{name}`?")));
        }
        let told = told("clients: [{nam: web}]");
        assert_eq!(told.iter().map(|t| t.0).collect::<Vec<_>>(), ["missing-rate", "unknown-field"], "two mistakes");
    }

    #[test]
    fn a_field_at_the_wrong_place_is_shown_the_right_one() {
        for (text, path) in [
            ("pod: {preStop: 5s}", "pod.termination.preStop"),
            ("preStop: 5s", "pod.termination.preStop"),
            ("replica: 3", "workload.replicas"),
            ("workload: {maxSurge: 1}", "workload.strategy.rollingUpdate.maxSurge"),
        ] {
            let told = told(&format!("clients: [{{rate: 5/s}}]\n{text}"));
            assert_eq!(told[0].1, format!("did you mean `{path}`?"), "{told:?}");
        }
    }

    #[test]
    fn a_colon_wants_a_space() {
        for (text, hint) in [
            ("clients: [{rate: 5/s}]\nworkload: {replicas:4}", "`replicas: 4`"),
            ("clients: [{rate: 5/s}]\npod:\n  concurrency:16", "`concurrency: 16`"),
            ("clients:\n- name: web\n  rate:100/s\n", "`rate: 100/s`"),
        ] {
            let told = told(text);
            assert!(told.iter().any(|t| t.2.contains(hint)), "{told:?}");
        }
    }
}
