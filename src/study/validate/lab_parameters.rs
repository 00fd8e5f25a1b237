//! The way back: a scenario as the parameters of the lab that deploys through real balancers (`validation/lab`). What the
//! forecast of those parameters would have other than the scenario is told, so that nothing is left out in silence.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::lab_case::{Balancer, LabCase, Parameters};
use super::{differences, lab_settings, translate};
use crate::engine::Dur;
use crate::fleet::rollout;
use crate::scenario::dist::Dist;
use crate::scenario::{
    Arrivals, ByProxy, Clients, ConnectionClose, Load, OnSigterm, ReadinessGate, RetryOn, Rolls, Scenario, Strategy,
    WarmupOver,
};

/// What the lab runs for a scenario.
#[derive(Clone, Debug)]
pub struct LabPlan {
    /// The `parameters` of a case.
    pub parameters: Value,
    /// What the scenario has other than the lab, one a line; times of measurement are left out.
    pub differences: Vec<String>,
}

/// The lab waits for the deploy so long (s) at the most, and watches so long after its end.
const BEFORE_MAX: f64 = 120.0;
const AFTER_MAX: f64 = 20.0;
/// Requests under way when the lab stops may go on so long (s).
const LINGER: f64 = 3.0;
/// Pods of a streamed answer write in this rhythm (s).
const CHUNK: f64 = 0.25;
/// A relay, which takes 1 to 2 ms by itself, stands for a network of at least this latency.
const RELAYED: Dur = Dur::from_millis(2);
/// One machine has to do it without being late itself.
const RATE_MAX: f64 = 400.0;
const CLIENTS_MAX: u32 = 2_000;
const PROXIES_MAX: u32 = 4;
/// Pods that ever live, for each has an address of its own in the lab, and HAProxy a slot.
const PODS_MAX: u32 = 30;

/// The parameters with which the lab plays `scenario` through `balancer`.
///
/// # Errors
/// Everything that the lab cannot do, one a line.
pub fn lab_plan(scenario: &Scenario, balancer: Balancer) -> Result<LabPlan, Vec<String>> {
    let mut cannot = Cannot(Vec::new());
    let mut fields = serde_json::Map::new();
    for part in [
        workload(scenario, &mut cannot),
        pod(scenario, &mut cannot),
        network(scenario, balancer, &mut cannot),
        clients(scenario, &mut cannot),
        timing(scenario, balancer, &mut cannot),
    ] {
        fields.extend(part.as_object().cloned().unwrap_or_default());
    }
    fields.insert("lb".into(), json!(balancer.name()));
    fields.insert("lb_settings".into(), lab_settings::settings(scenario, balancer, &mut cannot));
    if !cannot.0.is_empty() {
        return Err(cannot.0);
    }
    let parameters = Value::Object(fields);
    let case = Parameters::deserialize(&parameters).map_err(|e| vec![e.to_string()])?;
    let played = translate::scenario(&LabCase { parameters: case, summary: Value::Null });
    let played = Scenario::from_yaml(&played)
        .map_err(|found| found.iter().map(|d| d.message.clone()).collect::<Vec<String>>())?;
    Ok(LabPlan { parameters, differences: differences::between(scenario, &played) })
}

/// What the lab cannot do.
pub(super) struct Cannot(Vec<String>);

