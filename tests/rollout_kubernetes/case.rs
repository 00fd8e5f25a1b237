//! A recorded rollout, as its file has it.

use dryroll::engine::{Dur, SimTime};
use dryroll::fleet::fact::Revision;
use dryroll::fleet::rollout::{Action, InitialPod, Spec, resolve};
use dryroll::scenario::{Controller, IntOrPercent, PodReplacement, Release, Strategy};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The templates in the order of their first use.
const REVISIONS: [&str; 3] = ["old", "new", "new2"];

#[derive(Deserialize)]
pub(crate) struct Case {
    #[serde(rename = "case")]
    pub(crate) name: String,
    pub(crate) config: Config,
    pub(crate) complete_at: Option<f64>,
    pub(crate) observed_until: f64,
    t0_wallclock_fraction: f64,
    jitter_s: Jitter,
    trajectory: Vec<Vec<f64>>,
    pub(crate) pods: Vec<PodRow>,
    rs_spec_replicas: Vec<(f64, String, u32)>,
    conditions: Vec<(f64, String, String, String)>,
    repeats: Vec<Repeat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    replicas: u32,
    strategy: RawStrategy,
    min_ready_seconds: u64,
    progress_deadline_seconds: u64,
    #[serde(rename = "startup_delay_s")]
    pub(crate) startup: BTreeMap<String, Delays>,
    #[serde(rename = "termination_delay_s")]
    pub(crate) termination: BTreeMap<String, Delays>,
    pub(crate) actions: Vec<RawAction>,
    #[serde(rename = "kube_api_qps")]
    qps: f64,
    #[serde(rename = "kube_api_burst")]
    burst: u32,
    #[serde(rename = "nodes")]
    pub(crate) nodes: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStrategy {
    r#type: String,
    rolling_update: Option<RawRolling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRolling {
    max_surge: serde_json::Value,
    max_unavailable: serde_json::Value,
}

#[derive(Deserialize)]
pub(crate) struct Delays {
    by_creation_order: Vec<Option<f64>>,
    then: Option<f64>,
}

impl Delays {
    /// The delay of the pod with this number within its revision; `None` is never.
    pub(crate) fn of(&self, ordinal: u32) -> Option<f64> {
        self.by_creation_order.get(ordinal as usize).copied().unwrap_or(self.then)
    }
}

#[derive(Deserialize)]
pub(crate) struct RawAction {
    pub(crate) at: f64,
    op: String,
    rev: Option<String>,
    replicas: Option<u32>,
    #[serde(default)]
    pods: Vec<u32>,
}

/// What is done: to the Deployment, or to the readiness of pods.
pub(crate) enum Doing {
    Act(Action),
    Readiness { revision: Revision, ordinals: Vec<u32>, ready: bool },
}

impl RawAction {
    pub(crate) fn is_template(&self) -> bool {
        self.op == "template"
    }

    pub(crate) fn doing(&self) -> Doing {
        let revision = self.rev.as_deref().map_or(Revision(0), revision);
        let replicas = self.replicas.unwrap_or(0);
        Doing::Act(match self.op.as_str() {
            "template" => Action::Template(revision),
            "scale" => Action::Scale(replicas),
            "template+scale" => Action::TemplateAndScale(revision, replicas),
            "pause" => Action::Pause,
            "resume" => Action::Resume,
            "ready" | "unready" => {
                return Doing::Readiness { revision, ordinals: self.pods.clone(), ready: self.op == "ready" };
            }
            other => panic!("unknown action `{other}`"),
        })
    }
}

#[derive(Deserialize, Clone, Copy)]
struct Jitter {
    p90: f64,
}

#[derive(Deserialize)]
pub(crate) struct PodRow {
    pub(crate) rev: String,
    pub(crate) rev_i: u32,
    pub(crate) created: f64,
    pub(crate) ready: Option<f64>,
    pub(crate) deletion_requested: Option<f64>,
    pub(crate) gone: Option<f64>,
    pub(crate) node: Option<String>,
}

#[derive(Deserialize)]
struct Repeat {
    controllers: String,
    complete_at: Option<f64>,
    t0_wallclock_fraction: f64,
    jitter_s: Jitter,
    rs_spec_replicas: Vec<(f64, String, u32)>,
    trajectory: Vec<Vec<f64>>,
}

/// What is compared of one recorded run, or of a simulated one.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) wall_clock_fraction: f64,
    pub(crate) jitter_p90: f64,
    pub(crate) complete_at: Option<f64>,
    /// Desired sizes after each change, one column a revision.
    pub(crate) sizes: Vec<(f64, Vec<u32>)>,
    /// Totals and ready pods, two columns a revision.
    pub(crate) levels: Vec<(f64, Vec<u32>)>,
    /// Conditions from t=0 on; none were kept of repeats.
    pub(crate) conditions: Vec<(f64, String, String, String)>,
}

impl Run {
    /// Whose controllers ran.
    pub(crate) fn release(&self) -> Release {
        if self.name.starts_with("v1.20") { Release::V1_20 } else { Release::V1_28 }
    }
}

impl Case {
    pub(crate) fn all() -> Vec<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/kubernetes");
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .expect("the recorded rollouts are part of the project")
            .map(|entry| entry.expect("a readable folder").path())
            .collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "json"));
        files.sort();
        assert_eq!(files.len(), 82, "recorded rollouts in {}", folder.display());
        let parse = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).expect("a readable file");
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        files.iter().map(parse).collect()
    }

    pub(crate) fn spec(&self, wall_clock_fraction: f64, release: Release) -> Spec {
        let strategy = self.config.strategy.rolling_update.as_ref().map_or(Strategy::Recreate, |rolling| {
            Strategy::RollingUpdate {
                max_surge: int_or_percent(&rolling.max_surge),
                max_unavailable: int_or_percent(&rolling.max_unavailable),
            }
        });
        assert_eq!(self.config.strategy.r#type == "Recreate", strategy == Strategy::Recreate);
        let throttled = self.is_throttled();
        Spec {
            replicas: self.config.replicas,
            strategy,
            min_ready: Dur::from_secs(self.config.min_ready_seconds),
            progress_deadline: Dur::from_secs(self.config.progress_deadline_seconds),
            replacement: PodReplacement::TerminationStarted,
            controller: Controller {
                qps: if throttled { self.config.qps } else { 0.0 },
                burst: self.config.burst,
                reaction: Dur::from_millis(20),
                release,
            },
            wall_clock_fraction,
        }
    }

    /// The pods before the deploy.
    pub(crate) fn initial(&self) -> impl Iterator<Item = InitialPod> + '_ {
        self.pods.iter().filter(|p| p.created < 0.0).map(|p| InitialPod {
            created: time(p.created),
            ready: p.ready.filter(|&t| t < 0.0).map(time),
            node: p
                .node
                .as_ref()
                .and_then(|n| n.strip_prefix('n')?.parse().ok())
                .filter(|_| self.config.nodes.is_some()),
        })
    }

    /// The main run first, then its repeats.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let revisions = self.config.startup.len();
        let main = Run {
            name: "main".into(),
            wall_clock_fraction: self.t0_wallclock_fraction,
            jitter_p90: self.jitter_s.p90,
            complete_at: self.complete_at,
            sizes: sizes(&self.rs_spec_replicas, revisions),
            levels: levels(&self.trajectory, revisions),
            conditions: self.conditions.iter().filter(|c| c.0 >= 0.0).cloned().collect(),
        };
        let repeats = self.repeats.iter().map(|r| Run {
            name: r.controllers.clone(),
            wall_clock_fraction: r.t0_wallclock_fraction,
            jitter_p90: r.jitter_s.p90,
            complete_at: r.complete_at,
            sizes: sizes(&with_initial(&self.rs_spec_replicas, &r.rs_spec_replicas), revisions),
            levels: levels(&r.trajectory, revisions),
            conditions: Vec::new(),
        });
        std::iter::once(main).chain(repeats).collect()
    }

    /// Whether all that happens is one template change, with the controllers' requests not throttled.
    pub(crate) fn is_plain(&self) -> bool {
        self.config.actions.len() == 1 && self.config.actions[0].is_template() && !self.is_throttled()
    }

    /// Whether the controllers' requests are throttled as by default.
    pub(crate) fn is_throttled(&self) -> bool {
        self.config.qps < 1000.0
    }

    /// Within what time pods that turn Ready are as good as simultaneous [s]: of a throttled fleet one does every 50 ms, and
    /// one request more or less before a count is taken makes a difference of some of them.
    pub(crate) fn simultaneous(&self) -> f64 {
        if self.is_throttled() { 0.3 } else { 0.0 }
    }

    /// Start-up delays that lie one after another at least, in a rollout within bounds.
    pub(crate) fn waves(&self) -> u32 {
        let posts = resolve(&self.spec(0.0, Release::V1_28).strategy, self.config.replicas);
        self.config.replicas.div_ceil((posts.surge + posts.unavailable).max(1)).max(1)
    }
}

