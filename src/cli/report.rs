//! `dryroll report`: the page of a result that was kept, or of several.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;

use super::args::Report;
use super::figure::{self, Wanted};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, table};
use crate::metrics::{Results, results};
use crate::report::compare::{self, ComparePage};
use crate::report::html::{self, Several, Story};
use crate::report::sweep::{self, SweepPage};
use crate::study::result::comparison;

pub(super) fn run(args: &Report, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    let kept = match &args.results[..] {
        [one] => Kept::read(&read(one)?, &one.display().to_string())?,
        several => Kept::Several(several.iter().map(|path| of_run(path)).collect::<Result<_, _>>()?),
    };
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let wanted = figure::wanted(args.figure.as_deref(), path, &kept.figures())?;
    if wanted.is_none() {
        ending::check_only(path, ending::PAGE)?;
    }
    figure::write(|out| kept.write(wanted.as_ref(), out), output, path, ui)?;
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

/// One of several results, each with its file's name.
fn of_run(path: &Path) -> Result<(String, Results), Failure> {
    let name = path.display().to_string();
    match Kept::read(&read(path)?, &name)? {
        Kept::Run(results) => Ok((name, *results)),
        Kept::Sweep(_) | Kept::Compare(_) | Kept::Several(_) => Err(Failure::Usage(format!(
            "`{name}` is no result of `run`: of several results on one page each must be\n\nhint: the page of a sweep or of a \
             comparison is its own: `dryroll report {name}`"
        ))),
    }
}

/// A result of any kind.
enum Kept {
    Run(Box<Results>),
    /// Each with its file's name.
    Several(Vec<(String, Results)>),
    Sweep(SweepPage),
    Compare(ComparePage),
}

impl Kept {
    fn read(text: &str, name: &str) -> Result<Self, Failure> {
        /// All that a result of any kind is sure to have.
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        const HINT: &str = "a result is what `run`, `sweep` and `compare` write with `--format json`";
        let no_result = |e: serde_json::Error| Failure::Usage(format!("`{name}` is no result: {e}\n\nhint: {HINT}"));
        let head: Head = serde_json::from_str(text).map_err(no_result)?;
        match head.schema.as_str() {
            results::SCHEMA => Ok(Self::Run(serde_json::from_str(text).map_err(no_result)?)),
            sweep::json::SCHEMA => {
                let table = sweep::json::read(text).map_err(no_result)?;
                Ok(Self::Sweep(SweepPage { table, sort: "dropped".to_owned(), descending: false }))
            }
            comparison::SCHEMA => {
                let comparison = serde_json::from_str(text).map_err(no_result)?;
                Ok(Self::Compare(ComparePage { comparison, sides: Vec::new() }))
            }
            other => Err(Failure::Usage(format!(
                "`{name}` is of schema `{other}`, of which there is no page\n\nhint: {HINT}"
            ))),
        }
    }

    /// The figures that it has.
    fn figures(&self) -> Vec<&'static str> {
        match self {
            Self::Run(_) | Self::Several(_) => html::figure::of_run(),
            Self::Sweep(_) => html::figure::of_sweep(),
            Self::Compare(_) => html::figure::of_compare(),
        }
    }

    /// Writes its page, or one figure of it.
    fn write(&self, wanted: Option<&Wanted>, out: &mut dyn io::Write) -> io::Result<()> {
        match (self, wanted) {
            (Self::Run(results), None) => html::run(&story(results), out),
            (Self::Several(results), None) => html::several(&Several::new(results), out),
            (Self::Sweep(page), None) => (sweep::HTML.write)(page, out),
            (Self::Compare(page), None) => (compare::HTML.write)(page, out),
            (Self::Run(results), Some(w)) => html::figure::run(&story(results), &w.name, w.kept, out),
            (Self::Several(results), Some(w)) => html::figure::several(&Several::new(results), &w.name, w.kept, out),
            (Self::Sweep(page), Some(w)) => html::figure::sweep(page, &w.name, w.kept, out),
            (Self::Compare(page), Some(w)) => html::figure::compare(page, &w.name, w.kept, out),
        }
    }
}

const fn story(results: &Results) -> Story<'_> {
    Story { results, settings: None, scene: None, explanation: None }
}
