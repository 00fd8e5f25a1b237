//! A share after a number of deploys that was fixed beforehand, of which no more are seen than can matter.

use super::Decision;
use super::exact::{bounds, decide};

/// The test of a fixed number of deploys that is over as soon as nothing that is still to come could change its answer.
///
/// So its answer *is* that of [`decide`] after all of them, and wrong exactly as often: that it may be stopped early costs
/// nothing (a curtailed test; Eisenberg and Ghosh, 1980). Of 10 deploys the third failure breaks 95 % with 95 % confidence, since
/// 7 of 10 would; the eighth success leaves nothing to be told, since 8 of 10 would say nothing either. Where the number is
/// large the answer is late: 59 are seen to the last one before they hold. [`super::ShareTest`] has no such number.
#[derive(Clone, Debug)]
pub struct CurtailedTest {
    share: f64,
    confidence: f64,
    /// Deploys in all.
    of: u32,
    met: u32,
    failed: u32,
}

impl CurtailedTest {
    /// A test that has seen none of its `of` deploys; `share` and `confidence` are in 0..=1.
    pub const fn new(share: f64, confidence: f64, of: u32) -> Self {
        Self { share, confidence, of, met: 0, failed: 0 }
    }

    /// Takes one more deploy into account.
    pub const fn observe(&mut self, met: bool) {
        if met {
            self.met += 1;
        } else {
            self.failed += 1;
        }
    }

    /// The answers after all deploys if each that is still to come met it, and if none did. Every other end lies between.
    pub fn at_the_end(&self) -> [Decision; 2] {
        let of = self.all();
        [of - self.failed, self.met].map(|met| decide(met, of, self.share, self.confidence))
    }

    /// What is sure already, whatever is still to come.
    pub fn decision(&self) -> Decision {
        match self.at_the_end() {
            [Decision::Broken, _] => Decision::Broken,
            [_, Decision::Holds] => Decision::Holds,
            _ => Decision::Undecided,
        }
    }

    /// The lower and the upper bound of the true share, each by itself right with the test's confidence at least, whenever one
    /// stops: those of all deploys, the lower as if none that is still to come met it, the upper as if each did.
    pub fn bounds(&self) -> [f64; 2] {
        let of = self.all();
        let [low, _] = bounds(self.met, of, self.confidence);
        let [_, high] = bounds(of - self.failed, of, self.confidence);
        [low, high]
    }

