//! The whole sweep, for programs; and the way back, for who has kept it.

use std::collections::BTreeMap;
use std::io;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::SweepPage;
use crate::metrics::Simulated;
use crate::metrics::summary::Summary;
use crate::report::Format;
use crate::study::result::effort::{Effort, Stopped};
use crate::study::result::finding::{Finding, Verdict};
use crate::study::result::header::{AxisHead, Header, Shard};
use crate::study::result::row::{Deploys, Row};
use crate::study::result::table::Table;

/// `--format json`: schema `dryroll.sweep/1`; one line.
pub(super) const FORMAT: Format<SweepPage> = Format { name: "json", endings: &["json"], write };

/// The name and version of the format.
pub const SCHEMA: &str = "dryroll.sweep/1";

fn write(page: &SweepPage, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Sweep(page))?;
    writeln!(out)
}

struct Sweep<'a>(&'a SweepPage);

impl Serialize for Sweep<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let header = &self.0.table.header;
        let names: Vec<&str> = header.columns().collect();
        let rows: Vec<Point<'_>> = self.0.table.rows.iter().map(|row| Point { names: &names, row }).collect();
        let mut s = serializer.serialize_struct("Sweep", 9)?;
        s.serialize_field("schema", SCHEMA)?;
        s.serialize_field("scenario", &header.scenario)?;
        s.serialize_field("version", &header.version)?;
        s.serialize_field("seed", &header.seed)?;
        s.serialize_field("axes", &header.axes)?;
        s.serialize_field("sample", &header.sample)?;
        s.serialize_field("share", &header.demand[0])?;
        s.serialize_field("confidence", &header.demand[1])?;
        s.serialize_field("rows", &rows)?;
        s.end()
    }
}

/// A row under the names of what it varies.
struct Point<'a> {
    names: &'a [&'a str],
    row: &'a Row,
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        let mut s = serializer.serialize_struct("Row", 12)?;
        s.serialize_field("row", &row.row)?;
        s.serialize_field("values", &Values(self.names, &row.values))?;
        s.serialize_field("replications", &row.replications)?;
        s.serialize_field("stopped", &row.stopped)?;
        s.serialize_field("verdict", &row.verdict)?;
        s.serialize_field("objectives", &row.objectives)?;
        s.serialize_field("digest", &row.digest)?;
        s.serialize_field("simulated", &row.simulated)?;
        s.serialize_field("summary", &row.summary)?;
        if row.deploys.is_empty() {
            s.skip_field("deploys")?;
        } else {
            s.serialize_field("deploys", &row.deploys)?;
        }
        if row.each.is_empty() {
            s.skip_field("each")?;
        } else {
            s.serialize_field("each", &row.each)?;
        }
        s.serialize_field("error", &row.error)?;
        s.end()
    }
}

struct Values<'a>(&'a [&'a str], &'a [String]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

/// What was written, as far as reports need it: of the header, what JSON does not keep is empty.
///
/// # Errors
/// Where `text` is no such JSON.
pub fn read(text: &str) -> serde_json::Result<Table> {
    let kept: Kept = serde_json::from_str(text)?;
    let names: Vec<String> = kept.axes.iter().flat_map(|a| a.names.iter().cloned()).collect();
    let replications = kept.rows.iter().map(|r| r.replications);
    let (least, most) = (replications.clone().filter(|&r| r > 0).min(), replications.max());
    let effort = match (least, most) {
        (Some(least), Some(most)) if least != most => {
            let decide = crate::study::result::effort::Decide::Nothing;
            Effort::Adaptive { least, most, precise: Vec::new(), decide }
        }
        _ => Effort::Fixed(most.unwrap_or(0)),
    };
    let judged = kept.rows.iter().find(|r| !r.objectives.is_empty());
    let objectives =
        judged.map_or_else(Vec::new, |r| r.objectives.iter().map(|f| (f.objective.clone(), f.limit.clone())).collect());
    Ok(Table {
        header: Header {
            schema: SCHEMA.to_owned(),
            version: kept.version,
            scenario: kept.scenario,
            seed: kept.seed,
            sections: Vec::new(),
            axes: kept.axes,
            design: String::new(),
            sample: kept.sample,
            rows: kept.rows.len() as u64,
            effort,
            objectives,
            demand: [kept.share, kept.confidence],
            each: false,
            command: String::new(),
            shard: Shard::WHOLE,
        },
        rows: kept.rows.into_iter().map(|r| r.row(&names)).collect(),
    })
}

#[derive(Deserialize)]
struct Kept {
    scenario: String,
    version: String,
    seed: u64,
    axes: Vec<AxisHead>,
    sample: Option<u64>,
    share: f64,
    confidence: f64,
    rows: Vec<KeptRow>,
}

#[derive(Deserialize)]
struct KeptRow {
    row: u64,
    values: BTreeMap<String, String>,
    replications: u32,
    stopped: Stopped,
    verdict: Option<Verdict>,
    objectives: Vec<Finding>,
    digest: String,
    simulated: Simulated,
    summary: Option<Summary>,
    #[serde(default)]
    deploys: Deploys,
    #[serde(default)]
    each: Vec<Summary>,
    error: Option<String>,
}

impl KeptRow {
    fn row(self, names: &[String]) -> Row {
        let mut row = Row {
            row: self.row,
            values: names.iter().map(|n| self.values.get(n).cloned().unwrap_or_default()).collect(),
            replications: self.replications,
            stopped: self.stopped,
            verdict: self.verdict,
            objectives: self.objectives,
            digest: self.digest,
            simulated: self.simulated,
            summary: self.summary,
            deploys: self.deploys,
            each: self.each,
            error: self.error,
        };
        if row.deploys.is_empty() {
            let each = std::mem::take(&mut row.each);
            for deploy in &each {
                row.keep(deploy);
            }
            row.each = each;
        }
        row
    }
}
