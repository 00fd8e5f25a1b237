//! A switch that takes the old pods away before every proxy has made it.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Diag, Strategy};

pub(super) const RULE: Rule = Rule {
    code: "scale-down-outrun",
    summary: "old pods are scaled down before every proxy has switched",
    why: "At a blue-green switch the new pods take the old ones' place in one step. The old ones are scaled down a delay later, \
          whatever the balancers have done by then: proxies that have not yet heard go on sending to pods that are gone, and those \
          that heard of the removals first have nowhere to send.",
    remedy: "scaleDownDelaySeconds above the time that the balancer takes to add and to remove pods, p99; Argo's default is 30 s.",
    incident: "kubernetes-sigs/aws-load-balancer-controller#3621: a blue-green switch removed all old targets before the new \
               ones were added, and no healthy target was left",
    failing: "\
workload: {kind: Rollout, replicas: 4, minReadySeconds: 30, strategy: {blueGreen: {scaleDownDelaySeconds: 5}}}
pod: {startup: 8s, serviceTime: 20ms, termination: {preStop: 10s, drainWindow: 5s}}
loadBalancer: {propagation: {shared: 0s, add: 20s, remove: 5s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {kind: Rollout, replicas: 4, minReadySeconds: 30, strategy: {blueGreen: {scaleDownDelaySeconds: 30}}}
pod: {startup: 8s, serviceTime: 20ms, termination: {preStop: 10s, drainWindow: 5s}}
loadBalancer: {propagation: {shared: 0s, add: 20s, remove: 5s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let Strategy::BlueGreen(switch) = &scenario.workload.strategy else { return Vec::new() };
    if scenario.deploy.is_none() || s.rolled().tier.is_some() {
        return Vec::new();
    }
    let propagation = &scenario.load_balancer.propagation;
    let p99 = |own| propagation.median_and_p99(own).1;
    let switched = p99(propagation.add.slowest()).max(p99(propagation.remove.slowest()));
    // They serve on until their listeners close.
    let Some(listens) = s.listens_for() else { return Vec::new() };
    let delay = switch.scale_down_delay.secs() + listens.secs();
    if delay >= switched {
        return Vec::new();
    }
    let message = format!("old pods stop {delay:.0} s after the switch, which takes the proxies {switched:.1} s (p99)");
    let also = [
        ("loadBalancer.propagation.add", "until a proxy sends to the new pods".to_owned()),
        ("loadBalancer.propagation.remove", "until it stops sending to the old ones".to_owned()),
    ];
    let path = "workload.strategy.blueGreen.scaleDownDelaySeconds";
    let diag = s.find(RULE.code, message, path, "the old pods stay this long", &also);
    vec![diag.help(format!("scaleDownDelaySeconds: {:.0}", libm::ceil(switched - listens.secs())))]
}
