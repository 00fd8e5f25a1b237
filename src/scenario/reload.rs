//! How a change reaches a balancer's processes, and what becomes of a process that is replaced.

use super::read::At;
use crate::engine::Dur;

/// How a balancer's processes are replaced.
#[derive(Clone, Copy, Debug)]
pub struct Reload {
    /// From a change until the old process is told to quit, by whose table everything is routed meanwhile. Changes that come in
    /// this time wait for it, and are one reload then.
    pub takes: Dur,
    /// From then until the next reload may begin.
    pub gap: Dur,
    /// The window over which the old process closes its clients' idle connections, each at its own uniform moment; zero = all at
    /// once.
    pub close_spread: Dur,
    /// Whether a connection whose answer had begun is closed a moment after that answer, so that a request that has waited for
    /// it is sent into the end of the connection; else together with it.
    pub closes_late: bool,
    /// So long after it was told to quit, the old process severs what it has under way; zero = never.
    pub shutdown_timeout: Dur,
    /// So long after that it exits, with all that has come in meanwhile.
    pub linger: Dur,
    /// The balancer is not replaced but goes: for so long its answers close their connections, with a probability that
    /// rises to 1 in the first half of it, and then it listens no more; zero = it is replaced.
    pub drain: Dur,
    /// Whether that probability rises, rather than being 1 at once.
    pub gradual: bool,
}

impl Reload {
    /// Defaults: nginx's. Its new workers accept within 10 ms, and the old ones are told to quit 100 ms after the signal;
    /// they live on until their last request is done.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let reload = Self {
            takes: f.or("takes", Dur::from_millis(100)),
            gap: f.or("gap", Dur::ZERO),
            close_spread: f.or("closeSpread", Dur::ZERO),
            closes_late: f.or("closesLate", true),
            shutdown_timeout: f.or("shutdownTimeout", Dur::ZERO),
            linger: f.or("linger", Dur::ZERO),
            drain: f.or("drain", Dur::ZERO),
            gradual: f.or("gradual", true),
        };
        f.end();
        reload
    }
}
