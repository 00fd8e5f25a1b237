//! A pod at work: workers, one first-in-first-out queue for requests and handshakes, overflow, warm-up.

use std::collections::VecDeque;

use crate::engine::{Dur, Family, Handle, SimTime};
use crate::scenario::{self, OnOverflow, WarmupOver};

use super::event::{Event, PodTimer};
use super::fact::{Cause, Fact, PodId, PodStep, Revision};
use super::lifecycle::{Phase, Step};
use super::link::Link;
use super::probe::Probing;
use super::proxy::REFUSED;
use super::request::{Job, Place, Request};
use super::version::Version;
use super::workers::Workers;
use super::world::{Cal, Observer, World};

const _: () =
    assert!(std::mem::offset_of!(Pod, phase) + size_of::<Phase>() <= 64, "what each request touches is one cache line");

/// A pod. What each request touches stands first, in one cache line: among 10,000 pods lines are what a request costs.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Pod {
    pub(super) queue: VecDeque<Job>,
    pub(super) workers: Workers,
    /// Requests in the pod, queued or served, and streams that it does not close: what a drain waits for.
    pub(super) in_flight: u32,
    pub(super) revision: Revision,
    pub(super) phase: Phase,
    /// Whether it was warm from the start.
    pub(super) warm: bool,
    /// Whether a proxy has ever taken it out of its table.
    pub(super) left_a_table: bool,
    /// Whether its machine is gone: nothing that is sent there is ever answered.
    pub(super) lost: bool,
    /// Services that have begun, as far as is known.
    pub(super) services: u32,
    /// Its number among the pods of its revision, in order of creation.
    pub(super) ordinal: u32,
    /// Whether its container accepts a connect.
    pub(super) listening: bool,
    /// What the proxy beside its container answers in its place, while that does not listen any more; 0 = there is none that does.
    pub(super) sidecar: u16,
    /// Whether its container is gone, and that proxy is not.
    pub(super) exited: bool,
    /// When it last turned Ready.
    pub(super) ready_since: SimTime,
    /// Requests begun since it was Ready, where its warm-up counts them.
    pub(super) begun: u32,
    /// Requests, and handshakes, in the queue.
    pub(super) waiting_requests: u32,
    pub(super) waiting_handshakes: u32,
    /// Its connections.
    pub(super) connections: Vec<u32>,
    /// Changes of what proxies should believe, counted for their random delays.
    pub(super) changes: u32,
    /// Proxies that have it in their table.
    pub(super) routed_by: u32,
    /// Proxies that have been told to add it, and not to remove it.
    pub(super) told: u32,
    /// What came of its container's probes, by kind.
    pub(super) probes: [Probing; 3],
    /// Whether its container has passed its startup probe, if there is one.
    pub(super) startup_passed: bool,
    /// When its container began to start.
    pub(super) container_since: SimTime,
    /// Readiness held down by `deploy.events`.
    pub(super) held_unready: bool,
    /// Whether it is to get traffic when it is Ready.
    pub(super) selected: bool,
    /// Whether proxies have been told that it no longer serves though it terminates.
    pub(super) withdrawn: bool,
    /// Whether its container has been started: it has a node, and its node its image.
    pub(super) container: bool,
    /// How often its container was started anew, how many crashes there were in a row, and since when it listens.
    pub(super) restarts: u16,
    pub(super) crashes: u32,
    pub(super) started: SimTime,
    /// From when on nothing answers at its address.
    pub(super) address_gone: SimTime,
}

impl Pod {
    pub(super) fn new(revision: Revision, ordinal: u32, version: &Version) -> Self {
        let n = version.pod.concurrency;
        Self {
            revision,
            ordinal,
            services: 0,
            phase: Phase::Pending,
            listening: false,
            sidecar: 0,
            exited: false,
            ready_since: SimTime::MAX,
            warm: false,
            left_a_table: false,
            begun: 0,
            workers: Workers::new(n),
            queue: VecDeque::new(),
            waiting_requests: 0,
            waiting_handshakes: 0,
            in_flight: 0,
            connections: Vec::new(),
            changes: 0,
            routed_by: 0,
            told: 0,
            probes: [Probing::default(); 3],
            startup_passed: false,
            container_since: SimTime::MIN,
            held_unready: false,
            selected: true,
            withdrawn: false,
            container: false,
            lost: false,
            restarts: 0,
            crashes: 0,
            started: SimTime::MAX,
            address_gone: SimTime::MAX,
        }
    }

