//! What `explain` says of a run: the same run, every dropped request in it once, and chains that agree with the facts.

#[cfg(unix)]
use std::path::Path;

use dryroll::explain::{Explanation, Trace, Tracer, Which};
use dryroll::fleet::fact::Cause;
use dryroll::metrics::replication::{PhaseTally, Replication};
use dryroll::metrics::summary::Looks;
use dryroll::metrics::{Meta, PodRow, Results};
use dryroll::scenario::{self, Request, Scenario};
use dryroll::simulate;
use serde_json::{Value, json};

#[cfg(unix)]
use crate::common::interrupt::interrupted;
use crate::common::program::{dryroll, json_of};

const SMALL: &str = "tests/data/cli/small.yaml";
const BETWEEN: &str = "tests/data/cli/between.yaml";

fn scenario(file: &str, set: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    scenario::load(&Request { set: &set, ..Request::new(&path) }).expect("a valid scenario").scenario
}

struct Traced {
    scenario: Scenario,
    replication: Replication,
    trace: Trace,
    pods: Vec<PodRow>,
}

impl Traced {
    fn of(scenario: Scenario) -> Self {
        let (replication, tracer) = {
            let tracer = Tracer::new(None).since(scenario.measured_from());
            simulate::traced(&scenario, scenario.seed, 0, tracer)
        };
        let meta = Meta { workload: scenario.name.clone(), ..Meta::default() };
        let pods = Results::of(&meta, std::slice::from_ref(&replication), Looks::Once).pods;
        Self { scenario, replication, trace: tracer.finish(), pods }
    }

    fn explain(&self, which: Which<'_>) -> Explanation {
        Explanation::of(&self.scenario, &self.trace, &self.pods, which)
    }

    fn of_text(yaml: &str) -> Self {
        Self::of(scenario::load_str("told.yaml", yaml, &[]).expect("a valid scenario").scenario)
    }

    /// What is said of the requests dropped for `cause`, and what would have prevented it.
    fn told(&self, cause: Cause) -> Vec<(String, Option<String>)> {
        let explained = self.explain(Which { cause: Some(cause), ..Which::default() });
        let examples = explained.causes.into_iter().flat_map(|group| group.examples);
        let told: Vec<_> = examples.map(|chain| (chain.text, chain.prevented)).collect();
        assert!(!told.is_empty(), "nothing was dropped for {cause:?}");
        told
    }

    fn mechanism(&self) -> &'static str {
        self.explain(Which::default()).causes.first().map_or("nothing", |g| g.cause)
    }
}

#[test]
fn a_traced_run_is_the_same_run() {
    let scenario = scenario(SMALL, &[]);
    let plain = simulate::run(&scenario, scenario.seed, 0);
    let traced = Traced::of(scenario);
    assert_eq!(traced.replication.digest, plain.digest);
    assert_eq!(traced.replication.simulated_events, plain.simulated_events);
    assert_eq!(traced.trace.requests, plain.simulated_requests);
}

#[test]
fn every_dropped_request_is_in_one_group_at_one_proxy() {
    let traced = Traced::of(scenario(SMALL, &[]));
    let all = traced.explain(Which::default());
    assert!(all.dropped > 10, "{}", all.dropped);
    assert_eq!(all.dropped, traced.trace.endings.len() as u64);
    assert_eq!(all.causes.iter().map(|g| g.dropped).sum::<u64>(), all.dropped);
    for group in &all.causes {
        assert_eq!(group.proxies.iter().map(|t| t.dropped).sum::<u64>(), group.dropped, "{}", group.cause);
    }
    let on_pods: u64 =
        traced.pods.iter().map(|p| traced.explain(Which { pod: Some(&p.name), ..Which::default() }).dropped).sum();
    let with_pod = traced.trace.endings.iter().filter(|e| e.pod.is_some()).count() as u64;
    assert_eq!(on_pods, with_pod);
}

