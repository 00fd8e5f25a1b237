//! The summary as one flat row: the columns of every CSV.

use super::figures::{Figure, Figures};
use super::results::Meta;
use super::summary::{ConnectionFigures, LatencyFigures, Looks, PhaseFigures, Summary};

impl Summary {
    /// The names of all columns, in order; the same for every summary.
    pub fn column_names() -> Vec<String> {
        Self::of(&Meta::default(), &[], Looks::Once).columns().into_iter().map(|c| c.0).collect()
    }

    /// Every figure under its column's name, in the summary's order.
    ///
    /// A column is the figure's last name, with `_before`, `_during` or `_after` where it is a phase's. Two names stand
    /// twice in a summary and are told apart in the same way: `502_answers` beside the outcome `502`, and
    /// `opened_upstream` beside the clients' `opened`.
    pub fn columns(&self) -> Vec<(String, Figure)> {
        let mut row = Row::default();
        row.add("requests", self.requests);
        row.add("succeeded", self.succeeded);
        row.add("dropped", self.dropped);
        row.add("excess", self.excess);
        row.add("unfinished", self.unfinished);
        row.add("availability", self.availability);
        row.phase("before", &self.before);
        row.phase("during", &self.during);
        row.phase("after", &self.after);
        row.named(&self.outcomes, None);
        row.named(&self.causes, None);
        row.add("retried", self.retried);
        row.named(&self.answers, Some("answers"));
        row.connections(None, &self.connections.clients);
        row.connections(Some("upstream"), &self.connections.upstream);
        row.add("minReady", self.capacity.min_ready);
        row.add("minReadyFraction", self.capacity.min_ready_fraction);
        row.add("minHeadroom", self.capacity.min_headroom);
        row.add("secondsBelowDemand", self.capacity.seconds_below_demand);
        row.latency("before", &self.latency.before);
        row.latency("during", &self.latency.during);
        row.latency("after", &self.latency.after);
        row.add("durationSeconds", self.rollout.duration_seconds);
        row.add("surgePodSeconds", self.rollout.surge_pod_seconds);
        row.add("peakPods", self.rollout.peak_pods);
        row.part("attemptsPerRequest", Some("before"), self.recovery.attempts_per_request.before);
        row.part("attemptsPerRequest", Some("during"), self.recovery.attempts_per_request.during);
        row.part("attemptsPerRequest", Some("after"), self.recovery.attempts_per_request.after);
        row.add("recoverySeconds", self.recovery.recovery_seconds);
        row.0
    }
}

#[derive(Default)]
struct Row(Vec<(String, Figure)>);

impl Row {
    fn add(&mut self, name: &str, figure: Figure) {
        self.0.push((name.to_owned(), figure));
    }

    fn part(&mut self, name: &str, part: Option<&str>, figure: Figure) {
        self.0.push((part.map_or_else(|| name.to_owned(), |p| format!("{name}_{p}")), figure));
    }

    fn named(&mut self, figures: &Figures, part: Option<&str>) {
        for (name, figure) in figures.iter() {
            self.part(name, part, figure);
        }
    }

    fn phase(&mut self, phase: &str, figures: &PhaseFigures) {
        self.part("requests", Some(phase), figures.requests);
        self.part("dropped", Some(phase), figures.dropped);
        self.named(&figures.outcomes, Some(phase));
        self.part("seconds", Some(phase), figures.seconds);
    }

    fn connections(&mut self, side: Option<&str>, c: &ConnectionFigures) {
        self.part("opened", side, c.opened);
        self.part("reconnects", side, c.reconnects);
        self.part("peakReconnectsPerSecond", side, c.peak_reconnects_per_second);
        self.part("baselineReconnectsPerSecond", side, c.baseline_reconnects_per_second);
        self.part("spikeRatio", side, c.spike_ratio);
        self.part("failed", side, c.failed);
    }

    fn latency(&mut self, phase: &str, l: &LatencyFigures) {
        self.part("mean", Some(phase), l.mean);
        self.part("p50", Some(phase), l.p50);
        self.part("p90", Some(phase), l.p90);
        self.part("p99", Some(phase), l.p99);
        self.part("p999", Some(phase), l.p999);
        self.part("max", Some(phase), l.max);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::Summary;
    use crate::metrics::sample;

    /// Figures of a JSON summary, counted by their shape.
    fn figures(value: &Value) -> usize {
        match value {
            Value::Object(o) if o.contains_key("ci95") => 1,
            Value::Object(o) => o.values().map(figures).sum(),
            _ => 0,
        }
    }

    #[test]
    fn every_figure_of_the_json_has_one_column_of_its_own() {
        let results = sample::results(10);
        let columns = results.summary.columns();
        let json = serde_json::to_value(&results.summary).expect("it serialises");
        assert!(columns.iter().all(|(_, f)| f.is_some()), "the sample measures everything");
        assert_eq!(columns.len(), figures(&json));
        let names: BTreeSet<&String> = columns.iter().map(|(n, _)| n).collect();
        assert_eq!(names.len(), columns.len(), "a name stands twice");
        assert!(columns.iter().map(|c| &c.0).eq(&Summary::column_names()));
    }
}
