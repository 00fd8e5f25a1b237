//! `dryroll compare`: policies against a baseline.

use super::args::Compare;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, effort, exit, interrupt, loading, settings, table};
use crate::metrics::Meta;
use crate::report::compare::{ComparePage, FORMATS};
use crate::scenario::{Draft, Layer, Loaded, fingerprint};
use crate::study::measure::Measure;
use crate::study::result::effort::{Decide, Effort, LEAST};
use crate::study::tally::Question;
use crate::study::versus::{Match, compare};

pub(super) fn run(args: &Compare, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    let (names, policies) = policies(args, ui)?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    warn_of_other_traffic(&names, &policies, ui);
    let seed = policies[0].scenario.seed;
    let until_told = args.work.replications.is_none() && (args.effort.check || args.effort.until_decided);
    let question = question(args, until_told);
    let metas: Vec<(Question, Meta)> = policies
        .iter()
        .map(|p| (question.clone(), Meta { seed, ..settings::meta(&p.scenario, &p.assumptions) }))
        .collect();
    let proxied = policies.iter().all(|p| p.scenario.load_balancer.layer == Layer::L7);
    let measures = if args.figure.is_empty() {
        Measure::usual(proxied)
    } else {
        args.figure.iter().map(|f| Measure::of(f)).collect()
    };
    let scenarios: Vec<_> = policies.into_iter().map(|p| crate::scenario::Scenario { seed, ..p.scenario }).collect();
    let progress = ui.progress(u64::from(question.effort.least()) * scenarios.len() as u64, "simulated");
    let played = Match::new(metas, measures, args.margin, until_told);
    let jobs = args.work.jobs.map(usize::from);
    let played = compare(played, &scenarios, jobs, interrupt::watch(), &|| progress.step())
        .map_err(|e| Failure::Failed(e.to_string()))?;
    drop(progress);
    let comparison = played.comparison(&names, seed);
    let status = match (args.effort.check, comparison.is_worse(), comparison.is_told()) {
        (false, ..) | (true, false, true) => exit::OK,
        (true, true, _) => exit::BROKEN,
        (true, false, false) if args.effort.allow_undecided => exit::OK,
        (true, false, false) => exit::UNDECIDED,
    };
    let format = table::format(&FORMATS, args.format.as_deref(), path, "table");
    table::write(format, &ComparePage { comparison }, output, path, ui)?;
    Ok(status)
}

/// What is asked of each policy alone: replications, and no objective.
fn question(args: &Compare, until_told: bool) -> Question {
    let question = effort::question(&args.effort, args.work.replications, None, false);
    let effort = match question.effort {
        Effort::Adaptive { most, precise, .. } => {
            Effort::Adaptive { least: LEAST, most, precise, decide: Decide::Nothing }
        }
        Effort::Fixed(_) if until_told => unreachable!("a wish for verdicts is adaptive"),
        fixed @ Effort::Fixed(_) => fixed,
    };
    Question { effort, objectives: Vec::new(), ..question }
}

/// The policies in their order, and what they are called.
fn policies(args: &Compare, ui: Ui) -> Result<(Vec<String>, Vec<Loaded>), Failure> {
    if let ([file], false) = (&args.files[..], args.variant.is_empty()) {
        let draft = Draft::open(&loading::request(file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
        let base = draft.read().map_err(|d| loading::told(&d, ui))?;
        loading::warn(&base, ui);
        let variants = draft.variants(&args.variant).map_err(|d| loading::told(&d, ui))?;
        let mut names = vec![base.scenario.name.clone()];
        let mut policies = vec![base];
        for variant in variants {
            policies.push(draft.with(&variant.assignments).map_err(|d| loading::told(&d, ui))?);
            names.push(variant.name);
        }
        return Ok((distinct(names, &[]), policies));
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
    Ok((distinct(names, &files), policies))
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
