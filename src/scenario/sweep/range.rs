//! Ranges: `0s..60s:7` is seven values in a straight line, both ends included; `1s..60s:7log` the same by equal factors;
//! `0s..60s` and `1s..60s:log` leave it to a sample where between its ends to look.
//!
//! A range keeps to what its ends are: durations, percentages, rates, whole numbers (`1..10`) or any (`1.0..10.0`).
//! Between the ends values are rounded to what one would write oneself: whole numbers to whole ones; percentages too, if
//! the ends are whole and the points at least one apart; the rest to a hundredth of a step or finer, and by equal factors to
//! three digits, more where the points lie closer. The ends stay exact. All arithmetic is in billionths, in integers but
//! for the logarithms.

use crate::engine::Dur;
use crate::scenario::diag::{Diag, printable};
use crate::scenario::duration::{UNITS, seconds};
use crate::scenario::tree::{Node, Value};

/// The most values of one range.
const POINTS_MAX: usize = 10_000;
/// Into how many parts a range without a count is divided at least, by its grain or by equal factors.
const PARTS_MIN: i128 = 500;
/// One, in billionths.
const ONE: i128 = 1_000_000_000;

/// What a range stands for.
pub(super) struct Range {
    /// Its values as they are printed, rising; neighbours may be equal where rounding makes them so.
    pub(super) points: Vec<String>,
    /// Whether it has no count: then `points` are as fine as they need to be.
    pub(super) open: bool,
}

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit<'a> {
    Whole,
    Number,
    Percent { whole: bool },
    Duration,
    Rate(&'a str),
}

/// How the points between the ends lie.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    Even,
    Log,
}

/// Whether a value is written as a range: a quantity, then `..`.
pub(super) fn is_one(node: &Node) -> bool {
    let Value::Scalar { text, quoted: false } = &node.value else { return false };
    let from = text.split_once("..").map_or("", |(from, _)| from.trim());
    from.strip_prefix('-').unwrap_or(from).starts_with(|c: char| c.is_ascii_digit())
}

/// The values of a range, or what is wrong with it; `None` for any other value.
pub(super) fn read(node: &Node) -> Option<Result<Range, Box<Diag>>> {
    let text = node.text().filter(|_| is_one(node))?;
    let bad = |what: String, label: &str| {
        Box::new(Diag::error("bad-range", what).at(&node.span, label).help("as in `0s..60s:7` or `1s..60s:7log`"))
    };
    Some(parse(text).map_err(|(what, label)| bad(what, &label)))
}

/// What is wrong, and what to say at its place.
type Wrong = (String, String);

fn parse(text: &str) -> Result<Range, Wrong> {
    let shown = printable(text);
    let wrong = |what: &str, label: &str| (format!("`{shown}` {what}"), label.to_owned());
    let (from, rest) = text.split_once("..").unwrap_or((text, ""));
    let (to, count) = rest.split_once(':').map_or((rest, None), |(to, count)| (to, Some(count.trim())));
    let (from, to) = (from.trim(), to.trim());
    let ends = (end(from), end(to));
    let (Some((low, a)), Some((high, b))) = ends else {
        let odd = if ends.0.is_none() { from } else { to };
        return Err(wrong("is not a range", &format!("`{}` is not a quantity", printable(odd))));
    };
    let unit = common((low, a), (high, b))
        .ok_or_else(|| wrong("is a range of two kinds", "both ends must be of one kind, with the same unit"))?;
    if low >= high {
        let label =
            if low == high { "both ends are the same".to_owned() } else { format!("did you mean {to}..{from}?") };
        return Err(wrong("does not rise", &label));
    }
    let (spacing, number) = match count.map(|c| (c, c.strip_suffix("log"))) {
        Some((_, Some(number))) => (Spacing::Log, Some(number.trim()).filter(|n| !n.is_empty())),
        Some((number, None)) => (Spacing::Even, Some(number)),
        None => (Spacing::Even, None),
    };
    if spacing == Spacing::Log && low <= 0 {
        let label = format!("by equal factors nothing leads from {from} to {to}: begin above 0");
        return Err(wrong("cannot be divided by equal factors", &label));
    }
    let count = match number.map(str::parse::<usize>) {
        None => None,
        Some(Ok(n)) if (2..=POINTS_MAX).contains(&n) => Some(n),
        Some(_) => return Err(wrong("does not say how many values", &format!("expected 2 to {POINTS_MAX} after `:`"))),
    };
    let points = match (spacing, count) {
        (Spacing::Even, Some(n)) => even(low, high, n, unit),
        (Spacing::Even, None) => fine(low, high, unit),
        (Spacing::Log, Some(n)) => log(low, high, n, unit, 3),
        (Spacing::Log, None) => log(low, high, 2 * PARTS_MIN as usize + 1, unit, 0),
    };
    let unit = match unit {
        Unit::Percent { .. } => Unit::Percent { whole: false },
        other => other,
    };
    Ok(Range { points: points.into_iter().map(|v| print(v, unit)).collect(), open: count.is_none() })
}

