//! Capacity against demand, reconnects, and what is under way: levels and rates, means over the replications.

use super::panel::{Key, Panel, Series, drawn, table, when};
use super::svg::{Plot, between, steps};
use super::window::{How, Window};
use crate::metrics::scene::Scene;
use crate::metrics::{Figure, Results};
use crate::report::answer;
use crate::report::text::{self, Format, count, plural, rate, seconds, times};

/// Height of a plot.
pub(super) const HEIGHT: f64 = 150.0;

/// `mean of 10 simulated deploys`.
pub(super) fn mean_of(results: &Results) -> String {
    match results.replications {
        1 => format!("one {}", answer::simulated(results)),
        n => format!("mean of {}", plural(f64::from(n), answer::simulated(results))),
    }
}

/// The span in which a deploy rolls: of a plot that shows means, to the mean of all ends.
pub(super) fn rolling(plot: &mut Plot, results: &Results, window: &Window<'_>) {
    if !results.is_steady() {
        plot.shade("rolling", 0.0, window.settled);
    }
}

/// The same of a plot that shows the first deploy: to its own end, which of several nobody knows who did not watch it.
pub(super) fn rolling_first(plot: &mut Plot, results: &Results, scene: Option<&Scene>, window: &Window<'_>) {
    match scene {
        Some(scene) if !results.is_steady() => plot.shade("rolling", 0.0, scene.settled.unwrap_or(window.axis.end)),
        None if results.replications == 1 => rolling(plot, results, window),
        _ => {}
    }
}

/// `On average, most`; of a single one, `Most`.
fn averaged(results: &Results, what: &str) -> String {
    if results.replications > 1 {
        return format!("On average, {what}");
    }
    let mut text = what.to_owned();
    text[..1].make_ascii_uppercase();
    text
}

/// What the table has of the same, where that reads otherwise: it takes each deploy's own extreme, at whichever moment, and then
/// the mean, while a curve of means is flatter.
fn own(results: &Results, shown: &str, extreme: &str, figure: Figure, format: Format) -> String {
    let own = text::mean(figure, format);
    if figure.is_none() || own == shown {
        return String::new();
    }
    if results.replications == 1 {
        return format!(" Between whole seconds, the {extreme} is {own}.");
    }
    let one = answer::simulated(results).trim_start_matches("simulated ");
    format!(" A {one}'s own {extreme}, whenever it comes, is {own} on average.")
}

/// Capacity and demand; what capacity falls below is shaded.
pub(super) fn capacity(results: &Results, window: &Window<'_>) -> (Panel, Vec<Series>) {
    let (starts, width) = (window.starts(), window.width());
    let capacity = Series::new("capacity", rate, window.column("capacity", How::Least));
    let demand = Series::new("demand", rate, window.column("demand", How::Mean));
    let usual = results.timeseries.mean("capacity", f64::NEG_INFINITY, 0.0);
    let most = capacity.most(&starts).map_or(0.0, |m| m.1).max(demand.most(&starts).map_or(0.0, |m| m.1));
    let scale = window.scale(most, HEIGHT);
    let y = |v: f64| scale.y(v);
    let mut plot = window.plot("capacity", HEIGHT);
    rolling(&mut plot, results, window);
    let pairs = |f: &dyn Fn(f64, f64) -> (f64, f64)| -> Vec<(f64, f64, f64)> {
        let values = capacity.values.iter().zip(&demand.values);
        let both = starts.iter().zip(values).filter_map(|(&t, (c, d))| Some((t, (*c)?, (*d)?)));
        both.map(|(t, c, d)| (t, f(c, d).0, f(c, d).1)).collect()
    };
    plot.path(&drawn("area blue", "capacity-capacity"), &between(window.axis, width, &pairs(&|c, _| (0.0, c)), y));
    if let Some(usual) = usual.filter(|_| !results.is_steady()) {
        plot.path(&drawn("dip", "capacity-dip"), &between(window.axis, width, &pairs(&|c, _| (c, usual)), y));
    }
    let short = between(window.axis, width, &pairs(&|c, d| (c, d)), y);
    plot.path(&drawn("short", "capacity-short"), &short);
    let mut legend = vec![
        Key::line("capacity-capacity", "capacity of the pods that are sent to", "line blue"),
        Key::line("capacity-demand", "demand", "line dash orange"),
    ];
    if usual.is_some() && !results.is_steady() {
        legend.push(Key::filled("capacity-dip", "missing to the usual capacity", "dip"));
    }
    if !short.is_empty() {
        legend.push(Key::filled("capacity-short", "missing to the demand", "short"));
    }
    let bins = |s: &Series| starts.iter().copied().zip(s.values.iter().copied()).collect::<Vec<_>>();
    plot.path(&drawn("line blue", "capacity-capacity"), &steps(window.axis, width, &bins(&capacity), y));
    plot.path(&drawn("line dash orange", "capacity-demand"), &steps(window.axis, width, &bins(&demand), y));
    plot.scale(scale, rate);
    let finding = lowest(results, &starts, &capacity, &demand);
    let panel = Panel {
        id: "capacity",
        title: "Capacity against demand".to_owned(),
        unit: "requests a second".to_owned(),
        whose: mean_of(results),
        svg: plot.finish("Capacity against demand", &finding),
        finding,
        reach: [0.0, scale.top],
        legend,
        table: table(window, &[&demand, &capacity]),
    };
    (panel, vec![demand, capacity])
}

