//! The pods as lanes: what each was at every moment, and over it how many proxies sent to it. Where they still did when it no
//! longer listened, the lane is red: that is the stale window.

use std::fmt::Write as _;

use serde::Serialize;

use super::failures::one_of;
use super::panel::{Key, Panel, Table, drawn};
use super::svg::{Axis, Plot, n};
use super::window::Window;
use crate::metrics::Results;
use crate::metrics::scene::{Scene, ScenePod, Step};
use crate::metrics::series::PodRow;
use crate::report::text::{count, plural, seconds};

/// Lanes that a page has room for.
const LANES: usize = 240;

/// What a pod is, in the order of drawing; the last is what proxies believe against what is.
const STYLES: [(&str, &str, &str); 7] = [
    ("starting", "starting", "starting"),
    ("probing", "started, not yet Ready", "probing"),
    ("ready", "Ready", "ready"),
    ("leaving", "deleted, still listening", "leaving"),
    ("draining", "listener closed, draining or stopped", "draining"),
    ("routed", "sent to, by all proxies or some", "routed"),
    ("stale", "still sent to, no longer listening", "stale"),
];

/// A pod as the script has it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Lane {
    name: String,
    revision: String,
    /// Created, ready, deletion requested, SIGTERM, listener closed, gone.
    steps: [Option<f64>; 6],
    /// When the last proxy let go of it.
    unrouted: Option<f64>,
    killed: bool,
    /// Top and height in the plot.
    y: f64,
    h: f64,
}

/// Spans of one lane: style, from, to.
type Spans = Vec<(usize, f64, f64)>;

/// The lanes of the first replication's pods, and whether there are too many to show all.
pub(super) fn lanes(results: &Results, scene: Option<&Scene>, window: &Window<'_>) -> Option<(Panel, Vec<Lane>, bool)> {
    let all = &results.pods;
    let shown: Vec<(usize, &PodRow)> = all.iter().enumerate().filter(|(_, p)| seen(p, window.axis)).collect();
    let every = shown.len().div_ceil(LANES).max(1);
    let shown: Vec<(usize, &PodRow)> = shown.into_iter().step_by(every).collect();
    if shown.is_empty() {
        return None;
    }
    let height = match shown.len() {
        0..=50 => 13.0,
        51..=120 => 8.0,
        _ => 5.0,
    };
    let total = height * shown.len() as f64;
    let mut plot = window.plot("pods", total);
    super::levels::rolling_first(&mut plot, results, scene, window);
    let mut paths = [const { String::new() }; STYLES.len()];
    let mut kills = String::new();
    let mut lanes = Vec::new();
    for (i, &(at, pod)) in shown.iter().enumerate() {
        let y = i as f64 * height;
        let watched = scene.and_then(|s| s.pods.get(at));
        for (style, from, to) in truth(pod, watched, window.axis) {
            rectangle(&mut paths[style], window.axis, (from, to), (y + 0.5, height - 1.0));
        }
        if let (Some(scene), Some(watched)) = (scene, watched) {
            belief(pod, watched, scene.proxies, window.axis, (y, height), &mut paths);
        }
        if let Some(gone) = pod.gone.filter(|_| pod.killed) {
            let x = window.axis.x(gone);
            let _ = write!(kills, "M{} {}V{}", n(x), n(y), n(y + height));
        }
        lanes.push(lane(pod, watched, y, height));
    }
    // Outlines of thin lanes would hide what they hold.
    let fine = if height > 10.0 { "" } else { " fine" };
    for ((style, _, class), path) in STYLES.iter().zip(&paths) {
        plot.path(&drawn(&format!("{class}{fine}"), &format!("pods-{style}")), path);
    }
    plot.path(&drawn("line thick vermillion", "pods-killed"), &kills);
    names(&mut plot, &shown, height);
    let mut finding = said(results, scene, window.axis);
    if every > 1 {
        let all = all.len() as f64;
        let _ = write!(finding, " One pod in {every} is shown, of {} in all.", count(all, all));
    }
    let keys = STYLES.iter().zip(&paths).filter(|(_, p)| !p.is_empty());
    let mut legend: Vec<Key> = keys.map(|((s, l, c), _)| Key::filled(&format!("pods-{s}"), l, c)).collect();
    if !kills.is_empty() {
        legend.push(Key::line("pods-killed", "killed (SIGKILL)", "line thick vermillion"));
    }
    let panel = Panel {
        id: "pods",
        title: "Pods".to_owned(),
        unit: "one lane a pod, by creation".to_owned(),
        whose: one_of(results),
        svg: plot.finish("The life of each pod", &finding),
        finding,
        reach: [0.0; 2],
        legend,
        table: table(all),
    };
    Some((panel, lanes, every > 1))
}

/// Whether a pod was there in the time that is shown.
fn seen(pod: &PodRow, axis: Axis) -> bool {
    pod.created.is_none_or(|t| t < axis.end) && pod.gone.is_none_or(|t| t > axis.start)
}