/// A stale route is refused between the closing of the listener and the proxy's hearing of it, give or take the hops.
#[test]
fn a_stale_route_lies_between_the_closing_and_the_hearing() {
    let traced = Traced::of(scenario(SMALL, &[]));
    let stale = traced.explain(Which { cause: Some(Cause::StaleRoute), ..Which::default() });
    assert_eq!(stale.causes.len(), 1);
    assert!(!stale.causes[0].examples.is_empty());
    for chain in &stale.causes[0].examples {
        let pod = traced.pods.iter().find(|p| Some(&p.name) == chain.pod.as_ref()).expect("its pod");
        let closed = pod.listener_closed.expect("it closed");
        let until = chain.routed_until.expect("the proxy heard in the end");
        assert!(closed <= chain.ended && chain.born <= until, "{chain:?}");
        assert!(chain.text.contains(&format!("{until:+.2} s")) && chain.text.contains("no retry"), "{}", chain.text);
        assert!(chain.prevented.as_ref().is_some_and(|p| p.starts_with("preStop of ")), "{chain:?}");
    }
}

/// What a chain says would have prevented it does: with the longest of those preStops nothing is stale in the same deploy.
#[test]
fn the_longest_pre_stop_that_chains_ask_for_is_enough() {
    let traced = Traced::of(scenario(SMALL, &[]));
    let heard = traced.explain(Which::default()).pods;
    let needed = heard.iter().filter_map(|p| Some(p.last_proxy? - p.deletion_requested)).fold(0.0, f64::max);
    let set = format!("preStop={}ms", (needed * 1e3).ceil() + 10.0);
    let cured = Traced::of(scenario(SMALL, &[&set]));
    let causes = cured.explain(Which::default()).causes;
    assert!(causes.iter().all(|g| g.cause != "staleRoute"), "{set}: {causes:?}");
}

#[test]
fn the_mechanism_of_each_lesson_is_named() {
    for (file, cause) in [
        ("drain-wrong", "severedByDrain"),
        ("fleet-wrong", "overflow"),
        ("routing-wrong", "staleRoute"),
        ("streams-wrong", "severedByDrain"),
    ] {
        let traced = Traced::of(scenario(&format!("scenarios/{file}.yaml"), &[]));
        assert_eq!(traced.mechanism(), cause, "{file}");
    }
}

#[test]
fn the_order_of_steps_shows_what_came_too_early() {
    let traced = Traced::of(scenario(SMALL, &[]));
    let pods = traced.explain(Which::default()).pods;
    assert_eq!(pods.len(), traced.pods.iter().filter(|p| p.deletion_requested.is_some()).count());
    assert!(pods.windows(2).all(|two| two[0].deletion_requested <= two[1].deletion_requested));
    assert!(pods.iter().any(|p| p.faults.iter().any(|f| f.contains("before the last proxy had heard"))), "{pods:?}");
    let cured = Traced::of(scenario(
        SMALL,
        &["preStop=20s", "terminationGracePeriodSeconds=60", "maxSurge=1", "maxUnavailable=0"],
    ));
    let pods = cured.explain(Which::default()).pods;
    assert!(!pods.is_empty() && pods.iter().all(|p| p.faults.is_empty()), "{pods:?}");
}

#[test]
fn one_request_is_told_whatever_became_of_it() {
    let (status, json) = json_of(&["explain", SMALL]);
    assert_eq!(status, 0);
    assert_eq!(json["schema"], "dryroll.explanation/1");
    let chain = &json["causes"][0]["examples"][0];
    let id = chain["request"].as_str().expect("a name");
    let (status, out, err) = dryroll(&["explain", SMALL, "--request", id]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("request {id} (client ")), "{out}");
    let (name, _) = id.split_once(':').expect("population and ordinal");
    let (status, out, _) = dryroll(&["explain", SMALL, "--request", &format!("{name}:0")]);
    assert!(status == 0 && out.contains("was answered 200"), "{out}");
    for (id, says) in [("nobody:1", "no population"), ("web:x", "expected a request"), ("999999999", "no request")] {
        let (status, out, err) = dryroll(&["explain", SMALL, "--request", id]);
        assert!((status, out.as_str()) == (2, "") && err.contains(says), "{id}: {err}");
    }
}

#[test]
fn a_forecast_and_its_explanation_have_the_same_digest() {
    let digest = |args: &[&str]| {
        let (status, json) = json_of(args);
        assert_eq!(status, 0);
        json["digest"].as_str().expect("a digest").to_owned()
    };
    let run = digest(&["run", SMALL, "--replications", "1"]);
    assert_eq!(digest(&["explain", SMALL]), run);
    let (_, out, _) = dryroll(&["explain", SMALL]);
    assert!(out.contains(&run) && out.contains("staleRoute") && out.contains("The order of steps"), "{out}");
}

