//! A share that one looks at after every deploy.

use super::super::beta::{ln_beta, ln_incomplete_beta};
use super::Decision;
use super::exact::first;

/// How much of the evidence for *holds* is staked on "every deploy meets it". With this much, 59 of 59 deploys still decide
/// 95 % with 95 % confidence, as at a fixed number: 0.97 / 0.95^59 = 20.003 (301 instead of 299 decide 99 %). The rest is
/// for all others.
const ALWAYS: f64 = 0.97;

/// A test of "at least such a share of deploys meets it" that may be looked at after every deploy, and stopped at any.
///
/// For each answer it keeps a likelihood ratio against the share itself, averaged over what the truth could be instead:
///
/// - *holds*: failures are c times as frequent as allowed, with 97 % on c = 0 and 3 % spread evenly over (0, 1);
/// - *broken*: successes are c times as frequent as asked for, spread evenly over (0, 1).
///
/// While the answer is wrong, its ratio is a supermartingale that starts from 1: it *ever* reaches 1 / (1 − confidence)
/// with probability 1 − confidence at most (Ville, 1939). So each answer is wrong at most so often, whenever one stops. The
/// price is paid where some deploys fail: with one failure it takes 222 deploys instead of 93, at 95 % and 95 %.
///
/// A share of 100 % is broken by the first failure and never holds; one of 0 % holds from the start. A confidence of 100 %
/// decides nothing else.
#[derive(Clone, Debug)]
pub struct ShareTest {
    share: f64,
    confidence: f64,
    met: u32,
    deploys: u32,
    decision: Decision,
}

impl ShareTest {
    /// A test that has seen no deploy, of `share` with `confidence`, both in 0..=1.
    pub fn new(share: f64, confidence: f64) -> Self {
        let decision = if share <= 0.0 { Decision::Holds } else { Decision::Undecided };
        Self { share, confidence, met: 0, deploys: 0, decision }
    }

    /// Takes one more deploy into account. What is decided stays decided, whatever comes; the counts go on.
    ///
    /// Costs microseconds, after a million deploys too.
    pub fn observe(&mut self, met: bool) -> Decision {
        self.deploys = self.deploys.saturating_add(1);
        self.met = self.met.saturating_add(u32::from(met));
        if self.decision == Decision::Undecided {
            self.decision = self.judge();
        }
        self.decision
    }

    /// What is decided so far.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// How many deploys met it.
    pub fn met(&self) -> u32 {
        self.met
    }

    /// How many deploys were seen.
    pub fn deploys(&self) -> u32 {
        self.deploys
    }

    /// The lower and the upper bound of the true share, each by itself right at *every* look with the test's confidence.
    ///
    /// The shares that the two tests have not ruled out at this look. A decision that was made earlier stays, even if
    /// the bounds have moved back since.
    pub fn bounds(&self) -> [f64; 2] {
        let limit = self.limit();
        let low = if self.met == 0 { 0.0 } else { first(|p| self.ln_holds(p) < limit) };
        let high = if self.met == self.deploys { 1.0 } else { first(|p| self.ln_broken(p) >= limit) };
        [low, high]
    }

    fn judge(&self) -> Decision {
        if self.share >= 1.0 {
            return if self.met < self.deploys { Decision::Broken } else { Decision::Undecided };
        }
        let limit = self.limit();
        if self.ln_broken(self.share) >= limit {
            Decision::Broken
        } else if self.ln_holds(self.share) >= limit {
            Decision::Holds
        } else {
            Decision::Undecided
        }
    }

    /// ln of 1 / (1 − confidence).
    fn limit(&self) -> f64 {
        -libm::log(1.0 - self.confidence)
    }

    /// The logarithm of the evidence that more than `share` meet it.
    fn ln_holds(&self, share: f64) -> f64 {
        let failed = self.deploys - self.met;
        let spread = libm::log(1.0 - ALWAYS) + ln_rarer(failed, self.met, 1.0 - share);
        if failed > 0 {
            return spread;
        }
        let always = libm::log(ALWAYS) - f64::from(self.met) * libm::log(share);
        // ln(exp a + exp b), from the larger.
        let (a, b) = (always.max(spread), always.min(spread));
        a + libm::log1p(libm::exp(b - a))
    }

    /// The logarithm of the evidence that fewer than `share` meet it.
    fn ln_broken(&self, share: f64) -> f64 {
        ln_rarer(self.met, self.deploys - self.met, share)
    }
}

