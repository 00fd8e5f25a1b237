//! A pod as one proxy knows it: since when it is there, and what speaks against it.

use crate::engine::{Dur, SimTime};
use crate::fleet::fact::Revision;
use crate::scenario::SlowStart;

/// A pod in a proxy's table.
#[derive(Clone, Copy, Debug)]
pub(in crate::fleet) struct Host {
    /// Which pod.
    pub(in crate::fleet) pod: u32,
    /// Its version.
    pub(in crate::fleet) revision: Revision,
    /// Its zone.
    pub(in crate::fleet) zone: u16,
    /// When it came into the table: its slow start counts from here.
    pub(in crate::fleet) added: SimTime,
    /// Not picked before this, by passive health.
    pub(in crate::fleet) ejected_until: SimTime,
    /// Not picked while set, by active health.
    pub(in crate::fleet) unhealthy: bool,
    /// What the checks say, which may be held back for a while.
    pub(in crate::fleet) found_unhealthy: bool,
    /// Failures that count, and when the first was; the last, where they need not be in a row.
    pub(in crate::fleet) failures: u32,
    pub(in crate::fleet) failing_since: SimTime,
    /// How often it was ejected.
    pub(in crate::fleet) ejections: u16,
}

impl Host {
    /// A pod just added.
    pub(in crate::fleet) const fn new(pod: u32, added: SimTime) -> Self {
        Self {
            pod,
            revision: Revision(0),
            zone: 0,
            added,
            ejected_until: SimTime::MIN,
            unhealthy: false,
            found_unhealthy: false,
            failures: 0,
            failing_since: SimTime::MIN,
            ejections: 0,
        }
    }

    /// Its weight, in (0, 1]: linear in its age during the slow start.
    #[inline]
    pub(in crate::fleet) fn weight(&self, slow_start: &SlowStart, now: SimTime) -> f64 {
        let age = now.saturating_since(self.added);
        let age = match slow_start.step.nanos() {
            0 => age,
            step => Dur::from_nanos(age.nanos() / step * step),
        };
        (age.secs() / slow_start.window.secs()).clamp(slow_start.least, 1.0)
    }

    /// Whether neither its failures nor its checks speak against it.
    #[inline]
    pub(in crate::fleet) fn is_healthy(&self, now: SimTime) -> bool {
        !self.unhealthy && self.ejected_until <= now
    }
}
