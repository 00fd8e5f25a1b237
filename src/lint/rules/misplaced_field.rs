//! A field one level off or misspelt, where Kubernetes does not look.

use crate::lint::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    code: "misplaced-field",
    summary: "a field has no effect where it stands, or as it is spelt",
    why: "`strategy`, `minReadySeconds`, a probe or a hook that stands one level too high or too low is ignored (or refused \
          where validation is strict). The rollout then runs with the defaults: 25 % of the pods may be missing, and nothing \
          waits for anything. It is not seen in a review, since the right words are there, or nearly.",
    remedy: "Move it to where the warning says; `kubectl apply --validate=strict --dry-run=server` refuses what it does not know.",
    incident: "envoyproxy/gateway#4997: with the default 25 % of the pods missing at a time, retries and health checks did \
               not hide the deploys; `maxUnavailable: 0, maxSurge: 1` did – where it took effect",
    failing: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 6
  template:
    spec:
      strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
      containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]
",
    passing: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 6
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    spec:
      containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]
",
    check: Check::Reading,
};
