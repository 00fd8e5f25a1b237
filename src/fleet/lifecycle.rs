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
    /// It has a deletion timestamp.
    Terminating(Step),
    /// Its process is gone.
    Terminated,
}

/// How far down a terminating pod is.
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
    /// It dies by itself, and will be started again.
    Crashed,
}

impl Phase {
    /// The phase after `signal`, or `None` for one that a pod in this phase cannot get.
    pub(super) const fn on(self, signal: Signal) -> Option<Self> {
        use Phase::{Pending, Ready, Running, Terminated, Terminating};
        use Step::{Cleanup, Deregistering, Drain, Ignoring, LameDuck, PreStop};
        Some(match (self, signal) {
            (Pending, Signal::Started) | (Ready, Signal::ProbeFailed) => Running,
            (Pending | Running | Ready, Signal::Crashed) => Pending,
            (Running, Signal::ProbePassed) => Ready,
            (Pending | Running | Ready, Signal::Deleted) => Terminating(Deregistering),
            (Terminating(Deregistering), Signal::Terminate) => Terminating(PreStop),
            (Terminating(PreStop), Signal::SigtermDrains) => Terminating(LameDuck),
            (Terminating(PreStop), Signal::SigtermIgnored) => Terminating(Ignoring),
            (Terminating(LameDuck), Signal::ListenerCloses) => Terminating(Drain),
            (Terminating(Drain), Signal::Drained) => Terminating(Cleanup),
            (Terminating(PreStop), Signal::SigtermExits)
            | (Terminating(Cleanup), Signal::Exits)
            | (Terminating(PreStop | Ignoring | LameDuck | Drain | Cleanup), Signal::Killed) => Terminated,
            _ => return None,
        })
    }

    /// Whether the pod is Ready and not being deleted.
    pub(super) const fn is_ready(self) -> bool {
        matches!(self, Self::Ready)
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

    /// Reviewers see a changed lifecycle at once: the whole table, every possible pair.
    #[test]
    fn the_table() {
        use Signal::*;
        use Step::*;
        let mut phases = vec![Phase::Pending, Phase::Running, Phase::Ready];
        phases.extend([Deregistering, PreStop, Ignoring, LameDuck, Drain, Cleanup].map(Phase::Terminating));
        phases.push(Phase::Terminated);
        let signals = [
            Started,
            ProbePassed,
            ProbeFailed,
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
        ];
        let mut table = String::new();
        for phase in &phases {
            for signal in signals {
                if let Some(next) = phase.on(signal) {
                    writeln!(table, "{phase:?} + {signal:?} -> {next:?}").expect("writing to a string");
                }
            }
        }
        let expected = "\
Pending + Started -> Running
Pending + Deleted -> Terminating(Deregistering)
Pending + Crashed -> Pending
Running + ProbePassed -> Ready
Running + Deleted -> Terminating(Deregistering)
Running + Crashed -> Pending
Ready + ProbeFailed -> Running
Ready + Deleted -> Terminating(Deregistering)
Ready + Crashed -> Pending
Terminating(Deregistering) + Terminate -> Terminating(PreStop)
Terminating(PreStop) + SigtermDrains -> Terminating(LameDuck)
Terminating(PreStop) + SigtermExits -> Terminated
Terminating(PreStop) + SigtermIgnored -> Terminating(Ignoring)
Terminating(PreStop) + Killed -> Terminated
Terminating(Ignoring) + Killed -> Terminated
Terminating(LameDuck) + ListenerCloses -> Terminating(Drain)
Terminating(LameDuck) + Killed -> Terminated
Terminating(Drain) + Drained -> Terminating(Cleanup)
Terminating(Drain) + Killed -> Terminated
Terminating(Cleanup) + Exits -> Terminated
Terminating(Cleanup) + Killed -> Terminated
";
        assert_eq!(table, expected);
    }
}
