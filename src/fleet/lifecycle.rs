//! A pod's life as a table: which signal is possible in which phase, and where it leads.

/// Where a pod is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Created, not listening yet.
    Pending,
    /// Listening, not Ready.
    Running,
    /// Ready.
    Ready,
    /// Its container is being stopped, to be started anew; and whether it still counts as Ready.
    Stopping(Step, bool),
    /// It has a deletion timestamp.
    Terminating(Step),
    /// Its process is gone.
    Terminated,
}

/// How far down a pod is that terminates, or whose container is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The balancer drains it first; its own clock has not begun.
    Deregistering,
    /// The preStop hook runs.
    PreStop,
    /// SIGTERM was ignored.
    Ignoring,
    /// SIGTERM was taken; the listener is still open.
    LameDuck,
    /// The listener is closed; what is in flight goes on.
    Drain,
    /// Nothing is in flight; datastores and the like are closed.
    Cleanup,
}

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// It begins to listen.
    Started,
    /// Enough probes have passed.
    ProbePassed,
    /// Enough probes have failed.
    ProbeFailed,
    /// Its container has failed a probe that it must not fail, and is to be stopped.
    Condemned,
    /// It gets its deletion timestamp.
    Deleted,
    /// Its own clock begins: preStop and the grace period.
    Terminate,
    /// SIGTERM, which it drains on.
    SigtermDrains,
    /// SIGTERM, on which it exits.
    SigtermExits,
    /// SIGTERM, which it ignores.
    SigtermIgnored,
    /// It closes its listener.
    ListenerCloses,
    /// Nothing is in flight any more, or the drain window is over.
    Drained,
    /// It exits.
    Exits,
    /// SIGKILL.
    Killed,
    /// Its container ends, by itself or stopped, and will be started again.
    Crashed,
    /// Its machine is gone.
    Lost,
}

impl Step {
    /// The step after `signal`, of a process that goes down by itself.
    const fn on(self, signal: Signal) -> Option<Self> {
        match (self, signal) {
            (Self::PreStop, Signal::SigtermDrains) => Some(Self::LameDuck),
            (Self::PreStop, Signal::SigtermIgnored) => Some(Self::Ignoring),
            (Self::LameDuck, Signal::ListenerCloses) => Some(Self::Drain),
            (Self::Drain, Signal::Drained) => Some(Self::Cleanup),
            _ => None,
        }
    }
}

impl Phase {
    /// The phase after `signal`, or `None` for one that a pod in this phase cannot get.
    pub(super) const fn on(self, signal: Signal) -> Option<Self> {
        use Phase::{Pending, Ready, Running, Stopping, Terminated, Terminating};
        use Step::{Cleanup, Deregistering, Drain, PreStop};
        Some(match (self, signal) {
            (Pending, Signal::Started) | (Ready, Signal::ProbeFailed) => Running,
            (Pending | Running | Ready | Stopping(..), Signal::Crashed) => Pending,
            (Running, Signal::ProbePassed) => Ready,
            (Pending | Running | Ready, Signal::Deleted) => Terminating(Deregistering),
            (Pending | Running, Signal::Condemned) => Stopping(PreStop, false),
            (Ready, Signal::Condemned) => Stopping(PreStop, true),
            (Stopping(step, true), Signal::ProbeFailed) => Stopping(step, false),
            (Stopping(step, false), Signal::ProbePassed) => Stopping(step, true),
            // What stops it goes on.
            (Stopping(step, _), Signal::Deleted) => Terminating(step),
            (Terminating(Deregistering), Signal::Terminate) => Terminating(PreStop),
            (Terminating(PreStop), Signal::SigtermExits)
            | (Terminating(Cleanup), Signal::Exits)
            | (Terminating(PreStop | Step::Ignoring | Step::LameDuck | Drain | Cleanup), Signal::Killed)
            | (Pending | Running | Ready | Stopping(..) | Terminating(_), Signal::Lost) => Terminated,
            (Terminating(step), _) => match step.on(signal) {
                Some(next) => Terminating(next),
                None => return None,
            },
            (Stopping(step, ready), _) => match step.on(signal) {
                Some(next) => Stopping(next, ready),
                None => return None,
            },
            _ => return None,
        })
    }

    /// How far down it is; `None` while its container is to run.
    #[inline]
    pub(super) const fn step(self) -> Option<Step> {
        match self {
            Self::Terminating(step) | Self::Stopping(step, _) => Some(step),
            _ => None,
        }
    }

    /// Whether the pod is Ready and not being deleted.
    pub(super) const fn is_ready(self) -> bool {
        matches!(self, Self::Ready | Self::Stopping(_, true))
    }

