//! What many policies share is simulated once and forked: the same bytes as not to, for whatever may be forked; and what may
//! not has another key.

mod base;
mod fields;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dryroll::engine::{Dur, Purpose, Streams};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Rolls, Scenario};
use dryroll::simulate::{Steady, run, steady_key};

use crate::common::random_scenario;
use crate::common::settings::{BINDING, FREE, OF_UNREADY_PODS, Setting, assignment, taken, try_load};
use base::BASE;
use fields::{differences, fields};

fn load(text: &str, set: &[String]) -> Scenario {
    try_load(text, set).unwrap_or_else(|found| {
        panic!("{set:?}: {}", found.iter().map(|d| d.render(false)).collect::<String>());
    })
}

/// Everything that a replication holds, digest, events, bins and pods included.
fn assert_same(forked: &Replication, anew: &Replication, what: &str) {
    assert_eq!(forked.digest, anew.digest, "{what}: another digest");
    assert_eq!(format!("{forked:?}"), format!("{anew:?}"), "{what}: the same digest, other numbers");
}

/// Policies that differ in nearly everything that may differ.
const POLICIES: [&[&str]; 4] = [
    &[],
    &[
        "workload.strategy={rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
        "workload.minReadySeconds=1",
        "pod.termination={preStop: 2s, drainWindow: 1s, closeJitter: 500ms, connectionClose: both}",
        "pod.startup=1s",
        "loadBalancer.propagation={shared: 0s, add: 0s, remove: 1s, batch: 700ms, order: removeThenAdd}",
        "pod.readinessProbe=none",
    ],
    &[
        "workload.strategy=Recreate",
        "pod.termination={onSigterm: exit, afterExit: unreachable, terminationGracePeriodSeconds: 5}",
        "pod.readinessProbe={periodSeconds: 1}",
        "newVersion={startup: 500ms, serviceTime: 5ms, concurrency: 3, errorRate: 10%, keepAlive: {idleTimeout: 1s}}",
        "pod.warmup={slowdown: 3, duration: 3s}",
        "observe.after=1s",
    ],
    &[
        "deploy.controller={qps: 4, burst: 2, reaction: 50ms, release: \"1.34\"}",
        "deploy.events=[{at: 0s, scale: 3}, {at: 1s, unready: [0, 1]}, {at: 4s, undo: true}, {at: 3s, ready: [0]}]",
        "loadBalancer.propagation={order: drainThenStop, remove: 200ms}",
        "loadBalancer.deregistrationDelay=1s",
        "pod.startup=2s",
        "observe.limit=17s",
    ],
];

/// A file of `scenarios/` under each of the policies, cut short.
fn policies(file: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let short: &[&str] = if text.contains("deploy: none") {
        &["observe={warmup: 5s, for: 15s}"]
    } else {
        &["deploy.at=8s", "observe.warmup=2s", "observe.after=3s", "observe.limit=22s"]
    };
    let steady = text.contains("deploy: none");
    let deployment = !text.contains("  kind:");
    // Without a deploy there is nothing that could be done differently; and what is no Deployment has strategies of its own.
    let applies = |s: &&&str| {
        let of_a_deploy = s.starts_with("deploy") || s.starts_with("observe");
        !(steady && of_a_deploy) && (deployment || !s.starts_with("workload"))
    };
    // Of tiers in series the one that faces the pods, which are then what is rolled.
    let tiers = text.contains("name: ingress");
    let path = |s: &&str| if tiers { s.replace("loadBalancer.", "loadBalancer.ingress.") } else { (*s).to_owned() };
    let pods = tiers.then(|| "deploy.rolls=pods".to_owned());
    let with =
        |policy: &&[&str]| short.iter().chain(policy.iter().filter(applies)).map(path).chain(pods.clone()).collect();
    POLICIES.iter().map(with).map(|set: Vec<String>| load(&text, &set)).collect()
}

