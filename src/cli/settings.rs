//! What reports say of a scenario, taken from it in plain numbers.

use std::path::Path;

use super::args::ScenarioArgs;
use crate::engine::Dur;
use crate::fleet::rollout::{leaves_none, resolve};
use crate::metrics::Meta;
use crate::report::Settings;
use crate::report::settings::{self, OnSigterm, Reloads, Spread, Strategy, Termination, Version};
use crate::report::text::{quoted, quoted_file};
use crate::scenario::dist::Dist;
use crate::scenario::{
    self, BudgetBound, DeployAction, IntOrPercent, Layer, Load, LoadBalancer, Loaded, Membership, OnDrain, Rolls,
    Scenario, Workload,
};
use crate::study::validate::ranges;

/// What a result says of the run of a file, and where that leaves what was measured.
pub(super) fn meta_of(loaded: &Loaded) -> Meta {
    let beyond = ranges::beyond(&loaded.scenario, &loaded.unmeasured);
    Meta { beyond, ..meta(&loaded.scenario, &loaded.assumptions) }
}

/// What a result says of its run.
pub(super) fn meta(scenario: &Scenario, assumptions: &[String]) -> Meta {
    Meta {
        scenario: scenario.name.clone(),
        seed: scenario.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        assumptions: assumptions.to_vec(),
        beyond: Vec::new(),
        workload: scenario.rolled().tier.map_or_else(|| scenario.name.clone(), |tier| tier.name.clone()),
        proxied: scenario.rolled().balancer.layer == Layer::L7,
        templates: scenario.templates(),
    }
}

/// The settings that a forecast's sentences name.
pub(super) fn of(file: &Path, args: &ScenarioArgs, replications: Option<u32>, loaded: &Loaded) -> Settings {
    let scenario = &loaded.scenario;
    let rolled = scenario.rolled();
    // It is the old pods that are stopped.
    let (workload, lb, pod) = (rolled.workload, rolled.balancer, rolled.pod);
    Settings {
        source: quoted_file(file),
        options: options(args, replications),
        // It is not the kind of a tier that is rolled.
        kind: loaded.kind.filter(|_| rolled.tier.is_none()).map(str::to_owned),
        tier: rolled.tier.map(|tier| settings::Tier { name: tier.name.clone(), path: tier.path.clone() }),
        replicas: workload.replicas,
        strategy: scenario.deploy.as_ref().map(|_| strategy(workload)),
        empties: leaves_none(&workload.strategy, workload.replicas),
        events: events(scenario),
        undone: undone(scenario),
        scaled_to_zero: workload.replicas == 0 || did(scenario, |a| matches!(a, DeployAction::Scale(0))),
        made_unready: did(scenario, |a| matches!(a, DeployAction::Unready(_))),
        balancer: lb.path.clone(),
        reloads: reloads(scenario, lb),
        min_ready: workload.min_ready.secs(),
        has_min_ready: workload.strategy.has_min_ready(),
        progress_deadline: workload.progress_deadline.secs(),
        watched: scenario.deploy.as_ref().map_or(0.0, |d| scenario.observe.limit.secs() - d.at.secs()),
        proxied: lb.layer == Layer::L7,
        proxies: lb.proxies,
        addition: delay(lb, lb.propagation.add.slowest()),
        removal: delay(lb, lb.propagation.remove.slowest()),
        deregistration_delay: lb.deregistration_delay.secs(),
        upstream_idle: lb.upstream.idle_timeout.secs(),
        proxy_limits: lb.upstream.limits().map(|(name, _)| name).collect(),
        pod_idle: pod.keep_alive.idle_timeout.secs(),
        concurrency: scenario.pod.concurrency,
        queue: scenario.pod.queue,
        service: service(&scenario.pod),
        new: version(&scenario.new_pod),
        streams: streams(scenario),
        requests: scenario.clients.iter().any(|c| !matches!(c.load, Load::Streams { .. })),
        switched: match &workload.strategy {
            scenario::Strategy::BlueGreen(switch) => Some(switch.scale_down_delay.secs()),
            _ => None,
        },
        vacant: vacant(workload),
        connections: pod.connection_pool.map(|pool| (pool.size, scenario.dependency.map(|d| d.max_connections))),
        proxy_retries: lb.retries.attempts,
        ejects: lb.passive_health.max_fails > 0 || lb.active_health.is_some(),
        may_eject: lb.passive_health.max_ejected * f64::from(workload.replicas) >= 1.0,
        ejects_all: lb.passive_health.max_fails > 0
            && lb.passive_health.max_ejected >= 1.0
            && lb.active_health.is_none(),
        unretried: unretried(scenario),
        warmup: warmup(&scenario.new_pod),
        probes_wait: pod.probes_through_queue || scenario.new_pod.probes_through_queue,
        image: scenario.new_pod.image.as_ref().map(|image| image.size).filter(|&size| size > 0.0),
        weighted: matches!(&workload.strategy, scenario::Strategy::Canary(canary) if canary.traffic_routing),
        unasked: scenario.unasked().map(Dur::secs),
        keeps: workload.budget.as_ref().is_some_and(|budget| keeps(budget.bound, workload.replicas)),
        failure_limit: scenario.deploy.as_ref().and_then(|d| d.analysis.as_ref()).map(|a| a.failure_limit),
        error_rate: scenario.new_pod.error_rate,
        termination: termination(&pod.termination),
    }
}

