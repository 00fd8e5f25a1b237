//! Controllers outside Kubernetes, each in the words of its own configuration: an ECS service, a Nomad job, the instance
//! refresh of a scaling group.

use super::read::{At, Fields};
use super::schema::Shape;
use super::workload::IntOrPercent::Percent;
use crate::engine::Dur;

/// `deploymentConfiguration` of an ECS service, of type `ECS` (rolling).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EcsDeployment {
    /// Running tasks that a stop leaves, in per cent of the desired count; rounds up.
    pub minimum_healthy: f64,
    /// Running and pending tasks, in per cent of the desired count; rounds down.
    pub maximum: f64,
    /// Whether too many failed tasks end the deployment.
    pub circuit_breaker: bool,
    /// Whether they also bring the last version back.
    pub rollback: bool,
    /// After how long a task that is still not healthy is stopped and counted as failed: `healthCheckGracePeriodSeconds` of the
    /// service, and what the load balancer's health check takes to fail.
    pub fails_after: Dur,
}

/// `update` of a Nomad job (a service job).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NomadUpdate {
    /// Allocations that are replaced at once.
    pub max_parallel: u32,
    /// After how long an allocation that is still not healthy fails the deployment.
    pub healthy_deadline: Dur,
    /// Whether a failed deployment brings the last stable version back.
    pub auto_revert: bool,
    /// Whether healthy canaries are promoted by themselves.
    pub auto_promote: bool,
    /// Allocations of the new version that are started beside all old ones, and waited for, before any is replaced.
    pub canary: u32,
    /// How long it takes until somebody promotes the canaries.
    pub promote_after: Dur,
}

/// The instance refresh of an EC2 Auto Scaling group.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceRefresh {
    /// Healthy instances that a termination leaves, in per cent of the desired capacity; rounds up.
    pub min_healthy: f64,
    /// All instances, in per cent of the desired capacity; rounds down. 100: an old one goes before a new one comes.
    pub max_healthy: f64,
    /// Shares of replaced instances at which it waits, in per cent, ascending.
    pub checkpoints: Vec<f64>,
    /// How long it waits there.
    pub checkpoint_delay: Dur,
}

/// What a controller says beside its strategy: how long a task must have been healthy, and how long a rollout may stand.
pub(super) struct Pace {
    pub(super) min_ready: Dur,
    pub(super) progress_deadline: Dur,
}

impl EcsDeployment {
    /// Reads the fields of an ECS service. Defaults: 100 %, 200 %, no circuit breaker; a health check that fails twice,
    /// 30 s apart (an Application Load Balancer's).
    pub(super) fn read(f: &mut Fields<'_>, replicas: u32) -> Self {
        let grace: f64 = f.within("healthCheckGracePeriodSeconds", 0.0, 0.0..=1e7);
        let mut d = f.at("deploymentConfiguration").fields();
        let minimum_healthy = d.within("minimumHealthyPercent", 100.0, 0.0..=200.0);
        let maximum = d.within("maximumPercent", 200.0, 0.0..=200.0);
        if Percent(maximum).rounded_down(replicas) <= replicas
            && Percent(minimum_healthy).rounded_up(replicas) >= replicas
        {
            let text =
                format!("the rollout can never make progress: of {replicas}, none may be added and none missing");
            let diag = d.at.error("stuck-rollout", text).label("these bounds round to nothing");
            d.at.report(diag.help("raise maximumPercent or lower minimumHealthyPercent"));
        }
        d.ignore(&["strategy", "bakeTimeInMinutes", "alarms"]);
        let mut breaker = d.at("deploymentCircuitBreaker").fields();
        let circuit_breaker = breaker.or("enable", false);
        let rollback = breaker.or("rollback", false);
        breaker.end();
        d.end();
        let fails_after = Dur::from_secs_f64(grace + 60.0);
        Self { minimum_healthy, maximum, circuit_breaker, rollback, fails_after }
    }
}

impl NomadUpdate {
    /// Reads `update` of a job. Defaults are Nomad's.
    pub(super) fn read(f: &mut Fields<'_>) -> (Self, Pace) {
        let promote_after = f.or("promoteAfter", Dur::from_secs(60));
        let mut u = f.at("update").fields();
        u.ignore(&["health_check", "stagger"]);
        let update = Self {
            max_parallel: u.within("max_parallel", 1, 1..=100_000),
            healthy_deadline: u.or("healthy_deadline", Dur::from_secs(300)),
            auto_revert: u.or("auto_revert", false),
            auto_promote: u.or("auto_promote", false),
            canary: u.or("canary", 0),
            promote_after,
        };
        let pace = Pace {
            min_ready: u.or("min_healthy_time", Dur::from_secs(10)),
            progress_deadline: u.or("progress_deadline", Dur::from_secs(600)),
        };
        u.end();
        (update, pace)
    }
}

impl InstanceRefresh {
    /// Reads `preferences` of an instance refresh. Defaults: 90 %, 100 %, no checkpoints.
    pub(super) fn read(f: &mut Fields<'_>) -> (Self, Pace) {
        let mut p = f.at("preferences").fields();
        p.ignore(&["skipMatching", "autoRollback", "scaleInProtectedInstances", "standbyInstances"]);
        let refresh = Self {
            min_healthy: p.within("minHealthyPercentage", 90.0, 0.0..=100.0),
            max_healthy: p.within("maxHealthyPercentage", 100.0, 100.0..=200.0),
            checkpoints: read_checkpoints(&p.at("checkpointPercentages")),
            checkpoint_delay: Dur::from_secs_f64(p.within("checkpointDelay", 3600.0, 0.0..=172_800.0)),
        };
        let warm_up = Dur::from_secs_f64(p.within("instanceWarmup", 0.0, 0.0..=1e7));
        p.end();
        (refresh, Pace { min_ready: warm_up, progress_deadline: Dur::from_secs(3600) + warm_up })
    }
}

fn read_checkpoints(at: &At<'_>) -> Vec<f64> {
    at.takes("shares", || Shape::list(Shape::number().between(1.0, 100.0), 0));
    let Some(shares) = at.value::<Vec<f64>>() else { return Vec::new() };
    if shares.windows(2).any(|pair| pair[0] >= pair[1]) || shares.iter().any(|s| !(1.0..=100.0).contains(s)) {
        at.out_of_range("`checkpointPercentages` must ascend", "shares from 1 to 100, each above the one before");
        return Vec::new();
    }
    shares
}
