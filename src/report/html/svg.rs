//! Plots on one shared time axis: paths that stretch with the page, text that does not.
//!
//! A plot is an `svg` as wide as its place. What is drawn lies in a second one inside it, 1,000 units wide and stretched to fit;
//! text and grid lines lie outside that, placed by percentages, so that letters keep their size on a phone.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::report::text;

/// Units from the start to the end of the time axis.
pub(super) const WIDTH: f64 = 1000.0;
/// Between a line and what is written beside it.
const BESIDE: f64 = 6.0;
/// Plots in which numbers above them are set apart: on a page and on a phone. Each has the class that shows the numbers where it is
/// so wide, the least width (px) that this is, and the width of a digit there.
const SCREENS: [(&str, f64, f64); 2] = [("broad", 560.0, 6.6), ("narrow", 290.0, 5.4)];
/// Between two of these numbers (px).
const APART: f64 = 5.0;
/// Room below a plot for the labels of its time axis.
const BELOW: f64 = 20.0;
/// What is higher than this is made smaller to be printed: a page has some 980 pixels, and a caption needs its own.
const TALL: f64 = 800.0;
/// Labels of the time axis, about.
const TICKS: f64 = 8.0;
/// Steps between labels (s).
const STEPS: [f64; 16] =
    [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 43_200.0];

/// A coordinate, to a tenth.
pub(super) fn n(x: f64) -> String {
    let text = format!("{:.1}", x + 0.0);
    text.strip_suffix(".0").map_or_else(|| text.clone(), |whole| if whole == "-0" { "0" } else { whole }.to_owned())
}

/// Text between tags or in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The time that a page shows (s since the deploy).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Axis {
    /// Where a moment lies; what is beyond an end lies at it.
    pub(super) fn x(self, t: f64) -> f64 {
        ((t - self.start) / (self.end - self.start)).clamp(0.0, 1.0) * WIDTH
    }

    /// Moments to be labelled.
    pub(super) fn ticks(self) -> Vec<f64> {
        let span = self.end - self.start;
        let step = STEPS.into_iter().find(|s| span / s <= TICKS).unwrap_or(span / TICKS);
        let (first, last) = (libm::ceil(self.start / step) as i64, libm::floor(self.end / step) as i64);
        (first..=last).map(|k| k as f64 * step).collect()
    }
}

/// A linear scale from 0 at the bottom of a plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) top: f64,
    pub(super) height: f64,
}

impl Scale {
    /// A scale that ends at a round number above `most`.
    pub(super) fn up_to(most: f64, height: f64) -> Self {
        let magnitude = libm::pow(10.0, libm::floor(libm::log10(most.max(1e-9))));
        let top = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].into_iter().map(|m| m * magnitude).find(|&t| t >= most);
        Self { top: top.unwrap_or(1.0).max(1e-9), height }
    }

    pub(super) fn y(self, value: f64) -> f64 {
        self.height * (1.0 - (value / self.top).clamp(0.0, 1.0))
    }
}

/// Bins of equal width as the outline of steps: `(start, value)`, gaps where nothing was measured.
pub(super) fn steps(axis: Axis, width: f64, bins: &[(f64, Option<f64>)], y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut pen: Option<f64> = None;
    for &(t, value) in bins {
        let Some(height) = value.map(&y) else {
            pen = None;
            continue;
        };
        match pen {
            None => drop(write!(path, "M{} {}", n(axis.x(t)), n(height))),
            Some(last) if n(last) != n(height) => drop(write!(path, "V{}", n(height))),
            Some(_) => {}
        }
        let _ = write!(path, "H{}", n(axis.x(t + width)));
        pen = Some(height);
    }
    path
}

/// The area between two series of steps, where `upper` is above `lower`.
pub(super) fn between(axis: Axis, width: f64, bins: &[(f64, f64, f64)], y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for &(t, lower, upper) in bins.iter().filter(|b| b.2 > b.1) {
        let (left, right, low, high) = (axis.x(t), axis.x(t + width), y(lower), y(upper));
        let _ = write!(path, "M{} {}H{}V{}H{}z", n(left), n(high), n(right), n(low), n(left));
    }
    path
}

/// Moments that share a number: where the first lies, and from which number to which.
#[derive(Clone, Copy)]
struct Marked {
    x: f64,
    first: usize,
    last: usize,
}

impl Marked {
    /// In as few groups that their labels do not touch, where a pixel is so many units and a digit so many pixels.
    fn apart(marks: &[(f64, usize)], pixel: f64, digit: f64) -> Vec<Self> {
        let half = |m: &Self| m.label().chars().count() as f64 * digit / 2.0;
        let mut groups: Vec<Self> = Vec::new();
        for &(x, number) in marks {
            let mut next = Self { x, first: number, last: number };
            // A longer label may touch the one before it in turn.
            while let Some(before) = groups.pop_if(|g| next.x - g.x < (half(g) + half(&next) + APART) * pixel) {
                next = Self { last: next.last, ..before };
            }
            groups.push(next);
        }
        groups
    }