/// ln ∫₀¹ c^rare · ((1 − c·rate) / (1 − rate))^other dc: how likely events are that are c times as frequent as `rate`,
/// against `rate`, for a rate in (0, 1).
///
/// By t = c·rate it is `rate^−(rare + 1) · (1 − rate)^−other · B(rare + 1, other + 1) · I_rate(rare + 1, other + 1)`.
fn ln_rarer(rare: u32, other: u32, rate: f64) -> f64 {
    let (a, b) = (f64::from(rare) + 1.0, f64::from(other) + 1.0);
    ln_beta(a, b) + ln_incomplete_beta(a, b, rate) - a * libm::log(rate) - f64::from(other) * libm::log1p(-rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::coverage::assert_printed;

    fn after(met: u32, failed: u32, share: f64, confidence: f64) -> ShareTest {
        ShareTest { met, deploys: met + failed, ..ShareTest::new(share, confidence) }
    }

    #[test]
    fn clean_deploys_decide_when_a_fixed_number_would_or_soon_after() {
        for (share, needed) in [(0.95, 59), (0.99, 301), (0.9, 29)] {
            let mut test = ShareTest::new(share, 0.95);
            let decided = (1..1_000).find(|_| test.observe(true) == Decision::Holds);
            assert_eq!((decided, test.met(), test.deploys()), (Some(needed), needed, needed), "{share}");
        }
        let mut test = ShareTest::new(0.95, 0.95);
        assert_eq!((1..100).find(|_| test.observe(false) == Decision::Broken), Some(2));
        let one_failure = (0..1_000).find(|&met| after(met, 1, 0.95, 0.95).judge() == Decision::Holds);
        assert_eq!(one_failure, Some(221), "the number in the text, without the failure");
    }

    #[test]
    fn the_closed_form_is_the_integral() {
        for (rare, other, rate) in [(0, 10, 0.05), (3, 50, 0.05), (40, 5, 0.95), (1, 1, 0.5)] {
            let step = 1e-4;
            let sum: f64 = (0..10_000)
                .map(|i| (f64::from(i) + 0.5) * step)
                .map(|c| {
                    libm::pow(c, f64::from(rare)) * libm::pow((1.0 - c * rate) / (1.0 - rate), f64::from(other)) * step
                })
                .sum();
            let closed = libm::exp(ln_rarer(rare, other, rate));
            assert!((closed / sum - 1.0).abs() < 1e-5, "{rare} {other} {rate}: {closed} {sum}");
        }
    }

    /// The exact probabilities of *holds* and of *broken* within 100, 300 and 1,000 deploys of which each is met with
    /// probability `truth`: not a simulation but every path.
    fn decided(share: f64, truth: f64) -> Vec<[f64; 2]> {
        let mut undecided = vec![1.0];
        let (mut ends, mut at) = ([0.0; 2], Vec::new());
        for n in 1..=1_000_u32 {
            let mut next = vec![0.0; undecided.len() + 1];
            for (failed, p) in undecided.iter().enumerate() {
                next[failed] += p * truth;
                next[failed + 1] += p * (1.0 - truth);
            }
            // What has become impossible to the twelfth digit is not worth a judgement.
            for (failed, p) in next.iter_mut().enumerate().filter(|(_, p)| **p > 1e-12) {
                let end = match after(n - failed as u32, failed as u32, share, 0.95).judge() {
                    Decision::Holds => 0,
                    Decision::Broken => 1,
                    Decision::Undecided => continue,
                };
                ends[end] += *p;
                *p = 0.0;
            }
            undecided = next;
            while undecided.last().is_some_and(|&p| p < 1e-12) {
                undecided.pop();
            }
            if [100, 300, 1_000].contains(&n) {
                at.push(ends);
            }
        }
        at
    }

    #[test]
    fn looking_after_every_deploy_is_wrong_once_in_twenty_at_most() {
        for share in [0.8, 0.95, 0.99] {
            let [holds, broken] = decided(share, share)[2];
            assert!(holds < 0.05 && broken < 0.05, "{share}: {holds} {broken}");
            assert!(holds > 0.03 && broken > 0.01, "and not by doing nothing: {share}: {holds} {broken}");
        }
    }

    #[test]
    fn what_is_clear_is_decided_soon() {
        let mut rows = Vec::new();
        for truth in [1.0, 0.995, 0.99, 0.97, 0.95, 0.93, 0.9, 0.8] {
            let at = decided(0.95, truth);
            if truth <= 0.95 {
                assert!(at[2][0] < 0.05, "{truth}: {at:?}");
            }
            if truth >= 0.95 {
                assert!(at[2][1] < 0.05, "{truth}: {at:?}");
            }
            let cells: Vec<String> =
                at.iter().map(|[holds, broken]| format!("{:.1} / {:.1}", 100.0 * holds, 100.0 * broken)).collect();
            rows.push(format!("| {:.1} % | {} |", 100.0 * truth, cells.join(" | ")));
        }
        assert_printed(&rows);
    }

    #[test]
    fn bounds_hold_what_the_test_has_not_ruled_out() {
        for (met, failed) in [(0, 3), (10, 0), (59, 0), (58, 1), (500, 40), (999_000, 1_000)] {
            let test = after(met, failed, 0.9, 0.95);
            let [low, high] = test.bounds();
            let [exact_low, exact_high] = super::super::bounds(met, met + failed, 0.95);
            assert!(low <= exact_low && exact_high <= high, "{met} {failed}: wider than at a fixed number");
            assert_eq!(low >= 0.9, test.judge() == Decision::Holds, "{met} {failed}: {low}");
            assert_eq!(high <= 0.9, test.judge() == Decision::Broken, "{met} {failed}: {high}");
            if low > 0.0 {
                assert!((test.ln_holds(low) - test.limit()).abs() < 1e-3);
            }
        }
        assert_eq!(ShareTest::new(0.95, 0.95).bounds(), [0.0, 1.0]);
    }

    #[test]
    fn what_is_decided_stays_and_the_ends_are_sensible() {
        let mut test = ShareTest::new(0.9, 0.95);
        (0..29).for_each(|_| _ = test.observe(true));
        assert_eq!(test.observe(false), Decision::Holds);
        (0..50).for_each(|_| _ = test.observe(false));
        assert_eq!((test.decision(), test.met(), test.deploys()), (Decision::Holds, 29, 80));

        let mut all = ShareTest::new(1.0, 0.95);
        assert!((0..1_000).all(|_| all.observe(true) == Decision::Undecided));
        assert_eq!(all.observe(false), Decision::Broken);
        assert_eq!(ShareTest::new(0.0, 0.95).decision(), Decision::Holds);
        let mut sure = ShareTest::new(0.5, 1.0);
        assert!((0..1_000).all(|i| sure.observe(i > 2) == Decision::Undecided));
        let mut odd = ShareTest::new(f64::NAN, 0.95);
        assert!((0..100).all(|_| odd.observe(false) == Decision::Undecided));
    }
}
