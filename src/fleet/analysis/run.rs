//! One analysis under way: measurement by measurement, and what they come to (`analysis/analysis.go` of Argo Rollouts).

use crate::engine::{Dur, SimTime};
use crate::scenario::{AnalysisMetric, Condition, Figure, NoData};

/// After a measurement that found no data.
const ERROR_RETRY: Dur = Dur::from_secs(10);

/// What an analysis has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// There are measurements to be made.
    Running,
    /// All metrics have been measured as often as they were to be.
    Passed,
    /// One has failed too often, or found no data too often in a row.
    Failed,
    /// One was neither good nor bad too often.
    Inconclusive,
}

/// What a measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Good,
    Bad,
    Unclear,
    NoData,
}

/// A metric, and how it goes.
#[derive(Clone, Debug)]
struct Measured {
    metric: AnalysisMetric,
    /// When it is measured next; `None` = never again.
    due: Option<SimTime>,
    /// Measurements that found data.
    count: u32,
    failed: u32,
    inconclusive: u32,
    errors_in_row: u32,
}

/// An analysis under way.
#[derive(Clone, Debug)]
pub(super) struct Run {
    metrics: Vec<Measured>,
    status: Status,
}

impl Run {
    /// Begins `now`.
    pub(super) fn new(metrics: &[AnalysisMetric], now: SimTime) -> Self {
        let begin = |metric: &AnalysisMetric| Measured {
            due: Some(now + metric.initial_delay),
            metric: metric.clone(),
            count: 0,
            failed: 0,
            inconclusive: 0,
            errors_in_row: 0,
        };
        let metrics: Vec<Measured> = metrics.iter().map(begin).collect();
        let status = if metrics.is_empty() { Status::Passed } else { Status::Running };
        Self { metrics, status }
    }

    pub(super) const fn status(&self) -> Status {
        self.status
    }

    /// When the next measurement is due.
    pub(super) fn due(&self) -> Option<SimTime> {
        self.metrics.iter().filter_map(|m| m.due).min().filter(|_| self.status == Status::Running)
    }

    /// Makes every measurement that is due, of the figure that `measure` finds within a span.
    pub(super) fn measure(&mut self, now: SimTime, measure: impl Fn(Figure, Dur) -> Option<f64>) {
        for metric in self.metrics.iter_mut().filter(|m| m.due.is_some_and(|due| due <= now)) {
            let AnalysisMetric { figure, window, scale, .. } = metric.metric;
            let grade = match figure {
                Some(figure) => grade(&metric.metric, measure(figure, window).map(|value| value * scale)),
                None => Grade::Good,
            };
            metric.take(grade, now);
        }
        if self.status == Status::Running {
            let status = |wanted| self.metrics.iter().any(|m| m.status() == wanted);
            let bad = [Status::Failed, Status::Inconclusive, Status::Running].into_iter().find(|s| status(*s));
            self.status = bad.unwrap_or(Status::Passed);
        }
    }
}

impl Measured {
    fn take(&mut self, grade: Grade, now: SimTime) {
        self.errors_in_row = if grade == Grade::NoData { self.errors_in_row + 1 } else { 0 };
        self.count += u32::from(grade != Grade::NoData);
        self.failed += u32::from(grade == Grade::Bad);
        self.inconclusive += u32::from(grade == Grade::Unclear);
        let wait = if grade == Grade::NoData { Some(ERROR_RETRY) } else { self.metric.interval };
        self.due = wait.map(|wait| now + wait).filter(|_| self.status() == Status::Running);
    }

    fn status(&self) -> Status {
        let AnalysisMetric { failure_limit, inconclusive_limit, consecutive_error_limit, .. } = self.metric;
        if self.failed > failure_limit || self.errors_in_row > consecutive_error_limit {
            return Status::Failed;
        }
        if self.inconclusive > inconclusive_limit {
            return Status::Inconclusive;
        }
        // Without an interval there is one measurement, with one and no count as many as there is time for.
        let wanted = self.metric.count.or(self.metric.interval.is_none().then_some(1));
        if wanted.is_some_and(|wanted| self.count >= wanted) { Status::Passed } else { Status::Running }
    }
}

