//! `dryroll run`: one deploy, forecast.

use std::io;
use std::path::Path;

use super::args::{OutputArgs, Run};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, effort, exit, interrupt, loading, settings};
use crate::metrics::Results;
use crate::report::{self, Page, Report, finding};
use crate::scenario::Loaded;
use crate::study::forecast::forecast;
use crate::study::tally::{Keep, Tally};

pub(super) fn run(args: &Run, ui: Ui) -> Result<u8, Failure> {
    let report = report(&args.output);
    let loaded = loading::load(&args.file, &args.scenario, ui)?;
    // Opened before the work, so that a mistyped folder costs no simulation.
    let output = Output::open(args.output.output.as_deref()).map_err(|e| cannot_write(args, &e))?;
    let tally = tally(args, &loaded, ui)?;
    let results = Results::of(tally.meta(), tally.replications(), tally.looks());
    let settings = settings::of(&args.file, &args.scenario, &loaded);
    let page = Page { results: &results, settings: &settings, all_assumptions: args.output.assumptions };
    match print(report, &page, output, ui) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.map_err(|e| cannot_write(args, &e))?,
    }
    if !args.effort.check {
        return Ok(exit::OK);
    }
    for standing in tally.standings() {
        ui.remark(&finding::sentence(&standing.finding()));
    }
    Ok(effort::status(tally.verdict(), args.effort.allow_undecided))
}

/// What `--format` names, else what the output file's ending means, else the table.
fn report(args: &OutputArgs) -> &'static dyn Report {
    let ending = || args.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    let named = args.format.as_deref().and_then(report::by_name);
    named.or_else(|| ending().and_then(report::by_ending)).unwrap_or(report::ALL[0])
}

fn tally(args: &Run, loaded: &Loaded, ui: Ui) -> Result<Tally, Failure> {
    let scenario = &loaded.scenario;
    let question = effort::question(&args.effort, args.work.replications, loaded.objectives.as_ref(), true);
    let progress = ui.progress(u64::from(question.effort.least()), "simulated");
    let meta = settings::meta(scenario, &loaded.assumptions);
    let jobs = args.work.jobs.map(usize::from);
    forecast(scenario, meta, &question, Keep::All, jobs, interrupt::watch(), &|| progress.step())
        .map_err(|e| Failure::Failed(e.to_string()))
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
            other => panic!("{other:?}"),
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
