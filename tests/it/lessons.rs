//! The lessons that `scenarios/` teaches, each held as a difference between its wrong and its right variant.
//!
//! Both play the same seed, so replication k of one is compared with replication k of the other. What is claimed of a mean
//! holds for its whole 99 % interval (Student's t over the replications), so that no threshold leans on luck; what is claimed
//! of every deploy holds in each replication.

use std::path::Path;

use dryroll::fleet::fact::{Cause, Outcome};
use dryroll::metrics::replication::{PhaseTally, Replication};
use dryroll::report::text;
use dryroll::scenario::{self, Request};
use dryroll::simulate;
use dryroll::study::replicate::replicate;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

const REPLICATIONS: u32 = 10;

/// The replications of a scenario, with overrides.
fn play(name: &str, set: &[&str]) -> Vec<Replication> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.yaml"));
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    let loaded = scenario::load(&Request { set: &set, ..Request::new(&path) })
        .unwrap_or_else(|diags| panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()));
    let scenario = loaded.scenario;
    replicate(REPLICATIONS, None, scenario.seed, |k| simulate::run(&scenario, scenario.seed, k), &|| ())
        .expect("the simulation holds")
}

fn pair(lesson: &str) -> (Vec<Replication>, Vec<Replication>) {
    let (wrong, right) = (play(&format!("{lesson}-wrong"), &[]), play(&format!("{lesson}-right"), &[]));
    assert_eq!(told(lesson), [&wrong, &right].map(|runs| drops(runs)), "the README's row of `{lesson}`");
    (wrong, right)
}

/// What a deploy drops with the mistake and without, as the README's table of lessons has it.
fn told(lesson: &str) -> [String; 2] {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let name = format!("`{lesson}-wrong`");
    let row = readme.lines().find(|line| line.contains(&name)).unwrap_or_else(|| panic!("no row of {lesson}"));
    let columns: Vec<&str> = row.trim_matches('|').split(" | ").collect();
    let number = |text: &str| text.split([' ', ';']).next().unwrap_or_default().trim_end_matches(',').to_owned();
    let (_, right) = columns[3].split_once("`: ").expect("the scenario's name, and a number");
    [number(columns[2]), number(right)]
}

/// The mean, to three figures.
fn drops(runs: &[Replication]) -> String {
    let dropped = each(runs, dropped);
    let mean = dropped.iter().sum::<f64>() / dropped.len() as f64;
    let unit = libm::pow(10.0, (libm::floor(libm::log10(mean.max(1.0))) - 2.0).max(-1.0));
    let rounded = libm::round(mean / unit) * unit;
    text::count(rounded, rounded)
}

/// One figure of each replication.
fn each(runs: &[Replication], figure: impl Fn(&Replication) -> f64) -> Vec<f64> {
    runs.iter().map(figure).collect()
}

/// From the deploy on: a stale route may outlast the last old pod.
fn from_deploy(r: &Replication) -> &[PhaseTally] {
    &r.phases[1..]
}

fn dropped(r: &Replication) -> f64 {
    from_deploy(r).iter().map(PhaseTally::dropped).sum::<u64>() as f64
}

fn by(cause: Cause) -> impl Fn(&Replication) -> f64 {
    move |r| from_deploy(r).iter().map(|p| p.causes[cause as usize]).sum::<u64>() as f64
}

fn with(outcome: Outcome) -> impl Fn(&Replication) -> f64 {
    let place = Outcome::DROPPED.iter().position(|o| *o == outcome).expect("a way to be dropped");
    move |r| from_deploy(r).iter().map(|p| p.outcomes[place]).sum::<u64>() as f64
}

/// Most reconnects in a second that the clients make while it rolls.
fn reconnects(r: &Replication) -> f64 {
    r.phases[1].connections[0].peak_reconnects_per_second as f64
}

fn min_ready(r: &Replication) -> f64 {
    f64::from(r.capacity.min_ready)
}

fn headroom(r: &Replication) -> f64 {
    r.capacity.min_headroom.expect("there is demand")
}

fn p99(r: &Replication, phase: usize) -> f64 {
    r.phases[phase].latency.p99 as f64 / 1e6
}

