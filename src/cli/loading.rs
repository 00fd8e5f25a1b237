//! From what was typed to a scenario, with everything told that is to be said about it.

use std::path::Path;

use super::Failure;
use super::args::ScenarioArgs;
use super::ui::Ui;
use crate::scenario::{self, Diag, Loaded, Request};

/// What to load.
pub(super) fn request<'a>(file: &'a Path, args: &'a ScenarioArgs) -> Request<'a> {
    Request {
        path: file,
        beside: &[],
        set: &args.set,
        rate: args.rate.as_deref(),
        service_time: args.service_time.as_deref(),
        workload: args.workload.as_deref(),
        preset: args.preset.as_deref(),
        seed: args.seed,
    }
}

/// Loads a scenario or a manifest, and tells what there is to say about it.
pub(super) fn load(file: &Path, args: &ScenarioArgs, ui: Ui) -> Result<Loaded, Failure> {
    let loaded = scenario::load(&request(file, args)).map_err(|findings| told(&findings, ui))?;
    warn(&loaded, ui);
    Ok(loaded)
}

/// Tells all findings, the last thing that is done about them.
pub(super) fn told(findings: &[Diag], ui: Ui) -> Failure {
    let texts: Vec<String> = findings.iter().map(|d| d.render(ui.colors())).collect();
    ui.diagnostic(&texts.join("\n\n"));
    Failure::Told
}

/// Tells what the reader of a forecast should know.
pub(super) fn warn(loaded: &Loaded, ui: Ui) {
    for warning in &loaded.warnings {
        ui.remark(&format!("{}\n", warning.render(ui.colors())));
    }
}
