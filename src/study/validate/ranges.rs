//! The ranges in which forecasts were held against measurements, and what never was: the model card's table as data. A forecast
//! names what lies outside.

use crate::engine::Dur;
use crate::scenario::{
    Algorithm, Arrivals, Clients, Crash, Load, LoadBalancer, ReadinessGate, RetryOn, Scenario, Strategy, WarmupOver,
};

/// One quantity of the measured deploys.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// What it is called.
    pub quantity: &'static str,
    /// The least that was measured.
    pub low: f64,
    /// The most.
    pub high: f64,
    /// What the table adds to the most.
    pub note: &'static str,
    unit: Unit,
    /// What a scenario has of it; `None` where it does not matter.
    of: fn(&Scenario) -> Option<f64>,
}

/// How a quantity is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Count,
    Seconds,
    Share,
    Times,
}

/// Something that no measured deploy had.
#[derive(Clone, Copy, Debug)]
pub struct Unmeasured {
    /// What it is called.
    pub what: &'static str,
    /// Whether a scenario has it.
    of: fn(&Scenario) -> bool,
}

/// What the deploys through real balancers span (`validation/balancers`).
pub const MEASURED: [Measured; 10] = [
    Measured {
        quantity: "pods",
        low: 4.0,
        high: 12.0,
        note: " (rollouts of the controllers alone: 1 to 200)",
        unit: Unit::Count,
        of: |s| Some(f64::from(s.workload.replicas)),
    },
    Measured {
        quantity: "requests a second",
        low: 4.0,
        high: 150.0,
        note: "",
        unit: Unit::Count,
        of: |s| Some(rate(s)).filter(|&r| r > 0.0),
    },
    Measured {
        quantity: "proxies",
        low: 1.0,
        high: 3.0,
        note: "",
        unit: Unit::Count,
        of: |s| Some(f64::from(s.load_balancer.proxies)),
    },
    Measured {
        quantity: "client connections",
        low: 30.0,
        high: 1000.0,
        note: ", HTTP/1.1, one request at a time",
        unit: Unit::Count,
        of: |s| Some(s.clients.iter().map(|c| f64::from(c.connections)).sum()),
    },
    Measured {
        quantity: "mean service time",
        low: 0.02,
        high: 0.55,
        note: ": constant, exponential, log-normal with σ up to 0.8, bimodal with a tenth of 2 s",
        unit: Unit::Seconds,
        of: |s| s.clients.iter().any(|c| !is_stream(c)).then(|| s.pod.service_time.mean()),
    },
    Measured {
        quantity: "mean life of streams",
        low: 10.0,
        high: 40.0,
        note: ": 5 to 60 s each",
        unit: Unit::Seconds,
        of: |s| {
            let lives = s.clients.iter().filter_map(|c| match &c.load {
                Load::Streams { duration, .. } => Some(duration.mean()),
                _ => c.streamed_response.then(|| s.pod.service_time.mean()),
            });
            lives.max_by(f64::total_cmp)
        },
    },
    Measured {
        quantity: "busy workers before the deploy, where pods are limited",
        low: 0.5,
        high: 0.75,
        note: ": up to 120 % of those left during it",
        unit: Unit::Share,
        // Fewer are easier.
        of: |s| Some(busy(s)).filter(|&b| b > 0.5),
    },
    Measured {
        quantity: "slower by warm-up",
        low: 1.0,
        high: 8.0,
        note: ", over 6 s",
        unit: Unit::Times,
        of: |s| match s.new_pod.warmup.over {
            WarmupOver::Requests(0) => None,
            _ => Some(s.new_pod.warmup.slowdown),
        },
    },
    Measured {
        quantity: "mean removal delay",
        low: 0.05,
        high: 3.0,
        note: "; exponential with a mean of 1 s",
        unit: Unit::Seconds,
        of: |s| {
            let p = &s.rolled().balancer.propagation;
            let mean = p.shared.mean() + p.remove.slowest().mean() + p.batch.secs() / 2.0;
            (s.deploy.is_some() && mean > 0.0).then_some(mean)
        },
    },
    Measured {
        quantity: "network, one way",
        low: 0.0,
        high: 0.0215,
        note: "",
        unit: Unit::Seconds,
        of: |s| Some(s.network.latency.max(s.network.client).secs()),
    },
];

