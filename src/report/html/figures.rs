//! The figures that a deploy has over time: a line and a file each.

use super::lanes::Lane;
use super::panel::{Panel, Series};
use super::window::Window;
use super::{Story, failures, lanes, latency, levels};

/// A figure, and what a readout needs of it.
pub(super) struct Drawn {
    pub(super) panel: Panel,
    pub(super) series: Vec<Series>,
    pub(super) lanes: Vec<Lane>,
    /// Whether there are more pods than lanes.
    pub(super) thinned: bool,
}

/// A kind of figure.
pub(super) struct Kind {
    /// What `--figure` calls it.
    pub(super) name: &'static str,
    /// Whether there is anything to see of a forecast, so that its page shows it.
    pub(super) shows: fn(&Story<'_>) -> bool,
    /// Draws it; `None` where nothing of it was measured.
    pub(super) draw: fn(&Story<'_>, &Window<'_>) -> Option<Drawn>,
}

/// All of them, in the order of a page.
pub(super) const KINDS: [Kind; 6] = [
    Kind {
        name: "failures",
        shows: |s| failures::any(s.results),
        draw: |s, w| of(failures::failures(s.results, s.scene, w)),
    },
    Kind {
        name: "pods",
        shows: |_| true,
        draw: |s, w| {
            let (panel, lanes, thinned) = lanes::lanes(s.results, s.scene, w)?;
            Some(Drawn { panel, series: Vec::new(), lanes, thinned })
        },
    },
    Kind { name: "capacity", shows: |_| true, draw: |s, w| of(levels::capacity(s.results, w)) },
    Kind { name: "reconnects", shows: |_| true, draw: |s, w| of(levels::reconnects(s.results, w)) },
    Kind { name: "latency", shows: |_| true, draw: |s, w| of(latency::latency(s.results, s.scene, w)?) },
    Kind { name: "inflight", shows: |_| true, draw: |s, w| of(levels::under_way(s.results, w)) },
];

#[expect(clippy::unnecessary_wraps, reason = "every kind is drawn by a function of one shape")]
fn of((panel, series): (Panel, Vec<Series>)) -> Option<Drawn> {
    Some(Drawn { panel, series, lanes: Vec::new(), thinned: false })
}
