//! The words that a scenario writes quantities in: `250ms`, `2000/s`, `25%`.

use super::IntOrPercent;
use super::diag::Diag;
use super::duration::{UNITS, unit_meant};
use super::read::{At, Read};
use super::schema::{Json, Shape, Written};
use super::tree::{Node, Value};

/// The highest rate that a scenario may name (1/s).
const MAX_RATE: f64 = 1e8;

/// A share of a whole, written `20%`; 0 to 1 inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

/// Events per second, written `2000/s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

/// A decimal number as JSON writes it: no `1_000`, no `0o17`, no `.5`, no `inf`.
pub(crate) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    plain.then(|| text.parse().ok()).flatten().filter(|n: &f64| n.is_finite())
}

/// A [`number`] that is the same to all readers of YAML: `010` is eight to those of version 1.1, Kubernetes' among them, and
/// ten to those of version 1.2.
pub(crate) fn plain_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    let octal = matches!(digits, [b'0', b'0'..=b'9', ..]);
    number(text).filter(|_| !octal)
}

impl Read for f64 {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a number")?;
        let found = plain_number(text).filter(|_| !at.quoted());
        if found.is_none() {
            let diag = at.error("wrong-type", format!("`{}` must be a number", at.name())).label("not a number");
            at.report(at.unquoted(diag));
        }
        found
    }

    fn shape() -> Shape {
        Shape::number()
    }
}

impl Written for f64 {
    fn written(&self) -> Json {
        Json::Number(*self)
    }
}

impl At<'_> {
    /// Whether a number stands here above `least`, and above a limit below that.
    pub(super) fn is_number_beyond(&self, least: f64, limit: &str) -> bool {
        let number = self.node.and_then(Node::text).filter(|_| !self.quoted()).and_then(plain_number);
        number.is_some_and(|n| n > least) && plain_number(limit).is_some_and(|limit| limit <= least)
    }

    /// The same finding, with a hint where quotes alone make a text of a number.
    pub(super) fn unquoted(&self, diag: Diag) -> Diag {
        match self.node.and_then(Node::text).filter(|text| self.quoted() && plain_number(text).is_some()) {
            Some(text) => diag.help(format!("without the quotes it is one: `{}: {text}`", self.name())),
            None => diag,
        }
    }
}

impl Read for u32 {
    fn read(at: &At<'_>) -> Option<Self> {
        u64::read(at).and_then(|n| {
            Self::try_from(n)
                .map_err(|_| at.out_of_range(&format!("`{}` is too large", at.name()), "at most 4294967295"))
                .ok()
        })
    }

    fn shape() -> Shape {
        Shape::whole(0.0, f64::from(Self::MAX))
    }
}

impl Written for u32 {
    fn written(&self) -> Json {
        Json::Number(f64::from(*self))
    }
}

impl Read for u64 {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a whole number")?;
        let name = at.name();
        if !at.quoted() {
            match plain_number(text) {
                // Exact where floating point is not.
                Some(_) if text.parse::<Self>().is_ok() => return text.parse().ok(),
                Some(n) if n < 0.0 => {
                    at.out_of_range(&format!("`{name}` is negative"), "a whole number from 0 up");
                    return None;
                }
                Some(n) if n == libm::floor(n) && n < 9e15 => return Some(n as Self),
                _ => {}
            }
        }
        let mut diag = at.error("wrong-type", format!("`{name}` must be a whole number")).label("not a whole number");
        if at.quoted() && text.parse::<Self>().is_ok() {
            diag = at.unquoted(diag);
        } else if text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) {
            diag = diag.help("a zero in front makes an octal number of it for some readers of YAML, not for others");
        }
        at.report(diag);
        None
    }

    fn shape() -> Shape {
        let schema = Json::map([("type", Json::text("integer"))]);
        Shape::new(schema, ["0", "17"]).from(0.0)
    }
}

impl Written for u64 {
    fn written(&self) -> Json {
        Json::Number(*self as f64)
    }
}

impl Read for bool {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("true or false")?;
        match text {
            // As YAML 1.2 has them (core schema).
            "true" | "True" | "TRUE" if !at.quoted() => return Some(true),
            "false" | "False" | "FALSE" if !at.quoted() => return Some(false),
            _ => {}
        }
        let label = match text.to_lowercase().as_str() {
            "yes" | "on" | "true" => "did you mean true?",
            "no" | "off" | "false" => "did you mean false?",
            _ => "expected true or false",
        };
        at.report(at.error("wrong-type", format!("`{}` must be true or false", at.name())).label(label));
        None
    }

    fn shape() -> Shape {
        Shape::new(Json::map([("type", Json::text("boolean"))]), ["true", "false"])
    }
}

impl Written for bool {
    fn written(&self) -> Json {
        Json::Bool(*self)
    }
}