/// What no measured deploy had.
pub const UNMEASURED: [Unmeasured; 20] = [
    Unmeasured { what: "tiers in series", of: |s| s.tiers().count() > 1 },
    Unmeasured {
        what: "HTTP/2 and its multiplexing",
        of: |s| s.clients.iter().any(|c| c.multiplex > 1) || any(s, |b| b.upstream.max_streams > 1),
    },
    Unmeasured { what: "nginx' ip_hash", of: |s| any(s, |b| b.algorithm == Algorithm::IpHash) },
    Unmeasured {
        what: "active checks other than HAProxy's and Envoy's",
        of: |s| any(s, |b| b.active_health.is_some()),
    },
    Unmeasured { what: "fail-open", of: |s| any(s, |b| b.panic.fail_open) },
    Unmeasured {
        what: "readiness gates that ask for health",
        of: |s| any(s, |b| b.readiness_gate == ReadinessGate::Healthy),
    },
    Unmeasured { what: "sticky sessions", of: |s| any(s, |b| b.sticky.is_some()) },
    Unmeasured { what: "name servers", of: |s| any(s, |b| b.resolve.is_some()) },
    Unmeasured { what: "connection tracking", of: |s| any(s, |b| b.pinning.is_some()) },
    Unmeasured { what: "terminating pods that are fallen back on", of: |s| any(s, |b| b.terminating_fallback) },
    Unmeasured {
        what: "liveness and startup probes",
        of: |s| s.pod.liveness_probe.is_some() || s.pod.startup_probe.is_some(),
    },
    Unmeasured { what: "probes that wait behind requests", of: |s| s.pod.probes_through_queue },
    Unmeasured { what: "crashes and restarts", of: |s| [&s.pod, &s.new_pod].iter().any(|pod| crashes(&pod.crash)) },
    Unmeasured { what: "nodes and image pulls", of: |s| s.nodes.is_some() || s.pod.image.is_some() },
    Unmeasured { what: "a shared dependency", of: |s| s.dependency.is_some() },
    Unmeasured { what: "autoscalers", of: |s| s.workload.autoscaler.is_some() },
    Unmeasured {
        what: "a router's weights",
        of: |s| matches!(&s.workload.strategy, Strategy::Canary(canary) if canary.traffic_routing),
    },
    Unmeasured {
        what: "retries by clients",
        // What was lost on a connection in use before was sent again in one of them.
        of: |s| s.clients.iter().any(|c| c.retries.attempts > 0 && c.retries.on != [RetryOn::ResetOnReused]),
    },
    Unmeasured { what: "closed loops", of: |s| s.clients.iter().any(|c| matches!(c.load, Load::Users { .. })) },
    Unmeasured {
        what: "controllers other than a Deployment's",
        of: |s| {
            s.deploy.is_some() && !matches!(s.workload.strategy, Strategy::Recreate | Strategy::RollingUpdate { .. })
        },
    },
];

/// Whether any of its balancers is like that.
fn any(scenario: &Scenario, of: fn(&LoadBalancer) -> bool) -> bool {
    scenario.tiers().any(of)
}

/// Whether pods may die by themselves.
fn crashes(crash: &Crash) -> bool {
    crash.at_start > 0.0 || crash.uptime.is_some() || crash.in_flight.is_some()
}

impl Measured {
    /// Its row of the model card's table.
    pub fn row(&self) -> String {
        format!(
            "| {} | {} | {}{} |",
            self.quantity,
            self.unit.written(self.low),
            self.unit.written(self.high),
            self.note
        )
    }

    /// What `scenario` has of it; `None` where it does not matter.
    pub fn value(&self, scenario: &Scenario) -> Option<f64> {
        (self.of)(scenario)
    }