    fn label(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{}–{}", self.first, self.last) }
    }
}

/// A plot that is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Plotted {
    /// An `svg` as wide as its place.
    pub(super) markup: String,
    pub(super) height: f64,
}

/// The markup alone, which is all that a page needs.
impl Serialize for Plotted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.markup)
    }
}

/// A plot that is being drawn.
pub(super) struct Plot {
    kind: &'static str,
    id: String,
    axis: Axis,
    height: f64,
    /// What stretches.
    inner: String,
    /// What does not.
    outer: String,
    /// Whether what lies to the right is time.
    timed: bool,
}

impl Plot {
    /// Nothing drawn yet; `suffix` tells it from others of its kind.
    pub(super) fn new(kind: &'static str, suffix: &str, axis: Axis, height: f64) -> Self {
        Self {
            kind,
            id: format!("{kind}{suffix}"),
            axis,
            height,
            inner: String::new(),
            outer: String::new(),
            timed: true,
        }
    }

    /// What lies to the right is not time: there are no labels below.
    pub(super) const fn untimed(mut self) -> Self {
        self.timed = false;
        self
    }

    /// Marks moments by lines with their numbers above; those that are too close for two numbers share one: `3–5`.
    pub(super) fn mark(&mut self, marks: &[(f64, usize)]) {
        let within = marks.iter().filter(|m| (self.axis.start..=self.axis.end).contains(&m.0));
        let within: Vec<(f64, usize)> = within.map(|&(t, number)| (self.axis.x(t), number)).collect();
        let high = n(self.height);
        for (class, wide, digit) in SCREENS {
            for group in Marked::apart(&within, WIDTH / wide, digit) {
                let (x, label) = (n(group.x / WIDTH * 100.0), group.label());
                let _ = write!(
                    self.outer,
                    r#"<g class="{class}"><line class="mark" x1="{x}%" x2="{x}%" y1="0" y2="{high}"/><text class="no" x="{x}%" y="-4">{label}</text></g>"#
                );
            }
        }
    }

