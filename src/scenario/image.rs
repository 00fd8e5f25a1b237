//! A pod's image, which its node has to have before anything can start.

use super::bytes::Bytes;
use super::dist::Dist;
use super::read::At;

/// A pod's image. Each version has one of its own; a node that has run a pod of the version has it.
#[derive(Clone, Debug)]
pub struct Image {
    /// What a node that does not have it must fetch (bytes): compressed, without the layers that it has of other versions.
    pub size: f64,
    /// What a pull takes on top, or where there is no size alone (s): the registry's answer, unpacking.
    pub pull: Option<Dist>,
    /// When the kubelet asks the registry.
    pub policy: PullPolicy,
}

/// `imagePullPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// Where the node does not have it.
    IfNotPresent,
    /// For every pod, in turn with the node's other pulls; what the node has is not fetched again.
    Always,
    /// Never: without it the pod cannot start.
    Never,
}

impl Image {
    /// Reads `image`; without it every node has it.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        let given = at.node.is_some_and(|n| !n.is_null());
        if at.is_word("none") {
            return None;
        }
        let mut f = at.fields();
        let image = Self {
            size: f.or("size", Bytes(0.0)).0,
            pull: f.opt("pull"),
            policy: f.choice(
                "pullPolicy",
                PullPolicy::IfNotPresent,
                &[
                    ("IfNotPresent", PullPolicy::IfNotPresent),
                    ("Always", PullPolicy::Always),
                    ("Never", PullPolicy::Never),
                ],
            ),
        };
        f.end();
        given.then_some(image)
    }
}