fn duration(r: &Replication) -> f64 {
    r.rollout.and_then(|t| t.duration).expect("the rollout completes")
}

/// The 99 % interval of a mean.
fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    let t = StudentsT::new(0.0, 1.0, n - 1.0).expect("degrees of freedom").inverse_cdf(0.995);
    let slack = t * (variance / n).sqrt();
    (mean - slack, mean + slack)
}

/// The mean is more than `limit`.
#[track_caller]
fn assert_above(what: &str, values: &[f64], limit: f64) {
    let (low, high) = interval(values);
    assert!(low > limit, "{what}: {low:.2} to {high:.2}, expected more than {limit}");
}

/// The mean is less than `limit`.
#[track_caller]
fn assert_below(what: &str, values: &[f64], limit: f64) {
    let (low, high) = interval(values);
    assert!(high < limit, "{what}: {low:.2} to {high:.2}, expected less than {limit}");
}

/// `expected` is a possible mean, and the replications are enough to tell.
#[track_caller]
fn assert_agrees(what: &str, values: &[f64], expected: f64) {
    let (low, high) = interval(values);
    assert!(low <= expected && expected <= high, "{what}: {low:.2} to {high:.2}, expected {expected:.2}");
    assert!(high - low < expected, "{what}: {low:.2} to {high:.2} tells nothing about {expected:.2}");
}

/// The mean over pairs of replications is `factor` times as large in `more` as in `less`, or larger.
#[track_caller]
fn assert_factor(what: &str, more: &[f64], less: &[f64], factor: f64) {
    let differences: Vec<f64> = more.iter().zip(less).map(|(m, l)| m - factor * l).collect();
    assert_above(&format!("{what}, less {factor} times the other"), &differences, 0.0);
}

/// No replication has any of it.
#[track_caller]
fn assert_none(what: &str, values: &[f64]) {
    assert!(values.iter().all(|v| *v == 0.0), "{what}: {values:?}");
}

/// At least this share of what is dropped has one of these causes, in each replication.
#[track_caller]
fn assert_dominant(runs: &[Replication], causes: &[Cause], share: f64) {
    for r in runs {
        let of_these: f64 = causes.iter().map(|c| by(*c)(r)).sum();
        let causes: Vec<(&str, f64)> = Cause::ALL.iter().map(|c| (c.name(), by(*c)(r))).filter(|c| c.1 > 0.0).collect();
        assert!(of_these > 0.0 && of_these >= share * dropped(r), "expected {share} by other causes: {causes:?}");
    }
}

#[test]
fn an_ingress_that_is_rolled_is_believed_in_by_the_balancer_before_it() {
    let (wrong, right) = pair("tiers");
    // Whoever asks for a proxy of five meets the one that is gone p/(1 − p) times, p = 1/5, until it has one that is there: the
    // 600 ((1 + 1/4)^4 − 1) clients of those that go, 216, and 3 connects a second (300/s on connections of 100 requests each),
    // four times for the 55 s that two checks and their time-outs need, 165.
    assert_above("dropped", &each(&wrong, dropped), 288.0);
    assert_dominant(&wrong, &[Cause::StaleRoute], 0.9);
    assert_above("time-outs of clients", &each(&wrong, with(Outcome::Timeout)), 250.0);
    assert_none(
        "statuses",
        &each(&wrong, |r| with(Outcome::S502)(r) + with(Outcome::S503)(r) + with(Outcome::S504)(r)),
    );
    assert!(wrong.iter().all(|r| r.capacity.min_ready == 4), "there are always as many proxies as before");

    assert_below("dropped", &each(&right, dropped), 3.0);
    assert_none("stale routes", &each(&right, by(Cause::StaleRoute)));
    assert_factor("dropped", &each(&wrong, dropped), &each(&right, dropped), 100.0);
    // Proxies that terminate do not count: the new ones come as fast.
    assert_below(
        "longer",
        &each(&right, duration).iter().zip(each(&wrong, duration)).map(|(r, w)| r - w).collect::<Vec<_>>(),
        1.0,
    );
}

