//! The observer that measures one replication.

use super::bins::Bins;
use super::cells::{Cells, cell};
use super::digest::Digest;
use super::level_tally::LevelTally;
use super::peak::PeakMeter;
use super::recovery::Recovery;
use super::replication::{Phase, PhaseTally, PodLife, Replication, RolloutTally};
use super::sure::Sure;
use crate::engine::SimTime;
use crate::fleet::Observer;
use crate::fleet::fact::{
    AnalysisOf, AnalysisVerdict, CalmEnd, Cause, Fact, Levels, NodeId, NodeStep, Outcome, PodId, PodStep, Revision,
    Side,
};
use crate::scenario::{Layer, Scenario};

/// Measures one replication.
#[derive(Clone, Debug)]
pub struct Collector {
    has_deploy: bool,
    /// Connections that reach the pods are these.
    pods_side: Side,
    measured_from: SimTime,
    settled: Option<SimTime>,
    digest: Digest,
    born: u64,
    phases: [PhaseTally; 3],
    /// Requests that nothing happened to, by phase: not in the tallies yet.
    calm: [u64; 3],
    /// The phase that such a request surely belongs to.
    sure: Sure,
    latencies: [Cells; 3],
    /// By side, in *before* and from then on: a peak may lie across the end of *during*.
    peaks: [[PeakMeter; 2]; 2],
    levels: LevelTally,
    complete: Option<SimTime>,
    bins: Bins,
    decisions: Vec<(SimTime, Revision, u32)>,
    nodes: Vec<(SimTime, NodeId, NodeStep)>,
    scaled: Vec<(SimTime, u32)>,
    analyses: Vec<(SimTime, Option<AnalysisOf>, AnalysisVerdict)>,
    pods: Vec<PodLife>,
}

