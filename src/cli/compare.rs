//! `dryroll compare`: policies against a baseline.

use std::path::{Path, PathBuf};

use super::args::Compare;
use super::figure::{self, Wanted};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, effort, ending, interrupt, loading, settings, table};
use crate::metrics::Meta;
use crate::metrics::summary::Summary;
use crate::report::compare::{ComparePage, FORMATS, HTML, Side, is_whole};
use crate::report::html::picture::Kept;
use crate::report::text::quoted;
use crate::report::{Settings, html};
use crate::scenario::{Draft, Layer, Loaded, Objectives, Scenario, fingerprint};
use crate::simulate;
use crate::study::measure::Measure;
use crate::study::parting::{Played, parting};
use crate::study::result::comparison::Comparison;
use crate::study::result::effort::{Decide, Effort, LEAST};
use crate::study::result::finding;
use crate::study::tally::Question;
use crate::study::versus::{Match, compare};

pub(super) fn run(args: &Compare, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    if args.effort.until_decided && args.work.replications.is_some() {
        let why = "a comparison has no verdict that a number of replications could be cut short for";
        return Err(Failure::Usage(format!("--until-decided cannot be used with --replications: {why}")));
    }
    let (drawing, measured) = asked(args)?;
    if drawing.is_none() {
        ending::check(path, args.format.as_deref(), &ending::all(&FORMATS))?;
    }
    let (names, policies, settings) = policies(args, ui)?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let beside = args.page.report.as_deref();
    let drawn =
        beside.map(|path| Output::open(Some(path)).map_err(|e| table::cannot_write(Some(path), &e))).transpose()?;
    warn_of_other_traffic(&names, &policies, ui);
    let seed = policies[0].scenario.seed;
    let until_told = args.work.replications.is_none() && (args.effort.check || args.effort.until_decided);
    let question = |i: usize, p: &Loaded| question(args, until_told, p.objectives.as_ref().filter(|_| i > 0));
    let meta = |p: &Loaded| Meta { seed, ..settings::meta(&p.scenario, &p.assumptions) };
    let asked: Vec<(Question, Meta)> = policies.iter().enumerate().map(|(i, p)| (question(i, p), meta(p))).collect();
    let proxied = policies.iter().all(|p| p.scenario.rolled().balancer.layer == Layer::L7);
    let measures =
        if measured.is_empty() { Measure::usual(proxied) } else { measured.iter().map(|f| Measure::of(f)).collect() };
    let scenarios: Vec<_> = policies.into_iter().map(|p| Scenario { seed, ..p.scenario }).collect();
    let progress = ui.progress(u64::from(asked[0].0.effort.least()) * scenarios.len() as u64, "simulated");
    let played = Match::new(asked, measures, args.margin, until_told);
    let jobs = args.work.jobs.map(usize::from);
    let played = compare(played, &scenarios, jobs, interrupt::watch(), &|| progress.step())
        .map_err(|e| Failure::Failed(e.to_string()))?;
    drop(progress);
    let mut comparison = played.comparison(&names, seed);
    let verdict = match (comparison.is_worse(), comparison.is_told()) {
        (true, _) => finding::Verdict::Broken,
        (false, true) => finding::Verdict::Holds,
        (false, false) => finding::Verdict::Undecided,
    };
    let verdict = verdict.max(comparison.objectives().unwrap_or(verdict));
    let status = effort::status(Some(verdict).filter(|_| args.effort.check), args.effort.allow_undecided);
    let format = table::format(&FORMATS, args.format.as_deref(), path, "table");
    let pictured = drawing.is_some() || drawn.is_some() || format.name == HTML.name;
    if is_whole(format) || pictured {
        comparison.results = played.results();
        part(&mut comparison, &scenarios, seed);
    }
    let page = ComparePage { comparison, sides: if pictured { sides(settings, &scenarios, seed) } else { Vec::new() } };
    match drawing {
        Some(w) => figure::write(|out| html::figure::compare(&page, &w.name, w.kept, out), output, path, ui)?,
        None => table::write(format, &page, output, path, ui)?,
    }
    // Behind the result, which a page that cannot be written does not take along.
    if let Some(drawn) = drawn {
        table::write(&HTML, &page, drawn, beside, ui)?;
    }
    Ok(status)
}

/// What `--figure` asks for: one to be drawn, and those that are compared.
fn asked(args: &Compare) -> Result<(Option<Wanted>, Vec<&str>), Failure> {
    let pictures = html::figure::of_compare();
    let picture_file =
        args.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str()).and_then(Kept::by_ending);
    // What is measured under the same name is meant where no picture can be.
    let measured = Summary::column_names();
    let is_drawn = |f: &&str| pictures.contains(f) && (picture_file.is_some() || !measured.iter().any(|m| m == f));
    let (drawn, measured): (Vec<&str>, Vec<&str>) = args.figure.iter().map(String::as_str).partition(is_drawn);
    if drawn.len() > 1 || (!drawn.is_empty() && args.format.is_some()) {
        let hint = "draw one at a time, without --format";
        return Err(Failure::Usage(format!("`{}` cannot be drawn beside another result\n\nhint: {hint}", drawn[0])));
    }
    Ok((figure::wanted(drawn.first().copied(), args.output.as_deref(), &pictures)?, measured))
}

