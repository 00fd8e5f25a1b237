//! A recorded rollout, as its file has it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::{Dur, SimTime};
use crate::fleet::fact::Revision;
use crate::fleet::rollout::{Action, InitialPod, Spec, resolve};
use crate::scenario::{Controller, IntOrPercent, PodReplacement, Release, Strategy};

/// The templates in the order of their first use.
const REVISIONS: [&str; 3] = ["old", "new", "new2"];

/// What may be done.
const OPS: [&str; 7] = ["template", "scale", "template+scale", "pause", "resume", "ready", "unready"];

#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    #[serde(rename = "case")]
    pub name: String,
    pub config: Config,
    pub complete_at: Option<f64>,
    pub observed_until: f64,
    t0_wallclock_fraction: f64,
    jitter_s: Jitter,
    trajectory: Vec<Vec<f64>>,
    pub pods: Vec<PodRow>,
    rs_spec_replicas: Vec<(f64, String, u32)>,
    conditions: Vec<(f64, String, String, String)>,
    repeats: Vec<Repeat>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    replicas: u32,
    strategy: RawStrategy,
    min_ready_seconds: u64,
    progress_deadline_seconds: u64,
    #[serde(rename = "startup_delay_s")]
    pub startup: BTreeMap<String, Delays>,
    #[serde(rename = "termination_delay_s")]
    pub termination: BTreeMap<String, Delays>,
    pub actions: Vec<RawAction>,
    #[serde(rename = "kube_api_qps")]
    qps: f64,
    #[serde(rename = "kube_api_burst")]
    burst: u32,
    #[serde(rename = "nodes")]
    pub nodes: Option<u32>,
    /// Whose controllers ran in the main run: `v1.28`.
    #[serde(default)]
    controllers: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStrategy {
    r#type: String,
    rolling_update: Option<RawRolling>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRolling {
    max_surge: serde_json::Value,
    max_unavailable: serde_json::Value,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Delays {
    by_creation_order: Vec<Option<f64>>,
    then: Option<f64>,
}

impl Delays {
    /// The delay of the pod with this number within its revision; `None` is never.
    pub fn of(&self, ordinal: u32) -> Option<f64> {
        self.by_creation_order.get(ordinal as usize).copied().unwrap_or(self.then)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct RawAction {
    pub at: f64,
    op: String,
    rev: Option<String>,
    replicas: Option<u32>,
    #[serde(default)]
    pods: Vec<u32>,
}

/// What is done: to the Deployment, or to the readiness of pods.
#[derive(Clone, Debug)]
pub enum Doing {
    Act(Action),
    Readiness { revision: Revision, ordinals: Vec<u32>, ready: bool },
}

impl RawAction {
    pub fn is_template(&self) -> bool {
        self.op == "template"
    }

    pub fn doing(&self) -> Doing {
        let revision = self.rev.as_deref().map_or(Revision(0), revision);
        let replicas = self.replicas.unwrap_or(0);
        Doing::Act(match self.op.as_str() {
            "template" => Action::Template(revision),
            "scale" => Action::Scale(replicas),
            "template+scale" => Action::TemplateAndScale(revision, replicas),
            "pause" => Action::Pause,
            "ready" | "unready" => {
                return Doing::Readiness { revision, ordinals: self.pods.clone(), ready: self.op == "ready" };
            }
            // The last one: no other can be read.
            _ => Action::Resume,
        })
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Jitter {
    p90: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PodRow {
    pub rev: String,
    pub rev_i: u32,
    pub created: f64,
    pub ready: Option<f64>,
    pub deletion_requested: Option<f64>,
    pub gone: Option<f64>,
    pub node: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Repeat {
    controllers: String,
    complete_at: Option<f64>,
    t0_wallclock_fraction: f64,
    jitter_s: Jitter,
    rs_spec_replicas: Vec<(f64, String, u32)>,
    trajectory: Vec<Vec<f64>>,
}

/// What is compared of one recorded run, or of a simulated one.
#[derive(Clone, Debug)]
pub struct Run {
    pub name: String,
    /// Whose controllers ran.
    pub release: Release,
    pub wall_clock_fraction: f64,
    pub jitter_p90: f64,
    pub complete_at: Option<f64>,
    /// Desired sizes after each change, one column a revision.
    pub sizes: Vec<(f64, Vec<u32>)>,
    /// Totals and ready pods, two columns a revision.
    pub levels: Vec<(f64, Vec<u32>)>,
    /// Conditions from t=0 on; none were kept of repeats.
    pub conditions: Vec<(f64, String, String, String)>,
}

fn release(controllers: &str) -> Release {
    if controllers.starts_with("v1.20") { Release::V1_20 } else { Release::V1_28 }
}

impl Case {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Where it is no recorded rollout, or one that contradicts itself.
    pub fn read(text: &str) -> Result<Self, String> {
        let case: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        case.check()?;
        Ok(case)
    }

    /// What everything else relies on.
    fn check(&self) -> Result<(), String> {
        let c = &self.config;
        let known = |name: &str| {
            let both = c.startup.contains_key(name) && c.termination.contains_key(name);
            let index = REVISIONS.iter().position(|&r| r == name);
            let fine = both && index.is_some_and(|i| i < c.startup.len());
            if fine { Ok(()) } else { Err(format!("nothing is said of the revision `{name}`")) }
        };
        known(REVISIONS[0])?;
        for action in &c.actions {
            if !OPS.contains(&action.op.as_str()) {
                return Err(format!("unknown action `{}`", action.op));
            }
            action.rev.as_deref().map_or(Ok(()), known)?;
        }
        let repeated = self.repeats.iter().flat_map(|r| &r.rs_spec_replicas);
        for (_, name, _) in self.rs_spec_replicas.iter().chain(repeated) {
            known(name)?;
        }
        let rows = self.repeats.iter().flat_map(|r| &r.trajectory).chain(&self.trajectory);
        if rows.clone().any(|row| row.len() < 6) {
            return Err("a row of the trajectory is too short".to_owned());
        }
        if c.termination.values().any(|d| d.then.is_none() || d.by_creation_order.contains(&None)) {
            return Err("a pod never terminates".to_owned());
        }
        let rolling = c.strategy.rolling_update.as_ref();
        let bounds = rolling.map(|r| [int_or_percent(&r.max_surge), int_or_percent(&r.max_unavailable)]);
        if bounds.is_some_and(|b| b.contains(&None)) || (c.strategy.r#type == "Recreate") != rolling.is_none() {
            return Err("a strategy that is none".to_owned());
        }
        Ok(())
    }

    /// What the controllers are told.
    pub fn spec(&self, wall_clock_fraction: f64, release: Release) -> Spec {
        let strategy = self.config.strategy.rolling_update.as_ref().map_or(Strategy::Recreate, |rolling| {
            Strategy::RollingUpdate {
                max_surge: int_or_percent(&rolling.max_surge).unwrap_or(IntOrPercent::Int(0)),
                max_unavailable: int_or_percent(&rolling.max_unavailable).unwrap_or(IntOrPercent::Int(0)),
            }
        });
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
    pub fn initial(&self) -> impl Iterator<Item = InitialPod> + '_ {
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
    pub fn runs(&self) -> Vec<Run> {
        let revisions = self.config.startup.len();
        let main = Run {
            name: "main".into(),
            release: release(&self.config.controllers),
            wall_clock_fraction: self.t0_wallclock_fraction,
            jitter_p90: self.jitter_s.p90,
            complete_at: self.complete_at,
            sizes: sizes(&self.rs_spec_replicas, revisions),
            levels: levels(&self.trajectory, revisions),
            conditions: self.conditions.iter().filter(|c| c.0 >= 0.0).cloned().collect(),
        };
        let repeats = self.repeats.iter().map(|r| Run {
            name: r.controllers.clone(),
            release: release(&r.controllers),
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
    pub fn is_plain(&self) -> bool {
        self.config.actions.len() == 1 && self.config.actions[0].is_template() && !self.is_throttled()
    }

    /// Whether the controllers' requests are throttled as by default.
    pub fn is_throttled(&self) -> bool {
        self.config.qps < 1000.0
    }

    /// Within what time pods that turn Ready are as good as simultaneous (s): of a throttled fleet one does every 50 ms, and
    /// one request more or less before a count is taken makes a difference of some of them.
    pub fn simultaneous(&self) -> f64 {
        if self.is_throttled() { 0.3 } else { 0.0 }
    }

    /// Start-up delays that lie one after another at least, in a rollout within bounds.
    pub fn waves(&self) -> u32 {
        let posts = resolve(&self.spec(0.0, Release::V1_28).strategy, self.config.replicas);
        self.config.replicas.div_ceil((posts.surge + posts.unavailable).max(1)).max(1)
    }
}

/// The revision of a template; of one that is not known, which no case that was read has, the first.
pub fn revision(name: &str) -> Revision {
    let index = REVISIONS.iter().position(|&r| r == name);
    Revision(index.unwrap_or(0) as u16)
}

/// The name of a template.
pub fn revision_name(revision: Revision) -> &'static str {
    REVISIONS[usize::from(revision.0)]
}

/// A moment (s) after t=0.
pub fn time(secs: f64) -> SimTime {
    SimTime::from_nanos((secs * 1e9).round() as i64)
}

fn int_or_percent(value: &serde_json::Value) -> Option<IntOrPercent> {
    match value {
        serde_json::Value::String(s) => s.trim_end_matches('%').parse().ok().map(IntOrPercent::Percent),
        number => Some(IntOrPercent::Int(number.as_u64()? as u32)),
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
