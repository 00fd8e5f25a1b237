//! The end of a calm request, in one piece for whoever is told of it.

use super::{Fact, Outcome, PodId, ProxyId};
use crate::engine::SimTime;

/// A request that nothing happened to was answered with 200, and so is over.
#[derive(Clone, Copy, Debug)]
pub struct CalmEnd {
    /// When it was born.
    pub born: SimTime,
    /// When it was sent off: at layer 7 when the proxy had it, at layer 4 when it took its connection.
    pub sent: SimTime,
    /// Population and ordinal.
    pub identity: u64,
    /// Its pod.
    pub pod: PodId,
    /// Its client's proxy (layer 4: node).
    pub proxy: ProxyId,
    /// Its client within its population.
    pub client: u32,
}

impl CalmEnd {
    /// The fact that it is: [`Fact::Ended`], which comes behind a [`Fact::Answer`].
    #[inline(always)]
    pub const fn fact(&self) -> Fact {
        let Self { born, sent, identity, pod, proxy, client } = *self;
        Fact::Ended {
            born,
            sent,
            outcome: Outcome::Ok,
            cause: None,
            attempts: 1,
            stream: false,
            identity,
            pod: Some(pod),
            proxy,
            client,
        }
    }
}
