//! A proxy's table: the pods that it believes in, in order of addition.

use std::ops::{Deref, DerefMut};

use super::balancer::Host;

/// The table; as a slice it is its hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    hosts: Vec<Host>,
    /// Requests (layer 4: connections) that this proxy has under way at each. Beside the hosts, as picks look at nothing but this and the
    /// next: those of 10,000 pods stay in the second-level cache so, where hosts do not.
    active: Vec<u32>,
    /// Their pods.
    pods: Vec<u32>,
}

impl Table {
    /// Adds a host with nothing under way.
    pub(super) fn push(&mut self, host: Host) {
        self.hosts.push(host);
        self.active.push(0);
        self.pods.push(host.pod);
    }

    /// Takes the host at `position` out: those behind it move up.
    pub(super) fn remove(&mut self, position: usize) {
        self.hosts.remove(position);
        self.active.remove(position);
        self.pods.remove(position);
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

    /// What is under way at the host at `position`.
    #[inline(always)]
    pub(super) fn active_mut(&mut self, position: u32) -> &mut u32 {
        &mut self.active[position as usize]
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.hosts.capacity() * size_of::<Host>() + (self.active.capacity() + self.pods.capacity()) * size_of::<u32>()
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

impl FromIterator<Host> for Table {
    fn from_iter<I: IntoIterator<Item = Host>>(hosts: I) -> Self {
        let hosts: Vec<Host> = hosts.into_iter().collect();
        let (active, pods) = (vec![0; hosts.len()], hosts.iter().map(|host| host.pod).collect());
        Self { hosts, active, pods }
    }
}
