//! What differs, figure by figure: the mean difference and its intervals around the line of no difference.

use std::fmt::Write as _;

use super::panel::{Key, Panel, Table, drawn};
use super::svg::{Axis, Plot, n};
use crate::report::compare::words::{Words, name, words};
use crate::report::text::plural;
use crate::stats::paired::{Better, Difference, Verdict};
use crate::study::result::comparison::{Compared, Comparison};

/// Height of a figure's heading, of a policy's words where there are several, and of its line below them.
const HEAD: f64 = 24.0;
const WORDS: f64 = 19.0;
const LINE: f64 = 30.0;
/// What the farthest end of an interval reaches of the way from the middle to the edge.
const REACH: f64 = 0.94;

/// The picture, and behind it the table of all differences.
pub(super) fn forest(comparison: &Comparison) -> Panel {
    let figures = figures(comparison);
    let several = comparison.policies.len() > 1;
    // The words of a single policy have room in the heading.
    let words_height = if several { WORDS } else { 0.0 };
    let height: f64 = figures.iter().map(|(_, lines)| HEAD + (words_height + LINE) * lines.len() as f64).sum();
    let mut plot = Plot::new("differences", "", Axis { start: -1.0, end: 1.0 }, height).untimed();
    let mut marks = Marks::default();
    let mut y = 0.0;
    // The line of no difference leaves out headings and words, which on a narrow screen reach across the middle.
    let mut zero = String::new();
    for (figure, lines) in &figures {
        plot.text("l start", -1.0, y + 17.0, &name(figure));
        let half = lines.iter().map(|(_, c)| farthest(c)).fold(f64::MIN_POSITIVE, f64::max);
        y += HEAD;
        for (policy, compared) in lines {
            y += words_height;
            let _ = write!(zero, "M500 {}v{}", n(y), n(LINE));
            marks.add(compared, half, y, LINE);
            let Words { difference, verdict, .. } = words(compared);
            let who = if several { format!("{policy}: ") } else { String::new() };
            plot.text("l end", 1.0, y - 7.0, &format!("{who}{difference} · {verdict}"));
            y += LINE;
        }
    }
    for (style, path) in [("band", &marks.bands), ("rule", &marks.rules)] {
        plot.path(&drawn(style, "differences-margin"), path);
    }
    plot.path(&drawn("line thin plain", "differences-none"), &zero);
    for (verdict, _, style) in VERDICTS {
        let (wide, narrow) = &marks.intervals[verdict as usize];
        plot.path(&drawn(&format!("line thin {style}"), "differences-intervals"), wide);
        plot.path(&drawn(&format!("line wide {style}"), "differences-intervals"), narrow);
    }
    for &(verdict, x, y) in &marks.dots {
        plot.dot(&format!("mean {}", VERDICTS[verdict as usize].2), x, y, 5.0);
    }
    let finding = said(comparison);
    let seen = VERDICTS.iter().filter(|v| marks.dots.iter().any(|d| d.0 == v.0));
    let mut legend: Vec<Key> = seen.map(|v| Key::line("", v.1, &format!("line wide {}", v.2))).collect();
    legend.push(Key::filled("differences-margin", "as good as no difference", "band"));
    Panel {
        id: "differences",
        title: "Differences from the baseline".to_owned(),
        unit: "left of the line: worse than the baseline; right of it: better; each figure on a scale of its own"
            .to_owned(),
        whose: format!(
            "mean per deploy; thick: 95 % interval; thin: all {} together",
            plural(comparison.comparisons as f64, "interval")
        ),
        svg: plot.finish("Differences from the baseline", &finding),
        finding,
        legend,
        table: table(comparison, several),
        ..Panel::default()
    }
}

/// Verdicts in the order of their numbers, in words, with what they are drawn as.
const VERDICTS: [(Verdict, &str, &str); 4] = [
    (Verdict::Better, "better", "blue"),
    (Verdict::Worse, "worse", "vermillion dash"),
    (Verdict::Same, "the same", "muted"),
    (Verdict::Undecided, "can't tell", "muted dash"),
];

/// By figure, in their order: each policy that was compared by it.
type Figures<'a> = Vec<(&'a str, Vec<(&'a str, &'a Compared)>)>;

fn figures(comparison: &Comparison) -> Figures<'_> {
    let mut figures: Figures<'_> = Vec::new();
    for policy in &comparison.policies {
        for compared in &policy.figures {
            let figure = compared.measure.figure.as_str();
            let line = (policy.policy.as_str(), compared);
            match figures.iter_mut().find(|f| f.0 == figure) {
                Some(known) => known.1.push(line),
                None => figures.push((figure, vec![line])),
            }
        }
    }
    figures
}

/// How far from no difference anything lies that must be seen.
fn farthest(compared: &Compared) -> f64 {
    let Difference { mean, ci95, simultaneous } = compared.difference;
    let ends = ci95.into_iter().chain(simultaneous).flatten().chain([mean, compared.margin * 1.3]);
    ends.map(f64::abs).fold(0.0, f64::max)
}

/// What is drawn, by its looks.
#[derive(Default)]
struct Marks {
    bands: String,
    rules: String,
    intervals: [(String, String); VERDICTS.len()],
    dots: Vec<(Verdict, f64, f64)>,
}

impl Marks {
    fn add(&mut self, compared: &Compared, half: f64, y: f64, height: f64) {
        let sign = if compared.measure.better == Better::Higher { 1.0 } else { -1.0 };
        let share = |v: f64| sign * v / half * REACH;
        let x = |v: f64| 500.0 + share(v) * 500.0;
        let middle = y + height / 2.0 - 1.0;
        let margin = (x(compared.margin) - 500.0).abs();
        let _ = write!(
            self.bands,
            "M{} {}H{}V{}H{}z",
            n(500.0 - margin),
            n(y + 2.0),
            n(500.0 + margin),
            n(y + height - 4.0),
            n(500.0 - margin)
        );
        let _ = write!(self.rules, "M0 {}H1000", n(y + height));
        let (wide, narrow) = &mut self.intervals[compared.verdict as usize];
        for (path, interval) in [(wide, compared.difference.simultaneous), (narrow, compared.difference.ci95)] {
            if let Some([lo, hi]) = interval {
                let _ = write!(path, "M{} {}H{}", n(x(lo)), n(middle), n(x(hi)));
            }
        }
        self.dots.push((compared.verdict, share(compared.difference.mean), middle));
    }
}

fn said(comparison: &Comparison) -> String {
    let of = |p: &crate::study::result::comparison::PolicyCompared| {
        format!("{} – {}.", p.policy, crate::report::compare::sentence(&p.figures))
    };
    comparison.policies.iter().map(of).collect::<Vec<_>>().join(" ")
}

fn table(comparison: &Comparison, several: bool) -> Table {
    let mut heads: Vec<String> = if several { vec!["policy".to_owned()] } else { Vec::new() };
    heads.extend(
        ["figure", &comparison.baseline, "the policy", "difference", "95 % interval", "verdict"].map(str::to_owned),
    );
    let rows = comparison.policies.iter().flat_map(|p| p.figures.iter().map(move |c| (&p.policy, c)));
    let row = |(policy, compared): (&String, &Compared)| {
        let w = words(compared);
        let mut row = if several { vec![policy.clone()] } else { Vec::new() };
        row.extend([w.figure, w.baseline, w.policy, w.difference, w.interval, w.verdict.to_owned()]);
        row
    };
    Table { heads, rows: rows.map(row).collect() }
}
