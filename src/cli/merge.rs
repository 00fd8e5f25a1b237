//! `dryroll merge`: the parts of a sweep, joined to the bytes of the whole.

use super::args::Merge;
use super::output::Output;
use super::sweep::with_failed;
use super::ui::Ui;
use super::{Failure, ending, exit, table};
use crate::report::sweep::{FORMATS, SweepPage};
use crate::study::parts;
use crate::study::result::table::Table;

pub(super) fn run(args: &Merge, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    ending::check(path, args.format.as_deref(), &ending::all(&FORMATS))?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let (header, rows) = parts::merge(&args.parts).map_err(|refusals| Failure::Usage(refusals.join("\n")))?;
    let failed = rows.iter().filter(|r| r.error.is_some()).count();
    let (sort, descending) = table::sorting(&args.sort);
    let page = SweepPage { table: Table { header, rows }, sort, descending };
    let format = table::format(&FORMATS, args.format.as_deref(), path, "csv");
    table::write(format, &page, output, path, ui)?;
    Ok(with_failed(failed, args.allow_failed, ui).unwrap_or(exit::OK))
}
