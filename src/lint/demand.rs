//! How much is asked of the pods, by the file's own numbers.

use crate::scenario::{Arrivals, Load, OnDrain, Scenario};

/// The workers that requests keep busy at the highest rates, without queueing: λ·E[S] (Little).
pub(super) fn busy_workers(scenario: &Scenario) -> f64 {
    let service = scenario.pod.service_time.mean();
    let of = |load: &Load| match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => {
            profile.points.iter().map(|p| p.1).fold(0.0, f64::max) * service
        }
        Load::Users { count, think_time } => {
            let cycle = think_time.mean() + service;
            if cycle > 0.0 { f64::from(*count) * service / cycle } else { f64::from(*count) }
        }
        Load::Open(Arrivals::Trace(_)) | Load::Streams { .. } => 0.0,
    };
    scenario.clients.iter().map(|c| of(&c.load)).sum()
}

/// The pods that those workers fill.
pub(super) fn busy_pods(scenario: &Scenario) -> f64 {
    busy_workers(scenario) / f64::from(scenario.pod.concurrency)
}

/// How long a request or a stream that has to be let finish may take (s), by a quantile, and its population's name.
/// Nobody waits longer than the time-outs allow.
pub(super) fn longest(scenario: &Scenario, quantile: f64) -> Option<(f64, &str)> {
    let service = scenario.pod.service_time.quantile(quantile);
    let of = |load: &Load, timeout: f64| match load {
        Load::Streams { duration, on_drain: OnDrain::Finish, .. } => Some(duration.quantile(quantile)),
        Load::Streams { .. } => None,
        _ => {
            let proxy = scenario.load_balancer.request_timeout.secs();
            Some(service.min(proxy).min(if timeout > 0.0 { timeout } else { f64::INFINITY }))
        }
    };
    let longest = scenario.clients.iter().filter_map(|c| Some((of(&c.load, c.timeout.secs())?, c.name.as_str())));
    longest.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Whether every population consists of streams.
pub(super) fn streams_only(scenario: &Scenario) -> bool {
    scenario.clients.iter().all(|c| matches!(c.load, Load::Streams { .. }))
}
