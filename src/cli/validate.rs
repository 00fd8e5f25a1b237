//! `dryroll validate`: what was measured, forecast.

use std::fs;
use std::io;
use std::path::Path;

use super::args::Validate;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, interrupt, table};
use crate::metrics::validation::Validation;
use crate::report::validation::{self, Form};
use crate::scenario::diag::nearest;
use crate::study::validate::{Case, CaseError, judge_all, shipped};

pub(super) fn run(args: &Validate, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    let cannot_write = |e: io::Error| table::cannot_write(path, &e);
    if args.as_scenario.is_some() {
        ending::check_only(path, ending::YAML)?;
    } else {
        ending::check(path, args.format.as_deref(), &["txt", "json", "csv", "md", "markdown"])?;
    }
    let cases = chosen(args, corpus(args.corpus.as_deref(), ui)?, ui)?;
    let output = Output::open(args.output.as_deref()).map_err(cannot_write)?;
    interrupt::end_at_once(ui);
    let bytes = if let Some(name) = &args.as_scenario {
        let Some(scenario) = cases.iter().find_map(Case::as_scenario) else {
            ui.error(&format!("`{name}` is a rollout of controllers alone, which no scenario makes"));
            return Err(Failure::Told);
        };
        scenario.into_bytes()
    } else {
        let progress = ui.progress(cases.len() as u64, "cases forecast");
        let jobs = args.jobs.map(usize::from);
        let verdicts = judge_all(&cases, args.replications, jobs, &|| progress.step()).map_err(Failure::Failed)?;
        let mut bytes = Vec::new();
        validation::write(&Validation::new(verdicts), form(args), &mut bytes).map_err(cannot_write)?;
        bytes
    };
    table::finish(&bytes, output, path, ui)?;
    Ok(exit::OK)
}

/// What `--format` names, else what the output file's ending means, else the table.
fn form(args: &Validate) -> Form {
    let ending = || args.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    match args.format.as_deref().or_else(ending) {
        Some("json") => Form::Json,
        Some("csv") => Form::Csv,
        Some("markdown" | "md") => Form::Markdown,
        _ => Form::Table,
    }
}

/// Every case in a folder, by name, other files passed over; without one, those that come with the program.
fn corpus(folder: Option<&Path>, ui: Ui) -> Result<Vec<Case>, Failure> {
    let Some(folder) = folder else { return shipped::corpus().map_err(|e| Failure::Failed(e.to_string())) };
    let unreadable = |path: &Path, e: &io::Error| Failure::Failed(format!("cannot read `{}`: {e}", path.display()));
    let entries =
        fs::read_dir(folder).map_err(|e| Failure::Usage(format!("cannot read `{}`: {e}", folder.display())))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| unreadable(folder, &e))?.path();
        if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage(format!("there is no case in `{}`: cases are `.json`", folder.display())));
    }
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|e| unreadable(&path, &e))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match Case::read(&name, &text) {
            Ok(case) => cases.push(case),
            Err(CaseError::Unknown) => {
                ui.remark(&format!("`{}` is passed over: {}", path.display(), CaseError::Unknown));
            }
            Err(error) => {
                ui.error(&format!("`{}`: {error}", path.display()));
                return Err(Failure::Told);
            }
        }
    }
    Ok(cases)
}

/// Those that were named, or all.
fn chosen(args: &Validate, all: Vec<Case>, ui: Ui) -> Result<Vec<Case>, Failure> {
    let names: Vec<&String> = args.cases.iter().chain(&args.as_scenario).collect();
    for name in &names {
        if all.iter().all(|c| c.name != **name) {
            let place = args.corpus.as_deref().map_or_else(String::new, |folder| format!(" in `{}`", folder.display()));
            let near = nearest(name, all.iter().map(|c| c.name.as_str()));
            let hint = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            ui.error(&format!("there is no case `{name}`{place}{hint}"));
            return Err(Failure::Told);
        }
    }
    Ok(all.into_iter().filter(|c| names.is_empty() || names.contains(&&c.name)).collect())
}