#[test]
fn capacity_dips_where_old_pods_are_drained_before_new_ones_are_ready() {
    let (wrong, right) = pair("capacity");
    assert_above("dropped", &each(&wrong, dropped), 1_000.0);
    assert_dominant(&wrong, &[Cause::Overflow, Cause::Slow], 1.0);
    assert_above("503", &each(&wrong, with(Outcome::S503)), 100.0);
    assert_above("time-outs", &each(&wrong, with(Outcome::Timeout)), 1_000.0);
    assert_below("headroom", &each(&wrong, headroom), 1.0);
    assert_above("seconds short", &each(&wrong, |r| r.capacity.seconds_below_demand), 20.0);
    assert!(wrong.iter().all(|r| r.capacity.min_ready == 7), "three of ten pods go at a time");
    assert_factor("p99 during against before", &each(&wrong, |r| p99(r, 1)), &each(&wrong, |r| p99(r, 0)), 3.0);

    assert_none("dropped", &each(&right, dropped));
    assert!(right.iter().all(|r| r.capacity.min_ready >= 10), "maxUnavailable 0 never leaves fewer than replicas");
    assert_above("headroom", &each(&right, headroom), 1.0);
    assert_below("p99 during", &each(&right, |r| p99(r, 1) / p99(r, 0)), 1.1);
}

#[test]
fn a_batch_that_is_too_large_is_a_brownout_under_steady_traffic() {
    let (wrong, right) = pair("batch");
    assert_above("dropped", &each(&wrong, dropped), 2_000.0);
    assert_dominant(&wrong, &[Cause::Overflow], 0.99);
    assert!(wrong.iter().all(|r| r.capacity.min_ready <= 3), "seven of ten pods go at once");
    assert_below("headroom", &each(&wrong, headroom), 0.5);

    assert_none("dropped", &each(&right, dropped));
    assert!(right.iter().all(|r| r.capacity.min_ready >= 9), "one pod is missing at the most");
    assert_above("headroom", &each(&right, headroom), 1.0);
    assert_factor("the price, time", &each(&right, duration), &each(&wrong, duration), 1.3);
}

#[test]
fn a_listener_closed_at_sigterm_is_a_thin_layer_of_errors_over_a_hundred_pods() {
    let (wrong, right) = pair("routing");
    assert_dominant(&wrong, &[Cause::StaleRoute], 0.99);
    // Each of 100 pods: 20 requests/s for as long as a removal takes, the mean of 2 lognormals (p50, p99) [s].
    let expected = 100.0 * 2_000.0 / 100.0 * (lognormal_mean(0.1, 1.0) + lognormal_mean(0.8, 3.0));
    // While it rolls, up to 25 more pods are in rotation, and take their share.
    assert_above("stale routes", &each(&wrong, by(Cause::StaleRoute)), expected * 100.0 / 125.0);
    assert_below("stale routes", &each(&wrong, by(Cause::StaleRoute)), expected * 1.05);
    for r in &wrong {
        // Thin: no second is an outage, yet most seconds of the second half of the rollout have some.
        let layer: Vec<f64> = r.bins.iter().map(|b| b.outcomes[1] as f64 / b.demand).collect();
        assert!(
            layer.iter().all(|share| *share < 0.15),
            "a second with {:?}",
            layer.iter().copied().fold(0.0, f64::max)
        );
        assert!(layer.iter().filter(|share| **share > 0.0).count() > 25, "concentrated in a few seconds");
    }

    assert_none("dropped", &each(&right, dropped));
    // Terminating pods do not count, so the wait is free.
    let longer: Vec<f64> = right.iter().zip(&wrong).map(|(r, w)| (duration(r) - duration(w)).abs()).collect();
    assert_below("seconds longer", &longer, 2.0);
}

/// The mean of a lognormal by its quantiles.
fn lognormal_mean(p50: f64, p99: f64) -> f64 {
    let sigma = lognormal_sigma(p50, p99);
    p50 * libm::exp(sigma * sigma / 2.0)
}

fn lognormal_sigma(p50: f64, p99: f64) -> f64 {
    libm::log(p99 / p50) / Normal::standard().inverse_cdf(0.99)
}