fn lowest(results: &Results, starts: &[f64], capacity: &Series, demand: &Series) -> String {
    let headroom = capacity.values.iter().zip(&demand.values).map(|(c, d)| Some((*c)? / (*d).filter(|&d| d > 0.0)?));
    let least =
        starts.iter().zip(headroom).filter_map(|(&t, h)| Some((t, h?))).reduce(|a, b| if b.1 < a.1 { b } else { a });
    let Some((t, headroom)) = least else { return "Nothing is demanded at a set rate.".to_owned() };
    let short_for = results.summary.capacity.seconds_below_demand.map_or(0.0, |s| s.mean);
    let most_short = if short_for > 0.0 {
        let who = if results.is_steady() { "It" } else { "A deploy" };
        format!(" {who} is short of it for {}.", seconds(short_for, short_for))
    } else {
        String::new()
    };
    let (least, lowest) = (times(headroom, headroom), averaged(results, "capacity is lowest"));
    let own = own(results, &least, "lowest", results.summary.capacity.min_headroom, times);
    format!("{lowest} {}: {least} the demand.{own}{most_short}", when(results, t))
}

/// Reconnects against what is usual.
pub(super) fn reconnects(results: &Results, window: &Window<'_>) -> (Panel, Vec<Series>) {
    let (starts, width) = (window.starts(), window.width());
    let series = Series::new("reconnects", rate, window.column("reconnects", How::Most));
    let c = results.summary.connections.to_pods();
    let baseline = c.baseline_reconnects_per_second.map_or(0.0, |b| b.mean);
    let most = series.most(&starts).unwrap_or((0.0, 0.0));
    let scale = window.scale(most.1.max(baseline).max(1.0), HEIGHT);
    let mut plot = window.plot("reconnects", HEIGHT);
    rolling(&mut plot, results, window);
    let bars: Vec<(f64, f64, f64)> =
        starts.iter().zip(&series.values).filter_map(|(&t, v)| Some((t, 0.0, (*v)?))).collect();
    plot.path(&drawn("solid purple", "reconnects-reconnects"), &between(window.axis, width, &bars, |v| scale.y(v)));
    let level = n_line(window, scale.y(baseline));
    plot.path(&drawn("line dash plain", "reconnects-baseline"), &level);
    plot.scale(scale, rate);
    let who = if results.summary.connections.upstream.opened.is_some() { "the proxies" } else { "clients" };
    let finding = most_reconnects(results, most, baseline);
    let usual = if results.is_steady() { "usual" } else { "usual before the deploy" };
    let panel = Panel {
        id: "reconnects",
        title: "Reconnects".to_owned(),
        unit: format!("connections a second that {who} open to pods in place of lost ones"),
        whose: mean_of(results),
        svg: plot.finish("Reconnects", &finding),
        finding,
        reach: [0.0, scale.top],
        legend: vec![
            Key::filled("reconnects-reconnects", "reconnects", "solid purple"),
            Key::line("reconnects-baseline", usual, "line dash plain"),
        ],
        table: table(window, &[&series]),
    };
    (panel, vec![series])
}

