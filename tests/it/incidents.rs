//! Incidents of public threads, from the configuration that failed to the one that did not: `explain` names the mechanism,
//! `lint` the mistake, and the healthy variant passes `check` without a word of `lint`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::patched::patched;
use crate::common::program::{dryroll, json_of};

/// One incident: a folder of `tests/data/incidents`.
struct Incident {
    folder: &'static str,
    /// The cause of most drops.
    cause: &'static str,
    /// What would have prevented one of them, in the words of `explain`.
    prevented: &'static str,
    /// The rule that finds the mistake without a run.
    code: &'static str,
    /// What the process does otherwise where it is well: no manifest can say it.
    process: &'static [&'static str],
}

const INCIDENTS: [Incident; 12] = [
    Incident {
        folder: "alb-prestop",
        cause: "staleRoute",
        prevented: "preStop of ",
        code: "closes-before-removal",
        process: &[],
    },
    Incident {
        folder: "cold-jvm",
        cause: "overflow",
        prevented: "minReadySeconds",
        code: "cold-pods-count",
        process: &[],
    },
    Incident {
        folder: "envoy-sigterm",
        cause: "severedByKill",
        prevented: "a process that drains at SIGTERM",
        code: "sigterm-not-handled",
        process: &["onSigterm=drain"],
    },
    Incident {
        folder: "gke-neg",
        cause: "staleRoute",
        prevented: "preStop of ",
        code: "closes-before-removal",
        process: &[],
    },
    Incident {
        folder: "grace-ties",
        cause: "severedByKill",
        prevented: "terminationGracePeriodSeconds",
        code: "grace-too-short",
        process: &[],
    },
    Incident {
        folder: "gunicorn-queue",
        cause: "staleRoute",
        prevented: "preStop of ",
        code: "closes-before-removal",
        process: &[],
    },
    Incident {
        folder: "nlb-registration",
        cause: "noEndpoints",
        prevented: "",
        code: "registration-outrun",
        process: &[],
    },
    Incident {
        folder: "node-keep-alive",
        cause: "keepAliveRace",
        prevented: "an idle time-out of the pods above the proxies'",
        code: "keep-alive-race",
        process: &["pod.keepAlive.idleTimeout=65s"],
    },
    Incident {
        folder: "one-replica",
        cause: "staleRoute",
        prevented: "preStop of ",
        code: "closes-before-removal",
        process: &[],
    },
    Incident {
        folder: "probe-queue",
        cause: "overflow",
        prevented: "maxUnavailable",
        code: "probe-in-tight-queue",
        process: &[],
    },
    Incident {
        folder: "shell-pid1",
        cause: "severedByKill",
        prevented: "a process that gets SIGTERM",
        code: "sigterm-not-handled",
        process: &["onSigterm=drain"],
    },
    Incident {
        folder: "two-replicas",
        cause: "overflow",
        prevented: "maxUnavailable",
        code: "capacity-below-demand",
        process: &[],
    },
];

/// What no manifest prevents, since the process itself is wrong: one that is never told to stop, and one that closes idle
/// connections before the balancer does.
const PROCESS_ONLY: [&str; 2] = ["shell-pid1", "node-keep-alive"];

impl Incident {
    fn source(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/incidents").join(self.folder)
    }

    fn scenario(&self) -> PathBuf {
        self.source().join("scenario.yaml")
    }

    /// The scenario around the healthy manifest, whose process is well, in a folder of its own.
    fn healthy(&self) -> (TempDir, PathBuf) {
        self.around(&fs::read_to_string(self.source().join("healthy.yaml")).expect("it is there"))
    }

    /// The scenario around another manifest, in a folder of its own.
    fn around(&self, manifest: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let text = fs::read_to_string(self.scenario()).expect("it is there").replace("failing.yaml", "other.yaml");
        let file = folder.path().join("scenario.yaml");
        fs::write(&file, text).expect("it can be written");
        fs::write(folder.path().join("other.yaml"), manifest).expect("it can be written");
        (folder, file)
    }
}

/// `args`, a file, and settings laid over it.
fn line<'a>(args: &[&'a str], file: &'a Path, set: &[&'a str]) -> Vec<&'a str> {
    let set = set.iter().flat_map(|set| ["--set", set]);
    args.iter().copied().chain([file.to_str().expect("UTF-8")]).chain(set).collect()
}