#[test]
fn a_code_of_the_linter_is_explained_too() {
    let (status, out, _) = dryroll(&["explain", "grace-too-short"]);
    assert!(status == 0 && out.starts_with("grace-too-short: "), "{out}");
    let (status, _, err) = dryroll(&["explain", SMALL, "--pod", "small-old-99"]);
    assert!(status == 2 && err.contains("there is no pod"), "{err}");
}

#[test]
fn the_readme_shows_what_it_prints() {
    let readme =
        std::fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    let command = "$ dryroll explain scenarios/routing-wrong.yaml\n\n";
    let shown = &readme[readme.find(command).expect("the README shows it") + command.len()..];
    let shown = &shown[..shown.find("\n```").expect("the block ends")];
    let (_, out, _) = dryroll(&["explain", "scenarios/routing-wrong.yaml"]);
    assert!(out.starts_with(shown.trim_end()), "the README shows something else than\n{out}");
}

/// Five pods close their listeners at SIGTERM and the proxies hear a second later: what prevents it is known, and from which value on.
#[test]
fn a_counterfactual_finds_the_setting_and_the_least_value_that_suffices() {
    let (code, told) = json_of(&["explain", SMALL, "--counterfactual", "--quiet"]);
    assert_eq!(code, 0);
    let causes = told["counterfactuals"]["causes"].as_array().expect("a list");
    let stale = causes.iter().find(|c| c["cause"] == "staleRoute").expect("it is the main cause");
    let remedies = stale["remedies"].as_array().expect("a list");
    let of = |name: &str| remedies.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{name}: {remedies:?}"));
    let pre_stop = of("preStop");
    // Removal takes one second: of whole seconds, one suffices and none does not.
    assert_eq!(
        (&pre_stop["range"][0], &pre_stop["bounded"][0]),
        (&Value::from("1s"), &Value::from(true)),
        "{pre_stop}"
    );
    assert!(pre_stop["removed"]["mean"].as_f64().expect("a share") > 0.95, "{pre_stop}");
    assert!(
        pre_stop["removed"]["ci95"][0].as_f64().expect("an interval") > 0.9,
        "never more than was seen: {pre_stop}"
    );
    // A proxy that tries another pod hides it as well.
    let retries = remedies.iter().find(|r| r["path"] == "loadBalancer.retries.attempts").expect("it helps");
    assert!(retries["removed"]["mean"].as_f64().expect("a share") > 0.5, "{retries}");
    // What has nothing to do with it is no remedy.
    assert!(remedies.iter().all(|r| r["name"] != "drainWindow"), "{remedies:?}");
}

/// preStop eats the grace period that the closing of streams needs: too little is too little, and too much is, too.
#[test]
fn where_more_is_not_better_the_interval_of_good_values_is_told() {
    let vary = ["--vary", "preStop=0s..8s:9"];
    let json = |args: &[&str]| -> Value {
        let (code, told) = json_of(&[args, &vary, &["--quiet"]].concat());
        assert_eq!(code, 0);
        told
    };
    let told = json(&["explain", BETWEEN, "--counterfactual", "--cause", "staleRoute"]);
    let remedies = told["counterfactuals"]["causes"][0]["remedies"].as_array().expect("a list");
    let pre_stop = remedies.iter().find(|r| r["name"] == "preStop").expect("it helps");
    // At 5 s there is no stale route either, but what the kill cuts is more than they were.
    assert_eq!((&pre_stop["range"], &pre_stop["bounded"]), (&json!(["1s", "4s"]), &json!([true, true])), "{pre_stop}");
    let keep = [
        "terminationGracePeriodSeconds",
        "maxSurge",
        "maxUnavailable",
        "minReadySeconds",
        "drainWindow",
        "closeJitter",
    ];
    let keep: Vec<&str> = keep.iter().flat_map(|k| ["--keep", k]).collect();
    let advice = json(&[&["recommend", BETWEEN][..], &keep].concat());
    // Removal takes one second: of many deploys some lose a request that was on its way when it ended.
    let cliff = &advice["changes"][0]["cliff"];
    assert_eq!((&cliff["lower"], &cliff["upper"]), (&json!(["2s", "1s"]), &json!(["4s", "5s"])), "{advice}");
}