/// ∫(1 − F) of a lognormal from `from` on: E[(S − from)⁺].
fn lognormal_excess(p50: f64, p99: f64, from: f64) -> f64 {
    let (mu, sigma) = (libm::log(p50), lognormal_sigma(p50, p99));
    let z = (libm::log(from) - mu) / sigma;
    let tail = |z: f64| 1.0 - Normal::standard().cdf(z);
    lognormal_mean(p50, p99) * tail(z - sigma) - from * tail(z)
}

#[test]
fn a_short_drain_window_severs_the_longest_requests() {
    let (wrong, right) = pair("drain");
    assert_dominant(&wrong, &[Cause::SeveredByDrain], 0.8);
    // 20 pods of 10 requests/s; removed after 1 s, closed after 2 s, severed after 3 s. Meanwhile up to 5 more share the load.
    let severed = |window: f64| 20.0 * 10.0 * lognormal_excess(0.3, 5.0, window);
    assert_above("severed", &each(&wrong, by(Cause::SeveredByDrain)), severed(2.0) * 0.6);
    assert_below("severed", &each(&wrong, by(Cause::SeveredByDrain)), severed(2.0) * 1.4);

    // Three times the p99 leaves what the formula says: less than one request a deploy.
    assert_below("severed", &each(&right, by(Cause::SeveredByDrain)), 3.0);
    assert!(severed(16.0) < 1.0, "{}", severed(16.0));
    assert_factor("severed", &each(&wrong, by(Cause::SeveredByDrain)), &each(&right, by(Cause::SeveredByDrain)), 5.0);
    assert!(right.iter().all(|r| r.pods.iter().all(|p| !p.killed)), "all fits into the grace period");
}

#[test]
fn long_connections_want_a_drain_window_of_many_minutes() {
    let (wrong, right) = pair("streams");
    assert_dominant(&wrong, &[Cause::SeveredByDrain], 1.0);
    assert_above("cut", &each(&wrong, with(Outcome::Truncated)), 1_000.0);
    assert_below("cut", &each(&right, with(Outcome::Truncated)), 5.0);
    // e^(−310/120) of 2,000 calls outlast a preStop of 10 s and a drain window of 300 s.
    let shorter = play("streams-right", &["drainWindow=300s", "terminationGracePeriodSeconds=330"]);
    assert_agrees("cut after 300 s", &each(&shorter, dropped), 2_000.0 * libm::exp(-310.0 / 120.0));
    // The rollout does not wait for the old pods.
    let longer: Vec<f64> = right.iter().zip(&wrong).map(|(r, w)| (duration(r) - duration(w)).abs()).collect();
    assert_none("seconds longer", &longer);
}

#[test]
fn connections_closed_at_once_come_back_as_a_herd_and_topple_cold_pods() {
    let (wrong, right) = pair("reconnect");
    assert_above("dropped", &each(&wrong, dropped), 3_000.0);
    assert_dominant(&wrong, &[Cause::Overflow], 0.9);
    assert_above("reconnects/s", &each(&wrong, reconnects), 4_000.0);
    assert_factor("p99 during against before", &each(&wrong, |r| p99(r, 1)), &each(&wrong, |r| p99(r, 0)), 10.0);
    // It is not for want of capacity.
    assert_above("headroom", &each(&wrong, headroom), 1.2);

    assert_none("dropped", &each(&right, dropped));
    assert_factor("reconnects/s", &each(&wrong, reconnects), &each(&right, reconnects), 5.0);
    // C connections jittered over W come back at C/W: 6,000 of three pods over 20 s, of which up to three waves overlap.
    assert_below("reconnects/s", &each(&right, reconnects), 3.0 * 6_000.0 / 20.0);
}

