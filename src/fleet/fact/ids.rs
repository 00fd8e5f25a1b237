//! Who is who: pods, proxies and nodes by number.

/// A pod, by order of creation in the whole run. With tiers in series this is one of those that the forecast is about; what stands
/// behind another tier – a pod, or a proxy that is one to the tier before it – has that tier in the upper bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId(pub u32);

/// A proxy (layer 4: a node). With tiers in series its tier is in the upper bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyId(pub u32);

/// A node, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// Where the tier begins in an id, as one more than its number from the outermost, 0.
const TIER: u32 = 24;
/// What is left for the number within it.
const INDEX: u32 = (1 << TIER) - 1;

impl PodId {
    /// Number `index` of what stands behind tier `tier`.
    pub const fn behind_tier(tier: usize, index: u32) -> Self {
        Self((tier as u32 + 1) << TIER | index)
    }

    /// Its number, by order of creation.
    pub const fn index(self) -> u32 {
        self.0 & INDEX
    }

    /// Behind which tier it stands; `None` for one that the forecast is about.
    pub const fn tier(self) -> Option<usize> {
        ((self.0 >> TIER) as usize).checked_sub(1)
    }
}

impl ProxyId {
    /// Number `index` of tier `tier`.
    pub const fn of_tier(tier: usize, index: u32) -> Self {
        Self((tier as u32 + 1) << TIER | index)
    }

    /// Its number.
    pub const fn index(self) -> u32 {
        self.0 & INDEX
    }

    /// Its tier; `None` where there is one alone.
    pub const fn tier(self) -> Option<usize> {
        ((self.0 >> TIER) as usize).checked_sub(1)
    }
}
