//! What a forecast was told of the world rather than of the policy: inputs that may be other than they were said to be.

use crate::engine::Dur;
use crate::scenario::{Arrivals, Draft, Load, Profile, Scenario};

/// An input that can be scaled.
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
    pub const fn path(self) -> &'static str {
        match self {
            Self::Removal => "loadBalancer.propagation.remove",
            Self::Addition => "loadBalancer.propagation.add",
            Self::ServiceTime => "pod.serviceTime",
            Self::Startup => "pod.startup",
            Self::Load => "clients",
        }
    }

    /// Whether the file leaves it to a default.
    pub fn is_assumed(self, draft: &Draft) -> bool {
        match self {
            Self::Load => draft.assumed_rate().is_some(),
            Self::Startup => !draft.gives("pod.startup") && !draft.gives("newVersion.startup"),
            _ => !draft.gives(self.path()),
        }
    }

    /// Its size in `scenario`: of times the 99 % quantile (s), of the load what is asked for on average (1/s, or clients).
    pub fn size(self, scenario: &Scenario) -> f64 {
        let p = &scenario.load_balancer.propagation;
        match self {
            Self::Removal => p.median_and_p99(p.remove.slowest()).1,
            Self::Addition => p.median_and_p99(p.add.slowest()).1,
            Self::ServiceTime => scenario.pod.service_time.quantile(0.99),
            Self::Startup => scenario.new_pod.startup.quantile(0.99),
            Self::Load => scenario.clients.iter().map(|c| size(&c.load)).sum(),
        }
    }

    /// The scenario in which it is `factor` times as large.
    pub fn scaled(self, scenario: &Scenario, factor: f64) -> Scenario {
        let mut s = scenario.clone();
        let p = &mut s.load_balancer.propagation;
        match self {
            Self::Removal => {
                p.shared = p.shared.times(factor);
                p.remove = p.remove.times(factor);
                p.batch = p.batch.scale(factor);
            }
            Self::Addition => {
                p.shared = p.shared.times(factor);
                p.add = p.add.times(factor);
                p.batch = p.batch.scale(factor);
            }
            Self::ServiceTime => {
                s.pod.service_time = s.pod.service_time.times(factor);
                s.new_pod.service_time = s.new_pod.service_time.times(factor);
            }
            Self::Startup => s.new_pod.startup = s.new_pod.startup.times(factor),
            Self::Load => s.clients.iter_mut().for_each(|c| scale(&mut c.load, factor)),
        }
        s
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
