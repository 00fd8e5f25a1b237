//! The lab plays what a scenario says: the way from its parameters to a scenario and back loses nothing.

use std::fs;
use std::path::{Path, PathBuf};

use dryroll::scenario::Scenario;
use dryroll::study::validate::Case;
use dryroll::study::validate::lab_case::Balancer;
use dryroll::study::validate::lab_parameters::{LabPlan, lab_plan};

fn validation(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("validation").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.sort();
    files
}

fn scenario(text: &str) -> Scenario {
    Scenario::from_yaml(text).unwrap_or_else(|found| panic!("{found:?}\n{text}"))
}

fn balancer(name: &str) -> Balancer {
    Balancer::ALL.into_iter().find_map(|(of, b)| (of == name).then_some(b)).expect("a balancer")
}

#[test]
fn every_measured_case_could_be_measured_again() {
    let mut refused = Vec::new();
    for file in validation("balancers") {
        let text = fs::read_to_string(&file).expect("a file");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let name = value["id"].as_str().expect("an id").to_owned();
        let case = Case::read(&name, &text).expect("a case");
        let scenario = scenario(&case.as_scenario().expect("a balancer case makes a scenario"));
        match lab_plan(&scenario, balancer(value["lb"].as_str().expect("a balancer"))) {
            Ok(plan) => assert_eq!(plan.differences, [""; 0], "{name}"),
            Err(why) => refused.push((name, why)),
        }
    }
    // A mixture is the one distribution that the lab knows and a scenario tells in another form.
    let bimodal = |why: &[String]| why.len() == 1 && why[0].contains("serviceTime");
    assert!(refused.iter().all(|(name, why)| name.contains("bimodal") && bimodal(why)), "{refused:?}");
    assert_eq!(refused.len(), 1, "{refused:?}");
}

#[test]
fn the_check_plays_its_scenarios_as_they_are() {
    let files = validation("lab/scenarios");
    assert_eq!(files.len(), Balancer::ALL.len());
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("a file");
        let plan = lab_plan(&scenario(&text), balancer(&name)).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        assert_eq!(plan.differences, [""; 0], "{name}");
        // It counterfeits the case by another constant.
        assert_eq!(plan.parameters["remove_delay"]["kind"], "const", "{name}");
    }
}

#[test]
fn what_the_lab_leaves_out_is_told() {
    let text = "clients: [{rate: 100/s}]\npod: {startup: 1s, termination: {lameDuck: 3s}}\n\
                loadBalancer: {propagation: {shared: 0s, add: 0s, remove: 1s}, status: {reset: 504}}";
    let LabPlan { differences, .. } = lab_plan(&scenario(text), Balancer::Nginx).expect("the lab can play it");
    let has = |line: &str| differences.iter().any(|d| d == line);
    assert!(has("pod.termination.lameDuck: 3s, 0s in the lab"), "{differences:?}");
    assert!(has("loadBalancer.status.reset: 504, 502 in the lab"), "{differences:?}");
    assert!(has("loadBalancer.membership: Api, Reload in the lab"), "{differences:?}");
    assert!(!differences.iter().any(|d| d.starts_with("newPod.termination.lameDuck")), "{differences:?}");
}

#[test]
fn all_that_the_lab_cannot_do_is_said_at_once() {
    let text = "workload: {strategy: Recreate}\nclients: [{rate: 5000/s}]\n\
                loadBalancer: {propagation: {shared: 0s, add: 0s, remove: 1s}}\npod: {termination: {onSigterm: exit}}";
    let why = lab_plan(&scenario(text), Balancer::Haproxy).expect_err("it cannot");
    for path in ["workload.strategy", "`rate`", "pod.startup", "pod.termination.onSigterm"] {
        assert!(why.iter().any(|w| w.contains(path)), "{path}: {why:?}");
    }
    assert_eq!(why.len(), 4, "{why:?}");
}
