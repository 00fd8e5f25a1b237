//! What the new version's requests came to in the last so many seconds.

use std::collections::VecDeque;

use crate::engine::{Dur, SimTime};
use crate::scenario::Figure;

use super::super::fact::Outcome;

/// Latencies fall into an eighth of an octave each, from 2¹⁷ ns (0.13 ms) on: finer than the buckets that a monitoring system keeps.
const FIRST_OCTAVE: u32 = 17;
const OCTAVES: u32 = 20;
const BUCKETS: usize = (OCTAVES * 8 + 1) as usize;

/// Counts of one second.
#[derive(Clone, Debug)]
struct Second {
    number: i64,
    requests: u64,
    dropped: u64,
    latency_ns: u128,
    /// Where latencies are asked for: how many up to each bucket's end, the last without one.
    latencies: Vec<u32>,
}

/// Counts of the last seconds.
#[derive(Clone, Debug)]
pub(super) struct Window {
    seconds: VecDeque<Second>,
    longest: i64,
    quantiles: bool,
}

impl Window {
    /// Remembers for so long; with the latencies where quantiles will be asked for.
    pub(super) fn new(longest: Dur, quantiles: bool) -> Self {
        Self { seconds: VecDeque::new(), longest: second(SimTime::ZERO + longest) + 1, quantiles }
    }

    /// A request has ended.
    pub(super) fn note(&mut self, now: SimTime, outcome: Outcome, latency: Dur) {
        let number = second(now);
        if self.seconds.back().is_none_or(|s| s.number != number) {
            let latencies = vec![0; if self.quantiles { BUCKETS } else { 0 }];
            self.seconds.push_back(Second { number, requests: 0, dropped: 0, latency_ns: 0, latencies });
            while self.seconds.front().is_some_and(|s| s.number + self.longest < number) {
                self.seconds.pop_front();
            }
        }
        let Some(last) = self.seconds.back_mut() else { return };
        last.requests += 1;
        last.dropped += u64::from(outcome != Outcome::Ok);
        last.latency_ns += u128::from(latency.nanos());
        if let Some(count) = last.latencies.get_mut(bucket(latency)) {
            *count += 1;
        }
    }

    /// A figure of the last `span`; `None` where there was no request.
    pub(super) fn figure(&self, now: SimTime, span: Dur, figure: Figure) -> Option<f64> {
        let from = second(now) - second(SimTime::ZERO + span);
        let seconds = || self.seconds.iter().filter(move |s| s.number >= from);
        let requests: u64 = seconds().map(|s| s.requests).sum();
        let dropped: u64 = seconds().map(|s| s.dropped).sum();
        let latency: u128 = seconds().map(|s| s.latency_ns).sum();
        let n = requests as f64;
        (requests > 0).then(|| match figure {
            Figure::SuccessRate => (requests - dropped) as f64 / n,
            Figure::ErrorRate => dropped as f64 / n,
            Figure::MeanLatency => latency as f64 / n * 1e-9,
            Figure::Latency(quantile) => {
                let mut counts = vec![0_u64; BUCKETS];
                for s in seconds() {
                    s.latencies.iter().zip(&mut counts).for_each(|(n, sum)| *sum += u64::from(*n));
                }
                self::quantile(&counts, quantile * n)
            }
        })
    }
}

/// The whole second that `at` lies in.
fn second(at: SimTime) -> i64 {
    at.nanos().div_euclid(1_000_000_000)
}

fn bucket(latency: Dur) -> usize {
    let ns = latency.nanos().max(1);
    let octave = ns.ilog2();
    if octave < FIRST_OCTAVE {
        return 0;
    }
    let eighth = (ns >> (octave - 3)) & 7;
    (((octave - FIRST_OCTAVE) as usize) * 8 + eighth as usize).min(BUCKETS - 1)
}

/// Where bucket `n` begins [s].
fn start(n: usize) -> f64 {
    let (octave, eighth) = (n / 8, n % 8);
    if n == 0 { 0.0 } else { (1_u64 << (octave + FIRST_OCTAVE as usize)) as f64 * (8 + eighth) as f64 / 8.0 * 1e-9 }
}

/// The latency that `rank` of the requests do not exceed, by a straight line within its bucket as `histogram_quantile` has it.
fn quantile(counts: &[u64], rank: f64) -> f64 {
    let mut before = 0.0;
    for (n, &count) in counts.iter().enumerate() {
        let count = count as f64;
        if count > 0.0 && before + count >= rank {
            let end = if n + 1 < BUCKETS { start(n + 1) } else { start(n) };
            return start(n) + (end - start(n)) * ((rank - before) / count);
        }
        before += count;
    }
    start(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + Dur::from_secs_f64(secs)
    }

    #[test]
    fn only_the_last_seconds_count() {
        let mut window = Window::new(Dur::from_secs(10), false);
        assert_eq!(window.figure(at(0.0), Dur::from_secs(10), Figure::ErrorRate), None);
        for n in 0..100 {
            let outcome = if n < 50 { Outcome::S500 } else { Outcome::Ok };
            window.note(at(f64::from(n)), outcome, Dur::from_millis(20));
        }
        let of = |span, figure| window.figure(at(99.5), Dur::from_secs(span), figure);
        assert_eq!((of(10, Figure::ErrorRate), of(10, Figure::SuccessRate)), (Some(0.0), Some(1.0)));
        assert!(window.seconds.len() <= 12, "{}", window.seconds.len());
        assert_eq!(of(10, Figure::MeanLatency), Some(0.02));
    }

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let mut window = Window::new(Dur::from_secs(60), true);
        for ms in 1..=1000 {
            window.note(at(1.0), Outcome::Ok, Dur::from_millis(ms));
        }
        for (q, secs) in [(0.5, 0.5), (0.95, 0.95), (0.99, 0.99)] {
            let found = window.figure(at(1.5), Dur::from_secs(60), Figure::Latency(q)).expect("there are requests");
            assert!((found / secs - 1.0).abs() < 0.02, "{q}: {found}");
        }
    }

    #[test]
    fn buckets_follow_one_another() {
        for n in 1..BUCKETS - 1 {
            let middle = Dur::from_secs_f64(f64::midpoint(start(n), start(n + 1)));
            assert_eq!(bucket(middle), n);
        }
        assert_eq!((bucket(Dur::ZERO), bucket(Dur::from_secs(10_000))), (0, BUCKETS - 1));
    }
}
