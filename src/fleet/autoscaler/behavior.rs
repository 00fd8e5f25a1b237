//! How much of what the metrics ask for is done: stabilisation windows and rate limits (`behavior`).

use crate::engine::SimTime;
use crate::scenario::{Autoscaler, ScalingPolicy, ScalingRules, SelectPolicy};

/// What was proposed and done lately.
#[derive(Clone, Debug)]
pub(super) struct Behavior {
    /// What the metrics asked for, and when.
    proposals: Vec<(SimTime, u32)>,
    /// Pods added, and when.
    added: Vec<(SimTime, u32)>,
    /// Pods taken away, and when.
    removed: Vec<(SimTime, u32)>,
}

impl Behavior {
    /// Nothing done yet: the number of pods at `now` is the first proposal, as when the controller first sees an autoscaler.
    pub(super) fn new(now: SimTime, replicas: u32) -> Self {
        Self { proposals: vec![(now, replicas)], added: Vec::new(), removed: Vec::new() }
    }

    /// How many of `proposed` pods there may be now, from `current`.
    pub(super) fn limit(&mut self, config: &Autoscaler, now: SimTime, current: u32, proposed: u32) -> u32 {
        let stable = self.stabilize(config, now, current, proposed);
        self.rate(config, now, current, stable)
    }

    /// The number of pods changes.
    pub(super) fn scaled(&mut self, now: SimTime, from: u32, to: u32) {
        let events = if to > from { &mut self.added } else { &mut self.removed };
        events.push((now, to.abs_diff(from)));
    }

    /// The proposal nearest to `current` of those within either window.
    fn stabilize(&mut self, config: &Autoscaler, now: SimTime, current: u32, proposed: u32) -> u32 {
        self.proposals.push((now, proposed));
        let longest = config.up.window.max(config.down.window);
        self.proposals.retain(|&(at, _)| at + longest >= now);
        let within = |rules: &ScalingRules| {
            let window = rules.window;
            self.proposals.iter().filter(move |(at, _)| *at == now || *at + window > now).map(|&(_, n)| n)
        };
        let up = within(&config.up).min().unwrap_or(proposed);
        let down = within(&config.down).max().unwrap_or(proposed);
        current.max(up).min(down.max(up))
    }

    fn rate(&mut self, config: &Autoscaler, now: SimTime, current: u32, wanted: u32) -> u32 {
        if config.without_behavior {
            // `calculateScaleUpLimit`: twice as many at each look, or four; down there is none.
            let most = current.saturating_mul(2).max(4).min(config.max_replicas);
            return wanted.clamp(config.min_replicas.min(most), most);
        }
        let longest = |rules: &ScalingRules| rules.policies.iter().map(|p| p.period).max().unwrap_or_default();
        let kept = longest(&config.up).max(longest(&config.down));
        for events in [&mut self.added, &mut self.removed] {
            events.retain(|&(at, _)| at + kept >= now);
        }
        if wanted > current {
            let most = self.most(&config.up, now, current).max(current);
            wanted.min(most.min(config.max_replicas))
        } else {
            let least = self.least(&config.down, now, current).min(current);
            wanted.max(least.max(config.min_replicas))
        }
    }

    /// Pods there were a period ago.
    fn before(&self, policy: &ScalingPolicy, now: SimTime, current: u32) -> f64 {
        let lately = |events: &[(SimTime, u32)]| -> f64 {
            events.iter().filter(|(at, _)| *at + policy.period > now).map(|&(_, n)| f64::from(n)).sum()
        };
        f64::from(current) - lately(&self.added) + lately(&self.removed)
    }

    fn most(&self, rules: &ScalingRules, now: SimTime, current: u32) -> u32 {
        let limits = rules.policies.iter().map(|policy| {
            let (before, value) = (self.before(policy, now, current), f64::from(policy.value));
            if policy.percent { libm::ceil(before * (1.0 + value / 100.0)) } else { before + value }
        });
        match rules.select {
            SelectPolicy::Disabled => current,
            SelectPolicy::Max => limits.fold(0.0, f64::max) as u32,
            SelectPolicy::Min => limits.fold(f64::INFINITY, f64::min) as u32,
        }
    }