    /// What it takes (bytes).
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.workers.bytes()
            + self.connections.capacity() * size_of::<u32>()
            + self.queue.capacity() * size_of::<Job>()
    }

    /// Old or new: which of the two descriptions is this pod's.
    #[inline]
    pub(super) fn version(&self) -> usize {
        usize::from(self.revision.0 != 0)
    }

    /// Revision and number within it in one number.
    pub(super) fn identity(&self) -> u64 {
        (u64::from(self.revision.0) << 32) | u64::from(self.ordinal)
    }

    /// Whether nothing at its address answers any more, not even by a refusal.
    pub(super) fn is_silent(&self, now: SimTime) -> bool {
        self.phase == Phase::Terminated && (self.lost || self.address_gone <= now)
    }

    /// By how much its services are slowed at `now`.
    #[inline]
    pub(super) fn slowdown(&self, warmup: &scenario::Warmup, now: SimTime) -> f64 {
        if warmup.slowdown <= 1.0 || self.warm {
            return 1.0;
        }
        let done = match warmup.over {
            WarmupOver::Time(span) if span.is_zero() => 1.0,
            WarmupOver::Time(span) => now.saturating_since(self.ready_since).secs() / span.secs(),
            WarmupOver::Requests(n) => f64::from(self.begun) / f64::from(n.max(1)),
        };
        1.0 + (warmup.slowdown - 1.0) * (1.0 - done).max(0.0)
    }

    /// Where the end of a service of this pod, number `pod`, stands among others at one moment: by pod, then as they begin.
    #[inline(always)]
    pub(super) const fn next_rank(&mut self, pod: u32) -> u64 {
        self.services = self.services.wrapping_add(1);
        (pod as u64) << u32::BITS | self.services as u64
    }

    /// What `work` that begins at `start` takes, slowed as the pod is then.
    #[inline(always)]
    pub(super) fn slowed(&self, version: &Version, work: Dur, start: SimTime) -> Dur {
        let factor = self.slowdown(&version.pod.warmup, start);
        if factor > 1.0 { work.scale(factor) } else { work }
    }

    /// The work of a request that begins at `start`: by its number in a family, slowed as the pod is then.
    #[inline(always)]
    pub(super) fn work(&self, version: &Version, family: Family, ordinal: u64, start: SimTime) -> Dur {
        let factor = self.slowdown(&version.pod.warmup, start) * version.pod.slower;
        let work = version.service.sample(&mut family.stream(ordinal), ordinal);
        // Times 1 is left alone, not computed.
        if (factor - 1.0).abs() > 0.0 { work.scale(factor) } else { work }
    }
}

impl<O: Observer> World<O> {
    /// Adds a pod and its links to every proxy.
    pub(super) fn add_pod(&mut self, revision: Revision, ordinal: u32) -> u32 {
        let id = self.pods.len() as u32;
        let version = &self.versions[usize::from(revision.0 != 0)];
        self.pods.push(Pod::new(revision, ordinal, version));
        self.links.extend((0..self.proxies.len()).map(|_| Link::new()));
        self.calm.add_pod();
        id
    }

    #[inline]
    pub(super) fn link(&self, proxy: u16, pod: u32) -> usize {
        pod as usize * self.proxies.len() + usize::from(proxy)
    }

    pub(super) fn tell_step(&mut self, pod: u32, step: PodStep, cal: &Cal) {
        let revision = self.pods[pod as usize].revision;
        self.tell(cal, Fact::Pod { pod: PodId(pod), revision, step });
    }

