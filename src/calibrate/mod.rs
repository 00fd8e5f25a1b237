//! What logs, histograms and series of counts say of a service: how long it takes, and how requests come.
//!
//! Each file is told apart by its lines ([`mod@format`]), read into samples ([`sample`]) and arrivals ([`arrivals`]), and what
//! is found is written as a part of a scenario ([`fragment`]), every figure with what it rests on and, where it was fitted, how
//! sure it is ([`certainty`]).

pub mod arrivals;
pub mod certainty;
pub mod fit;
pub mod format;
pub mod fragment;
mod histogram;
mod minimum;
mod moment;
mod profile;
pub mod sample;
mod series;
pub mod trace;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use self::arrivals::Arrivals;
use self::format::Format;
use self::sample::Sample;
use self::series::Series;
use self::trace::Moments;
use crate::scenario::Diag;
use crate::scenario::tree::{Source, Span};

/// So many lines tell the format of a file.
const TELLING: usize = 200;
/// Of a line that cannot be read, so much is shown (characters).
const SHOWN: usize = 160;

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The unit of times of which the file does not say it (s).
    pub unit: Option<f64>,
    /// The histogram to take, where a file has several.
    pub metric: Option<&'a str>,
    /// Whether to keep the moment of each request.
    pub trace: bool,
}

/// What became of one file.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its name.
    pub file: String,
    /// What it was taken for.
    pub format: Format,
    /// Lines that hold something.
    pub lines: u64,
    /// Those that were read.
    pub read: u64,
    /// Those of them that were answered with 499 or 5xx, or became something else (101): their times are no service times.
    pub failed: u64,
    /// The first that could not be read: its number from 1, and its text, cut.
    pub unreadable: Option<(u64, String)>,
    /// What there is to say beside it.
    pub remarks: Vec<String>,
}

/// What files say.
#[derive(Debug, Default)]
pub struct Calibration {
    /// Each of them, in order.
    pub readings: Vec<Reading>,
    /// Times that pods took, as their balancer saw them.
    pub upstream: Sample,
    /// Times that whole requests took.
    pub whole: Sample,
    /// Requests by second.
    pub arrivals: Arrivals,
    /// The same one by one, where [`Options::trace`] asks for them.
    pub moments: Moments,
    /// Series of counts, by file.
    pub series: Vec<Series>,
}

/// One request of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Record {
    /// When it came or was logged, in seconds since 1970.
    pub at: Option<f64>,
    /// How long it took altogether.
    pub whole: Option<Taken>,
    /// How long its pod took.
    pub upstream: Option<Taken>,
    /// What it was answered.
    pub status: Option<u16>,
    /// Whether the unit of a time was guessed.
    pub guessed: Option<&'static str>,
}

/// A time as a log has it (s): it lies between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    /// The least that it was.
    pub low: f64,
    /// It was less than this.
    pub high: f64,
}

/// Reads these files.
///
/// # Errors
/// The first that cannot be read, or that is nothing that is known.
pub fn read(files: &[PathBuf], options: &Options<'_>) -> Result<Calibration, Diag> {
    let mut found = Calibration::default();
    for path in files {
        let reading = read_file(path, options, &mut found)?;
        found.readings.push(reading);
    }
    Ok(found)
}