impl Cannot {
    pub(super) fn say(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    fn at_most(&mut self, path: &str, value: f64, most: f64) {
        if value > most {
            self.say(format!("`{path}` is {value}, and {most} is the most that the lab does"));
        }
    }

    /// A constant (s).
    fn constant(&mut self, path: &str, dist: &Dist) -> f64 {
        if let Dist::Constant(d) = dist {
            return d.secs();
        }
        self.say(format!("`{path}` is random; give it one value, as in --set {path}=1s"));
        0.0
    }
}

fn workload(scenario: &Scenario, cannot: &mut Cannot) -> Value {
    let n = scenario.workload.replicas;
    if scenario.workload.strategy == Strategy::Recreate {
        cannot.say("`workload.strategy` is Recreate, and the lab does rolling updates alone");
    }
    let bounds = rollout::resolve(&scenario.workload.strategy, n);
    cannot.at_most("workload.replicas", f64::from(n), f64::from(PODS_MAX / 2));
    json!({"n": n, "max_surge": bounds.surge, "max_unavailable": bounds.unavailable})
}

fn pod(scenario: &Scenario, cannot: &mut Cannot) -> Value {
    let (old, new) = (&scenario.pod, &scenario.new_pod);
    let end = &old.termination;
    let jittered = !end.close_jitter.is_zero();
    let drain_mode = match end.connection_close {
        ConnectionClose::Idle | ConnectionClose::Both if jittered => "jitter",
        ConnectionClose::Idle | ConnectionClose::Both => "at_once",
        ConnectionClose::Response => "conn_close",
        ConnectionClose::None => "ignore",
    };
    if end.on_sigterm != OnSigterm::Drain {
        cannot.say("`pod.termination.onSigterm` is not `drain`, as it is of the lab's pods");
    }
    let warm_s = match new.warmup.over {
        WarmupOver::Time(time) => time.secs(),
        WarmupOver::Requests(_) => {
            if new.warmup.slowdown > 1.0 {
                cannot.say("`warmup.requests`: the lab's pods warm up over time");
            }
            0.0
        }
    };
    let service = time(&old.service_time).unwrap_or_else(|| {
        cannot.say(
            "`pod.serviceTime` is neither a constant nor exponential, uniform or lognormal, as in the lab; \
             give for instance --set pod.serviceTime=20ms",
        );
        Value::Null
    });
    if time(&new.service_time) != time(&old.service_time) {
        cannot.say("`newVersion.serviceTime`: the lab's pods differ in their warm-up alone");
    }
    let unlimited = old.concurrency >= translate::UNLIMITED;
    json!({
        "service": service,
        "conc": if unlimited { 0 } else { old.concurrency },
        "queue": old.queue,
        "idle_s": if old.keep_alive.idle_timeout.is_zero() { 86_400.0 } else { old.keep_alive.idle_timeout.secs() },
        "startup_s": cannot.constant("pod.startup", &new.startup),
        "warm_mult": new.warmup.slowdown,
        "warm_s": warm_s,
        "prestop_s": cannot.constant("pod.termination.preStop", &end.pre_stop),
        "drain_mode": drain_mode,
        "jitter_s": end.close_jitter.secs(),
        "drain_s": end.drain_window.secs(),
        "grace_s": end.grace_period.secs(),
    })
}

/// A distribution in the format's words.
fn time(dist: &Dist) -> Option<Value> {
    Some(match dist {
        Dist::Constant(d) => json!({"kind": "const", "s": d.secs()}),
        Dist::Exponential { mean } => json!({"kind": "exp", "mean": mean}),
        Dist::Uniform { min, max } => json!({"kind": "uniform", "lo": min, "hi": max}),
        Dist::Lognormal { mu, sigma } => json!({"kind": "lognormal", "median": libm::exp(*mu), "sigma": sigma}),
        _ => return None,
    })
}

fn network(scenario: &Scenario, balancer: Balancer, cannot: &mut Cannot) -> Value {
    let (net, lb) = (&scenario.network, &scenario.load_balancer);
    let latency = if balancer == Balancer::Direct { net.client } else { net.latency };
    let proxies = if balancer == Balancer::Direct { 1 } else { lb.proxies };
    cannot.at_most("loadBalancer.proxies", f64::from(proxies), f64::from(PROXIES_MAX));
    let shared = cannot.constant("loadBalancer.propagation.shared", &lb.propagation.shared);
    let mut delay = |name: &str, each: &ByProxy| {
        delay(shared, proxies, each).unwrap_or_else(|| {
            cannot.say(format!(
                "`loadBalancer.propagation.{name}` is no constant, exponential, uniform or lognormal time"
            ));
            Value::Null
        })
    };
    json!({
        "relay_delay_s": if latency < RELAYED { 0.0 } else { round_ns(latency.secs() - translate::RELAY) },
        "proxies": proxies,
        "add_delay": delay("add", &lb.propagation.add),
        "remove_delay": delay("remove", &lb.propagation.remove),
        "wait_add": lb.readiness_gate != ReadinessGate::None,
    })
}

/// To a nanosecond, lest the difference of two floats be a third.
fn round_ns(secs: f64) -> f64 {
    (secs * 1e9).round() / 1e9
}

/// How late the proxies learn: one distribution for all, or a constant for each.
fn delay(shared: f64, proxies: u32, each: &ByProxy) -> Option<Value> {
    let of = |proxy: u32| each.of(proxy as u16);
    let constants: Option<Vec<f64>> = (0..proxies)
        .map(|proxy| match of(proxy) {
            Dist::Constant(d) => Some(shared + d.secs()),
            _ => None,
        })
        .collect();
    match (constants.as_deref(), of(0)) {
        (Some([first, rest @ ..]), _) if rest.iter().all(|s| s == first) => Some(json!({"kind": "const", "s": first})),
        (Some(each), _) => Some(json!({"kind": "per_proxy", "s": each})),
        (None, dist @ (Dist::Exponential { .. } | Dist::Lognormal { .. })) if shared == 0.0 => time(dist),
        (None, Dist::Uniform { min, max }) => Some(json!({"kind": "uniform", "lo": shared + min, "hi": shared + max})),
        _ => None,
    }
}

fn clients(scenario: &Scenario, cannot: &mut Cannot) -> Value {
    let [clients] = &scenario.clients[..] else {
        cannot.say("`clients`: the lab has one population");
        return Value::Null;
    };
    let (arrivals, rate) = arrivals(clients, cannot);
    cannot.at_most("rate", rate, RATE_MAX);
    cannot.at_most("connections", f64::from(clients.connections), f64::from(CLIENTS_MAX));
    let again = clients.retries.attempts > 0;
    if again && clients.retries.on != [RetryOn::ResetOnReused] {
        cannot.say("`clients.retries`: the lab's clients send again after the end of a reused connection alone (`on: [resetOnReused]`)");
    }
    json!({
        "rate": rate,
        "arrivals": arrivals,
        "clients": clients.connections,
        "client_timeout_s": if clients.timeout.is_zero() { 3600.0 } else { clients.timeout.secs() },
        "preconnect": u8::from(clients.preconnect),
        "retry_reused": u8::from(again),
        "reconnect": if clients.reconnect.eager { "eager" } else { "lazy" },
        "reconnect_delay_s": clients.reconnect.backoff.base.secs(),
        "chunk_s": if clients.streamed_response { CHUNK } else { 0.0 },
    })
}

fn arrivals(clients: &Clients, cannot: &mut Cannot) -> (&'static str, f64) {
    let (word, profile) = match &clients.load {
        Load::Open(Arrivals::Poisson(profile)) => ("poisson", profile),
        Load::Open(Arrivals::Constant(profile)) => ("constant", profile),
        _ => {
            cannot.say("`clients`: the lab's send at a `rate`; it has no streams, users or traces");
            return ("poisson", 1.0);
        }
    };
    let rate = profile.points[0].1;
    if profile.points.iter().any(|&(_, r)| r != rate) {
        cannot.say("`clients.profile`: the lab's rate is constant");
    }
    (word, rate)
}

fn timing(scenario: &Scenario, balancer: Balancer, cannot: &mut Cannot) -> Value {
    let observe = &scenario.observe;
    let after = observe.after.secs().min(AFTER_MAX);
    let Some(deploy) = &scenario.deploy else {
        let watch = observe.steady.secs() - LINGER;
        if watch <= 0.0 {
            cannot.say(format!("`observe.for`: the lab needs more than {LINGER} s"));
        }
        return json!({"strategy": "none", "before_s": 0.0, "after_s": 0.0, "watch_s": watch, "linger_s": LINGER});
    };
    let phase = match &scenario.clients[..] {
        [Clients { load: Load::Open(Arrivals::Constant(profile)), .. }] => {
            translate::phase("constant", profile.points[0].1)
        }
        _ => 0.0,
    };
    let strategy = match (deploy.rolls, balancer) {
        (Rolls::Pods, _) => "rolling",
        (Rolls::LoadBalancer, Balancer::Haproxy | Balancer::Nginx) => "lb_reload",
        (Rolls::LoadBalancer, Balancer::Envoy) => "envoy_drain",
        (Rolls::Tier(_), _) => {
            cannot.say("`deploy.rolls`: the lab plays one balancer");
            "none"
        }
        (Rolls::LoadBalancer, Balancer::Direct) => {
            cannot.say("`deploy.rolls`: there is no balancer to be rolled");
            "none"
        }
    };
    cannot.at_most("deploy.at", deploy.at.secs(), BEFORE_MAX);
    json!({
        "strategy": strategy,
        "before_s": round_ns(deploy.at.secs() - phase),
        "after_s": after,
        "watch_s": after,
        "linger_s": LINGER,
    })
}
