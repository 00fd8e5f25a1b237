//! A scenario before it is typed: a file read once, with the options laid over it, from which many scenarios are made.
//!
//! Reading a file, a manifest under it and the CSV files that it names happens once; a row of a sweep or a variant of a
//! comparison is a few values laid over the tree, which is then typed like any other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::csv_file::Files;
use super::diag::{Diag, Severity};
use super::input::{self, Input, Request};
use super::objectives::Objectives;
use super::read::{At, Cx};
use super::sweep::{self, Assignment, Axis, Variant};
use super::tree::{Node, Source, Span};
use super::whereabouts::is_given;
use super::{Scenario, assumptions, kubernetes_underlay, presets, traffic, validate, workload, yaml};

/// The share of all workers that is busy where nothing tells the traffic of a manifest.
const ASSUMED_UTILISATION: f64 = 0.6;
/// Diagnostics about `--preset` come in this place.
const PRESET_ORDER: u32 = 3;
/// Diagnostics about `--set` come in this place and after; those about `--vary` and `--variant` after all of them.
pub(super) const SET_ORDER: u32 = 4;

/// A scenario, and what is to be said about how it came to be.
#[derive(Debug)]
pub struct Loaded {
    /// What is simulated.
    pub scenario: Scenario,
    /// What the file did not say and matters, one line a field: path, value, source in parentheses.
    pub assumptions: Vec<String>,
    /// The presets of its balancer of which no value was measured.
    pub unmeasured: Vec<&'static str>,
    /// What the reader of the forecast should know about the file.
    pub warnings: Vec<Diag>,
    /// The limits that the deploy is held to, if the scenario has any.
    pub objectives: Option<Objectives>,
    /// The kind of the workload, `Deployment`, where a manifest or the scenario names it.
    pub kind: Option<&'static str>,
}

/// Loads a scenario or a manifest.
///
/// # Errors
/// Everything that is wrong with it and with the options, warnings included, in the order of the file.
pub fn load(request: &Request<'_>) -> Result<Loaded, Vec<Diag>> {
    Draft::open(request)?.read()
}

/// Loads a scenario or a manifest from a text called `name`; files that it names are relative to the working folder.
///
/// # Errors
/// As [`load`].
pub fn load_str(name: &str, text: &str, set: &[String]) -> Result<Loaded, Vec<Diag>> {
    Draft::open_str(name, text, set)?.read()
}

/// A file read once, with the options laid over it.
#[derive(Debug)]
pub struct Draft {
    pub(super) input: Input,
    /// What stands at `sweep`, which no row of it needs.
    pub(super) sweep: Option<Node>,
    /// What stands at `uncertain`, which only a search for the worst needs.
    pub(super) uncertain: Option<Node>,
    /// The rate that is assumed where nothing tells the traffic.
    pub(super) assumed_rate: Option<String>,
    pub(super) seed: Option<u64>,
    source: Arc<Source>,
    /// The scenario's name where it gives itself none.
    pub(super) stem: String,
    pub(super) folder: PathBuf,
    files: Arc<Files>,
}

impl Draft {
    /// Reads a scenario or a manifest and lays the options over it.
    ///
    /// # Errors
    /// What keeps the file from being read at all. What is wrong with the options is told with the rest, by
    /// [`Draft::read`], [`Draft::with`] and [`Draft::axes`].
    pub fn open(request: &Request<'_>) -> Result<Self, Vec<Diag>> {
        let source = input::read_file(request.path).map_err(|d| vec![d])?;
        let stdin = request.path == Path::new("-");
        let folder = if stdin { Path::new("") } else { request.path.parent().unwrap_or(Path::new("")) };
        let stem = if stdin { None } else { request.path.file_stem().and_then(|s| s.to_str()) };
        Self::build(source, folder, stem.unwrap_or("scenario"), request)
    }

