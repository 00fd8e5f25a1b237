//! The change, and what else is done to the workload meanwhile.

use super::analysis::Analysis;
use super::diag::Diag;
use super::duration;
use super::read::{At, Fields, Read, choose};
use super::schema::Json;
use super::tree::Value;
use super::workload::MAX_REPLICAS;
use crate::engine::Dur;

/// The change.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// When the template changes [since the start of the simulation].
    pub at: Dur,
    /// What else happens.
    pub events: Vec<DeployEvent>,
    /// The controller that carries it out.
    pub controller: Controller,
    /// Which pods it deletes first.
    pub deletion: Deletion,
    /// What is rolled at `at`.
    pub rolls: Rolls,
    /// What may call the new version off.
    pub analysis: Option<Analysis>,
}

/// What is rolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rolls {
    /// The pods get a new template.
    Pods,
    /// The balancer's processes (of all tiers) are reloaded; the pods stay.
    LoadBalancer,
    /// This tier, counted from the outermost, 0. Its proxies are replaced as its own `workload` says; the outermost's, which has no
    /// tier before it, are reloaded.
    Tier(usize),
}

/// Which of a set's pods are deleted first, where neither readiness nor crowding decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// As a ReplicaSet does: by power of two of their age, then at random.
    Ranked,
    /// In order of creation, as a script that walks a list does.
    OldestFirst,
}

/// The controllers' own pace.
#[derive(Clone, Copy, Debug)]
pub struct Controller {
    /// API requests a second, for each controller; 0 = no limit.
    pub qps: f64,
    /// API requests that may be made at once after a quiet time.
    pub burst: u32,
    /// From a change to the decision that follows from it.
    pub reaction: Dur,
    /// Whose availability rule.
    pub release: Release,
}

/// Which Kubernetes' controllers: they differ in when `minReadySeconds` is looked at again, in who is deleted first, and in
/// what the client's rate limit holds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// As recorded of 1.20: as 1.28, but the newest pod is deleted first, and the rate limit holds up no status update.
    V1_20,
    /// As recorded of 1.28: timers a second late, checks dropped.
    V1_28,
    /// Checked at the exact moment.
    V1_34,
}

/// Something done to the workload during the simulation.
#[derive(Clone, Debug)]
pub struct DeployEvent {
    /// After `deploy.at` (s, may be negative).
    pub at_secs: f64,
    /// What.
    pub action: DeployAction,
}

/// What is done to the workload.
#[derive(Clone, Debug, PartialEq)]
pub enum DeployAction {
    /// `spec.replicas` changes.
    Scale(u32),
    /// The template changes to this revision.
    Template(String),
    /// `spec.paused` becomes true.
    Pause,
    /// `spec.paused` becomes false.
    Resume,
    /// The template goes back to the one before.
    Undo,
    /// Somebody lets a canary or a preview go on.
    Promote,
    /// Somebody calls the new version off: back to the one that was last rolled out.
    Abort,
    /// These pods, by order of creation from 0, turn not Ready.
    Unready(Vec<u32>),
    /// These pods turn Ready again.
    Ready(Vec<u32>),
    /// Every proxy is reloaded, or those of one tier, counted from the outermost, 0.
    Reload(Option<usize>),
    /// This node, from 0, dies with all that is on it.
    NodeFailure(u32),
    /// All nodes of this zone do.
    ZoneFailure(String),
    /// `kubectl drain`: this node takes no more pods, and those on it are evicted.
    Drain(u32),
    /// This node takes pods again.
    Uncordon(u32),
}

impl Deploy {
    /// Reads `deploy`: by default the template changes at 60 s; `none` is no deploy. `tiers` are the names of the balancers in
    /// series, the outermost first, where there are several.
    pub(super) fn read(at: At<'_>, tiers: &[String]) -> Option<Self> {
        if at.is_word("none") {
            return None;
        }
        let mut f = at.fields();
        let events = f.at("events");
        let deploy = Self {
            at: f.or("at", Dur::from_secs(60)),
            events: DeployEvent::read_all(&events, tiers),
            controller: Controller::read(f.at("controller")),
            rolls: Rolls::read(&f.at("rolls"), tiers),
            deletion: f.choice(
                "deletion",
                Deletion::Ranked,
                &[("ranked", Deletion::Ranked), ("oldestFirst", Deletion::OldestFirst)],
            ),
            analysis: Analysis::read(f.at("analysis")),
        };
        f.end();
        Some(deploy)
    }
}

impl Controller {
    /// Defaults: kube-controller-manager's client limits (20 requests/s, burst 30), a reaction of 20 ms and the
    /// availability rule of 1.28, both as recorded.
    fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let controller = Self {
            qps: f.within("qps", 20.0, 0.0..=1e6),
            burst: f.within("burst", 30, 1..=1_000_000),
            reaction: f.or("reaction", Dur::from_millis(20)),
            release: f.choice(
                "release",
                Release::V1_28,
                &[("1.20", Release::V1_20), ("1.28", Release::V1_28), ("1.34", Release::V1_34)],
            ),
        };
        f.end();
        controller
    }
}

