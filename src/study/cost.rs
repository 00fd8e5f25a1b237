//! What a study will cost, before anything is simulated: a guess, good for balancing parts and for a warning.

use crate::scenario::IntOrPercent::{self, Percent};
use crate::scenario::{Arrivals, Canary, CanaryStep, Load, OnSigterm, Probe, Scenario, Strategy};

pub use crate::scenario::REQUESTS_PER_CORE_SECOND;

/// Requests of one replication: demand times the simulated time, of which the rollout's is guessed by its waves.
pub fn requests(scenario: &Scenario) -> f64 {
    let seconds = match &scenario.deploy {
        None => (scenario.observe.warmup + scenario.observe.steady).secs(),
        Some(deploy) => {
            let last = deploy.events.iter().map(|e| e.at_secs).fold(0.0, f64::max);
            deploy.at.secs() + last.max(rollout_seconds(scenario)) + scenario.observe.after.secs()
        }
    };
    let seconds = seconds.min(scenario.observe.limit.secs());
    // A fleet without requests still has its pods and tables.
    (demand(scenario, seconds) * seconds).max(f64::from(scenario.workload.replicas))
}

/// How long the rollout takes, by the theory of equal start-ups, to the last old pod's end.
fn rollout_seconds(scenario: &Scenario) -> f64 {
    let w = &scenario.workload;
    let pod = &scenario.new_pod;
    let probe = pod.readiness_probe.as_ref().map_or(0.0, Probe::mean_wait);
    let wave = pod.startup.mean() + probe + w.min_ready.secs();
    let stop = stop_seconds(scenario);
    let replicas = f64::from(w.replicas);
    let pods = |n: &IntOrPercent| n.of(w.replicas);
    // New pods at once; and whether each batch waits for old pods to be gone.
    let (at_once, one_after_the_other, waits) = match &w.strategy {
        Strategy::Recreate => return stop + wave,
        Strategy::RollingUpdate { max_surge, max_unavailable } => (pods(max_surge) + pods(max_unavailable), false, 0.0),
        Strategy::StatefulSet(s) => (s.max_unavailable.as_ref().map_or(1.0, pods), true, 0.0),
        Strategy::DaemonSet(d) => (pods(&d.max_surge).max(pods(&d.max_unavailable)), d.max_surge.is_zero(), 0.0),
        Strategy::Canary(c) => (pods(&c.max_surge) + pods(&c.max_unavailable), false, pauses(c)),
        Strategy::BlueGreen(b) => {
            let analyses = b.pre_promotion.iter().chain(&b.post_promotion).map(|a| a.least().secs()).sum::<f64>();
            (replicas, false, b.scale_down_delay.secs() + analyses)
        }
        Strategy::Ecs(e) => (Percent(e.maximum - e.minimum_healthy).of(w.replicas), e.maximum <= 100.0, 0.0),
        Strategy::Nomad(n) => (f64::from(n.max_parallel), true, 0.0),
        Strategy::InstanceRefresh(i) => {
            let waits = i.checkpoint_delay.secs() * i.checkpoints.len() as f64;
            (Percent(i.max_healthy - i.min_healthy).of(w.replicas), i.max_healthy <= 100.0, waits)
        }
    };
    let batch = if one_after_the_other { wave + stop } else { wave };
    libm::ceil(replicas / at_once.max(1.0)) * batch + stop + waits
}

/// How long a canary waits between its steps (s), a promotion by hand included.
fn pauses(canary: &Canary) -> f64 {
    let of = |step: &CanaryStep| match step {
        CanaryStep::Pause(span) => span.unwrap_or(canary.promote_after).secs(),
        CanaryStep::Analysis(n) => canary.analyses.get(*n as usize).map_or(0.0, |a| a.least().secs()),
        CanaryStep::SetWeight(_) | CanaryStep::SetCanaryScale(_) => 0.0,
    };
    canary.steps.iter().map(of).sum()
}

/// How long an old pod takes to go: it leaves as soon as nothing is in flight.
fn stop_seconds(scenario: &Scenario) -> f64 {
    let t = &scenario.pod.termination;
    let in_flight = |load: &Load| match load {
        Load::Streams { duration, .. } => duration.mean(),
        Load::Open(_) | Load::Users { .. } => scenario.pod.service_time.mean(),
    };
    let longest = scenario.clients.iter().map(|c| in_flight(&c.load)).fold(t.close_jitter.secs(), f64::max);
    let drain = longest.min(t.drain_window.secs());
    let stop = match t.on_sigterm {
        OnSigterm::Drain => t.lame_duck.secs() + drain,
        OnSigterm::Exit => 0.0,
        OnSigterm::Ignore => f64::INFINITY,
    };
    (t.pre_stop.mean() + stop).min(t.grace_period.secs())
}

/// Requests a second, mean over the simulation.
fn demand(scenario: &Scenario, seconds: f64) -> f64 {
    let of = |load: &Load| match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => profile.mean(),
        Load::Open(Arrivals::Trace(times)) => times.len() as f64 / seconds.max(1.0),
        Load::Streams { count, duration, .. } => f64::from(*count) / duration.mean().max(1e-3),
        Load::Users { count, think_time } => {
            f64::from(*count) / (think_time.mean() + scenario.pod.service_time.mean()).max(1e-3)
        }
    };
    scenario.clients.iter().map(|c| of(&c.load)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate;

    /// The guess is for a warning and for shares of work: it must not be off by more than a factor of two.
    #[test]
    fn the_guess_is_of_the_right_size() {
        for (set, replicas) in [("{maxSurge: 1, maxUnavailable: 0}", 6), ("{maxSurge: 50%, maxUnavailable: 50%}", 6)] {
            let text = format!(
                "workload: {{replicas: {replicas}, strategy: {{rollingUpdate: {set}}}}}\n\
                 pod: {{startup: 4s, serviceTime: 10ms, readinessProbe: none}}\n\
                 clients: [{{name: web, rate: 100/s}}, {{name: batch, users: {{count: 5, thinkTime: 1s}}}}]\n\
                 deploy: {{at: 4s}}\nobserve: {{warmup: 1s, after: 1s}}\n"
            );
            let scenario = Scenario::from_yaml(&text).expect("a valid scenario");
            let simulated = simulate::run(&scenario, 1, 0).simulated_requests as f64;
            let guess = requests(&scenario);
            assert!((0.5..2.0).contains(&(guess / simulated)), "{guess} guessed, {simulated} simulated");
        }
    }
}
