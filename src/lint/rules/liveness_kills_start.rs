//! A liveness probe that has lost its patience before the container listens.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::Diag;

pub(super) const RULE: Rule = Rule {
    code: "liveness-kills-start",
    summary: "the liveness probe may kill a container that is still starting",
    why: "Without a startupProbe the liveness probe counts from the container's start. A start that takes longer than its failures are \
          allowed is cut, and begins anew, later and later: the new version is never Ready, though nothing is wrong with it. It \
          passes where starts are quick, and fails on a busy node.",
    remedy: "A startupProbe with failures enough for the slowest start; the liveness probe then begins after it.",
    incident: "treeverse/charts#143: a start of more than 30 s, the default probe (every 10 s, three failures): restarted for ever; \
               kubernetes/enhancements#950: why there is a startupProbe",
    failing: "\
workload: {replicas: 4}
pod:
  {startup: {distribution: lognormal, p50: 25s, p99: 50s}, livenessProbe: {initialDelaySeconds: 10, periodSeconds: 10},
   termination: {preStop: 10s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4}
pod:
  {startup: {distribution: lognormal, p50: 25s, p99: 50s}, livenessProbe: {initialDelaySeconds: 10, periodSeconds: 10},
   startupProbe: {periodSeconds: 5, failureThreshold: 30}, termination: {preStop: 10s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let pod = &s.scenario().new_pod;
    // What start-ups take has to be told: an assumption is not held against anybody's probe.
    let told = s.gives("pod.startup") || s.gives("newVersion.startup");
    let guard = pod.startup_probe.map(|probe| ("startupProbe", probe.probe));
    let Some((name, probe)) = guard.or(pod.liveness_probe.map(|probe| ("livenessProbe", probe.probe))) else {
        return Vec::new();
    };
    // A phase of nearly nothing, and the last of the failures.
    let patience = probe.initial_delay.secs() + probe.period.secs() * f64::from(probe.failure_threshold - 1);
    let slow = pod.startup.quantile(0.99);
    if !told || slow <= patience {
        return Vec::new();
    }
    let message = format!(
        "the {name} may stop a container after {patience:.0} s, and one start in a hundred takes more than {slow:.0} s"
    );
    let failures = libm::ceil(slow * 1.5 / 5.0);
    let label = format!("{} failures in a row, every {}", probe.failure_threshold, probe.period);
    let also = [("pod.startup", "this long".to_owned()), ("newVersion.startup", "this long".to_owned())];
    let diag = s.find(RULE.code, message, &format!("pod.{name}"), &label, &also);
    vec![diag.help(format!("startupProbe: {{periodSeconds: 5, failureThreshold: {failures:.0}}}"))]
}