/// Says of each policy where its first deploy parts from the baseline's.
fn part(comparison: &mut Comparison, scenarios: &[Scenario], seed: u64) {
    let results = &comparison.results;
    let side = |i: usize| Played { scenario: &scenarios[i], pods: &results[i].pods };
    for (i, policy) in comparison.policies.iter_mut().enumerate() {
        policy.parting = parting(side(0), side(i + 1), seed);
    }
}

/// What the page says of each policy; the picture is of its first replication, played once more.
fn sides(settings: Vec<Settings>, scenarios: &[Scenario], seed: u64) -> Vec<Side> {
    let side = |(settings, scenario)| Side { settings, scene: simulate::scene(scenario, seed, 0) };
    settings.into_iter().zip(scenarios).map(side).collect()
}

/// What is asked of a policy alone: replications, and with `--check` the objectives that it names.
fn question(args: &Compare, until_told: bool, objectives: Option<&Objectives>) -> Question {
    let objectives = objectives.filter(|o| args.effort.check && !o.is_empty());
    let question = effort::question(&args.effort, args.work.replications, objectives, false);
    let decide = if objectives.is_some() { Decide::Verdict } else { Decide::Nothing };
    let effort = match question.effort {
        Effort::Adaptive { most, precise, .. } => Effort::Adaptive { least: LEAST, most, precise, decide },
        fixed if until_told => unreachable!("a wish for verdicts is adaptive, not {fixed:?}"),
        fixed => fixed,
    };
    let judged = if objectives.is_some() { question.objectives } else { Vec::new() };
    Question { effort, objectives: judged, ..question }
}

/// What policies are called, what is played, and what reports say of it.
type Policies = (Vec<String>, Vec<Loaded>, Vec<Settings>);

/// The policies in their order.
fn policies(args: &Compare, ui: Ui) -> Result<Policies, Failure> {
    if let ([file], false) = (&args.files[..], args.variant.is_empty()) {
        let draft = Draft::open(&loading::request(file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
        let base = draft.read().map_err(|d| loading::told(&d, ui))?;
        loading::warn(&base, ui);
        let variants = draft.variants(&args.variant).map_err(|d| loading::told(&d, ui))?;
        let mut names = vec![base.scenario.name.clone()];
        let mut words = vec![settings::of(file, &args.scenario, args.work.replications, &base)];
        let mut policies = vec![base];
        for variant in variants {
            let policy = draft.with(&variant.assignments).map_err(|d| loading::told(&d, ui))?;
            let mut said = settings::of(file, &args.scenario, args.work.replications, &policy);
            said.options.extend(
                variant.assignments.iter().map(|a| format!("--set {}", quoted(&format!("{}={}", a.name(), a.text())))),
            );
            words.push(said);
            policies.push(policy);
            names.push(variant.name);
        }
        return Ok((distinct(names, &[]), policies, words));
    }
    if !args.variant.is_empty() {
        return Err(Failure::Usage("variants are of one file\n\nhint: name one file, or no --variant".to_owned()));
    }
    if args.files.len() < 2 {
        let hint = "name a second file, or --variant NAME:PATH=VALUE";
        return Err(Failure::Usage(format!("there is nothing to compare with\n\nhint: {hint}")));
    }
    let policies: Vec<Loaded> =
        args.files.iter().map(|file| loading::load(file, &args.scenario, ui)).collect::<Result<_, _>>()?;
    let names = policies.iter().map(|p| p.scenario.name.clone()).collect();
    let files: Vec<String> = args.files.iter().map(|f| f.display().to_string()).collect();
    let words =
        |(file, policy): (&PathBuf, &Loaded)| settings::of(file, &args.scenario, args.work.replications, policy);
    let words = args.files.iter().zip(&policies).map(words).collect();
    Ok((distinct(names, &files), policies, words))
}

/// Names that tell policies apart: those of the scenarios where they do, else their files, else with a number.
fn distinct(names: Vec<String>, files: &[String]) -> Vec<String> {
    let unique = |names: &[String]| names.iter().all(|n| names.iter().filter(|m| *m == n).count() == 1);
    if unique(&names) {
        names
    } else if unique(files) && files.len() == names.len() {
        files.to_vec()
    } else {
        names.into_iter().enumerate().map(|(n, name)| format!("{name} ({})", n + 1)).collect()
    }
}

/// Policies are compared on the same traffic; where a file has other clients, that is no longer so.
fn warn_of_other_traffic(names: &[String], policies: &[Loaded], ui: Ui) {
    let clients = |p: &Loaded| fingerprint(&p.scenario, None).into_iter().find(|s| s.0 == "clients");
    let first = clients(&policies[0]);
    for (name, _) in names.iter().zip(policies).filter(|(_, p)| clients(p) != first) {
        ui.warning(&format!("`{name}` has other clients than `{}`: it is not compared on the same traffic", names[0]));
    }
}

#[cfg(test)]
mod tests {
    use super::distinct;

    #[test]
    fn names_tell_policies_apart() {
        let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(distinct(own(&["a", "b"]), &own(&["x", "y"])), ["a", "b"]);
        assert_eq!(distinct(own(&["a", "a"]), &own(&["x", "y"])), ["x", "y"]);
        assert_eq!(distinct(own(&["a", "a"]), &[]), ["a (1)", "a (2)"]);
    }
}
