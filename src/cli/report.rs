//! `dryroll report`: the page of a result that was kept.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;

use super::args::Report;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, exit, table};
use crate::metrics::{Results, results};
use crate::report::compare::{self, ComparePage};
use crate::report::html::{self, Story};
use crate::report::sweep;
use crate::study::result::comparison;

pub(super) fn run(args: &Report, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    let text = read(&args.result)?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let mut bytes = Vec::new();
    page(&text, &args.result.display().to_string(), &mut bytes)?;
    table::finish(&bytes, output, path, ui)?;
    Ok(exit::OK)
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().read_to_string(&mut text).map(drop)
    } else {
        fs::read_to_string(path).map(|t| text = t)
    };
    read.map_err(|e| Failure::Usage(format!("cannot read `{}`: {e}", path.display())))?;
    Ok(text)
}

/// Writes the page of whatever result `text` is.
fn page(text: &str, name: &str, out: &mut Vec<u8>) -> Result<(), Failure> {
    /// All that a result of any kind is sure to have.
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    const HINT: &str = "a result is what `run`, `sweep` and `compare` write with `--format json`";
    let no_result = |e: serde_json::Error| Failure::Usage(format!("`{name}` is no result: {e}\n\nhint: {HINT}"));
    let failed = |e: io::Error| Failure::Failed(format!("cannot make the page: {e}"));
    let head: Head = serde_json::from_str(text).map_err(no_result)?;
    match head.schema.as_str() {
        results::SCHEMA => {
            let results: Results = serde_json::from_str(text).map_err(no_result)?;
            html::run(&Story { results: &results, settings: None, scene: None }, out).map_err(failed)
        }
        sweep::json::SCHEMA => {
            let table = sweep::json::read(text).map_err(no_result)?;
            let page = sweep::SweepPage { table, sort: "dropped".to_owned(), descending: false };
            (sweep::HTML.write)(&page, out).map_err(failed)
        }
        comparison::SCHEMA => {
            let comparison: comparison::Comparison = serde_json::from_str(text).map_err(no_result)?;
            (compare::HTML.write)(&ComparePage { comparison, sides: Vec::new() }, out).map_err(failed)
        }
        other => {
            Err(Failure::Usage(format!("`{name}` is of schema `{other}`, of which there is no page\n\nhint: {HINT}")))
        }
    }
}
