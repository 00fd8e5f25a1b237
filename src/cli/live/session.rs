//! The forecast that a page is about: what was simulated of the settings as they stand, and of no others.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::knobs::knobs;
use crate::cli::args::{Live, ScenarioArgs};
use crate::cli::{loading, settings};
use crate::explain::{Explanation, Trace, Tracer, Which};
use crate::metrics::Results;
use crate::metrics::replication::Replication;
use crate::metrics::scene::Scene;
use crate::report::html::Story;
use crate::report::html::live::{self, Setup};
use crate::report::text::quoted_file;
use crate::scenario::{Diag, Draft, Loaded, Scenario};
use crate::simulate::{Steady, SteadyKey, Watched, steady_key};
use crate::study::replicate::replicate;

/// Replications, where nothing is said of them.
const USUAL: u32 = 10;

/// What a slider's page is told.
#[derive(Debug, Serialize)]
pub(super) struct Forecast {
    /// Replications so far, and those that there will be.
    replications: u32,
    most: u32,
    /// Those to ask for next.
    next: u32,
    digest: String,
    /// The body of the page, and what its script reads.
    body: String,
    data: String,
    /// What gives the same on a command line.
    command: String,
}

/// One page's forecast.
pub(super) struct Session {
    file: PathBuf,
    args: ScenarioArgs,
    jobs: Option<usize>,
    most: u32,
    setup: Setup,
    steady: Option<Shared>,
    played: Option<Played>,
}

/// The steady states before the deploy, which settings of the deploy have in common.
struct Shared {
    key: (u64, SteadyKey),
    first: Watched<(Scene, Tracer)>,
    rest: BTreeMap<u32, Steady>,
}

/// What was simulated under some settings.
struct Played {
    set: Vec<String>,
    scenario: String,
    replications: Vec<Replication>,
    /// Of the first replication, as in `trace`.
    scene: Scene,
    trace: Trace,
}

impl Session {
    pub(super) fn new(args: &Live, scenario: &Scenario) -> Self {
        let most = args.work.replications.unwrap_or(USUAL);
        let mut session = Self {
            file: args.file.clone(),
            args: ScenarioArgs { set: args.scenario.set.clone(), ..args.scenario.clone() },
            jobs: args.work.jobs.map(usize::from),
            most,
            setup: Setup { scenario: scenario.name.clone(), knobs: Vec::new() },
            steady: None,
            played: None,
        };
        // A setting that this file does not let set has no slider.
        let settable = |name: &str, value: &str| session.load(&[format!("{name}={value}")]).is_ok();
        session.setup.knobs = knobs(scenario).into_iter().filter(|k| settable(&k.name, &k.values[k.at])).collect();
        session
    }

    /// The page, before its first forecast.
    pub(super) fn page(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        live::page(&self.setup, &mut bytes)?;
        Ok(bytes)
    }

    /// The options with those of the sliders after them.
    fn options(&self, set: &[String]) -> ScenarioArgs {
        let mut args = self.args.clone();
        args.set.extend(set.iter().cloned());
        args
    }

    fn load(&self, set: &[String]) -> Result<(Draft, Loaded), String> {
        let args = self.options(set);
        let told = |d: Vec<Diag>| d.iter().map(|d| d.render(false)).collect::<Vec<_>>().join("\n\n");
        let draft = Draft::open(&loading::request(&self.file, &args)).map_err(told)?;
        let loaded = draft.read().map_err(told)?;
        Ok((draft, loaded))
    }