#[test]
fn each_step_out_of_order_is_a_cause_of_its_own() {
    let (wrong, right) = pair("ordering");
    assert_below("dropped", &each(&right, dropped), 12.0);
    assert_none("of another cause", &each(&right, |r| dropped(r) - by(Cause::KeepAliveRace)(r) - by(Cause::Slow)(r)));

    // New Ready before old out: without it, pods are missing.
    let early = play("ordering-right", &["maxSurge=0", "maxUnavailable=30%"]);
    assert_dominant(&early, &[Cause::Overflow], 0.9);
    assert_above("overflow", &each(&early, by(Cause::Overflow)), 100.0);
    assert!(early.iter().all(|r| r.capacity.min_ready == 7));
    assert_below("headroom", &each(&early, headroom), 1.0);

    // Propagation waited out: without it, pods refuse.
    let unheard = play("ordering-right", &["preStop=0s"]);
    assert_dominant(&unheard, &[Cause::StaleRoute], 0.6);
    assert_above("stale routes", &each(&unheard, by(Cause::StaleRoute)), 10.0);

    // Drained with jitter: without it, all come back at once, to a fleet with all its pods.
    let herd = play("ordering-right", &["closeJitter=0s"]);
    assert_dominant(&herd, &[Cause::Overflow], 0.9);
    assert_above("overflow", &each(&herd, by(Cause::Overflow)), 300.0);
    assert_factor("reconnects/s", &each(&herd, reconnects), &each(&right, reconnects), 6.0);
    assert!(herd.iter().all(|r| min_ready(r) >= 10.0));
    assert_above("headroom", &each(&herd, headroom), 1.2);

    // Exit before the grace period: with Kubernetes' default of 30 s, preStop and jitter do not fit.
    let killed = play("ordering-right", &["terminationGracePeriodSeconds=30"]);
    assert_above("severed by kill", &each(&killed, by(Cause::SeveredByKill)), 1.0);
    assert!(killed.iter().all(|r| r.pods.iter().any(|p| p.killed)));

    // Each of the causes is that step's alone.
    for (cause, without) in [(Cause::StaleRoute, &unheard), (Cause::SeveredByKill, &killed)] {
        for other in [&right, &early, &unheard, &herd, &killed].into_iter().filter(|o| !std::ptr::eq(*o, without)) {
            assert_none(cause.name(), &each(other, by(cause)));
        }
    }

    for cause in [Cause::Overflow, Cause::StaleRoute, Cause::SeveredByKill] {
        assert_above(cause.name(), &each(&wrong, by(cause)), 0.0);
    }
    assert_above("dropped", &each(&wrong, dropped), 5_000.0);
}

#[test]
fn a_hundred_flawless_pods_drop_requests_where_nobody_coordinates_them() {
    let (wrong, right) = pair("fleet");
    assert_above("dropped", &each(&wrong, dropped), 10_000.0);
    assert_dominant(&wrong, &[Cause::Overflow, Cause::Slow], 1.0);
    for cause in [Cause::StaleRoute, Cause::SeveredByDrain, Cause::SeveredByKill, Cause::KeepAliveRace] {
        assert_none("a pod's own mistake", &each(&wrong, by(cause)));
    }
    assert!(wrong.iter().all(|r| r.pods.iter().all(|p| !p.killed)));
    assert_below("headroom", &each(&wrong, headroom), 0.5);

    assert_none("dropped", &each(&right, dropped));
    assert!(right.iter().all(|r| min_ready(r) >= 100.0));
    assert_above("headroom", &each(&right, headroom), 1.0);
    assert_factor("the price, time", &each(&right, duration), &each(&wrong, duration), 2.0);
}

#[test]
fn kubernetes_defaults_drop_requests_under_ordinary_load() {
    let runs = play("rolling-default", &[]);
    assert_dominant(&runs, &[Cause::StaleRoute], 0.95);
    assert_above("dropped", &each(&runs, dropped), 1_000.0);
    assert_above("headroom", &each(&runs, headroom), 1.0);
    assert!(runs.iter().all(|r| r.capacity.min_ready >= 15), "a quarter of 20 may be missing");
    // The header promises two million requests in ten replications.
    assert!(runs.iter().all(|r| r.simulated_requests > 200_000));
    let waited = play("rolling-default", &["preStop=10s", "terminationGracePeriodSeconds=45"]);
    assert_factor("dropped", &each(&runs, dropped), &each(&waited, dropped), 20.0);
}

