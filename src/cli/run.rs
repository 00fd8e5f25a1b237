//! `dryroll run`: one deploy, forecast.

use std::io;
use std::path::Path;

use super::args::{OutputArgs, Run};
use super::figure::{self, Wanted};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, effort, ending, exit, interrupt, loading, settings, table};
use crate::explain::{Explanation, Tracer, Which};
use crate::metrics::Results;
use crate::metrics::scene::Scene;
use crate::report::html::{self, Html, Story};
use crate::report::{self, Page, Report, finding};
use crate::scenario::{Loaded, Scenario};
use crate::simulate;
use crate::study::forecast::forecast;
use crate::study::result::finding::Finding;
use crate::study::standing::Standing;
use crate::study::tally::{Keep, Tally};

pub(super) fn run(args: &Run, ui: Ui) -> Result<u8, Failure> {
    if let Some(n) = args.worst {
        return super::worst::run(args, n, ui);
    }
    let report = report(&args.output);
    let wanted = figure::wanted(args.drawn.figure.as_deref(), args.output.output.as_deref(), &html::figure::of_run())?;
    if wanted.is_none() {
        let endings: Vec<&str> = report::ALL.iter().flat_map(|r| r.endings()).copied().collect();
        ending::check(args.output.output.as_deref(), args.output.format.as_deref(), &endings)?;
    }
    let loaded = loading::load(&args.file, &args.scenario, ui)?;
    // Opened before the work, so that a mistyped folder costs no simulation.
    let path = args.output.output.as_deref();
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let beside = args.page.report.as_deref();
    let drawn =
        beside.map(|path| Output::open(Some(path)).map_err(|e| table::cannot_write(Some(path), &e))).transpose()?;
    let tally = tally(args, &loaded, ui)?;
    let results = Results::of(tally.meta(), tally.replications(), tally.looks());
    let mut settings = settings::of(&args.file, &args.scenario, args.work.replications, &loaded);
    settings.options.extend(effort::options(&args.effort));
    let held = tally.standings().iter().filter(|_| args.effort.check);
    let findings: Vec<Finding> = held.map(Standing::finding).collect();
    // The picture is of the first replication, played once more.
    let watched = (drawn.is_some() || wanted.is_some() || report.draws()).then(|| watch(&loaded.scenario, &results));
    let (scene, explanation) = watched.unzip();
    let page = Page {
        results: &results,
        settings: &settings,
        scene: scene.as_ref(),
        explanation: explanation.as_ref(),
        findings: &findings,
        all_assumptions: args.output.assumptions,
    };
    // A picture has no place for them.
    let untold = wanted.is_some() || report.name() == Html.name();
    match wanted {
        Some(Wanted { name, kept }) => {
            let (scene, explanation) = (scene.as_ref(), explanation.as_ref());
            let story = Story { results: &results, settings: Some(&settings), scene, explanation };
            figure::write(|out| html::figure::run(&story, &name, kept, out), output, path, ui)?;
        }
        None => print(report, &page, output, path, ui)?,
    }
    // Behind the result, which a page that cannot be written does not take along.
    if let Some(drawn) = drawn {
        print(&Html, &page, drawn, beside, ui)?;
    }
    if !args.effort.check {
        return Ok(exit::OK);
    }
    for finding in findings.iter().filter(|_| untold) {
        ui.diagnostic(&finding::sentence(finding));
    }
    Ok(effort::status(tally.verdict(), args.effort.allow_undecided))
}

/// The first replication once more, for a picture of it and for the stories of what it dropped.
fn watch(scenario: &Scenario, results: &Results) -> (Scene, Explanation) {
    let both = (Scene::new(scenario), Tracer::new(None).since(scenario.measured_from()));
    let (scene, tracer) = simulate::watched(scenario, scenario.seed, 0, both);
    (scene, Explanation::of(scenario, &tracer.finish(), &results.pods, Which::default()))
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
    let meta = settings::meta_of(loaded);
    let jobs = args.work.jobs.map(usize::from);
    forecast(scenario, meta, &question, Keep::All, jobs, interrupt::watch(), &|| progress.step())
        .map_err(|e| Failure::Failed(e.to_string()))
}

fn print(report: &dyn Report, page: &Page<'_>, output: Output, path: Option<&Path>, ui: Ui) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let failed = |e: io::Error| table::cannot_write(path, &e);
    report::on_screen(output.columns(), || report.write(page, &mut bytes)).map_err(failed)?;
    if output.is_file() {
        bytes = table::without_colours(bytes);
    }
    table::finish(&bytes, output, path, ui)
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
        assert_eq!(format("dryroll run a.yaml -o out.html"), "html");
        assert_eq!(format("dryroll run a.yaml -o out"), "table");
    }
}
