//! A small event loop around the controllers: a fake kubelet with the case's delays, and a watching client.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::case::{Case, Doing, Run, revision_name, time};
use crate::engine::{Dur, SimTime, Streams};
use crate::fleet::fact::{PodId, Revision};
use crate::fleet::rollout::{Command, Event, Rollout};

/// Where pods' delays come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delays {
    /// The case's configuration.
    Configured,
    /// What the main run's kubelet took for the pod of the same number, noise included.
    Measured,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Action(usize),
    Timer(Event),
    Ready(PodId),
    Gone(PodId),
}

struct Replay<'a> {
    case: &'a Case,
    delays: Delays,
    rollout: Rollout,
    queue: BinaryHeap<Reverse<(SimTime, u64, Due)>>,
    pushed: u64,
    /// (revision, ordinal) of each pod.
    names: Vec<(Revision, u32)>,
    sizes: Vec<u32>,
    log: Log,
}

/// What a simulated run leaves: what is compared, and who was deleted when.
#[derive(Clone, Debug)]
pub struct Log {
    pub run: Run,
    pub deletions: Vec<(f64, Revision, u32)>,
}

/// Plays `case` to the end of its observation, and 20 s more, with the controllers and the wall clock of `recorded`.
pub fn replay(case: &Case, recorded: &Run, delays: Delays, seed: u64) -> Log {
    let wall_clock_fraction = recorded.wall_clock_fraction;
    let rollout =
        Rollout::new(&case.spec(wall_clock_fraction, recorded.release), Streams::new(seed, 0), case.initial());
    let names = rollout.pods().map(|p| (p.revision, p.ordinal)).collect();
    let mut sizes = vec![0; case.config.startup.len()];
    sizes[0] = rollout.replicas();
    let run = Run {
        release: recorded.release,
        name: "simulated".into(),
        wall_clock_fraction,
        jitter_p90: 0.0,
        complete_at: None,
        sizes: vec![(-1e3, sizes.clone())],
        levels: Vec::new(),
        conditions: Vec::new(),
    };
    let log = Log { run, deletions: Vec::new() };
    let mut replay = Replay { case, delays, rollout, queue: BinaryHeap::new(), pushed: 0, names, sizes, log };
    for (index, action) in case.config.actions.iter().enumerate() {
        replay.push(time(action.at), Due::Action(index));
    }
    replay.run(time(case.observed_until + 20.0));
    replay.log
}

impl Replay<'_> {
    fn push(&mut self, at: SimTime, due: Due) {
        self.queue.push(Reverse((at, self.pushed, due)));
        self.pushed += 1;
    }

    fn run(&mut self, end: SimTime) {
        self.note_levels(time(-1e3));
        let mut out = Vec::new();
        while let Some(Reverse((now, _, due))) = self.queue.pop() {
            if now > end {
                break;
            }
            match due {
                Due::Action(index) => self.act(now, index, &mut out),
                Due::Timer(event) => self.rollout.on_event(now, event, &mut out),
                Due::Ready(pod) => {
                    // The kubelet cancels a pending readiness when it sees the deletion.
                    if self.rollout.pod(pod).is_some_and(|p| !p.terminating) {
                        self.rollout.pod_ready(now, pod, &mut out);
                    }
                }
                Due::Gone(pod) => self.rollout.pod_gone(now, pod, &mut out),
            }
            for command in std::mem::take(&mut out) {
                self.execute(now, command);
            }
            self.note_levels(now);
        }
    }

    fn act(&mut self, now: SimTime, index: usize, out: &mut Vec<Command>) {
        match self.case.config.actions[index].doing() {
            Doing::Act(action) => {
                self.log.run.complete_at = None;
                self.rollout.act(now, &action, out);
            }
            Doing::Readiness { revision, ordinals, ready } => {
                let named: Vec<PodId> = ordinals
                    .iter()
                    .filter_map(|&o| self.names.iter().position(|&name| name == (revision, o)))
                    .map(|i| PodId(i as u32))
                    .collect();
                for pod in named {
                    if ready {
                        self.rollout.pod_ready(now, pod, out);
                    } else {
                        self.rollout.pod_unready(now, pod, out);
                    }
                }
            }
        }
    }

    fn execute(&mut self, now: SimTime, command: Command) {
        match command {
            Command::Schedule { at, event } => self.push(at, Due::Timer(event)),
            Command::CreatePod { pod, revision, ordinal, place: _ } => {
                assert_eq!(pod.0 as usize, self.names.len(), "pods are numbered in the order of their creation");
                self.names.push((revision, ordinal));
                if let Some(nodes) = self.case.config.nodes {
                    self.rollout.pod_bound(pod, ordinal % nodes);
                }
                if let Some(delay) = self.delay(pod, Half::Startup) {
                    self.push(now + Dur::from_secs_f64(delay), Due::Ready(pod));
                }
            }
            Command::DeletePod { pod } => {
                let (revision, ordinal) = self.names[pod.0 as usize];
                self.log.deletions.push((now.secs(), revision, ordinal));
                let delay = self.delay(pod, Half::Termination).unwrap_or(0.0);
                self.push(now + Dur::from_secs_f64(delay), Due::Gone(pod));
            }
            Command::Desired { revision, size } => {
                self.sizes[usize::from(revision.0)] = size;
                self.log.run.sizes.push((now.secs(), self.sizes.clone()));
            }
            Command::Condition(c) => {
                if now >= SimTime::ZERO {
                    let words = (format!("{:?}", c.kind), format!("{:?}", c.status), format!("{:?}", c.reason));
                    self.log.run.conditions.push((now.secs(), words.0, words.1, words.2));
                }
            }
            Command::Select { .. } => panic!("a Deployment's Service selects all its pods"),
            Command::Route(_) => panic!("no router splits a Deployment's traffic"),
            Command::Complete => self.log.run.complete_at = Some(now.secs()),
        }
    }

    fn delay(&self, pod: PodId, half: Half) -> Option<f64> {
        let (revision, ordinal) = self.names[pod.0 as usize];
        let name = revision_name(revision);
        let configured = match half {
            Half::Startup => self.case.config.startup[name].of(ordinal)?,
            Half::Termination => self.case.config.termination[name].of(ordinal)?,
        };
        let measured = || {
            let row = self.case.pods.iter().find(|p| p.rev == name && p.rev_i == ordinal)?;
            match half {
                Half::Startup => Some(row.ready? - row.created),
                Half::Termination => Some(row.gone? - row.deletion_requested?),
            }
        };
        let strict = self.delays == Delays::Measured;
        Some(measured().filter(|_| strict).unwrap_or(configured))
    }

    fn note_levels(&mut self, now: SimTime) {
        let mut counts: BTreeMap<Revision, (u32, u32)> = BTreeMap::new();
        for pod in self.rollout.pods().filter(|p| !p.terminating) {
            let count = counts.entry(pod.revision).or_default();
            count.0 += 1;
            count.1 += u32::from(pod.ready);
        }
        let revisions = self.sizes.len().max(2) as u16;
        let of = |r| counts.get(&Revision(r)).copied().unwrap_or_default();
        let row: Vec<u32> = (0..revisions).flat_map(|r| [of(r).0, of(r).1]).collect();
        let levels = &mut self.log.run.levels;
        match levels.last_mut() {
            Some(last) if last.1 == row => {}
            // Several changes at one moment are one.
            Some(last) if last.0 == now.secs() => last.1 = row,
            _ => levels.push((now.secs(), row)),
        }
    }
}

#[derive(Clone, Copy)]
enum Half {
    Startup,
    Termination,
}
