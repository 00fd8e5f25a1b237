//! From a file on disk to one tree: read, told apart, with manifests laid under it and options over it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diag::Diag;
use super::import::foreign;
use super::import::kubernetes::{self, Imported};
use super::tree::{Entry, Node, Source, Span, Value};
use super::{elsewhere, hcl, overrides, yaml};

/// No scenario or manifest may be larger.
const MAX_BYTES: u64 = 16 << 20;

/// What to load.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// A scenario or a manifest; `-` is the standard input.
    pub path: &'a Path,
    /// More files of the same manifest, as if their documents stood in the first.
    pub beside: &'a [PathBuf],
    /// `PATH=VALUE`, in order.
    pub set: &'a [String],
    /// The rate of the only population of clients.
    pub rate: Option<&'a str>,
    /// `20ms`, or `p50=20ms,p99=120ms`.
    pub service_time: Option<&'a str>,
    /// `loadBalancer.preset`.
    pub preset: Option<&'a str>,
    /// The workload to pick from a manifest that has several.
    pub workload: Option<&'a str>,
    /// Instead of the scenario's own seed.
    pub seed: Option<u64>,
}

impl<'a> Request<'a> {
    /// A file as it stands.
    pub const fn new(path: &'a Path) -> Self {
        let (beside, set) = (&[], &[]);
        Self { path, beside, set, rate: None, service_time: None, preset: None, workload: None, seed: None }
    }
}

/// The text of a file, if it is one.
pub(super) fn read_file(path: &Path) -> Result<Arc<Source>, Diag> {
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
#[derive(Debug)]
pub(super) struct Input {
    /// What it says, before it means anything.
    pub(super) root: Node,
    /// What was found out on the way, errors of the options included.
    pub(super) notes: Vec<Diag>,
    /// What a manifest does not say.
    pub(super) assumptions: Vec<String>,
    /// The kind of the workload that a manifest gave.
    pub(super) kind: Option<&'static str>,
    /// Whether the traffic may be assumed.
    pub(super) bare_manifest: bool,
    /// The documents of the manifest, if there is one.
    pub(super) documents: Vec<Node>,
    /// Paths that the manifest leaves no choice of.
    pub(super) fixed: Vec<&'static str>,
}

/// Parses a text and tells scenarios from manifests.
pub(super) fn classify(source: &Arc<Source>, folder: &Path, request: &Request<'_>) -> Result<Input, Vec<Diag>> {
    if let Some(diag) = elsewhere::by_name(source) {
        return Err(vec![diag]);
    }
    let docs = documents(source, request.beside)?;
    let Some(first) = docs.first() else {
        let diag = Diag::error("empty-file", "the file says nothing").in_file(source.name.as_str());
        return Err(vec![diag.help("a scenario needs clients at least: `clients: [{name: web, rate: 2000/s}]`")]);
    };
    if docs.iter().any(|d| d.get("kind").is_some() || d.get("apiVersion").is_some()) {
        let imported = kubernetes::import(&docs, request.workload)?;
        return Ok(bare(source, imported, docs));
    }
    if let Some(imported) = foreign::import(&docs, request.workload) {
        return Ok(bare(source, imported?, docs));
    }
    if let Some(second) = docs.get(1) {
        let diag = Diag::error("several-documents", "the file holds more than one scenario");
        return Err(vec![diag.at(&second.span, "the second one begins here").help("give each a file of its own")]);
    }
    if let Some(diag) = elsewhere::by_fields(first) {
        return Err(vec![diag]);
    }
    if !matches!(first.value, Value::Map(_)) {
        let diag = Diag::error("wrong-type", "a scenario is a map of fields").at(&first.span, "not a map");
        return Err(vec![diag.help("as in `clients: [{name: web, rate: 2000/s}]`")]);
    }
    underlay(first.clone(), folder, request)
}

fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Diag> {
    if hcl::is_hcl(&source.name) {
        hcl::parse(source).map(|d| vec![d])
    } else {
        yaml::parse_but(source, kubernetes::is_passed_over)
    }
}

/// What each workload in a file is called, as `--workload` takes it.
pub(super) fn workloads(path: &Path) -> Result<Vec<String>, Diag> {
    let docs = parse(&read_file(path)?)?;
    let names = kubernetes::workloads(&docs);
    Ok(if names.is_empty() { foreign::workloads(&docs) } else { names })
}

/// What stands in a file, and in those beside it.
fn documents(source: &Arc<Source>, beside: &[PathBuf]) -> Result<Vec<Node>, Vec<Diag>> {
    let mut docs = parse(source).map_err(|d| vec![d])?;
    for path in beside {
        let source = read_file(path).map_err(|d| vec![d])?;
        docs.extend(parse(&source).map_err(|d| vec![d])?);
    }
    Ok(docs)
}

/// A manifest alone: one population of clients is added, whose rate is told by an option or assumed.
fn bare(source: &Arc<Source>, imported: Imported, documents: Vec<Node>) -> Input {
    let Imported { mut tree, notes, assumptions, kind, fixed, .. } = imported;
    let span = Span { source: Arc::clone(source), range: 0..0 };
    let name = Node::scalar("traffic", span.clone());
    let client = Value::Map(vec![Entry { key: "name".to_owned(), key_span: span.clone(), value: name }]);
    let clients = Value::Seq(vec![Node { value: client, span: span.clone() }]);
    tree.set("clients", Node { value: clients, span: span.clone() }, &span);
    Input { root: tree, notes, assumptions, kind: Some(kind), bare_manifest: true, documents, fixed }
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
    let (notes, assumptions, documents, fixed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut input = Input { root, notes, assumptions, kind: None, bare_manifest: false, documents, fixed };
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
    let docs = yaml::parse_but(&source, kubernetes::is_passed_over).map_err(|d| vec![d])?;
    let imported = kubernetes::import(&docs, request.workload)?;
    let mut tree = imported.tree;
    tree.overlay(&input.root);
    input.root = tree;
    input.notes = imported.notes;
    input.assumptions = imported.assumptions;
    input.kind = Some(imported.kind);
    input.documents = docs;
    input.fixed = imported.fixed;
    Ok(input)
}

/// Lays `--service-time` and `--rate` over the tree.
pub(super) fn apply_named_options(root: &mut Node, request: &Request<'_>) -> Result<(), Diag> {
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
pub(super) fn apply_assignment(
    root: &mut Node,
    text: &str,
    order: u32,
    known: impl Fn(&Node) -> Vec<String>,
) -> Result<(), Diag> {
    let assignment = overrides::parse("--set", text, order)?;
    let path = overrides::resolve(&assignment.path, &known(root), root, &assignment.path_span)?;
    root.set(&path, assignment.value, &assignment.path_span);
    Ok(())
}
