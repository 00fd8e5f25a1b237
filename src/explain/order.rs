//! The order of a deploy's steps at one pod, with the gaps between them.

use serde::Serialize;

use super::tracer::Trace;
use crate::engine::SimTime;
use crate::fleet::fact::PodId;
use crate::metrics::PodRow;

/// The steps by which one pod left. Moments in s after the start of the deploy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodOrder {
    /// As in `pods` of a forecast.
    pub pod: String,
    /// It got its deletion timestamp.
    pub deletion_requested: f64,
    /// Pods deleted up to then, itself included.
    pub deleted: u32,
    /// Pods created since the deploy began that had turned Ready by then.
    pub replaced: u32,
    /// It was sent SIGTERM.
    pub sigterm: Option<f64>,
    /// The last proxy took it out of rotation.
    pub last_proxy: Option<f64>,
    /// It closed its listener.
    pub listener_closed: Option<f64>,
    /// It was gone.
    pub gone: Option<f64>,
    /// Whether by SIGKILL.
    pub killed: bool,
    /// Requests that were dropped on it.
    pub dropped: u64,
    /// What was out of order.
    pub faults: Vec<String>,
}

impl PodOrder {
    /// Every pod that was deleted, in that order.
    pub(super) fn all(trace: &Trace, pods: &[PodRow], dropped: impl Fn(PodId) -> u64) -> Vec<Self> {
        let mut deleted: Vec<(f64, usize)> =
            pods.iter().enumerate().filter_map(|(n, p)| Some((p.deletion_requested?, n))).collect();
        deleted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let order = |(k, &(at, n)): (usize, &(f64, usize))| {
            let pod = PodId(n as u32);
            let ready = |p: &&PodRow| p.ready.is_some_and(|ready| ready <= at);
            let mut order = Self {
                pod: pods[n].name.clone(),
                deletion_requested: at,
                deleted: k as u32 + 1,
                replaced: pods.iter().filter(ready).count() as u32,
                sigterm: pods[n].sigterm,
                last_proxy: last_removal(trace, pod).map(SimTime::secs),
                listener_closed: pods[n].listener_closed,
                gone: pods[n].gone,
                killed: pods[n].killed,
                dropped: dropped(pod),
                faults: Vec::new(),
            };
            // What has died with its node has taken none of these steps.
            order.faults = if pods[n].lost { vec!["its node had died".to_owned()] } else { order.find_faults() };
            order
        };
        deleted.iter().enumerate().map(order).collect()
    }

    fn find_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.replaced < self.deleted {
            faults.push(format!("{} Ready in place of {} deleted", self.replaced, self.deleted));
        }
        let closed = self.listener_closed.or(self.gone);
        if let (Some(closed), Some(last)) = (closed, self.last_proxy)
            && closed < last
        {
            faults.push(format!("closed {:.2} s before the last proxy had heard", last - closed));
        }
        if self.killed {
            faults.push("killed".to_owned());
        }
        faults
    }
}

/// When the last proxy took `pod` out of its table.
fn last_removal(trace: &Trace, pod: PodId) -> Option<SimTime> {
    let of_pod = trace.tables.iter().filter(|((p, _), _)| *p == pod);
    of_pod.filter_map(|(_, changes)| changes.iter().rev().find(|(_, routed)| !routed)).map(|(at, _)| *at).max()
}
