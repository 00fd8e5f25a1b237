//! What a deploy is held to, one objective at a time: each simulated deploy meets it or does not.

use crate::engine::Dur;
use crate::metrics::summary::Summary;
use crate::scenario::Objectives;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Dropped,
    Excess,
    Availability,
    P99,
    PeakReconnects,
    MinHeadroom,
    Duration,
}

/// One limit of a scenario's `objectives`.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    quantity: Quantity,
    limit: f64,
    /// The limit as a scenario has it: `99.99%`, `250ms`.
    written: String,
}

impl Objective {
    /// The objectives that a scenario names, in the interface's order; where it names none, `excess: 0`: the deploy may
    /// not drop more than the same time without one.
    pub fn all(objectives: Option<&Objectives>) -> Vec<Self> {
        let mut all = Vec::new();
        if let Some(o) = objectives {
            let mut add = |quantity, limit: Option<f64>, written: Option<String>| {
                all.extend(limit.zip(written).map(|(limit, written)| Self { quantity, limit, written }));
            };
            let number = |x: Option<f64>| x.map(|x| x.to_string());
            add(Quantity::Dropped, o.dropped, number(o.dropped));
            add(Quantity::Excess, o.excess, number(o.excess));
            add(Quantity::Availability, o.availability, o.availability.map(percent));
            add(Quantity::P99, o.p99.map(Dur::secs), o.p99.map(|d| d.to_string()));
            add(Quantity::PeakReconnects, o.peak_reconnects, o.peak_reconnects.map(|r| format!("{r}/s")));
            add(Quantity::MinHeadroom, o.min_headroom, number(o.min_headroom));
            add(Quantity::Duration, o.duration.map(Dur::secs), o.duration.map(|d| d.to_string()));
        }
        if all.is_empty() {
            all.push(Self { quantity: Quantity::Excess, limit: 0.0, written: "0".to_owned() });
        }
        all
    }

    /// Its name in the scenario.
    pub const fn name(&self) -> &'static str {
        match self.quantity {
            Quantity::Dropped => "dropped",
            Quantity::Excess => "excess",
            Quantity::Availability => "availability",
            Quantity::P99 => "p99",
            Quantity::PeakReconnects => "peakReconnects",
            Quantity::MinHeadroom => "minHeadroom",
            Quantity::Duration => "duration",
        }
    }

    /// The limit as the scenario has it.
    pub fn limit(&self) -> &str {
        &self.written
    }

    /// Whether the limit is the least that is wanted, rather than the most that is allowed.
    pub const fn is_least(&self) -> bool {
        matches!(self.quantity, Quantity::Availability | Quantity::MinHeadroom)
    }

    /// The figure that it limits; `None` where nothing of the kind was measured. Reconnects are those that reach the pods.
    pub fn value(&self, summary: &Summary) -> Option<f64> {
        let steady = summary.rollout.complete.is_none();
        let figure = match self.quantity {
            Quantity::Dropped => summary.dropped,
            Quantity::Excess => summary.excess,
            Quantity::Availability => summary.availability,
            Quantity::P99 if steady => summary.latency.before.p99,
            Quantity::P99 => summary.latency.during.p99,
            Quantity::PeakReconnects => summary.connections.to_pods().peak_reconnects_per_second,
            Quantity::MinHeadroom => summary.capacity.min_headroom,
            Quantity::Duration => summary.rollout.duration_seconds,
        };
        figure.map(|f| f.mean)
    }

    /// How far one deploy is from the limit, in parts of it (of 1 where that is more, and of 0); 0 where it is met.
    pub fn missed_by(&self, summary: &Summary) -> f64 {
        if self.is_met(summary) {
            return 0.0;
        }
        if self.quantity == Quantity::P99 && nothing_succeeds(summary) {
            return 1.0;
        }
        let Some(value) = self.value(summary) else { return 1.0 };
        // What is missing to the whole, where that is what counts.
        let of = if self.quantity == Quantity::Availability { 1.0 - self.limit } else { self.limit.abs() };
        let least = match self.quantity {
            Quantity::Dropped | Quantity::Excess | Quantity::PeakReconnects => 1.0,
            Quantity::Availability | Quantity::P99 | Quantity::MinHeadroom | Quantity::Duration => 1e-6,
        };
        (value - self.limit).abs() / of.max(least)
    }

    /// Whether one deploy, of which this is the summary, meets the limit. A rollout that never completes takes longer than
    /// any limit, and so does an answer that never comes, to anybody; of what was not there to be measured (no request, no deploy) no limit
    /// is exceeded.
    pub fn is_met(&self, summary: &Summary) -> bool {
        match self.value(summary) {
            _ if self.quantity == Quantity::P99 && nothing_succeeds(summary) => false,
            Some(value) if self.is_least() => value >= self.limit,
            Some(value) => value <= self.limit,
            None => self.quantity != Quantity::Duration || summary.rollout.complete != Some(false),
        }
    }
}

