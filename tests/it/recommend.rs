//! What `recommend` advises: it holds when it is checked, it is the same at any number of threads, and it says so where nothing
//! holds.

#[cfg(unix)]
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use dryroll::metrics::Meta;
use dryroll::scenario::{Draft, Request};
use dryroll::study::objective::Objective;
use dryroll::study::recommend::{Space, Told, Wish, Work, recommend};
use dryroll::study::replicate::ReplicateError;
use dryroll::study::result::effort::Effort;
use dryroll::study::result::finding::Verdict;
use dryroll::study::result::price::Prices;
use dryroll::study::result::recommendation::Recommendation;
use dryroll::study::tally::Question;
use serde_json::Value;

#[cfg(unix)]
use crate::common::interrupt::interrupted;
use crate::common::program::{dryroll, json_of};

const SMALL: &str = "tests/data/cli/small.yaml";
const CHECKOUT: &str = "tests/data/manifests/checkout.yaml";

fn advice(args: &[&str]) -> (i32, Value) {
    json_of(&[&["recommend", "--quiet"], args].concat())
}

fn set(advice: &Value) -> Vec<&str> {
    advice["set"].as_array().expect("a list").iter().map(|s| s.as_str().expect("a text")).collect()
}

#[test]
fn what_is_advised_holds_when_it_is_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let edited = folder.path().join("edited.yaml");
    let edited = edited.to_str().expect("UTF-8");
    let (code, advice) = advice(&[SMALL, "--edit", edited]);
    assert_eq!((code, advice["verdict"].as_str()), (0, Some("holds")));
    assert_eq!(advice["schema"], "dryroll.recommendation/1");
    assert_eq!(advice["now"]["verdict"], "broken", "it drops as it is");
    // The figures are those of the deploys by which it is held to hold, not those of the race that it has won by, in part by luck.
    let (recommended, objective) = (&advice["recommended"], &advice["objectives"][0]);
    for what in ["deploys", "met"] {
        assert_eq!(recommended[what], objective[what], "{recommended} {objective}");
    }
    // The removal takes a second: the pods must listen that long.
    let pre_stop =
        set(&advice).iter().find_map(|s| s.strip_prefix("pod.termination.preStop=")).expect("a preStop").to_owned();
    assert!(pre_stop.trim_end_matches('s').parse::<f64>().expect("seconds") >= 1.0, "{pre_stop}");
    let (code, out, err) = dryroll(&["check", edited]);
    assert_eq!(code, 0, "{out}{err}");
    let text = fs::read_to_string(edited).expect("it was written");
    assert!(text.starts_with("# Five pods that close their listeners at once"), "comments survive: {text}");
}

#[test]
fn a_load_that_the_fleet_cannot_serve_without_a_deploy_is_no_load_at_which_it_holds() {
    // 5 pods × 8 workers / 10 ms = 4,000 requests a second, of which the deploy takes none: it waits for new pods.
    let (code, advice) = advice(&[SMALL, "--set", "clients.web.rate=1500/s", "--set", "maxUnavailable=0"]);
    assert_eq!(code, 0);
    let load = advice["inputs"].as_array().expect("a list").iter().find(|i| i["input"] == "load").expect("the load");
    let (holds, breaks) = (load["holdsAt"].as_f64().expect("a factor"), load["breaksAt"].as_f64().expect("a factor"));
    assert!(holds < breaks && breaks <= 3.0, "{load}");
}

#[test]
fn each_change_is_needed_and_says_what_happens_without_it() {
    let (_, advice) = advice(&[SMALL]);
    let changes = advice["changes"].as_array().expect("a list");
    let pre_stop = changes.iter().find(|c| c["name"] == "preStop").expect("it is changed");
    assert_eq!(pre_stop["without"]["verdict"], "broken");
    let more = &pre_stop["without"]["costs"]["dropped"];
    assert!(more["ci95"][0].as_f64().expect("an interval") > 0.0, "surely more: {more}");
    // At 1 s, as long as a removal takes, it breaks in some deploys: a request may be on its way then. Nothing above the advice does.
    assert_eq!(pre_stop["cliff"]["lower"][1], "1s");
    assert!(pre_stop["cliff"]["upper"].is_null());
    // What only makes room for another has no reason of its own.
    let grace = changes.iter().find(|c| c["name"] == "terminationGracePeriodSeconds").expect("room is made");
    assert!(grace["without"].is_null());
}

#[test]
fn the_number_of_threads_cannot_be_told_from_the_advice() {
    let args = ["recommend", SMALL, "--keep", "maxSurge", "--keep", "minReadySeconds", "--quiet"];
    let with = |jobs: &str| dryroll(&[&args[..], &["--jobs", jobs]].concat());
    let one = with("1");
    assert_eq!(one.0, 0, "{}", one.2);
    assert_eq!(one.1, with("3").1);
}

