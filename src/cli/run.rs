//! `dryroll run`: one deploy, forecast.

use std::io;
use std::path::Path;

use super::Failure;
use super::args::{OutputArgs, Run, ScenarioArgs};
use super::output::Output;
use super::settings;
use super::ui::Ui;
use crate::metrics::Results;
use crate::report::{self, Page, Report};
use crate::scenario::{self, Loaded, Request};
use crate::simulate;
use crate::study::replicate::replicate;

pub(super) fn run(args: &Run, ui: Ui) -> Result<(), Failure> {
    let report = report(&args.output);
    let loaded = load(&args.file, &args.scenario, ui)?;
    // Opened before the work, so that a mistyped folder costs no simulation.
    let output = Output::open(args.output.output.as_deref()).map_err(|e| cannot_write(args, &e))?;
    let results = replications(args, &loaded, ui)?;
    let settings = settings::of(&args.file, &args.scenario, &loaded);
    let page = Page { results: &results, settings: &settings, all_assumptions: args.output.assumptions };
    match print(report, &page, output, ui) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|e| cannot_write(args, &e)),
    }
}

/// What `--format` names, else what the output file's ending means, else the table.
fn report(args: &OutputArgs) -> &'static dyn Report {
    let ending = || args.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    let named = args.format.as_deref().and_then(report::by_name);
    named.or_else(|| ending().and_then(report::by_ending)).unwrap_or(report::ALL[0])
}

fn load(file: &Path, args: &ScenarioArgs, ui: Ui) -> Result<Loaded, Failure> {
    // One more field that is set, before those that are named one by one.
    let preset = args.preset.iter().map(|name| format!("loadBalancer.preset={name}"));
    let set: Vec<String> = preset.chain(args.set.iter().cloned()).collect();
    let request = Request {
        path: file,
        set: &set,
        rate: args.rate.as_deref(),
        service_time: args.service_time.as_deref(),
        workload: args.workload.as_deref(),
        seed: args.seed,
    };
    let loaded = scenario::load(&request).map_err(|findings| {
        let texts: Vec<String> = findings.iter().map(|d| d.render(ui.colors())).collect();
        ui.diagnostic(&texts.join("\n\n"));
        Failure::Told
    })?;
    for warning in &loaded.warnings {
        ui.remark(&format!("{}\n", warning.render(ui.colors())));
    }
    Ok(loaded)
}

fn replications(args: &Run, loaded: &Loaded, ui: Ui) -> Result<Results, Failure> {
    let scenario = &loaded.scenario;
    let progress = ui.progress(args.work.replications);
    let run = |replication| simulate::run(scenario, scenario.seed, replication);
    let jobs = args.work.jobs.map(usize::from);
    let replications = replicate(args.work.replications, jobs, scenario.seed, run, &|| progress.step())
        .map_err(|e| Failure::Failed(e.to_string()))?;
    Ok(Results::new(&settings::meta(scenario, &loaded.assumptions), &replications))
}

fn print(report: &dyn Report, page: &Page<'_>, output: Output, ui: Ui) -> io::Result<()> {
    let mut bytes = Vec::new();
    report.write(page, &mut bytes)?;
    if output.is_file() {
        let mut plain = anstream::StripStream::new(Vec::new());
        io::Write::write_all(&mut plain, &bytes)?;
        bytes = plain.into_inner();
    }
    output.finish(&bytes, &mut ui.stdout())
}

fn cannot_write(args: &Run, error: &io::Error) -> Failure {
    let place = args.output.output.as_deref().map_or_else(|| "stdout".to_owned(), |p| format!("`{}`", p.display()));
    Failure::Failed(format!("cannot write to {place}: {error}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::args::{Cli, Command};

    fn format(line: &str) -> &'static str {
        match Cli::try_parse_from(line.split(' ')).expect("it parses").command {
            Command::Run(run) => super::report(&run.output).name(),
            other @ (Command::Validate(_) | Command::Presets(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_format_is_named_or_follows_from_the_ending() {
        assert_eq!(format("dryroll run a.yaml"), "table");
        assert_eq!(format("dryroll run a.yaml --format csv"), "csv");
        assert_eq!(format("dryroll run a.yaml -o out.json"), "json");
        assert_eq!(format("dryroll run a.yaml -o out.md"), "markdown");
        assert_eq!(format("dryroll run a.yaml -o out.json --format csv"), "csv");
        assert_eq!(format("dryroll run a.yaml -o out"), "table");
    }
}