    /// `pods 20 (4 to 12)`, where a scenario lies outside.
    fn outside(&self, scenario: &Scenario) -> Option<String> {
        let value = self.value(scenario)?;
        // What differs by less than is written is inside.
        let outside = value < self.low * 0.995 || value > self.high * 1.005;
        let [value, low, high] = [value, self.low, self.high].map(|x| self.unit.written(x));
        outside.then(|| format!("{} {value} ({low} to {high})", self.quantity))
    }
}

impl Unit {
    fn written(self, x: f64) -> String {
        match self {
            Self::Count => thousands(x),
            // Three digits are enough.
            Self::Seconds if x >= 1.0 => Dur::from_millis(libm::round(x * 100.0) as u64 * 10).to_string(),
            Self::Seconds => Dur::from_nanos(libm::round(x * 1e5) as u64 * 10_000).to_string(),
            Self::Share => format!("{:.0} %", 100.0 * x),
            Self::Times => format!("{x:.3} ×").replace(".000", ""),
        }
    }
}

/// `2,000`.
fn thousands(x: f64) -> String {
    let digits = format!("{x:.0}");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Whether what it asks for lasts: long-lived connections, and answers that are sent from their start.
fn is_stream(clients: &Clients) -> bool {
    clients.streamed_response || matches!(clients.load, Load::Streams { .. })
}

/// The most requests a second that open-loop clients are set to.
fn rate(scenario: &Scenario) -> f64 {
    let of = |load: &Load| match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => {
            profile.points.iter().map(|(_, rate)| *rate).fold(0.0, f64::max)
        }
        _ => 0.0,
    };
    scenario.clients.iter().map(|c| of(&c.load)).sum()
}

/// The share of all workers that they keep busy.
fn busy(scenario: &Scenario) -> f64 {
    let workers = f64::from(scenario.workload.replicas) * f64::from(scenario.pod.concurrency);
    rate(scenario) * scenario.pod.service_time.mean() / workers.max(1.0)
}

/// What of `scenario` lies outside of what was measured: quantities with the range, mechanisms and presets by name.
/// `presets` are those that it names of which no value was measured.
pub fn beyond(scenario: &Scenario, presets: &[&str]) -> Vec<String> {
    let quantities = MEASURED.iter().filter_map(|m| m.outside(scenario));
    let mechanisms = UNMEASURED.iter().filter(|u| (u.of)(scenario)).map(|u| u.what.to_owned());
    let presets = presets.iter().map(|name| format!("preset {name}"));
    quantities.chain(mechanisms.chain(presets).map(|what| format!("{what} (not measured)"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_named_with_its_range() {
        let of = |text: &str| beyond(&Scenario::from_yaml(text).expect("a scenario"), &[]);
        let inside = "
workload: {replicas: 6}
pod: {serviceTime: 40ms}
clients: [{rate: 100/s, connections: 100}]
";
        assert_eq!(of(inside), [""; 0]);
        let outside = of(&inside.replace("replicas: 6", "replicas: 100").replace("100/s", "2500/s"));
        assert_eq!(outside, ["pods 100 (4 to 12)", "requests a second 2,500 (4 to 150)"]);
        let never = of(&inside.replace("connections: 100", "connections: 100, multiplex: 100"));
        assert_eq!(never, ["HTTP/2 and its multiplexing (not measured)"]);
        let several = of(&format!(
            "{inside}loadBalancer: {{readinessGate: true}}\ndependency: {{maxConnections: 100}}\nnewVersion: {{crash: {{atStart: 10%}}}}\n"
        ));
        let named = ["readiness gates that ask for health", "crashes and restarts", "a shared dependency"];
        assert_eq!(several, named.map(|what| format!("{what} (not measured)")));
        assert_eq!(beyond(&Scenario::from_yaml(inside).expect("a scenario"), &["nlb"]), ["preset nlb (not measured)"]);
    }

    #[test]
    fn numbers_are_written_short() {
        assert_eq!(Unit::Seconds.written(0.02), "20ms");
        assert_eq!(Unit::Seconds.written(12.3456), "12.35s");
        assert_eq!(Unit::Seconds.written(0.0), "0s");
        assert_eq!(Unit::Count.written(1_234_567.0), "1,234,567");
        assert_eq!(Unit::Times.written(8.0), "8 ×");
    }
}
