//! A bucket of tokens, each of them a retry: requests pay a share of one in, and what overflows is lost.

use crate::engine::SimTime;
use crate::fleet::arrivals;
use crate::scenario::Arrivals;

/// How deep the bucket is: what so many seconds of requests pay in.
const SECONDS: f64 = 10.0;

/// A bucket, full at first.
#[derive(Clone, Copy, Debug)]
pub(in crate::fleet) struct TokenBucket {
    tokens: f64,
    depth: f64,
    /// What each request pays in.
    share: f64,
}

impl TokenBucket {
    /// Of requests that come at `rate` (1/s).
    pub(super) fn new(share: f64, rate: f64) -> Self {
        let depth = depth(share, rate);
        Self { tokens: depth, depth, share }
    }

    /// A request pays in.
    #[inline(always)]
    pub(super) fn pay(&mut self) {
        let tokens = self.tokens + self.share;
        // No minimum of floats: that is a dozen instructions for what is no number.
        self.tokens = if tokens < self.depth { tokens } else { self.depth };
    }

    /// Takes a token out; false if there is none.
    pub(super) fn spend(&mut self) -> bool {
        let enough = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(enough));
        enough
    }
}

/// A bucket that is as deep as the present rate of requests makes it.
#[derive(Clone, Debug)]
pub(in crate::fleet) struct VaryingBucket {
    bucket: TokenBucket,
    arrivals: Arrivals,
    /// The start of the simulation.
    start: SimTime,
}

impl VaryingBucket {
    /// `bucket`, for these arrivals since `start`.
    pub(super) const fn new(bucket: TokenBucket, arrivals: Arrivals, start: SimTime) -> Self {
        Self { bucket, arrivals, start }
    }

    /// A request pays in.
    pub(super) fn pay(&mut self, now: SimTime) {
        self.bucket.depth = self.depth_at(now);
        self.bucket.pay();
    }

    /// Takes a token out; false if there is none.
    pub(super) fn spend(&mut self, now: SimTime) -> bool {
        let depth = self.depth_at(now);
        self.bucket.depth = depth;
        self.bucket.tokens = self.bucket.tokens.min(depth);
        self.bucket.spend()
    }

    fn depth_at(&self, now: SimTime) -> f64 {
        depth(self.bucket.share, arrivals::rate_at(&self.arrivals, now.since(self.start).secs()))
    }
}

/// How many tokens a bucket holds at this rate (1/s): enough for one retry, unless there is to be none at all.
fn depth(share: f64, rate: f64) -> f64 {
    if share > 0.0 { (share * rate * SECONDS).max(1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Dur;
    use crate::scenario::Profile;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + Dur::from_secs(secs)
    }

    /// How many tokens can be taken out one after the other.
    fn taken(mut spend: impl FnMut() -> bool) -> usize {
        (0..1_000).take_while(|_| spend()).count()
    }

    #[test]
    fn a_bucket_begins_full_and_is_never_fuller() {
        // Ten seconds at 50/s pay 100 in.
        let mut bucket = TokenBucket::new(0.2, 50.0);
        (0..100).for_each(|_| bucket.pay());
        assert_eq!(taken(|| bucket.spend()), 100);
        (0..14).for_each(|_| bucket.pay());
        assert_eq!(taken(|| bucket.spend()), 2);
        let mut small = TokenBucket::new(0.2, 0.01);
        assert_eq!(taken(|| small.spend()), 1, "enough for one retry at any rate");
        assert!(!TokenBucket::new(0.0, 50.0).spend());
    }

    #[test]
    fn a_bucket_is_as_deep_as_the_present_rate_makes_it() {
        // 50/s, from 20 s to 30 s down to 10/s.
        let points = vec![(Dur::from_secs(20), 50.0), (Dur::from_secs(30), 10.0)];
        let arrivals = Arrivals::Poisson(Profile { points });
        let full = VaryingBucket::new(TokenBucket::new(0.2, 50.0), arrivals, SimTime::ZERO);
        let left = |secs: u64| {
            let mut bucket = full.clone();
            taken(|| bucket.spend(at(secs)))
        };
        assert_eq!([0, 20, 25, 40].map(left), [100, 100, 60, 20]);
        let mut bucket = full;
        bucket.pay(at(40));
        assert_eq!(taken(|| bucket.spend(at(0))), 20, "what flowed over is lost");
    }
}