    /// Whether the pod has a deletion timestamp.
    pub(super) const fn is_deleted(self) -> bool {
        matches!(self, Self::Terminating(_) | Self::Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    const TABLE: &str = "\
Pending + Started -> Running
Pending + Condemned -> Stopping(PreStop, false)
Pending + Deleted -> Terminating(Deregistering)
Pending + Crashed -> Pending
Pending + Lost -> Terminated
Running + ProbePassed -> Ready
Running + Condemned -> Stopping(PreStop, false)
Running + Deleted -> Terminating(Deregistering)
Running + Crashed -> Pending
Running + Lost -> Terminated
Ready + ProbeFailed -> Running
Ready + Condemned -> Stopping(PreStop, true)
Ready + Deleted -> Terminating(Deregistering)
Ready + Crashed -> Pending
Ready + Lost -> Terminated
Stopping(PreStop, true) + ProbeFailed -> Stopping(PreStop, false)
Stopping(PreStop, true) + Deleted -> Terminating(PreStop)
Stopping(PreStop, true) + SigtermDrains -> Stopping(LameDuck, true)
Stopping(PreStop, true) + SigtermIgnored -> Stopping(Ignoring, true)
Stopping(PreStop, true) + Crashed -> Pending
Stopping(PreStop, true) + Lost -> Terminated
Stopping(PreStop, false) + ProbePassed -> Stopping(PreStop, true)
Stopping(PreStop, false) + Deleted -> Terminating(PreStop)
Stopping(PreStop, false) + SigtermDrains -> Stopping(LameDuck, false)
Stopping(PreStop, false) + SigtermIgnored -> Stopping(Ignoring, false)
Stopping(PreStop, false) + Crashed -> Pending
Stopping(PreStop, false) + Lost -> Terminated
Stopping(Ignoring, true) + ProbeFailed -> Stopping(Ignoring, false)
Stopping(Ignoring, true) + Deleted -> Terminating(Ignoring)
Stopping(Ignoring, true) + Crashed -> Pending
Stopping(Ignoring, true) + Lost -> Terminated
Stopping(LameDuck, true) + ProbeFailed -> Stopping(LameDuck, false)
Stopping(LameDuck, true) + Deleted -> Terminating(LameDuck)
Stopping(LameDuck, true) + ListenerCloses -> Stopping(Drain, true)
Stopping(LameDuck, true) + Crashed -> Pending
Stopping(LameDuck, true) + Lost -> Terminated
Stopping(Drain, true) + ProbeFailed -> Stopping(Drain, false)
Stopping(Drain, true) + Deleted -> Terminating(Drain)
Stopping(Drain, true) + Drained -> Stopping(Cleanup, true)
Stopping(Drain, true) + Crashed -> Pending
Stopping(Drain, true) + Lost -> Terminated
Stopping(Cleanup, true) + ProbeFailed -> Stopping(Cleanup, false)
Stopping(Cleanup, true) + Deleted -> Terminating(Cleanup)
Stopping(Cleanup, true) + Crashed -> Pending
Stopping(Cleanup, true) + Lost -> Terminated
Terminating(Deregistering) + Terminate -> Terminating(PreStop)
Terminating(Deregistering) + Lost -> Terminated
Terminating(PreStop) + SigtermDrains -> Terminating(LameDuck)
Terminating(PreStop) + SigtermExits -> Terminated
Terminating(PreStop) + SigtermIgnored -> Terminating(Ignoring)
Terminating(PreStop) + Killed -> Terminated
Terminating(PreStop) + Lost -> Terminated
Terminating(Ignoring) + Killed -> Terminated
Terminating(Ignoring) + Lost -> Terminated
Terminating(LameDuck) + ListenerCloses -> Terminating(Drain)
Terminating(LameDuck) + Killed -> Terminated
Terminating(LameDuck) + Lost -> Terminated
Terminating(Drain) + Drained -> Terminating(Cleanup)
Terminating(Drain) + Killed -> Terminated
Terminating(Drain) + Lost -> Terminated
Terminating(Cleanup) + Exits -> Terminated
Terminating(Cleanup) + Killed -> Terminated
Terminating(Cleanup) + Lost -> Terminated
";

    /// Reviewers see a changed lifecycle at once: the whole table, every possible pair.
    #[test]
    fn the_table() {
        use Signal::*;
        use Step::*;
        let mut phases = vec![Phase::Pending, Phase::Running, Phase::Ready];
        phases.extend([true, false].map(|ready| Phase::Stopping(PreStop, ready)));
        phases.extend([Ignoring, LameDuck, Drain, Cleanup].map(|step| Phase::Stopping(step, true)));
        phases.extend([Deregistering, PreStop, Ignoring, LameDuck, Drain, Cleanup].map(Phase::Terminating));
        phases.push(Phase::Terminated);
        let signals = [
            Started,
            ProbePassed,
            ProbeFailed,
            Condemned,
            Deleted,
            Terminate,
            SigtermDrains,
            SigtermExits,
            SigtermIgnored,
            ListenerCloses,
            Drained,
            Exits,
            Killed,
            Crashed,
            Lost,
        ];
        let mut table = String::new();
        for phase in &phases {
            for signal in signals {
                if let Some(next) = phase.on(signal) {
                    writeln!(table, "{phase:?} + {signal:?} -> {next:?}").expect("writing to a string");
                }
            }
        }
        assert_eq!(table, TABLE);
    }
}
