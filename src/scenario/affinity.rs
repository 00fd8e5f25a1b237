//! What ties a client to a pod, other than a connection that stands.

use super::load_balancer::{Layer, above_zero};
use super::read::At;
use crate::engine::Dur;

/// Sticky sessions: a client's requests (layer 4: connections) go to the pod that had its last one, as long as the proxy
/// believes in that pod; then to one of the algorithm's choice, to which the client is bound from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// So long after the last answer (layer 4: connect) the client is free again; zero = never.
    pub lifetime: Dur,
}

/// Connection tracking that outlives a connection: the entry of a flow (a source port) sends what comes next on it to the
/// same pod, whatever the table says by then. UDP's are kept alive by the very packets that get lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinning {
    /// An entry that nothing has passed for so long is gone.
    pub timeout: Dur,
    /// Source ports of a client, which it uses in turn: 1 = one socket, as with UDP.
    pub ports: u32,
}

impl Sticky {
    /// Default: none; `{}` binds for good (a session cookie).
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        let wanted = at.node.is_some() && !at.is_word("none");
        let mut f = At { node: at.node.filter(|_| wanted), ..at }.fields();
        let sticky = Self { lifetime: f.or("lifetime", Dur::ZERO) };
        f.end();
        wanted.then_some(sticky)
    }
}

impl Pinning {
    /// Default: none; where there is any, Linux' 120 s for UDP streams, and for TCP's `TIME_WAIT` in IPVS.
    pub(super) fn read(at: At<'_>, layer: Layer) -> Option<Self> {
        let wanted = at.node.is_some() && !at.is_word("none");
        if wanted && layer == Layer::L7 {
            let diag = at.warning("ignored-field", "`pinning` means nothing at layer 7: proxies own the connections");
            at.report(diag.label("ignored"));
        }
        let mut f = At { node: at.node.filter(|_| wanted), ..at }.fields();
        let pinning = Self {
            timeout: above_zero(&f.at("entryTimeout"), Dur::from_secs(120)),
            ports: f.within("ports", 1, 1..=65_535),
        };
        f.end();
        wanted.then_some(pinning)
    }
}
