//! A series of request counts, as load balancers export them: a scenario replays the file itself.

use std::path::{Path, PathBuf};

use super::histogram::Next;
use super::{Reading, at_line, moment};
use crate::scenario::Diag;

/// A series, and what is known of it.
#[derive(Clone, Debug)]
pub struct Series {
    /// The file.
    pub path: PathBuf,
    /// What a bucket covers (s): the distance that is the most frequent.
    pub per: f64,
    /// Buckets that it has.
    pub buckets: u64,
    /// Buckets that it leaves out between the first and the last.
    pub gaps: u64,
    /// Requests in all of them.
    pub total: f64,
    /// When the fullest one begins, as the file writes it, and its rate (1/s).
    pub fullest: (String, f64),
}

impl Series {
    /// The mean rate over the whole of it, gaps included (1/s).
    pub fn rate(&self) -> f64 {
        self.total / ((self.buckets + self.gaps) as f64 * self.per)
    }
}

/// A moment and a count.
fn row(line: &str) -> Option<(f64, f64)> {
    let (first, rest) = line.split_once(',')?;
    let last = rest.rsplit(',').next()?.trim().parse::<f64>().ok().filter(|n| *n >= 0.0)?;
    Some((moment::read(first.trim().trim_matches('"'))?, last))
}

/// Whether these first lines are a series: all of them but the first, two at least.
pub(super) fn tell(lines: &[&str]) -> bool {
    let body = lines.get(1..).unwrap_or_default();
    body.len() > 1 && body.iter().all(|line| row(line).is_some())
}

/// Reads the rest of the file.
pub(super) fn read(reading: &mut Reading, path: &Path, next: &mut Next<'_>) -> Result<Series, Diag> {
    let mut rows: Vec<(f64, f64, String)> = Vec::new();
    let mut first = None;
    while let Some((number, text)) = next()? {
        match row(&text) {
            Some((at, count)) => {
                reading.lines += 1;
                reading.read += 1;
                let written = text.split(',').next().unwrap_or_default().trim().trim_matches('"').to_owned();
                rows.push((at, count, written));
            }
            // Names of columns.
            None if number == 1 => {}
            None => {
                reading.lines += 1;
                reading.pass(number, &text);
            }
        }
        first = first.or(Some((number, text)));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let per = usual(&rows);
    let (Some(per), Some(fullest)) = (per, rows.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))) else {
        let diag = Diag::error("bad-data", "a series needs moments that are apart");
        let (number, text) = first.unwrap_or_default();
        return Err(at_line(diag, &reading.file, number, &text));
    };
    let span = rows.last().map_or(0.0, |r| r.0) - rows.first().map_or(0.0, |r| r.0);
    let places = libm::round(span / per) as u64 + 1;
    let buckets = rows.len() as u64;
    Ok(Series {
        path: path.to_owned(),
        per,
        buckets,
        gaps: places.saturating_sub(buckets),
        total: rows.iter().map(|r| r.1).sum(),
        fullest: (fullest.2.clone(), fullest.1 / per),
    })
}

/// The most frequent distance between neighbours (s), of equally frequent ones the least.
fn usual(rows: &[(f64, f64, String)]) -> Option<f64> {
    let mut distances: Vec<f64> = rows.windows(2).map(|w| w[1].0 - w[0].0).filter(|d| *d > 0.0).collect();
    distances.sort_by(f64::total_cmp);
    let mut best: Option<(usize, f64)> = None;
    for same in distances.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
        if best.is_none_or(|(n, _)| same.len() > n) {
            best = Some((same.len(), same[0]));
        }
    }
    best.map(|(_, distance)| distance)
}