    /// `n` replications of these settings, and a few more or less; what was already simulated of them is not simulated again.
    pub(super) fn forecast(&mut self, set: &[String], n: u32) -> Result<Forecast, String> {
        let (_, loaded) = self.load(set)?;
        let n = n.clamp(1, self.most);
        self.play(set, &loaded.scenario, n)?;
        let played = self.played.as_ref().ok_or("nothing was simulated")?;
        let results = Results::new(&settings::meta_of(&loaded), &played.replications);
        let args = self.options(set);
        let words = settings::of(&self.file, &args, self.typed(), &loaded);
        let (settings, scene) = (Some(&words), Some(&played.scene));
        let explanation = Explanation::of(&loaded.scenario, &played.trace, &results.pods, Which::default());
        let story = Story { results: &results, settings, scene, explanation: Some(&explanation) };
        let (body, data) = live::forecast(&story).map_err(|e| e.to_string())?;
        let done = played.replications.len() as u32;
        let cores =
            self.jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1) as u32;
        Ok(Forecast {
            replications: done,
            most: self.most,
            next: (done + cores).min(self.most),
            digest: results.digest,
            body,
            data,
            command: self.command(&args),
        })
    }

    fn command(&self, args: &ScenarioArgs) -> String {
        let file = quoted_file(&self.file);
        let mut words = vec![format!("dryroll run {file}")];
        words.extend(settings::options(args, self.typed()));
        words.join(" ")
    }

    /// `--replications`, where they are not as many as usual.
    fn typed(&self) -> Option<u32> {
        (self.most != USUAL).then_some(self.most)
    }

    /// Simulates what is missing to `n` replications.
    fn play(&mut self, set: &[String], scenario: &Scenario, n: u32) -> Result<(), String> {
        let key = (scenario.seed, steady_key(scenario));
        if self.steady.as_ref().is_none_or(|s| s.key != key) {
            let both = (Scene::new(scenario), Tracer::new(None).since(scenario.measured_from()));
            let first = Watched::of(scenario, scenario.seed, 0, both);
            self.steady = Some(Shared { key, first, rest: BTreeMap::new() });
        }
        let Some(shared) = self.steady.as_mut() else { return Ok(()) };
        // The file may have been changed meanwhile: the scenario counts, not how it was asked for.
        let text = format!("{scenario:?}");
        if self.played.as_ref().is_none_or(|p| p.set != set || p.scenario != text) {
            let (replication, (scene, tracer)) = shared.first.fork(scenario);
            if let Some(why) = replication.stood_still {
                return Err(format!("the simulation was given up: {why}"));
            }
            let (set, replications, trace) = (set.to_vec(), vec![replication], tracer.finish());
            self.played = Some(Played { set, scenario: text, replications, scene, trace });
        }
        let Some(played) = self.played.as_mut() else { return Ok(()) };
        let done = played.replications.len() as u32;
        if done >= n {
            return Ok(());
        }
        let missing: Vec<u32> = (done..n).filter(|k| !shared.rest.contains_key(k)).collect();
        let steady: Vec<Steady> =
            in_parallel(missing.len(), self.jobs, |i| Steady::of(scenario, scenario.seed, missing[i]));
        shared.rest.extend(missing.iter().copied().zip(steady));
        let rest = &shared.rest;
        let more = replicate(n - done, self.jobs, scenario.seed, |k| rest[&(done + k)].fork(scenario), &|| ());
        played.replications.extend(more.map_err(|e| e.to_string())?);
        Ok(())
    }

    /// The scenario that these settings come to, as a file of its own.
    pub(super) fn export(&self, set: &[String]) -> Result<String, String> {
        let (draft, loaded) = self.load(set)?;
        let text = draft.written(&loaded.scenario).map_err(|why| format!("it cannot be written: {why}"))?;
        let command = self.command(&self.options(set));
        Ok(format!(
            "# {command}\n# The same as a file; what it names beside it is relative to where it stands.\n{text}"
        ))
    }
}

fn in_parallel<T: Send>(n: usize, jobs: Option<usize>, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    use rayon::prelude::*;
    let all = || (0..n).into_par_iter().map(&make).collect();
    match jobs.map(|j| rayon::ThreadPoolBuilder::new().num_threads(j).build()) {
        Some(Ok(pool)) => pool.install(all),
        _ => all(),
    }
}
