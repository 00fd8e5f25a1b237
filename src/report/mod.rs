//! What the user reads. A report sees results and a few settings in plain words, never the fleet.
//!
//! A new format is one file with an `impl Report` and one line in [`ALL`].

mod analyses;
mod answer;
mod autoscaler;
pub mod check;
pub mod compare;
mod csv;
pub mod explain;
pub mod finding;
mod grid;
pub mod html;
mod json;
pub mod lint;
mod markdown;
mod nodes;
pub mod recommend;
pub mod settings;
mod style;
pub mod sweep;
mod terminal;
pub mod text;
pub mod validation;
mod why;
pub mod worst;

use std::io;

use crate::explain::Explanation;
use crate::metrics::Results;
use crate::metrics::scene::Scene;
use crate::study::result::finding::Finding;
pub use settings::Settings;
pub use style::on_screen;

/// A forecast to be written, with what its sentences refer to.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What was measured.
    pub results: &'a Results,
    /// What the scenario said of the settings that decide a deploy.
    pub settings: &'a Settings,
    /// The first replication, watched closely, for who draws it.
    pub scene: Option<&'a Scene>,
    /// Why its requests were dropped, one by one, for who quotes that.
    pub explanation: Option<&'a Explanation>,
    /// How the objectives stand that were to be held; empty where none were.
    pub findings: &'a [Finding],
    /// Whether every assumption is printed rather than the first few.
    pub all_assumptions: bool,
}

impl<'a> Page<'a> {
    /// What was measured and set alone.
    pub const fn plain(results: &'a Results, settings: &'a Settings) -> Self {
        Self { results, settings, scene: None, explanation: None, findings: &[], all_assumptions: false }
    }
}

/// A way to write a forecast.
pub trait Report: Sync {
    /// What `--format` calls it.
    fn name(&self) -> &'static str;

    /// The endings of file names that mean it, without the dot.
    fn endings(&self) -> &'static [&'static str];

    /// Whether it draws [`Page::scene`] and quotes [`Page::explanation`].
    fn draws(&self) -> bool {
        false
    }

    /// Writes the whole forecast, colours (ANSI) included; who prints it strips them where they are not wanted.
    ///
    /// # Errors
    /// Whatever `out` says.
    fn write(&self, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()>;
}

/// A way to write the result of a study, whatever it is.
#[derive(Clone, Copy, Debug)]
pub struct Format<P: 'static> {
    /// What `--format` calls it.
    pub name: &'static str,
    /// The endings of file names that mean it, without the dot.
    pub endings: &'static [&'static str],
    /// Writes the whole result, colours (ANSI) included.
    pub write: fn(&P, &mut dyn io::Write) -> io::Result<()>,
}

impl<P> Format<P> {
    /// Whether a file name's ending asks for it.
    pub fn has_ending(&self, ending: &str) -> bool {
        self.endings.iter().any(|e| e.eq_ignore_ascii_case(ending))
    }
}

/// Every report, the default first.
pub const ALL: [&dyn Report; 5] = [&terminal::Terminal, &json::Json, &csv::Csv, &markdown::Markdown, &html::Html];

/// The report of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Report> {
    ALL.into_iter().find(|r| r.name() == name)
}

/// The report that a file name's ending asks for.
pub fn by_ending(ending: &str) -> Option<&'static dyn Report> {
    ALL.into_iter().find(|r| r.endings().iter().any(|e| e.eq_ignore_ascii_case(ending)))
}

#[cfg(test)]
mod tests;
