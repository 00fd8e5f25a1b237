//! Each preset: that it can be read, that it says where its values are from, and that it yields to what the file says.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use dryroll::engine::Dur;
use dryroll::scenario::presets::{Applies, all};
use dryroll::scenario::{AfterExit, Layer, load_str};

fn scenario(applies: Applies, name: &str) -> String {
    let (balancer, pod, client) = match applies {
        Applies::LoadBalancer => (name, "", ""),
        Applies::Pod => ("", name, ""),
        Applies::Clients => ("", "", name),
    };
    let field = |name: &str| if name.is_empty() { String::new() } else { format!("preset: {name}") };
    let client = if client.is_empty() { String::new() } else { format!(", preset: {client}") };
    format!("loadBalancer: {{{}}}\npod: {{{}}}\nclients: [{{rate: 10/s{client}}}]\n", field(balancer), field(pod))
}

#[test]
fn every_preset_makes_a_scenario_without_a_word_of_complaint() {
    for preset in all() {
        let yaml = scenario(preset.applies, preset.name);
        let loaded = load_str("preset.yaml", &yaml, &[]).unwrap_or_else(|diags| {
            panic!("{}:\n{}", preset.name, diags.iter().map(|d| d.render(false)).collect::<String>());
        });
        assert!(loaded.warnings.is_empty(), "{}: {:?}", preset.name, loaded.warnings);
        assert!(!preset.values.is_empty() && !preset.title.is_empty(), "{}", preset.name);
        for v in &preset.values {
            let known = ["documented", "measured", "reported", "guess"].contains(&v.tag.as_str());
            assert!(known && v.source.len() > 1, "{}: {} has no source", preset.name, v.path);
            // Whatever it sets is no longer assumed.
            let assumed = loaded.assumptions.iter().find(|a| a.starts_with(&format!("{} ", v.path)));
            assert!(assumed.is_none(), "{}: {assumed:?}", preset.name);
        }
    }
}

#[test]
fn every_file_is_a_preset_by_its_name() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("presets");
    let entries = fs::read_dir(folder).expect("the presets are there").map(|e| e.expect("an entry").path());
    let mut files: Vec<String> =
        entries.map(|p| p.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    files.sort();
    assert_eq!(all().iter().map(|p| p.name).collect::<Vec<_>>(), files);
}

#[test]
fn a_preset_of_the_new_version_is_laid_over_the_pods_and_under_what_it_says() {
    let of = |yaml: &str| {
        let yaml = format!("{yaml}clients: [{{rate: 10/s}}]\n");
        load_str("preset.yaml", &yaml, &[]).expect("a scenario").scenario
    };
    let new = of("pod: {queue: 7, keepAlive: {idleTimeout: 1m}}\nnewVersion: {preset: puma, backlog: 9}\n").new_pod;
    assert_eq!((new.queue, new.backlog), (7, 9));
    assert_eq!(new.keep_alive.idle_timeout, Dur::from_secs(65), "its preset comes before `pod`");
    let wrong = load_str("preset.yaml", "newVersion: {preset: nginx}\nclients: [{rate: 10/s}]\n", &[]);
    assert_eq!(wrong.expect_err("it is a balancer's")[0].code, "unknown-preset");
}

#[test]
fn what_the_file_says_comes_before_the_preset() {
    let yaml = "loadBalancer: {preset: alb, proxies: 7}\nclients: [{rate: 10/s}]\n";
    let with = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
        load_str("preset.yaml", yaml, &set).expect("a scenario").scenario
    };
    let lb = with(&[]).load_balancer;
    assert_eq!((lb.proxies, lb.upstream.idle_timeout), (7, Dur::from_secs(60)));
    assert_eq!(with(&[]).pod.termination.after_exit, AfterExit::Unreachable);
    let set = with(&["loadBalancer.preset=nlb", "afterExit=refused"]);
    assert_eq!((set.load_balancer.layer, set.load_balancer.proxies), (Layer::L4, 7));
    assert_eq!(set.pod.termination.after_exit, AfterExit::Refused);
}

/// Istio 1.24 no longer retries a 503, which is what the sidecar of a pod answers whose container has stopped listening: deploys that were
/// masked until then drop requests.
#[test]
fn what_istio_1_23_hides_istio_1_24_shows() {
    let dropped = |version: &str, pre_stop: &str| {
        let yaml = format!(
            "workload: {{replicas: 4}}
pod: {{startup: 2s, serviceTime: 10ms, termination: {{preStop: {pre_stop}}}}}
loadBalancer: {{preset: istio-{version}}}
clients: [{{rate: 200/s}}]
deploy: {{at: 10s}}
observe: {{warmup: 5s, after: 10s}}
"
        );
        let scenario = load_str("istio.yaml", &yaml, &[]).expect("a scenario").scenario;
        (0..5)
            .flat_map(|k| dryroll::simulate::run(&scenario, 1, k).phases)
            .map(|p| p.outcomes.iter().sum::<u64>())
            .sum::<u64>()
    };
    assert_eq!(dropped("1.23", "0s"), 0);
    assert!(dropped("1.24", "0s") > 100);
    assert_eq!(
        dropped("1.24", "4500ms"),
        0,
        "listening until the sidecars elsewhere have heard, or the own one is gone"
    );
}

#[test]
fn a_name_of_none_is_told_with_the_nearest() {
    let error = |yaml: &str| {
        let diags = load_str("preset.yaml", yaml, &[]).expect_err("no such preset");
        diags.iter().map(|d| d.render(false)).collect::<String>()
    };
    let unknown = error("loadBalancer: {preset: ingres-nginx}\nclients: [{rate: 10/s}]\n");
    assert!(unknown.contains("did you mean `ingress-nginx`?"), "{unknown}");
    let elsewhere = error("loadBalancer: {preset: node-close}\nclients: [{rate: 10/s}]\n");
    assert!(elsewhere.contains("belongs elsewhere"), "{elsewhere}");
}

#[test]
fn the_command_lists_and_prints_them() {
    let run = |args: &[&str]| {
        let output = Command::cargo_bin("dryroll").expect("it was built").args(args).output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (status, list) = run(&["presets"]);
    assert_eq!(status, Some(0));
    assert!(all().iter().all(|p| list.contains(p.name)), "{list}");
    let (_, one) = run(&["presets", "haproxy"]);
    assert!(one.contains("loadBalancer.retries: {attempts: 3") && one.contains("documented: retries 3"), "{one}");
    assert_eq!(run(&["presets", "none-such"]).0, Some(2));
}
