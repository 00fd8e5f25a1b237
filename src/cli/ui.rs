//! The only place that prints: the result to stdout, everything else to stderr.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::args::Color;
use crate::report::text;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Work shorter than this shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);
/// From one line about progress to the next, where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

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

    /// Something that the reader of the result must know.
    pub(super) fn warning(self, message: &str) {
        self.say(&format!("{WARNING}warning{WARNING:#}: {message}"));
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

    /// What is told of `n` steps of work on stderr: a bar on a terminal once a second has passed, elsewhere a line every
    /// ten seconds, nothing with `--quiet`.
    pub(super) fn progress(self, n: u64, what: &'static str) -> Progress {
        let teller = match (self.quiet, io::stderr().is_terminal()) {
            (true, _) => Teller::Nothing,
            (false, true) => Teller::Bar,
            (false, false) => Teller::Lines(self),
        };
        Progress::new(n, what, teller)
    }
}

/// A line for the machine that runs this in a workflow and reads its log: no colours, and `--quiet` is not meant for it.
pub(super) fn workflow_command(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// How progress is told.
#[derive(Clone, Copy)]
enum Teller {
    Nothing,
    Bar,
    Lines(Ui),
}

/// Work under way; what was told of it is gone when dropped, but for lines.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Tells in its time; ends as soon as the sender is gone.
    herald: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    fn new(n: u64, what: &'static str, teller: Teller) -> Self {
        let bar = ProgressBar::with_draw_target(Some(n), ProgressDrawTarget::hidden());
        let herald = (!matches!(teller, Teller::Nothing)).then(|| {
            let (sender, over) = mpsc::channel();
            let bar = bar.clone();
            let tell = move || match teller {
                Teller::Nothing => {}
                Teller::Bar => show_bar(&bar, &over, what),
                Teller::Lines(ui) => tell_lines(&bar, &over, what, ui),
            };
            (sender, thread::spawn(tell))
        });
        Self { bar, herald }
    }

    /// One step is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
        // More is done than was foreseen where it is added until something is decided.
        if self.bar.length().is_some_and(|length| self.bar.position() > length) {
            self.bar.set_length(self.bar.position());
        }
    }

    /// So many steps turn out not to be needed, or (negative) to be needed as well.
    pub(super) fn spare(&self, steps: i64) {
        let length = self.bar.length().unwrap_or(0);
        self.bar.set_length(length.saturating_add_signed(-steps));
    }
}

/// Brings the bar up once the work has turned out to take its time.
fn show_bar(bar: &ProgressBar, over: &Receiver<()>, what: &str) {
    let template = format!("{{bar:40}} {{pos}} of {{len}} {what}, {{rate}}, {{eta}} left");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A bar that cannot be drawn is none.
        let _ = out.write_str(&text::rate(state.per_sec(), state.per_sec()));
    };
    bar.set_style(style.with_key("rate", rate));
    if over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(PATIENCE / 5);
    }
}

/// Says how far the work is, in a log that nobody watches.
fn tell_lines(bar: &ProgressBar, over: &Receiver<()>, what: &str, ui: Ui) {
    while over.recv_timeout(BETWEEN_LINES) == Err(RecvTimeoutError::Timeout) {
        let (done, all) = (bar.position(), bar.length().unwrap_or(0));
        let rate = done as f64 / bar.elapsed().as_secs_f64();
        let left =
            if done == 0 { "?".to_owned() } else { text::seconds((all.saturating_sub(done)) as f64 / rate, 0.0) };
        ui.remark(&format!("{done} of {all} {what}, {}, {left} left", text::rate(rate, rate)));
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
