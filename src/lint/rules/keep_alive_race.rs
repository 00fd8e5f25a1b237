//! Both ends of a connection with the same patience.

use crate::engine::Dur;
use crate::lint::{Check, Rule, Subject, demand};
use crate::scenario::{Diag, Layer, Load, LoadBalancer, Pod};

pub(super) const RULE: Rule = Rule {
    code: "keep-alive-race",
    summary: "the pod closes idle connections that the other side still uses",
    why: "Whoever keeps an idle connection longer may write a request to it in the instant in which the other closes it. The request is lost \
          and, unless it may be sent twice, an error: a few in a hundred thousand, all the time, with no trace in the pod's log.",
    remedy: "The pod's idle time-out above the proxy's (65 s for a proxy's 60 s), or a retry after a reset.",
    incident: "nodejs/node#20256: a load balancer that keeps connections for 60 s before a server that keeps them for 5 s, 0.005 % of \
               all calls end in 502; medplum/medplum#2253",
    failing: "\
workload: {replicas: 4}
pod: {keepAlive: {idleTimeout: 5s}, termination: {preStop: 10s}}
loadBalancer: {upstream: {idleTimeout: 60s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4}
pod: {keepAlive: {idleTimeout: 65s}, termination: {preStop: 10s}}
loadBalancer: {upstream: {idleTimeout: 60s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let behind = scenario.front.iter().map(|tier| &tier.next.pod).chain([&scenario.pod]);
    // The proxies of the next tier have their settings there.
    let paths = scenario.tiers().skip(1).map(|tier| format!("{}.pod", tier.path)).chain(["pod".to_owned()]);
    let pairs = scenario.tiers().zip(behind.zip(paths)).enumerate();
    pairs.filter_map(|(n, (balancer, (pod, path)))| race(s, n, balancer, pod, &path)).collect()
}

/// Between `balancer`, the `n`-th from the outside, and what is behind it.
fn race(s: &Subject<'_>, n: usize, balancer: &LoadBalancer, pod: &Pod, path: &str) -> Option<Diag> {
    let scenario = s.scenario();
    let what = scenario.tiers().nth(n + 1).map_or_else(|| "pods".to_owned(), |t| format!("proxies of `{}`", t.name));
    let pod = pod.keep_alive.idle_timeout;
    // 0 = never closed.
    let outlives = |other: Dur| !pod.is_zero() && (other.is_zero() || other >= pod);
    let (who, other, path_of_other) = if balancer.layer == Layer::L7 {
        if balancer.upstream.connections == 0 || demand::streams_only(scenario) {
            return None;
        }
        let path = format!("{}.upstream.idleTimeout", balancer.path);
        ("proxies".to_owned(), balancer.upstream.idle_timeout, path)
    } else {
        let requests = |load: &Load| !matches!(load, Load::Streams { .. });
        let mut clients = scenario.clients.iter().enumerate().filter(|(_, c)| requests(&c.load));
        let (n, c) = clients.find(|(_, c)| outlives(c.keep_alive.idle_timeout))?;
        (format!("`{}`", c.name), c.keep_alive.idle_timeout, format!("clients.{n}.keepAlive.idleTimeout"))
    };
    // Only where the file says something about it: two defaults are nobody's mistake.
    let path_of_pod = format!("{path}.keepAlive.idleTimeout");
    if !outlives(other) || !(s.gives(&path_of_pod) || s.gives(&path_of_other)) {
        return None;
    }
    let keep = if other.is_zero() { "for ever".to_owned() } else { format!("for {other}") };
    let message = format!("{what} close idle connections after {pod}, and {who} keep them {keep}");
    let also = [(path_of_other.as_str(), "the other side keeps it this long".to_owned())];
    let diag = s.find(RULE.code, message, &path_of_pod, &format!("closed after {pod}"), &also);
    let enough = other + Dur::from_secs(5);
    Some(diag.help(if other.is_zero() {
        "let the other side close first".to_owned()
    } else {
        format!("{path_of_pod}: {enough}")
    }))
}
