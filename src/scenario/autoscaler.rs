//! A `HorizontalPodAutoscaler`, in the words of `autoscaling/v2`, and what kube-controller-manager sets for all of them.

use super::read::{At, Fields, Read, choose_or};
use super::schema::Shape;
use super::tree::{Node, Value};
use super::units::{Share, number};
use crate::engine::Dur;

use super::duration::Seconds;

/// Who changes `replicas` by what pods measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    /// Fewest pods.
    pub min_replicas: u32,
    /// Most pods.
    pub max_replicas: u32,
    /// What is looked at: the largest of their proposals counts.
    pub metrics: Vec<ScaleMetric>,
    /// How fast up.
    pub up: ScalingRules,
    /// How fast down.
    pub down: ScalingRules,
    /// Whether `behavior` is left out: then the controller goes by the limit that it had before there was one, whatever the
    /// documentation calls the default (`horizontal.go`, `normalizeDesiredReplicas`).
    pub without_behavior: bool,
    /// A ratio of measured to target that is no farther from 1 than this changes nothing.
    pub tolerance: f64,
    /// Between two looks.
    pub sync: Dur,
    /// Between two scrapes of the pods, and over what a measurement goes.
    pub scrape: Dur,
    /// For so long after its start a pod's CPU counts only while it is Ready.
    pub cpu_initialization: Dur,
    /// A pod that was Ready in no later time than this after its start has never been.
    pub initial_readiness: Dur,
    /// The CPU that a pod requests, as a share of what it uses with all workers busy.
    pub cpu_request: f64,
}

/// What pods are to have on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScaleMetric {
    /// CPU in use, as a share of what is requested.
    Cpu {
        /// The target, in whole per cent.
        utilization: u32,
    },
    /// Requests in the pod, queued or served.
    InFlight {
        /// The target.
        average: f64,
    },
}

/// How fast the number of pods may change in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingRules {
    /// The most cautious proposal of so long counts.
    pub window: Dur,
    /// Which of the policies counts.
    pub select: SelectPolicy,
    /// Limits of a change.
    pub policies: Vec<ScalingPolicy>,
}

/// Which of several policies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The one that allows the most.
    Max,
    /// The one that allows the least.
    Min,
    /// No change in this direction.
    Disabled,
}

/// So much in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// Whether `value` is in per cent of the pods there were at the beginning of the period.
    pub percent: bool,
    /// How many, or how many per cent.
    pub value: u32,
    /// In how long.
    pub period: Dur,
}

const PER_15_S: Dur = Dur::from_secs(15);

/// The `scaleUp` of a `behavior` that says nothing of it (Kubernetes' documentation, *default behaviour*).
fn default_up() -> ScalingRules {
    let doubling = ScalingPolicy { percent: true, value: 100, period: PER_15_S };
    let four = ScalingPolicy { percent: false, value: 4, period: PER_15_S };
    ScalingRules { window: Dur::ZERO, select: SelectPolicy::Max, policies: vec![four, doubling] }
}

/// The same of `scaleDown`.
fn default_down() -> ScalingRules {
    let all = ScalingPolicy { percent: true, value: 100, period: PER_15_S };
    ScalingRules { window: Dur::from_secs(300), select: SelectPolicy::Max, policies: vec![all] }
}

impl Autoscaler {
    /// Reads `workload.horizontalPodAutoscaler`; `none` is no autoscaler, as is one that goes by nothing that is simulated.
    /// Defaults are those of the API and of kube-controller-manager 1.28.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        at.takes_nothing();
        if at.is_word("none") {
            return None;
        }
        at.node.filter(|n| !n.is_null())?;
        let mut f = at.fields();
        let min_replicas = f.within("minReplicas", 1, 1..=100_000);
        let max_at = f.at("maxReplicas");
        f.require("maxReplicas");
        let max_replicas = f.within("maxReplicas", min_replicas, 1..=100_000);
        if max_at.node.is_none() {
            let diag = f.at.error("missing-field", "this autoscaler has no `maxReplicas`").label("how many at most?");
            f.at.report(diag.help("the API requires it: add `maxReplicas: 10`"));
        } else if max_replicas < min_replicas {
            max_at.out_of_range("`maxReplicas` is below `minReplicas`", &format!("{min_replicas} or more"));
        }
        let metrics = read_metrics(&mut f);
        let behavior = f.at("behavior");
        let without_behavior = behavior.node.is_none_or(super::tree::Node::is_null);
        let mut behavior = behavior.fields();
        let up = ScalingRules::read(behavior.at("scaleUp"), default_up());
        let down = ScalingRules::read(behavior.at("scaleDown"), default_down());
        behavior.end();
        let autoscaler = Self {
            min_replicas,
            max_replicas,
            metrics,
            up,
            down,
            without_behavior,
            tolerance: f.or("tolerance", Share(0.1)).0,
            sync: f.or("syncPeriod", PER_15_S).max(Dur::from_secs(1)),
            scrape: f.or("metricResolution", PER_15_S).max(Dur::from_secs(1)),
            cpu_initialization: f.or("cpuInitializationPeriod", Dur::from_secs(300)),
            initial_readiness: f.or("initialReadinessDelay", Dur::from_secs(30)),
            cpu_request: f.or("cpuRequest", Share(1.0)).0.max(0.001),
        };
        f.ignore(&["scaleTargetRef"]);
        let idle = autoscaler.metrics.is_empty();
        if idle && !f.at.cx.has_errors() {
            let diag = f.at.warning("ignored-field", "none of this autoscaler's metrics is simulated");
            f.at.report(diag.label("the fleet stays as it stands, as without it"));
        }
        f.end();
        (!idle).then_some(autoscaler)
    }
}

