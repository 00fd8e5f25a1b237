//! The only place that prints: the result to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Color;

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Work shorter than this shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// How to talk to whoever started the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ui {
    choice: ColorChoice,
    quiet: bool,
}

impl Ui {
    pub(super) fn new(color: Color, quiet: bool) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self { choice, quiet }
    }

    /// The result's stream; colours are stripped there where they are not wanted.
    pub(super) fn stdout(self) -> impl Write {
        AutoStream::new(io::stdout(), self.choice).lock()
    }

    /// Whether diagnostics are to be rendered in colour.
    pub(super) fn colors(self) -> bool {
        match self.choice {
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// Something that stopped the program.
    pub(super) fn error(self, message: &str) {
        self.say(&format!("{ERROR}error{ERROR:#}: {message}"));
    }

    /// A finding that is already rendered.
    pub(super) fn diagnostic(self, rendered: &str) {
        self.say(rendered);
    }

    /// The same, of a kind that `--quiet` silences.
    pub(super) fn remark(self, rendered: &str) {
        if !self.quiet {
            self.say(rendered);
        }
    }

    /// A closed stderr is no reason to fail.
    fn say(self, text: &str) {
        let _ = writeln!(AutoStream::new(io::stderr(), self.choice).lock(), "{text}");
    }

    /// A bar of `n` steps on stderr: on a terminal, without `--quiet`, once a second has passed.
    pub(super) fn progress(self, n: u32) -> Progress {
        Progress::new(n, !self.quiet && io::stderr().is_terminal())
    }
}

/// A progress bar, gone when dropped.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Brings the bar up in its time; ends as soon as the sender is gone.
    herald: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    fn new(n: u32, visible: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(u64::from(n)), ProgressDrawTarget::hidden());
        let herald = visible.then(|| {
            let style = ProgressStyle::with_template("{bar:40} {pos} of {len} simulated, {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            let (sender, receiver) = mpsc::channel();
            let bar = bar.clone();
            let wait = move || {
                if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(PATIENCE / 5);
                }
            };
            (sender, thread::spawn(wait))
        });
        Self { bar, herald }
    }

    /// One step is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.herald.take() {
            drop(sender);
            // It cannot panic, and if it did there would still be a result to print.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