fn rectangle(path: &mut String, axis: Axis, (from, to): (f64, f64), (y, height): (f64, f64)) {
    let (x, right) = (axis.x(from), axis.x(to));
    if right > x {
        let _ = write!(path, "M{} {}H{}v{}H{}z", n(x), n(y), n(right), n(height), n(x));
    }
}

/// What a pod was, from its creation until it was gone.
fn truth(pod: &PodRow, watched: Option<&ScenePod>, axis: Axis) -> Spans {
    let end = pod.gone.unwrap_or(axis.end);
    let deleted = pod.deletion_requested.unwrap_or(end).min(end);
    let closed = pod.listener_closed.unwrap_or(end).max(deleted);
    let born = pod.created.unwrap_or(axis.start);
    let mut spans = Spans::new();
    let was_ready = pod.created.is_none();
    match watched {
        // Without it nobody knows when a pod began to listen, or turned not Ready again.
        None => {
            let ready = if was_ready { born } else { pod.ready.unwrap_or(deleted).min(deleted) };
            spans.extend([(0, born, ready), (2, ready, deleted)]);
        }
        Some(watched) => {
            let (mut style, mut since) = (if was_ready { 2 } else { 0 }, born);
            let steps = watched.steps.iter().filter_map(|&(t, step)| match step {
                Step::Crashed => Some((t, 0)),
                Step::Started | Step::Unready => Some((t, 1)),
                Step::Ready => Some((t, 2)),
                _ => None,
            });
            let mut changes: Vec<(f64, usize)> = watched.deaf.iter().map(|d| (d.0, 4)).chain(steps).collect();
            changes.retain(|c| c.0 < deleted);
            changes.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (t, next) in changes {
                spans.push((style, since, t));
                (style, since) = (next, t);
            }
            spans.push((style, since, deleted));
        }
    }
    spans.extend([(3, deleted, closed), (4, closed, end)]);
    spans
}

/// When proxies sent to a pod that did not listen: from, to, and how many of them.
fn stale(pod: &PodRow, watched: &ScenePod, axis: Axis) -> Vec<(f64, f64, u32)> {
    let closed = pod.listener_closed.or(pod.gone).unwrap_or(f64::INFINITY);
    let gone = pod.gone.unwrap_or(axis.end);
    let deaf = || watched.deaf.iter().map(|&(from, to)| (from, to.min(gone))).chain([(closed, f64::INFINITY)]);
    let both = |(from, to, sent): (f64, f64, u32)| deaf().map(move |d| (d.0.max(from), d.1.min(to), sent));
    believed(watched, axis).flat_map(both).filter(|s| s.1 > s.0).collect()
}

/// When proxies sent to a pod, and how many of them.
fn believed(watched: &ScenePod, axis: Axis) -> impl Iterator<Item = (f64, f64, u32)> {
    let ends = watched.routed.iter().skip(1).map(|r| r.0).chain([axis.end]);
    watched.routed.iter().zip(ends).map(|(&(from, sent), to)| (from, to, sent)).filter(|b| b.2 > 0)
}

/// What the proxies believed: a line as thick as their share, red where the pod no longer listened.
fn belief(
    pod: &PodRow,
    watched: &ScenePod,
    proxies: u32,
    axis: Axis,
    (y, height): (f64, f64),
    paths: &mut [String; STYLES.len()],
) {
    let closed = pod.listener_closed.or(pod.gone).unwrap_or(f64::INFINITY);
    let share = |sent: u32| f64::from(sent) / f64::from(proxies.max(1));
    for (from, to, sent) in believed(watched, axis) {
        let thick = (height * 0.4 * share(sent)).max(0.8);
        rectangle(&mut paths[5], axis, (from, to.min(closed)), (y + height / 2.0 - thick / 2.0, thick));
    }
    for (from, to, sent) in stale(pod, watched, axis) {
        let part = (height - 1.0) * share(sent);
        rectangle(&mut paths[6], axis, (from, to), (y + height - 0.5 - part, part));
    }
}

/// What there is to see: of all pods, though some may be left out of the picture.
fn said(results: &Results, scene: Option<&Scene>, axis: Axis) -> String {
    let pods = &results.pods;
    let gone = pods.iter().filter(|p| p.gone.is_some()).count() as f64;
    let created = pods.iter().filter(|p| p.created.is_some()).count() as f64;
    let killed = pods.iter().filter(|p| p.killed).count() as f64;
    let mut text = if results.is_steady() && created + gone == 0.0 {
        format!("{}, from start to end", plural(pods.len() as f64, "pod"))
    } else {
        format!("{} created, {} gone", plural(created, "pod"), count(gone, gone))
    };
    if killed > 0.0 {
        let _ = write!(text, ", {} of these killed", count(killed, killed));
    }
    text.push('.');
    let watched = pods.iter().zip(scene.iter().flat_map(|s| &s.pods));
    let wrong = watched.map(|(pod, watched)| stale(pod, watched, axis).iter().map(|s| s.1 - s.0).sum::<f64>());
    let wrong: Vec<f64> = wrong.filter(|&w| w > 0.0).collect();
    if !wrong.is_empty() {
        let them = if wrong.len() == 1 { "it" } else { "them" };
        let (n, longest) = (plural(wrong.len() as f64, "pod"), wrong.iter().copied().fold(0.0, f64::max));
        let longest = seconds(longest, longest);
        let _ =
            write!(text, " {n} stopped listening while proxies still sent to {them}, for {longest} at the longest.");
    }
    text
}

