//! A proxy beside the container of a pod, through which all of its traffic comes: a mesh's sidecar, Cloud Foundry's. It goes down by its own
//! clock. While it lives, whoever connects is let in, and where the container no longer listens it is the proxy that answers: a status
//! instead of a refusal, which retries of failed connects do not see.

use crate::scenario::ConnectionClose;

use super::fact::{Cause, PodStep};
use super::lifecycle::{Signal, Step};
use super::request::Place;
use super::world::{Cal, Observer, World, members};

impl<O: Observer> World<O> {
    /// How a draining pod closes its connections. Those of a proxy beside it outlast the container's idle ones.
    pub(super) fn close_mode(&self, pod: u32) -> ConnectionClose {
        match self.termination(pod).connection_close {
            mode if self.pods[pod as usize].sidecar == 0 => mode,
            ConnectionClose::Idle => ConnectionClose::None,
            ConnectionClose::Both => ConnectionClose::Response,
            mode => mode,
        }
    }

    /// The proxy answers request `r`, which has got as far as the pod.
    #[cold]
    #[inline(never)]
    pub(super) fn answer_by_sidecar(&mut self, r: u32, cause: Cause, cal: &mut Cal) {
        let pod = &self.pods[self.requests[r].pod as usize];
        let (version, status) = (pod.version(), pod.sidecar);
        self.requests[r].cause = Some(cause);
        self.answer(r, version, status, false, cal);
    }

    /// The container has let go of all that it had: the proxy answers what was asked for, and keeps the connections.
    pub(super) fn cut_behind_sidecar(&mut self, pod: u32, cause: Cause, cal: &mut Cal) {
        for c in self.pods[pod as usize].connections.clone() {
            let list = self.connections[c].requests;
            let on_it: Vec<u32> = members(list, |r| self.requests[r].on_connection.next()).collect();
            for r in on_it {
                match self.requests[r].place {
                    Place::Queued | Place::Serving => self.answer_by_sidecar(r, cause, cal),
                    Place::Streaming => {
                        self.requests[r].cause = Some(cause);
                        self.close_by_pod(c, false, cal);
                        break;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether the proxy is there when the container is gone.
    pub(super) fn is_outlived_by_sidecar(&self, pod: u32, signal: Signal) -> bool {
        let (p, t) = (&self.pods[pod as usize], self.termination(pod));
        let lives = p.sidecar != 0 || p.listening && t.sidecar_status.is_some();
        lives && signal != Signal::Killed && !p.exited && t.sidecar_exit.is_some_and(|exit| exit <= t.grace_period)
    }

    /// The container is gone, and the pod is when the proxy is.
    pub(super) fn leave_to_sidecar(&mut self, pod: u32, cause: Cause, cal: &mut Cal) {
        if self.pods[pod as usize].listening {
            self.stop_listening(pod, cal);
        }
        self.sever(pod, cause, cal);
        self.pods[pod as usize].exited = true;
    }

    /// The proxy exits: whatever went through it is cut, and whoever connects is refused, while the container, if it is still there, takes
    /// the rest of its own way.
    pub(super) fn sidecar_gone(&mut self, pod: u32, cal: &mut Cal) {
        if self.pods[pod as usize].listening {
            self.stop_listening(pod, cal);
        }
        self.pods[pod as usize].sidecar = 0;
        if self.pods[pod as usize].exited {
            let early = self.pods[pod as usize].phase.step() == Some(Step::PreStop);
            let signal = if early { Signal::SigtermExits } else { Signal::Exits };
            return self.gone(pod, Cause::SeveredByKill, signal, PodStep::Exited, cal);
        }
        self.sever(pod, Cause::SeveredByKill, cal);
        self.exit_if_drained(pod, cal);
    }
}