#[test]
fn where_nothing_can_hold_it_says_so() {
    // No policy makes a service of 10 ms quicker.
    let (code, advice) =
        advice(&[SMALL, "--set", "objectives={p99: 5ms}", "--keep", "maxSurge", "--keep", "minReadySeconds"]);
    assert_eq!((code, advice["verdict"].as_str()), (1, Some("broken")));
    assert_eq!(advice["inputs"].as_array().map(Vec::len), Some(0));
}

#[test]
fn too_few_deploys_cannot_tell() {
    let few =
        [SMALL, "--max-replications", "20", "--vary", "preStop=2s", "--keep", "maxSurge", "--keep", "minReadySeconds"];
    let (code, advice) = advice(&few);
    assert_eq!((code, advice["verdict"].as_str()), (4, Some("undecided")));
    let (code, _, _) = dryroll(&[&["recommend", "--allow-undecided", "--quiet"][..], &few[..]].concat());
    assert_eq!(code, 0);
}

#[test]
fn nothing_is_changed_where_all_is_well() {
    let (code, advice) = advice(&[SMALL, "--set", "preStop=2s"]);
    assert_eq!((code, set(&advice).len()), (0, 0), "{}", advice["set"]);
}

#[test]
fn what_is_kept_stays_and_what_is_varied_is_searched() {
    let (code, advice) = advice(&[SMALL, "--keep", "preStop", "--vary", "lameDuck=1s,3s", "--keep", "maxSurge"]);
    assert_eq!(code, 0);
    let names = advice["settings"].as_array().expect("a list");
    assert!(
        names.iter().any(|n| n == "pod.termination.lameDuck") && names.iter().all(|n| n != "pod.termination.preStop")
    );
    assert!(set(&advice).iter().any(|s| s.starts_with("pod.termination.lameDuck=")), "{}", advice["set"]);
}

#[test]
fn a_manifest_gets_a_patch_and_an_edited_copy_that_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (patch, edited, page) = (path("patch.yaml"), path("edited.yaml"), path("advice.md"));
    let traffic = ["--rate", "100/s", "--set", "startup=1s", "--set", "readinessProbe=none"];
    let places = ["--patch", &patch, "--edit", &edited, "-o", &page];
    let (code, _, err) =
        dryroll(&[&["recommend", CHECKOUT, "--workload", "checkout", "--quiet"][..], &traffic, &places].concat());
    assert_eq!(code, 0, "{err}");
    let patch = fs::read_to_string(&patch).expect("it was written");
    assert!(patch.starts_with("# kubectl patch deployment checkout"), "{patch}");
    let before = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(CHECKOUT)).expect("it is there");
    let after = fs::read_to_string(&edited).expect("it was written");
    for comment in before.lines().filter(|l| l.trim_start().starts_with('#')) {
        assert!(after.contains(comment), "{comment} is gone");
    }
    let (code, out, err) = dryroll(&[&["check", &edited, "--workload", "checkout", "--quiet"][..], &traffic].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert!(fs::read_to_string(&page).expect("it was written").contains("| policy |"));
}

/// On its node a pod with a port of the node has no room beside its predecessor.
#[test]
fn no_surge_is_searched_where_there_is_no_room_for_one() {
    let searched = |ports: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: agent}}\nspec:\n  selector: {{matchLabels: {{app: agent}}}}\n  \
             template:\n    metadata: {{labels: {{app: agent}}}}\n    spec: {{containers: [{{name: agent, image: agent, ports: [{ports}]}}]}}\n"
        );
        let draft = Draft::open_str("agent.yaml", &text, &[]).expect("it is read");
        let loaded = draft.read().expect("it is a scenario");
        let space = Space::of(&draft, &loaded.scenario, &[], &[], true).expect("a space");
        space.settings().iter().any(|setting| setting.name().contains("maxSurge"))
    };
    assert!(searched("{containerPort: 80}"));
    assert!(!searched("{containerPort: 80, hostPort: 80}"));
}

fn space(name: &str, text: &str, relaxed: bool) -> (Draft, Space) {
    let draft = Draft::open_str(name, text, &[]).expect("it is read");
    let scenario = draft.read().expect("it is a scenario").scenario;
    let space = if relaxed {
        Space::relaxed(&draft, &scenario, &[])
    } else {
        Space::of(&draft, &scenario, &[], &[], draft.is_manifest())
    };
    (draft, space.expect("a space"))
}

