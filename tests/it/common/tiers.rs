//! Random scenarios with balancers in series.

use crate::common::dice::Dice;
use crate::common::random_scenario;

/// A random scenario with two tiers or three, of which any is rolled.
pub(crate) fn random_tiers(seed: u64) -> String {
    let mut dice = Dice::new(seed, 1);
    let mut pick = |of: &[&'static str]| dice.pick(of);
    let balancer = |seed: u64, inner: bool| {
        let yaml = random_scenario(seed);
        let block = yaml.split("loadBalancer:\n").nth(1).expect("a balancer");
        let lines = block.lines().take_while(|line| line.starts_with("  "));
        let lines = lines.filter(|line| !(inner && line.contains("layer: 4"))).map(|line| format!("  {line}"));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    let pods = |pick: &mut dyn FnMut(&[&'static str]) -> &'static str| {
        let keep = pick(&["{}", "{idleTimeout: 30ms}", "{maxRequests: 3}", "{idleTimeout: 0s, maxAge: 2s}"]);
        let probe = pick(&["none", "{periodSeconds: 1}", "{periodSeconds: 2, initialDelaySeconds: 1}"]);
        let how = pick(&[
            "onSigterm: exit",
            "onSigterm: ignore",
            "lameDuck: 500ms",
            "connectionClose: response",
            "closeJitter: 1s",
        ]);
        let close = pick(&["cleanup: 0s", "afterExit: unreachable"]);
        let (stop, window) = (pick(&["0s", "1s"]), pick(&["0s", "10ms", "2s"]));
        let grace = pick(&["0", "2", "30"]);
        let bounds = pick(&["maxSurge: 1, maxUnavailable: 0", "maxSurge: 100%", "maxSurge: 0, maxUnavailable: 1"]);
        format!(
            "    pod: {{startup: 1s, keepAlive: {keep}, readinessProbe: {probe}, termination: {{preStop: {stop}, drainWindow: {window}, \
             terminationGracePeriodSeconds: {grace}, {how}, {close}}}}}\n    workload: {{progressDeadlineSeconds: 20, strategy: \
             {{rollingUpdate: {{{bounds}}}}}}}\n"
        )
    };
    let base = random_scenario(seed);
    let mut list = format!("loadBalancer:\n  - name: edge\n{}", balancer(seed + 10_000, false));
    if pick(&["two", "two", "three"]) == "three" {
        list.push_str("  - name: middle\n");
        list.push_str(&balancer(seed + 20_000, true));
        list.push_str(&pods(&mut pick));
    }
    list.push_str("  - name: ingress\n");
    list.push_str(&balancer(seed, true));
    list.push_str(&pods(&mut pick));
    let old =
        base.split("loadBalancer:\n").nth(1).expect("a balancer").lines().take_while(|line| line.starts_with("  "));
    let old = old.collect::<Vec<_>>().join("\n") + "\n";
    let rolls =
        format!("deploy:\n  rolls: {}\n", pick(&["edge", "ingress", "ingress", "ingress", "pods", "loadBalancer"]));
    let base = base.replace("  rolls: pods\n", "").replace("  rolls: loadBalancer\n", "");
    let base = base.replace("reload: true", pick(&["reload: true", "reload: edge", "reload: ingress"]));
    base.replace(&format!("loadBalancer:\n{old}"), &list).replace("deploy:\n", &rolls)
}
