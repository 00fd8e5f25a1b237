//! Any single figure of a page, by its name.

use std::io;

use super::figures::KINDS;
use super::picture::{Kept, Picture};
use super::window::Window;
use super::{Several, Story, forest};
use crate::report::compare::ComparePage;
use crate::report::sweep::SweepPage;
use crate::study::result::recommendation::Recommendation;

/// The figures of a forecast.
pub fn of_run() -> Vec<&'static str> {
    KINDS.iter().map(|k| k.name).collect()
}

/// Those of a comparison: what differs, and every figure of a forecast, one below the other.
pub fn of_compare() -> Vec<&'static str> {
    std::iter::once("differences").chain(of_run()).collect()
}

/// Those of a sweep.
pub fn of_sweep() -> Vec<&'static str> {
    vec!["map", "front", "parallel"]
}

/// Those of a recommendation.
pub fn of_recommend() -> Vec<&'static str> {
    vec!["choice", "limits"]
}

/// Writes one of [`of_run`].
///
/// # Errors
/// Whatever `out` says, and where nothing of it was measured.
pub fn run(story: &Story<'_>, name: &str, kept: Kept, out: &mut dyn io::Write) -> io::Result<()> {
    let kind = KINDS.iter().find(|k| k.name == name);
    let drawn = kind.and_then(|kind| (kind.draw)(story, &Window::of(story.results)?)).ok_or_else(nothing)?;
    Picture::of(drawn.panel, &story.results.scenario).write(kept, out)
}

/// Writes one of [`of_run`], of several forecasts.
///
/// # Errors
/// Whatever `out` says, and where nothing of it was measured.
pub fn several(page: &Several<'_>, name: &str, kept: Kept, out: &mut dyn io::Write) -> io::Result<()> {
    page.picture(name).ok_or_else(nothing)?.write(kept, out)
}

/// Writes one of [`of_compare`].
///
/// # Errors
/// Whatever `out` says, and where nothing of it was measured.
pub fn compare(page: &ComparePage, name: &str, kept: Kept, out: &mut dyn io::Write) -> io::Result<()> {
    let picture = match name {
        "differences" => Picture::of(forest::forest(&page.comparison), &super::compare::title(&page.comparison)),
        name => {
            KINDS.iter().find(|k| k.name == name).and_then(|k| super::compare::picture(page, k)).ok_or_else(nothing)?
        }
    };
    picture.write(kept, out)
}

/// Writes one of [`of_sweep`].
///
/// # Errors
/// Whatever `out` says, and where there is nothing to draw.
pub fn sweep(page: &SweepPage, name: &str, kept: Kept, out: &mut dyn io::Write) -> io::Result<()> {
    let of = &page.table.header.scenario;
    let picture = match name {
        "map" => super::sweep::map_picture(page),
        name => super::sweep::panel(page, name).map(|panel| Picture::of(panel, of)),
    };
    picture.ok_or_else(nothing)?.write(kept, out)
}

/// Writes one of [`of_recommend`].
///
/// # Errors
/// Whatever `out` says, and where there is nothing to draw.
pub fn recommend(r: &Recommendation, name: &str, kept: Kept, out: &mut dyn io::Write) -> io::Result<()> {
    let panel = super::recommend::panel(r, name).ok_or_else(nothing)?;
    Picture::of(panel, &r.scenario).write(kept, out)
}

fn nothing() -> io::Error {
    io::Error::other("there is nothing of this figure to draw")
}
