//! What balancers do that others do not, one mechanism a test, each in a scenario in which nothing else can be the reason.

mod addresses;
mod affinity;
mod circuits;
mod health;
mod http2;
mod measured;
mod observed;
mod pools;
mod resolve;
mod retry_budget;

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, Outcome, Side};
use dryroll::fleet::{Observer, simulate};
use dryroll::scenario::load_str;

#[derive(Default)]
struct Log(Vec<(f64, Fact)>);

impl Observer for Log {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        self.0.push((now.secs(), fact));
    }
}

/// All facts of one replication, with their times.
fn facts(yaml: &str) -> Vec<(f64, Fact)> {
    let loaded = load_str("balancer.yaml", yaml, &[]).unwrap_or_else(|diags| {
        panic!("{yaml}\n{}", diags.iter().map(|d| d.render(false)).collect::<String>());
    });
    simulate(&loaded.scenario, 1, 0, Log::default()).0.0
}

fn count(facts: &[(f64, Fact)], wanted: impl Fn(f64, &Fact) -> bool) -> usize {
    facts.iter().filter(|(t, f)| wanted(*t, f)).count()
}

fn ended(facts: &[(f64, Fact)], with: Outcome) -> usize {
    count(facts, |_, f| matches!(f, Fact::Ended { outcome, .. } if *outcome == with))
}

fn dropped(facts: &[(f64, Fact)], by: Cause) -> usize {
    count(facts, |_, f| matches!(f, Fact::Ended { cause: Some(cause), .. } if *cause == by))
}

fn opened(facts: &[(f64, Fact)], by: Side, from: f64, to: f64) -> usize {
    count(facts, |t, f| matches!(f, Fact::Opened { side, .. } if *side == by) && (from..to).contains(&t))
}

/// Four pods replaced one by one, which stop listening at once and leave the tables a second later: 100 requests/s, so
/// about 80 meet a closed port.
fn rolling(balancer: &str, clients: &str) -> String {
    format!(
        "\
workload: {{replicas: 4, strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}}}
pod: {{startup: 2s, serviceTime: 20ms, readinessProbe: none}}
loadBalancer: {{proxies: 1, propagation: {{shared: 0s, add: 0s, remove: 1s}}, {balancer}}}
network: {{latency: 0s}}
handshake: {{time: 0s}}
clients: [{{rate: 100/s, {clients}}}]
deploy: {{at: 5s, controller: {{qps: 0}}}}
observe: {{warmup: 0s, after: 5s}}
"
    )
}

/// What of a steady load is left with `outcome`, by the share.
fn share(facts: &[(f64, Fact)], from: f64, to: f64, outcome: Outcome) -> f64 {
    let all = |t: f64, f: &Fact| matches!(f, Fact::Ended { .. }) && (from..to).contains(&t);
    let with = count(facts, |t, f| all(t, f) && matches!(f, Fact::Ended { outcome: o, .. } if *o == outcome));
    with as f64 / count(facts, all).max(1) as f64
}

/// The pod of each answered request, with its client, in order.
fn answers(facts: &[(f64, Fact)]) -> Vec<(f64, u32, u32)> {
    let answer = |(t, f): &(f64, Fact)| match f {
        Fact::Ended { outcome: Outcome::Ok, pod: Some(pod), client, .. } => Some((*t, *client, pod.0)),
        _ => None,
    };
    facts.iter().filter_map(answer).collect()
}
