//! A pod: listens once it has started, serves, and on SIGTERM waits its preStop, closes the listener, drains and exits.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::{self, JoinHandle};
use tokio::time::{Instant, sleep};

use crate::clock::{epoch, secs, watch_for_stalls};
use crate::random::{Random, Time};
use crate::{Failure, pod_connection};

/// Late wake-ups above this are told (s).
const STALL: f64 = 0.05;

/// The names are the format's; times in seconds.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    addr: SocketAddr,
    pub(crate) name: String,
    seed: u64,
    pub(crate) service: Time,
    pub(crate) conc: usize,
    pub(crate) queue: usize,
    warm_mult: f64,
    warm_s: f64,
    pub(crate) idle_s: f64,
    startup_s: f64,
    prestop_s: f64,
    pub(crate) drain_mode: DrainMode,
    pub(crate) jitter_s: f64,
    drain_s: f64,
    pub(crate) chunk_s: f64,
}

/// What becomes of connections once the listener is closed.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DrainMode {
    /// Idle ones are closed at once, busy ones with their answer.
    AtOnce,
    /// Each of them some time within `jitter_s`.
    Jitter,
    /// Each with its next answer.
    ConnClose,
    /// Nothing, until the exit.
    Ignore,
}

pub(crate) struct Pod {
    pub(crate) parameters: Parameters,
    pub(crate) workers: Semaphore,
    pub(crate) random: RefCell<Random>,
    ready_at: Cell<Instant>,
    term_at: Cell<Option<Instant>>,
    pub(crate) drain_at: Cell<Option<Instant>>,
    pub(crate) in_flight: Cell<usize>,
    pub(crate) queued: Cell<usize>,
    pub(crate) open: Cell<usize>,
    pub(crate) served: Cell<u64>,
    pub(crate) rejected: Cell<u64>,
    pub(crate) idle_timeouts: Cell<u64>,
    pub(crate) drain_closed_idle: Cell<u64>,
    after_sigterm: Cell<u64>,
    after_drain_start: Cell<u64>,
}

impl Pod {
    fn new(parameters: Parameters) -> Self {
        Self {
            workers: Semaphore::new(parameters.conc.max(1)),
            random: RefCell::new(Random::new(parameters.seed)),
            parameters,
            ready_at: Cell::new(Instant::now()),
            term_at: Cell::default(),
            drain_at: Cell::default(),
            in_flight: Cell::default(),
            queued: Cell::default(),
            open: Cell::default(),
            served: Cell::default(),
            rejected: Cell::default(),
            idle_timeouts: Cell::default(),
            drain_closed_idle: Cell::default(),
            after_sigterm: Cell::default(),
            after_drain_start: Cell::default(),
        }
    }

    pub(crate) fn note_request(&self) {
        let count = |since: &Cell<Option<Instant>>, n: &Cell<u64>| n.set(n.get() + u64::from(since.get().is_some()));
        count(&self.term_at, &self.after_sigterm);
        count(&self.drain_at, &self.after_drain_start);
    }

    /// By what service times are multiplied now.
    pub(crate) fn slowness(&self) -> f64 {
        let Parameters { warm_mult, warm_s, .. } = self.parameters;
        if warm_s <= 0.0 {
            return 1.0;
        }
        let age = self.ready_at.get().elapsed().as_secs_f64();
        1.0 + (warm_mult - 1.0) * (1.0 - age / warm_s).max(0.0)
    }

    fn tell(&self, event: &str, with: Value) {
        let mut line = json!({"t": epoch(), "ev": event, "pod": self.parameters.name});
        if let (Some(line), Value::Object(with)) = (line.as_object_mut(), with) {
            line.extend(with);
        }
        // Nobody listens any more once the lab has gone.
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    fn counters(&self) -> Value {
        json!({
            "served": self.served.get(),
            "rejected503": self.rejected.get(),
            "inflight": self.in_flight.get(),
            "queued": self.queued.get(),
            "open_conns": self.open.get(),
            "idle_timeouts": self.idle_timeouts.get(),
            "drain_closed_idle": self.drain_closed_idle.get(),
            "req_after_sigterm": self.after_sigterm.get(),
            "req_after_drain_start": self.after_drain_start.get(),
        })
    }
}

pub(crate) async fn run(parameters: Parameters) -> Result<(), Failure> {
    let pod = Rc::new(Pod::new(parameters));
    let mut sigterm = signal(SignalKind::terminate())?;
    sleep(secs(pod.parameters.startup_s)).await;
    let (drain, draining) = watch::channel(false);
    let (close, closed) = watch::channel(false);
    let accepting = task::spawn_local(accept(listen(pod.parameters.addr)?, pod.clone(), draining, closed));
    pod.ready_at.set(Instant::now());
    pod.tell("ready", json!({}));
    let watched = pod.clone();
    task::spawn_local(watch_for_stalls(STALL, move |s| watched.tell("stall", json!({"s": s}))));
    sigterm.recv().await;
    terminate(&pod, &close, accepting, &drain).await;
    // At once: what is still open is cut by the kernel, as where a container ends.
    std::process::exit(0);
}

fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(1024)
}

async fn accept(listener: TcpListener, pod: Rc<Pod>, drain: watch::Receiver<bool>, mut closed: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            biased;
            _ = closed.changed() => return,
            accepted = listener.accept() => if let Ok((socket, _)) = accepted {
                task::spawn_local(pod_connection::serve(socket, pod.clone(), drain.clone()));
            },
        }
    }
}

/// From SIGTERM to the exit.
async fn terminate(pod: &Pod, close: &watch::Sender<bool>, accepting: JoinHandle<()>, drain: &watch::Sender<bool>) {
    pod.term_at.set(Some(Instant::now()));
    pod.tell("sigterm", pod.counters());
    if pod.parameters.prestop_s > 0.0 {
        sleep(secs(pod.parameters.prestop_s)).await;
    }
    let _ = close.send(true);
    let _ = accepting.await;
    pod.drain_at.set(Some(Instant::now()));
    pod.tell("drain_start", pod.counters());
    // Fails when no connection is open.
    let _ = drain.send(true);
    let limit = Instant::now() + secs(pod.parameters.drain_s);
    task::yield_now().await;
    let busy = || match pod.parameters.drain_mode {
        DrainMode::AtOnce | DrainMode::Ignore => pod.in_flight.get() > 0,
        DrainMode::Jitter | DrainMode::ConnClose => pod.open.get() > 0,
    };
    while busy() && Instant::now() < limit {
        sleep(Duration::from_millis(2)).await;
    }
    let mut last = pod.counters();
    last["severed"] = json!(pod.in_flight.get());
    last["severed_idle_conns"] = json!(pod.open.get().saturating_sub(pod.in_flight.get()));
    pod.tell("exit", last);
}
