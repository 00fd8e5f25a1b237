//! What a forecast was told of the world rather than of the policy: inputs that may be other than they were said to be.

use crate::engine::Dur;
use crate::scenario::dist::Dist;
use crate::scenario::{Arrivals, Draft, Load, Profile, Propagation, Scenario};

/// An input that can be scaled. Where a tier is rolled, delays and start-ups are those of its proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// From a pod's deletion until a proxy stops sending to it.
    Removal,
    /// From a pod's Ready until a proxy sends to it.
    Addition,
    /// How long a request takes to serve.
    ServiceTime,
    /// From a pod's creation until it listens.
    Startup,
    /// How much clients ask for.
    Load,
}

impl Input {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Removal, Self::Addition, Self::ServiceTime, Self::Startup, Self::Load];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Removal => "removal delay",
            Self::Addition => "addition delay",
            Self::ServiceTime => "service time",
            Self::Startup => "start-up time",
            Self::Load => "load",
        }
    }

    /// Where a scenario says it.
    pub fn path(self, scenario: &Scenario) -> String {
        let rolled = scenario.rolled();
        match self {
            Self::Removal => format!("{}.propagation.remove", rolled.balancer.path),
            Self::Addition => format!("{}.propagation.add", rolled.balancer.path),
            Self::ServiceTime => "pod.serviceTime".to_owned(),
            Self::Startup => rolled.path("pod.startup"),
            Self::Load => "clients".to_owned(),
        }
    }

    /// Whether the file leaves it to a default.
    pub fn is_assumed(self, scenario: &Scenario, draft: &Draft) -> bool {
        match self {
            Self::Load => draft.assumed_rate().is_some(),
            Self::Startup if scenario.rolled().tier.is_none() && draft.gives("newVersion.startup") => false,
            _ => !draft.gives(&self.path(scenario)),
        }
    }

    /// Its size in `scenario`: of times the 99 % quantile (s), of the load what is asked for on average (1/s, or clients).
    pub fn size(self, scenario: &Scenario) -> f64 {
        let rolled = scenario.rolled();
        let p = &rolled.balancer.propagation;
        match self {
            Self::Removal => p.median_and_p99(p.remove.slowest()).1,
            Self::Addition => p.median_and_p99(p.add.slowest()).1,
            Self::ServiceTime => scenario.pod.service_time.quantile(0.99),
            Self::Startup => rolled.new_pod.startup.quantile(0.99),
            Self::Load => scenario.clients.iter().map(|c| size(&c.load)).sum(),
        }
    }

    /// The scenario in which it is `factor` times as large.
    pub fn scaled(self, scenario: &Scenario, factor: f64) -> Scenario {
        let mut s = scenario.clone();
        match self {
            Self::Removal => {
                let p = propagation(&mut s);
                p.shared = p.shared.times(factor);
                p.remove = p.remove.times(factor);
                p.batch = p.batch.scale(factor);
            }
            Self::Addition => {
                let p = propagation(&mut s);
                p.shared = p.shared.times(factor);
                p.add = p.add.times(factor);
                p.batch = p.batch.scale(factor);
            }
            Self::ServiceTime => {
                s.pod.service_time = s.pod.service_time.times(factor);
                s.new_pod.service_time = s.new_pod.service_time.times(factor);
            }
            Self::Startup => {
                let startup = startup(&mut s);
                *startup = startup.times(factor);
            }
            Self::Load => s.clients.iter_mut().for_each(|c| scale(&mut c.load, factor)),
        }
        s
    }
}

/// How long what is rolled takes to reach the proxies of the balancer before it.
fn propagation(s: &mut Scenario) -> &mut Propagation {
    let before = s.rolled().behind;
    match s.front.get_mut(before) {
        Some(tier) => &mut tier.balancer.propagation,
        None => &mut s.load_balancer.propagation,
    }
}

/// How long what is rolled takes to start.
fn startup(s: &mut Scenario) -> &mut Dist {
    let before = s.rolled().behind;
    match s.front.get_mut(before) {
        Some(tier) => &mut tier.next.pod.startup,
        None => &mut s.new_pod.startup,
    }
}

/// What a population asks for: requests per second, or how many it is.
fn size(load: &Load) -> f64 {
    match load {
        Load::Open(Arrivals::Poisson(p) | Arrivals::Constant(p)) => p.mean(),
        Load::Open(Arrivals::Trace(times)) => {
            let last = times.iter().copied().max().unwrap_or(Dur::ZERO);
            times.len() as f64 / last.secs().max(1e-9)
        }
        Load::Streams { count, .. } | Load::Users { count, .. } => f64::from(*count),
    }
}

/// Recorded moments are what they were: they are played faster or slower.
fn scale(load: &mut Load, factor: f64) {
    let more = |count: &mut u32| *count = libm::round(f64::from(*count) * factor).max(1.0) as u32;
    match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => {
            let points = profile.points.iter().map(|&(at, rate)| (at, rate * factor)).collect();
            *profile = Profile { points };
        }
        Load::Open(Arrivals::Trace(times)) => times.iter_mut().for_each(|t| *t = t.scale(1.0 / factor)),
        Load::Streams { count, .. } | Load::Users { count, .. } => more(count),
    }
}