#[test]
fn a_balancer_that_keeps_connections_longer_than_its_pods_loses_requests_at_any_time() {
    let before = |r: &Replication| r.phases[0].dropped() as f64;
    let races = |r: &Replication| r.phases[0].causes[Cause::KeepAliveRace as usize] as f64;
    let runs = play("steady", &[]);
    // 12 proxies × 20 pods at λ each, 5 s without a request, then one within the 2 ms that a close and a request take to
    // meet on a hop of 1 ms: λ²·e^(−5λ)·2 ms a second, for half an hour.
    let lambda = 100.0 / 240.0;
    let expected = 240.0 * lambda * lambda * libm::exp(-5.0 * lambda) * 0.002 * 1_800.0;
    assert_agrees("races", &each(&runs, races), expected);
    assert_none("other causes", &each(&runs, |r| before(r) - races(r)));
    for cure in ["upstream.idleTimeout=4s", "pod.keepAlive.idleTimeout=65s"] {
        assert_none(cure, &each(&play("steady", &[cure]), before));
    }
}

#[test]
fn blue_green_old_pods_outlive_the_switch_until_every_proxy_has_heard_of_it() {
    let (wrong, right) = pair("bluegreen");
    assert_none("dropped with a scale-down delay", &each(&right, dropped));
    // The switch is one change: all requests are lost until a proxy has heard of it, after the shared delay and its own, whose means are
    // p50·e^(σ²/2) with σ = ln(p99/p50) / 2.326.
    let mean = |p50: f64, p99: f64| p50 * libm::exp(0.5 * libm::pow(libm::log(p99 / p50) / 2.326, 2.0));
    let expected = 800.0 * (mean(0.1, 1.0) + mean(0.8, 3.0));
    assert_agrees("stale routes without one", &each(&wrong, by(Cause::StaleRoute)), expected);
    for runs in [&wrong, &right] {
        assert!(runs.iter().all(|r| min_ready(r) >= 10.0), "all new pods are up before the first old one goes");
    }
}

#[test]
fn an_analysis_calls_a_failing_version_off_at_one_pod_in_ten() {
    let (wrong, right) = pair("analysis");
    let failed = by(Cause::AppError);
    assert_factor("failed requests", &each(&wrong, &failed), &each(&right, &failed), 50.0);
    assert_above("failed before it was called off", &each(&right, &failed), 20.0);
    // With 20 % errors everywhere, for as long as it is watched.
    assert_above("failed after the rollout", &each(&wrong, |r| r.phases[2].dropped() as f64), 2_500.0);
    assert_none("failed after it was called off", &each(&right, |r| r.phases[2].dropped() as f64));
}

#[test]
fn a_dead_node_takes_requests_until_it_is_noticed_unless_proxies_find_out_by_themselves() {
    let (wrong, right) = pair("nodes");
    assert_dominant(&wrong, &[Cause::StaleRoute], 0.95);
    assert_above("dropped", &each(&wrong, dropped), 700.0);
    assert_factor("dropped", &each(&wrong, dropped), &each(&right, dropped), 30.0);
    assert_above("in flight when it died", &each(&right, by(Cause::Crash)), 0.5);
    // Its pods are missed until they are not tolerated any longer: the rollout waits for that.
    assert!(wrong.iter().chain(&right).all(|r| duration(r) > 330.0), "not before the API has evicted them");
}

#[test]
fn a_drain_without_a_budget_takes_a_third_of_the_pods_at_once() {
    let (wrong, right) = pair("budget");
    assert_above("dropped", &each(&wrong, dropped), 30.0);
    assert_none("other causes", &each(&wrong, |r| dropped(r) - by(Cause::Overflow)(r) - by(Cause::Slow)(r)));
    assert!(wrong.iter().all(|r| r.capacity.min_ready <= 8), "four of twelve go at once");
    assert_below("headroom", &each(&wrong, headroom), 1.0);
    assert_none("dropped", &each(&right, dropped));
    assert!(right.iter().all(|r| r.capacity.min_ready >= 11), "one at a time");
}

#[test]
fn a_manifest_with_replicas_undoes_what_the_autoscaler_did() {
    let (wrong, right) = pair("autoscaler");
    assert_above("dropped", &each(&wrong, dropped), 7_000.0);
    assert_dominant(&wrong, &[Cause::Overflow], 0.95);
    assert_below("headroom", &each(&wrong, headroom), 0.7);
    let last = |r: &Replication| r.scaled.last().map_or((0.0, 0), |&(at, n)| (at.secs(), n));
    assert!(wrong.iter().all(|r| last(r).1 >= 8), "it comes back");
    assert_above("until it is back", &each(&wrong, |r| last(r).0), 45.0);
    assert_none("dropped", &each(&right, dropped));
    assert!(right.iter().all(|r| r.scaled.is_empty()), "on target there is nothing to change");
}

