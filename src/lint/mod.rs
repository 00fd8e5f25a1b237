//! What can be told of a scenario without a run: settings that incidents are made of, each with its place.
//!
//! A rule is one file in `rules/` and one line in [`RULES`]: a stable code, the incident that it comes from, an example that it
//! finds fault with and one that it does not, and the check itself. Rules speak up only where the file's own numbers make
//! the mistake: what is silent about traffic is not judged by a traffic that was assumed.

mod demand;
mod linter;
pub mod rules;
mod stop;
mod subject;
mod wave;

use crate::scenario::{Diag, Severity};

pub use linter::{Linted, lint, lint_str};
pub use rules::RULES;
pub use subject::Subject;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name.
    pub code: &'static str,
    /// What it finds, in half a sentence.
    pub summary: &'static str,
    /// What goes wrong, and how.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// The incident that it comes from: what was seen, and the public thread.
    pub incident: &'static str,
    /// A scenario or a manifest that it finds fault with.
    pub failing: &'static str,
    /// The same without the fault.
    pub passing: &'static str,
    /// Who finds it.
    pub check: Check,
}

/// Who finds what a rule is about.
#[derive(Debug)]
pub enum Check {
    /// The reading of the file, whatever the command: a diagnostic of the same code.
    Reading,
    /// This function.
    Rule(fn(&Subject<'_>) -> Vec<Diag>),
}

/// The rule of that code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|r| r.code == code)
}

/// One finding, and the rule that it comes from: `None` where the file could not be read.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is found, and where.
    pub diag: Diag,
    /// By which rule.
    pub rule: Option<&'static Rule>,
}

impl Finding {
    fn of(diag: Diag) -> Self {
        let rule = rule(diag.code);
        Self { diag, rule }
    }

    /// Whether the file is no valid scenario or manifest.
    pub fn is_error(&self) -> bool {
        self.diag.severity == Severity::Error
    }
}