fn codes(file: &Path) -> Vec<String> {
    let (_, found) = json_of(&line(&["lint"], file, &[]));
    let findings = found["findings"].as_array().expect("a list");
    findings.iter().map(|f| f["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn explain_names_the_mechanism_and_the_setting() {
    for incident in &INCIDENTS {
        let (_, told) = json_of(&line(&["explain"], &incident.scenario(), &[]));
        let most = &told["causes"][0];
        assert_eq!(most["cause"], incident.cause, "{}: {told}", incident.folder);
        let prevented = most["examples"][0]["prevented"].as_str().unwrap_or_default();
        assert!(prevented.contains(incident.prevented), "{}: {prevented}", incident.folder);
    }
}

#[test]
fn lint_finds_the_mistake_and_is_silent_where_there_is_none() {
    for incident in &INCIDENTS {
        let found = codes(&incident.scenario());
        assert!(found.iter().any(|code| code == incident.code), "{}: {found:?}", incident.folder);
        let (folder, file) = incident.healthy();
        // `lint` takes no options: what the process does stands in the file.
        let mut text = fs::read_to_string(&file).expect("it is there");
        if incident.process.contains(&"onSigterm=drain") {
            text = text.replace("onSigterm: ignore", "onSigterm: drain").replace("preset: envoy-term, ", "");
        }
        text = text.replace("keepAlive: {idleTimeout: 5s}", "keepAlive: {idleTimeout: 65s}");
        fs::write(&file, text).expect("it can be written");
        assert_eq!(codes(&file), [""; 0], "{}", incident.folder);
        drop(folder);
    }
}

#[test]
fn the_healthy_variant_passes_check_and_the_failing_one_does_not() {
    for incident in &INCIDENTS {
        let (status, out, _) = dryroll(&line(&["check", "--quiet"], &incident.scenario(), &[]));
        assert_eq!(status, 1, "{}: {out}", incident.folder);
        let (folder, file) = incident.healthy();
        let (status, out, err) = dryroll(&line(&["check", "--quiet"], &file, incident.process));
        assert_eq!(status, 0, "{}: {out}{err}", incident.folder);
        drop(folder);
    }
}

/// What `recommend` writes as a patch, laid over the manifest that failed, is one with which `check` passes.
#[test]
fn the_patch_that_is_recommended_passes_check() {
    let cured: Vec<&Incident> = INCIDENTS.iter().filter(|i| !PROCESS_ONLY.contains(&i.folder)).collect();
    assert_eq!(cured.len(), 10);
    for incident in cured {
        let folder = tempfile::tempdir().expect("a folder");
        let patch = folder.path().join("patch.yaml");
        let to = ["recommend", "--quiet", "--patch", patch.to_str().expect("UTF-8")];
        let (status, told) = json_of(&line(&to, &incident.scenario(), &[]));
        assert_eq!((status, told["verdict"].as_str()), (0, Some("holds")), "{}: {told}", incident.folder);
        let failing = fs::read_to_string(incident.source().join("failing.yaml")).expect("it is there");
        let patch = fs::read_to_string(patch).expect("it was written");
        assert!(!patch.contains("no manifest says this"), "{}: {patch}", incident.folder);
        let (folder, file) = incident.around(&patched(&failing, &patch));
        let (status, out, err) = dryroll(&line(&["check", "--quiet"], &file, &[]));
        assert_eq!(status, 0, "{}: {out}{err}", incident.folder);
        drop(folder);
    }
}

/// An incident is a public thread, which the scenario's head names with the mechanism.
#[test]
fn each_incident_names_its_thread_and_its_mechanism() {
    for incident in &INCIDENTS {
        let text = fs::read_to_string(incident.scenario()).expect("it is there");
        let head: String = text.lines().take_while(|l| l.starts_with('#')).collect::<Vec<_>>().join("\n");
        assert!(
            head.contains('/') && head.contains('#') && head.contains("Mechanism: "),
            "{}: {head}",
            incident.folder
        );
    }
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/incidents")).expect("a folder");
    assert_eq!(folders.count(), INCIDENTS.len());
}