    /// The same from a text called `name`; files that it names are relative to the working folder.
    ///
    /// # Errors
    /// As [`Draft::open`].
    pub fn open_str(name: &str, text: &str, set: &[String]) -> Result<Self, Vec<Diag>> {
        let path = Path::new(name);
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("scenario");
        Self::build(Source::new(name, text, 0), Path::new(""), stem, &Request { set, ..Request::new(path) })
    }

    pub(super) fn build(
        source: Arc<Source>,
        folder: &Path,
        stem: &str,
        request: &Request<'_>,
    ) -> Result<Self, Vec<Diag>> {
        let mut input = input::classify(&source, folder, request)?;
        let named = input::apply_named_options(&mut input.root, request);
        input.notes.extend(named.err());
        if let Some(name) = request.preset {
            let span = Span::whole(&Source::new("--preset", name, PRESET_ORDER));
            input.root.set("loadBalancer.preset", Node::scalar(name.trim(), span.clone()), &span);
        }
        for (n, text) in request.set.iter().enumerate() {
            let order = SET_ORDER + n as u32;
            let done = input::apply_assignment(&mut input.root, text, order, |root| known_paths(root, stem));
            input.notes.extend(done.err());
        }
        let sweep = input.root.take("sweep");
        let uncertain = input.root.take("uncertain");
        let (stem, folder) = (stem.to_owned(), folder.to_owned());
        let (seed, files) = (request.seed, Arc::default());
        let mut draft = Self { input, sweep, uncertain, assumed_rate: None, seed, source, stem, folder, files };
        if draft.input.bare_manifest && !tells_traffic(&draft.input.root) {
            draft.assumed_rate = Some(draft.assume_rate());
        }
        Ok(draft)
    }

    /// Types the scenario as it stands.
    ///
    /// # Errors
    /// Everything that is wrong with it and with the options, warnings included, in the order of the file.
    pub fn read(&self) -> Result<Loaded, Vec<Diag>> {
        self.typed(&[], |cx| {
            let known = self.known();
            sweep::read(&self.sweep_at(cx), &known, &self.input.root);
            sweep::read(&self.uncertain_at(cx), &known, &self.input.root);
        })
    }

    /// Types the scenario with some values laid over it, in order.
    ///
    /// # Errors
    /// Everything that is wrong with this combination; another may be right.
    pub fn with(&self, assignments: &[Assignment]) -> Result<Loaded, Vec<Diag>> {
        self.typed(assignments, |_| ())
    }

    /// The axes of the scenario's own `sweep`, in its order, each replaced by the `--vary` of the same path, and those
    /// that `vary` adds. Every value has been read by itself; whether a combination works is for [`Draft::with`] to say.
    ///
    /// # Errors
    /// What is wrong with `sweep` and with the options, with a value by itself, or with the scenario whatever is varied.
    pub fn axes(&self, vary: &[String]) -> Result<Vec<Axis>, Vec<Diag>> {
        let cx = self.cx();
        self.input.notes.iter().for_each(|d| cx.report(d.clone()));
        let block = sweep::read(&self.sweep_at(&cx), &self.known(), &self.input.root);
        self.checked(cx, block, vary)
    }

    /// The axes that `vary` names, and no others.
    ///
    /// # Errors
    /// As [`Draft::axes`], but for what is wrong with `sweep`.
    pub fn axes_of(&self, vary: &[String]) -> Result<Vec<Axis>, Vec<Diag>> {
        let cx = self.cx();
        self.input.notes.iter().for_each(|d| cx.report(d.clone()));
        self.checked(cx, Vec::new(), vary)
    }

    /// The inputs of which only a range is known: the scenario's own `uncertain`, replaced path by path by `options`, which are
    /// written as those of `--vary`.
    ///
    /// # Errors
    /// As [`Draft::axes`].
    pub fn uncertain(&self, options: &[String]) -> Result<Vec<Axis>, Vec<Diag>> {
        let cx = self.cx();
        self.input.notes.iter().for_each(|d| cx.report(d.clone()));
        let block = sweep::read(&self.uncertain_at(&cx), &self.known(), &self.input.root);
        self.checked(cx, block, options)
    }