/// Whether there is a phase of the deploy in which requests were sent and none of them succeeded, those apart that the end of the simulation
/// cuts off.
fn nothing_succeeds(summary: &Summary) -> bool {
    let unfinished = summary.unfinished.map_or(0.0, |f| f.mean);
    let phases = match summary.rollout.complete {
        None => [&summary.before].to_vec(),
        Some(_) => vec![&summary.during, &summary.after],
    };
    phases.into_iter().any(|phase| {
        let [requests, dropped] = [phase.requests, phase.dropped].map(|f| f.map_or(0.0, |f| f.mean));
        dropped > 0.0 && dropped + unfinished >= requests
    })
}

/// A share as a scenario writes it: `99.99%`.
fn percent(share: f64) -> String {
    // What was read as 99.99 comes back as that, not as the nearest double of 100 times a hundredth.
    let text = format!("{:.10}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;
    use crate::scenario::Draft;

    fn objectives(text: &str) -> Vec<Objective> {
        let text = format!("clients: [{{name: web, rate: 5/s}}]\nobjectives: {text}\n");
        let loaded = Draft::open_str("x.yaml", &text, &[]).and_then(|d| d.read()).expect("a scenario");
        Objective::all(loaded.objectives.as_ref())
    }

    #[test]
    fn limits_are_told_as_they_are_written() {
        let all = objectives(
            "{dropped: 3, excess: 0.5, availability: 99.99%, p99: 250ms, peakReconnects: 200/s, minHeadroom: 1.2, duration: 15m}",
        );
        let told: Vec<(&str, &str)> = all.iter().map(|o| (o.name(), o.limit())).collect();
        let expected = [
            ("dropped", "3"),
            ("excess", "0.5"),
            ("availability", "99.99%"),
            ("p99", "250ms"),
            ("peakReconnects", "200/s"),
            ("minHeadroom", "1.2"),
            ("duration", "15m"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn without_any_the_deploy_may_add_nothing() {
        let excess = |o: &[Objective]| (o.len(), o[0].name(), o[0].limit().to_owned());
        assert_eq!(excess(&Objective::all(None)), (1, "excess", "0".to_owned()));
        assert_eq!(excess(&objectives("{share: 90%}")), (1, "excess", "0".to_owned()));
    }

    #[test]
    fn an_answer_that_never_comes_is_slower_than_any_limit() {
        let p99 = &objectives("{p99: 1h}")[0];
        let failing = |phase: usize, n: fn(u64) -> u64| {
            let mut r = sample::clean(0);
            let requests = r.phases[phase].requests;
            sample::drop_requests(&mut r.phases[phase], n(requests), 0, 8);
            Summary::alone(&sample::meta(), &r)
        };
        for phase in [1, 2] {
            let nothing = failing(phase, |all| all);
            assert!(!p99.is_met(&nothing) && p99.missed_by(&nothing) > 0.0, "phase {phase}");
            assert!(p99.is_met(&failing(phase, |all| all - 1)), "one was answered in phase {phase}");
        }
        let mut idle = sample::clean(0);
        idle.phases[1..].fill_with(|| sample::phase(0.0, 40_000));
        assert!(p99.is_met(&Summary::alone(&sample::meta(), &idle)), "no request, no answer");
    }

    #[test]
    fn a_rollout_that_never_ends_takes_longer_than_any_limit() {
        let duration = &objectives("{duration: 1000h}")[0];
        let summary = |r| Summary::alone(&sample::meta(), &r);
        assert!(duration.is_met(&summary(sample::clean(0))));
        assert!(!duration.is_met(&summary(sample::stuck(0))));
        assert!(duration.is_met(&summary(sample::steady(0))), "with no deploy there is none to be too long");
    }
}
