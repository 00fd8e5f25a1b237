//! From a file on disk to a [`Scenario`]: read, lay over and under, type, check.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::diag::{Diag, Severity};
use super::import::kubernetes::{self, Imported};
use super::objectives::{Objectives, SweepAxis};
use super::overrides;
use super::read::Cx;
use super::tree::{Entry, Node, Source, Span, Value};
use super::{Load, Scenario, traffic, validate, yaml};

/// No scenario or manifest may be larger.
const MAX_BYTES: u64 = 16 << 20;
/// The share of all workers that is busy where nothing tells the traffic of a manifest.
const ASSUMED_UTILISATION: f64 = 0.6;

/// What to load.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// A scenario or a manifest; `-` is the standard input.
    pub path: &'a Path,
    /// `PATH=VALUE`, in order.
    pub set: &'a [String],
    /// The rate of the only population of clients.
    pub rate: Option<&'a str>,
    /// `20ms`, or `p50=20ms,p99=120ms`.
    pub service_time: Option<&'a str>,
    /// The workload to pick from a manifest that has several.
    pub workload: Option<&'a str>,
    /// Instead of the scenario's own seed.
    pub seed: Option<u64>,
}

impl<'a> Request<'a> {
    /// A file as it stands.
    pub const fn new(path: &'a Path) -> Self {
        Self { path, set: &[], rate: None, service_time: None, workload: None, seed: None }
    }
}

/// A scenario, and what is to be said about how it came to be.
#[derive(Debug)]
pub struct Loaded {
    /// What is simulated.
    pub scenario: Scenario,
    /// What the file did not say and matters, one line a field: path, value, source in parentheses.
    pub assumptions: Vec<String>,
    /// What the reader of the forecast should know about the file.
    pub warnings: Vec<Diag>,
    /// The limits that the deploy is held to, if the scenario has any.
    pub objectives: Option<Objectives>,
    /// What the scenario would vary, its paths written out.
    pub sweep: Vec<SweepAxis>,
    /// The kind of the workload that a manifest gave, `Deployment`.
    pub kind: Option<&'static str>,
}

/// Loads a scenario or a manifest.
///
/// # Errors
/// Everything that is wrong with it and with the options, warnings included, in the order of the file.
pub fn load(request: &Request<'_>) -> Result<Loaded, Vec<Diag>> {
    let source = read_file(request.path).map_err(|d| vec![d])?;
    let stdin = request.path == Path::new("-");
    let folder = if stdin { Path::new("") } else { request.path.parent().unwrap_or(Path::new("")) };
    let stem = if stdin { None } else { request.path.file_stem().and_then(|s| s.to_str()) };
    build(&source, folder, stem.unwrap_or("scenario"), request)
}

/// Loads a scenario or a manifest from a text called `name`; files that it names are relative to the working folder.
///
/// # Errors
/// As [`load`].
pub fn load_str(name: &str, text: &str, set: &[String]) -> Result<Loaded, Vec<Diag>> {
    let path = Path::new(name);
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("scenario");
    build(&Source::new(name, text, 0), Path::new(""), stem, &Request { set, ..Request::new(path) })
}

/// The text of a file, if it is one.
fn read_file(path: &Path) -> Result<Arc<Source>, Diag> {
    let name = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    let fail = |code, message: String| Diag::error(code, message).in_file(name.as_str());
    let io = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => fail("missing-file", format!("there is no file `{name}`")),
        std::io::ErrorKind::PermissionDenied => fail("unreadable-file", format!("`{name}` may not be read")),
        _ => fail("unreadable-file", format!("cannot read `{name}`: {e}")),
    };
    let too_large = || {
        fail("too-large", format!("the file is larger than {} MiB", MAX_BYTES >> 20))
            .help("no scenario needs as much; large data belongs into the CSV files that a scenario names")
    };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    } else {
        let file = File::open(path).map_err(io)?;
        let meta = file.metadata().map_err(io)?;
        if meta.is_dir() {
            return Err(fail("unreadable-file", format!("`{name}` is a folder")).help("name a file in it"));
        }
        if meta.len() > MAX_BYTES {
            return Err(too_large());
        }
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large());
    }
    String::from_utf8(bytes).map(|text| Source::new(name.as_str(), text, 0)).map_err(|e| not_utf8(&name, &e))
}

/// Says where the first byte stands that is not UTF-8.
fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Diag {
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(at).copied().unwrap_or(0);
    // Shown as it is, with the unreadable replaced; offsets before `at` are those of the file.
    let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()), 0);
    let span = Span { source, range: at..at + char::REPLACEMENT_CHARACTER.len_utf8() };
    Diag::error("not-utf8", "the file is not UTF-8 text")
        .at(&span, format!("byte 0x{byte:02x}"))
        .help("save it as UTF-8; is it a text file at all?")
}