    /// The axes of `block` with those of the options in their places, every value read by itself.
    fn checked(&self, cx: Cx, block: Vec<sweep::Dimension>, vary: &[String]) -> Result<Vec<Axis>, Vec<Diag>> {
        let axes = sweep::axes(&cx, block, vary, &self.known(), &self.input.root);
        if !cx.has_errors() {
            sweep::check_values(&cx, &axes, &|assignments| {
                let (root, _) = match self.laid_over(assignments) {
                    Ok(laid) => laid,
                    Err(diags) => return diags,
                };
                let cx = self.cx();
                Scenario::read(&cx, &root, &self.stem);
                cx.finish().0
            });
        }
        if cx.has_errors() { Err(cx.finish().0) } else { Ok(axes) }
    }

    /// The file as it was read.
    pub(super) const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether this is a workload's own file rather than a scenario.
    pub const fn is_manifest(&self) -> bool {
        self.input.bare_manifest
    }

    /// Paths that a search is to leave as they are: what the manifest says beside them leaves no choice.
    pub fn fixed(&self) -> &[&'static str] {
        &self.input.fixed
    }

    /// The variants `NAME:PATH=VALUE,PATH=VALUE` of this scenario, in order.
    ///
    /// # Errors
    /// What is wrong with how they are written; what is wrong with their values is for [`Draft::with`] to say.
    pub fn variants(&self, texts: &[String]) -> Result<Vec<Variant>, Vec<Diag>> {
        sweep::variants(texts, &self.input.root, |root| known_paths(root, &self.stem))
    }

    /// Where the field at a path stands in the file: line and column, from 1; `None` where it stands in no file or not in this.
    pub fn place(&self, path: &str) -> Option<(usize, usize)> {
        let span = &self.input.root.at(path)?.span;
        Arc::ptr_eq(&span.source, &self.source).then(|| span.source.position(span.range.start))
    }

