//! What was dropped, second by second: by cause where the deploy was watched, else by what clients were left with.

use super::levels::{HEIGHT, mean_of, rolling, rolling_first};
use super::panel::{Key, Panel, Series, drawn, table, when};
use super::svg::between;
use super::window::{How, Window};
use crate::metrics::Results;
use crate::metrics::scene::{Scene, cause_names};
use crate::report::answer;
use crate::report::text::{self, count, plural, rate};

/// Whether there is anything to see in a plot of failures.
pub(super) fn any(results: &Results) -> bool {
    results.summary.dropped.is_some_and(|d| d.mean > 0.0)
}

/// The stacked failures, the most frequent kind at the bottom.
pub(super) fn failures(results: &Results, scene: Option<&Scene>, window: &Window<'_>) -> (Panel, Vec<Series>) {
    let (mut kinds, whose, by) = match scene {
        Some(scene) => (causes(scene, window), one_of(results), "cause"),
        None => (outcomes(results, window), mean_of(results), "what clients were left with"),
    };
    let total = |s: &Series| s.values.iter().flatten().sum::<f64>();
    kinds.retain(|(_, s)| total(s) > 0.0);
    kinds.sort_by(|a, b| total(&b.1).total_cmp(&total(&a.1)));
    let (starts, width) = (window.starts(), window.width());
    let sums: Vec<f64> =
        (0..starts.len()).map(|i| kinds.iter().filter_map(|(_, s)| s.values.get(i).copied().flatten()).sum()).collect();
    let all = Series::new("dropped", rate, sums.iter().map(|&v| Some(v)).collect());
    let most = all.most(&starts).unwrap_or((0.0, 0.0));
    let scale = window.scale(most.1.max(1.0), HEIGHT);
    let mut plot = window.plot("failures", HEIGHT);
    match scene {
        Some(_) => rolling_first(&mut plot, results, scene, window),
        None => rolling(&mut plot, results, window),
    }
    let mut floor = vec![0.0; starts.len()];
    let mut legend = Vec::new();
    for (style, series) in &kinds {
        let of = |i: usize| series.values.get(i).copied().flatten().unwrap_or(0.0);
        let layer: Vec<(f64, f64, f64)> =
            starts.iter().enumerate().map(|(i, &t)| (t, floor[i], floor[i] + of(i))).collect();
        let switch = format!("failures-{style}");
        plot.path(&drawn(style, &switch), &between(window.axis, width, &layer, |v| scale.y(v)));
        for (i, height) in floor.iter_mut().enumerate() {
            *height += of(i);
        }
        let label = format!("{} ({})", series.label, in_all(results, scene, &series.label));
        legend.push(Key::filled(&switch, &label, style));
    }
    plot.scale(scale, rate);
    let finding = if most.1 > 0.0 {
        format!("Most in one second: {}, {}.", rate(most.1, most.1), when(results, most.0))
    } else if any(results) {
        "This one deploy dropped nothing; others did.".to_owned()
    } else {
        "Nothing was dropped.".to_owned()
    };
    let earlier = starts.iter().zip(&sums).any(|(&t, &sum)| t < 0.0 && sum > 0.0) && !results.is_steady();
    let finding = if earlier { format!("{finding} The legend counts from 0 s on.") } else { finding };
    let refs: Vec<&Series> = kinds.iter().map(|k| &k.1).collect();
    let panel = Panel {
        id: "failures",
        title: format!("Dropped requests by {by}"),
        unit: "requests a second".to_owned(),
        whose,
        svg: plot.finish(&format!("Dropped requests by {by}"), &finding),
        finding,
        reach: [0.0, scale.top],
        legend,
        table: table(window, &refs),
    };
    let series = kinds.into_iter().map(|k| k.1).collect();
    (panel, series)
}

/// How many of a kind there were in all, as the table and the list of steps have it: from the deploy on, and whether or not they
/// lie in the time that is shown.
fn in_all(results: &Results, scene: Option<&Scene>, label: &str) -> String {
    let Some(scene) = scene else {
        return text::mean(results.summary.outcomes.get(label), count);
    };
    let kind = cause_names().iter().position(|name| words(name) == label);
    let counted = scene.bins.iter().skip(usize::try_from(-scene.first).unwrap_or(0));
    let n = counted.map(|b| kind.map_or(0, |k| b.causes[k])).map(f64::from).sum::<f64>();
    count(n, n)
}

/// `the first of 10 simulated deploys`.
pub(super) fn one_of(results: &Results) -> String {
    match results.replications {
        1 => format!("one {}", answer::simulated(results)),
        n => format!("the first of {}", plural(f64::from(n), answer::simulated(results))),
    }
}

fn causes(scene: &Scene, window: &Window<'_>) -> Vec<(String, Series)> {
    let bins = window.of_seconds(scene.first, &scene.bins);
    let kind = |(k, name): (usize, &'static str)| {
        let rate_of = |bin: &&[crate::metrics::scene::SceneBin]| {
            Some(bin.iter().map(|s| f64::from(s.causes[k])).sum::<f64>() / window.width())
        };
        (format!("k{k}"), Series::new(words(name), rate, bins.iter().map(rate_of).collect()))
    };
    cause_names().into_iter().enumerate().map(kind).collect()
}

fn outcomes(results: &Results, window: &Window<'_>) -> Vec<(String, Series)> {
    let kind = |(k, (name, _)): (usize, (&str, crate::metrics::Figure))| {
        (format!("k{k}"), Series::new(name, rate, window.column(name, How::Mean)))
    };
    results.summary.outcomes.iter().enumerate().map(kind).collect()
}

/// A cause in words.
pub(super) fn words(cause: &str) -> &str {
    match cause {
        "staleRoute" => "stale route",
        "severedByDrain" => "severed by drain",
        "severedByKill" => "severed by kill",
        "severedByDeregistration" => "severed by balancer",
        "keepAliveRace" => "keep-alive race",
        "noEndpoints" => "no endpoints",
        "appError" => "app error",
        other => other,
    }
}

/// How a cause comes about, for who has only the result.
pub(super) fn meaning(cause: &str) -> &'static str {
    match cause {
        "staleRoute" => "sent to a pod that no longer listened, because this proxy had not yet heard",
        "severedByDrain" => "still in flight when the drain window ended",
        "severedByKill" => "in flight at SIGKILL, or when the process exited",
        "severedByDeregistration" => "cut by the balancer at the end of its deregistration delay",
        "keepAliveRace" => "written to a connection that the other side had just closed",
        "overflow" => "the pod's queue was full",
        "noEndpoints" => "the proxy had no pod left",
        "slow" => "a time-out while queued or served",
        "appError" => "the version's own errors",
        "crash" => "the container died, or was restarted",
        _ => "",
    }
}
