//! New pods that no proxy knows when the old ones go.

use crate::lint::{Check, Rule, Subject, wave};
use crate::scenario::{Diag, ReadinessGate, Strategy};

pub(super) const RULE: Rule = Rule {
    code: "registration-outrun",
    summary: "the rollout is faster than the balancer's registration",
    why: "Kubernetes counts a pod as available without asking the balancer. Where a proxy takes longer to send it requests than the \
          rollout takes for its next wave, old pods go while the new ones are still unknown, at worst all of them.",
    remedy: "minReadySeconds above the time that the balancer takes to add a pod, or a readiness gate of its controller.",
    incident: "kubernetes-sigs/aws-load-balancer-controller#1834: a network load balancer took 3 to 5 minutes to add targets, \
               and all old pods were gone by then; kubernetes/kubernetes#108077: 2 min 30 s",
    failing: "\
workload: {replicas: 4, minReadySeconds: 0, strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}}
pod: {startup: 8s, termination: {preStop: 10s}}
loadBalancer: {propagation: {add: 180s, remove: 2s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4, minReadySeconds: 240, strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}}
pod: {startup: 8s, termination: {preStop: 10s}}
loadBalancer: {propagation: {add: 180s, remove: 2s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let rolled = s.rolled();
    let (workload, balancer) = (rolled.workload, rolled.balancer);
    // A new version is one of the pods alone.
    let pod = if rolled.tier.is_some() { rolled.pod } else { &scenario.new_pod };
    // Behind a readiness gate no pod counts before every proxy has heard of it.
    let gated = balancer.readiness_gate != ReadinessGate::None;
    if scenario.deploy.is_none() || workload.strategy == Strategy::Recreate || gated {
        return Vec::new();
    }
    let (add, add_p99) = balancer.median_and_p99(balancer.propagation.add.slowest());
    // The old pod goes minReadySeconds after Ready; it is routed to a while longer, and the next wave takes its start-up.
    let wave = wave::seconds(pod, workload.min_ready);
    if add <= wave {
        return Vec::new();
    }
    let one = if rolled.tier.is_some() { "one of the new proxies" } else { "a new pod" };
    let message =
        format!("proxies send to {one} {add:.0} s after it is Ready, and the rollout goes on every {wave:.0} s");
    let late = s.balancer_path("propagation.add");
    let also = [(late.as_str(), "this late".to_owned())];
    let label = format!("{} count {} after Ready", s.what(), workload.min_ready);
    let diag = s.find(RULE.code, message, &s.path("workload.minReadySeconds"), &label, &also);
    vec![diag.help(format!("minReadySeconds: {:.0}, or a readiness gate", libm::ceil(add_p99)))]
}
