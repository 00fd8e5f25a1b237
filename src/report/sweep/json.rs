//! The whole sweep, for programs.

use std::io;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::SweepPage;
use crate::report::Format;
use crate::study::result::row::Row;

/// `--format json`: schema `dryroll.sweep/1`; one line.
pub(super) const FORMAT: Format<SweepPage> = Format { name: "json", endings: &["json"], write };

const SCHEMA: &str = "dryroll.sweep/1";

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
        let mut s = serializer.serialize_struct("Row", 11)?;
        s.serialize_field("row", &row.row)?;
        s.serialize_field("values", &Values(self.names, &row.values))?;
        s.serialize_field("replications", &row.replications)?;
        s.serialize_field("stopped", &row.stopped)?;
        s.serialize_field("verdict", &row.verdict)?;
        s.serialize_field("objectives", &row.objectives)?;
        s.serialize_field("digest", &row.digest)?;
        s.serialize_field("simulated", &row.simulated)?;
        s.serialize_field("summary", &row.summary)?;
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
