//! Who sends the requests, and over which connections.

use super::diag::Diag;
use super::duration;
use super::presets::{self, Applies};
use super::read::{At, Fields};
use super::retry::{ClientRetries, Reconnect};
use super::traffic::{self, Load};
use super::tree::Value;
use super::units::Share;
use crate::engine::Dur;

/// One population of clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Its name.
    pub name: String,
    /// What it does.
    pub load: Load,
    /// Clients, each with its own connections (`Load::Users`, `Load::Streams`: as many as users or streams).
    pub connections: u32,
    /// Which client the next request belongs to.
    pub assignment: Assignment,
    /// Whether connections are open before the start.
    pub preconnect: bool,
    /// Requests that may be under way on one connection (1 = HTTP/1.1).
    pub multiplex: u32,
    /// What a request does that finds its client's connections busy.
    pub when_busy: WhenBusy,
    /// When the client itself closes a connection.
    pub keep_alive: ClientKeepAlive,
    /// Share of requests that may be sent twice.
    pub idempotent: f64,
    /// Whether a cut answer is `truncated` rather than `reset`.
    pub streamed_response: bool,
    /// How long a client waits; zero = for ever.
    pub timeout: Dur,
    /// Since when.
    pub timeout_from: TimeoutFrom,
    /// The client's retries.
    pub retries: ClientRetries,
    /// How lost connections come back.
    pub reconnect: Reconnect,
}

/// Which client of an open-loop population the next request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// Any: of many independent users one.
    Random,
    /// Each in turn: devices that report at regular intervals of their own.
    InTurn,
}

/// What a request does that finds its client's connections busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenBusy {
    /// Opens one more, which is kept.
    Open,
    /// Waits its turn.
    Wait,
}

/// Since when a client's time-out runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutFrom {
    /// The request's birth, retries included.
    Birth,
    /// It went out on a connection, anew for each of the client's attempts.
    Sent,
}

/// When a client closes a connection by itself; zero means never.
#[derive(Clone, Copy, Debug)]
pub struct ClientKeepAlive {
    /// After so long without a request.
    pub idle_timeout: Dur,
    /// After so many requests.
    pub max_requests: u32,
}

/// The most connections, users or streams of one population.
pub(super) const MAX_CLIENTS: u32 = 10_000_000;

/// Reads `clients`, the one thing that a scenario must have.
pub(super) fn read_all(at: &At<'_>) -> Vec<Clients> {
    at.takes_list(1);
    let items = match at.node.map(|n| &n.value) {
        Some(Value::Seq(items)) if !items.is_empty() => items,
        Some(Value::Scalar { .. } | Value::Map(_)) => {
            at.wrong_type("a list of populations");
            return Vec::new();
        }
        _ => {
            at.report(
                at.error("missing-clients", "the scenario has no clients, so nothing would be sent")
                    .label("no population stands here")
                    .help("add `clients: [{name: web, rate: 2000/s}]`"),
            );
            return Vec::new();
        }
    };
    let clients: Vec<Clients> = (0..items.len()).filter_map(|n| Clients::read(at.item(n), n)).collect();
    report_doubles(at, items);
    clients
}

/// Two populations under one name could not be told apart in `--set`.
fn report_doubles(at: &At<'_>, items: &[super::tree::Node]) {
    let name = |n: usize| items[n].get("name");
    for n in 0..items.len() {
        let Some(second) = name(n) else { continue };
        let first = (0..n).filter_map(name).find(|first| first.text() == second.text());
        if let (Some(first), Some(text)) = (first, second.text()) {
            let diag = Diag::error("duplicate-name", format!("two populations of clients are called `{text}`"));
            at.report(diag.at(&second.span, "again here").and(&first.span, "first here").path("clients"));
        }
    }
}

impl Clients {
    fn read(at: At<'_>, index: usize) -> Option<Self> {
        let mut f = at.fields();
        f.at.node?;
        f.at("preset").takes("preset", || presets::shape(Applies::Clients));
        let name = f.opt("name").unwrap_or_else(|| match index {
            0 => "clients".to_owned(),
            n => format!("clients-{}", n + 1),
        });
        let load = Load::read(&mut f);
        let streams = matches!(load, Some(Load::Streams { .. }));
        let clients = Self {
            name,
            connections: read_connections(&mut f, load.as_ref()),
            assignment: f.choice(
                "assignment",
                Assignment::Random,
                &[("random", Assignment::Random), ("inTurn", Assignment::InTurn)],
            ),
            preconnect: f.or("preconnect", true),
            multiplex: f.within("multiplex", 1, 1..=1_000_000),
            when_busy: f.choice("whenBusy", WhenBusy::Open, &[("open", WhenBusy::Open), ("wait", WhenBusy::Wait)]),
            keep_alive: ClientKeepAlive::read(f.at("keepAlive")),
            idempotent: f.or("idempotent", Share(0.9)).0,
            streamed_response: f.choice("response", false, &[("whole", false), ("streamed", true)]),
            timeout: f.or("timeout", Dur::from_secs(10)),
            timeout_from: f.choice(
                "timeoutFrom",
                TimeoutFrom::Birth,
                &[("birth", TimeoutFrom::Birth), ("sent", TimeoutFrom::Sent)],
            ),
            retries: ClientRetries::read(f.at("retries")),
            reconnect: Reconnect::read(f.at("reconnect"), streams),
            load: load.unwrap_or_else(traffic::none),
        };
        f.end();
        Some(clients)
    }
}

/// Default: 100 clients, each with a connection; users and streams have one each.
fn read_connections(f: &mut Fields<'_>, load: Option<&Load>) -> u32 {
    let own = match load {
        Some(Load::Users { count, .. } | Load::Streams { count, .. }) => Some(*count),
        _ => None,
    };
    let at = f.at("connections");
    let Some(own) = own else {
        if at.node.is_none() {
            at.cx.assume(format!("{} 100 (clients, each with a keep-alive connection)", at.path));
        }
        return f.within("connections", 100, 1..=MAX_CLIENTS);
    };
    if at.node.is_some() {
        let diag = at.warning("ignored-field", "`connections` means nothing here: each user or stream has its own");
        at.report(diag.label("ignored"));
    }
    own
}

impl ClientKeepAlive {
    /// Default: idle connections are closed after 75 s, never for their age in requests.
    fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let keep_alive =
            Self { idle_timeout: duration::idle(&mut f, Dur::from_secs(75)), max_requests: f.or("maxRequests", 0) };
        f.end();
        keep_alive
    }
}