/// What a file turned out to be.
struct Input {
    root: Node,
    notes: Vec<Diag>,
    assumptions: Vec<String>,
    kind: Option<&'static str>,
    /// Whether the traffic may be assumed.
    bare_manifest: bool,
}

fn build(source: &Arc<Source>, folder: &Path, stem: &str, request: &Request<'_>) -> Result<Loaded, Vec<Diag>> {
    let mut input = classify(source, folder, request)?;
    let named = apply_named_options(&mut input.root, request);
    input.notes.extend(named.err());
    for (n, text) in request.set.iter().enumerate() {
        let done = apply_assignment(&mut input.root, text, 4 + n as u32, |root| known_paths(root, stem));
        input.notes.extend(done.err());
    }
    super::presets::lay_under(&mut input.root)?;
    let told = |kind: &&str| input.root.at("clients.0").is_some_and(|c| c.get(kind).is_some());
    if input.bare_manifest && !traffic::KINDS.iter().any(told) {
        assume_rate(&mut input, folder, stem);
    }
    let root = &input.root;
    let cx = Cx::new(folder, &source.name);
    let (mut scenario, objectives, mut sweep) = Scenario::read(&cx, root, stem);
    if !cx.has_errors() {
        validate::check(&cx, root, &scenario);
    }
    let known = cx.known();
    for axis in &mut sweep {
        match overrides::resolve(&axis.path, &known, root, &axis.span) {
            Ok(path) => axis.path = path,
            Err(diag) => cx.report(diag),
        }
    }
    if let Some(seed) = request.seed {
        scenario.seed = seed;
    }
    let (mut diags, assumptions) = cx.finish();
    diags.splice(0..0, input.notes);
    diags.sort_by_key(Diag::order);
    if diags.iter().any(|d| d.severity == Severity::Error) {
        return Err(diags);
    }
    input.assumptions.extend(assumptions);
    input.assumptions.retain(|a| matters(&scenario, a));
    Ok(Loaded { scenario, assumptions: input.assumptions, warnings: diags, objectives, sweep, kind: input.kind })
}

/// Assumptions about what only a deploy brings about.
const OF_A_DEPLOY: [&str; 8] = [
    "workload.strategy",
    "workload.minReadySeconds",
    "workload.progressDeadlineSeconds",
    "pod.startup",
    "pod.warmup",
    "pod.readinessProbe",
    "pod.termination",
    "loadBalancer.propagation",
];

/// Whether the forecast depends on what an assumption is about.
fn matters(scenario: &Scenario, assumption: &str) -> bool {
    let about = |path: &str| assumption.starts_with(path);
    let streams_only = scenario.clients.iter().all(|c| matches!(c.load, Load::Streams { .. }));
    let idle = scenario.deploy.is_none() && OF_A_DEPLOY.into_iter().any(about);
    !(idle || streams_only && about("pod.serviceTime"))
}

/// Parses a text and tells scenarios from manifests.
fn classify(source: &Arc<Source>, folder: &Path, request: &Request<'_>) -> Result<Input, Vec<Diag>> {
    let docs = yaml::parse(source).map_err(|d| vec![d])?;
    let Some(first) = docs.first() else {
        let diag = Diag::error("empty-file", "the file says nothing").in_file(source.name.as_str());
        return Err(vec![diag.help("a scenario needs clients at least: `clients: [{name: web, rate: 2000/s}]`")]);
    };
    if docs.iter().any(|d| d.get("kind").is_some() || d.get("apiVersion").is_some()) {
        let imported = kubernetes::import(&docs, request.workload)?;
        return Ok(bare(source, imported));
    }
    if let Some(second) = docs.get(1) {
        let diag = Diag::error("several-documents", "the file holds more than one scenario");
        return Err(vec![diag.at(&second.span, "the second one begins here").help("give each a file of its own")]);
    }
    if !matches!(first.value, Value::Map(_)) {
        let diag = Diag::error("wrong-type", "a scenario is a map of fields").at(&first.span, "not a map");
        return Err(vec![diag.help("as in `clients: [{name: web, rate: 2000/s}]`")]);
    }
    underlay(first.clone(), folder, request)
}

