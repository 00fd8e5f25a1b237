//! The strategies of Argo Rollouts, in the words of its `Rollout`.

mod analysis;
mod condition;
mod query;

pub use analysis::{AnalysisMetric, Figure, RolloutAnalysis};
pub use condition::{Comparison, Condition, NoData, Term};

use super::read::{At, Fields, Read};
use super::schema::{Json, Shape, Written};
use super::tree::Value;
use super::units::number;
use super::workload::{IntOrPercent, stuck};
use crate::engine::Dur;

/// `strategy.canary`: a share of pods at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// One after the other; none is a plain rolling update.
    pub steps: Vec<CanaryStep>,
    /// Pods allowed above `replicas`; a percentage rounds up.
    pub max_surge: IntOrPercent,
    /// Pods allowed to be unavailable; a percentage rounds down.
    pub max_unavailable: IntOrPercent,
    /// Whether a router splits the traffic, so that the stable pods need not make room for the canary.
    pub traffic_routing: bool,
    /// With a router: whether the stable pods shrink as the canary grows all the same.
    pub dynamic_stable_scale: bool,
    /// With a router: how long the old pods stay after the promotion.
    pub scale_down_delay: Dur,
    /// With a router: how long the canary's pods stay when it is called off.
    pub abort_scale_down_delay: Dur,
    /// How long a pause without a duration lasts until somebody promotes.
    pub promote_after: Dur,
    /// What is measured while the steps go on, and from which of them, from 0.
    pub background: Option<(RolloutAnalysis, u32)>,
    /// What [`CanaryStep::Analysis`] measures, by its number.
    pub analyses: Vec<RolloutAnalysis>,
}

/// A step of a canary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CanaryStep {
    /// So many per cent of the traffic, and without a router of the pods, are the new version's.
    SetWeight(u32),
    /// Waits so long; `None` is until somebody promotes.
    Pause(Option<Dur>),
    /// With a router: how many canary pods there are, whatever the weight.
    SetCanaryScale(CanaryScale),
    /// Goes on when this one of [`Canary::analyses`] has passed.
    Analysis(u32),
}

/// How many canary pods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CanaryScale {
    /// So many.
    Replicas(u32),
    /// So many per cent of `replicas`.
    Weight(u32),
    /// As many as the weight asks for.
    MatchTrafficWeight,
}

/// `strategy.blueGreen`: all new pods beside the old ones, then a Service switches.
#[derive(Clone, Debug, PartialEq)]
pub struct BlueGreen {
    /// Whether the switch comes by itself; otherwise when somebody promotes.
    pub auto_promotion: bool,
    /// With it: how long after the new pods are available, and their analysis has passed; `None` is at once.
    pub auto_promotion_after: Option<Dur>,
    /// How many new pods there are before the promotion; `None` is all.
    pub preview_replicas: Option<u32>,
    /// How long the old pods stay after the switch.
    pub scale_down_delay: Dur,
    /// How long it takes until somebody promotes.
    pub promote_after: Dur,
    /// What has to pass before the switch.
    pub pre_promotion: Option<RolloutAnalysis>,
    /// What has to pass after it, before the old pods go.
    pub post_promotion: Option<RolloutAnalysis>,
}

/// Argo's defaults.
const QUARTER: IntOrPercent = IntOrPercent::Percent(25.0);
const SCALE_DOWN_DELAY: u64 = 30;
/// For somebody to look at the new version and promote it.
const PROMOTE_AFTER: Dur = Dur::from_secs(60);

/// Either strategy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rollout {
    Canary(Canary),
    BlueGreen(BlueGreen),
}

impl Rollout {
    /// Reads `strategy` of a `Rollout`, and `promoteAfter` beside it, which is ours.
    pub(super) fn read(f: &mut Fields<'_>) -> Self {
        let promote_after = f.at("promoteAfter");
        let given = promote_after.node.is_some();
        let waits = f.or("promoteAfter", PROMOTE_AFTER);
        let mut strategy = f.at("strategy").fields();
        let (canary, blue_green) = (strategy.at("canary"), strategy.at("blueGreen"));
        strategy.exclude("canary", "blueGreen");
        let blue = blue_green.node.is_some();
        let rollout = if blue {
            Self::BlueGreen(BlueGreen::read(blue_green, waits))
        } else {
            Self::Canary(Canary::read(canary, waits))
        };
        strategy.end();
        let by_hand = match &rollout {
            Self::Canary(canary) => canary.steps.contains(&CanaryStep::Pause(None)),
            Self::BlueGreen(blue) => !blue.auto_promotion,
        };
        if by_hand && !given {
            let text = format!("workload.promoteAfter {waits} (somebody looks, then promotes)");
            promote_after.cx.assume(text);
        }
        rollout
    }
}

