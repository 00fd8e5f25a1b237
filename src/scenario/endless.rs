//! What would go on without end within one instant of simulated time, as far as the scenario alone tells: the rest is noticed
//! when it happens (`fleet/standstill.rs`).

use super::diag::Diag;
use super::dist::Dist;
use super::validate::Check;
use super::{Clients, Layer, Load, Scenario};
use crate::engine::Dur;

/// Streams that last no time would end and begin anew at one instant for ever.
pub(super) fn streams(c: &Check<'_>) {
    for (n, client) in c.scenario.clients.iter().enumerate() {
        if let Load::Streams { duration, .. } = &client.load
            && takes_no_time(duration)
        {
            let diag = Diag::error("out-of-range", "these streams last no time");
            c.report(diag, &format!("clients.{n}.streams.duration"), "expected a duration above 0s", &[]);
        }
    }
}

/// Users who do not think, and are served and answered in no time, would ask for ever at one instant.
pub(super) fn users(c: &Check<'_>) {
    let s = c.scenario;
    // What tiers before the last one take is left to the run.
    if !s.front.is_empty() || !way_takes_no_time(s) || !takes_no_time(&s.pod.service_time) {
        return;
    }
    for (n, client) in s.clients.iter().enumerate() {
        let Load::Users { think_time, .. } = &client.load else { continue };
        let shakes_hands = opens_now_and_then(s, client) && !s.handshake.time.is_zero();
        if !takes_no_time(think_time) || shakes_hands {
            continue;
        }
        let text = "these users would ask for ever within one instant: nothing that they do takes time";
        let diag = Diag::error("endless", text)
            .help("give one of them some time: `thinkTime`, `pod.serviceTime`, or `network.client`");
        let others = [
            ("pod.serviceTime", "they are served in no time".to_owned()),
            ("network.latency", "nor does the way to a pod take any".to_owned()),
            ("network.client", "nor does the way to a proxy take any".to_owned()),
        ];
        c.report(diag, &format!("clients.{n}.users.thinkTime"), "they do not think", &others);
    }
}

/// Whether a request and its answer cross the network in no time.
fn way_takes_no_time(s: &Scenario) -> bool {
    s.network.client.is_zero() && (s.load_balancer.layer == Layer::L4 || s.network.latency.is_zero())
}

/// Whether connections are opened again and again, of which each costs a handshake.
fn opens_now_and_then(s: &Scenario, client: &Clients) -> bool {
    let keeps_none = s.load_balancer.layer == Layer::L7 && s.load_balancer.upstream.connections == 0;
    client.keep_alive.max_requests > 0 || s.pod.keep_alive.max_requests > 0 || keeps_none
}

/// Whether every draw of it, from some draw on, is less than half a nanosecond.
fn takes_no_time(dist: &Dist) -> bool {
    let ends_in_zero = matches!(dist, Dist::Sequence(values) if values.last().is_none_or(|v| v.is_zero()));
    ends_in_zero || Dur::from_secs_f64(dist.quantile(1.0 - 1e-12)).is_zero()
}
