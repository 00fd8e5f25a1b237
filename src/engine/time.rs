//! Simulated time: whole nanoseconds, so that no event is ever ordered by a float.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A moment of simulated time (ns), relative to the start of the deploy: what lies before it is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(i64);

/// A span of simulated time (ns), never negative; 292 years at the most.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dur(u64);

impl SimTime {
    /// The start of the deploy.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const MAX: Self = Self(i64::MAX);
    /// Earlier than anything that happens.
    pub const MIN: Self = Self(i64::MIN);

    /// The moment `ns` nanoseconds after the start of the deploy (before it where negative).
    pub const fn from_nanos(ns: i64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the start of the deploy.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the start of the deploy, for output only.
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The span from `earlier` to this moment.
    ///
    /// # Panics
    /// In debug builds, if `earlier` is later.
    pub fn since(self, earlier: Self) -> Dur {
        debug_assert!(self >= earlier, "{self} lies before {earlier}");
        Dur((self.0 - earlier.0) as u64)
    }

    /// The span from `earlier` to this moment, zero where `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Dur {
        Dur(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

impl Dur {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that can still be added to a moment of any run (146 years).
    pub const MAX: Self = Self(i64::MAX as u64 / 2);

    /// A span of `ns` nanoseconds.
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }

    /// A span of `ms` milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }

    /// A span of whole seconds.
    pub const fn from_secs(s: u64) -> Self {
        Self(s * 1_000_000_000)
    }

    /// The nearest whole number of nanoseconds; negative and NaN become zero, too long becomes [`Dur::MAX`].
    #[inline]
    pub fn from_secs_f64(s: f64) -> Self {
        Self::from_nanos_f64(s * 1e9)
    }

    /// The same of nanoseconds. A cast of a float to an integer saturates, which does all that is promised.
    #[inline]
    pub fn from_nanos_f64(ns: f64) -> Self {
        Self(((ns + 0.5) as i64).clamp(0, Self::MAX.0 as i64) as u64)
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for statistics and output.
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether this is no time at all; many settings mean "never" or "none" by it.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This span times `factor`, to the nearest nanosecond.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self::from_secs_f64(self.secs() * factor)
    }

    /// The difference, zero where `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SimTime {
    /// The sum, where the end of time is far: what `+` takes care of costs four instructions.
    #[inline(always)]
    #[must_use]
    pub const fn plus(self, span: Dur) -> Self {
        Self(self.0.wrapping_add(span.0 as i64))
    }
}

impl Add<Dur> for SimTime {
    type Output = Self;
    fn add(self, span: Dur) -> Self {
        Self(self.0.saturating_add(span.0 as i64))
    }
}

impl Sub<Dur> for SimTime {
    type Output = Self;
    fn sub(self, span: Dur) -> Self {
        Self(self.0.saturating_sub(span.0 as i64))
    }
}

impl AddAssign<Dur> for SimTime {
    fn add_assign(&mut self, span: Dur) {
        *self = *self + span;
    }
}

impl Add for Dur {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(Self::MAX.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+.3} s", self.secs())
    }
}

/// The shortest exact form that a scenario file takes: `250ms`, `1.5s`, `5m`, `0s`.
impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        // Whole minutes and hours as such; else the largest of s, ms, us, ns with at most three decimals.
        for (unit, name) in UNITS {
            if self.0.is_multiple_of(unit) {
                let n = self.0 / unit;
                if unit > 1_000_000_000 || n < 1_000 || unit == 1_000_000_000 {
                    return write!(f, "{n}{name}");
                }
                break;
            }
        }
        for (unit, name) in &UNITS[2..] {
            let (whole, rest) = (self.0 / unit, self.0 % unit * 1_000);
            if whole > 0 && rest.is_multiple_of(*unit) {
                let text = format!("{whole}.{:03}", rest / unit);
                return write!(f, "{}{name}", text.trim_end_matches('0').trim_end_matches('.'));
            }
        }
        write!(f, "{}ns", self.0)
    }
}

impl fmt::Debug for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_in_their_shortest_exact_form() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5us"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (300_000_000_000, "5m"),
            // A thousand times as much is more than 64 bits hold.
            (3_000_000_000_000_000_001, "3000000000000000.001us"),
            (90_000_000_000, "90s"),
            (7_200_000_000_000, "2h"),
            (1_234_567_891, "1234567.891us"),
            // Beyond what an f64 holds exactly, and a thousand times of which is beyond an integer.
            (u64::MAX, "18446744073709551.615us"),
            (u64::MAX - 1, "18446744073709551.614us"),
        ];
        for (ns, text) in cases {
            assert_eq!(Dur::from_nanos(ns).to_string(), text);
        }
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(SimTime::MAX + Dur::MAX, SimTime::MAX);
        assert_eq!(Dur::from_secs_f64(f64::NAN), Dur::ZERO);
        assert_eq!(Dur::from_secs_f64(-1.0), Dur::ZERO);
        assert_eq!(Dur::from_secs_f64(1e300), Dur::MAX);
        assert_eq!(SimTime::ZERO.saturating_since(SimTime::from_nanos(5)), Dur::ZERO);
    }
}
