//! The page of a recommendation: what to change and why, how sure that is, what else could be chosen, and how near it breaks.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use super::panel::{Key, Panel, Table, drawn};
use super::svg::{Axis, Plot, Scale, n};
use super::{SWEEP_SCRIPT, frame, render};
use crate::report::answer::recovers;
use crate::report::finding;
use crate::report::recommend::{RecommendPage, words};
use crate::report::text::{count, percent};
use crate::study::result::finding::Verdict;
use crate::study::result::price::Cost;
use crate::study::result::recommendation::{Policy, Recommendation, Sensitivity};

/// Height of the front, and of an input's line with its heading.
const HEIGHT: f64 = 260.0;
const LINE: f64 = 40.0;
/// Points that are nearer to another one than this (of 1,000 across, px down) do not get a number of their own.
const NEAR: [f64; 2] = [18.0, 14.0];

#[derive(Serialize)]
struct View {
    name: String,
    subject: String,
    tone: &'static str,
    sentence: String,
    notes: Vec<String>,
    command: String,
    changes: Vec<Change>,
    objectives: Vec<String>,
    fresh: bool,
    front: Option<Panel>,
    policies: Table,
    limits: Option<Panel>,
    recovers: Option<String>,
    price: String,
    footer: String,
}

#[derive(Serialize)]
struct Change {
    name: String,
    path: String,
    now: String,
    value: String,
    why: String,
    limits: String,
}

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub(in crate::report) fn write(page: &RecommendPage, out: &mut dyn io::Write) -> io::Result<()> {
    let body = render("recommend.html", &view(page))?;
    frame(&format!("{} recommended", page.recommendation.scenario), body, "null".to_owned(), &SWEEP_SCRIPT, out)
}

/// A figure of the page, by its name; `None` where there is nothing to draw.
pub(super) fn panel(r: &Recommendation, name: &str) -> Option<Panel> {
    match name {
        "choice" => front(r),
        "limits" => limits(r),
        _ => None,
    }
}

fn view(page: &RecommendPage) -> View {
    let r = &page.recommendation;
    let change = |c: &crate::study::result::recommendation::Change| Change {
        name: c.name.clone(),
        path: c.path.clone(),
        now: c.now.clone(),
        value: c.value.clone(),
        why: words::why(c),
        limits: c.cliff.as_ref().map(words::cliff).unwrap_or_default(),
    };
    View {
        name: r.scenario.clone(),
        subject: words::effort(r),
        tone: match r.verdict {
            Verdict::Holds => "good",
            Verdict::Undecided => "plain",
            Verdict::Broken => "bad",
        },
        sentence: words::answer(r),
        notes: r
            .interrupted
            .then(|| words::INTERRUPTED.to_owned())
            .into_iter()
            .chain(words::measure_first(r))
            .collect(),
        command: words::command(page),
        changes: r.changes.iter().map(change).collect(),
        objectives: r.objectives.iter().map(finding::sentence).collect(),
        fresh: r.verdict != Verdict::Broken,
        front: front(r),
        policies: policies(r),
        limits: limits(r),
        recovers: r.recovers.as_ref().map(recovers),
        price: words::price(r),
        footer: format!("dryroll {} · seed {}", r.version, r.seed),
    }
}

/// What stands, what is recommended, and the rest of the front, each once, with what it is called.
fn choices(r: &Recommendation) -> Vec<(String, &Policy)> {
    let same = r.now.settings == r.recommended.settings;
    let mut all = vec![(if same { "now, and recommended" } else { "now" }.to_owned(), &r.now)];
    all.extend((!same).then_some(("recommended".to_owned(), &r.recommended)));
    let others = r.front.iter().filter(|p| p.settings != r.recommended.settings && p.settings != r.now.settings);
    all.extend((1..).zip(others).map(|(number, p)| (number.to_string(), p)));
    all
}

fn policies(r: &Recommendation) -> Table {
    let all = choices(r);
    // Settings that no row changes say nothing.
    let differs = |i: &usize| all.iter().any(|(_, p)| p.settings[*i] != r.now.settings[*i]);
    let shown: Vec<usize> = (0..r.settings.len()).filter(differs).collect();
    let name = |path: &str| {
        let last = |p: &str| p.rsplit('.').next().unwrap_or(p).to_owned();
        path.split(',').map(last).collect::<Vec<_>>().join(", ")
    };
    let mut heads = vec!["policy".to_owned()];
    heads.extend(shown.iter().map(|&i| name(&r.settings[i])));
    heads.extend(Cost::ALL.map(|c| words::title(c).to_owned()));
    heads.extend(["price", "objectives"].map(str::to_owned));
    let row = |(name, p): &(String, &Policy)| {
        let mut row = vec![name.clone()];
        row.extend(shown.iter().map(|&i| p.settings[i].clone()));
        row.extend(Cost::ALL.map(|c| {
            let (mean, interval) = words::figure(c, p.costs[c as usize]);
            // Broken between the two at the most.
            format!("{} {}", unbroken(&mean), unbroken(&interval)).trim_end().to_owned()
        }));
        row.push(count(p.price, p.price));
        row.push(format!("{}, {}", finding::verdict(p.verdict), words::met(p.deploys, p.met)));
        row
    };
    Table { heads, rows: all.iter().map(row).collect() }
}

/// With spaces and hyphens at which no line ends.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}").replace('-', "-\u{2060}")
}