/// Whether a budget leaves nothing to be said: it names those that stay, or lets no more than one go at a time.
fn keeps(bound: BudgetBound, replicas: u32) -> bool {
    match bound {
        BudgetBound::MinAvailable(_) => true,
        BudgetBound::MaxUnavailable(most) => most.of(replicas) <= 1.0,
    }
}

/// Whether some event of the deploy is of this kind.
fn did(scenario: &Scenario, kind: impl Fn(&DeployAction) -> bool) -> bool {
    scenario.deploy.iter().flat_map(|d| &d.events).any(|event| kind(&event.action))
}

/// When the change is undone, where it is the only one.
fn undone(scenario: &Scenario) -> Vec<f64> {
    if did(scenario, |a| matches!(a, DeployAction::Template(_))) {
        return Vec::new();
    }
    let events = scenario.deploy.iter().flat_map(|d| &d.events);
    events.filter(|event| matches!(event.action, DeployAction::Undo)).map(|event| event.at_secs).collect()
}

/// What makes the processes of a balancer be replaced, at layer 7, where clients are connected to them.
fn reloads(scenario: &Scenario, lb: &LoadBalancer) -> Option<Reloads> {
    let rolled = scenario.deploy.as_ref().is_some_and(|d| matches!(d.rolls, Rolls::LoadBalancer));
    match lb.membership {
        _ if lb.layer != Layer::L7 => None,
        Membership::Reload => Some(Reloads::Membership),
        Membership::Api => {
            (rolled || did(scenario, |a| matches!(a, DeployAction::Reload(_)))).then_some(Reloads::Event)
        }
    }
}

/// What a version has for its requests.
fn version(pod: &scenario::Pod) -> Version {
    Version { concurrency: pod.concurrency, queue: pod.queue, service: service(pod) }
}

/// How long a worker takes for a request.
fn service(pod: &scenario::Pod) -> Spread {
    spread(&pod.service_time.times(pod.slower))
}

/// What `deploy.events` do to the workload, in order; what they do to nodes is told by what comes of it.
fn events(scenario: &Scenario) -> Vec<(f64, String)> {
    let mut events: Vec<_> = scenario.deploy.iter().flat_map(|d| &d.events).collect();
    events.sort_by(|a, b| a.at_secs.total_cmp(&b.at_secs));
    let told = |event: &&scenario::DeployEvent| {
        let what = match &event.action {
            DeployAction::Scale(replicas) => format!("scaled to {replicas}"),
            DeployAction::Template(name) => format!("template changed to `{name}`"),
            DeployAction::Pause => "paused".to_owned(),
            DeployAction::Resume => "resumed".to_owned(),
            DeployAction::Undo => "undone".to_owned(),
            DeployAction::Promote => "promoted".to_owned(),
            DeployAction::Abort => "called off".to_owned(),
            DeployAction::Unready(pods) => format!("{} of its pods made unready", pods.len()),
            DeployAction::Ready(pods) => format!("{} of its pods made ready again", pods.len()),
            DeployAction::Reload(tier) => match tier.and_then(|tier| scenario.tiers().nth(tier)) {
                Some(tier) => format!("proxies of {} reloaded", tier.name),
                None => "proxies reloaded".to_owned(),
            },
            DeployAction::NodeFailure(_)
            | DeployAction::ZoneFailure(_)
            | DeployAction::Drain(_)
            | DeployAction::Uncordon(_) => return None,
        };
        Some((event.at_secs, what))
    };
    events.iter().filter_map(told).collect()
}

/// How much slower new pods begin, and for how long.
fn warmup(pod: &scenario::Pod) -> Option<(f64, f64)> {
    let over = match pod.warmup.over {
        scenario::WarmupOver::Time(over) => over.secs(),
        scenario::WarmupOver::Requests(_) => 0.0,
    };
    (pod.warmup.slowdown > 1.0).then_some((pod.warmup.slowdown, over))
}

/// The streams that a pod has to wait for longest: those that it closes itself only where there are no others.
fn streams(scenario: &Scenario) -> Option<settings::Streams> {
    let of = |c: &scenario::Clients| match &c.load {
        Load::Streams { duration, on_drain, .. } => Some(settings::Streams {
            client: c.name.clone(),
            duration: spread(duration),
            finish: *on_drain == OnDrain::Finish,
        }),
        _ => None,
    };
    let order = |a: &settings::Streams, b: &settings::Streams| {
        a.finish.cmp(&b.finish).then(a.duration.p99.total_cmp(&b.duration.p99))
    };
    scenario.clients.iter().filter_map(of).max_by(order)
}