#[test]
fn every_scenario_forks_to_the_bytes_of_a_run() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("scenarios/ is there");
    let files: BTreeSet<PathBuf> = entries.map(|e| e.expect("a readable folder").path()).collect();
    for (n, file) in files.iter().filter(|f| f.extension().is_some_and(|e| e == "yaml")).enumerate() {
        let policies = policies(file);
        // Policies that share nothing, since pods come and go before the deploy.
        if policies[0].pod.probes_through_queue {
            continue;
        }
        let anew: Vec<Replication> = policies.iter().map(|policy| run(policy, 5, 1)).collect();
        let digests: BTreeSet<u64> = anew.iter().map(|r| r.digest).collect();
        assert!(digests.len() == POLICIES.len() || policies[0].deploy.is_none(), "{}: alike", file.display());
        let steady = Steady::of(&policies[n % policies.len()], 5, 1);
        // In whatever order, and again.
        for k in [3, 0, 1, 0, 2] {
            assert_same(&steady.fork(&policies[k]), &anew[k], &format!("{}, policy {k}", file.display()));
        }
        assert_same(&steady.finish(&policies[1]), &anew[1], &format!("{}, the last one", file.display()));
    }
}

/// A few settings, mostly such as may differ: for one in three pairs nothing that pods call for which turn not Ready.
fn draw_settings(pair: u64, member: u64) -> Vec<String> {
    let mut draw = Streams::new(pair, member).stream(Purpose::Balance, 0);
    let mut set = Vec::new();
    for _ in 0..4 {
        let mut pick = |from: &[Setting]| assignment(from[draw.below(from.len() as u32) as usize]);
        set.push(pick(FREE));
        set.push(format!("newVersion.{}", pick(OF_UNREADY_PODS).trim_start_matches("pod.")));
        if !pair.is_multiple_of(3) {
            set.push(pick(OF_UNREADY_PODS));
        }
    }
    if draw.below(4) == 0 {
        set.push(assignment(BINDING[draw.below(BINDING.len() as u32) as usize]));
    }
    set
}

#[test]
fn whatever_has_the_same_key_forks_to_the_bytes_of_a_run() {
    let (mut same, mut queued, mut other) = (0, 0, 0);
    for seed in 0..500 {
        let base = random_scenario(seed);
        let [a, b] = [0, 1].map(|member| load(&base, &taken(&base, &draw_settings(seed, member))));
        if steady_key(&a) == steady_key(&b) {
            same += 1;
            queued += u32::from(a.pod.probes_through_queue);
            assert_same(&Steady::of(&a, 3, 2).fork(&b), &run(&b, 3, 2), &format!("seed {seed}\n{base}\n{b:?}"));
        } else {
            other += 1;
        }
    }
    let enough = same >= 150 && queued >= 40 && other >= 50;
    assert!(enough, "{same} pairs with the same key ({queued} with probes through the queue), {other} without");
}

/// Pods that are busy all the time, and turn not Ready before the deploy: controllers and proxies go on with what they know.
#[test]
fn a_fleet_whose_pods_come_and_go_before_the_deploy_forks_too() {
    let base = "
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}, progressDeadlineSeconds: 60}
pod:
  concurrency: 1
  queue: 20
  serviceTime: {distribution: exponential, mean: 450ms}
  readinessProbe: {periodSeconds: 1, failureThreshold: 1}
  probes: {throughQueue: true}
loadBalancer: {propagation: {order: removeThenAdd}, deregistrationDelay: 1s}
clients: [{name: web, rate: 8/s}]
deploy: {at: 10s}
observe: {warmup: 2s, after: 5s, limit: 60s}
";
    let set = ["newVersion.serviceTime=10ms", "pod.startup=2s", "pod.termination.preStop=3s", "observe.after=2s"];
    let (a, b) = (load(base, &[]), load(base, &set.map(str::to_owned)));
    let mut unready = 0;
    for replication in 0..5 {
        let anew = run(&b, 1, replication);
        unready += u32::from(anew.bins.iter().take(8).any(|second| second.ready < 4.0));
        assert_same(&Steady::of(&a, 1, replication).fork(&b), &anew, &format!("replication {replication}"));
    }
    assert!(unready >= 3, "pods turned not Ready in {unready} of 5 replications");
}

/// The same with probes through the queue, so that pods turn not Ready in steady state.
fn with_probes_through_the_queue() -> String {
    BASE.replace("\nloadBalancer:", "\n  probes: {throughQueue: true}\nloadBalancer:")
}

