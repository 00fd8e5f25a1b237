//! Times as a scenario writes them: `250ms`, `1h30m`, and bare numbers in fields that end in `Seconds`.

use super::diag::Diag;
use super::read::{At, Fields, Read};
use super::schema::{Json, Shape, Written};
use super::units::{number, plain_number};
use crate::engine::Dur;

/// The longest time that a scenario may name: a hundred years, far below [`Dur::MAX`].
const MAX_SECS: f64 = 100.0 * 365.0 * 86_400.0;
/// The units of time, in seconds.
pub(super) const UNITS: [(&str, f64); 6] =
    [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// A duration in a field that ends in `Seconds`: a bare number, fractions allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Dur);

/// Seconds written as `250ms`, `1.5s`, `1h30m`, `0`, with or without a sign.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut total = 0.0;
    let mut last = f64::INFINITY;
    while !rest.is_empty() || last.is_infinite() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value = number(&rest[..digits])?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        if *unit >= last {
            return None;
        }
        (total, last) = (total + value * unit, *unit);
        rest = &rest[letters..];
    }
    Some(sign * total)
}

/// The time that a text means, `90s`, `1h30m`; `None` for anything else, and for what no simulation can hold.
pub fn duration(text: &str) -> Option<Dur> {
    seconds(text).filter(|secs| (0.0..=MAX_SECS).contains(secs)).map(Dur::from_secs_f64)
}

/// A time within what a simulation can hold, or what is wrong with it.
fn span(at: &At<'_>, secs: f64) -> Option<Dur> {
    if secs < 0.0 {
        at.out_of_range(&format!("`{}` is negative", at.name()), "a time from 0 up");
    } else if secs > MAX_SECS {
        at.out_of_range(&format!("`{}` is longer than a hundred years", at.name()), "a time up to 876000h");
    } else {
        return Some(Dur::from_secs_f64(secs));
    }
    None
}

/// `idleTimeout`: 0 for never, or long enough that looking for what is idle is no work of its own.
pub(super) fn idle(f: &mut Fields<'_>, default: Dur) -> Dur {
    const LEAST: Dur = Dur::from_millis(1);
    let at = f.at("idleTimeout");
    let timeout = at.value_or(default);
    if !timeout.is_zero() && timeout < LEAST {
        at.out_of_range("`idleTimeout` is too short", "1ms or more, or 0s for never");
    }
    timeout
}

impl Read for Dur {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a duration such as 250ms, 1.5s or 5m")?;
        if let Some(secs) = seconds(text) {
            return span(at, secs);
        }
        at.report(bad_duration(at, text));
        None
    }

    fn shape() -> Shape {
        let pattern = format!("^({})$", pattern());
        Shape::form_or_zero("duration", WHAT, &pattern, ["17s", "0s", "250ms", "1h30m", "1.5s", "0"])
    }
}

impl Written for Dur {
    fn written(&self) -> Json {
        Json::text(self.to_string())
    }
}

/// What a duration is, for whoever has to write one.
const WHAT: &str = "a duration such as 250ms, 1.5s, 5m or 1h30m";

/// A regular expression of a duration, without its ends: units from the longest to the shortest, each once, one of them at least.
fn pattern() -> String {
    let units = UNITS.iter().rev().map(|(unit, _)| format!("[0-9]+(\\.[0-9]+)?{unit}"));
    let units: Vec<String> = units.collect();
    let after = |n: usize| units[n + 1..].iter().map(|unit| format!("({unit})?")).collect::<Vec<_>>().concat();
    let parts: Vec<String> = units.iter().enumerate().map(|(n, unit)| format!("{unit}{}", after(n))).collect();
    format!("0|{}", parts.join("|"))
}

/// The shape of a time that may lie before another one.
pub(super) fn signed_shape() -> Shape {
    let what = "a duration, negative for a time before, such as -5s or 1m";
    Shape::form_or_zero("signedDuration", what, &format!("^-?({})$", pattern()), ["17s", "-5s", "0"])
}

/// What is wrong with a text that should have been a duration.
fn bad_duration(at: &At<'_>, text: &str) -> Diag {
    let name = at.name();
    if number(text).is_some() {
        return at
            .error("wrong-unit", format!("duration `{name}: {text}` has no unit"))
            .label(format!("did you mean {text}s or {text}ms?"));
    }
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || ".-+".contains(c)).trim_start();
    let number_part = &text[..text.len() - unit.len()];
    if text.contains(char::is_whitespace) && number(number_part.trim()).is_none() || unit.contains(char::is_whitespace)
    {
        return at
            .error("wrong-unit", format!("`{name}` is not a duration: it holds white space"))
            .label("expected one such as 250ms, 1.5s or 5m")
            .help("is the next line indented too far?");
    }
    if number(number_part.trim()).is_some() && !unit.is_empty() {
        let right = unit_meant(unit);
        let label = right.map_or_else(
            || "the units are ns, us, ms, s, m and h".to_owned(),
            |u| format!("did you mean {}{u}?", number_part.trim()),
        );
        return at.error("wrong-unit", format!("`{unit}` is not a unit of time")).label(label);
    }
    at.error("wrong-type", format!("`{name}` must be a duration")).label("expected one such as 250ms, 1.5s or 5m")
}

/// The unit that a longer or foreign word for it means.
pub(super) fn unit_meant(unit: &str) -> Option<&'static str> {
    Some(match unit.to_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" | "s" => "s",
        "min" | "mins" | "minute" | "minutes" | "m" => "m",
        "hr" | "hrs" | "hour" | "hours" | "h" => "h",
        "msec" | "msecs" | "millis" | "milliseconds" | "millisecond" | "ms" => "ms",
        "µs" | "μs" | "usec" | "micros" | "microseconds" | "us" => "us",
        "nanos" | "nanoseconds" | "nsec" | "ns" => "ns",
        _ => return None,
    })
}

impl Read for Seconds {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a number of seconds")?;
        if let Some(secs) = plain_number(text).filter(|_| !at.quoted()) {
            return span(at, secs).map(Self);
        }
        let diag = match seconds(text) {
            Some(secs) => at
                .error("wrong-unit", format!("`{}` is a number of seconds, without a unit", at.name()))
                .label(format!("did you mean {secs}?")),
            None => at.unquoted(
                at.error("wrong-type", format!("`{}` must be a number of seconds", at.name()))
                    .label("expected a number"),
            ),
        };
        at.report(diag);
        None
    }

    fn shape() -> Shape {
        Shape::number().between(0.0, MAX_SECS)
    }
}

impl Written for Seconds {
    fn written(&self) -> Json {
        Json::Number(self.0.secs())
    }
}
