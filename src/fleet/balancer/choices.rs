//! Two hosts at random, for the less busy of them to be picked.

use crate::engine::Stream;

/// How two hosts are drawn of which the second is picked only if it has fewer requests under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::fleet) enum Choices {
    /// The second among the others.
    Distinct,
    /// Both among all, so that they may be the same.
    Independent,
}

impl Choices {
    /// Two of `n` hosts, at least two.
    #[inline(always)]
    pub(in crate::fleet) const fn of(self, n: u32, draw: &mut Stream) -> (u32, u32) {
        let a = draw.below(n);
        match self {
            Self::Distinct => {
                let b = draw.below(n - 1);
                (a, b + (b >= a) as u32)
            }
            Self::Independent => (a, draw.below(n)),
        }
    }
}
