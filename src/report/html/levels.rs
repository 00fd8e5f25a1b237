//! Capacity against demand, reconnects, and what is under way: levels and rates, means over the replications.

use super::panel::{Key, Panel, Series, drawn, moment, table};
use super::svg::{Plot, between, steps};
use super::window::{How, Window};
use crate::metrics::Results;
use crate::report::answer;
use crate::report::text::{count, plural, rate, seconds, times};

/// Height of a plot.
pub(super) const HEIGHT: f64 = 150.0;

/// `mean of 10 simulated deploys`.
pub(super) fn mean_of(results: &Results) -> String {
    match results.replications {
        1 => format!("one {}", answer::simulated(results)),
        n => format!("mean of {}", plural(f64::from(n), answer::simulated(results))),
    }
}

/// What a plot of levels shows of the deploy itself: the span in which it rolls, and its end.
pub(super) fn rolling(plot: &mut Plot, results: &Results, window: &Window<'_>) {
    if !results.is_steady() {
        plot.shade("rolling", 0.0, window.settled);
    }
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
        format!(" A deploy is short of it for {}.", seconds(short_for, short_for))
    } else {
        String::new()
    };
    let at = if results.is_steady() { String::new() } else { format!(" {}", moment(t)) };
    format!("On average, capacity is lowest{at}: {} the demand.{most_short}", times(headroom, headroom))
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
    let usual = rate(baseline, baseline);
    let finding = if most.1 > 0.0 {
        format!(
            "On average, most in one second: {}, {}. Usual before the deploy: {usual}.",
            rate(most.1, most.1),
            moment(most.0)
        )
    } else {
        format!("None in this time. Usual before the deploy: {usual}.")
    };
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
            Key::line("reconnects-baseline", "usual before the deploy", "line dash plain"),
        ],
        table: table(window, &[&series]),
    };
    (panel, vec![series])
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
        |(t, v)| format!("At the most {} wait for a worker, {}.", count(v, v), moment(t)),
    );
    let finding = format!(
        "On average, at the most {} requests are under way, {}. {queue}",
        count(most.1, most.1),
        moment(most.0)
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
