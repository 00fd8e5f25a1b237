//! How many retries there may be of so many requests, as Finagle and Linkerd count them.

use super::load_balancer::above_zero;
use super::read::At;
use super::tree::Value;
use super::units::Share;
use crate::engine::Dur;

/// Retries that requests pay for, for a time: Finagle's `RetryBudget`, Linkerd's `retryBudget`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudget {
    /// What each request pays in (retries).
    pub ratio: f64,
    /// What there is besides (retries a second).
    pub min_per_second: f64,
    /// For how long what was paid in, and what was taken out, counts.
    pub ttl: Dur,
}

impl RetryBudget {
    /// A map; any other node is not for here. Defaults: Linkerd's, 20 % and 10 a second over 10 s.
    pub(super) fn read(at: &At<'_>) -> Option<Self> {
        at.needs_fields();
        let node = at.node.filter(|node| matches!(node.value, Value::Map(_)))?;
        let mut f = At { cx: at.cx, path: at.path.clone(), node: Some(node) }.fields();
        let budget = Self {
            ratio: f.or("ratio", Share(0.2)).0,
            min_per_second: f.within("minPerSecond", 10.0, 0.0..=1e6),
            ttl: above_zero(&f.at("ttl"), Dur::from_secs(10)),
        };
        f.end();
        Some(budget)
    }
}