impl Read for String {
    fn read(at: &At<'_>) -> Option<Self> {
        at.word("a text").map(ToOwned::to_owned)
    }

    fn shape() -> Shape {
        // YAML takes some texts for numbers; they are read as they are written.
        let schema = Json::map([("type", Json::texts(["string", "number", "boolean"]))]);
        Shape::new(schema, ["something"])
    }
}

impl Written for String {
    fn written(&self) -> Json {
        Json::text(self)
    }
}

impl Read for Share {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a percentage such as 20%")?;
        let name = at.name();
        match text.strip_suffix('%').and_then(|n| number(n.trim_end())) {
            Some(n) if (0.0..=100.0).contains(&n) => return Some(Self(n / 100.0)),
            Some(n) => {
                let what = if n < 0.0 { "is negative" } else { "is more than all" };
                at.out_of_range(&format!("`{name}` {what}"), "a percentage from 0% to 100%");
            }
            None => match number(text) {
                Some(0.0) => return Some(Self(0.0)),
                Some(n) => {
                    let meant = if n > 0.0 && n < 1.0 { n * 100.0 } else { n };
                    at.report(
                        at.error("wrong-unit", format!("`{name}` is a percentage, and `{text}` has no %"))
                            .label(format!("did you mean {meant}%?")),
                    );
                }
                None => at.report(
                    at.error("wrong-type", format!("`{name}` must be a percentage")).label("expected one such as 20%"),
                ),
            },
        }
        None
    }

    fn shape() -> Shape {
        let what = "a percentage from 0% to 100%, such as 20%";
        let pattern = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?) ?%$";
        Shape::form_or_zero("percentage", what, pattern, ["17%", "0%", "100%", "2.5%", "0"])
    }
}

impl Written for Share {
    fn written(&self) -> Json {
        // A share is a hundredth of what is written, which division does not always give back.
        Json::text(format!("{}%", libm::round(self.0 * 1e12) / 1e10))
    }
}

impl Read for Rate {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a rate such as 2000/s")?;
        let name = at.name();
        if let Some((count, unit)) = text.split_once('/') {
            let per = UNITS.iter().find(|(u, _)| *u == unit.trim()).map(|(_, secs)| *secs);
            match (number(count.trim()), per) {
                (Some(n), Some(secs)) if (0.0..=MAX_RATE).contains(&(n / secs)) => return Some(Self(n / secs)),
                (Some(n), Some(_)) => {
                    let what = if n < 0.0 { "is negative" } else { "is too high" };
                    at.out_of_range(&format!("`{name}` {what}"), &format!("a rate from 0/s to {MAX_RATE:.0}/s"));
                    return None;
                }
                (Some(_), None) => {
                    let meant = unit_meant(unit.trim());
                    let label =
                        meant.map_or("expected /s, /m or /h".to_owned(), |u| format!("did you mean {count}/{u}?"));
                    at.report(at.error("wrong-unit", format!("`/{unit}` is not a unit of a rate")).label(label));
                    return None;
                }
                (None, _) => {}
            }
        }
        // A member of a list has no name to be told by.
        let is_member = at.path.ends_with(|c: char| c.is_ascii_digit());
        let what = if is_member { format!("rate `{text}`") } else { format!("rate `{name}: {text}`") };
        let diag = match number(text) {
            Some(_) => {
                at.error("wrong-unit", format!("{what} does not say per what")).label(format!("did you mean {text}/s?"))
            }
            None => {
                at.error("wrong-type", format!("`{name}` must be a rate")).label("expected one such as 2000/s or 30/m")
            }
        };
        at.report(diag);
        None
    }

    fn shape() -> Shape {
        let pattern = format!(r"^[0-9]+(\.[0-9]+)? */ *({})$", UNITS.map(|(unit, _)| unit).join("|"));
        Shape::form("rate", "a rate such as 2000/s or 30/m", &pattern, ["17/s", "30/m", "0.5/s"])
    }
}

impl Read for IntOrPercent {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a number of pods or a percentage such as 25%")?;
        let name = at.name();
        let percent = text.strip_suffix('%');
        if percent.is_none() && at.quoted() && number(text).is_some() {
            let diag = at.error("wrong-type", format!("`{name}` must be a whole number or a percentage"));
            at.report(
                diag.label("a text, by its quotes").help(format!("write `{name}: {text}` for pods, or \"{text}%\"")),
            );
            return None;
        }
        match percent.map_or_else(|| plain_number(text), number) {
            Some(n) if n < 0.0 => {
                at.out_of_range(&format!("`{name}` is negative"), "a number of pods or a percentage from 0 up");
            }
            Some(n) if n > 1e6 => at.out_of_range(&format!("`{name}` is too large"), "at most 1000000"),
            Some(n) if n == libm::floor(n) => {
                return Some(if percent.is_some() { Self::Percent(n) } else { Self::Int(n as u32) });
            }
            _ => {
                let meant = text.strip_suffix('%').and_then(|n| plain_number(n.trim_end()));
                let label = match meant.filter(|&n| n == libm::floor(n)) {
                    Some(n) => format!("did you mean `{n}%`?"),
                    None => "expected one such as 3 or 25%".to_owned(),
                };
                let text = format!("`{name}` must be a whole number or a whole percentage");
                at.report(at.error("wrong-type", text).label(label));
            }
        }
        None
    }

    fn shape() -> Shape {
        shape_of_pods("integerOrPercentage", r"^[0-9]{1,6}(\.0+)?%$")
    }
}