/// Where a tier is rolled it is its proxies that start and end, and the balancer before them that learns of it.
#[test]
fn of_a_tier_that_is_rolled_the_settings_of_its_proxies_are_searched() {
    const TIERS: &str = "
workload: {replicas: 3}
loadBalancer:
  - {name: edge, layer: 7, proxies: 2}
  - {name: my ingress, layer: 7, proxies: 3, pod: {startup: 2s, termination: {preStop: 0s}}}
clients: [{name: my app, rate: 20/s}]
deploy: {rolls: my ingress}
";
    for relaxed in [false, true] {
        let (draft, space) = space("tiers.yaml", TIERS, relaxed);
        let paths: Vec<String> = space.settings().iter().map(dryroll::study::recommend::Setting::path).collect();
        assert!(paths.contains(&"loadBalancer.my ingress.pod.termination.preStop".to_owned()), "{paths:?}");
        assert!(paths.contains(&"loadBalancer.my ingress.workload.minReadySeconds".to_owned()), "{paths:?}");
        assert!(!paths.iter().any(|p| p.starts_with("pod.") || p.starts_with("workload.")), "{paths:?}");
        assert_eq!(relaxed, paths.contains(&"loadBalancer.edge.retries.attempts".to_owned()), "{paths:?}");
        // Whatever it is called by means it, and nothing else.
        for (setting, path) in space.settings().iter().zip(&paths) {
            assert_eq!(draft.path_of("--set", &setting.name()).ok().as_ref(), Some(path));
        }
    }
    let (draft, space) = space("tiers.yaml", TIERS, false);
    let point = space.settings().iter().map(|s| s.path().ends_with("preStop").then(|| s.len() - 1)).collect();
    let (scenario, _) = space.scenario(&draft, &point).expect("a combination");
    let t = &scenario.rolled().pod.termination;
    assert!(t.grace_period.secs() > t.pre_stop.mean() + t.drain_window.secs(), "the grace period follows");
}

