//! Neither an extra pod nor a missing one.

use crate::lint::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    code: "stuck-rollout",
    summary: "maxSurge and maxUnavailable are both 0",
    why: "No extra pod may be started and none may be stopped, so the rollout can never take its first step. Kubernetes \
          refuses a Deployment that says so, and Argo a canary.",
    remedy: "Set one of them above 0: `maxSurge: 1` where the cluster has room for one more pod, else `maxUnavailable: 1`.",
    incident: "KBVE/kbve#12668: the only new pod could not start before the old one was gone, which might not go: the rollout \
               stood still for ever",
    failing: "\
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}}
pod: {termination: {preStop: 10s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {termination: {preStop: 10s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Reading,
};
