//! A pod's way from deletion to exit.

use super::dist::Dist;
use super::duration::Seconds;
use super::proxy::Status;
use super::read::At;
use crate::engine::Dur;

/// A pod's way from deletion to exit.
#[derive(Clone, Debug)]
pub struct Termination {
    /// The hook before SIGTERM, during which the pod serves as before (s).
    pub pre_stop: Dist,
    /// Where the hook overruns the grace period, or leaves less of it, so long is left between its end and SIGKILL.
    pub pre_stop_extension: Dur,
    /// What SIGTERM does.
    pub on_sigterm: OnSigterm,
    /// What the address of a gone pod does to a connect.
    pub after_exit: AfterExit,
    /// Where it never answers: so long it still refuses, until the pod's network is taken down (s).
    pub address_kept: Dist,
    /// After SIGTERM the listener stays open this long.
    pub lame_duck: Dur,
    /// After the listener has closed, what is in flight may go on this long.
    pub drain_window: Dur,
    /// After the drain: closing of datastores and the like, then the exit.
    pub cleanup: Dur,
    /// The window over which connections are closed; zero = all at once.
    pub close_jitter: Dur,
    /// How connections are closed.
    pub connection_close: ConnectionClose,
    /// From deletion to SIGKILL, preStop included.
    pub grace_period: Dur,
    /// So long after the deletion a proxy that stands before the container in its pod exits – after its own hook and drain, not the
    /// container's – and nothing reaches the container any more; `None` = there is none, or it ends last.
    pub sidecar_exit: Option<Dur>,
    /// What that proxy answers in place of a container that no longer listens, for as long as it lives itself; `None` = who connects then
    /// is refused, as if there were no proxy.
    pub sidecar_status: Option<u16>,
}

/// What SIGTERM does to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSigterm {
    /// Lame duck, listener closed, drain, exit.
    Drain,
    /// Dies at once.
    Exit,
    /// Serves until SIGKILL.
    Ignore,
}

/// What the address of a gone pod does to a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterExit {
    /// Refuses at once.
    Refused,
    /// Never answers.
    Unreachable,
}

/// How a draining pod closes its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionClose {
    /// Idle ones are closed; a busy one after its answer.
    Idle,
    /// Each after its next answer, announced by `Connection: close`.
    Response,
    /// Both: idle ones are closed, the others announced.
    Both,
    /// They stay open until the exit.
    None,
}

impl Termination {
    /// The median of the hook before SIGTERM, as it is written.
    pub fn usual_pre_stop(&self) -> Dur {
        Dur::from_secs_f64(self.pre_stop.quantile(0.5))
    }

    /// How long a hook that would take `pre_stop` really runs, and when SIGKILL comes, both from the beginning of the stop, for which
    /// there is `grace`: the hook is cut at its end, and what comes after it has the extension at the least.
    pub fn cut(&self, pre_stop: Dur, grace: Dur) -> (Dur, Dur) {
        let hook = pre_stop.min(grace);
        (hook, grace.max(hook + self.pre_stop_extension))
    }

    /// From the deletion to SIGKILL, with the median of the hook.
    pub fn killed_after(&self) -> Dur {
        self.cut(self.usual_pre_stop(), self.grace_period).1
    }

    /// Whether SIGKILL comes while the usual hook still runs: there is no SIGTERM then.
    pub fn dies_in_hook(&self) -> bool {
        let (hook, kill) = self.cut(self.usual_pre_stop(), self.grace_period);
        hook == kill
    }

    /// Defaults: what a server does that handles SIGTERM well and knows nothing of its balancer (Go's
    /// `http.Server.Shutdown`, `server.close()` of Node since 19), under Kubernetes' 30 s of grace.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let termination = Self {
            pre_stop: Dist::assume(&f.at("preStop"), Dist::Constant(Dur::ZERO), "0s", "no hook, Kubernetes' default"),
            pre_stop_extension: f.or("preStopExtension", Dur::ZERO),
            on_sigterm: f.choice(
                "onSigterm",
                OnSigterm::Drain,
                &[("drain", OnSigterm::Drain), ("exit", OnSigterm::Exit), ("ignore", OnSigterm::Ignore)],
            ),
            after_exit: f.choice(
                "afterExit",
                AfterExit::Refused,
                &[("refused", AfterExit::Refused), ("unreachable", AfterExit::Unreachable)],
            ),
            address_kept: Dist::or(&f.at("addressKept"), Dist::Constant(Dur::ZERO)),
            lame_duck: f.or("lameDuck", Dur::ZERO),
            drain_window: f.assume(
                "drainWindow",
                Dur::from_secs(30),
                "listener closed, then up to this long to finish",
            ),
            cleanup: f.or("cleanup", Dur::ZERO),
            close_jitter: f.or("closeJitter", Dur::ZERO),
            connection_close: f.choice(
                "connectionClose",
                ConnectionClose::Idle,
                &[
                    ("idle", ConnectionClose::Idle),
                    ("response", ConnectionClose::Response),
                    ("both", ConnectionClose::Both),
                    ("none", ConnectionClose::None),
                ],
            ),
            grace_period: f.or("terminationGracePeriodSeconds", Seconds(Dur::from_secs(30))).0,
            sidecar_exit: f.opt("sidecarExit"),
            sidecar_status: f.opt::<Status>("sidecarStatus").map(|status| status.0),
        };
        f.end();
        termination
    }
}
