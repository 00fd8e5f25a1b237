//! Ctrl-C, a scheduler's SIGTERM, and the end of `--timeout`: what is finished is kept.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::ui::Ui;
use crate::engine::Dur;

/// Set when no more work is to be begun.
static CANCEL: AtomicBool = AtomicBool::new(false);
/// Why it was set.
static REASON: AtomicU8 = AtomicU8::new(NONE);

const NONE: u8 = 0;
const SIGNAL: u8 = 1;
const TIMEOUT: u8 = 2;
const FAILURE: u8 = 3;

/// Why work was ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// SIGINT, SIGTERM or SIGHUP.
    Signal,
    /// `--timeout`.
    Timeout,
    /// `--fail-fast`.
    Failure,
}

/// Whether work is to be ended early; set by signals from now on. The second signal ends the program at once.
pub(super) fn watch() -> &'static AtomicBool {
    // Where no handler can be installed, a signal does what it always did.
    let _ = ctrlc::set_handler(|| {
        if CANCEL.load(Ordering::Relaxed) {
            abort();
        }
        cancel(Reason::Signal);
    });
    &CANCEL
}

/// From now on a signal ends the program at once: there is nothing of what it does that would be worth keeping.
pub(super) fn end_at_once(ui: Ui) {
    let _ = ctrlc::set_handler(move || {
        ui.error("interrupted");
        abort();
    });
}

#[expect(clippy::exit, reason = "whoever asks a second time does not want to wait for anything")]
fn abort() {
    std::process::exit(i32::from(super::exit::FAILED));
}

/// No more work is to be begun.
pub(super) fn cancel(reason: Reason) {
    let reason = match reason {
        Reason::Signal => SIGNAL,
        Reason::Timeout => TIMEOUT,
        Reason::Failure => FAILURE,
    };
    // The first reason counts.
    let _ = REASON.compare_exchange(NONE, reason, Ordering::Relaxed, Ordering::Relaxed);
    CANCEL.store(true, Ordering::Relaxed);
}

/// Why work was ended early; `None` where it was not.
pub(super) fn reason() -> Option<Reason> {
    match REASON.load(Ordering::Relaxed) {
        SIGNAL => Some(Reason::Signal),
        TIMEOUT => Some(Reason::Timeout),
        FAILURE => Some(Reason::Failure),
        _ => None,
    }
}

/// Ends the work after a time, unless dropped before.
#[derive(Debug)]
pub(super) struct Alarm(Option<(Sender<()>, JoinHandle<()>)>);

impl Alarm {
    /// After `time`; never where there is none.
    pub(super) fn after(time: Option<Dur>) -> Self {
        Self(time.map(|time| {
            let (sender, receiver) = mpsc::channel();
            let wait = move || {
                if receiver.recv_timeout(Duration::from_nanos(time.nanos())) == Err(RecvTimeoutError::Timeout) {
                    cancel(Reason::Timeout);
                }
            };
            (sender, thread::spawn(wait))
        }))
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            // It cannot panic.
            let _ = thread.join();
        }
    }
}
