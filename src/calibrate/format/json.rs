//! Logs of JSON lines, whose fields have names but no agreed ones.

use serde_json::{Map, Value};

use super::taken;
use crate::calibrate::{Options, Record, Taken, moment};
use crate::scenario;

const AT: [&str; 13] = [
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "time_iso8601",
    "time_local",
    "msec",
    "start_time",
    "StartUTC",
    "StartLocal",
    "date",
    "datetime",
    "receiveTimestamp",
];

const STATUS: [&str; 8] =
    ["status", "status_code", "statusCode", "response_code", "OriginStatus", "DownstreamStatus", "code", "http_status"];

/// Names of times: whose they are, and the unit of a bare number (s); 0: by what it looks like.
const TIMES: [(&str, Whose, f64); 26] = [
    ("upstream_response_time", Whose::Pod, 1.0),
    ("upstream_service_time", Whose::Pod, 1e-3),
    ("upstream_time", Whose::Pod, 0.0),
    ("OriginDuration", Whose::Pod, 1e-9),
    ("request_time", Whose::All, 1.0),
    ("Duration", Whose::All, 1e-9),
    ("duration_ms", Whose::All, 1e-3),
    ("duration_us", Whose::All, 1e-6),
    ("duration_ns", Whose::All, 1e-9),
    ("duration_s", Whose::All, 1.0),
    ("duration_seconds", Whose::All, 1.0),
    ("latency_ms", Whose::All, 1e-3),
    ("latency_us", Whose::All, 1e-6),
    ("latency_ns", Whose::All, 1e-9),
    ("latency_seconds", Whose::All, 1.0),
    ("elapsed_ms", Whose::All, 1e-3),
    ("response_time_ms", Whose::All, 1e-3),
    ("time_taken_ms", Whose::All, 1e-3),
    ("took_ms", Whose::All, 1e-3),
    ("duration", Whose::All, 0.0),
    ("latency", Whose::All, 0.0),
    ("elapsed", Whose::All, 0.0),
    ("response_time", Whose::All, 0.0),
    ("responseTime", Whose::All, 0.0),
    ("took", Whose::All, 0.0),
    ("durationMs", Whose::All, 1e-3),
];

#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Pod,
    All,
}

/// What is said of a number whose name has no unit.
const GUESS: &str = "times without a unit are taken for seconds where they have a fraction, else for milliseconds; tell others by --unit us";

/// An object that has a moment or a time.
pub(super) fn record(line: &str, options: &Options<'_>) -> Option<Record> {
    let Value::Object(top) = serde_json::from_str(line.trim()).ok()? else { return None };
    // Google's logs have the request in an object of its own.
    let nested = top.get("httpRequest").and_then(Value::as_object);
    let field = |names: &[&str]| names.iter().find_map(|name| find(&top, nested, name));
    let mut record = Record {
        at: field(&AT).and_then(|v| moment::read(&text(v)?)),
        status: field(&STATUS).and_then(|v| text(v)?.parse::<u16>().ok()),
        ..Record::default()
    };
    for (name, whose, unit) in TIMES {
        let slot = if whose == Whose::Pod { &mut record.upstream } else { &mut record.whole };
        if slot.is_some() {
            continue;
        }
        let Some(value) = find(&top, nested, name) else { continue };
        let (time, guessed) = time(value, unit, options);
        *slot = time;
        record.guessed = record.guessed.or(guessed.then_some(GUESS));
    }
    (record.at.is_some() || record.whole.is_some() || record.upstream.is_some()).then_some(record)
}

fn find<'a>(top: &'a Map<String, Value>, nested: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a Value> {
    top.get(name).or_else(|| nested?.get(name))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A time, and whether its unit was guessed.
fn time(value: &Value, unit: f64, options: &Options<'_>) -> (Option<Taken>, bool) {
    let Some(text) = text(value) else { return (None, false) };
    // nginx lists the attempts of a request; the last one answered.
    let text = text.rsplit([',', ':']).next().unwrap_or(&text).trim().to_owned();
    if text.parse::<f64>().is_err() {
        // 12.5ms, as programs in Go print it.
        let time = scenario::duration(&text.replace('µ', "u")).map(|d| Taken { low: d.secs(), high: d.secs() });
        return (time, false);
    }
    let guess = if text.contains('.') { 1.0 } else { 1e-3 };
    let (unit, guessed) = match (unit > 0.0, options.unit) {
        (true, _) => (unit, false),
        (false, Some(unit)) => (unit, false),
        (false, None) => (guess, true),
    };
    let time = if value.is_f64() {
        // A number has lost the zeros at its end, and with them how exact it is.
        value.as_f64().filter(|n| *n >= 0.0).map(|n| Taken { low: n * unit, high: n * unit })
    } else {
        taken(&text, unit, false)
    };
    (time, guessed)
}
