//! The CSV files that a scenario names: arrival times, samples, histograms, series of counts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::read::At;
use super::units::number;

/// No file that a scenario names may be larger.
const MAX_BYTES: u64 = 256 << 20;

/// The rows of a CSV file with their line numbers, a header told apart by its not being a number.
#[derive(Debug)]
pub(super) struct Rows {
    /// The names of the columns, if the first row holds any.
    pub(super) header: Option<Vec<String>>,
    /// The rows below it.
    pub(super) rows: Vec<(u64, Vec<String>)>,
}

/// What came of reading one file: its rows, or a diagnostic's code and text.
type Outcome = Result<Arc<Rows>, (&'static str, String)>;

/// The CSV files read so far, by path: a thousand rows of a sweep name the same one.
#[derive(Debug, Default)]
pub(crate) struct Files {
    read: Mutex<BTreeMap<PathBuf, Outcome>>,
}

impl Files {
    /// The rows of a file, read when it is first asked for. Who asks meanwhile waits, rather than read it again.
    fn get(&self, path: PathBuf) -> Outcome {
        // What a panic leaves behind is a file that was not entered, which is read again.
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry(path).or_insert_with_key(|path| rows(path).map(Arc::new)).clone()
    }
}

/// Reads a file that stands relative to the scenario; what fails is reported at the place that names it.
pub(super) fn read(at: &At<'_>, name: &str) -> Option<Arc<Rows>> {
    if at.cx.paths_only {
        return None;
    }
    match at.cx.files.get(at.cx.folder.join(name)) {
        Ok(rows) => Some(rows),
        Err((code, text)) => {
            at.report(at.error(code, format!("cannot read `{name}`: {text}")).label("named here"));
            None
        }
    }
}

fn rows(path: &Path) -> Result<Rows, (&'static str, String)> {
    let io = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => ("missing-file", "there is no such file".to_owned()),
        _ => ("unreadable-file", e.to_string()),
    };
    let file = File::open(path).map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if meta.is_dir() {
        return Err(("unreadable-file", "it is a folder".to_owned()));
    }
    if meta.len() > MAX_BYTES {
        return Err(("too-large", format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(BufReader::new(file.take(MAX_BYTES)));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| ("bad-data", e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().map(ToOwned::to_owned).collect::<Vec<String>>()));
    }
    let named = rows.first().is_some_and(|(_, r)| r.last().is_some_and(|v| number(v).is_none() && v != "+Inf"));
    let header = named.then(|| rows.remove(0).1);
    Ok(Rows { header, rows })
}

/// Reports a row that does not hold what it should.
pub(super) fn bad_row(at: &At<'_>, line: u64, what: &str) {
    let name = at.node.and_then(super::tree::Node::text).unwrap_or("");
    at.report(at.error("bad-data", format!("`{name}`, line {line}: {what}")).label("named here"));
}

/// Samples (s), or the cumulative buckets of a histogram in the manner of Prometheus (`le,count`, `+Inf` last), as
/// pieces (weight, low, high). What lies in the bucket without an upper bound counts as its lower one.
pub(super) fn read_distribution(at: &At<'_>, name: &str) -> Option<Vec<(f64, f64, f64)>> {
    let table = read(at, name)?;
    let histogram = table.header.as_ref().is_some_and(|h| h.first().is_some_and(|c| c == "le"));
    if histogram { buckets(at, &table) } else { samples(at, &table) }
}

fn samples(at: &At<'_>, table: &Rows) -> Option<Vec<(f64, f64, f64)>> {
    let mut pieces = Vec::with_capacity(table.rows.len());
    for (line, row) in &table.rows {
        match row.first().and_then(|v| number(v)) {
            Some(v) if v >= 0.0 => pieces.push((1.0, v, v)),
            _ => {
                bad_row(at, *line, "expected one sample in seconds, 0 or more");
                return None;
            }
        }
    }
    Some(pieces)
}

fn buckets(at: &At<'_>, table: &Rows) -> Option<Vec<(f64, f64, f64)>> {
    let mut pieces = Vec::with_capacity(table.rows.len());
    let (mut low, mut below) = (0.0, 0.0);
    for (line, row) in &table.rows {
        let [le, count, ..] = row.as_slice() else {
            bad_row(at, *line, "expected an upper bound in seconds and a count");
            return None;
        };
        let high = if le == "+Inf" { Some(low) } else { number(le).filter(|le| *le >= low) };
        let (Some(high), Some(count)) = (high, number(count).filter(|c| *c >= below)) else {
            bad_row(at, *line, "bounds and counts of a histogram must rise");
            return None;
        };
        if le == "+Inf" && low == 0.0 && count > below {
            bad_row(at, *line, "what lies above the last bound is taken for it, and there is none above 0");
            return None;
        }
        pieces.push((count - below, low, high));
        (low, below) = (high, count);
    }
    Some(pieces)
}
