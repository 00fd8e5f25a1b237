//! `dryroll run --worst N`: the worst rollout that a search over seeds and uncertain inputs finds.

use super::args::Run;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, interrupt, loading, settings, table};
use crate::report::worst::{FORMATS, WorstPage};
use crate::scenario::Draft;
use crate::study::worst::Hunt;

pub(super) fn run(args: &Run, n: u32, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.output.as_deref();
    ending::check(path, args.output.format.as_deref(), &ending::all(&FORMATS))?;
    if let Some(name) = args.output.format.as_deref().filter(|name| FORMATS.iter().all(|f| f.name != *name)) {
        return Err(Failure::Usage(format!("--worst cannot be written as {name}\n\nhint: --format table or json")));
    }
    let draft = Draft::open(&loading::request(&args.file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
    let loaded = draft.read().map_err(|d| loading::told(&d, ui))?;
    loading::warn(&loaded, ui);
    let axes = draft.uncertain(&args.uncertain).map_err(|d| loading::told(&d, ui))?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let meta = settings::meta(&loaded.scenario, &loaded.assumptions);
    let jobs = args.work.jobs.map(usize::from);
    let hunt = Hunt::new(&draft, axes, loaded.scenario.seed, n, &meta, jobs, interrupt::watch());
    let hunt = hunt.map_err(|d| loading::told(&d, ui))?;
    let progress = ui.progress(u64::from(n), "simulated");
    let worst = hunt.hunt(&|| progress.step()).map_err(|e| Failure::Failed(e.to_string()))?;
    drop(progress);
    let mut settings = settings::of(&args.file, &args.scenario, None, &loaded);
    // The seed is the worst one's; a rate that was assumed would be assumed anew from what is set.
    settings.options.retain(|o| !o.starts_with("--seed "));
    settings.options.extend(draft.assumed_rate().map(|rate| format!("--rate {rate}")));
    let format = table::format(&FORMATS, args.output.format.as_deref(), path, "table");
    table::write(format, &WorstPage { worst, settings }, output, path, ui)?;
    Ok(exit::OK)
}
