//! How much there would be to play: what nobody waits for is said before anything is played. What memory cannot hold depends on the
//! run, and is noticed when it happens (`fleet/crowd.rs`).

use super::diag::Diag;
use super::validate::Check;
use super::{Arrivals, Load};

/// Requests that a core simulates in a second, in a rollout of 100 pods.
pub const REQUESTS_PER_CORE_SECOND: f64 = 2.5e6;

/// More than this (1/s) nobody asks of one service. Between two looks at how many are under way, 100 ms, no more than 10 million come.
const RATE_MAX: f64 = 1e8;
/// So many requests in one deploy are worth a word: minutes, for each of them.
const MANY: f64 = 1e9;

/// The highest rate at which a population asks in an open loop (1/s).
pub(super) fn peak(load: &Load) -> f64 {
    match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => {
            profile.points.iter().map(|p| p.1).fold(0.0, f64::max)
        }
        _ => 0.0,
    }
}

/// Where the rate of the population that asks most stands.
pub(super) fn heaviest(c: &Check<'_>) -> String {
    let clients = c.scenario.clients.iter().enumerate();
    let heaviest = clients.max_by(|a, b| peak(&a.1.load).total_cmp(&peak(&b.1.load)));
    let client = heaviest.map_or(0, |(n, _)| n);
    let given = |field: &&str| c.span(&format!("clients.{client}.{field}")).is_some();
    let field = ["rate", "profile"].into_iter().find(given).unwrap_or("rate");
    format!("clients.{client}.{field}")
}

/// A rate that cannot be played is refused, and of one that takes long it is said how long.
pub(super) fn requests(c: &Check<'_>) {
    let rate: f64 = c.scenario.clients.iter().map(|clients| peak(&clients.load)).sum();
    if rate > RATE_MAX {
        let text = format!("{rate:.0} requests a second are more than can be played");
        let diag =
            Diag::error("out-of-range", text).help("play a part of the fleet: so many times fewer pods and requests");
        c.report(diag, &heaviest(c), &format!("expected {RATE_MAX:.0}/s at the most, of all clients"), &[]);
        return;
    }
    let s = c.scenario;
    // The rollout comes on top.
    let seconds = match &s.deploy {
        None => (s.observe.warmup + s.observe.steady).secs(),
        Some(deploy) => deploy.at.secs() + s.observe.after.secs(),
    };
    let mean = |load: &Load| match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => profile.mean(),
        _ => 0.0,
    };
    let requests =
        s.clients.iter().map(|clients| mean(&clients.load)).sum::<f64>() * seconds.min(s.observe.limit.secs());
    if requests < MANY {
        return;
    }
    let minutes = requests / REQUESTS_PER_CORE_SECOND / 60.0;
    let time = if minutes < 120.0 { format!("{minutes:.0} minutes") } else { format!("{:.0} hours", minutes / 60.0) };
    let text =
        format!("each simulated deploy is more than {:.0} million requests: about {time} on one core", requests / 1e6);
    let diag = Diag::warning("many-requests", text).help(
        "a part of the fleet tells the same in a part of the time: so many times fewer pods, requests and connections",
    );
    let others = [("observe.after", "seen for so long after the rollout".to_owned())];
    c.report(diag, &heaviest(c), &format!("in the {seconds:.0} s that are simulated at the least"), &others);
}
