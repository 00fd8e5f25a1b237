//! A probe that waits behind the requests.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Diag, Probe};

pub(super) const RULE: Rule = Rule {
    code: "probe-in-tight-queue",
    summary: "a probe waits in the requests' queue longer than its time-out",
    why: "A probe that a worker answers in turn waits for all that is queued before it. When a deploy has made the pods fewer, the \
          queues of those left fill, their probes time out, they are taken out of rotation as well – or restarted, by a liveness probe – \
          and the rest gets their load.",
    remedy: "Answer the probe beside the workers, or give it a time-out above the longest queue and several failures \
             (`timeoutSeconds: 5, failureThreshold: 3`); a shorter queue helps too.",
    incident: "datacommonsorg/website#6624: 8 workers, time-out 1 s, failureThreshold 1: all backends out at once, 502 `failed to \
               pick backend`; kubernetes/kubernetes#115917; pydantic/logfire-helm-chart#245: overloaded pods were restarted after 9 s, \
               which deepened the overload",
    failing: "\
workload: {replicas: 4}
pod:
  {concurrency: 8, queue: 128, serviceTime: 100ms, probes: {throughQueue: true}, termination: {preStop: 10s},
   readinessProbe: {periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 1}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4}
pod:
  {concurrency: 8, queue: 128, serviceTime: 100ms, probes: {throughQueue: true}, termination: {preStop: 10s},
   readinessProbe: {periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let pod = &s.scenario().pod;
    if !pod.probes_through_queue {
        return Vec::new();
    }
    let probes = [
        ("pod.readinessProbe.timeoutSeconds", "turn not Ready", pod.readiness_probe),
        ("pod.livenessProbe.timeoutSeconds", "are restarted", pod.liveness_probe.map(|probe| probe.probe)),
    ];
    let wait = f64::from(pod.queue) * pod.service_time.mean() / f64::from(pod.concurrency);
    let tight = probes.into_iter().filter_map(|(path, fate, probe)| Some((path, fate, probe?)));
    tight
        .filter(|(_, _, probe)| wait > probe.timeout.secs())
        .map(|(path, fate, probe)| find(s, path, fate, probe, wait))
        .collect()
}

fn find(s: &Subject<'_>, path: &str, fate: &str, probe: Probe, wait: f64) -> Diag {
    let failures = match probe.failure_threshold {
        1 => "one such probe is enough".to_owned(),
        n => format!("{n} of them in a row are enough"),
    };
    let message = format!(
        "a probe behind a full queue waits {wait:.1} s and has failed after {}: busy pods {fate}, {failures}",
        probe.timeout
    );
    let label = format!("failed after {}", probe.timeout);
    let queue = s.scenario().pod.queue;
    let also =
        [("pod.queue", format!("{queue} may wait before it")), ("pod.probes.throughQueue", "in turn".to_owned())];
    let diag = s.find(RULE.code, message, path, &label, &also);
    diag.help(format!("timeoutSeconds: {:.0}, or a shorter queue", libm::ceil(wait)))
}