/// Places that are empty at a time where the next pod waits for the end of the one before.
fn vacant(workload: &Workload) -> Option<u32> {
    let bounds = resolve(&workload.strategy, workload.replicas);
    let in_place = matches!(workload.strategy, scenario::Strategy::StatefulSet(_) | scenario::Strategy::DaemonSet(_));
    Some(bounds.unavailable).filter(|&most| in_place && most > 0)
}

/// The first population that could retry and does not.
fn unretried(scenario: &Scenario) -> Option<String> {
    let could = |c: &&scenario::Clients| {
        c.idempotent > 0.0 && c.retries.attempts == 0 && !matches!(c.load, Load::Streams { .. })
    };
    scenario.clients.iter().find(could).map(|c| c.name.clone())
}

/// The options that change the forecast, as they were typed.
pub(super) fn options(args: &ScenarioArgs, replications: Option<u32>) -> Vec<String> {
    let option = |name: &str, value: &Option<String>| value.as_ref().map(|v| format!("--{name} {}", quoted(v)));
    let set = args.set.iter().map(|s| format!("--set {}", quoted(s)));
    set.chain(option("rate", &args.rate))
        .chain(option("service-time", &args.service_time))
        .chain(option("workload", &args.workload))
        .chain(option("preset", &args.preset))
        .chain(args.seed.map(|s| format!("--seed {s}")))
        .chain(replications.map(|n| format!("--replications {n}")))
        .collect()
}

pub(super) fn written(n: &IntOrPercent) -> String {
    match n {
        IntOrPercent::Int(n) => n.to_string(),
        IntOrPercent::Percent(p) => format!("{p} %"),
    }
}

fn strategy(workload: &Workload) -> Strategy {
    match &workload.strategy {
        scenario::Strategy::Recreate => Strategy::Recreate,
        scenario::Strategy::RollingUpdate { max_surge, max_unavailable } => Strategy::RollingUpdate {
            max_surge: written(max_surge),
            max_unavailable: written(max_unavailable),
            // Not its own rounding alone: where neither bound lets a pod move, one may be missing.
            unavailable: resolve(&workload.strategy, workload.replicas).unavailable,
        },
        scenario::Strategy::StatefulSet(update) => Strategy::Other(super::strategy::stateful_set(update)),
        scenario::Strategy::DaemonSet(update) => Strategy::Other(super::strategy::daemon_set(update)),
        scenario::Strategy::Canary(canary) => Strategy::Other(super::strategy::canary(canary)),
        scenario::Strategy::BlueGreen(blue_green) => Strategy::Other(super::strategy::blue_green(blue_green)),
        scenario::Strategy::Ecs(deployment) => Strategy::Other(super::strategy::ecs(deployment)),
        scenario::Strategy::Nomad(update) => Strategy::Other(super::strategy::nomad(update)),
        scenario::Strategy::InstanceRefresh(refresh) => Strategy::Other(super::strategy::instance_refresh(refresh)),
    }
}

fn termination(t: &scenario::Termination) -> Termination {
    Termination {
        pre_stop: t.pre_stop.mean(),
        on_sigterm: match t.on_sigterm {
            scenario::OnSigterm::Drain => OnSigterm::Drain,
            scenario::OnSigterm::Exit => OnSigterm::Exit,
            scenario::OnSigterm::Ignore => OnSigterm::Ignore,
        },
        lame_duck: t.lame_duck.secs(),
        drain_window: t.drain_window.secs(),
        cleanup: t.cleanup.secs(),
        stays_open: t.connection_close == scenario::ConnectionClose::None,
        close_jitter: t.close_jitter.secs(),
        grace_period: t.grace_period.secs(),
        sidecar_exit: t.sidecar_exit.map(Dur::secs),
        dies_in_hook: t.dies_in_hook(),
    }
}

fn spread(dist: &Dist) -> Spread {
    Spread { p50: dist.quantile(0.5), p99: dist.quantile(0.99) }
}

/// From a change until a proxy acts on it.
fn delay(lb: &LoadBalancer, own: &Dist) -> Spread {
    let (p50, p99) = lb.median_and_p99(own);
    Spread { p50, p99 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_neither_bound_lets_a_pod_move_one_may_be_missing() {
        let yaml = "workload: {replicas: 1, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 25%}}}\n\
                    clients: [{name: web, rate: 1/s}]\n";
        let scenario = Scenario::from_yaml(yaml).expect("a scenario");
        let Strategy::RollingUpdate { unavailable, .. } = strategy(&scenario.workload) else { panic!("it rolls") };
        assert_eq!(unavailable, 1);
    }

    #[test]
    fn a_budget_of_one_at_a_time_needs_no_other() {
        let most = |n| keeps(BudgetBound::MaxUnavailable(n), 10);
        assert!(most(IntOrPercent::Int(1)) && most(IntOrPercent::Percent(10.0)));
        assert!(!most(IntOrPercent::Int(3)) && !most(IntOrPercent::Percent(25.0)));
        assert!(keeps(BudgetBound::MinAvailable(IntOrPercent::Int(1)), 10));
    }
}
