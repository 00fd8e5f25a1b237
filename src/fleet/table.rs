//! A proxy's table: the pods that it believes in, in order of addition.

use std::ops::{Deref, DerefMut};

use super::balancer::Host;
use super::least::Least;

/// The table; as a slice it is its hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    hosts: Vec<Host>,
    /// Requests (layer 4: connections) that this proxy has under way at each. Beside the hosts, as picks look at nothing but this and the
    /// next: those of 10,000 pods stay in the second-level cache so, where hosts do not.
    active: Vec<u32>,
    /// Their pods.
    pods: Vec<u32>,
    /// Where the fewest are under way, for whoever looks for that among all.
    least: Option<Least>,
}

impl Table {
    /// With no host yet; with the `least` known or not.
    pub(super) fn new(least: bool) -> Self {
        Self { least: least.then(Least::default), ..Self::default() }
    }

    /// Adds a host with nothing under way.
    pub(super) fn push(&mut self, host: Host) {
        self.hosts.push(host);
        self.active.push(0);
        self.pods.push(host.pod);
        if let Some(least) = &mut self.least {
            least.push(&self.active);
        }
    }

    /// Takes the host at `position` out: those behind it move up.
    pub(super) fn remove(&mut self, position: usize) {
        self.hosts.remove(position);
        self.active.remove(position);
        self.pods.remove(position);
        if let Some(least) = &mut self.least {
            least.become_others(&self.active);
        }
    }

    /// The pod at `position`.
    #[inline(always)]
    pub(super) fn pod(&self, position: u32) -> u32 {
        self.pods[position as usize]
    }

    /// What is under way at each host.
    #[inline(always)]
    pub(super) fn active(&self) -> &[u32] {
        &self.active
    }

    /// Where the fewest are, if that is kept.
    pub(super) const fn least(&self) -> Option<&Least> {
        self.least.as_ref()
    }

    /// There is one more under way at the host at `position`.
    #[inline(always)]
    pub(super) fn begins(&mut self, position: u32) {
        let active = &mut self.active[position as usize];
        *active += 1;
        if let Some(least) = &mut self.least {
            least.set(position, *active);
        }
    }

    /// There is one less; a pod that left the table and came back started from none.
    #[inline(always)]
    pub(super) fn ends(&mut self, position: u32) {
        let active = &mut self.active[position as usize];
        if *active == 0 {
            return;
        }
        *active -= 1;
        if let Some(least) = &mut self.least {
            least.set(position, *active);
        }
    }

    /// What it takes beside itself (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.hosts.capacity() * size_of::<Host>()
            + (self.active.capacity() + self.pods.capacity()) * size_of::<u32>()
            + self.least.as_ref().map_or(0, Least::bytes)
    }
}

impl Deref for Table {
    type Target = [Host];
    #[inline(always)]
    fn deref(&self) -> &[Host] {
        &self.hosts
    }
}

impl DerefMut for Table {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [Host] {
        &mut self.hosts
    }
}