#[test]
fn an_image_that_all_nodes_fetch_at_once_holds_a_rollout_up_until_the_peak() {
    let (wrong, right) = pair("pulls");
    assert_above("dropped", &each(&wrong, dropped), 500.0);
    assert_dominant(&wrong, &[Cause::Overflow], 1.0);
    assert_factor("duration", &each(&wrong, duration), &each(&right, duration), 2.0);
    assert_none("dropped", &each(&right, dropped));
}

#[test]
fn a_weight_without_the_pods_for_it_topples_the_canary() {
    let (wrong, right) = pair("weights");
    assert_above("dropped", &each(&wrong, dropped), 5_000.0);
    assert_dominant(&wrong, &[Cause::Overflow], 0.95);
    assert_none("dropped", &each(&right, dropped));
    assert!(right.iter().all(|r| r.capacity.min_ready >= 10), "all stable pods stay until the promotion");
}

#[test]
fn a_liveness_probe_behind_the_requests_restarts_pods_that_are_merely_busy() {
    let (wrong, right) = pair("liveness");
    assert_above("dropped", &each(&wrong, dropped), 500.0);
    assert_none("dropped with the probe beside the workers", &each(&right, dropped));
    assert!(right.iter().all(|r| r.capacity.min_ready == 7), "three of ten are replaced at a time");
}

#[test]
fn a_start_that_is_cut_every_time_stops_the_rollout() {
    let (wrong, right) = pair("startup");
    assert!(wrong.iter().all(|r| r.rollout.is_some_and(|t| t.duration.is_none())), "it cannot complete");
    assert!(right.iter().all(|r| r.rollout.is_some_and(|t| t.duration.is_some())), "it completes");
    assert_none("dropped", &each(&right, dropped));
}

#[test]
fn pods_that_count_before_they_are_warm_let_the_rollout_outrun_capacity() {
    let (wrong, right) = pair("warmup");
    assert_above("dropped", &each(&wrong, dropped), 10_000.0);
    assert_dominant(&wrong, &[Cause::Slow], 0.99);
    assert_below("headroom", &each(&wrong, headroom), 0.8);
    for runs in [&wrong, &right] {
        assert!(runs.iter().all(|r| min_ready(r) >= 10.0), "maxUnavailable 0 holds, and is not enough");
    }
    assert_below("dropped", &each(&right, dropped), 50.0);
    assert_above("headroom", &each(&right, headroom), 1.2);
    assert_factor("the price, time", &each(&right, duration), &each(&wrong, duration), 3.0);
}

#[test]
fn a_rollout_that_does_not_wait_for_the_balancer_leaves_it_without_pods() {
    let (wrong, right) = pair("gate");
    assert_above("dropped", &each(&wrong, dropped), 15_000.0);
    assert_above("no pod that the balancer knew", &each(&wrong, by(Cause::NoEndpoints)), 5_000.0);
    assert!(wrong.iter().all(|r| min_ready(r) >= 6.0), "all six are Ready all the time");
    assert_none("dropped", &each(&right, dropped));
    assert_factor("the price, time", &each(&right, duration), &each(&wrong, duration), 3.0);
}

#[test]
fn a_surge_wants_more_connections_than_there_are() {
    let (wrong, right) = pair("database");
    assert_above("dropped", &each(&wrong, dropped), 300.0);
    assert_dominant(&wrong, &[Cause::Slow], 1.0);
    assert_above("answered 500", &each(&wrong, with(Outcome::S500)), 300.0);
    assert_none("dropped", &each(&right, dropped));
    assert_factor("the price, time", &each(&right, duration), &each(&wrong, duration), 4.0);
    // 27 pods want 270; with as many the surge is harmless.
    assert_none(
        "dropped with 400 connections",
        &each(&play("database-wrong", &["dependency.maxConnections=400"]), dropped),
    );
}