    fn least(&self, rules: &ScalingRules, now: SimTime, current: u32) -> u32 {
        let limits = rules.policies.iter().map(|policy| {
            let (before, value) = (self.before(policy, now, current), f64::from(policy.value));
            if policy.percent { libm::trunc(before * (1.0 - value / 100.0)) } else { before - value }
        });
        match rules.select {
            SelectPolicy::Disabled => current,
            SelectPolicy::Max => limits.fold(f64::INFINITY, f64::min).max(0.0) as u32,
            SelectPolicy::Min => limits.fold(0.0, f64::max) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Dur;

    fn config(behavior: &str) -> Autoscaler {
        autoscaler(&format!(", behavior: {{{behavior}}}"))
    }

    fn autoscaler(settings: &str) -> Autoscaler {
        let text =
            format!("clients: [{{rate: 1/s}}]\nworkload: {{horizontalPodAutoscaler: {{maxReplicas: 1000{settings}}}}}");
        let loaded = crate::scenario::load_str("test.yaml", &text, &[]).unwrap_or_else(|d| panic!("{}", d[0]));
        loaded.scenario.workload.autoscaler.expect("it has one")
    }

    /// The sizes that come of one proposal every 15 s, from `start`.
    fn sizes(config: &Autoscaler, start: u32, proposals: &[u32]) -> Vec<u32> {
        let mut behavior = Behavior::new(SimTime::ZERO, start);
        let mut current = start;
        let mut sizes = Vec::new();
        for (n, &proposed) in (1..).zip(proposals) {
            let now = SimTime::ZERO + Dur::from_secs(15 * n);
            let next = behavior.limit(config, now, current, proposed);
            if next != current {
                behavior.scaled(now, current, next);
            }
            current = next;
            sizes.push(current);
        }
        sizes
    }

    #[test]
    fn by_default_it_doubles_or_adds_four_each_quarter_of_a_minute() {
        assert_eq!(sizes(&config(""), 1, &[100, 100, 100, 100, 100]), [5, 10, 20, 40, 80]);
    }

    /// The numbers of `calculateScaleUpLimit`: 2.0 times, 4.0 at the least.
    #[test]
    fn without_a_behavior_it_doubles_at_each_look_to_four_at_least() {
        assert_eq!(sizes(&autoscaler(""), 1, &[100, 100, 100, 100, 100]), [4, 8, 16, 32, 64]);
        assert_eq!(sizes(&autoscaler(", behavior: null"), 3, &[5, 100]), [5, 10]);
        let down = sizes(&autoscaler(", minReplicas: 2"), 10, &[1; 22]);
        let first = down.iter().position(|&n| n < 10).expect("it shrinks in the end");
        assert_eq!((15 * (first + 1), down[first]), (300, 2));
    }

    #[test]
    fn by_default_it_shrinks_at_once_but_only_after_five_minutes() {
        let down = [2; 22];
        let sizes = sizes(&config(""), 10, &down);
        let first = sizes.iter().position(|&n| n < 10).expect("it shrinks in the end");
        assert_eq!((15 * (first + 1), sizes[first]), (300, 2));
    }

    #[test]
    fn the_documentations_examples() {
        // At most four pods more a minute.
        let slow = config("scaleUp: {policies: [{type: Pods, value: 4, periodSeconds: 60}]}");
        assert_eq!(sizes(&slow, 1, &[20; 5]), [5, 5, 5, 5, 9]);
        // selectPolicy: Disabled on the way down.
        let never = config("scaleDown: {selectPolicy: Disabled}");
        assert_eq!(sizes(&never, 10, &[1; 30]).last(), Some(&10));
    }

    #[test]
    fn a_window_on_the_way_up_waits_for_the_lowest_proposal() {
        let window = config("scaleUp: {stabilizationWindowSeconds: 60}");
        assert_eq!(sizes(&window, 4, &[8, 8, 8, 8, 8]), [4, 4, 4, 8, 8]);
    }
}