/// The shape of a number of pods or a percentage of this form.
fn shape_of_pods(name: &'static str, pattern: &str) -> Shape {
    let what = "a number of pods, or a whole percentage such as 25%";
    let share = Json::map([
        ("type", Json::text("string")),
        ("pattern", Json::text(pattern)),
        ("patternErrorMessage", Json::text(format!("expected {what}"))),
    ]);
    let either = Json::List(vec![Shape::whole(0.0, 1e6).schema, share]);
    let schema = Json::map([("description", Json::text(what)), ("anyOf", either)]);
    Shape::named(name, schema, ["17", "0", "17%", "100%"])
}

impl IntOrPercent {
    /// The shape of one that is no more than all pods where it is a percentage.
    pub(super) fn shape_up_to_all() -> Shape {
        shape_of_pods("integerOrPercentageUpTo100", r"^(100|[0-9]{1,2})(\.0+)?%$")
    }
}

impl Written for IntOrPercent {
    fn written(&self) -> Json {
        match self {
            Self::Int(n) => n.written(),
            Self::Percent(_) => Json::text(self.to_string()),
        }
    }
}

/// A list of `T`.
impl<T: Read> Read for Vec<T> {
    fn read(at: &At<'_>) -> Option<Self> {
        let node = at.node?;
        let Value::Seq(items) = &node.value else {
            at.wrong_type("a list");
            return None;
        };
        let read: Vec<Option<T>> = (0..items.len()).map(|n| T::read(&at.item(n))).collect();
        read.into_iter().collect()
    }

    fn shape() -> Shape {
        Shape::list(T::shape(), 0)
    }
}

impl<T: Written> Written for Vec<T> {
    fn written(&self) -> Json {
        Json::List(self.iter().map(Written::written).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::Draft;

    /// Label and help of the first finding.
    fn told(field: &str) -> (String, String) {
        let text = format!("clients: [{{name: web, rate: 5/s}}]\n{field}");
        let diags = Draft::open_str("a.yaml", &text, &[]).and_then(|d| d.read()).expect_err("it is wrong");
        (diags[0].label.clone(), diags[0].help.clone().unwrap_or_default())
    }

    #[test]
    fn what_no_type_holds_is_told_the_limit_of_its_field() {
        for n in ["100001", "5000000000", "18446744073709551616"] {
            assert_eq!(told(&format!("workload: {{replicas: {n}}}")).0, "expected 1 to 100000", "{n}");
        }
    }

    #[test]
    fn quotes_that_make_a_text_of_a_number_are_named() {
        for (field, right) in [
            ("workload: {replicas: \"4\"}", "`replicas: 4`"),
            ("workload: {minReadySeconds: '10'}", "`minReadySeconds: 10`"),
            ("pod: {termination: {terminationGracePeriodSeconds: \"60\"}}", "`terminationGracePeriodSeconds: 60`"),
            ("pod: {readinessProbe: {periodSeconds: '5'}}", "`periodSeconds: 5`"),
        ] {
            assert_eq!(told(field).1, format!("without the quotes it is one: {right}"));
        }
    }

    #[test]
    fn a_percentage_as_reports_print_it_is_understood() {
        let surge = |text: &str| told(&format!("workload: {{strategy: {{rollingUpdate: {{maxSurge: {text}}}}}}}")).0;
        assert_eq!(surge("25 %"), "did you mean `25%`?");
        assert_eq!(surge("2.5 %"), "expected one such as 3 or 25%");
    }

    #[test]
    fn a_member_of_a_list_is_not_told_by_its_number() {
        let text = "clients: [{name: web, profile: [[0s, 100]]}]";
        let diags = Draft::open_str("a.yaml", text, &[]).and_then(|d| d.read()).expect_err("it is wrong");
        assert_eq!(diags[0].message, "rate `100` does not say per what");
    }

    #[test]
    fn a_range_of_one_value_is_that_value() {
        assert_eq!(told("pod: {livenessProbe: {successThreshold: 2}}").0, "expected 1");
    }
}