/// The time of a rollout against the pods that it needs beside: what a policy costs that meets its objectives.
fn front(r: &Recommendation) -> Option<Panel> {
    let cost = |p: &Policy, c: Cost| p.costs[c as usize].map(|f| f.mean);
    let mut points: Vec<(String, &Policy, f64, f64)> = choices(r)
        .into_iter()
        .filter_map(|(name, p)| Some((name, p, cost(p, Cost::Duration)? * 60.0, cost(p, Cost::Surge)?)))
        .collect();
    if points.len() < 2 {
        return None;
    }
    // What is recommended is drawn last, and lies above what it covers.
    points.sort_by_key(|p| p.0 == "recommended");
    let longest = points.iter().map(|p| p.2).fold(0.0, f64::max);
    let axis = Axis { start: 0.0, end: (longest * 1.08).max(1.0) };
    let scale = Scale::up_to(points.iter().map(|p| p.3).fold(0.0, f64::max).max(0.1), HEIGHT);
    let mut plot = Plot::new("choice", "", axis, HEIGHT);
    let mut labelled: Vec<[f64; 2]> = Vec::new();
    let place = |p: &(String, &Policy, f64, f64)| [axis.x(p.2), scale.y(p.3)];
    for p in &points {
        let class = match (p.0.starts_with("now"), p.0 == "recommended") {
            (true, _) => "dot now",
            (_, true) => "dot best",
            _ => "dot",
        };
        plot.dot(class, p.2, scale.y(p.3), if class == "dot" { 5.0 } else { 7.0 });
    }
    for p in points.iter().rev() {
        let [x, y] = place(p);
        let free = labelled.iter().all(|l| (l[0] - x).abs() > NEAR[0] || (l[1] - y).abs() > NEAR[1]);
        if free {
            labelled.push([x, y]);
            let broken = if p.1.verdict == Verdict::Broken { " ✗" } else { "" };
            let class = if x > 850.0 { "l end" } else { "l" };
            plot.text(class, p.2, (y - 11.0).max(10.0), &format!("{}{broken}", p.0));
        }
    }
    plot.scale(scale, count);
    let finding = words::answer(r);
    Some(Panel {
        id: "choice",
        title: "What it costs".to_owned(),
        unit: "pod-minutes above the replicas, upwards; time until the rollout is complete, to the right; the left lower corner is \
               cheapest; ✗ breaks its objectives"
            .to_owned(),
        whose: "mean per deploy; numbers as in the table".to_owned(),
        svg: plot.finish("Surge against duration", &finding),
        finding,
        ..Panel::default()
    })
}

/// How far each input may grow, as bars to where it still holds and a mark where it breaks, over factors on a logarithmic scale.
fn limits(r: &Recommendation) -> Option<Panel> {
    let most = r.inputs.iter().map(|s| s.breaks_at.unwrap_or(s.holds_at).max(s.holds_at)).reduce(f64::max)?;
    let at = |factor: f64| libm::log2(factor.max(1.0));
    let axis = Axis { start: 0.0, end: at(most.max(2.0)) * 1.08 };
    let height = LINE * r.inputs.len() as f64;
    let mut plot = Plot::new("limits", "", axis, height).untimed();
    let (mut holds, mut breaks, mut grid) = (String::new(), String::new(), String::new());
    for k in 0..=(axis.end as u32) {
        let _ = write!(grid, "M{} 0V{}", n(axis.x(f64::from(k))), n(height));
    }
    for (i, s) in r.inputs.iter().enumerate() {
        let y = i as f64 * LINE;
        let (bar, end) = (n(y + 29.0), n(axis.x(at(s.holds_at)).max(3.0)));
        let _ = write!(holds, "M0 {bar}H{end}");
        if let Some(factor) = s.breaks_at {
            let x = axis.x(at(factor));
            let _ =
                write!(breaks, "M{0} {1}L{2} {3}M{2} {1}L{0} {3}", n(x - 4.0), n(y + 24.0), n(x + 4.0), n(y + 34.0));
        }
        plot.text("l start", 0.0, y + 15.0, &format!("{} {}", s.input, factor(s)));
    }
    plot.path(&drawn("rule", "limits-grid"), &grid);
    plot.path(&drawn("line wide blue", "limits-holds"), &holds);
    plot.path(&drawn("line thick vermillion", "limits-breaks"), &breaks);
    let finding = said(r);
    let row = |s: &Sensitivity| vec![s.input.clone(), s.path.clone(), words::sensitivity(s)];
    Some(Panel {
        id: "limits",
        title: "How near it breaks".to_owned(),
        unit: "how many times larger each input may be than it was said; each line across is twice the one before"
            .to_owned(),
        whose: "with everything else as recommended".to_owned(),
        svg: plot.finish("How near it breaks", &finding),
        finding,
        legend: vec![
            Key::line("limits-holds", "still holds", "line wide blue"),
            Key::line("limits-breaks", "breaks", "line thick vermillion"),
        ],
        table: Table {
            heads: ["input", "where a scenario says it", "how it holds"].map(str::to_owned).to_vec(),
            rows: r.inputs.iter().map(row).collect(),
        },
        ..Panel::default()
    })
}

/// `holds × 2, breaks × 4`.
fn factor(s: &Sensitivity) -> String {
    let source = if s.assumed { "assumed" } else { "told" };
    match s.breaks_at {
        Some(breaks) => format!("({source}): holds × {}, breaks × {breaks}", s.holds_at),
        None => format!("({source}): holds × {}", s.holds_at),
    }
}

/// The input that breaks it first.
fn said(r: &Recommendation) -> String {
    match r.inputs.iter().find(|s| s.breaks_at.is_some()) {
        Some(s) => {
            let more = s.breaks_at.map_or(0.0, |b| b - 1.0);
            format!("{} breaks it first: {} more than was said is too much.", s.input, percent(more, more))
        }
        None => "Nothing that was looked at breaks it.".to_owned(),
    }
}
