//! What can be pending: a closed, `Copy` set, one variant a kind of moment.

use crate::engine::Handle;

use super::autoscaler::AutoscalerEvent;
use super::node::NodeEvent;
use super::probe::ProbeKind;
use super::rollout;

/// Something that will happen. Handles in it go stale when what it was for is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The next request of an open-loop population.
    Arrival(u16),
    /// A closed-loop user has thought.
    Thought { population: u16, user: u32 },
    /// The next of the calm requests that are on their way to their proxies reaches it.
    Young,
    /// A request reaches its proxy.
    AtProxy(Handle),
    /// A request reaches its pod.
    AtPod(Handle),
    /// A pod's answer reaches the proxy.
    AnswerAtProxy(Handle),
    /// An answer reaches the client.
    AnswerAtClient(Handle),
    /// A client's wait before a retry is over.
    RetryDue(Handle),
    /// A stream has lived its time.
    StreamOver(Handle),
    /// A stream's wait before it is opened is over.
    StreamOpens { population: u16, slot: u32 },
    /// The wait before a connection is opened is over.
    OpenNow(Handle),
    /// A connection request reaches the pod.
    Syn(Handle),
    /// The opener learns that its connection stands.
    Connected(Handle),
    /// The opener learns that its connection was refused.
    ConnectRefused(Handle),
    /// The opener gives up waiting for an answer to its connection request.
    ConnectTimeout(Handle),
    /// The opener learns that the pod has closed the connection.
    PeerClosed(Handle),
    /// The pod learns that the opener has closed the connection.
    OwnerClosed(Handle),
    /// The opener learns that the pod is about to end the connection.
    GoAway(Handle),
    /// All that the opener sent before it learnt that is at the pod.
    GoAwayOver(Handle),
    /// A draining pod begins to close this connection.
    CloseMoment(Handle),
    /// A job is done of which that was known from the start.
    KnownJobDone(Handle),
    /// A worker of the pod is done.
    JobDone { pod: u32, worker: u32 },
    /// The requests under way are looked over for deadlines of a class.
    DeadlineLook(u16),
    /// The deadline of a request.
    Deadline { class: u16, request: u32, ordinal: u32 },
    /// Connections of a class whose idle time-out may soon be over are looked at.
    IdleSweep(u16),
    /// A connection that has not been used until now has been idle for too long.
    IdleOver { connection: Handle, by_pod: bool },
    /// A step of a pod's own clock.
    Pod { pod: u32, timer: PodTimer },
    /// A proxy acts on a change.
    Table { proxy: u16, pod: u32, routed: bool },
    /// A proxy acts on a split of the traffic.
    Route { proxy: u16, route: u32 },
    /// A proxy's wait before a retry is over.
    ProxyRetryDue(Handle),
    /// A proxy's attempt at a request has taken too long.
    TryOver { request: Handle, attempt: u16 },
    /// A proxy's ejections take effect.
    Ejections(u16),
    /// A proxy's new process takes over from the old one.
    Reloaded(u16),
    /// A proxy may reload again.
    ReloadAgain(u16),
    /// All proxies are reloaded.
    ReloadAll,
    /// An old process closes this client's connection, if it is idle.
    OldCloses(Handle),
    /// An old process severs what it has under way; at its exit, all that it has.
    OldStops { proxy: u16, generation: u16, exits: bool },
    /// A draining proxy listens no more.
    ListenerOver(u16),
    /// The deregistration delay of a removed pod is over.
    DeregistrationOver { proxy: u16, pod: u32 },
    /// A proxy purges its idle connections to a pod.
    Purge { proxy: u16, pod: u32 },
    /// A proxy learns that a terminating pod is not to be fallen back on any more.
    Withdrawn { proxy: u16, pod: u32 },
    /// A proxy asks its name server.
    Resolve(u16),
    /// A proxy sends an active health check.
    HealthCheck { proxy: u16, pod: u32 },
    /// The check's answer would be too late now.
    HealthTimeout { proxy: u16, pod: u32, check: u32 },
    /// The controllers' own.
    Rollout(rollout::Event),
    /// An entry of `deploy.events`, or the deploy itself (0).
    Action(u32),
    /// A node's own.
    Node(NodeEvent),
    /// An interval of the analysis is over.
    Analysis,
    /// Measurements of an Argo analysis are due.
    Trials,
    /// The autoscaler's own.
    Autoscaler(AutoscalerEvent),
    /// A request at a worker has waited too long for a connection to the dependency.
    AcquireTimeout { pod: u32, worker: u32, ticket: u32 },
    /// The levels are sampled.
    Sample,
    /// Nothing more is measured.
    End,
}

/// A pod's own clock. Steps of one container carry how many its pod had before: those of a container that is no more are stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodTimer {
    /// It begins to listen.
    Started(u16),
    /// It asks again for connections to the dependency.
    OpenPool(u16),
    /// A probe is due.
    Probe(ProbeKind, u16),
    /// A probe sent through the queue would be too late now.
    ProbeTimeout(ProbeKind, u16),
    /// The way down begins (at once, or when the balancer has drained it).
    Terminate,
    /// SIGTERM.
    PreStopOver(u16),
    /// The listener closes.
    LameDuckOver(u16),
    /// One of the jobs of a draining pod is over.
    JobOver,
    /// What is in flight is severed.
    DrainOver(u16),
    /// It exits.
    CleanupOver(u16),
    /// Its probes have failed for long enough to say that it no longer serves.
    ServingOver,
    /// The proxy beside it exits.
    SidecarOver(u16),
    /// SIGKILL.
    GraceOver(u16),
    /// It dies by itself.
    Crash(u16),
}
