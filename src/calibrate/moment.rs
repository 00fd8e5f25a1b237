//! Moments as logs write them.

use crate::scenario;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since 1970 of `10/Oct/2000:13:55:36 -0700` (the common log format; HAProxy's has milliseconds and no offset), of an ISO
/// date, or of a number of seconds or milliseconds since then.
pub(super) fn read(text: &str) -> Option<f64> {
    if let Some((day, rest)) = text.split_once('/')
        && let Some((month, rest)) = rest.split_once('/')
        && let Some((year, rest)) = rest.split_once(':')
    {
        let month = MONTHS.iter().position(|m| *m == month)? + 1;
        let (time, offset) = rest.split_once(' ').unwrap_or((rest, ""));
        // The same moment in the form that scenarios take.
        let offset = if offset.len() == 5 && offset.is_ascii() {
            format!("{}:{}", &offset[..3], &offset[3..])
        } else {
            String::new()
        };
        return scenario::moment(&format!("{year}-{month:02}-{day}T{time}{offset}"));
    }
    match text.parse::<f64>() {
        // Milliseconds since 1970 are too many for seconds until the year 5138.
        Ok(number) if number >= 1e11 => scenario::moment(&format!("{}", number / 1e3)),
        _ => scenario::moment(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_logs_are_seconds_since_1970() {
        assert_eq!(read("10/Oct/2000:13:55:36 -0700"), Some(971_211_336.0));
        assert_eq!(read("10/Oct/2000:20:55:36.250"), Some(971_211_336.25));
        assert_eq!(read("2000-10-10T20:55:36.250Z"), Some(971_211_336.25));
        assert_eq!(read("971211336.25"), Some(971_211_336.25));
        assert_eq!(read("971211336250"), Some(971_211_336.25));
        for text in ["", "10/Okt/2000:13:55:36 -0700", "x/y/z:1", "10/Oct/2000"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
