//! More connections than the database has, while a deploy rolls.

use crate::lint::{Check, Rule, Subject, wave};
use crate::scenario::{Diag, Strategy};

pub(super) const RULE: Rule = Rule {
    code: "connections-exhausted",
    summary: "old, new and terminating pods hold more connections than there are",
    why: "A pool is sized for the pods of a quiet day. While a deploy rolls there are those of the surge beside them, and the terminating ones \
          hold theirs until they exit: new pods get no connection at their start and fail, or serve without one, and \
          everything else that asks the same database is refused as well.",
    remedy: "A smaller surge (maxSurge: 0 with maxUnavailable: 1), smaller pools, or a pooler in front of the database.",
    incident: "kortix-ai/suna#6722: 10 old tasks beside 10 new ones could ask for 380 of 237 connections; unrelated routes failed \
               together; openfga/helm-charts#293: a fourth pod beside three of 45 connections",
    failing: "\
workload: {replicas: 18, strategy: {rollingUpdate: {maxSurge: 50%, maxUnavailable: 0}}}
pod: {connectionPool: {size: 10}, termination: {preStop: 10s}}
dependency: {maxConnections: 200}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 18, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}}
pod: {connectionPool: {size: 10}, termination: {preStop: 10s}}
dependency: {maxConnections: 200}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let workload = &scenario.workload;
    let sizes = [&scenario.pod, &scenario.new_pod].map(|pod| pod.connection_pool.map_or(0, |pool| pool.size));
    let size = sizes[0].max(sizes[1]);
    let Some(dependency) = scenario.dependency.filter(|_| size > 0) else { return Vec::new() };
    if scenario.deploy.is_none() || workload.strategy == Strategy::Recreate {
        return Vec::new();
    }
    // What has been replaced holds its connections until it exits.
    let posts = s.fenceposts();
    let t = &scenario.pod.termination;
    let exit = (s.pre_stop() + t.lame_duck).min(t.grace_period).secs() + scenario.pod.service_time.quantile(0.99);
    let leaving = wave::replaced_within(s, exit) as u32;
    let pods = workload.replicas + posts.surge + leaving - posts.unavailable;
    let held = u64::from(pods) * u64::from(size);
    if held <= u64::from(dependency.max_connections) {
        return Vec::new();
    }
    let message = format!(
        "old, new and terminating pods may hold {held} connections at a time, and there are {}",
        dependency.max_connections
    );
    let also = [
        ("pod.connectionPool.size", format!("{size} in each of {pods} pods")),
        ("workload.strategy.rollingUpdate.maxSurge", format!("{} more than `replicas`", posts.surge)),
    ];
    let diag = s.find(RULE.code, message, "dependency.maxConnections", "all that there are", &also);
    let most = u64::from(dependency.max_connections) / u64::from(pods.max(1));
    vec![diag.help(format!("maxSurge: 0 with maxUnavailable: 1, or pools of {most}"))]
}
