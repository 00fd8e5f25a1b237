//! The forms that files have, and which of them one is of.

mod access;
mod envoy;
mod haproxy;
mod json;
mod words;

use super::{Options, Record, Taken, histogram, series};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The common or combined log of nginx and Apache, with or without times behind it.
    Access,
    /// Envoy's default log, and Istio's.
    Envoy,
    /// HAProxy's HTTP log.
    HaProxy,
    /// An object of JSON a line.
    Json,
    /// `le,count`.
    Buckets,
    /// Prometheus' text format.
    Exposition,
    /// What `HdrHistogram` prints.
    Percentiles,
    /// `timestamp,value`.
    Series,
}

/// The logs, from the most to the least particular.
const LOGS: [Format; 4] = [Format::Json, Format::HaProxy, Format::Envoy, Format::Access];

impl Format {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "an access log of nginx or Apache",
            Self::Envoy => "an access log of Envoy",
            Self::HaProxy => "an HTTP log of HAProxy",
            Self::Json => "a log of JSON lines",
            Self::Buckets => "a histogram (le,count)",
            Self::Exposition => "a histogram as Prometheus exposes it",
            Self::Percentiles => "percentiles of HdrHistogram",
            Self::Series => "a series of request counts",
        }
    }

    /// The request that a line of a log tells of.
    pub(super) fn record(self, line: &str, options: &Options<'_>) -> Option<Record> {
        match self {
            Self::Access => access::record(line, options),
            Self::Envoy => envoy::record(line),
            Self::HaProxy => haproxy::record(line),
            Self::Json => json::record(line, options),
            Self::Buckets | Self::Exposition | Self::Percentiles | Self::Series => None,
        }
    }
}

/// What these first lines of a file are: of logs the one that reads most of them, and any.
pub(super) fn tell(lines: &[&str], options: &Options<'_>) -> Option<Format> {
    if let Some(format) = histogram::tell(lines) {
        return Some(format);
    }
    if series::tell(lines) {
        return Some(Format::Series);
    }
    let read = |format: &Format| lines.iter().filter(|line| format.record(line, options).is_some()).count();
    // The first of equals.
    let best = LOGS.iter().rev().max_by_key(|format| read(format))?;
    (read(best) > 0).then_some(*best)
}

/// A number of units (s) as a log writes it: it was rounded down, or was it to the nearest one.
fn taken(text: &str, unit: f64, down: bool) -> Option<Taken> {
    let number = text.parse::<f64>().ok().filter(|n| *n >= 0.0 && n.is_finite())?;
    let decimals = text.split_once('.').map_or(0, |(_, d)| d.len());
    let step = unit * libm::pow(10.0, -(decimals as f64));
    let value = number * unit;
    Some(if down {
        Taken { low: value, high: value + step }
    } else {
        Taken { low: (value - step / 2.0).max(0.0), high: value + step / 2.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle of a time.
    fn middle(taken: Option<Taken>) -> Option<f64> {
        taken.map(|t| libm::round(f64::midpoint(t.low, t.high) * 1e7) / 1e7)
    }

    fn read(line: &str) -> (Format, Record) {
        let options = Options::default();
        let format = tell(&[line], &options).unwrap_or_else(|| panic!("{line} is of no form"));
        (format, format.record(line, &options).expect("it was told by being read"))
    }

    /// A line, its format, and of its request: the moment, the answer, the whole time, the pod's.
    type Case = (&'static str, Format, Option<f64>, u16, Option<f64>, Option<f64>);

    const CASES: [Case; 9] = [
        (
            r#"10.1.2.3 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 612 "-" "curl/8 (\"x\") [y]" 0.123 0.120"#,
            Format::Access,
            Some(971_211_336.0),
            200,
            Some(0.123),
            Some(0.12),
        ),
        (
            r#"10.1.2.3 - u [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 404 - rt=0.040 uct="0.001" uht="0.030" urt="0.002, 0.031""#,
            Format::Access,
            Some(971_211_336.0),
            404,
            Some(0.04),
            Some(0.031),
        ),
        (
            r#"10.1.2.3 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 612 "-" "x" 45123"#,
            Format::Access,
            Some(971_211_336.0),
            200,
            Some(0.045_123),
            None,
        ),
        (
            r#"10.1.2.3 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 612"#,
            Format::Access,
            Some(971_211_336.0),
            200,
            None,
            None,
        ),
        (
            r#"[2000-10-10T20:55:36.250Z] "GET /a HTTP/2" 200 - 0 226 100 97 "10.0.35.28" "curl" "id" "host" "10.0.2.1:80""#,
            Format::Envoy,
            Some(971_211_336.25),
            200,
            Some(0.1005),
            Some(0.0975),
        ),
        (
            r#"[2000-10-10T20:55:36.250Z] "GET /a HTTP/1.1" 200 - via_upstream - "-" 0 226 100 97 "-" "curl" "id" "host""#,
            Format::Envoy,
            Some(971_211_336.25),
            200,
            Some(0.1005),
            Some(0.0975),
        ),
        (
            r#"Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [10/Oct/2000:20:55:36.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1""#,
            Format::HaProxy,
            Some(971_211_336.655),
            200,
            Some(0.109),
            Some(0.069),
        ),
        (
            r#"{"@timestamp":"2000-10-10T20:55:36.250Z","status":201,"request_time":0.123,"upstream_response_time":"0.120"}"#,
            Format::Json,
            Some(971_211_336.25),
            201,
            Some(0.123),
            Some(0.12),
        ),
        (
            r#"{"time":971211336,"status":"200","latency":"12.5ms"}"#,
            Format::Json,
            Some(971_211_336.0),
            200,
            Some(0.0125),
            None,
        ),
    ];

    #[test]
    fn each_form_is_told_and_read() {
        for (line, format, at, status, whole, upstream) in CASES {
            let (told, record) = read(line);
            assert_eq!(told, format, "{line}");
            let found = (record.at, record.status, middle(record.whole), middle(record.upstream));
            assert_eq!(found, (at, Some(status), whole, upstream), "{line}");
        }
        assert_eq!(tell(&["what is this?", "nothing"], &Options::default()), None);
    }

    #[test]
    fn a_number_without_a_unit_is_what_its_server_writes_unless_it_is_told() {
        let line = r#"10.1.2.3 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 612 "-" "x" 45"#;
        assert!(read(line).1.guessed.is_some_and(|g| g.contains("microseconds")));
        let options = Options { unit: Some(1e-3), ..Options::default() };
        let record = Format::Access.record(line, &options).expect("it is read");
        assert_eq!((middle(record.whole), record.guessed), (Some(0.045), None));
    }
}
