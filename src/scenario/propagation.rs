//! How late a proxy learns of a pod's coming and going.

use super::dist::Dist;
use super::read::{At, Read};
use super::schema::Shape;
use super::tree::Value;
use crate::engine::{Dur, Purpose, Streams};

/// From a pod's Ready or deletion until a proxy acts on it: `shared` + (`add` or `remove`).
#[derive(Clone, Debug)]
pub struct Propagation {
    /// One draw for each change (s).
    pub shared: Dist,
    /// One draw for each addition and proxy (s).
    pub add: ByProxy,
    /// One draw for each removal and proxy (s).
    pub remove: ByProxy,
    /// The control plane commits once in this long; zero = at once.
    pub batch: Dur,
    /// What waits for what.
    pub order: PropagationOrder,
    /// Whether what is told is the state of all pods rather than one change after the other: what changes while it is on its way
    /// arrives with it, and nothing overtakes.
    pub snapshots: bool,
}

/// A delay of each proxy: one distribution for all, or one for each.
#[derive(Clone, Debug)]
pub struct ByProxy(Vec<Dist>);

impl ByProxy {
    /// The same for every proxy.
    pub fn all(dist: Dist) -> Self {
        Self(vec![dist])
    }

    /// That of proxy `proxy`; the last one is that of all further ones.
    #[inline]
    pub fn of(&self, proxy: u16) -> &Dist {
        &self.0[usize::from(proxy).min(self.0.len() - 1)]
    }

    /// Each `factor` times as long.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        Self(self.0.iter().map(|d| d.times(factor)).collect())
    }

    /// The one with the longest mean.
    pub fn slowest(&self) -> &Dist {
        self.0.iter().max_by(|a, b| a.mean().total_cmp(&b.mean())).unwrap_or(&self.0[0])
    }

    /// A distribution, or a list with one for each proxy.
    fn or(at: &At<'_>, default: Dist) -> Self {
        at.takes_dist(&default);
        at.takes("by proxy", || Shape::list(Dist::shape(), 1));
        let Some(Value::Seq(items)) = at.node.map(|n| &n.value) else { return Self(vec![Dist::or(at, default)]) };
        if items.is_empty() {
            at.out_of_range("this list is empty", "one delay for each proxy");
            return Self(vec![default]);
        }
        Self(at.value().unwrap_or_else(|| vec![default]))
    }
}

/// What waits for what when a pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropagationOrder {
    /// Removal and shutdown start together.
    Parallel,
    /// The shutdown starts `deregistration_delay` after the last proxy has acted.
    DrainThenStop,
    /// No addition is delivered while a removal is under way.
    RemoveThenAdd,
}

/// Draws from which the quantiles of a sum of two random delays are read.
const DRAWS: u64 = 10_000;

impl Propagation {
    /// The median and the 99 % quantile (s) from a change until a proxy acts on it, where `own` is [`Propagation::add`] or
    /// [`Propagation::remove`]: the shared delay and the proxy's own, of whose sum no formula gives the quantiles.
    pub fn median_and_p99(&self, own: &Dist) -> (f64, f64) {
        let streams = Streams::new(0, 0);
        let draw = |i| {
            let shared = self.shared.sample(&mut streams.stream(Purpose::PropagationShared, i), i);
            (shared + own.sample(&mut streams.stream(Purpose::PropagationOwn, i), i)).secs()
        };
        let mut draws: Vec<f64> = (0..DRAWS).map(draw).collect();
        draws.sort_by(f64::total_cmp);
        let quantile = |q: f64| draws[(q * DRAWS as f64) as usize];
        // Changes wait half a batch on average, and never longer than one.
        let batch = self.batch.secs();
        (quantile(0.5) + batch / 2.0, quantile(0.99) + batch)
    }

    /// Defaults: a small cluster behind kube-proxy or an ingress controller. `shared` is the `EndpointSlice` controller:
    /// 10 to 200 ms when idle, 1 s more where the slice has just changed (its minimum sync delay). `add` and `remove`
    /// are one proxy: kube-proxy syncs at most once a second (`minSyncPeriod`) and takes 20 to 200 ms for it; an
    /// ingress controller that is busy syncs once in 3.3 s (`--sync-rate-limit` 0.3).
    pub(super) fn read(at: At<'_>) -> Self {
        if ["shared", "add", "remove"].iter().all(|delay| at.node.and_then(|n| n.get(delay)).is_none()) {
            at.cx.assume(format!(
                "{} 0.8 s, p99 3.2 s (a small cluster: EndpointSlices 0.1 s, then a proxy that syncs once a second)",
                at.path
            ));
        }
        let mut f = at.fields();
        let propagation = Self {
            shared: Dist::or(&f.at("shared"), Dist::lognormal_quantiles(0.1, 1.0)),
            add: ByProxy::or(&f.at("add"), Dist::lognormal_quantiles(0.6, 3.0)),
            remove: ByProxy::or(&f.at("remove"), Dist::lognormal_quantiles(0.6, 3.0)),
            batch: f.or("batch", Dur::ZERO),
            order: f.choice(
                "order",
                PropagationOrder::Parallel,
                &[
                    ("parallel", PropagationOrder::Parallel),
                    ("drainThenStop", PropagationOrder::DrainThenStop),
                    ("removeThenAdd", PropagationOrder::RemoveThenAdd),
                ],
            ),
            snapshots: f.or("snapshots", false),
        };
        f.end();
        propagation
    }
}