/// A duration in Argo's words: a number of seconds, or `10m`.
struct Delay(Dur);

impl Read for Delay {
    fn read(at: &At<'_>) -> Option<Self> {
        let whole = |n: &f64| *n == libm::floor(*n) && (0.0..=f64::from(u32::MAX)).contains(n);
        let plain = at.node.and_then(super::tree::Node::text).and_then(number).filter(whole);
        plain.map(Dur::from_secs_f64).or_else(|| Dur::read(at)).map(Self)
    }

    fn shape() -> Shape {
        let digits = Json::map([("type", Json::text("string")), ("pattern", Json::text("^[0-9]+$"))]);
        u32::shape().or(Shape::new(digits, ["'17'"])).or(Dur::shape())
    }
}

impl Written for Delay {
    fn written(&self) -> Json {
        self.0.written()
    }
}

impl Canary {
    fn read(at: At<'_>, promote_after: Dur) -> Self {
        let mut f = at.fields();
        f.ignore(&["canaryService", "stableService", "canaryMetadata", "stableMetadata", "antiAffinity"]);
        f.ignore(&["minPodsPerReplicaSet", "scaleDownDelayRevisionLimit", "pingPong"]);
        let routing = f.at("trafficRouting");
        routing.takes("anything", Shape::anything);
        let traffic_routing = routing.node.is_some_and(|n| !n.is_null());
        let abort_delay = f.at("abortScaleDownDelaySeconds");
        let (steps, analyses) = read_steps(&f.at("steps"));
        let max_surge: IntOrPercent = f.or("maxSurge", QUARTER);
        let max_unavailable: IntOrPercent = f.or("maxUnavailable", QUARTER);
        // As they are written, not as they round, and with a router as well (`ValidateRolloutStrategyCanary`).
        if max_surge.is_zero() && max_unavailable.is_zero() {
            f.at.cx.report(stuck(&f.at));
        }
        let canary = Self {
            steps,
            analyses,
            background: background(&f.at("analysis")),
            max_surge,
            max_unavailable,
            traffic_routing,
            dynamic_stable_scale: f.or("dynamicStableScale", false),
            scale_down_delay: f.or("scaleDownDelaySeconds", Delay(Dur::from_secs(SCALE_DOWN_DELAY))).0,
            abort_scale_down_delay: f.or("abortScaleDownDelaySeconds", Delay(Dur::from_secs(SCALE_DOWN_DELAY))).0,
            promote_after,
        };
        if canary.abort_scale_down_delay.is_zero() && abort_delay.node.is_some() {
            let text = "0 leaves the pods of a canary that is called off for ever; a forecast lets them go";
            abort_delay.report(abort_delay.warning("ignored-field", text).label("taken as at once"));
        }
        f.end();
        canary
    }
}

impl BlueGreen {
    fn read(at: At<'_>, promote_after: Dur) -> Self {
        let mut f = at.fields();
        f.ignore(&["activeService", "previewService", "activeMetadata", "previewMetadata", "antiAffinity"]);
        f.ignore(&["scaleDownDelayRevisionLimit", "abortScaleDownDelaySeconds", "maxUnavailable"]);
        let pre = f.at("prePromotionAnalysis");
        let pre_promotion = bounded(&pre);
        let post_promotion = bounded(&f.at("postPromotionAnalysis"));
        let measures = |a: &RolloutAnalysis| a.metrics.iter().any(|m| m.figure.is_some());
        if pre_promotion.as_ref().is_some_and(measures) {
            let diag = pre.warning("ignored-field", "no client sends anything to the preview");
            let diag = diag.label("it takes its time, and always passes");
            pre.report(diag.help("what the new version does to requests is found out by `postPromotionAnalysis`"));
        }
        let auto_promotion = f.or("autoPromotionEnabled", true);
        let after = f.at("autoPromotionSeconds");
        let auto_promotion_after = f.opt("autoPromotionSeconds").map(|Delay(after)| after).filter(|d| !d.is_zero());
        if !auto_promotion && auto_promotion_after.is_some() {
            let text = "`autoPromotionSeconds` has no effect with `autoPromotionEnabled: false`";
            let diag = after.warning("ignored-field", text).label("Argo waits until somebody promotes");
            after.report(
                diag.help("leave `autoPromotionEnabled` out for a switch that comes by itself after that time"),
            );
        }
        let blue_green = Self {
            auto_promotion,
            auto_promotion_after,
            preview_replicas: f.opt("previewReplicaCount"),
            scale_down_delay: f.or("scaleDownDelaySeconds", Delay(Dur::from_secs(SCALE_DOWN_DELAY))).0,
            promote_after,
            pre_promotion: pre_promotion.map(RolloutAnalysis::blind),
            post_promotion,
        };
        f.end();
        blue_green
    }
}

