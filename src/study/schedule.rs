//! Who simulates what next: cases in order, each replicated until its judge has heard enough.
//!
//! ```text
//! cases ──> open, at most a few at a time ──> (case, replication) to a free thread ──> heard in order by the case's judge ──> done
//! ```
//! A judge hears replications 0, 1, 2, … in that order, whatever thread finished first, and nothing that comes after it
//! has said "enough": so what it says depends on neither threads nor timing. Where nothing else is left to do, threads
//! run ahead of a judge, and what turns out not to be needed is thrown away.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::metrics::replication::Replication;

/// Something that can be simulated many times: replication k is the same whoever asks for it. `None` where it was given up, as the
/// flag says: then nothing of it is left.
pub type Simulation<'a> = Arc<dyn Fn(u32, &AtomicBool) -> Option<Replication> + Send + Sync + 'a>;

/// Hears the replications of one case.
pub trait Judge: Send {
    /// Replications that it is sure to want.
    fn sure(&self) -> u32;

    /// More than these it never wants: no thread plays ahead of that.
    fn most(&self) -> u32;

    /// Takes the next replication, in order; whether that was enough.
    ///
    /// # Errors
    /// What is to be said of a case that cannot be judged.
    fn hear(&mut self, replication: Replication) -> Result<bool, String>;
}

/// A case to be played.
pub struct Case<'a, J> {
    /// What is simulated.
    pub simulation: Simulation<'a>,
    /// Who says when it is enough.
    pub judge: J,
}

impl<J> fmt::Debug for Case<'_, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").finish_non_exhaustive()
    }
}

/// A replication that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In which replication, from 0.
    pub replication: u32,
    /// Whether its scenario lets time stand still, or more come than memory holds. Else it broke one of the simulator's own invariants: a bug of ours, never of
    /// the scenario.
    pub stood_still: bool,
    /// What it said.
    pub message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.stood_still { "was given up" } else { "broke" };
        write!(f, "the simulation {what} in replication {}: {}", self.replication, self.message)
    }
}

/// How a case ended.
pub type Ended<J> = Result<J, (J, Broken)>;

/// What there is to be told while cases are played.
#[derive(Debug)]
pub enum News<J> {
    /// A replication was heard.
    Heard,
    /// Case `n`, by its place among the cases, is over.
    Done(usize, Ended<J>),
}

/// Plays `cases` on `jobs` threads (all cores where `None`) and tells `news` on the calling thread, cases in whatever
/// order they finish. Cases are taken from the iterator only when there is time for them. When `cancel` turns true,
/// what is being simulated is given up and nothing more is begun; cases that are not over are never told of.
///
/// # Errors
/// Where no threads can be started.
pub fn play<'a, J, I>(
    jobs: Option<usize>,
    cases: I,
    cancel: &AtomicBool,
    mut news: impl FnMut(News<J>),
) -> Result<(), rayon::ThreadPoolBuildError>
where
    J: Judge,
    I: Iterator<Item = Case<'a, J>> + Send,
{
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build()?;
    let threads = pool.current_num_threads();
    let (sender, receiver): (Sender<News<J>>, Receiver<News<J>>) = mpsc::channel();
    let desk = Desk {
        state: Mutex::new(State { cases, opened: 0, exhausted: false, open: Vec::new(), threads }),
        changed: Condvar::new(),
        cancel,
    };
    pool.in_place_scope(|scope| {
        for _ in 0..threads {
            let (desk, sender) = (&desk, sender.clone());
            scope.spawn(move |_| desk.work(&sender));
        }
        drop(sender);
        receiver.iter().for_each(&mut news);
    });
    Ok(())
}

/// A case under way.
struct Open<'a, J> {
    index: usize,
    simulation: Simulation<'a>,
    judge: J,
    /// Replications given to threads.
    given: u32,
    /// Replications heard.
    heard: u32,
    /// Replications that finished before their turn.
    early: BTreeMap<u32, Result<Replication, Broken>>,
}

struct State<'a, J, I> {
    cases: I,
    opened: usize,
    exhausted: bool,
    /// In the order of the cases.
    open: Vec<Open<'a, J>>,
    threads: usize,
}