    /// What each workload in a file is called, as [`Request::workload`] takes it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn workloads(path: &Path) -> Result<Vec<String>, Diag> {
        input::workloads(path)
    }

    /// Every document of the manifest: of this file, or of the one that the scenario names. Empty where there is none.
    pub fn manifest(&self) -> Vec<Node> {
        let parse = |source: &Arc<Source>| yaml::parse(source).unwrap_or_default();
        let name = self.input.root.at("workload.manifest").and_then(Node::text);
        match (name, self.input.bare_manifest) {
            (Some(name), _) => input::read_file(&self.folder.join(name)).map(|s| parse(&s)).unwrap_or_default(),
            (None, true) => parse(&self.source),
            (None, false) => Vec::new(),
        }
    }

    /// The rate (`2000/s`) that had to be assumed for a manifest alone. It stays the same whatever is varied, so a
    /// command that repeats one row needs it as `--rate`.
    pub fn assumed_rate(&self) -> Option<&str> {
        self.assumed_rate.as_deref()
    }

    pub(super) fn cx(&self) -> Cx {
        Cx::new(&self.folder, &self.source.name, &self.files)
    }

    pub(super) fn known(&self) -> Vec<String> {
        known_paths(&self.input.root, &self.stem)
    }

    fn sweep_at<'a>(&'a self, cx: &'a Cx) -> At<'a> {
        At { cx, path: "sweep".to_owned(), node: self.sweep.as_ref() }
    }

    fn uncertain_at<'a>(&'a self, cx: &'a Cx) -> At<'a> {
        At { cx, path: "uncertain".to_owned(), node: self.uncertain.as_ref() }
    }

    /// The tree with some values laid over it and the presets that it then names under it, and the rate if that had to be
    /// assumed.
    pub(super) fn laid_over(&self, assignments: &[Assignment]) -> Result<(Node, Option<&str>), Vec<Diag>> {
        let mut root = self.input.root.clone();
        for assignment in assignments {
            assignment.lay_over(&mut root);
        }
        self.lay_under_kubernetes(&mut root);
        presets::lay_under(&mut root)?;
        let assumed = self.assumed_rate.as_deref().filter(|_| !tells_traffic(&root));
        if let Some(rate) = assumed {
            set_rate(&mut root, rate);
        }
        Ok((root, assumed))
    }

    /// Types the scenario with some values laid over it. `also` reads what is no part of it.
    fn typed(&self, assignments: &[Assignment], also: impl FnOnce(&Cx)) -> Result<Loaded, Vec<Diag>> {
        let (root, assumed) = self.laid_over(assignments)?;
        // What the manifest leaves open may be said beside it.
        let open = |a: &&String| a.split(' ').next().is_none_or(|path| !is_given(&root, path));
        let mut all_assumptions: Vec<String> = self.input.assumptions.iter().filter(open).cloned().collect();
        if let Some(rate) = assumed {
            all_assumptions.push(rate_assumption(rate));
        }
        let cx = self.cx();
        let (mut scenario, objectives) = Scenario::read(&cx, &root, &self.stem);
        also(&cx);
        if !cx.has_errors() {
            validate::check(&cx, &root, &scenario);
        }
        if let Some(seed) = self.seed {
            scenario.seed = seed;
        }
        let (mut diags, assumptions) = cx.finish();
        diags.splice(0..0, self.input.notes.iter().cloned());
        diags.sort_by_key(Diag::order);
        if diags.iter().any(|d| d.severity == Severity::Error) {
            return Err(diags);
        }
        all_assumptions.extend(assumptions);
        all_assumptions.extend(kubernetes_underlay::assumed(&root));
        all_assumptions.retain(|a| assumptions::matters(&scenario, a));
        Ok(Loaded {
            scenario,
            assumptions: all_assumptions,
            unmeasured: presets::unmeasured(&root),
            warnings: diags,
            objectives,
            kind: named_kind(&root).or(self.input.kind),
        })
    }

    /// Where nothing tells the traffic: as much as keeps 60 % of all workers busy.
    fn assume_rate(&self) -> String {
        let cx = Cx::new(&self.folder, "", &self.files);
        let mut root = self.input.root.clone();
        // What is wrong with presets is told when the scenario is typed.
        let _ = presets::lay_under(&mut root);
        let (scenario, _) = Scenario::read(&cx, &root, &self.stem);
        let workers = f64::from(scenario.workload.replicas) * f64::from(scenario.pod.concurrency);
        let mean = scenario.pod.service_time.mean();
        let rate = if mean > 0.0 { libm::round(ASSUMED_UTILISATION * workers / mean).clamp(1.0, 1e6) } else { 1000.0 };
        format!("{rate}/s")
    }
}

/// The kind of the workload, where it is named.
fn named_kind(root: &Node) -> Option<&'static str> {
    root.at("workload.kind").and_then(Node::text).and_then(workload::kind_called)
}

/// Whether the first population says what it sends.
fn tells_traffic(root: &Node) -> bool {
    traffic::KINDS.iter().any(|kind| root.at("clients.0").is_some_and(|c| c.get(kind).is_some()))
}

/// What is said of a rate that nothing tells.
pub(super) fn rate_assumption(rate: &str) -> String {
    format!("clients.traffic.rate {rate} (60 % of all workers busy; tell it by --rate)")
}

pub(super) fn set_rate(root: &mut Node, rate: &str) {
    let span = root.get("clients").map_or_else(|| root.span.clone(), |n| n.span.clone());
    root.set("clients.0.rate", Node::scalar(rate, span.clone()), &span);
}

/// Every path that a reading of this tree asks for.
fn known_paths(root: &Node, stem: &str) -> Vec<String> {
    let cx = Cx::for_paths();
    Scenario::read(&cx, root, stem);
    cx.known()
}