/// Bad where it is bad, whatever else; without a condition everything is good.
fn grade(metric: &AnalysisMetric, value: Option<f64>) -> Grade {
    let holds = |condition: Option<&Condition>| condition.map(|c| c.holds(value)).transpose();
    let (failure, success) = match (holds(metric.failure.as_ref()), holds(metric.success.as_ref())) {
        (Err(NoData), _) | (_, Err(NoData)) => return Grade::NoData,
        (Ok(failure), Ok(success)) => (failure, success),
    };
    match (failure, success) {
        (Some(true), _) | (None, Some(false)) => Grade::Bad,
        (_, Some(true)) | (Some(false) | None, None) => Grade::Good,
        (Some(false), Some(false)) => Grade::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(success: &str, failure: &str) -> AnalysisMetric {
        AnalysisMetric {
            name: "errors".to_owned(),
            initial_delay: Dur::from_secs(5),
            interval: Some(Dur::from_secs(20)),
            count: Some(3),
            failure_limit: 1,
            inconclusive_limit: 0,
            consecutive_error_limit: 2,
            figure: Some(Figure::ErrorRate),
            scale: 1.0,
            window: Dur::from_secs(20),
            success: Condition::parse(success),
            failure: Condition::parse(failure),
        }
    }

    /// When it was measured, and what it came to, with these values one after the other.
    fn course(metric: AnalysisMetric, values: &[Option<f64>]) -> (Vec<f64>, Status) {
        let mut run = Run::new(&[metric], SimTime::ZERO);
        let mut times = Vec::new();
        for value in values {
            let Some(due) = run.due() else { break };
            times.push(due.secs());
            run.measure(due, |_, _| *value);
        }
        (times, run.status())
    }

    #[test]
    fn as_many_measurements_as_are_wanted() {
        let good = [Some(0.01); 9];
        assert_eq!(course(metric("result < 0.05", ""), &good), (vec![5.0, 25.0, 45.0], Status::Passed));
        let once = AnalysisMetric { interval: None, count: None, ..metric("result < 0.05", "") };
        assert_eq!(course(once, &good), (vec![5.0], Status::Passed));
        let endless = AnalysisMetric { count: None, ..metric("result < 0.05", "") };
        let (times, status) = course(endless, &good);
        assert_eq!((times.len(), status), (9, Status::Running));
    }

    #[test]
    fn one_failure_more_than_the_limit_fails() {
        let values = [Some(0.1), Some(0.01), Some(0.1), Some(0.1)];
        assert_eq!(course(metric("result < 0.05", ""), &values), (vec![5.0, 25.0, 45.0], Status::Failed));
        assert_eq!(course(metric("result < 0.05", ""), &[values[0], values[1], values[1]]).1, Status::Passed);
        let failure = metric("", "result >= 0.05");
        assert_eq!(course(failure, &[Some(0.1), Some(0.1)]).1, Status::Failed);
    }

    #[test]
    fn between_good_and_bad_nothing_is_concluded() {
        let both = metric("result < 0.01", "result > 0.05");
        assert_eq!(course(both.clone(), &[Some(0.03)]), (vec![5.0], Status::Inconclusive));
        let patient = AnalysisMetric { inconclusive_limit: 3, ..both };
        assert_eq!(course(patient, &[Some(0.03); 3]).1, Status::Passed);
    }

    #[test]
    fn without_data_it_is_measured_again_soon_and_not_for_ever() {
        let of = |values: &[Option<f64>]| course(metric("result < 0.05", ""), values);
        assert_eq!(of(&[None, None, None, Some(0.0)]), (vec![5.0, 15.0, 25.0], Status::Failed));
        let (times, status) = of(&[None, None, Some(0.0), Some(0.0), Some(0.0)]);
        assert_eq!((times, status), (vec![5.0, 15.0, 25.0, 45.0, 65.0], Status::Passed), "none of them counts");
    }

    #[test]
    fn the_worst_metric_decides_at_once() {
        let (slow, quick) =
            (metric("result < 0.05", ""), AnalysisMetric { failure_limit: 0, ..metric("result < 0", "") });
        let mut run = Run::new(&[slow, quick], SimTime::ZERO);
        let due = run.due().expect("it runs");
        run.measure(due, |_, _| Some(0.01));
        assert_eq!((run.status(), run.due()), (Status::Failed, None));
    }
}
