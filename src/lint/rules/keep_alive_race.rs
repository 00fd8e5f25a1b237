//! Both ends of a connection with the same patience.

use crate::engine::Dur;
use crate::lint::{Check, Rule, Subject, demand};
use crate::scenario::{Diag, Layer, Load};

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
    let pod = scenario.pod.keep_alive.idle_timeout;
    // 0 = never closed.
    let outlives = |other: Dur| !pod.is_zero() && (other.is_zero() || other >= pod);
    let (who, other, path) = if scenario.load_balancer.layer == Layer::L7 {
        let upstream = scenario.load_balancer.upstream;
        if upstream.connections == 0 || demand::streams_only(scenario) {
            return Vec::new();
        }
        ("proxies".to_owned(), upstream.idle_timeout, "loadBalancer.upstream.idleTimeout".to_owned())
    } else {
        let requests = |load: &Load| !matches!(load, Load::Streams { .. });
        let mut clients = scenario.clients.iter().enumerate().filter(|(_, c)| requests(&c.load));
        let Some((n, c)) = clients.find(|(_, c)| outlives(c.keep_alive.idle_timeout)) else { return Vec::new() };
        (format!("`{}`", c.name), c.keep_alive.idle_timeout, format!("clients.{n}.keepAlive.idleTimeout"))
    };
    // Only where the file says something about it: two defaults are nobody's mistake.
    let path_of_pod = "pod.keepAlive.idleTimeout";
    if !outlives(other) || !(s.gives(path_of_pod) || s.gives(&path)) {
        return Vec::new();
    }
    let keep = if other.is_zero() { "for ever".to_owned() } else { format!("for {other}") };
    let message = format!("pods close idle connections after {pod}, and {who} keep them {keep}");
    let also = [(path.as_str(), "the other side keeps it this long".to_owned())];
    let diag = s.find(RULE.code, message, path_of_pod, &format!("closed after {pod}"), &also);
    let enough = other + Dur::from_secs(5);
    let help = if other.is_zero() {
        "let the other side close first".to_owned()
    } else {
        format!("pod.keepAlive.idleTimeout: {enough}")
    };
    vec![diag.help(help)]
}
