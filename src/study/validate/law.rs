//! Closed forms: what theory makes of a scenario, from the scenario's own fields.
//!
//! λ: requests a second; N: `replicas`; E[S]: the mean of `serviceTime`, F its distribution; c: `concurrency`; ρ = λ·E[S]/c;
//! L: how long a pod listens after its deletion; D: how long a removal takes.

use serde::Deserialize;

use crate::fleet::rollout::resolve;
use crate::scenario::dist::Dist;
use crate::scenario::{Arrivals, Load, OnSigterm, Scenario, Strategy};

/// A closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Law {
    /// The time in an M/M/c queue (Erlang, 1917).
    ErlangC,
    /// The share that an M/G/c/c system loses (Erlang, 1917).
    ErlangB,
    /// The time in an M/G/1 queue (Pollaczek, 1930; Khinchine, 1932).
    PollaczekKhinchine,
    /// Requests under way in an M/M/c queue (Little, 1961).
    Little,
    /// What one pod of N fails when it closes its listener before it is out of rotation.
    StalePod,
    /// The same over a rollout with a surge of 1 in which no addition is late: each time N + 1 are in rotation.
    StaleRollout,
    /// What a rollout with a surge of 1 severs at the end of the drain window W (0 for a process that exits at SIGTERM).
    SeveredRollout,
    /// Reconnects in one second where all connections end at once.
    Reconnects,
    /// Where their ends are spread over W.
    JitteredReconnects,
    /// Fewest ready pods.
    ReadyFloor,
    /// How long a rollout of equal pods takes at the least.
    Waves,
    /// The same where all old pods go first.
    Recreate,
    /// The last pod's load where connections stay wherever they are until their pod goes: each pod's are spread over the n − 1
    /// others.
    PileUp,
}

impl Law {
    /// As a person writes it.
    pub(super) const fn formula(self) -> &'static str {
        match self {
            Self::ErlangC => "E[S] + C(c, λE[S])·E[S]/(c(1 − ρ))",
            Self::ErlangB => "B(c, λE[S])",
            Self::PollaczekKhinchine => "E[S] + ρ/(1 − ρ)·E[S²]/(2E[S])",
            Self::Little => "λ·(E[S] + C(c, λE[S])·E[S]/(c(1 − ρ)))",
            Self::StalePod => "λ/N·E[(D − L)⁺]",
            Self::StaleRollout => "N·λ/(N + 1)·E[(D − L)⁺]",
            Self::SeveredRollout => "N·λ/(N + 1)·∫_W^∞(1 − F)",
            Self::Reconnects => "C",
            Self::JitteredReconnects => "C/W",
            Self::ReadyFloor => "N − maxUnavailable",
            Self::Waves => "⌈N/(maxSurge + maxUnavailable)⌉·(startup + minReadySeconds)",
            Self::Recreate => "preStop + startup + minReadySeconds",
            Self::PileUp => "(1 + 1/(N − 1))^(N − 1)",
        }
    }

    /// What it makes of `scenario`.
    pub(super) fn value(self, scenario: &Scenario) -> f64 {
        let (pod, workload) = (&scenario.pod, &scenario.workload);
        let n = f64::from(workload.replicas);
        let rate = rate(scenario);
        let service = pod.service_time.mean();
        let (c, load) = (pod.concurrency, rate * service);
        match self {
            Self::ErlangC => erlang_c_time(c, load, service),
            Self::Little => rate * erlang_c_time(c, load, service),
            Self::ErlangB => erlang_b(c, load),
            Self::PollaczekKhinchine => {
                service + load / (1.0 - load) * second_moment(&pod.service_time) / (2.0 * service)
            }
            Self::StalePod => rate / n * removal_excess(scenario),
            Self::StaleRollout => n * rate / (n + 1.0) * removal_excess(scenario),
            Self::SeveredRollout => {
                let window = match pod.termination.on_sigterm {
                    OnSigterm::Exit => 0.0,
                    OnSigterm::Drain | OnSigterm::Ignore => pod.termination.drain_window.secs(),
                };
                n * rate / (n + 1.0) * excess(&pod.service_time, window)
            }
            Self::Reconnects => connections(scenario),
            Self::JitteredReconnects => connections(scenario) / pod.termination.close_jitter.secs(),
            Self::ReadyFloor => n - f64::from(bounds(scenario).1),
            Self::Waves => {
                let (surge, unavailable) = bounds(scenario);
                let waves = workload.replicas.div_ceil((surge + unavailable).max(1));
                f64::from(waves) * (pod.startup.mean() + workload.min_ready.secs())
            }
            Self::Recreate => pod.termination.pre_stop.mean() + pod.startup.mean() + workload.min_ready.secs(),
            Self::PileUp => libm::pow(1.0 + 1.0 / (n - 1.0), n - 1.0),
        }
    }
}

