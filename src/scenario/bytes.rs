//! Amounts of data and what flows of it: `400MB`, `1.5Gi`, `100MB/s`, `1Gbit/s`.

use super::read::{At, Read};
use super::schema::{Json, Shape, Written};
use super::units::number;

/// An amount of data (bytes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bytes(pub(super) f64);

/// Data a second (bytes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bandwidth(pub(super) f64);

/// Decimal and binary units, with the letters that Kubernetes' quantities have.
const UNITS: [(&str, f64); 12] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Mbit", 125_000.0),
    ("Gbit", 125_000_000.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("B", 1.0),
];

fn amount(text: &str) -> Option<f64> {
    let (digits, unit) = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)))?;
    number(digits.trim_end()).filter(|n| (0.0..=1e15).contains(n)).map(|n| n * unit)
}

impl Read for Bytes {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("an amount of data such as 400MB")?;
        let found = amount(text).filter(|_| !text.contains("bit"));
        if found.is_none() {
            let plain = number(text).map(|n| format!("did you mean {n}MB?"));
            let label = plain.unwrap_or_else(|| "expected one such as 400MB or 1.5Gi".to_owned());
            at.report(at.error("wrong-unit", format!("`{}` must be an amount of data", at.name())).label(label));
        }
        found.map(Self)
    }

    fn shape() -> Shape {
        let pattern = format!("^{}$", pattern(|unit| !unit.contains("bit")));
        Shape::form("bytes", "an amount of data such as 400MB or 1.5Gi", &pattern, ["17MB", "1.5Gi", "0B"])
    }
}

impl Written for Bytes {
    fn written(&self) -> Json {
        Json::text(format!("{}B", self.0))
    }
}

/// A regular expression of an amount in one of these units, without its ends.
fn pattern(wanted: impl Fn(&str) -> bool) -> String {
    let units: Vec<&str> = UNITS.iter().map(|(unit, _)| *unit).filter(|unit| wanted(unit)).collect();
    format!(r"[0-9]+(\.[0-9]+)? *({})", units.join("|"))
}

impl Written for Bandwidth {
    fn written(&self) -> Json {
        Json::text(format!("{}MB/s", self.0 / 1e6))
    }
}

impl Read for Bandwidth {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("data a second such as 100MB/s")?;
        let found = text.strip_suffix("/s").and_then(|text| amount(text.trim_end())).filter(|n| *n > 0.0);
        if found.is_none() {
            let plain = amount(text).map(|_| format!("did you mean {text}/s?"));
            let label = plain.unwrap_or_else(|| "expected one such as 100MB/s or 1Gbit/s, above 0".to_owned());
            at.report(at.error("wrong-unit", format!("`{}` must be data a second", at.name())).label(label));
        }
        found.map(Self)
    }

    fn shape() -> Shape {
        let pattern = format!("^{} */s$", pattern(|_| true));
        let what = "data a second such as 100MB/s or 1Gbit/s, above 0";
        Shape::form("bandwidth", what, &pattern, ["17MB/s", "1Gbit/s"]).above_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_decimal_binary_or_bits() {
        assert_eq!(amount("400MB"), Some(4e8));
        assert_eq!((amount("1.5Gi"), amount("1.5 GiB")), (Some(1_610_612_736.0), Some(1_610_612_736.0)));
        assert_eq!((amount("1Gbit"), amount("12B")), (Some(1.25e8), Some(12.0)));
        assert_eq!((amount("400"), amount("-1MB"), amount("MB"), amount("4 XB")), (None, None, None, None));
    }
}