/// A quantity in billionths of its unit, and what it is.
fn end(text: &str) -> Option<(i128, Unit<'_>)> {
    if let Some(number) = text.strip_suffix('%') {
        return decimal(number.trim_end())
            .map(|(v, _)| (v, Unit::Percent { whole: v % ONE == 0 && !number.contains('.') }));
    }
    if let Some((number, unit)) = text.split_once('/') {
        let unit = unit.trim();
        UNITS.iter().find(|(name, _)| *name == unit)?;
        return decimal(number.trim()).map(|(v, _)| (v, Unit::Rate(unit)));
    }
    match decimal(text) {
        Some((v, true)) => Some((v, Unit::Whole)),
        Some((v, false)) => Some((v, Unit::Number)),
        None => seconds(text).filter(|s| s.abs() < 1e10).map(|s| (libm::round(s * 1e9) as i128, Unit::Duration)),
    }
}

/// A plain decimal in billionths, and whether it is written as a whole number.
fn decimal(text: &str) -> Option<(i128, bool)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let all_digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole, 15) || !fraction.is_none_or(|f| all_digits(f, 9)) {
        return None;
    }
    let value: i128 = format!("{whole}{:0<9}", fraction.unwrap_or("")).parse().ok()?;
    Some((if text.starts_with('-') { -value } else { value }, fraction.is_none()))
}

