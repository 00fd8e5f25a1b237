//! More requests under way than memory can hold: noticed, named, and the end of the run.
//!
//! What is asked beyond what is answered piles up: in queues, for connections that nobody accepts, in waits for a retry. A scenario
//! may be wrong about that by orders of magnitude, and whoever plays it would learn so from the system's killer of processes. It is
//! looked at where levels are sampled, every 100 ms, so that a request costs nothing more; between two looks come 10 million at the
//! most (`scenario/size.rs`).

use super::world::{Cal, Observer, World};

/// So many requests may be under way at once in one replication: some 5 GB, with their connections and what is to come of them. No unit
/// test is to wait for as many.
const MOST: u64 = if cfg!(test) { 20_000 } else { 10_000_000 };

impl<O: Observer> World<O> {
    /// Ends the run where more requests are under way than are to be kept in memory.
    pub(super) fn look_at_the_crowd(&mut self, cal: &Cal) {
        // Whoever is in a tier behind another one is in that one, too.
        if self.in_system <= MOST || self.has_tier_before() {
            return;
        }
        let mut of = vec![0_usize; self.populations.len()];
        for population in self.requests.iter().map(|request| request.population).chain(self.calm_populations()) {
            of[usize::from(population)] += 1;
        }
        let most = (0..of.len()).max_by_key(|&p| of[p]).unwrap_or(0);
        let path = format!("clients.{}", self.populations[most].config.name);
        self.standstill.give_up(format!(
            "at {} more than {MOST} requests are under way at once, most of them of `{path}`, and memory would not hold what comes: \
             they come faster than they are answered; a lower rate, a shorter `{path}.timeout`, or more that serve \
             (`workload.replicas`, `pod.concurrency`) would keep them fewer",
            cal.now()
        ));
        self.ended = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact::Fact;
    use super::super::{End, Observer, simulate};
    use crate::engine::SimTime;
    use crate::scenario::Scenario;

    struct Deaf;

    impl Observer for Deaf {
        fn observe(&mut self, _: SimTime, _: Fact) {}
    }

    fn end(rate: u32, tiers: &str) -> End {
        let text = format!(
            "
workload: {{replicas: 2}}
pod: {{concurrency: 10, queue: 1000000, serviceTime: 100ms}}
clients: [{{name: few, rate: 1/s}}, {{name: many, rate: {rate}/s, timeout: 60s}}]
deploy: none
observe: {{warmup: 1s, for: 4s}}
{tiers}
"
        );
        let scenario = Scenario::from_yaml(&text).unwrap_or_else(|d| panic!("{}", d[0]));
        simulate(&scenario, 1, 0, Deaf).1
    }

    #[test]
    fn what_piles_up_beyond_memory_ends_the_run_and_is_named() {
        // 20,000 a second come, 200 are served.
        for tiers in ["", "loadBalancer: [{name: edge, layer: 7}, {name: inner, layer: 7}]"] {
            let End { at, stood_still } = end(20_000, tiers);
            let said = stood_still.expect("they are too many");
            assert!(said.contains("more than 20000 requests") && said.contains("of `clients.many`"), "{said}");
            assert!((0.0..0.3).contains(&at.secs()), "a second after the start, which is at -1 s: {at}");
        }
    }

    #[test]
    fn what_piles_up_within_memory_goes_on_to_the_end() {
        assert_eq!(end(3_000, "").stood_still, None);
    }
}
