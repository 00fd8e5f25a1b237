//! A surge of pods that take a port of their node.

use crate::lint::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    code: "host-port",
    summary: "pods of the surge want a port of the node that the old ones still have",
    why: "A pod with a `hostPort`, or on the network of its host, fits on no node on which another one has that port. A new pod of a \
          DaemonSet has to start on the very node of its predecessor: with `maxSurge` it stays Pending, and the rollout never ends. One \
          of a Deployment waits for a node on which none of them runs, which a cluster of as many nodes as pods does not have.",
    remedy: "maxSurge: 0 with maxUnavailable: 1 or more, or no port of the node.",
    incident: "kubernetes/kubernetes#106417: a DaemonSet with a hostPort and maxSurge was accepted, and its rolling update stuck on \
               \"didn't have free ports\"; newrelic/nri-kubernetes#356: a Deployment on the host's network, Pending for 71 minutes",
    failing: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: edge}
spec:
  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    spec:
      containers:
      - {name: proxy, ports: [{containerPort: 80, hostPort: 80}], lifecycle: {preStop: {sleep: {seconds: 10}}}}
",
    passing: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: edge}
spec:
  updateStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}
  template:
    spec:
      containers:
      - {name: proxy, ports: [{containerPort: 80, hostPort: 80}], lifecycle: {preStop: {sleep: {seconds: 10}}}}
",
    check: Check::Reading,
};