impl Collector {
    /// A collector for one replication of `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        let measured_from = scenario.measured_from();
        Self {
            has_deploy: scenario.deploy.is_some(),
            pods_side: if scenario.rolled().balancer.layer == Layer::L7 { Side::Upstream } else { Side::Client },
            measured_from,
            settled: None,
            digest: Digest::default(),
            born: 0,
            phases: Default::default(),
            calm: [0; 3],
            sure: Sure::NOTHING,
            latencies: [Cells::new(), Cells::new(), Cells::new()],
            peaks: [[PeakMeter::EMPTY; 2]; 2],
            levels: LevelTally::new(scenario),
            complete: None,
            bins: Bins::new(measured_from),
            decisions: Vec::new(),
            pods: Vec::new(),
            nodes: Vec::new(),
            scaled: Vec::new(),
            analyses: Vec::new(),
        }
    }

    /// The phase that `t` lies in, with what is known now; `None` in the discarded warm-up.
    #[inline]
    fn phase_of(&self, t: SimTime) -> Option<Phase> {
        if t < self.measured_from {
            None
        } else if !self.has_deploy || t < SimTime::ZERO {
            Some(Phase::Before)
        } else if self.settled.is_none_or(|s| t <= s) {
            Some(Phase::During)
        } else {
            Some(Phase::After)
        }
    }

    /// The phase that a request belongs to which was born at `born` and ends at `now`: *during* if any moment of its life is in
    /// it, else that of its birth.
    #[inline]
    fn phase_of_request(&self, born: SimTime, now: SimTime) -> Option<Phase> {
        match self.phase_of(born) {
            None | Some(Phase::Before) if self.has_deploy && now >= SimTime::ZERO => Some(Phase::During),
            phase => phase,
        }
    }

    #[inline(always)]
    fn ended(&mut self, now: SimTime, fact: &Fact) {
        let Fact::Ended { born, outcome, cause, attempts, stream, .. } = *fact else { return };
        let latency = now.since(born).nanos();
        let timed = outcome == Outcome::Ok && !stream;
        let cell = cell((latency + 500) / 1_000);
        if now >= self.measured_from {
            self.bins.ended(outcome, timed.then_some(cell));
        }
        let Some(phase) = self.phase_of_request(born, now) else { return };
        let tally = &mut self.phases[phase as usize];
        tally.requests += 1;
        tally.retried += u64::from(attempts > 1);
        tally.attempts += u64::from(attempts);
        match (outcome, cause) {
            (Outcome::Ok, None) => tally.succeeded += 1,
            (dropped, Some(cause)) if dropped != Outcome::Ok => {
                tally.outcomes[dropped as usize - 1] += 1;
                tally.causes[cause as usize] += 1;
            }
            (outcome, cause) => panic!("a request ended with {outcome:?} and the cause {cause:?}"),
        }
        if timed {
            self.latencies[phase as usize].count(cell);
            tally.latency_sum_ns += u128::from(latency);
            tally.latency_max_ns = tally.latency_max_ns.max(latency);
        }
    }

    /// A request that nothing happened to ends outside of the stretch that is known.
    #[cold]
    #[inline(never)]
    fn ended_elsewhere(&mut self, now: SimTime, end: CalmEnd) {
        self.answered(now, 200);
        self.ended(now, &end.fact());
        let Some(phase) = self.phase_of_request(end.born, now) else { return };
        self.sure = Sure::within(phase, self.measured_from, self.has_deploy, self.settled);
    }

    #[inline(always)]
    fn answered(&mut self, now: SimTime, status: u16) {
        let kind = [200, 500, 502, 503, 504].iter().position(|&s| s == status);
        if let (Some(phase), Some(kind)) = (self.phase_of(now), kind) {
            self.phases[phase as usize].answers[kind] += 1;
        }
    }

    fn opened(&mut self, now: SimTime, side: Side, reconnect: bool) {
        let Some(phase) = self.phase_of(now) else { return };
        let tally = &mut self.phases[phase as usize].connections[side as usize];
        tally.opened += 1;
        if reconnect {
            tally.reconnects += 1;
            let now_in_ten = self.peaks[usize::from(phase != Phase::Before)][side as usize].count(now);
            tally.peak_reconnects_per_second = tally.peak_reconnects_per_second.max(now_in_ten);
            if side == self.pods_side {
                self.bins.reconnected();
            }
        }
    }

    fn took_step(&mut self, now: SimTime, pod: PodId, revision: Revision, step: PodStep) {
        if pod.tier().is_some() {
            // What stands behind another tier is none of those that the forecast is about.
            return;
        }
        let at = pod.0 as usize;
        if self.pods.len() <= at {
            self.pods.push(PodLife::unborn(pod, revision));
        }
        let life = &mut self.pods[at];
        match step {
            PodStep::Created => life.created = Some(now),
            // Pods that were there before the simulation began have neither moment.
            PodStep::Ready if life.created.is_some() => drop(life.ready.get_or_insert(now)),
            PodStep::DeletionRequested => life.deletion_requested = Some(now),
            PodStep::Sigterm => life.sigterm = Some(now),
            PodStep::ListenerClosed => life.listener_closed = Some(now),
            PodStep::Exited | PodStep::Killed => {
                life.gone = Some(now);
                life.killed = step == PodStep::Killed;
            }
            PodStep::Lost => {
                life.listener_closed.get_or_insert(now);
                (life.gone, life.lost) = (Some(now), true);
            }
            PodStep::Condemned => drop(life.condemned.get_or_insert(now)),
            PodStep::Crashed => life.restarts += 1,
            PodStep::Started | PodStep::Ready | PodStep::Unready => {}
        }
    }

    /// Whether `now` lies where levels count: in *during*, or anywhere with no deploy.
    fn levels_count(&self, now: SimTime) -> bool {
        if self.has_deploy { now >= SimTime::ZERO && self.settled.is_none() } else { now >= self.measured_from }
    }

    fn levels_changed(&mut self, now: SimTime, levels: Levels) {
        self.bins.levels(now, levels);
        if self.levels_count(now) {
            self.levels.hold_until(now);
        }
        self.levels.change(levels);
    }

    fn decided(&mut self, now: SimTime, revision: Revision, size: u32) {
        if now >= SimTime::ZERO {
            self.decisions.push((now, revision, size));
        }
    }

    /// What was measured, when the simulation has ended at `end`.
    ///
    /// # Panics
    /// If requests were lost: born and ended, dropped and causes must agree.
    pub fn finish(mut self, end: SimTime) -> Replication {
        if self.levels_count(end) {
            self.levels.hold_until(end);
        }
        let settled = self.settled.unwrap_or(end);
        let during = settled.saturating_since(SimTime::ZERO).secs();
        let [before, in_between, after] = &mut self.phases;
        if self.has_deploy {
            before.seconds = SimTime::ZERO.saturating_since(self.measured_from).secs();
            in_between.seconds = during;
            after.seconds = end.saturating_since(settled).secs();
        } else {
            before.seconds = end.saturating_since(self.measured_from).secs();
        }
        for ((tally, cells), calm) in self.phases.iter_mut().zip(&self.latencies).zip(self.calm) {
            tally.requests += calm;
            tally.succeeded += calm;
            tally.attempts += calm;
            tally.answers[0] += calm;
            tally.latency = cells.tally();
            let causes: u64 = tally.causes.iter().sum();
            assert_eq!(causes, tally.dropped(), "each dropped request has one cause");
            let accounted = tally.succeeded + tally.dropped() + tally.unfinished;
            assert_eq!(tally.requests, accounted, "each request has one end, or is in flight at the end");
        }
        let mut measured = Replication {
            stood_still: None,
            digest: self.digest.sum,
            simulated_requests: self.born,
            simulated_events: self.digest.facts,
            rollout: self.has_deploy.then(|| RolloutTally {
                duration: self.complete.map(SimTime::secs),
                surge_pod_seconds: self.levels.surge_pod_seconds(),
                peak_pods: self.levels.peak_pods(),
            }),
            recovery: None,
            first_bin: self.bins.first_secs(),
            bins: self.bins.finish(end, self.levels.closed_demand()),
            capacity: self.levels.finish(),
            phases: self.phases,
            decisions: self.decisions,
            pods: self.pods,
            nodes: self.nodes,
            scaled: self.scaled,
            analyses: self.analyses,
        };
        // From its seconds, which a study that keeps only figures throws away.
        measured.recovery = Recovery::of(&measured);
        measured
    }

    /// What it takes beside itself (bytes).
    pub fn bytes(&self) -> usize {
        self.latencies.iter().map(Cells::bytes).sum::<usize>()
            + self.bins.bytes()
            + self.decisions.capacity() * size_of::<(SimTime, Revision, u32)>()
            + self.pods.capacity() * size_of::<PodLife>()
            + self.nodes.capacity() * size_of::<(SimTime, NodeId, NodeStep)>()
            + self.scaled.capacity() * size_of::<(SimTime, u32)>()
    }

    /// A request is in flight at the end: it belongs to *during* if that lasts to the end or saw it, like any other.
    fn unfinished(&mut self, now: SimTime, born: SimTime) {
        if let Some(phase) = self.phase_of_request(born, now) {
            let tally = &mut self.phases[phase as usize];
            tally.unfinished += 1;
            tally.requests += 1;
        }
    }
}

