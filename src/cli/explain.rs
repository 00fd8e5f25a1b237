//! `dryroll explain`: one simulated deploy, listened to.

use super::args::Explain;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, interrupt, lint, loading, settings, table};
use crate::explain::{Explanation, Tracer, Which};
use crate::fleet::fact::Cause;
use crate::metrics::summary::Looks;
use crate::metrics::{self, Results};
use crate::report::explain::{ExplainPage, FORMATS};
use crate::scenario::{Draft, Loaded, Scenario};
use crate::simulate;
use crate::study::recommend::{Space, Told, Work, counterfactuals};
use crate::study::result::counterfactual::Counterfactuals;

pub(super) fn run(args: &Explain, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    let rule = args.file.to_str().and_then(crate::lint::rule).filter(|_| !args.file.exists());
    if rule.is_none() {
        ending::check(path, args.format.as_deref(), &ending::all(&FORMATS))?;
    }
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    if let Some(rule) = rule {
        return lint::explain(rule, output, path, ui);
    }
    if args.counterfactual {
        interrupt::watch();
    } else {
        interrupt::end_at_once(ui);
    }
    let draft = Draft::open(&loading::request(&args.file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
    let loaded = draft.read().map_err(|d| loading::told(&d, ui))?;
    loading::warn(&loaded, ui);
    let explanation = explain(args, &loaded.scenario, &settings::meta(&loaded.scenario, &loaded.assumptions))?;
    let counterfactuals = args.counterfactual.then(|| relax(args, &draft, &loaded, ui)).transpose()?;
    let page = ExplainPage { explanation, counterfactuals, all_pods: args.all_pods };
    let format = table::format(&FORMATS, args.format.as_deref(), path, "table");
    let interrupted = page.counterfactuals.as_ref().is_some_and(|c| c.interrupted);
    table::write(format, &page, output, path, ui)?;
    if interrupted {
        ui.error("interrupted: not all settings were looked at");
        return Ok(exit::FAILED);
    }
    Ok(exit::OK)
}

/// The same deploys with one setting otherwise.
fn relax(args: &Explain, draft: &Draft, loaded: &Loaded, ui: Ui) -> Result<Counterfactuals, Failure> {
    let scenario = &loaded.scenario;
    let space = Space::relaxed(draft, scenario, &args.vary).map_err(|d| loading::told(&d, ui))?;
    let progress = ui.progress(0, "simulated");
    let tell = |told: Told| match told {
        Told::Wanted(n) => progress.spare(-i64::from(n)),
        Told::Done => progress.step(),
    };
    let work = Work { jobs: args.jobs.map(usize::from), cancel: interrupt::watch(), tell: &tell };
    let meta = settings::meta(scenario, &loaded.assumptions);
    counterfactuals(draft, scenario, &space, cause(args), args.deploys, &meta, work)
        .map_err(|e| Failure::Failed(e.to_string()))
}

/// The one cause that is asked for.
fn cause(args: &Explain) -> Option<Cause> {
    args.cause.as_deref().and_then(|name| Cause::ALL.into_iter().find(|c| c.name() == name))
}

fn explain(args: &Explain, scenario: &Scenario, meta: &metrics::Meta) -> Result<Explanation, Failure> {
    let request = args.request.as_deref().map(|id| identity(id, scenario)).transpose()?;
    let tracer = Tracer::new(request).since(scenario.measured_from());
    let (replication, tracer) = simulate::traced(scenario, scenario.seed, args.replication - 1, tracer);
    if let Some(why) = &replication.stood_still {
        return Err(Failure::Failed(format!("the simulation was given up: {why}")));
    }
    let digest = metrics::digest_of(std::slice::from_ref(&replication));
    let results = Results::of(meta, &[replication], Looks::Once);
    let cause = cause(args);
    if let Some(pod) = args.pod.as_deref().filter(|pod| results.pods.iter().all(|p| p.name != *pod)) {
        let near = crate::scenario::diag::nearest(pod, results.pods.iter().map(|p| p.name.as_str()));
        let first =
            || results.pods.first().map_or_else(String::new, |p| format!(": they are called `{}` and so on", p.name));
        let hint = near.map_or_else(first, |n| format!(": did you mean `{n}`?"));
        return Err(Failure::Usage(format!("there is no pod `{pod}`{hint}")));
    }
    let which = Which { cause, pod: args.pod.as_deref(), request };
    let explanation = Explanation::of(scenario, &tracer.finish(), &results.pods, which);
    if let (Some(id), None) = (&args.request, &explanation.request) {
        return Err(Failure::Usage(format!("no request `{id}` ended in this deploy")));
    }
    Ok(Explanation { replication: args.replication, digest, ..explanation })
}

/// The request that `web:18204` names, or `18204` where there is one population.
fn identity(id: &str, scenario: &Scenario) -> Result<u64, Failure> {
    let names = || scenario.clients.iter().map(|c| c.name.as_str());
    let wrong = || {
        let first = names().next().unwrap_or("web");
        Failure::Usage(format!("expected a request such as {first}:18204, and got `{id}`"))
    };
    let (name, ordinal) = match id.rsplit_once(':') {
        Some((name, ordinal)) => (Some(name), ordinal),
        None => (None, id),
    };
    let ordinal: u64 = ordinal.replace(',', "").parse().ok().filter(|n| *n < Scenario::ORDINALS).ok_or_else(wrong)?;
    let population = match name {
        None if scenario.clients.len() == 1 => 0,
        None => return Err(wrong()),
        Some(name) => names().position(|n| n == name).ok_or_else(|| {
            let known: Vec<&str> = names().collect();
            Failure::Usage(format!("no population is called `{name}`: there is {}", known.join(", ")))
        })?,
    };
    Ok(Scenario::request_identity(population, ordinal))
}
