//! The same request carries the same facts under every policy: what its client is, when it is born, what work it is.

use std::collections::BTreeMap;

use dryroll::engine::{Dur, SimTime};
use dryroll::fleet::fact::{Fact, Outcome};
use dryroll::fleet::{Observer, simulate};
use dryroll::scenario::load_str;

/// Births and times under way of requests that succeeded, by identity.
#[derive(Default)]
struct Requests(BTreeMap<u64, (SimTime, Dur)>);

impl Observer for Requests {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        if let Fact::Ended { born, outcome: Outcome::Ok, identity, stream: false, attempts: 1, .. } = fact {
            self.0.insert(identity, (born, now.since(born)));
        }
    }
}

/// Requests never queue and nothing is slowed, so that the time under way is work, latencies and nothing else.
fn requests(policy: &str) -> Requests {
    let yaml = format!(
        "\
workload: {{replicas: 6, {policy}}}
pod:
  concurrency: 1000
  startup: 2s
  serviceTime: {{distribution: lognormal, p50: 20ms, p99: 500ms}}
  readinessProbe: none
loadBalancer: {{upstream: {{idleTimeout: 0s}}}}
handshake: {{time: 0s}}
network: {{latency: 0s, client: 1ms}}
clients:
  - {{name: web, rate: 100/s, connections: 2000}}
  - {{name: batch, rate: 50/s, arrivals: {{distribution: constant}}, connections: 2000}}
deploy: {{at: 10s}}
observe: {{warmup: 0s, after: 10s}}
"
    );
    let scenario = load_str("crn.yaml", &yaml, &[]).expect("a valid scenario").scenario;
    simulate(&scenario, 3, 0, Requests::default()).0
}

#[test]
fn the_same_request_is_born_at_the_same_time_with_the_same_work() {
    let recreate = requests("strategy: Recreate");
    let rolling = requests("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}");
    let mut common = 0;
    for (identity, (born, time)) in &recreate.0 {
        if let Some((other_born, other_time)) = rolling.0.get(identity) {
            assert_eq!(born, other_born, "request {identity:x} is born at another time");
            // A connection that had to be opened first costs a round trip at either side of the proxy.
            let apart = time.nanos().abs_diff(other_time.nanos());
            assert!([0, 2_000_000].contains(&apart), "request {identity:x} took {time} and {other_time}");
            common += 1;
        }
    }
    assert!(common > 1000, "only {common} requests succeeded under both policies");
}

#[test]
fn a_users_requests_are_the_same_whatever_the_others_do() {
    let think = |extra: &str| {
        let yaml = format!(
            "\
pod: {{concurrency: 1000, serviceTime: {{distribution: exponential, mean: 50ms}}}}
handshake: {{time: 0s}}
network: {{latency: 0s}}
clients:
  - {{name: users, users: {{count: 20, thinkTime: 200ms}}}}
{extra}deploy: none
observe: {{warmup: 0s, for: 20s}}
"
        );
        let scenario = load_str("crn.yaml", &yaml, &[]).expect("a valid scenario").scenario;
        simulate(&scenario, 3, 0, Requests::default()).0.0
    };
    let alone = think("");
    let mut beside = think("  - {name: web, rate: 200/s}\n");
    beside.retain(|identity, _| identity >> 48 == 0);
    assert_eq!(alone, beside);
}
