//! Figures as a scenario writes them.

/// A time (s) as a scenario writes it, to four digits.
pub(super) fn time(seconds: f64) -> String {
    match seconds {
        s if s <= 0.0 => "0s".to_owned(),
        s if s < 0.999_95e-3 => format!("{}us", sig(s * 1e6, 4)),
        s if s < 0.999_95 => format!("{}ms", sig(s * 1e3, 4)),
        s => format!("{}s", sig(s, 4)),
    }
}

/// A number to so many digits, without zeros that say nothing.
pub(in crate::calibrate) fn sig(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return "0".to_owned();
    }
    let place = digits - 1 - libm::floor(libm::log10(libm::fabs(x))) as i32;
    let unit = libm::pow(10.0, f64::from(place));
    let text = format!("{:.*}", usize::try_from(place).unwrap_or(0), libm::round(x * unit) / unit);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_they_are_good_for() {
        assert_eq!(
            [time(0.020_123_4), time(1.0), time(0.000_25), time(0.0), time(300.0), time(0.999_99)],
            ["20.12ms", "1s", "250us", "0s", "300s", "1s"]
        );
        assert_eq!(
            [sig(1234.56, 3), sig(0.000_123_44, 3), sig(-5.0, 3), sig(99_999.0, 4)],
            ["1230", "0.000123", "-5", "100000"]
        );
    }
}
