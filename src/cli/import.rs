//! `dryroll import`: the scenario that a manifest implies, every field spelled out.

use std::fmt::Write as _;
use std::path::Path;

use super::args::Import;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, loading, settings, table};
use crate::report::text::quoted_file;
use crate::scenario::diag::printable;
use crate::scenario::{Draft, Request};

pub(super) fn run(args: &Import, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    ending::check_only(path, ending::YAML)?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    // At least one is required.
    let Some((first, beside)) = args.manifests.split_first() else { return Err(Failure::Told) };
    let request = Request { beside, ..loading::request(first, &args.scenario) };
    let draft = Draft::open(&request).map_err(|findings| loading::told(&findings, ui))?;
    let loaded = draft.read().map_err(|findings| loading::told(&findings, ui))?;
    loading::warn(&loaded, ui);
    let folder = path.unwrap_or(first).parent().unwrap_or(Path::new(""));
    let spelled = draft.spelled_out(&loaded, folder);
    let spelled = spelled.map_err(|why| Failure::Usage(format!("this cannot be written as a scenario: {why}")))?;
    let text = header(args) + &spelled;
    table::finish(text.as_bytes(), output, path, ui)?;
    Ok(exit::OK)
}

/// What was typed, and what stands behind the values.
fn header(args: &Import) -> String {
    let mut command = String::from("dryroll import");
    for manifest in &args.manifests {
        let _ = write!(command, " {}", quoted_file(manifest));
    }
    for option in settings::options(&args.scenario, None) {
        let _ = write!(command, " {option}");
    }
    format!(
        "# {}\n# Every field that the forecast depends on, with where it is from: a line of the manifest, an option, a preset,\n\
         # something assumed, or a default. Measure first what is assumed.\n",
        printable(&command).replace('\n', "\\n")
    )
}