fn read_file(path: &Path, options: &Options<'_>, found: &mut Calibration) -> Result<Reading, Diag> {
    let stdin = path == Path::new("-");
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let fail = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => Diag::error("missing-file", format!("there is no file `{name}`")).in_file(&*name),
        _ => Diag::error("unreadable-file", format!("cannot read `{name}`: {e}")).in_file(&*name),
    };
    if path.is_dir() {
        let diag = Diag::error("unreadable-file", format!("`{name}` is a folder")).in_file(name);
        return Err(diag.help("name a file in it"));
    }
    let input: Box<dyn BufRead> =
        if stdin { Box::new(io::stdin().lock()) } else { Box::new(BufReader::new(File::open(path).map_err(fail)?)) };
    let mut lines = Lines { input, number: 0 };
    let mut first: Vec<(u64, String)> = Vec::new();
    while first.len() < TELLING
        && let Some(line) = lines.next().transpose().map_err(fail)?
    {
        first.push(line);
    }
    let texts: Vec<&str> = first.iter().map(|(_, text)| text.as_str()).collect();
    let Some(format) = format::tell(&texts, options) else { return Err(unknown(&name, first.first())) };
    let mut reading =
        Reading { file: name.clone(), format, lines: 0, read: 0, failed: 0, unreadable: None, remarks: Vec::new() };
    let mut all = first.into_iter().map(Ok).chain(lines);
    let mut next = || all.next().transpose().map_err(fail);
    match format {
        Format::Buckets | Format::Exposition | Format::Percentiles => {
            histogram::read(&mut reading, &mut next, options, &mut found.upstream)?;
        }
        Format::Series => found.series.push(series::read(&mut reading, path, &mut next)?),
        Format::Access | Format::Envoy | Format::HaProxy | Format::Json => {
            while let Some((number, text)) = next()? {
                reading.lines += 1;
                match format.record(&text, options) {
                    Some(record) => take(&record, options.trace, &mut reading, found),
                    None => reading.pass(number, &text),
                }
            }
        }
    }
    Ok(reading)
}

/// Adds a request to what was found.
fn take(record: &Record, trace: bool, reading: &mut Reading, found: &mut Calibration) {
    reading.read += 1;
    if let Some(at) = record.at {
        found.arrivals.add(at);
        if trace {
            found.moments.add(at);
        }
    }
    if let Some(guess) = record.guessed
        && !reading.remarks.iter().any(|r| r == guess)
    {
        reading.remarks.push(guess.to_owned());
    }
    // An answer of the balancer's own, or of a client that had gone, took no pod's time; a connection that became another lasts.
    if record.status.is_some_and(|s| s <= 101 || s == 499 || s >= 500) {
        reading.failed += 1;
        return;
    }
    for (time, sample) in [(record.upstream, &mut found.upstream), (record.whole, &mut found.whole)] {
        if let Some(time) = time {
            sample.add(time.low, time.high, 1);
        }
    }
}

impl Reading {
    /// Notes a line that could not be read.
    fn pass(&mut self, number: u64, text: &str) {
        if self.unreadable.is_none() {
            self.unreadable = Some((number, text.chars().take(SHOWN).collect()));
        }
    }

    /// Lines that could not be read.
    pub fn passed(&self) -> u64 {
        self.lines - self.read
    }
}

/// A file of which no line is of any known form.
fn unknown(name: &str, first: Option<&(u64, String)>) -> Diag {
    let help = "what is read: access logs of nginx and Apache, Envoy's, HAProxy's HTTP log, JSON lines; histograms as \
                `le,count`, as Prometheus exposes them, or as HdrHistogram prints percentiles; series of counts as `timestamp,value`";
    match first {
        None => Diag::error("empty-file", "the file says nothing").in_file(name).help(help),
        Some((number, text)) => {
            let shown: String = text.chars().take(SHOWN).collect();
            at_line(
                Diag::error("unknown-format", "no line of this file is of a form that is known"),
                name,
                *number,
                &shown,
            )
            .help(help)
        }
    }
}

/// Points at a line of a file that is not kept.
fn at_line(diag: Diag, name: &str, number: u64, text: &str) -> Diag {
    // Empty lines stand for those before it, so that the number is right.
    let before = usize::try_from(number.saturating_sub(1)).unwrap_or(0);
    let source = Source::new(name, "\n".repeat(before) + text, 0);
    diag.at(&Span { source, range: before..before + text.len() }, "for instance this")
}

/// The lines of a file that hold something, with their numbers from 1.
struct Lines {
    input: Box<dyn BufRead>,
    number: u64,
}

impl Iterator for Lines {
    type Item = io::Result<(u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match self.input.read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(e) => return Some(Err(e)),
            }
            self.number += 1;
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
            if !text.trim().is_empty() {
                return Some(Ok((self.number, text.to_owned())));
            }
        }
    }
}