pub(crate) fn revision(name: &str) -> Revision {
    let index = REVISIONS.iter().position(|&r| r == name).unwrap_or_else(|| panic!("unknown revision `{name}`"));
    Revision(index as u16)
}

pub(crate) fn revision_name(revision: Revision) -> &'static str {
    REVISIONS[usize::from(revision.0)]
}

pub(crate) fn time(secs: f64) -> SimTime {
    SimTime::from_nanos((secs * 1e9).round() as i64)
}

fn int_or_percent(value: &serde_json::Value) -> IntOrPercent {
    match value {
        serde_json::Value::String(s) => IntOrPercent::Percent(s.trim_end_matches('%').parse().expect("a percentage")),
        number => IntOrPercent::Int(number.as_u64().expect("a number of pods") as u32),
    }
}

/// Repeats keep changes from t=0 on only: what was there before is the main run's.
fn with_initial(main: &[(f64, String, u32)], repeat: &[(f64, String, u32)]) -> Vec<(f64, String, u32)> {
    main.iter().filter(|c| c.0 < 0.0).chain(repeat.iter().filter(|c| c.0 >= 0.0)).cloned().collect()
}

fn sizes(changes: &[(f64, String, u32)], revisions: usize) -> Vec<(f64, Vec<u32>)> {
    let mut now = vec![0; revisions];
    let mut rows = Vec::new();
    for (t, rev, size) in changes {
        now[usize::from(revision(rev).0)] = *size;
        rows.push((*t, now.clone()));
    }
    rows
}

/// Without the column of terminating pods, which the file has between the second revision and the third.
fn levels(rows: &[Vec<f64>], revisions: usize) -> Vec<(f64, Vec<u32>)> {
    let columns = |row: &Vec<f64>| {
        let mut values: Vec<u32> = row[1..].iter().map(|&v| v as u32).collect();
        values.remove(4);
        values.resize(2 * revisions.max(2), 0);
        values
    };
    let mut levels: Vec<_> = rows.iter().map(|row| (row[0], columns(row))).collect();
    levels.dedup_by(|later, earlier| later.1 == earlier.1);
    levels
}
