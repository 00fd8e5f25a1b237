//! Work whose reader has gone: a server that writes as it works finds the pipe broken, and stops.

use crate::scenario::OnReaderGone;

use super::request::Job;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// A connection to `pod` has ended under its work.
    pub(super) fn reader_gone(&mut self, pod: u32, cal: &mut Cal) {
        if self.versions[self.pods[pod as usize].version()].pod.on_reader_gone == OnReaderGone::Stop {
            self.disturb(pod, cal);
            self.stop_unread(pod, cal);
        }
    }

    /// Work of `pod` that nobody will read any more stops: its workers take the next job.
    fn stop_unread(&mut self, pod: u32, cal: &mut Cal) {
        for worker in 0..self.pods[pod as usize].workers.len() as u32 {
            let p = &mut self.pods[pod as usize];
            let Some(Job::Serve { request, .. }) = p.workers.job(worker) else { continue };
            if self.requests.live(request).is_none() {
                p.workers.set(worker, Job::Stopped);
                p.in_flight -= 1;
                // The end of the work that was begun is in the calendar, under that worker's number.
                p.workers.hire();
                self.next_job(pod, cal);
            }
        }
    }
}
