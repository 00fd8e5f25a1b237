//! A pod's workers: what each does, and which are free, the last one to become so first.
//!
//! The free ones are a list through themselves: who takes a job touches one of them and no list beside it (of 31 cache lines that a
//! request missed among 10,000 pods, two).

use crate::engine::NIL;

use super::request::Job;

/// One worker.
#[derive(Clone, Copy, Debug)]
enum Worker {
    /// Free, and which free one comes after it.
    Free(u32),
    Busy(Job),
    /// Never heard of again: its container has ended, or another one has taken its place.
    Gone,
}

/// The workers of one pod, those of its containers that are no more among them.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    all: Box<[Worker]>,
    /// The next one to take a job, or [`NIL`].
    first: u32,
    /// How many are free.
    free: u32,
}

impl Workers {
    /// So many, all of them free.
    pub(super) fn new(n: u32) -> Self {
        let mut workers = Self { all: Box::new([]), first: NIL, free: 0 };
        workers.replace(n);
        workers
    }

    /// How many there have been.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many are free.
    #[inline(always)]
    pub(super) const fn free(&self) -> usize {
        self.free as usize
    }

    /// Whether one is free.
    #[inline(always)]
    pub(super) const fn any_free(&self) -> bool {
        self.first != NIL
    }

    /// A free one begins `job`: which.
    ///
    /// # Panics
    /// If none is free.
    #[inline(always)]
    pub(super) fn begin(&mut self, job: Job) -> u32 {
        let worker = self.first;
        let first = &mut self.all[worker as usize];
        let Worker::Free(next) = *first else { unreachable!("the list of the free holds a worker that is not") };
        *first = Worker::Busy(job);
        self.first = next;
        self.free -= 1;
        worker
    }

    /// What `worker` does; `None` where it does nothing.
    #[inline(always)]
    pub(super) fn job(&self, worker: u32) -> Option<Job> {
        match self.all[worker as usize] {
            Worker::Busy(job) => Some(job),
            Worker::Free(_) | Worker::Gone => None,
        }
    }

    /// All that is done, by worker.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.all.iter().filter_map(|worker| if let Worker::Busy(job) = worker { Some(job) } else { None })
    }

    /// `worker` does something else from now on.
    pub(super) fn set(&mut self, worker: u32, job: Job) {
        self.all[worker as usize] = Worker::Busy(job);
    }

    /// `worker` is free again.
    #[inline(always)]
    pub(super) fn release(&mut self, worker: u32) {
        self.all[worker as usize] = Worker::Free(self.first);
        self.first = worker;
        self.free += 1;
    }

    /// `worker` is not heard of any more.
    pub(super) fn dismiss(&mut self, worker: u32) {
        self.all[worker as usize] = Worker::Gone;
    }

    /// None of them is heard of any more.
    pub(super) fn dismiss_all(&mut self) {
        self.all.fill(Worker::Gone);
        self.first = NIL;
        self.free = 0;
    }

    /// One more, free.
    pub(super) fn hire(&mut self) {
        let worker = self.all.len() as u32;
        self.add([Worker::Free(self.first)]);
        self.first = worker;
        self.free += 1;
    }

    /// So many new ones, all free, in place of those before.
    pub(super) fn replace(&mut self, n: u32) {
        self.dismiss_all();
        // The one with the lowest number is the first to take a job.
        let start = self.all.len() as u32;
        let next = |i: u32| if i + 1 < n { start + i + 1 } else { NIL };
        self.add((0..n).map(|i| Worker::Free(next(i))));
        self.first = if n > 0 { start } else { NIL };
        self.free = n;
    }

    fn add(&mut self, more: impl IntoIterator<Item = Worker>) {
        let mut all = std::mem::take(&mut self.all).into_vec();
        all.extend(more);
        self.all = all.into_boxed_slice();
    }

    /// What they take beside themselves (bytes).
    pub(super) fn bytes(&self) -> usize {
        size_of_val::<[Worker]>(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job that can be told from others.
    const fn job(n: u32) -> Job {
        Job::Check { proxy: 0, check: n }
    }

    fn checks(workers: &Workers) -> Vec<u32> {
        workers.jobs().filter_map(|job| if let Job::Check { check, .. } = job { Some(*check) } else { None }).collect()
    }

    #[test]
    fn the_last_one_to_become_free_is_the_first_to_begin() {
        let mut workers = Workers::new(3);
        assert_eq!([0, 1, 2].map(|n| workers.begin(job(n))), [0, 1, 2]);
        assert!(!workers.any_free());
        workers.release(0);
        workers.release(2);
        assert_eq!((workers.free(), checks(&workers)), (2, vec![1]));
        assert_eq!([3, 4].map(|n| workers.begin(job(n))), [2, 0]);
        workers.hire();
        assert_eq!((workers.begin(job(5)), checks(&workers)), (3, vec![4, 1, 3, 5]));
    }

    #[test]
    fn those_that_were_dismissed_never_work_again() {
        let mut workers = Workers::new(2);
        workers.begin(job(0));
        workers.replace(2);
        assert_eq!((workers.len(), workers.free(), checks(&workers)), (4, 2, vec![]));
        assert_eq!([workers.begin(job(1)), workers.begin(job(2))], [2, 3]);
        assert!(workers.job(0).is_none() && !workers.any_free());
        workers.dismiss(3);
        assert_eq!(checks(&workers), [1]);
    }
}
