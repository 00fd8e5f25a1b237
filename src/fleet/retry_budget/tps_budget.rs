//! Retries that requests pay for, counted over a time: `TpsBudget` of tower, which Linkerd's proxy has, after Finagle's `RetryBudget`. The time is cut in ten, and a tenth expires as a whole.

use crate::engine::SimTime;
use crate::scenario;

const SLOTS: usize = 10;

/// What was paid in and taken out of late.
#[derive(Clone, Copy, Debug)]
pub(in crate::fleet) struct TpsBudget {
    ratio: f64,
    /// What there is with no request at all.
    reserve: f64,
    /// The length of a slot (ns).
    slot: i64,
    /// Payments less retries in each of the last slots, by their number modulo how many there are.
    balances: [f64; SLOTS],
    /// The number of the present one.
    current: i64,
}

impl TpsBudget {
    pub(in crate::fleet) fn new(config: &scenario::RetryBudget) -> Self {
        Self {
            ratio: config.ratio,
            reserve: config.min_per_second * config.ttl.secs(),
            slot: (config.ttl.nanos() as i64 / SLOTS as i64).max(1),
            balances: [0.0; SLOTS],
            current: i64::MIN,
        }
    }

    /// A request has come.
    #[inline]
    pub(in crate::fleet) fn deposit(&mut self, now: SimTime) {
        *self.present(now) += self.ratio;
    }

    /// Takes a retry out, if there is one.
    pub(in crate::fleet) fn withdraw(&mut self, now: SimTime) -> bool {
        self.present(now);
        let enough = self.reserve + self.balances.iter().sum::<f64>() >= 1.0 - 1e-9;
        *self.present(now) -= f64::from(u8::from(enough));
        enough
    }

    /// The present slot; those that are over for good are emptied.
    fn present(&mut self, now: SimTime) -> &mut f64 {
        let number = now.nanos().div_euclid(self.slot);
        if number != self.current {
            let gone = number.saturating_sub(self.current).min(SLOTS as i64);
            (0..gone).for_each(|k| self.balances[(number - k).rem_euclid(SLOTS as i64) as usize] = 0.0);
            self.current = number;
        }
        &mut self.balances[number.rem_euclid(SLOTS as i64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Dur;

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + Dur::from_secs_f64(secs)
    }

    fn budget(ratio: f64, min_per_second: f64, ttl: u64) -> TpsBudget {
        TpsBudget::new(&scenario::RetryBudget { ratio, min_per_second, ttl: Dur::from_secs(ttl) })
    }

    /// In the long run ratio × λ + min a second, and never more in a time than what was paid in it, with the reserve.
    #[test]
    fn retries_are_a_share_of_the_requests_and_a_few_besides() {
        for (ratio, min, ttl, rate) in
            [(0.2, 10.0, 10, 200), (0.5, 0.0, 10, 100), (0.0, 3.0, 20, 50), (0.1, 1.0, 1, 400)]
        {
            let mut b = budget(ratio, min, ttl);
            let mut taken = Vec::new();
            for n in 0..rate * 300 {
                let now = f64::from(n) / f64::from(rate);
                b.deposit(at(now));
                // Every request fails, and so does each retry of it.
                taken.extend((0..3).filter(|_| b.withdraw(at(now))).map(|_| now));
            }
            let late = taken.iter().filter(|&&t| t >= 100.0).count() as f64 / 200.0;
            let expected = ratio * f64::from(rate) + min;
            assert!((late - expected).abs() < 0.02 * expected, "{late} a second, {expected} expected");
            let ttl = ttl as f64;
            let allowed = ratio * f64::from(rate) * ttl + min * ttl + 1.0;
            for from in 0..280 {
                let from = f64::from(from);
                // Nine tenths for sure: the oldest slot expires as a whole.
                let within = taken.iter().filter(|&&t| t >= from && t < from + 0.9 * ttl).count() as f64;
                assert!(within <= allowed, "{within} from {from} s on, {allowed} allowed");
            }
        }
    }

    #[test]
    fn what_was_paid_in_long_ago_is_worth_nothing() {
        let mut b = budget(0.5, 0.0, 10);
        (0..10).for_each(|_| b.deposit(at(0.0)));
        assert!((0..5).all(|_| b.withdraw(at(5.0))) && !b.withdraw(at(5.0)));
        (0..10).for_each(|_| b.deposit(at(20.0)));
        assert!(b.withdraw(at(29.9)));
        assert!(!b.withdraw(at(31.1)), "it counts for 10 s");
        // Before the start of the simulation, too.
        let mut b = budget(1.0, 0.0, 10);
        b.deposit(SimTime::ZERO - Dur::from_secs(3));
        assert!(b.withdraw(at(0.0)) && !b.withdraw(at(0.0)));
    }
}