/// The values of a setting that suffice against a cause, as `explain` finds them by halving: the first and the last of `values`.
fn sufficing(file: &str, cause: &str, vary: &str, values: &[String]) -> [usize; 2] {
    let args = ["explain", file, "--counterfactual", "--deploys", "6", "--cause", cause, "--vary", vary, "--quiet"];
    let (code, told) = json_of(&args);
    assert_eq!(code, 0);
    let remedies = told["counterfactuals"]["causes"][0]["remedies"].as_array().expect("a list");
    let name = vary.split('=').next().expect("a name");
    let remedy = remedies.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{name} helps: {told}"));
    let place = |end: usize| values.iter().position(|v| remedy["range"][end] == **v).expect("one of the values");
    let ends = [place(0), place(1)];
    // What bounds it was seen to, and what does not is the last there is.
    let bounded = [&remedy["bounded"][0], &remedy["bounded"][1]];
    assert_eq!(bounded, [&Value::from(ends[0] > 0), &Value::from(ends[1] + 1 < values.len())], "{remedy}");
    ends
}

/// The same by looking at every value: those whose share of the cause's drops that is gone, less what takes their place, is within
/// 5 % of the best.
fn swept(file: &str, cause: &str, vary: &str, values: &[String]) -> Vec<bool> {
    let (code, told) = json_of(&["sweep", file, "--vary", vary, "--replications", "6", "--quiet"]);
    assert_eq!(code, 0);
    let mean = |figure: &Value| figure["mean"].as_f64().expect("a figure");
    let of = |v: &Value| [mean(&v["dropped"]), mean(&v["causes"][cause])];
    let (code, as_it_is) = json_of(&["run", file, "--replications", "6", "--quiet"]);
    assert_eq!(code, 0);
    let [dropped, of_cause] = of(&as_it_is["summary"]);
    let rows = told["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), values.len());
    let scores = rows.iter().map(|row| {
        let [d, c] = of(&row["summary"]);
        (1.0 - c / of_cause).min((dropped - d) / of_cause)
    });
    let scores: Vec<f64> = scores.collect();
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter().map(|s| *s >= best - 0.05).collect()
}

/// Halving finds what looking at every value finds: from which on it suffices, and where more is not better the interval.
#[test]
fn the_values_that_suffice_are_those_that_a_sweep_of_all_finds() {
    for (file, cause, name, last) in [
        (BETWEEN, "staleRoute", "preStop", 8),
        (SMALL, "staleRoute", "preStop", 8),
        ("scenarios/drain-wrong.yaml", "severedByDrain", "drainWindow", 24),
    ] {
        // 0 s, 1 s, …
        let vary = format!("{name}=0s..{last}s:{}", last + 1);
        let values: Vec<String> = (0..=last).map(|v| format!("{v}s")).collect();
        let good = swept(file, cause, &vary, &values);
        let [low, high] = sufficing(file, cause, &vary, &values);
        let found: Vec<bool> = (0..values.len()).map(|n| (low..=high).contains(&n)).collect();
        assert_eq!(found, good, "{file}: {name} from {low} s to {high} s");
    }
}

/// The deploy that was explained is told, and what was found until then.
#[cfg(unix)]
#[test]
fn an_interrupt_tells_what_is_known() {
    let (code, out, err) =
        interrupted(&["explain", "tests/data/cli/slow.yaml", "--counterfactual", "--format", "json"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("interrupted"), "{err}");
    let told: Value = serde_json::from_str(&out).expect("JSON, whole");
    assert_eq!(told["schema"], "dryroll.explanation/1");
    assert_eq!(told["counterfactuals"]["interrupted"], true);
    assert!(told["counterfactuals"]["recovers"].is_null(), "that comes last");
}

/// One deploy that is cut short says nothing.
#[cfg(unix)]
#[test]
fn an_interrupt_of_the_run_itself_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("told.json");
    let endless = ["explain", "tests/data/cli/slow.yaml", "--set", "clients.0.rate=200000/s", "-o"];
    let (code, out, err) = interrupted(&[&endless[..], &[file.to_str().expect("UTF-8")]].concat());
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("interrupted") && !file.exists(), "{err}");
}

