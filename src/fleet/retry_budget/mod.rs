//! What clients may spend on retries: nothing is counted, or each request pays its share in, as Envoy and Linkerd have it.

mod token_bucket;
mod tps_budget;

pub(super) use tps_budget::TpsBudget;

use crate::engine::SimTime;
use crate::scenario::{Arrivals, Clients, Load, Profile};

use token_bucket::{TokenBucket, VaryingBucket};

/// The retry budget of a population of clients.
#[derive(Clone, Debug)]
pub(super) enum RetryBudget {
    /// As many retries as a request has attempts left.
    Unlimited,
    /// A share of the requests.
    Share(TokenBucket),
    /// The same, where the rate of requests varies.
    VaryingShare(Box<VaryingBucket>),
    /// A share of the requests of late, and a few a second besides.
    Tps(Box<TpsBudget>),
}

impl RetryBudget {
    /// That of clients whose requests come at `rate` (1/s) at first, in a simulation that begins at `start`.
    pub(super) fn new(clients: &Clients, rate: f64, start: SimTime) -> Self {
        let retries = &clients.retries;
        if let Some(config) = &retries.window {
            return Self::Tps(Box::new(TpsBudget::new(config)));
        }
        let Some(share) = retries.budget.filter(|_| retries.attempts > 0) else { return Self::Unlimited };
        let bucket = TokenBucket::new(share, rate);
        match &clients.load {
            Load::Open(arrivals) if varies(arrivals) => {
                Self::VaryingShare(Box::new(VaryingBucket::new(bucket, arrivals.clone(), start)))
            }
            _ => Self::Share(bucket),
        }
    }

    /// A request pays its share.
    #[inline(always)]
    pub(super) fn pay(&mut self, now: SimTime) {
        match self {
            Self::Unlimited => {}
            Self::Share(bucket) => bucket.pay(),
            Self::VaryingShare(_) | Self::Tps(_) => self.pay_at(now),
        }
    }

    /// The same where it depends on the time.
    #[cold]
    fn pay_at(&mut self, now: SimTime) {
        match self {
            Self::Unlimited | Self::Share(_) => {}
            Self::VaryingShare(bucket) => bucket.pay(now),
            Self::Tps(budget) => budget.deposit(now),
        }
    }

    /// Takes a retry out of what requests have paid in; false if there is none.
    pub(super) fn spend(&mut self, now: SimTime) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Share(bucket) => bucket.spend(),
            Self::VaryingShare(bucket) => bucket.spend(now),
            Self::Tps(budget) => budget.withdraw(now),
        }
    }
}

/// Whether the rate is another one at another time.
fn varies(arrivals: &Arrivals) -> bool {
    matches!(arrivals, Arrivals::Poisson(Profile { points }) | Arrivals::Constant(Profile { points }) if points.len() > 1)
}
