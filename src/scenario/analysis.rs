//! An analysis of the new version while it rolls, which may call it off.

use super::read::{At, Fields};
use super::units::Share;
use crate::engine::Dur;

/// Measurements of the requests that the new version's pods were the last to have, in the manner of Argo Rollouts' and
/// Flagger's: one an interval, over that interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Analysis {
    /// From the deploy until the first interval begins.
    pub initial_delay: Dur,
    /// Between measurements, and over what each goes.
    pub interval: Dur,
    /// So many measurements may fail before the new version is called off.
    pub failure_limit: u32,
    /// A measurement with fewer requests says nothing.
    pub min_requests: u64,
    /// The largest share of dropped requests with which a measurement passes.
    pub error_rate: Option<f64>,
    /// The largest latency that one in a hundred may exceed with which a measurement passes.
    pub p99: Option<Dur>,
}

impl Analysis {
    /// Reads `deploy.analysis`; nothing where the file has none. Defaults: every minute, no failure allowed (Argo's
    /// `failureLimit`), at least one request.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        at.node?;
        let mut f = at.fields();
        let analysis = Self {
            initial_delay: f.or("initialDelay", Dur::ZERO),
            interval: interval(&mut f),
            failure_limit: f.or("failureLimit", 0),
            min_requests: f.or("minRequests", 1),
            error_rate: f.opt("errorRate").map(|Share(share)| share),
            p99: f.opt("p99"),
        };
        f.require_any_of(&["errorRate", "p99"]);
        if analysis.error_rate.is_none() && analysis.p99.is_none() {
            let diag = f.at.error("missing-field", "this analysis looks at nothing");
            f.at.report(diag.label("at what?").help("add `errorRate: 1%` or `p99: 500ms`"));
        }
        f.end();
        Some(analysis)
    }
}

fn interval(f: &mut Fields<'_>) -> Dur {
    let at = f.at("interval");
    let interval = f.or("interval", Dur::from_secs(60));
    if interval < Dur::from_millis(100) {
        at.out_of_range("`interval` is too short", "100ms or more");
        return Dur::from_secs(60);
    }
    interval
}