/// Whether the key is the same with this setting.
fn shares(base: &str, setting: &str) -> bool {
    let (before, after) = (load(base, &[]), load(base, &[setting.to_owned()]));
    assert!(!differences(&before, &after).is_empty(), "{setting} changes nothing");
    steady_key(&before) == steady_key(&after)
}

#[test]
fn the_key_is_the_same_for_what_may_differ_and_another_for_the_rest() {
    let queued = with_probes_through_the_queue();
    let mut offences = Vec::new();
    let mut expect = |base: &str, setting: String, expected: bool, when: &str| {
        if shares(base, &setting) != expected {
            offences.push(format!("{setting} {when}: {}", if expected { "another key" } else { "the same key" }));
        }
    };
    for &setting in FREE {
        expect(BASE, assignment(setting), true, "");
        expect(&queued, assignment(setting), true, "with probes through the queue");
    }
    for &setting in OF_UNREADY_PODS {
        expect(BASE, assignment(setting), true, "");
        expect(&queued, assignment(setting), false, "with probes through the queue");
    }
    for &setting in BINDING {
        expect(BASE, assignment(setting), false, "");
        if setting.0 != "pod.probes.throughQueue" {
            expect(&queued, assignment(setting), false, "with probes through the queue");
        }
    }
    for &(path, value) in FREE.iter().chain(OF_UNREADY_PODS).chain(BINDING) {
        if let Some(field) = path.strip_prefix("pod.") {
            expect(BASE, format!("newVersion.{field}={value}"), true, "");
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

/// The same behind one balancer, and behind another one before that.
fn tiers() -> (Scenario, Scenario) {
    let list = "loadBalancer:\n  - name: edge\n  - name: ingress\n    pod: {startup: 1s}\n    activeHealth";
    (load(BASE, &[]), load(&BASE.replace("loadBalancer:\n  activeHealth", list), &[]))
}

#[test]
fn tiers_in_series_have_a_key_of_their_own_and_fork_too() {
    let (one, two) = tiers();
    assert_ne!(steady_key(&one), steady_key(&two));
    for rolls in [Rolls::Pods, Rolls::LoadBalancer, Rolls::Tier(0), Rolls::Tier(1)] {
        let mut a = two.clone();
        a.deploy.as_mut().expect("a deploy").rolls = rolls;
        let mut b = a.clone();
        b.pod.termination.lame_duck = Dur::from_secs(1);
        assert_eq!(steady_key(&a), steady_key(&b), "{rolls:?}");
        assert_same(&Steady::of(&a, 1, 0).fork(&b), &run(&b, 1, 0), &format!("{rolls:?}"));
    }
}

/// A field that is new to a scenario is in none of the lists: its key has it, and here its author says what is right.
#[test]
fn the_lists_know_every_field_of_a_scenario() {
    let base = load(BASE, &[]);
    let mut changed: BTreeSet<String> = BTreeSet::new();
    for &setting in FREE.iter().chain(OF_UNREADY_PODS).chain(BINDING) {
        changed.extend(differences(&base, &load(BASE, &[assignment(setting)])));
    }
    let (one, two) = tiers();
    changed.extend(differences(&one, &two));
    let all = fields(&base);
    assert!(all.len() > 100, "only {} fields were found", all.len());
    // What only holds others differs in them.
    let holds = |path: &str| all.keys().any(|other| other.starts_with(&format!("{path}.")));
    let unknown: Vec<&String> = all.keys().filter(|p| !changed.contains(*p) && !holds(p)).collect();
    assert!(unknown.is_empty(), "in no list: {unknown:#?}");
}

#[test]
fn another_seed_or_replication_is_another_steady_state() {
    let scenario = load(BASE, &[]);
    let forked = Steady::of(&scenario, 1, 0).fork(&scenario);
    assert_ne!(forked.digest, Steady::of(&scenario, 2, 0).fork(&scenario).digest, "another seed");
    assert_ne!(forked.digest, Steady::of(&scenario, 1, 1).fork(&scenario).digest, "another replication");
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "another one before the deploy")]
fn a_scenario_that_was_another_before_the_deploy_is_refused() {
    let other = load(BASE, &["workload.replicas=5".to_owned()]);
    let _ = Steady::of(&load(BASE, &[]), 1, 0).fork(&other);
}

#[test]
fn threads_can_share_one() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Steady>();
}