/// For a spreadsheet, by pod and by proxy; for a pull request, the causes and an example of each.
#[test]
fn an_explanation_is_written_as_rows_and_for_a_pull_request() {
    let (_, json) = json_of(&["explain", SMALL]);
    let (status, out, _) = dryroll(&["explain", SMALL, "--format", "csv"]);
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(out.as_bytes()).records().map(|r| r.expect("a row")).collect();
    let at = |place: &str| -> u64 {
        rows.iter().filter(|row| &row[1] == place).map(|row| row[3].parse::<u64>().expect("a count")).sum()
    };
    assert_eq!((status, Some(at("proxy"))), (0, json["dropped"].as_u64()), "each at one proxy: {out}");
    let (status, out, _) = dryroll(&["explain", SMALL, "--format", "markdown"]);
    assert_eq!(status, 0);
    for cause in json["causes"].as_array().expect("causes") {
        let (name, dropped) = (cause["cause"].as_str().expect("a name"), cause["dropped"].as_u64().expect("a count"));
        assert!(out.contains(&format!("| `{name}` | {dropped} |")), "{name}: {out}");
    }
    assert!(out.lines().any(|line| line.starts_with("- request ") && line.contains("prevented by")), "{out}");
}

/// What is said of a drop is what the run did, not what its strategy often does.
const PODS: &str = "workload: {replicas: 3, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}\n";
const BRIEF: &str = "pod: {startup: 1s, readinessProbe: {periodSeconds: 1}, termination: {preStop: 10s}}\n\
    clients: [{name: web, rate: 50/s}]\nobserve: {warmup: 5s, after: 10s}\n";

#[test]
fn a_reload_is_not_blamed_on_a_pod() {
    let traced = Traced::of_text(&format!(
        "{PODS}pod: {{startup: 3s, readinessProbe: {{periodSeconds: 1}}, serviceTime: 20ms, termination: {{preStop: 10s}}}}\n\
         loadBalancer: {{membership: reload, propagation: {{shared: 0s, add: 500ms, remove: 500ms}}}}\n\
         network: {{latency: 5ms, client: 20ms}}\nclients: [{{rate: 200/s}}]\ndeploy: {{at: 20s}}\nobserve: {{warmup: 5s, after: 20s}}\n"
    ));
    for (text, prevented) in traced.told(Cause::KeepAliveRace) {
        assert!(text.contains("the reloaded proxy ") && !text.contains("pod"), "{text}");
        assert!(prevented.is_some_and(|p| p.contains("loadBalancer.membership: api") && p.contains("closeSpread")));
    }
}

#[test]
fn without_endpoints_it_is_said_what_became_of_the_pods() {
    let of = |rest: &str| Traced::of_text(&format!("{PODS}{BRIEF}{rest}")).told(Cause::NoEndpoints);
    for (rest, says, prevented) in [
        (
            "newVersion: {errorRate: 30%}\nloadBalancer: {passiveHealth: {maxFails: 1, statuses: [500], failTimeout: 5s}}\ndeploy: {at: 20s}\n",
            "ejected by loadBalancer.passiveHealth",
            Some("a smaller loadBalancer.passiveHealth.maxEjected"),
        ),
        ("deploy: {at: 20s, events: [{at: 15s, scale: 0}]}\n", "the workload was scaled to 0", None),
        ("deploy: {at: 20s, events: [{at: 15s, unready: [3, 4, 5]}]}\n", "3 pods were made unready", None),
        (
            "nodes: {count: 1}\ndeploy: {at: 20s, events: [{at: 30s, nodeFailure: 0}]}\nloadBalancer: {passiveHealth: {maxFails: 0}}\n",
            "were lost with their nodes",
            None,
        ),
    ] {
        for (text, by) in of(rest) {
            assert!(text.contains(says), "{rest}{text}");
            assert_eq!(by.as_deref(), prevented, "{rest}{text}");
        }
    }
    // A rollout that goes faster than proxies hear of it is one all the same.
    let outrun = "deploy: {at: 20s}\nloadBalancer: {propagation: {shared: 0s, add: 5s, remove: 0s}}\n";
    for (text, by) in of(outrun) {
        assert!(text.contains("had let go of the last old pod before it heard of a new one"), "{text}");
        assert_eq!(by.as_deref(), Some("a minReadySeconds in which every proxy hears of a new pod"));
    }
}