fn most_reconnects(results: &Results, (t, most): (f64, f64), baseline: f64) -> String {
    let usual = rate(baseline, baseline);
    let usual = if results.is_steady() { String::new() } else { format!(" Usual before the deploy: {usual}.") };
    if most <= 0.0 {
        return format!("None in this time.{usual}");
    }
    let peak = results.summary.connections.to_pods().peak_reconnects_per_second.filter(|_| !results.is_steady());
    let most = rate(most, most);
    let own = own(results, &most, "peak", peak, rate);
    format!("{}: {most}, {}.{own}{usual}", averaged(results, "most in one second"), when(results, t))
}

fn n_line(window: &Window<'_>, y: f64) -> String {
    let (from, to) = (window.axis.x(window.axis.start), window.axis.x(window.axis.end));
    format!("M{} {}H{}", super::svg::n(from), super::svg::n(y), super::svg::n(to))
}

/// Requests under way, and those of them that wait for a worker.
pub(super) fn under_way(results: &Results, window: &Window<'_>) -> (Panel, Vec<Series>) {
    let (starts, width) = (window.starts(), window.width());
    let flight = Series::new("in flight", count, window.column("inFlight", How::Most));
    let queued = Series::new("queued", count, window.column("queued", How::Most));
    let most = flight.most(&starts).unwrap_or((0.0, 0.0));
    let scale = window.scale(most.1.max(queued.most(&starts).map_or(0.0, |m| m.1)).max(1.0), HEIGHT);
    let mut plot = window.plot("underway", HEIGHT);
    rolling(&mut plot, results, window);
    let bins = |s: &Series| starts.iter().copied().zip(s.values.iter().copied()).collect::<Vec<_>>();
    let waiting: Vec<(f64, f64, f64)> = bins(&queued).into_iter().filter_map(|(t, v)| Some((t, 0.0, v?))).collect();
    plot.path(&drawn("hatch-orange", "underway-queued"), &between(window.axis, width, &waiting, |v| scale.y(v)));
    plot.path(&drawn("line orange", "underway-queued"), &steps(window.axis, width, &bins(&queued), |v| scale.y(v)));
    plot.path(&drawn("line blue", "underway-flight"), &steps(window.axis, width, &bins(&flight), |v| scale.y(v)));
    plot.scale(scale, count);
    let longest = queued.most(&starts).filter(|m| m.1 >= 0.5);
    let queue = longest.map_or_else(
        || "Hardly any wait for a worker.".to_owned(),
        |(t, v)| format!("At the most {} wait for a worker, {}.", count(v, v), when(results, t)),
    );
    let finding = format!(
        "{} {} requests are under way, {}. {queue}",
        averaged(results, "at the most"),
        count(most.1, most.1),
        when(results, most.0)
    );
    let panel = Panel {
        id: "underway",
        title: "In flight and queued".to_owned(),
        unit: "requests".to_owned(),
        whose: mean_of(results),
        svg: plot.finish("In flight and queued", &finding),
        finding,
        reach: [0.0, scale.top],
        legend: vec![
            Key::line("underway-flight", "in flight", "line blue"),
            Key::filled("underway-queued", "of these waiting for a worker", "hatch-orange"),
        ],
        table: table(window, &[&flight, &queued]),
    };
    (panel, vec![flight, queued])
}