/// What both ends are: 0 is of every kind, and a whole number may be the end of a range of others.
fn common<'a>((low, a): (i128, Unit<'a>), (high, b): (i128, Unit<'a>)) -> Option<Unit<'a>> {
    match (a, b) {
        (a, b) if a == b => Some(a),
        (Unit::Percent { .. }, Unit::Percent { .. }) => Some(Unit::Percent { whole: false }),
        (Unit::Whole, Unit::Number) | (Unit::Number, Unit::Whole) => Some(Unit::Number),
        (Unit::Whole, other) if low == 0 => Some(other),
        (other, Unit::Whole) if high == 0 => Some(other),
        _ => None,
    }
}

/// What values between the ends are rounded to if the points are `step` apart, and would be `grain` otherwise.
fn grain(unit: Unit<'_>, step: i128, grain: i128) -> i128 {
    match unit {
        Unit::Whole => grain.max(ONE),
        Unit::Percent { whole: true } if step >= ONE => grain.max(ONE),
        _ => grain,
    }
}

/// `n` points in a straight line.
fn even(low: i128, high: i128, n: usize, unit: Unit<'_>) -> Vec<i128> {
    let (span, parts) = (high - low, n as i128 - 1);
    let step = span / parts;
    let grain = grain(unit, step, (power_of_ten(step) / 100).max(1));
    // Exact where the step is: then nothing is rounded but what no one would write.
    let exact = span % parts == 0 && low % grain == 0 && step % grain == 0;
    let point = |i: i128| if exact { low + step * i } else { round(low + (span * i + parts / 2) / parts, grain) };
    between(low, high, (1..parts).map(point))
}

/// All multiples of a grain so fine that there are 500 at least, unless the unit allows only fewer.
fn fine(low: i128, high: i128, unit: Unit<'_>) -> Vec<i128> {
    let parts = power_of_ten((high - low) / PARTS_MIN).max(1);
    // Whole percentages where there are ten at least.
    let grain = grain(unit, (high - low) / 10, parts);
    let first = low.div_euclid(grain) + 1;
    let last = (high - 1).div_euclid(grain);
    between(low, high, (first..=last).map(|n| n * grain))
}

/// `n` points by equal factors, to `digits` digits or to what tells neighbours apart.
fn log(low: i128, high: i128, n: usize, unit: Unit<'_>, digits: i32) -> Vec<i128> {
    let parts = (n - 1) as f64;
    let ratio = high as f64 / low as f64;
    let factor = libm::log10(libm::pow(ratio, 1.0 / parts) - 1.0);
    let apart = if factor.is_finite() { 1 - libm::floor(factor) as i32 } else { 9 };
    let digits = if digits == 0 { 3 } else { digits.max(apart).min(9) } as u32;
    let whole = grain(unit, ((high - low) as f64 / parts) as i128, 1);
    let point = |i: usize| {
        let exact = low as f64 * libm::pow(ratio, i as f64 / parts);
        let grain = (power_of_ten(exact as i128) / 10_i128.pow(digits - 1)).max(whole);
        round(libm::round(exact) as i128, grain)
    };
    between(low, high, (1..n - 1).map(point))
}

/// Both ends, and what lies between them.
fn between(low: i128, high: i128, inner: impl Iterator<Item = i128>) -> Vec<i128> {
    std::iter::once(low).chain(inner.map(|v| v.clamp(low, high))).chain(std::iter::once(high)).collect()
}

/// The largest power of ten that is not above `n`; 0 of nothing.
fn power_of_ten(n: i128) -> i128 {
    u128::try_from(n).ok().and_then(u128::checked_ilog10).map_or(0, |digits| 10_i128.pow(digits))
}

fn round(value: i128, grain: i128) -> i128 {
    (value + grain / 2).div_euclid(grain) * grain
}

fn print(value: i128, unit: Unit<'_>) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let n = value.unsigned_abs();
    let (whole, fraction) = (n / ONE as u128, n % ONE as u128);
    let text = format!("{sign}{whole}.{fraction:09}");
    let number = text.trim_end_matches('0').trim_end_matches('.');
    match unit {
        Unit::Whole | Unit::Number => number.to_owned(),
        Unit::Percent { .. } => format!("{number}%"),
        Unit::Rate(per) => format!("{number}/{per}"),
        Unit::Duration => format!("{sign}{}", Dur::from_nanos(n as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    fn points(text: &str) -> String {
        let mut points = parse(text).unwrap_or_else(|wrong| panic!("{wrong:?}")).points;
        points.dedup();
        points.join(" ")
    }

    #[test]
    fn values_are_what_one_would_write() {
        let cases = [
            ("0s..60s:7", "0s 10s 20s 30s 40s 50s 1m"),
            ("0..1s:7", "0s 167ms 333ms 500ms 667ms 833ms 1s"),
            ("0s..60s:8", "0s 8.57s 17.14s 25.71s 34.29s 42.86s 51.43s 1m"),
            ("1s..60s:7log", "1s 1.98s 3.91s 7.75s 15.3s 30.3s 1m"),
            ("-5s..5s:3", "-5s 0s 5s"),
            ("1h30m..2h:3", "90m 105m 2h"),
            ("1..10:4", "1 4 7 10"),
            ("1..4:7", "1 2 3 4"),
            ("1..64:7log", "1 2 4 8 16 32 64"),
            ("1.0..4:7", "1 1.5 2 2.5 3 3.5 4"),
            ("-1.5..1.5:3", "-1.5 0 1.5"),
            ("0%..100%:7", "0% 17% 33% 50% 67% 83% 100%"),
            ("0%..1%:5", "0% 0.25% 0.5% 0.75% 1%"),
            ("99.9%..100%:3", "99.9% 99.95% 100%"),
            ("0.1%..10%:3log", "0.1% 1% 10%"),
            ("100/s..2000/s:7", "100/s 417/s 733/s 1050/s 1367/s 1683/s 2000/s"),
            ("0..30/m:3", "0/m 15/m 30/m"),
            ("1..3", "1 2 3"),
            ("0%..10%", "0% 1% 2% 3% 4% 5% 6% 7% 8% 9% 10%"),
        ];
        for (text, expected) in cases {
            assert_eq!(points(text), expected, "{text}");
        }
    }

    #[test]
    fn a_range_without_a_count_is_as_fine_as_500_parts() {
        let count = |text: &str| {
            let range = parse(text).unwrap_or_else(|wrong| panic!("{wrong:?}"));
            assert!(range.open);
            range.points.len()
        };
        assert_eq!((count("0s..60s"), count("0s..1s"), count("0.0..1.0"), count("0%..1%")), (601, 1001, 1001, 1001));
        assert_eq!((count("0%..100%"), count("1..64"), count("1..1000000")), (101, 64, 1001));
        assert!((900..=1001).contains(&count("1s..60s:log")));
    }

    #[test]
    fn what_is_no_quantity_before_two_dots_is_no_range() {
        let is_one = |text: &str| {
            is_one(&Node::scalar(
                text,
                crate::scenario::tree::Span::whole(&crate::scenario::tree::Source::new("", "", 0)),
            ))
        };
        assert!(["0s..60s", "1..2", "-1s..1s", "1 .. 2"].into_iter().all(is_one));
        assert!(!["../data.csv", "a..b", "..", "1.5", "", "-..1"].into_iter().any(is_one));
    }

    /// Whatever the ends and the count: both ends exact, everything rising and between them, as many as were asked for
    /// unless rounding to whole numbers makes some equal.
    #[test]
    fn points_rise_from_end_to_end() {
        for case in 0..4_000 {
            let mut dice = Streams::new(1, case).stream(Purpose::Balance, 0);
            let unit = [Unit::Whole, Unit::Number, Unit::Percent { whole: true }, Unit::Duration, Unit::Rate("s")]
                [dice.below(5) as usize];
            let scale = 10_i128.pow(dice.below(if unit == Unit::Whole { 6 } else { 15 }));
            let scale = if matches!(unit, Unit::Whole | Unit::Percent { .. }) { scale.max(1) * ONE } else { scale };
            let low = (i128::from(dice.below(1_000)) + 1) * scale;
            let high = low + (i128::from(dice.below(100_000)) + 1) * scale;
            let n = 2 + dice.below(200) as usize;
            let even = even(low, high, n, unit);
            let log = log(low, high, n, unit, 3);
            let open = fine(low, high, unit);
            for points in [&even, &log, &open] {
                assert_eq!((points[0], points[points.len() - 1]), (low, high), "case {case}");
                assert!(points.is_sorted(), "case {case}: {points:?}");
            }
            assert_eq!((even.len(), log.len()), (n, n), "case {case}");
            // Everything is told apart by billionths that the ends leave room for.
            let room = (high - low) / n as i128 > 1_000 && !matches!(unit, Unit::Whole | Unit::Percent { .. });
            let distinct = |points: &[i128]| points.windows(2).all(|w| w[0] < w[1]);
            assert!(!room || distinct(&even), "case {case}: {even:?}");
            assert!(!room || low < 10_000 || distinct(&log), "case {case}: {log:?}");
            // Rounding moves no point by more than a part in a hundred of a step.
            let step = (high - low) as f64 / (n - 1) as f64;
            let off = |(i, v): (usize, &i128)| (*v as f64 - (low as f64 + step * i as f64)).abs();
            let worst = even.iter().enumerate().map(off).fold(0.0, f64::max);
            let whole: f64 = if matches!(unit, Unit::Whole | Unit::Percent { .. }) { 0.5e9 } else { 1.0 };
            let allowed = whole.max(0.01 * step);
            assert!(worst <= allowed * 1.000_001, "case {case}: {worst} of {step}");
        }
    }

    #[test]
    fn what_is_printed_is_read_as_the_same() {
        for text in ["0s..1h:997", "1ns..1h:200log", "0.001%..99.999%:77", "0.001..12345.678:91", "1/h..7/h:13"] {
            for point in parse(text).expect("a range").points {
                let (value, unit) = end(&point).expect("a quantity");
                let unit = if unit == Unit::Whole { Unit::Number } else { unit };
                assert_eq!(print(value, unit), point, "{text}");
            }
        }
    }
}