/// A switch that proxies hear half of is no deletion: the old pods are all there.
#[test]
fn a_switch_before_the_addition_is_told_with_what_helps() {
    let traced = Traced::of_text(
        "workload: {replicas: 4, kind: Rollout, strategy: {blueGreen: {autoPromotionEnabled: true}}}\n\
         pod: {startup: 3s, serviceTime: 20ms, termination: {preStop: 10s}}\n\
         loadBalancer: {layer: 7, propagation: {shared: 0s, add: 15s, remove: 1s}}\nclients: [{name: web, rate: 20/s}]\n\
         deploy: {at: 20s}\nobserve: {warmup: 5s, after: 20s}\n",
    );
    for (text, prevented) in traced.told(Cause::NoEndpoints) {
        assert!(
            text.contains("had let go of the last old pod before it heard of a new one; 8 pods were Ready"),
            "{text}"
        );
        assert!(prevented.is_some_and(|by| by.starts_with("strategy.canary")), "{text}");
    }
}

/// An old process keeps the table from before its reload for as long as it serves its connections.
#[test]
fn a_pod_that_only_an_old_process_knows_is_blamed_on_the_reload() {
    let text = |membership: &str| {
        format!(
            "workload: {{replicas: 6}}\npod: {{startup: 5s, serviceTime: 10ms, termination: {{preStop: 10s}}}}\n\
             loadBalancer: {{preset: nginx, membership: {membership}, activeHealth: {{interval: 1s}}}}\n\
             clients: [{{name: web, rate: 50/s, connections: 500, keepAlive: {{idleTimeout: 60s}}}}]\n\
             deploy: {{at: 20s}}\nobserve: {{warmup: 5s, after: 20s}}\n"
        )
    };
    let traced = Traced::of_text(&text("reload"));
    for cause in [Cause::StaleRoute, Cause::NoEndpoints] {
        for (text, prevented) in traced.told(cause) {
            assert!(text.contains("an old process of ") && !text.contains("believed it in rotation"), "{text}");
            assert_eq!(prevented.as_deref(), Some("loadBalancer.membership: api"));
        }
    }
    assert_eq!(Traced::of_text(&text("api")).explain(Which::default()).dropped, 0);
}

#[test]
fn who_exits_at_sigterm_has_no_lame_duck() {
    let text = |pre_stop: &str| {
        format!(
            "workload: {{replicas: 4}}\npod: {{startup: 5s, serviceTime: 10ms, termination: {{preStop: {pre_stop}, onSigterm: exit, lameDuck: 1s}}}}\n\
             loadBalancer: {{propagation: {{shared: 0s, remove: 600ms}}}}\nclients: [{{name: web, rate: 50/s}}]\n\
             deploy: {{at: 20s}}\nobserve: {{warmup: 5s, after: 20s}}\n"
        )
    };
    for (text, prevented) in Traced::of_text(&text("0s")).told(Cause::StaleRoute) {
        assert!(prevented.is_some_and(|by| by.starts_with("preStop of 0.60 s")), "{text}");
    }
    let cured = Traced::of_text(&text("610ms")).explain(Which::default());
    assert!(cured.causes.iter().all(|g| g.cause != "staleRoute"), "{:?}", cured.causes);
}

#[test]
fn who_is_killed_in_the_hook_has_had_no_sigterm() {
    let traced = Traced::of_text(
        "workload: {replicas: 3}\npod: {startup: 3s, serviceTime: 20ms, termination: {preStop: 10s, onSigterm: exit, \
         terminationGracePeriodSeconds: 10}}\nclients: [{name: chat, streams: {count: 50, duration: 60s}}]\n\
         deploy: {at: 20s}\nobserve: {warmup: 5s, after: 20s}\n",
    );
    for (text, prevented) in traced.told(Cause::SeveredByKill) {
        assert!(text.contains("while preStop 10s still ran: there was no SIGTERM"), "{text}");
        assert!(prevented.is_some_and(|by| by.starts_with("a terminationGracePeriodSeconds beyond preStop")), "{text}");
    }
}

