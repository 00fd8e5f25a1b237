//! The two versions of a deploy.

use super::calm::pod_may_be_calm;
use crate::scenario::dist::Sampler;
use crate::scenario::{self, Scenario};

/// How one version's pods behave, with what the hot loop needs of it at hand.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) pod: scenario::Pod,
    pub(super) service: Sampler,
    /// Whether requests to such pods may be calm.
    pub(super) calm: bool,
}

impl Version {
    /// The old version and the new one. A table that one of `known` has for the same service times is not made anew: it
    /// takes as long as a thousand requests.
    pub(super) fn both(scenario: &Scenario, known: &[Self]) -> [Self; 2] {
        let old = Self::new(&scenario.pod, known.iter());
        let new = Self::new(&scenario.new_pod, known.iter().chain([&old]));
        [old, new]
    }

    fn new<'a>(pod: &scenario::Pod, mut known: impl Iterator<Item = &'a Self>) -> Self {
        let same = known.find(|version| *version.service.dist() == pod.service_time);
        let service = same.map_or_else(|| Sampler::new(&pod.service_time), |version| version.service.clone());
        Self { pod: pod.clone(), service, calm: pod_may_be_calm(pod) }
    }
}
