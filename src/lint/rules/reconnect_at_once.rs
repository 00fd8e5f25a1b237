//! Connections that are all closed, and all come back, in one moment.

use crate::lint::{Check, Rule, Subject, demand};
use crate::scenario::{Clients, ConnectionClose, Diag, Jitter, Layer, Load, OnDrain};

/// Seconds of all free workers' time that a burst of handshakes may take.
const BEARABLE: f64 = 1.0;

pub(super) const RULE: Rule = Rule {
    code: "reconnect-at-once",
    summary: "all connections of a pod are closed at once and come back without jitter",
    why: "At layer 4 a pod that stops gives up all its connections, and eager clients are back in the same second. Each handshake costs \
          work; when a wave of them takes the pods that are left longer than a moment, requests wait behind them, time out, and are \
          sent again – a storm that can outlast the deploy.",
    remedy: "closeJitter over as many seconds as the handshakes take, within the grace period; jitter in the clients' backoff.",
    incident: "dust-tt/dust#19917: a fixed delay of 5 s before every reconnect, a spike exactly then, a fifth of it with 3 to 8 s; \
               emqx/emqx#3054: a node that stops disconnects everybody at once; zed-industries/zed#32418",
    failing: "\
workload: {replicas: 10, strategy: {rollingUpdate: {maxSurge: 30%, maxUnavailable: 0}}}
pod: {concurrency: 4, serviceTime: 10ms, termination: {preStop: 10s, closeJitter: 0s}, keepAlive: {idleTimeout: 300s}}
loadBalancer: {layer: 4}
handshake: {time: 10ms}
clients:
  - {name: devices, rate: 1500/s, connections: 20000, reconnect: {when: eager}, keepAlive: {idleTimeout: 240s}}
",
    passing: "\
workload: {replicas: 10, strategy: {rollingUpdate: {maxSurge: 30%, maxUnavailable: 0}}}
pod: {concurrency: 4, serviceTime: 10ms, termination: {preStop: 10s, closeJitter: 15s}, keepAlive: {idleTimeout: 300s}}
loadBalancer: {layer: 4}
handshake: {time: 10ms}
clients:
  - {name: devices, rate: 1500/s, connections: 20000, reconnect: {when: eager}, keepAlive: {idleTimeout: 240s}}
",
    check: Check::Rule(check),
};

/// Connections of a population that come back by themselves at once (s of spread by their backoff: none).
fn eager(c: &Clients) -> bool {
    let closed = !matches!(c.load, Load::Streams { on_drain: OnDrain::Finish, .. });
    closed && c.reconnect.eager && (c.reconnect.backoff.jitter == Jitter::None || c.reconnect.backoff.base.is_zero())
}

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let t = &scenario.pod.termination;
    let at_once = matches!(t.connection_close, ConnectionClose::Idle | ConnectionClose::Both);
    // To accept a connection costs a proxy next to nothing.
    if scenario.deploy.is_none() || s.rolled().tier.is_some() || scenario.load_balancer.layer != Layer::L4 || !at_once {
        return Vec::new();
    }
    let connections: f64 = scenario.clients.iter().filter(|c| eager(c)).map(|c| f64::from(c.connections)).sum();
    let replicas = f64::from(scenario.workload.replicas);
    let posts = s.fenceposts();
    let wave = f64::from(posts.surge + posts.unavailable).min(replicas);
    let burst = connections / replicas * wave;
    let workers = replicas * f64::from(scenario.pod.concurrency);
    let free = (workers - demand::busy_workers(scenario)).max(0.05 * workers);
    let takes = burst * scenario.handshake.time.secs() / free;
    if takes <= BEARABLE || t.close_jitter.secs() >= takes {
        return Vec::new();
    }
    let message = format!(
        "{burst:.0} connections come back at once when {wave:.0} pods go: {takes:.1} s of handshakes for all free workers"
    );
    let also = [("handshake.time", "each costs this".to_owned()), ("workload.replicas", "shared by these".to_owned())];
    let label = format!("spread over {}", t.close_jitter);
    let diag = s.find(RULE.code, message, "pod.termination.closeJitter", &label, &also);
    vec![diag.help(format!("closeJitter: {:.0}s, within drainWindow and the grace period", libm::ceil(2.0 * takes)))]
}