/// Something for a thread to do.
struct Task<'a> {
    index: usize,
    replication: u32,
    simulation: Simulation<'a>,
}

impl<'a, J: Judge, I: Iterator<Item = Case<'a, J>>> State<'a, J, I> {
    /// What is best done next: what is sure to be heard, before what may not be.
    fn next(&mut self) -> Option<Task<'a>> {
        let sure = |c: &Open<'a, J>| c.given < c.judge.sure().max(c.heard + 1);
        if let Some(task) = self.give(sure) {
            return Some(task);
        }
        // Enough at a time to keep the threads busy, and no more, so that what is finished comes nearly in order.
        if !self.exhausted && self.open.len() < 2 * self.threads {
            if let Some(Case { simulation, judge }) = self.cases.next() {
                let index = self.opened;
                self.opened += 1;
                self.open.push(Open { index, simulation, judge, given: 0, heard: 0, early: BTreeMap::new() });
                return self.next();
            }
            self.exhausted = true;
        }
        let ahead = self.threads as u32;
        self.give(|c| c.given < (c.heard + ahead).min(c.judge.most()))
    }

    fn give(&mut self, wanted: impl Fn(&Open<'a, J>) -> bool) -> Option<Task<'a>> {
        let case = self.open.iter_mut().find(|c| wanted(c))?;
        case.given += 1;
        Some(Task { index: case.index, replication: case.given - 1, simulation: Arc::clone(&case.simulation) })
    }

    /// Takes in what a thread has done, and lets the case's judge hear all whose turn it is.
    fn deliver(&mut self, task: &Task<'a>, result: Result<Replication, Broken>, news: &Sender<News<J>>) {
        // Of a case that is over nobody wants to know.
        let Some(at) = self.open.iter().position(|c| c.index == task.index) else { return };
        let case = &mut self.open[at];
        case.early.insert(task.replication, result);
        let mut over = None;
        while over.is_none()
            && let Some(result) = case.early.remove(&case.heard)
        {
            let replication = case.heard;
            case.heard += 1;
            over = match result
                .and_then(|r| case.judge.hear(r).map_err(|message| Broken { replication, stood_still: false, message }))
            {
                Ok(enough) => enough.then_some(None),
                Err(broken) => Some(Some(broken)),
            };
            // The receiver outlives all threads.
            let _ = news.send(News::Heard);
        }
        if let Some(broken) = over {
            let Open { index, judge, .. } = self.open.remove(at);
            let ended = match broken {
                None => Ok(judge),
                Some(broken) => Err((judge, broken)),
            };
            let _ = news.send(News::Done(index, ended));
        }
    }
}

/// Where the threads get their work.
struct Desk<'a, 'c, J, I> {
    state: Mutex<State<'a, J, I>>,
    changed: Condvar,
    cancel: &'c AtomicBool,
}

impl<'a, J: Judge, I: Iterator<Item = Case<'a, J>>> Desk<'a, '_, J, I> {
    fn work(&self, news: &Sender<News<J>>) {
        while let Some(task) = self.take() {
            let result = catch_unwind(AssertUnwindSafe(|| (task.simulation)(task.replication, self.cancel)));
            let broken = |stood_still, message| Broken { replication: task.replication, stood_still, message };
            let result = match result {
                Ok(None) => continue,
                Ok(Some(Replication { stood_still: Some(why), .. })) => Err(broken(true, why)),
                Ok(Some(replication)) => Ok(replication),
                Err(panic) => Err(broken(false, text(&*panic))),
            };
            self.lock().deliver(&task, result, news);
            self.changed.notify_all();
        }
    }

    /// The next task, as soon as there is one; `None` when all is done or cancelled.
    fn take(&self) -> Option<Task<'a>> {
        let mut state = self.lock();
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                // Whoever waits for more is to notice.
                self.changed.notify_all();
                return None;
            }
            if let Some(task) = state.next() {
                return Some(task);
            }
            if state.open.is_empty() {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A thread that panicked here has broken this program, not the state: simulations are run elsewhere.
    fn lock(&self) -> MutexGuard<'_, State<'a, J, I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a panic said.
fn text(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    /// Wants replications until their number is `enough`, of which it knows `sure`.
    struct Until {
        sure: u32,
        enough: u32,
        heard: Vec<u64>,
    }

    impl Judge for Until {
        fn sure(&self) -> u32 {
            self.sure
        }

        fn most(&self) -> u32 {
            self.enough
        }

        fn hear(&mut self, replication: Replication) -> Result<bool, String> {
            self.heard.push(replication.digest);
            if replication.digest == 666 { Err("six".to_owned()) } else { Ok(self.heard.len() as u32 >= self.enough) }
        }
    }

    fn case(number: u64, enough: u32) -> Case<'static, Until> {
        let simulation = move |k: u32, _: &AtomicBool| {
            assert!(number != 13 || k < 2, "thirteen");
            let digest = if number == 6 && k == 3 { 666 } else { number * 1000 + u64::from(k) };
            Some(Replication { digest, ..sample::clean(k) })
        };
        Case { simulation: Arc::new(simulation), judge: Until { sure: enough.min(2), enough, heard: Vec::new() } }
    }

    type Told = BTreeMap<usize, Result<Vec<u64>, Broken>>;

    fn told(jobs: usize, cases: impl Iterator<Item = Case<'static, Until>> + Send) -> Told {
        let mut told = Told::new();
        play(Some(jobs), cases, &AtomicBool::new(false), |news| {
            if let News::Done(n, ended) = news {
                let ended = ended.map(|judge| judge.heard).map_err(|(_, broken)| broken);
                assert!(told.insert(n, ended).is_none(), "case {n} ended twice");
            }
        })
        .expect("threads");
        told
    }

    #[test]
    fn what_a_judge_hears_does_not_depend_on_threads() {
        let cases = || (0..40).map(|n| case(100 + n, 1 + (n % 7) as u32));
        let one = told(1, cases());
        assert_eq!(one.len(), 40);
        for (n, heard) in &one {
            let expected: Vec<u64> = (0..=*n as u64 % 7).map(|k| (100 + *n as u64) * 1000 + k).collect();
            assert_eq!(heard.as_ref(), Ok(&expected));
        }
        for jobs in [2, 3, 8] {
            assert_eq!(told(jobs, cases()), one);
        }
    }

    #[test]
    fn nothing_is_played_that_no_judge_can_want() {
        let played = std::sync::atomic::AtomicU32::new(0);
        let simulation = |k: u32, _: &AtomicBool| {
            played.fetch_max(k + 1, Ordering::Relaxed);
            // The others have nothing left to do meanwhile.
            std::thread::sleep(std::time::Duration::from_millis(5));
            Some(Replication { digest: u64::from(k), ..sample::clean(k) })
        };
        let judge = Until { sure: 2, enough: 5, heard: Vec::new() };
        let case = Case { simulation: Arc::new(simulation), judge };
        play(Some(8), std::iter::once(case), &AtomicBool::new(false), |_| ()).expect("threads");
        assert_eq!(played.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn a_case_that_breaks_is_told_of_and_the_others_go_on() {
        for jobs in [1, 4] {
            let told = told(jobs, [5, 13, 6, 7].into_iter().map(|n| case(n, 9)));
            assert_eq!(told[&1], Err(Broken { replication: 2, stood_still: false, message: "thirteen".to_owned() }));
            assert_eq!(told[&2], Err(Broken { replication: 3, stood_still: false, message: "six".to_owned() }));
            assert_eq!((told[&0].as_ref().map(Vec::len), told[&3].as_ref().map(Vec::len)), (Ok(9), Ok(9)));
        }
    }

    #[test]
    fn cases_are_taken_when_there_is_time_for_them_and_none_after_a_cancel() {
        let cancel = AtomicBool::new(false);
        let taken = std::sync::atomic::AtomicUsize::new(0);
        let cases = (0..1_000_000).map(|n| {
            taken.fetch_add(1, Ordering::Relaxed);
            case(100 + n, 3)
        });
        let mut done = 0;
        play(Some(2), cases, &cancel, |news| {
            if let News::Done(..) = news {
                done += 1;
                cancel.store(done >= 5, Ordering::Relaxed);
            }
        })
        .expect("threads");
        assert!(done >= 5 && taken.load(Ordering::Relaxed) <= done + 100, "{done} done, {taken:?} taken");
    }
}
