//! What a scenario asks of its deploy: plain data for the commands that use it.

use super::read::{At, Fields, Read};
use super::schema::{Shape, Written};
use super::units::{Rate, Share};
use crate::engine::Dur;

/// Limits that a deploy meets or not; `None` is no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Objectives {
    /// The share of deploys that must meet them, above 0 and below 1. Default 95 %.
    pub share: f64,
    /// How sure one must be of it, above 0 and below 1. Default 95 %.
    pub confidence: f64,
    /// Dropped requests a deploy, at most.
    pub dropped: Option<f64>,
    /// Requests a deploy dropped beyond the rate of *before*, at most.
    pub excess: Option<f64>,
    /// Availability of *during*, at least (0 to 1).
    pub availability: Option<f64>,
    /// The 99 % quantile of latency in *during*, at most.
    pub p99: Option<Dur>,
    /// Reconnects that reach the pods at the peak, at most (1/s).
    pub peak_reconnects: Option<f64>,
    /// Serving capacity over demand at its lowest, at least.
    pub min_headroom: Option<f64>,
    /// The rollout's duration, at most.
    pub duration: Option<Dur>,
}

impl Objectives {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        let Self {
            share: _,
            confidence: _,
            dropped,
            excess,
            availability,
            p99,
            peak_reconnects,
            min_headroom,
            duration,
        } = self;
        [dropped, excess, availability, peak_reconnects, min_headroom].iter().all(|limit| limit.is_none())
            && [p99, duration].iter().all(|limit| limit.is_none())
    }

    /// Reads `objectives`. Where there are none their fields are asked for all the same: an option may set one.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        let there = at.node.is_some();
        let mut f = at.fields();
        let objectives = Self {
            share: proper_share(&mut f, "share", "no number of simulated deploys shows that every deploy meets them"),
            confidence: proper_share(&mut f, "confidence", "no number of simulated deploys makes one that sure"),
            dropped: limit(&mut f, "dropped"),
            excess: limit(&mut f, "excess"),
            availability: f.opt("availability").map(|Share(s)| s),
            p99: f.opt("p99"),
            peak_reconnects: f.opt("peakReconnects").map(|Rate(r)| r),
            min_headroom: limit(&mut f, "minHeadroom"),
            duration: f.opt("duration"),
        };
        f.end();
        there.then_some(objectives)
    }
}

/// A share that is neither nothing nor all, 95 % unless it is given.
fn proper_share(f: &mut Fields<'_>, name: &'static str, why_not_all: &str) -> f64 {
    const DEFAULT: f64 = 0.95;
    let at = f.at(name);
    at.takes("proper", || {
        let what = "a percentage above 0% and below 100%";
        Shape::form("percentageBetween", what, r"^[0-9]{1,2}(\.[0-9]+)? ?%$", ["95%", "17%"]).above_zero()
    });
    at.is_by_default(|| Share(DEFAULT).written());
    let Some(Share(share)) = at.value() else { return DEFAULT };
    if share > 0.0 && share < 1.0 {
        return share;
    }
    let (what, help) = if share > 0.0 {
        ("is all", format!("{why_not_all}; 99% takes hundreds of them"))
    } else {
        ("is nothing", "a percentage that says nothing would always hold".to_owned())
    };
    let diag = at.error("out-of-range", format!("`{name}` {what}")).help(help);
    at.report(diag.label("expected a percentage above 0% and below 100%"));
    DEFAULT
}

/// A number that cannot be exceeded by less than nothing.
fn limit(f: &mut Fields<'_>, name: &'static str) -> Option<f64> {
    let at = f.at(name);
    at.takes("from 0", || f64::shape().from(0.0));
    let limit: f64 = at.value()?;
    if limit < 0.0 {
        at.out_of_range(&format!("`{name}` is negative"), "a number from 0 up");
        return None;
    }
    Some(limit)
}