    /// Deploys in all, of which there are never fewer than were seen.
    fn all(&self) -> u32 {
        self.of.max(self.met + self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::coverage::assert_printed;

    const CONFIDENCE: f64 = 0.95;

    fn after(met: u32, failed: u32, share: f64, of: u32) -> CurtailedTest {
        CurtailedTest { met, failed, ..CurtailedTest::new(share, CONFIDENCE, of) }
    }

    fn is_settled(test: &CurtailedTest) -> bool {
        let [best, worst] = test.at_the_end();
        best == worst
    }

    /// All histories of so many deploys, by the bits of a number.
    fn histories(of: u32) -> impl Iterator<Item = impl Iterator<Item = bool> + Clone> {
        (0..1_u32 << of).map(move |bits| (0..of).map(move |n| bits >> n & 1 == 1))
    }

    #[test]
    fn the_answer_is_that_of_all_deploys_and_comes_no_later_than_it_can() {
        for (share, of) in [(0.95, 10), (0.7, 12), (0.3, 11), (1.0, 6), (0.0, 6)] {
            for history in histories(of) {
                let met = history.clone().filter(|m| *m).count() as u32;
                let fixed = decide(met, of, share, CONFIDENCE);
                let mut test = CurtailedTest::new(share, CONFIDENCE, of);
                let mut before = test.at_the_end();
                for met in history {
                    if is_settled(&test) {
                        assert_eq!(test.decision(), fixed, "{share} {of}");
                    }
                    // What is decided stays so.
                    assert!(test.decision() == Decision::Undecided || test.decision() == fixed, "{share} {of}");
                    test.observe(met);
                    let now = test.at_the_end();
                    assert!(before[0] != before[1] || now == before, "{share} {of}: what was settled moved");
                    before = now;
                }
                assert!(is_settled(&test) && test.decision() == fixed, "{share} {of}");
            }
        }
    }

    #[test]
    fn ten_deploys_are_over_with_the_third_failure_or_the_eighth_success() {
        for (met, failed, says) in [
            (0, 3, Decision::Broken),
            (7, 3, Decision::Broken),
            (8, 0, Decision::Undecided),
            (8, 2, Decision::Undecided),
        ] {
            let test = after(met, failed, 0.95, 10);
            assert!(is_settled(&test) && test.decision() == says, "{met} {failed}");
        }
        for (met, failed) in [(0, 2), (7, 2), (7, 0)] {
            assert!(!is_settled(&after(met, failed, 0.95, 10)), "{met} {failed}");
        }
        assert!(!is_settled(&after(58, 0, 0.95, 59)));
        assert_eq!(after(59, 0, 0.95, 59).decision(), Decision::Holds);
    }

    /// Whenever one stops, each bound is wrong once in twenty at most: the share that it is wrong for, over all histories and
    /// the worst moment of each.
    #[test]
    fn bounds_are_right_at_every_look() {
        let of = 10;
        for truth in [0.05, 0.3, 0.5, 0.74, 0.9, 0.95, 0.99] {
            let mut wrong = [0.0; 2];
            for history in histories(of) {
                let met = history.clone().filter(|m| *m).count() as i32;
                let chance = libm::pow(truth, f64::from(met)) * libm::pow(1.0 - truth, f64::from(of as i32 - met));
                let mut test = CurtailedTest::new(0.95, CONFIDENCE, of);
                let mut ever = [false; 2];
                for met in history {
                    test.observe(met);
                    let [low, high] = test.bounds();
                    ever = [ever[0] || low > truth, ever[1] || high < truth];
                }
                for (wrong, _) in wrong.iter_mut().zip(ever).filter(|(_, ever)| *ever) {
                    *wrong += chance;
                }
            }
            assert!(wrong.iter().all(|&w| w <= 1.0 - CONFIDENCE), "{truth}: {wrong:?}");
        }
        assert_eq!(CurtailedTest::new(0.95, 0.95, 10).bounds(), [0.0, 1.0]);
    }

    /// The exact probabilities of *holds* and of *broken* where a share `truth` meets it, and how many deploys are seen.
    fn decided(truth: f64, of: u32) -> ([f64; 2], f64) {
        let mut open = vec![1.0];
        let (mut ends, mut seen) = ([0.0; 2], 0.0);
        for n in 0..of {
            seen += open.iter().sum::<f64>();
            let mut next = vec![0.0; open.len() + 1];
            for (failed, p) in open.iter().enumerate() {
                next[failed] += p * truth;
                next[failed + 1] += p * (1.0 - truth);
            }
            for (failed, p) in next.iter_mut().enumerate() {
                let test = after(n + 1 - failed as u32, failed as u32, 0.95, of);
                match (is_settled(&test), test.decision()) {
                    (false, _) => continue,
                    (true, Decision::Holds) => ends[0] += *p,
                    (true, Decision::Broken) => ends[1] += *p,
                    (true, Decision::Undecided) => {}
                }
                *p = 0.0;
            }
            open = next;
        }
        (ends, seen)
    }

    #[test]
    fn what_is_seen_of_ten_and_of_a_hundred() {
        let mut rows = Vec::new();
        for truth in [1.0, 0.99, 0.95, 0.9, 0.8, 0.5, 0.0] {
            let cell = |of: u32| {
                let ([holds, broken], seen) = decided(truth, of);
                if truth <= 0.95 {
                    assert!(holds <= 0.05, "{truth}: holds {holds}");
                }
                if truth >= 0.95 {
                    assert!(broken <= 0.05, "{truth}: broken {broken}");
                }
                format!("{:.1} / {:.1}, {seen:.1}", 100.0 * holds, 100.0 * broken)
            };
            rows.push(format!("| {:.0} % | {} | {} |", 100.0 * truth, cell(10), cell(100)));
        }
        assert_printed(&rows);
    }
}
