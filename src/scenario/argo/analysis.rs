//! Argo's analyses: what is measured of the new version before a `Rollout` goes on, in the words of an `AnalysisTemplate`.

use super::Delay;
use super::condition::Condition;
use super::query::Query;
use crate::engine::Dur;
use crate::scenario::read::{At, Fields, Read};
use crate::scenario::schema::{Json, Shape};
use crate::scenario::tree::Node;

/// One analysis: it passes when all of its metrics do, and fails with the first that does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutAnalysis {
    /// What it measures.
    pub metrics: Vec<AnalysisMetric>,
}

/// What is measured, how often, and what of it is good enough.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysisMetric {
    /// What it is called.
    pub name: String,
    /// From the start of the analysis to the first measurement.
    pub initial_delay: Dur,
    /// Between measurements; without it there is one.
    pub interval: Option<Dur>,
    /// How many measurements; without it and with an interval, as many as there is time for.
    pub count: Option<u32>,
    /// So many may fail.
    pub failure_limit: u32,
    /// So many may be inconclusive.
    pub inconclusive_limit: u32,
    /// So many in a row may find no data.
    pub consecutive_error_limit: u32,
    /// What a measurement is of; `None` = of something that is not simulated, and always good enough.
    pub figure: Option<Figure>,
    /// By how much the number is larger than the figure (a share, seconds).
    pub scale: f64,
    /// Over how long a measurement goes.
    pub window: Dur,
    /// When a measurement is good.
    pub success: Option<Condition>,
    /// When it is bad.
    pub failure: Option<Condition>,
}

/// A figure of the requests that pods of the new version were the last to have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// The share that was answered.
    SuccessRate,
    /// The share that was dropped.
    ErrorRate,
    /// The mean latency (s).
    MeanLatency,
    /// This quantile of the latencies (s).
    Latency(f64),
}

/// Over how long a measurement goes that says nothing of that and is made once: a usual range of a query.
const WINDOW: Dur = Dur::from_secs(60);

impl Read for Figure {
    fn read(at: &At<'_>) -> Option<Self> {
        let text = at.word("a figure such as errorRate or p99")?;
        let quantile = |text: &str| {
            let digits = text.strip_prefix('p').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))?;
            format!("0.{digits}").parse().ok().map(Self::Latency)
        };
        let figure = match text {
            "successRate" => Some(Self::SuccessRate),
            "errorRate" => Some(Self::ErrorRate),
            "mean" => Some(Self::MeanLatency),
            other => quantile(other),
        };
        if figure.is_none() {
            let diag = at.error("unknown-value", format!("`{text}` is no figure of a forecast"));
            at.report(diag.label("expected `successRate`, `errorRate`, `mean` or a quantile such as `p99`"));
        }
        figure
    }

    fn shape() -> Shape {
        let pattern = Json::map([("type", Json::text("string")), ("pattern", Json::text("^p[0-9]+$"))]);
        Shape::words(&["successRate", "errorRate", "mean"]).or(Shape::new(pattern, ["p99", "p50"]))
    }
}

impl RolloutAnalysis {
    /// Reads an analysis; `once` for one that has to come to an end. Without metrics – a manifest whose templates are not
    /// in the same file – it passes at once, and a note says so.
    pub(super) fn read(f: &mut Fields<'_>, once: bool) -> Self {
        let list = f.at("metrics");
        list.takes_list(1);
        f.ignore(&["templates", "args", "dryRun", "measurementRetention", "analysisRunMetadata"]);
        let Some(node) = list.node else {
            if f.at.node.is_some_and(|n| !n.is_null()) {
                let diag = f.at.warning("ignored-field", "the templates of this analysis are not in this file");
                let diag = diag.label("taken as passed at once");
                f.at.report(diag.help("put the AnalysisTemplate beside the Rollout, or its `metrics` here"));
            }
            return Self::default();
        };
        if node.items().is_empty() {
            list.wrong_type("a list of metrics");
        }
        let metrics = (0..node.items().len()).map(|n| AnalysisMetric::read(list.item(n), once)).collect();
        Self { metrics }
    }

    /// How long it takes where all goes well, and where it comes to an end by itself.
    pub fn least(&self) -> Dur {
        let last = |m: &AnalysisMetric| {
            let more = u64::from(m.count.unwrap_or(1).saturating_sub(1));
            m.initial_delay + m.interval.map_or(Dur::ZERO, |i| Dur::from_nanos(i.nanos().saturating_mul(more)))
        };
        self.metrics.iter().map(last).max().unwrap_or(Dur::ZERO)
    }

    /// The same where there is nothing to measure: it takes its time, and passes.
    pub(super) fn blind(mut self) -> Self {
        self.metrics.iter_mut().for_each(|m| m.figure = None);
        self
    }
}

impl AnalysisMetric {
    fn read(at: At<'_>, once: bool) -> Self {
        let mut f = at.fields();
        let interval = f.opt("interval").map(|Delay(interval)| interval).filter(|i| !i.is_zero());
        let count = f.opt("count");
        let name = f.or("name", "metric".to_owned());
        let query = query(&mut f);
        let given = f.opt("measures");
        let figure = given.or_else(|| query.map(|q| q.figure));
        let (success, failure) = (f.at("successCondition"), f.at("failureCondition"));
        let mut unread = false;
        let mut condition = |at: &At<'_>| {
            at.takes_nothing();
            at.takes_a::<String>();
            let text: String = at.node.filter(|n| !n.is_null()).and_then(|_| at.value())?;
            let condition = Condition::parse(&text);
            unread |= condition.is_none();
            condition
        };
        let (success, failure) = (condition(&success), condition(&failure));
        if figure.is_none() || unread {
            let what = if unread { "this metric's condition" } else { "what this metric measures" };
            let diag = f.at.warning("ignored-field", format!("{what} is not simulated"));
            let diag = diag.label("it takes its time, and always passes");
            f.at.report(diag.help("`measures: errorRate`, `successRate`, `mean` or `p99` beside it would be, with conditions such as `result < 0.05`"));
        }
        if once && count.is_none() && interval.is_some() {
            let diag =
                f.at.error("missing-field", "this analysis never comes to an end").label("how many measurements?");
            f.at.report(diag.help("Argo refuses it, too: add `count: 5`, or leave `interval` out"));
        }
        let metric = Self {
            name,
            initial_delay: f.opt("initialDelay").map_or(Dur::ZERO, |Delay(delay)| delay),
            interval,
            count,
            failure_limit: f.or("failureLimit", 0),
            inconclusive_limit: f.or("inconclusiveLimit", 0),
            consecutive_error_limit: f.or("consecutiveErrorLimit", 4),
            figure: figure.filter(|_| !unread),
            scale: if given.is_some() { 1.0 } else { query.map_or(1.0, |q| q.scale) },
            window: f.opt("window").or(query.and_then(|q| q.window)).or(interval).unwrap_or(WINDOW).max(GRAIN),
            success,
            failure,
        };
        f.ignore(&["consecutiveSuccessLimit"]);
        f.end();
        metric
    }
}

/// Measurements go over whole seconds.
const GRAIN: Dur = Dur::from_secs(1);

/// What a query to Prometheus asks for, where that is who is asked.
fn query(f: &mut Fields<'_>) -> Option<Query> {
    let provider = f.at("provider");
    provider.takes("anything", Shape::anything);
    let text = provider.node?.at("prometheus.query").and_then(Node::text)?;
    Query::parse(text)
}