impl Observer for Collector {
    const IN_ORDER: bool = false;

    #[inline(always)]
    fn end_calmly(&mut self, now: SimTime, end: CalmEnd) {
        self.digest.add(now, &end.fact());
        self.bins.advance(now);
        let Some(phase) = self.sure.phase_of(end.born, now) else { return self.ended_elsewhere(now, end) };
        let latency = now.since(end.born).nanos();
        let cell = cell((latency + 500) / 1_000);
        self.bins.ended(Outcome::Ok, Some(cell));
        let phase = phase as usize;
        self.calm[phase] += 1;
        self.latencies[phase].count(cell);
        let tally = &mut self.phases[phase];
        tally.latency_sum_ns += u128::from(latency);
        tally.latency_max_ns = tally.latency_max_ns.max(latency);
    }

    #[inline(always)]
    fn observe(&mut self, now: SimTime, fact: Fact) {
        self.digest.add(now, &fact);
        match fact {
            // Levels end a bin by themselves, and a deploy is no part of one.
            Fact::Levels(_) | Fact::SpecChanged => {}
            _ => self.bins.advance(now),
        }
        match fact {
            Fact::Born => {
                self.born += 1;
            }
            Fact::Ended { .. } => self.ended(now, &fact),
            Fact::Answer(status) => self.answered(now, status),
            Fact::Opened { side, reconnect } => self.opened(now, side, reconnect),
            Fact::ConnectFailed(side) => {
                if let Some(phase) = self.phase_of(now) {
                    self.phases[phase as usize].connections[side as usize].failed += 1;
                }
            }
            Fact::Pod { pod, revision, step } => self.took_step(now, pod, revision, step),
            Fact::Table { .. } | Fact::Severed { .. } | Fact::Deaf { .. } => {}
            Fact::Node { node, step } => self.nodes.push((now, node, step)),
            Fact::Scaled { replicas } => self.scaled.push((now, replicas)),
            Fact::Analysis { of, verdict } => self.analyses.push((now, of, verdict)),
            Fact::Desired { revision, size } => self.decided(now, revision, size),
            Fact::Unfinished { born } => self.unfinished(now, born),
            Fact::SpecChanged => self.complete = None,
            // Before the deploy it is none of its own.
            Fact::Complete if now < SimTime::ZERO => {}
            Fact::Complete => drop(self.complete.get_or_insert(now)),
            Fact::Settled => {
                self.levels.hold_until(now);
                self.settled = Some(now);
                self.sure = Sure::NOTHING;
            }
            Fact::Levels(levels) => self.levels_changed(now, levels),
        }
    }
}

/// A cause is counted at its own place.
const _: () = assert!(Cause::ALL.len() == 10 && Outcome::DROPPED.len() == 8);