/// Argo refuses a canary whose bounds are both written as 0, and has its pods wait as a Deployment's do.
#[test]
fn of_a_canary_is_searched_what_argo_takes() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: pay}\nspec:\n  replicas: 4\n  strategy:\n    \
                canary: {maxSurge: 25%, maxUnavailable: 0, steps: [{setWeight: 25}]}\n  selector: {matchLabels: {app: pay}}\n  \
                template:\n    metadata: {labels: {app: pay}}\n    spec: {containers: [{name: app, image: pay}]}\n";
    let (draft, space) = space("pay.yaml", text, false);
    let surge = space.settings().iter().position(|s| s.name() == "maxSurge").expect("it is searched");
    for value in 0..space.settings()[surge].len() {
        let mut point = space.as_it_is();
        point[surge] = Some(value);
        let written = space.settings()[surge].text(Some(value));
        assert_eq!(space.scenario(&draft, &point).is_some(), written != "0", "maxSurge {written}");
    }
    assert!(space.settings().iter().any(|s| s.path() == "workload.minReadySeconds"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (args, told) in [
        (&["scenarios/steady.yaml"][..], "nothing is deployed"),
        (&[SMALL, "--keep", "preStpo"], "did you mean"),
        (&[SMALL, "--vary", "drainWindow=0s..60s"], "does not say how many"),
        (&[SMALL, "--price", "surgee=1"], "no cost is called"),
        (&[SMALL, "--patch", "-", "--edit", "-"], "cannot both"),
        (&[SMALL, "-o", "/no/such/folder/x.json"], "there is no folder"),
    ] {
        let (code, out, err) = dryroll(&[&["recommend"], args].concat());
        assert!(code != 0 && out.is_empty() && err.contains(told), "{args:?}: {code} {err}");
    }
}

/// A search that is ended after so many simulated deploys.
fn ended_after(deploys: u32) -> Result<Recommendation, ReplicateError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SMALL);
    let draft = Draft::open(&Request::new(&path)).expect("it can be read");
    let scenario = draft.read().expect("a scenario").scenario;
    let keep = ["maxSurge", "maxUnavailable", "minReadySeconds"].map(str::to_owned);
    let space = Space::of(&draft, &scenario, &[], &keep, false).expect("a space");
    let (effort, objectives) = (Effort::Fixed(1), Objective::all(None));
    let question = Question { effort, objectives, share: 0.95, confidence: 0.95 };
    let wish = Wish { question: &question, prices: Prices::default(), worth: 0.1, most: 400 };
    let (cancel, done) = (AtomicBool::new(false), AtomicU32::new(0));
    let tell = |told: Told| {
        if matches!(told, Told::Done) && done.fetch_add(1, Ordering::Relaxed) + 1 >= deploys {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let work = Work { jobs: Some(2), cancel: &cancel, tell: &tell };
    recommend(&draft, &scenario, &space, &wish, &Meta::default(), work)
}

/// What was chosen before the end is what is chosen without one; before that there is nothing to be told.
#[test]
fn a_search_that_is_ended_tells_what_it_has_found() {
    let whole = ended_after(u32::MAX).expect("no panic");
    assert!(whole.verdict == Verdict::Holds && !whole.interrupted && !whole.inputs.is_empty());
    let all = whole.simulated as u32;
    let mut found = 0;
    for part in [20, 12, 8, 4, 2] {
        match ended_after(all - all / part) {
            Ok(some) => {
                assert!(some.interrupted && some.simulated < whole.simulated, "{} of {all}", some.simulated);
                assert_eq!((some.verdict, &some.set), (Verdict::Holds, &whole.set));
                assert_eq!(some.changes.len(), whole.changes.len());
                found += 1;
            }
            Err(error) => assert_eq!(error, ReplicateError::Interrupted),
        }
    }
    assert!(found > 0, "the search is not over only at its end");
    assert_eq!(ended_after(1).err(), Some(ReplicateError::Interrupted));
}

#[test]
fn where_time_stands_still_it_is_told_after_one_deploy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cli/users.yaml");
    let still = ["clients.0.users.thinkTime=0s", "network.client=0s", "network.latency=0s"].map(str::to_owned);
    let draft = Draft::open(&Request { set: &still, ..Request::new(&path) }).expect("it can be read");
    let scenario = draft.read().expect("a scenario").scenario;
    let vary = ["preStop=0s,1s,2s,3s".to_owned()];
    let space = Space::of(&draft, &scenario, &vary, &[], false).expect("a space");
    let question =
        Question { effort: Effort::Fixed(1), objectives: Objective::all(None), share: 0.95, confidence: 0.95 };
    let wish = Wish { question: &question, prices: Prices::default(), worth: 0.1, most: 400 };
    let (cancel, wanted) = (AtomicBool::new(false), AtomicU32::new(0));
    let tell = |told: Told| {
        if let Told::Wanted(n) = told {
            wanted.fetch_add(n, Ordering::Relaxed);
        }
    };
    let work = Work { jobs: Some(2), cancel: &cancel, tell: &tell };
    let error = recommend(&draft, &scenario, &space, &wish, &Meta::default(), work).expect_err("it never ends");
    assert!(matches!(error, ReplicateError::StoodStill { replication: 0, .. }), "{error}");
    assert_eq!(wanted.into_inner(), 1, "no other deploy is begun");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_half_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (patch, edited, page) = (path("patch.yaml"), path("edited.yaml"), path("advice.md"));
    let places = ["--patch", &patch, "--edit", &edited, "-o", &page];
    let (code, out, err) = interrupted(&[&["recommend", "tests/data/cli/slow.yaml"], &places[..]].concat());
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("interrupted"), "{err}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn advice_has_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let name = page.to_str().expect("UTF-8");
    let advise = ["recommend", SMALL, "--keep", "minReadySeconds", "--quiet"];
    let printed = dryroll(&advise);
    assert_eq!(
        dryroll(&[&advise[..], &["--report", name]].concat()),
        printed,
        "a page changes nothing in what is printed"
    );
    let text = fs::read_to_string(&page).expect("it was written");
    let told = advice(&advise[1..4]).1;
    for change in told["changes"].as_array().expect("changes") {
        let row = format!(
            "<th scope=\"row\">{}</th><td data-head=\"now\">{}</td><td class=\"main\" data-head=\"recommended\">{}</td>",
            change["name"].as_str().expect("a name"),
            change["now"].as_str().expect("a value"),
            change["value"].as_str().expect("a value")
        );
        assert!(text.contains(&row), "{row} is missing");
    }
    // A point for what stands, one for what is recommended, and one for each other policy of the front.
    let drawing =
        text.split("<svg class=\"plot choice").nth(1).and_then(|p| p.split("</figure>").next()).expect("a plot");
    let front = told["front"].as_array().expect("a front");
    let others = front.iter().filter(|p| ["now", "recommended"].iter().all(|o| told[*o]["settings"] != p["settings"]));
    assert_eq!(drawing.matches("<circle class=\"dot").count(), 2 + others.count());
    let limits = text.split("<svg class=\"plot limits").nth(1).and_then(|p| p.split("</svg></svg>").next());
    let inputs = told["inputs"].as_array().expect("inputs");
    assert_eq!(limits.unwrap_or_default().matches("<text class=\"l start\"").count(), inputs.len());
    for figure in ["choice", "limits"] {
        let (code, svg, err) = dryroll(&[&advise[..], &["--figure", figure]].concat());
        assert!(code == 0 && svg.starts_with("<svg xmlns=") && !svg.contains("var(--"), "{figure}: {err}");
    }
}
