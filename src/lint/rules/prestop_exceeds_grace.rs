//! A hook that takes the whole grace period.

use crate::lint::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    code: "prestop-exceeds-grace",
    summary: "preStop takes the whole grace period",
    why: "terminationGracePeriodSeconds runs from the deletion and includes preStop. A hook that lasts as long leaves nothing: \
          SIGTERM never has a chance, and whatever is in flight is cut by SIGKILL.",
    remedy: "terminationGracePeriodSeconds above preStop + the time that the longest request takes.",
    incident: "cds-snc/notification-api#1237, pipe-cd/pipecd#4134, PostHog/posthog#59609: time-outs that tie or exceed the grace period \
               end in SIGKILL with work in hand",
    failing: "\
workload: {replicas: 4}
pod: {termination: {preStop: 40s, drainWindow: 10s, terminationGracePeriodSeconds: 30}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4}
pod: {termination: {preStop: 40s, drainWindow: 10s, terminationGracePeriodSeconds: 60}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Reading,
};