    /// A request reaches its pod on a connection that stands.
    pub(super) fn on_request_at_pod(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.arrive_at_pod(r, cal);
        }
    }

    /// Request `r` is at its pod.
    #[inline(always)]
    pub(super) fn arrive_at_pod(&mut self, r: u32, cal: &mut Cal) {
        if O::TIERED && self.has_tier_behind() {
            return self.pass_on(r, cal);
        }
        let (request, handle) = self.requests.with_handle(r);
        let Request { pod, population, ordinal, abandoned, .. } = *request;
        let job = Job::Serve { request: handle, population, ordinal };
        if abandoned {
            self.drop_request(r);
            let p = &self.pods[pod as usize];
            if p.phase != Phase::Terminated && p.sidecar == 0 {
                self.admit(pod, job, cal);
            }
            return;
        }
        let (connection, upkeep) = self.connections.whole_mut(request.carrier(self.layer));
        // Where the pod has closed the connection, its owner learns of that, and with it of the request's fate.
        if connection.pod_closed {
            return;
        }
        upkeep.in_pod += 1;
        if self.pods[pod as usize].sidecar != 0 {
            return self.answer_by_sidecar(r, Cause::StaleRoute, cal);
        }
        request.place = Place::Queued;
        if !self.admit(pod, job, cal) {
            self.requests[r].cause = Some(Cause::Overflow);
            let version = self.pods[pod as usize].version();
            let status = match self.versions[version].pod.on_overflow {
                OnOverflow::Status503 => 503,
                OnOverflow::Refuse => REFUSED,
            };
            self.answer(r, version, status, false, cal);
            return;
        }
        if self.versions.iter().any(|version| version.pod.crash.in_flight.is_some()) {
            self.crash_if_overfull(pod, cal);
        }
    }

    /// Gives `job` to a free worker or the queue; false where a request finds the queue full.
    #[inline(always)]
    pub(super) fn admit(&mut self, pod: u32, job: Job, cal: &mut Cal) -> bool {
        if self.admits_known(pod, job, cal) {
            return true;
        }
        let p = &mut self.pods[pod as usize];
        if p.queue.is_empty() && p.workers.any_free() {
            self.begin_job(pod, job, true, cal);
            return true;
        }
        if p.lost {
            self.swallow(job);
            return true;
        }
        match job {
            Job::Serve { .. } if p.waiting_requests >= self.versions[p.version()].pod.queue => return false,
            Job::Serve { .. } => {
                p.waiting_requests += 1;
                p.in_flight += 1;
                self.levels.queued += 1;
            }
            Job::Handshake(_) => p.waiting_handshakes += 1,
            Job::Query { .. } | Job::Probe(..) | Job::Check { .. } | Job::Stopped => {}
        }
        p.queue.push_back(job);
        true
    }

    /// A free worker of `pod` begins `job`, which has waited in the queue unless it is `new`.
    #[inline(always)]
    fn begin_job(&mut self, pod: u32, job: Job, new: bool, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        let version = &self.versions[p.version()];
        let work = match job {
            Job::Serve { request, population, ordinal } => {
                p.in_flight += u32::from(new);
                if let Some(request) = self.requests.live_mut(request) {
                    request.place = Place::Serving;
                }
                let work = p.work(version, self.populations[usize::from(population)].service, ordinal, cal.now());
                // Counted only where somebody asks, and slowed by those before it alone.
                if matches!(version.pod.warmup.over, WarmupOver::Requests(_)) {
                    p.begun = p.begun.saturating_add(1);
                }
                work
            }
            Job::Handshake(connection) => {
                if let Some(c) = self.connections.live(connection) {
                    self.connections[c].stage = super::connection::Stage::Handshaking;
                }
                p.slowed(version, self.handshake.time, cal.now())
            }
            Job::Query { .. } | Job::Probe(..) | Job::Check { .. } | Job::Stopped => Dur::ZERO,
        };
        let p = &mut self.pods[pod as usize];
        let rank = p.next_rank(pod);
        let worker = p.workers.begin(job);
        if self.dependency.is_some() && self.begin_query(pod, worker, job, work, cal) {
            return;
        }
        cal.end_at(cal.now() + work, rank, Event::JobDone { pod, worker });
    }

    /// A worker is done, and takes the next job.
    #[inline(always)]
    pub(super) fn on_job_done(&mut self, pod: u32, worker: u32, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        // A killed pod's workers never finish.
        let Some(job) = p.workers.job(worker) else { return };
        match job {
            // Its place has been taken long ago.
            Job::Stopped => return p.workers.dismiss(worker),
            Job::Query { .. } => return self.query_over(pod, worker, job, cal),
            _ => p.workers.release(worker),
        }
        // Its worker is free before whatever comes of it, which may be the next request at once.
        if !p.queue.is_empty() {
            self.next_job(pod, cal);
        }
        self.job_over(pod, job, cal);
        if self.pods[pod as usize].phase.step() == Some(Step::Drain) {
            // When all that ends at this moment has ended, whoever is asked first.
            Self::pod_timer(pod, Dur::ZERO, PodTimer::JobOver, cal);
        }
    }

    /// What `job` was for is done.
    #[inline(always)]
    pub(super) fn job_over(&mut self, pod: u32, job: Job, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        match job {
            Job::Stopped | Job::Query { .. } => {}
            Job::Serve { request, .. } => {
                p.in_flight -= 1;
                let version = p.version();
                if let Some(r) = self.requests.live(request) {
                    let status = self.served_status(r, version);
                    self.answer(r, version, status, true, cal);
                }
            }
            Job::Handshake(connection) => {
                if let Some(c) = self.connections.live(connection) {
                    self.stands_at_pod(c, cal);
                }
            }
            Job::Probe(kind, probe) => self.probe_over(pod, kind, probe, true, cal),
            Job::Check { proxy, check } => self.on_check_answered(proxy, pod, check, cal),
        }
    }

    #[inline]
    pub(super) fn next_job(&mut self, pod: u32, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        if !p.workers.any_free() {
            return;
        }
        if let Some(job) = p.queue.pop_front() {
            match job {
                Job::Serve { .. } => {
                    p.waiting_requests -= 1;
                    self.levels.queued -= 1;
                }
                Job::Handshake(_) => p.waiting_handshakes -= 1,
                Job::Query { .. } | Job::Probe(..) | Job::Check { .. } | Job::Stopped => {}
            }
            self.begin_job(pod, job, false, cal);
        }
    }
}