/// A connection that waits in the accept queue of a pod that listens is cut there by the balancer: the route was not stale.
#[test]
fn what_is_cut_in_the_accept_queue_was_cut_by_the_balancer() {
    let traced = Traced::of_text(
        "workload: {replicas: 4, strategy: {type: Recreate}}\n\
         pod: {concurrency: 1, serviceTime: 1s, startup: 5s, readinessProbe: none, termination: {preStop: 20s}}\n\
         loadBalancer: {layer: 7, deregistrationDelay: 0s, propagation: {shared: 0s, remove: {distribution: uniform, min: 0s, max: 5s}}}\n\
         clients: [{name: web, rate: 5/s}]\ndeploy: {at: 20s}\nobserve: {warmup: 5s, after: 20s}\n",
    );
    let causes = traced.explain(Which::default()).causes;
    assert!(causes.iter().any(|g| g.cause == "severedByDeregistration"), "{causes:?}");
    assert!(causes.iter().all(|g| g.cause != "staleRoute"), "every pod listens for 20 s: {causes:?}");
}

#[test]
fn a_crash_is_no_deletion() {
    let yaml =
        format!("{PODS}{}deploy: none\n", BRIEF.replace("{preStop: 10s}}", "{preStop: 10s}, crash: {uptime: 4s}}"))
            .replace("after: 10s", "for: 30s");
    let traced = Traced::of_text(&yaml);
    for (text, prevented) in traced.told(Cause::StaleRoute) {
        assert!(text.contains("had crashed and was being started anew") && !text.contains("SIGTERM"), "{text}");
        assert_eq!(prevented, None);
    }
    for (text, prevented) in traced.told(Cause::NoEndpoints) {
        assert!(text.contains("3 pods had their containers started anew"), "{text}");
        assert_eq!(prevented, None, "there is no rollout");
    }
    assert!(traced.told(Cause::Crash).iter().all(|(text, _)| !text.contains("probe")));
}

#[test]
fn connections_that_nobody_closes_end_with_the_exit() {
    let text = |close: &str| {
        format!(
            "{PODS}pod: {{startup: 3s, readinessProbe: none, serviceTime: 50ms, termination: {{preStop: 5s, drainWindow: 20s, cleanup: 5s, \
             connectionClose: {close}, terminationGracePeriodSeconds: 60}}}}\nloadBalancer: {{layer: 4}}\nclients: [{{rate: 150/s}}]\n\
             deploy: {{at: 20s}}\nobserve: {{warmup: 5s, after: 20s}}\n"
        )
    };
    for (text, prevented) in Traced::of_text(&text("none")).told(Cause::SeveredByDrain) {
        assert!(text.contains("exited after its cleanup with connections open"), "{text}");
        assert_eq!(prevented.as_deref(), Some("connectionClose: response, or idle"));
    }
    for close in ["response", "idle"] {
        assert_eq!(Traced::of_text(&text(close)).explain(Which::default()).dropped, 0, "{close}");
    }
}

#[test]
fn of_a_new_pod_its_own_settings_are_told() {
    let traced = Traced::of_text(
        "workload: {replicas: 4}\npod: {startup: 2s, serviceTime: 50ms, concurrency: 2, queue: 128, termination: {preStop: 10s}}\n\
         newVersion: {queue: 2}\nclients: [{name: web, rate: 110/s}]\n",
    );
    for (text, prevented) in traced.told(Cause::Overflow) {
        assert!(text.contains("-new-") && text.contains("(2) was full"), "{text}");
        assert_eq!(prevented.as_deref(), Some("newVersion.queue: 128, as it was"));
    }
}

/// What is discarded by a forecast is not counted by its explanation.
#[test]
fn a_forecast_and_its_explanation_count_alike() {
    let yaml = format!(
        "{PODS}{}newVersion: {{}}\ndeploy: {{at: 20s}}\n",
        BRIEF.replace("{preStop: 10s}}", "{preStop: 10s}, errorRate: 20%}")
    );
    let traced = Traced::of_text(&yaml);
    let all = traced.explain(Which::default());
    let phases = &traced.replication.phases;
    assert!(traced.trace.endings.len() as u64 > all.dropped, "some fail in the warm-up");
    assert_eq!(all.dropped, phases.iter().map(PhaseTally::dropped).sum::<u64>());
    assert_eq!(all.dropped_before, phases[0].dropped());
    assert!(all.dropped_before > 0, "some fail before the deploy");
    let unfinished = phases.iter().map(|p| p.unfinished).sum::<u64>();
    let requests = phases.iter().map(|p| p.requests).sum::<u64>();
    assert!(all.requests.abs_diff(requests) <= unfinished + 3, "{} {requests}", all.requests);
}