/// A manifest alone: one population of clients is added, whose rate is told by an option or assumed.
fn bare(source: &Arc<Source>, imported: Imported) -> Input {
    let Imported { mut tree, notes, assumptions, kind, .. } = imported;
    let span = Span { source: Arc::clone(source), range: 0..0 };
    let name = Node::scalar("traffic", span.clone());
    let client = Value::Map(vec![Entry { key: "name".to_owned(), key_span: span.clone(), value: name }]);
    let clients = Value::Seq(vec![Node { value: client, span: span.clone() }]);
    tree.set("clients", Node { value: clients, span: span.clone() }, &span);
    Input { root: tree, notes, assumptions, kind: Some(kind), bare_manifest: true }
}

/// A scenario, with the manifest that it names laid under it.
fn underlay(mut root: Node, folder: &Path, request: &Request<'_>) -> Result<Input, Vec<Diag>> {
    // A list of one balancer is that one, so that paths lead into it.
    if let Some(Value::Seq(items)) = root.get("loadBalancer").map(|n| &n.value)
        && let [one] = &items[..]
    {
        let (one, span) = (one.clone(), one.span.clone());
        root.set("loadBalancer", one, &span);
    }
    let mut input = Input { root, notes: Vec::new(), assumptions: Vec::new(), kind: None, bare_manifest: false };
    let Some(node) = input.root.at("workload.manifest") else { return Ok(input) };
    let Some(name) = node.text() else {
        let diag = Diag::error("wrong-type", "`manifest` must be the name of a file").at(&node.span, "not a name");
        return Err(vec![diag.path("workload.manifest")]);
    };
    let path = folder.join(name);
    let source = read_file(&path).map_err(|mut d| {
        if d.line == 0 {
            d = d.at(&node.span, "named here").path("workload.manifest");
        }
        vec![d]
    })?;
    let source = Source::new(source.name.clone(), source.text.clone(), 1);
    let docs = yaml::parse(&source).map_err(|d| vec![d])?;
    let imported = kubernetes::import(&docs, request.workload)?;
    let mut tree = imported.tree;
    tree.overlay(&input.root);
    input.root = tree;
    input.notes = imported.notes;
    input.assumptions = imported.assumptions;
    input.kind = Some(imported.kind);
    Ok(input)
}

/// Lays `--service-time` and `--rate` over the tree.
fn apply_named_options(root: &mut Node, request: &Request<'_>) -> Result<(), Diag> {
    if let Some(text) = request.service_time {
        let node = overrides::service_time(text, 2)?;
        let span = node.span.clone();
        root.set("pod.serviceTime", node, &span);
    }
    if let Some(text) = request.rate {
        let span = Span::whole(&Source::new("--rate", text, 3));
        let clients = root.get("clients").map_or(&[][..], Node::items).len();
        if clients > 1 {
            let diag = Diag::error("ambiguous-path", format!("`--rate` could mean {clients} populations"));
            return Err(diag.at(&span, "whose?").help("name it, as in `--set clients.web.rate=2000/s`"));
        }
        root.set("clients.0.rate", Node::scalar(text.trim(), span.clone()), &span);
    }
    Ok(())
}

/// Lays one `--set` over the tree. The fields there are to set depend on those before it (another distribution has
/// other parameters), so the tree is read anew each time.
fn apply_assignment(root: &mut Node, text: &str, order: u32, known: impl Fn(&Node) -> Vec<String>) -> Result<(), Diag> {
    let assignment = overrides::parse("--set", text, order)?;
    let path = overrides::resolve(&assignment.path, &known(root), root, &assignment.path_span)?;
    root.set(&path, assignment.value, &assignment.path_span);
    Ok(())
}

/// Every path that a reading of this tree asks for.
fn known_paths(root: &Node, stem: &str) -> Vec<String> {
    let cx = Cx::for_paths();
    Scenario::read(&cx, root, stem);
    cx.known()
}

/// Where nothing tells the traffic: as much as keeps 60 % of all workers busy.
fn assume_rate(input: &mut Input, folder: &Path, stem: &str) {
    let cx = Cx::new(folder, "");
    let (scenario, ..) = Scenario::read(&cx, &input.root, stem);
    let workers = f64::from(scenario.workload.replicas) * f64::from(scenario.pod.concurrency);
    let mean = scenario.pod.service_time.mean();
    let rate = if mean > 0.0 { libm::round(ASSUMED_UTILISATION * workers / mean).clamp(1.0, 1e6) } else { 1000.0 };
    let span = input.root.get("clients").map_or_else(|| input.root.span.clone(), |n| n.span.clone());
    input.root.set("clients.0.rate", Node::scalar(format!("{rate}/s"), span.clone()), &span);
    let text = format!("clients.traffic.rate {rate}/s (60 % of all workers busy; tell it by --rate)");
    input.assumptions.push(text);
}
