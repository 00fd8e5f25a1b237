//! `dryroll schema`: the scenario format, for editors and other programs.

use super::args::Schema;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, table};
use crate::scenario::json_schema;

pub(super) fn run(args: &Schema, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    ending::check_only(path, ending::JSON)?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    table::finish(json_schema().as_bytes(), output, path, ui)?;
    Ok(exit::OK)
}