/// Requests a second of all open-loop clients.
fn rate(scenario: &Scenario) -> f64 {
    let of = |load: &Load| match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => {
            profile.points.first().map_or(0.0, |p| p.1)
        }
        _ => 0.0,
    };
    scenario.clients.iter().map(|c| of(&c.load)).sum()
}

fn connections(scenario: &Scenario) -> f64 {
    scenario.clients.iter().map(|c| f64::from(c.connections)).sum()
}

/// Surge and unavailability, in pods.
fn bounds(scenario: &Scenario) -> (u32, u32) {
    let replicas = scenario.workload.replicas;
    match scenario.workload.strategy {
        Strategy::Recreate => (0, replicas),
        ref other => {
            let posts = resolve(other, replicas);
            (posts.surge, posts.unavailable)
        }
    }
}

/// E[(D − L)⁺]: for how long a proxy still sends to a pod that listens no more, shared delay 0.
fn removal_excess(scenario: &Scenario) -> f64 {
    let termination = &scenario.pod.termination;
    let listens = termination.pre_stop.mean() + termination.lame_duck.secs();
    excess(scenario.load_balancer.propagation.remove.of(0), listens)
}

/// Probability that an arrival is lost in M/M/c/c, by its recursion.
fn erlang_b(c: u32, load: f64) -> f64 {
    (1..=c).fold(1.0, |b, k| load * b / (f64::from(k) + load * b))
}

/// Mean time in M/M/c.
fn erlang_c_time(c: u32, load: f64, service: f64) -> f64 {
    let free = f64::from(c) - load;
    let b = erlang_b(c, load);
    let waits = b / (1.0 - (load / f64::from(c)) * (1.0 - b));
    service + waits * service / free
}

/// Cells of the integrals below.
const CELLS: u32 = 1_000_000;

/// ∫ from `low` to the end of all that can come, of `weight(t)·(1 − F(t))`, by the midpoint rule.
fn tail(dist: &Dist, low: f64, weight: impl Fn(f64) -> f64) -> f64 {
    let high = dist.quantile(1.0 - 1e-13).max(low);
    let cell = (high - low) / f64::from(CELLS);
    let at = |i: u32| low + (f64::from(i) + 0.5) * cell;
    (0..CELLS).map(|i| weight(at(i)) * (1.0 - dist.cdf(at(i)))).sum::<f64>() * cell
}

/// E[(X − w)⁺] = ∫_w^∞ (1 − F).
fn excess(dist: &Dist, w: f64) -> f64 {
    tail(dist, w, |_| 1.0)
}

/// E[X²] = ∫ 2t(1 − F).
fn second_moment(dist: &Dist) -> f64 {
    tail(dist, 0.0, |t| 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::dist::normal;

    #[test]
    fn the_integrals_are_those_that_formulas_give() {
        // Black and Scholes' formula without its discount.
        let (mu, sigma, w) = (-1.9, 0.8, 0.4);
        let d = (mu - libm::log(w)) / sigma;
        let formula = libm::exp(mu + sigma * sigma / 2.0) * normal::cdf(d + sigma) - w * normal::cdf(d);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-5 * b, "{a} is not {b}");
        close(excess(&Dist::Lognormal { mu, sigma }, w), formula);
        close(second_moment(&Dist::Lognormal { mu, sigma }), libm::exp(2.0 * mu + 2.0 * sigma * sigma));
        close(excess(&Dist::exponential(0.2), 0.3), 0.2 * libm::exp(-1.5));
        close(excess(&Dist::Uniform { min: 0.0, max: 4.0 }, 1.0), 9.0 / 8.0);
        close(excess(&Dist::Constant(crate::engine::Dur::from_secs(2)), 0.5), 1.5);
        close(second_moment(&Dist::Uniform { min: 0.0, max: 0.2 }), 0.04 / 3.0);
        assert_eq!(excess(&Dist::Constant(crate::engine::Dur::from_secs(2)), 3.0), 0.0);
    }

    #[test]
    fn erlang_of_one_worker_is_what_every_textbook_has() {
        assert!((erlang_c_time(1, 0.6, 0.1) - 0.25).abs() < 1e-12);
        assert!((erlang_b(1, 1.0) - 0.5).abs() < 1e-12);
        assert!((erlang_b(2, 1.0) - 0.2).abs() < 1e-12);
    }
}