/// What an event may do, exactly one of which it must name.
const ACTIONS: [&str; 14] = [
    "scale",
    "template",
    "pause",
    "resume",
    "undo",
    "promote",
    "abort",
    "unready",
    "ready",
    "reload",
    "nodeFailure",
    "zoneFailure",
    "drain",
    "uncordon",
];

impl Rolls {
    fn read(at: &At<'_>, tiers: &[String]) -> Self {
        // The names of tiers are for nobody to list.
        at.takes_words(&["pods", "loadBalancer"]);
        at.takes_a::<String>();
        at.is_by_default(|| Json::text("pods"));
        if at.node.is_none() {
            return Self::Pods;
        }
        let words = [("pods", Self::Pods), ("loadBalancer", Self::LoadBalancer)];
        let tiers = tiers.iter().enumerate().map(|(n, name)| (name.as_str(), Self::Tier(n)));
        choose(at, &words.into_iter().chain(tiers).collect::<Vec<_>>()).unwrap_or(Self::Pods)
    }
}

impl DeployEvent {
    fn read_all(at: &At<'_>, tiers: &[String]) -> Vec<Self> {
        at.takes_list(0);
        match at.node.map(|n| &n.value) {
            None => Vec::new(),
            Some(Value::Seq(items)) => (0..items.len()).filter_map(|n| Self::read(&at.item(n), tiers)).collect(),
            Some(_) => {
                at.wrong_type("a list");
                Vec::new()
            }
        }
    }

    fn read(at: &At<'_>, tiers: &[String]) -> Option<Self> {
        let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
        let when = f.at("at");
        f.require("at");
        when.takes("signed", duration::signed_shape);
        if when.node.is_none() {
            when.report(at.error("missing-field", "an event needs a time").label("when?").help("add `at: 5s`"));
        }
        let at_secs = when.node.and_then(|_| signed(&when));
        let action = DeployAction::read(&mut f, tiers);
        f.end();
        Some(Self { at_secs: at_secs?, action: action? })
    }
}

/// A time after `deploy.at`, before it where negative.
fn signed(at: &At<'_>) -> Option<f64> {
    match at.node.and_then(super::tree::Node::text).and_then(duration::seconds) {
        Some(secs) if secs.abs() <= 1e9 => Some(secs),
        _ => Dur::read(at).map(Dur::secs),
    }
}

impl DeployAction {
    fn read(f: &mut Fields<'_>, tiers: &[String]) -> Option<Self> {
        f.require_one_of(&ACTIONS.each_ref().map(std::slice::from_ref));
        let given: Vec<&str> = ACTIONS.into_iter().filter(|a| f.key(a).is_some()).collect();
        let mut read: Vec<Option<Self>> = vec![
            f.opt_within("scale", 0..=MAX_REPLICAS).map(Self::Scale),
            f.opt("template").map(Self::Template),
            f.opt("unready").map(Self::Unready),
            f.opt("ready").map(Self::Ready),
            f.opt("nodeFailure").map(Self::NodeFailure),
            f.opt("zoneFailure").map(Self::ZoneFailure),
            f.opt("drain").map(Self::Drain),
            f.opt("uncordon").map(Self::Uncordon),
            Self::read_reload(&f.at("reload"), tiers),
        ];
        let flags = [
            ("pause", Self::Pause),
            ("resume", Self::Resume),
            ("undo", Self::Undo),
            ("promote", Self::Promote),
            ("abort", Self::Abort),
        ];
        for (name, action) in flags {
            let at = f.at(name);
            read.push(choose(&at, &[("true", action)]));
        }
        match given[..] {
            [_] => read.into_iter().flatten().next(),
            [first, second, ..] => {
                if let (Some(a), Some(b)) = (f.key(first), f.key(second)) {
                    super::report_both(&f.at, (first, a), (second, b));
                }
                None
            }
            [] => {
                if let Some(span) = f.at.span() {
                    let diag = Diag::error("missing-field", "this event does nothing").at(span, "does what?");
                    f.at.cx.report(diag.path(f.at.path.clone()).help(format!("add one of {}", ACTIONS.join(", "))));
                }
                None
            }
        }
    }

    /// `true` for all proxies, or the name of a tier.
    fn read_reload(at: &At<'_>, tiers: &[String]) -> Option<Self> {
        at.takes_words(&["true"]);
        at.takes_a::<String>();
        at.node?;
        let tiers = tiers.iter().enumerate().map(|(n, name)| (name.as_str(), Self::Reload(Some(n))));
        choose(at, &[("true", Self::Reload(None))].into_iter().chain(tiers).collect::<Vec<_>>())
    }
}
