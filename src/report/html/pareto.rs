//! The trade between drops and time: no combination is better than one of the front in both.

use std::fmt::Write as _;

use serde::Serialize;

use super::panel::{Key, Panel};
use super::svg::{Axis, Plot, Scale, n};
use super::sweep::{Combination, numbers};
use crate::report::sweep::SweepPage;
use crate::report::text::{count, plural, seconds};

const HEIGHT: f64 = 260.0;

/// A combination of the front.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Point {
    pub(super) number: usize,
    pub(super) row: u64,
    pub(super) settings: Vec<String>,
    pub(super) dropped: String,
    pub(super) rollout: String,
    pub(super) command: String,
}

/// The picture and the front, by means; `None` where no rollout completes, or there is but one row.
pub(super) fn front(page: &SweepPage, all: &[Combination]) -> Option<(Panel, Vec<Point>)> {
    let figures = |i: usize| {
        let summary = page.table.rows[i].summary.as_ref()?;
        Some((summary.rollout.duration_seconds?.mean, summary.dropped?.mean, i))
    };
    let mut points: Vec<(f64, f64, usize)> = (0..all.len()).filter_map(figures).collect();
    if points.len() < 2 {
        return None;
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut least = f64::INFINITY;
    let front: Vec<(f64, f64, usize)> = points
        .iter()
        .copied()
        .filter(|p| {
            let better = p.1 < least;
            least = least.min(p.1);
            better
        })
        .collect();
    let longest = points.iter().map(|p| p.0).fold(0.0, f64::max);
    let axis = Axis { start: 0.0, end: (longest * 1.06).max(1.0) };
    let scale = Scale::up_to(points.iter().map(|p| p.1).fold(0.0, f64::max).max(1.0), HEIGHT);
    let mut plot = Plot::new("front", "", axis, HEIGHT);
    for p in &points {
        plot.dot("dot", p.0, scale.y(p.1), 4.0);
    }
    let mut path = String::new();
    for (i, p) in front.iter().enumerate() {
        let (x, y) = (n(axis.x(p.0)), n(scale.y(p.1)));
        let _ = if i == 0 { write!(path, "M{x} {y}") } else { write!(path, "H{x}V{y}") };
    }
    plot.path(r#"class="line blue front-front""#, &path);
    for (i, p) in front.iter().enumerate() {
        plot.dot("dot best", p.0, scale.y(p.1), 6.0);
        plot.label(p.0, scale.y(p.1) - 10.0, &(i + 1).to_string());
    }
    plot.scale(scale, count);
    let point = |(i, p): (usize, &(f64, f64, usize))| {
        let c = &all[p.2];
        Point {
            number: i + 1,
            row: c.row,
            settings: c.settings.clone(),
            dropped: count(p.1, p.1),
            rollout: seconds(p.0, p.0),
            command: c.command.clone(),
        }
    };
    let shown: Vec<Point> = front.iter().enumerate().map(point).collect();
    let finding = format!(
        "{} of {}: nothing else drops fewer requests in as short a time, by the means.",
        plural(shown.len() as f64, "combination"),
        count(points.len() as f64, 1.0)
    );
    let names: Vec<String> = page.table.header.columns().map(str::to_owned).collect();
    let panel = Panel {
        id: "front",
        title: "Drops against the time that a rollout takes".to_owned(),
        unit: "dropped requests per deploy, upwards; duration, to the right; the left lower corner is best".to_owned(),
        whose: "one point a combination".to_owned(),
        svg: plot.finish("Drops against duration", &finding),
        finding,
        reach: [0.0; 2],
        legend: vec![Key::line("front-front", "the front", "line blue")],
        table: numbers(&shown, &names),
    };
    Some((panel, shown))
}