/// The names beside the lanes: each where there is room, else one a revision.
fn names(plot: &mut Plot, shown: &[(usize, &PodRow)], height: f64) {
    let short =
        |p: &PodRow| p.name.rfind(&format!("{}-", p.revision)).map_or(p.name.clone(), |at| p.name[at..].to_owned());
    if height > 10.0 {
        for (i, (_, pod)) in shown.iter().enumerate() {
            plot.side((i as f64 + 0.5) * height, &short(pod));
        }
        return;
    }
    let mut first = 0;
    for i in 1..=shown.len() {
        let revision = &shown[first].1.revision;
        if i == shown.len() || shown[i].1.revision != *revision {
            plot.side((first as f64 + (i - first) as f64 / 2.0) * height, revision);
            first = i;
        }
    }
}

fn lane(pod: &PodRow, watched: Option<&ScenePod>, y: f64, h: f64) -> Lane {
    let steps = [pod.created, pod.ready, pod.deletion_requested, pod.sigterm, pod.listener_closed, pod.gone];
    let short = |t: f64| libm::round(t * 1e3) / 1e3;
    Lane {
        name: pod.name.clone(),
        revision: pod.revision.clone(),
        steps: steps.map(|s| s.map(short)),
        unrouted: watched.and_then(|w| w.routed.last()).filter(|r| r.1 == 0).map(|r| short(r.0)),
        killed: pod.killed,
        y,
        h,
    }
}

fn table(pods: &[PodRow]) -> Table {
    let heads = ["pod", "created", "Ready", "deleted", "SIGTERM", "listener closed", "gone", ""];
    let say = |t: Option<f64>| t.map_or_else(|| "–".to_owned(), |t| seconds(t, t));
    let row = |p: &PodRow| {
        let steps = [p.created, p.ready, p.deletion_requested, p.sigterm, p.listener_closed, p.gone];
        let killed = if p.killed { "killed" } else { "" }.to_owned();
        std::iter::once(p.name.clone()).chain(steps.map(say)).chain([killed]).collect()
    };
    Table { heads: heads.map(str::to_owned).to_vec(), rows: pods.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> PodRow {
        PodRow {
            name: "checkout-old-3".to_owned(),
            revision: "old".to_owned(),
            created: None,
            ready: None,
            deletion_requested: Some(5.0),
            sigterm: Some(5.0),
            listener_closed: Some(6.0),
            gone: Some(9.0),
            killed: false,
            lost: false,
            condemned: None,
            restarts: 0,
        }
    }

    const AXIS: Axis = Axis { start: -10.0, end: 90.0 };

    #[test]
    fn a_lane_holds_what_the_pod_was() {
        assert_eq!(truth(&pod(), None, AXIS), [(0, -10.0, -10.0), (2, -10.0, 5.0), (3, 5.0, 6.0), (4, 6.0, 9.0)]);
        let new = PodRow {
            created: Some(0.0),
            ready: Some(4.0),
            deletion_requested: None,
            listener_closed: None,
            gone: None,
            ..pod()
        };
        let steps = vec![(0.0, Step::Created), (3.0, Step::Started), (4.0, Step::Ready), (20.0, Step::Unready)];
        let watched = ScenePod { steps, ..ScenePod::default() };
        let spans = truth(&new, Some(&watched), AXIS);
        assert_eq!(spans[..4], [(0, 0.0, 3.0), (1, 3.0, 4.0), (2, 4.0, 20.0), (1, 20.0, 90.0)]);
        // Stopped for a probe at 30 s, started anew at 35 s.
        let steps = vec![(3.0, Step::Started), (4.0, Step::Ready), (31.0, Step::Crashed), (35.0, Step::Started)];
        let watched = ScenePod { steps, deaf: vec![(30.0, 35.0)], ..ScenePod::default() };
        let spans = truth(&new, Some(&watched), AXIS);
        assert_eq!(spans[2..6], [(2, 4.0, 30.0), (4, 30.0, 31.0), (0, 31.0, 35.0), (1, 35.0, 90.0)]);
    }

    #[test]
    fn what_is_sent_to_a_closed_listener_is_the_stale_window() {
        let routed = vec![(f64::NEG_INFINITY, 2), (7.0, 1), (8.0, 0)];
        let watched = ScenePod { routed, ..ScenePod::default() };
        let mut paths = [const { String::new() }; STYLES.len()];
        belief(&pod(), &watched, 2, AXIS, (0.0, 10.0), &mut paths);
        assert_eq!(stale(&pod(), &watched, AXIS), [(6.0, 7.0, 2), (7.0, 8.0, 1)]);
        assert_eq!(paths[5], "M0 3H160v4H0z", "believed and true until the listener closed at 6 s");
        assert_eq!(paths[6], "M160 0.5H170v9H160zM170 5H180v4.5H170z", "both proxies, then one");
    }
}