    /// Shades a span of time.
    pub(super) fn shade(&mut self, class: &str, from: f64, to: f64) {
        let (x, right) = (self.axis.x(from), self.axis.x(to));
        let (w, h) = (n(right - x), n(self.height));
        let _ = write!(self.inner, r#"<path class="{class}" d="M{} 0h{w}v{h}h-{w}z"/>"#, n(x));
    }

    /// Draws a path, if there is any of it. `attributes` are ours, never the scenario's.
    pub(super) fn path(&mut self, attributes: &str, d: &str) {
        if !d.is_empty() {
            let _ = write!(self.inner, r#"<path {attributes} d="{d}"/>"#);
        }
    }

    /// A grid line with its label beside the plot.
    pub(super) fn grid(&mut self, y: f64, label: &str) {
        let (y, label) = (n(y), escape(label));
        let _ = write!(
            self.outer,
            r#"<line class="g" x1="0" x2="100%" y1="{y}" y2="{y}"/><text class="y" x="-6" y="{y}" dy=".32em">{label}</text>"#
        );
    }

    /// Grid lines at the bottom, the middle and the top of a scale.
    pub(super) fn scale(&mut self, scale: Scale, format: text::Format) {
        for value in [0.0, scale.top / 2.0, scale.top] {
            self.grid(scale.y(value), &format(value, value));
        }
    }

    /// A point, round however wide the plot is.
    pub(super) fn dot(&mut self, class: &str, t: f64, y: f64, radius: f64) {
        let (x, y, r) = (n(self.axis.x(t) / WIDTH * 100.0), n(y), n(radius));
        let _ = write!(self.outer, r#"<circle class="{class}" cx="{x}%" cy="{y}" r="{r}"/>"#);
    }

    /// Text inside the plot, centred at a moment.
    pub(super) fn label(&mut self, t: f64, y: f64, label: &str) {
        self.text("l", t, y, label);
    }

    /// Text inside the plot, at a moment.
    pub(super) fn text(&mut self, class: &str, t: f64, y: f64, label: &str) {
        let (x, y, label) = (n(self.axis.x(t) / WIDTH * 100.0), n(y), escape(label));
        let _ = write!(self.outer, r#"<text class="{class}" x="{x}%" y="{y}">{label}</text>"#);
    }

    /// Text beside what stands at `t`, at its height: to the right, or with `left` to the left.
    pub(super) fn beside(&mut self, class: &str, t: f64, y: f64, left: bool, label: &str) {
        let (x, y, label) = (n(self.axis.x(t) / WIDTH * 100.0), n(y), escape(label));
        let (class, dx) = if left { (format!("{class} end"), -BESIDE) } else { (class.to_owned(), BESIDE) };
        let _ =
            write!(self.outer, r#"<text class="{class}" x="{x}%" y="{y}" dx="{}" dy=".32em">{label}</text>"#, n(dx));
    }

    /// Text beside the plot.
    pub(super) fn side(&mut self, y: f64, label: &str) {
        let _ = write!(self.outer, r#"<text class="y" x="-6" y="{}" dy=".32em">{}</text>"#, n(y), escape(label));
    }

    /// The whole of it, with a title and a description in words.
    pub(super) fn finish(mut self, title: &str, description: &str) -> Plotted {
        let ticks = if self.timed { self.axis.ticks() } else { Vec::new() };
        for (i, t) in ticks.into_iter().enumerate() {
            let x = n(self.axis.x(t) / WIDTH * 100.0);
            let class = if i % 2 == 1 { "x odd" } else { "x" };
            let (bottom, text) = (n(self.height), n(self.height + 15.0));
            let _ = write!(
                self.outer,
                r#"<line class="t" x1="{x}%" x2="{x}%" y1="{bottom}" y2="{}"/><text class="{class}" x="{x}%" y="{text}">{}</text>"#,
                n(self.height + 4.0),
                escape(&text::seconds(t, t))
            );
        }
        let Self { kind, id, height, inner, outer, timed, .. } = self;
        let height_in_all = height + if timed { BELOW } else { 0.0 };
        let (h, all) = (n(height), n(height_in_all));
        // On paper it must fit on a page.
        let tall = if height_in_all > TALL { " tall" } else { "" };
        let markup = format!(
            r#"<svg class="plot {kind}{tall}" id="{id}" role="img" aria-labelledby="{id}-t {id}-d" width="100%" height="{all}"><title id="{id}-t">{}</title><desc id="{id}-d">{}</desc><svg width="100%" height="{h}" viewBox="0 0 1000 {h}" preserveAspectRatio="none">{inner}</svg>{outer}</svg>"#,
            escape(title),
            escape(description)
        );
        Plotted { markup, height: height_in_all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: Axis = Axis { start: -10.0, end: 90.0 };

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 1.25, 0.04, -0.04, 99.96].map(n), ["1", "1.2", "0", "0", "100"]);
    }

    #[test]
    fn moments_lie_in_their_order_and_within() {
        assert_eq!([-10.0, 0.0, 90.0, 1e9, -1e9].map(|t| AXIS.x(t)), [0.0, 100.0, 1000.0, 1000.0, 0.0]);
        assert_eq!(AXIS.ticks(), [0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0]);
    }

    #[test]
    fn a_scale_ends_at_a_round_number() {
        let top = |most: f64| text::count(Scale::up_to(most, 1.0).top, 1.0);
        assert_eq!([374.0, 0.7, 21.0, 1.0].map(top), ["400", "0.8", "30", "1"]);
    }

    #[test]
    fn steps_are_drawn_bin_by_bin_and_broken_where_nothing_is_known() {
        let y = |v: f64| 10.0 - v;
        let bins = [(0.0, Some(1.0)), (10.0, Some(1.0)), (20.0, Some(3.0)), (30.0, None), (40.0, Some(0.0))];
        assert_eq!(steps(AXIS, 10.0, &bins, y), "M100 9H200H300V7H400M500 10H600");
        assert_eq!(between(AXIS, 10.0, &[(0.0, 1.0, 2.0), (10.0, 2.0, 1.0)], y), "M100 8H200V9H100z");
    }

    #[test]
    fn text_never_turns_into_markup() {
        assert_eq!(escape(r#"<b a="1">'&"#), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
        let mut plot = Plot::new("p", "", AXIS, 10.0);
        plot.side(5.0, "</text><script>");
        assert!(!plot.finish("<i>", "<i>").markup.contains("<script>"));
    }

    #[test]
    fn moments_that_are_close_share_their_numbers() {
        let mut plot = Plot::new("p", "", AXIS, 10.0);
        plot.mark(&[(-20.0, 1), (0.0, 2), (1.0, 3), (50.0, 4)]);
        let markup = plot.finish("t", "d").markup;
        assert!(
            markup.contains(">2–3</text>") && markup.contains(">4</text>") && !markup.contains(">1</text>"),
            "{markup}"
        );
        assert_eq!(markup.matches("class=\"mark\"").count(), 4, "two, broad and narrow");
    }

    #[test]
    fn numbers_do_not_touch_on_a_phone() {
        let labels = |marks: &[(f64, usize)], pixel| -> Vec<String> {
            Marked::apart(marks, pixel, 6.0).iter().map(Marked::label).collect()
        };
        let marks = [(100.0, 1), (101.0, 2), (102.0, 3), (140.0, 4), (300.0, 5)];
        assert_eq!(labels(&marks, 1.0), ["1–3", "4", "5"]);
        assert_eq!(labels(&marks, 3.0), ["1–4", "5"]);
        // Together the last two touch what was free of either.
        assert_eq!(labels(&[(100.0, 1), (115.0, 2), (118.0, 3)], 1.0), ["1–3"]);
    }
}
