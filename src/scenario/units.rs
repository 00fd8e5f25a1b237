//! The words that a scenario writes quantities in: `250ms`, `2000/s`, `25%`.

use super::IntOrPercent;
use super::diag::Diag;
use super::read::{At, Read};
use super::tree::Value;
use crate::engine::Dur;

/// The longest time that a scenario may name: a hundred years, far below [`Dur::MAX`].
const MAX_SECS: f64 = 100.0 * 365.0 * 86_400.0;
/// The highest rate that a scenario may name [1/s].
const MAX_RATE: f64 = 1e9;
/// The units of time, in seconds.
const UNITS: [(&str, f64); 6] = [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// A duration in a field that ends in `Seconds`: a bare number, fractions allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Dur);

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

/// A time within what a simulation can hold, or what is wrong with it.
fn span(at: &At<'_>, secs: f64, text: &str) -> Option<Dur> {
    if secs < 0.0 {
        at.out_of_range(&format!("`{}` is negative", at.name()), "a time from 0 up");
    } else if secs > MAX_SECS {
        at.out_of_range(&format!("`{}` is longer than a hundred years", at.name()), &format!("{text} is too long"));
    } else {
        return Some(Dur::from_secs_f64(secs));
    }
    None
}

impl Read for Dur {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a duration such as 250ms, 1.5s or 5m")?;
        if let Some(secs) = seconds(text) {
            return span(at, secs, text);
        }
        at.report(bad_duration(at, text));
        None
    }
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
fn unit_meant(unit: &str) -> Option<&'static str> {
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
        if let Some(secs) = number(text).filter(|_| !at.quoted()) {
            return span(at, secs, text).map(Self);
        }
        let diag = match seconds(text) {
            Some(secs) => at
                .error("wrong-unit", format!("`{}` is a number of seconds, without a unit", at.name()))
                .label(format!("did you mean {secs}?")),
            None => at
                .error("wrong-type", format!("`{}` must be a number of seconds", at.name()))
                .label("expected a number"),
        };
        at.report(diag);
        None
    }
}

impl Read for f64 {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a number")?;
        let found = number(text).filter(|_| !at.quoted());
        if found.is_none() {
            at.report(at.error("wrong-type", format!("`{}` must be a number", at.name())).label("not a number"));
        }
        found
    }
}

impl Read for u32 {
    fn read(at: &At<'_>) -> Option<Self> {
        u64::read(at).and_then(|n| {
            Self::try_from(n).map_err(|_| at.out_of_range(&format!("`{}` is too large", at.name()), "too large")).ok()
        })
    }
}

impl Read for u64 {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a whole number")?;
        let name = at.name();
        if !at.quoted() {
            if let Ok(n) = text.parse::<Self>() {
                return Some(n);
            }
            match number(text) {
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
            diag = diag.help(format!("without the quotes it is one: `{name}: {text}`"));
        }
        at.report(diag);
        None
    }
}

impl Read for bool {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("true or false")?;
        match text {
            "true" if !at.quoted() => return Some(true),
            "false" if !at.quoted() => return Some(false),
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
}

impl Read for String {
    fn read(at: &At<'_>) -> Option<Self> {
        at.word("a text").map(ToOwned::to_owned)
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
                    let what = if n < 0.0 { "is negative" } else { "is above 1000000000/s" };
                    at.out_of_range(&format!("`{name}` {what}"), "a rate from 0/s up");
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
        let diag = match number(text) {
            Some(_) => at
                .error("wrong-unit", format!("rate `{name}: {text}` does not say per what"))
                .label(format!("did you mean {text}/s?")),
            None => {
                at.error("wrong-type", format!("`{name}` must be a rate")).label("expected one such as 2000/s or 30/m")
            }
        };
        at.report(diag);
        None
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
        match number(percent.unwrap_or(text)) {
            Some(n) if n < 0.0 => {
                at.out_of_range(&format!("`{name}` is negative"), "a number of pods or a percentage from 0 up");
            }
            Some(n) if n > 1e6 => at.out_of_range(&format!("`{name}` is too large"), "at most 1000000"),
            Some(n) if n == libm::floor(n) => {
                return Some(if percent.is_some() { Self::Percent(n) } else { Self::Int(n as u32) });
            }
            _ => at.report(
                at.error("wrong-type", format!("`{name}` must be a whole number or a whole percentage"))
                    .label("expected one such as 3 or 25%"),
            ),
        }
        None
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
}