/// The steps, and the analyses that they name.
fn read_steps(at: &At<'_>) -> (Vec<CanaryStep>, Vec<RolloutAnalysis>) {
    at.takes_list(0);
    let Some(node) = at.node else { return (Vec::new(), Vec::new()) };
    if !matches!(node.value, Value::Seq(_)) {
        at.wrong_type("a list");
    }
    let mut analyses = Vec::new();
    let steps = (0..node.items().len()).filter_map(|n| CanaryStep::read(&at.item(n), &mut analyses)).collect();
    (steps, analyses)
}

/// An analysis beside the steps; it ends with them, if not before.
fn background(at: &At<'_>) -> Option<(RolloutAnalysis, u32)> {
    at.node.filter(|n| !n.is_null())?;
    let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
    let from = f.or("startingStep", 0);
    let analysis = RolloutAnalysis::read(&mut f, false);
    f.end();
    Some((analysis, from))
}

/// An analysis that something waits for.
fn bounded(at: &At<'_>) -> Option<RolloutAnalysis> {
    at.node.filter(|n| !n.is_null())?;
    let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
    let analysis = RolloutAnalysis::read(&mut f, true);
    f.end();
    Some(analysis)
}

/// Steps that take no time of their own here.
const INSTANT: [&str; 4] = ["experiment", "setHeaderRoute", "setMirrorRoute", "plugin"];

impl CanaryStep {
    /// Reads a step; what it is to measure goes to `analyses`.
    fn read(at: &At<'_>, analyses: &mut Vec<RolloutAnalysis>) -> Option<Self> {
        let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
        f.require_any();
        let weight = f.opt_within("setWeight", 0..=100).map(Self::SetWeight);
        let pause = f.at("pause");
        let pause = pause.node.map(|_| {
            let mut fields = pause.fields();
            let duration = fields.opt("duration").map(|Delay(duration)| duration);
            fields.end();
            Self::Pause(duration)
        });
        let scale = f.at("setCanaryScale");
        let scale = scale.node.and_then(|_| CanaryScale::read(&scale)).map(Self::SetCanaryScale);
        let analysis = f.at("analysis");
        let analysis = bounded(&analysis).map(|analysis| {
            analyses.push(analysis);
            Self::Analysis(analyses.len() as u32 - 1)
        });
        f.ignore(&INSTANT);
        let instant = INSTANT.into_iter().find_map(|name| Some((name, f.key(name)?)));
        if let Some((name, span)) = instant {
            let text = format!("a step `{name}` is not simulated in this version");
            let diag = super::diag::Diag::warning("ignored-field", text).at(span, "taken as passed at once");
            at.report(diag.path(at.path.clone()));
        }
        f.end();
        let none = instant.map(|_| Self::Pause(Some(Dur::ZERO)));
        let step = weight.or(pause).or(scale).or(analysis).or(none);
        if step.is_none() && at.node.is_some_and(|n| n.entries().is_empty()) {
            at.report(at.error("missing-field", "this step does nothing").label("expected `setWeight` or `pause`"));
        }
        step
    }
}

impl CanaryScale {
    fn read(at: &At<'_>) -> Option<Self> {
        let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
        let matches: bool = f.or("matchTrafficWeight", false);
        let replicas = f.opt("replicas").map(Self::Replicas);
        let weight = f.opt_within("weight", 0..=100).map(Self::Weight);
        f.end();
        if matches { Some(Self::MatchTrafficWeight) } else { replicas.or(weight) }
    }
}