/// `metrics`, or the one field of `autoscaling/v1`; without either, CPU at 80 %. Empty where nothing of them is simulated.
fn read_metrics(f: &mut Fields<'_>) -> Vec<ScaleMetric> {
    let v1: u32 = f.within("targetCPUUtilizationPercentage", 80, 1..=10_000);
    let at = f.at("metrics");
    at.takes_list(0);
    at.takes_nothing();
    // An empty list is one that is left out (`SetDefaults_HorizontalPodAutoscaler`).
    let is_left_out = |n: &Node| n.is_null() || matches!(&n.value, Value::Seq(items) if items.is_empty());
    let Some(node) = at.node.filter(|n| !is_left_out(n)) else { return vec![ScaleMetric::Cpu { utilization: v1 }] };
    if !matches!(node.value, Value::Seq(_)) {
        at.wrong_type("a list of metrics");
    }
    (0..node.items().len()).filter_map(|n| read_metric(at.item(n))).collect()
}

fn read_metric(at: At<'_>) -> Option<ScaleMetric> {
    let mut f = at.fields();
    let words = [("Resource", 0), ("Pods", 1), ("ContainerResource", 2), ("Object", 3), ("External", 4)];
    let kind = f.variant("type", 0, &words);
    f.ignore(&["object", "external"]);
    let metric = match kind {
        0 => {
            f.ignore(&["pods", "containerResource"]);
            read_cpu(f.at("resource"), &[])
        }
        1 => {
            f.ignore(&["resource", "containerResource"]);
            read_in_flight(f.at("pods"))
        }
        // A pod is one container here.
        2 => {
            f.ignore(&["resource", "pods"]);
            read_cpu(f.at("containerResource"), &["container"])
        }
        _ => {
            f.ignore(&["resource", "pods", "containerResource"]);
            passed_over(&f.at);
            None
        }
    };
    f.end();
    metric
}

/// The share of the CPU, with fields `beside` it that change nothing.
fn read_cpu(at: At<'_>, beside: &[&'static str]) -> Option<ScaleMetric> {
    let mut f = at.fields();
    f.ignore(beside);
    let name: Option<String> = f.opt("name");
    let mut target = f.at("target").fields();
    target.ignore(&["type"]);
    let utilization = target.within("averageUtilization", 80, 1..=10_000);
    let absolute = target.at("averageValue");
    absolute.takes("anything", Shape::anything);
    let absolute = absolute.node.is_some();
    target.end();
    let passed = absolute || name.as_deref() != Some("cpu");
    if passed {
        passed_over(&f.at);
    }
    f.end();
    (!passed).then_some(ScaleMetric::Cpu { utilization })
}

fn read_in_flight(at: At<'_>) -> Option<ScaleMetric> {
    let mut f = at.fields();
    let mut metric = f.at("metric").fields();
    metric.ignore(&["selector"]);
    let known = metric.opt::<String>("name").as_deref() == Some("in_flight");
    metric.end();
    let mut target = f.at("target").fields();
    target.ignore(&["type"]);
    let average = target.opt::<Quantity>("averageValue");
    target.end();
    if !known {
        passed_over(&f.at);
    }
    f.end();
    average.filter(|_| known).map(|Quantity(average)| ScaleMetric::InFlight { average })
}

/// A metric that says nothing about what is simulated: the autoscaler goes by the others.
fn passed_over(at: &At<'_>) {
    let diag = at.warning("ignored-field", "this metric is not simulated").label("passed over");
    at.report(diag.help("CPU utilisation is, and requests in a pod, as a `Pods` metric called `in_flight`"));
}

impl ScalingRules {
    fn read(at: At<'_>, default: Self) -> Self {
        let mut f = at.fields();
        let window = f.or("stabilizationWindowSeconds", Seconds(default.window)).0;
        let words = [("Max", SelectPolicy::Max), ("Min", SelectPolicy::Min), ("Disabled", SelectPolicy::Disabled)];
        let select = f.choice("selectPolicy", default.select, &words);
        let list = f.at("policies");
        list.takes_list(0);
        list.takes_nothing();
        if list.node.is_some_and(|n| !matches!(n.value, Value::Seq(_) | Value::Null)) {
            list.wrong_type("a list of policies");
        }
        let policies = match list.node.filter(|n| !n.items().is_empty()) {
            Some(node) => (0..node.items().len()).map(|n| ScalingPolicy::read(list.item(n))).collect(),
            None => default.policies,
        };
        f.ignore(&["tolerance"]);
        f.end();
        Self { window, select, policies }
    }
}

impl ScalingPolicy {
    fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let kind = f.at("type");
        let percent = choose_or(&kind, true, &[("Percent", true), ("Pods", false)]);
        let value = f.within("value", 100, 1..=1_000_000);
        let period = f.or("periodSeconds", Seconds(PER_15_S)).0;
        f.end();
        Self { percent, value, period }
    }
}

/// A quantity as Kubernetes writes it: `8`, `1500m`, `2k`.
struct Quantity(f64);

impl Read for Quantity {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a quantity such as 8 or 500m")?;
        let (digits, unit) = match text.as_bytes().last() {
            Some(b'm') => (&text[..text.len() - 1], 1e-3),
            Some(b'k') => (&text[..text.len() - 1], 1e3),
            _ => (text, 1.0),
        };
        let found = number(digits).map(|n| n * unit).filter(|n| *n > 0.0);
        if found.is_none() {
            at.wrong_type("a quantity above 0, such as 8 or 500m");
        }
        found.map(Self)
    }

    fn shape() -> Shape {
        let pattern = r"^[0-9]+(\.[0-9]+)?[mk]?$";
        let text = Shape::form("quantity", "a quantity such as 8 or 500m", pattern, ["500m", "2k"]).above_zero();
        Shape::number().above_zero().or(text)
    }
}
