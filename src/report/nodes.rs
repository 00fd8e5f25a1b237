//! What became of the nodes, in sentences: who died and when that was noticed, who was drained and how that went.

use super::text::{listed, plural, seconds, since};
use crate::metrics::{NodeRow, Results};

/// One sentence for those that died, and one for each drain; of the first simulated deploy.
pub(super) fn sentences(results: &Results) -> Vec<String> {
    let mut told: Vec<String> = died(results).into_iter().collect();
    let drained = results.nodes.iter().filter(|n| n.step == "cordoned");
    told.extend(drained.map(|cordoned| drain(results, cordoned)));
    told.extend(came(results));
    told
}

/// Machines that came: in the place of those that died, and because pods found no room.
fn came(results: &Results) -> Vec<String> {
    let of = |step: &'static str| results.nodes.iter().filter(move |n| n.step == step);
    let count = |step| of(step).count() as f64;
    let back = span(of("returned").map(|n| n.t));
    let back = back.map(|t| format!("{} took the place of what had died at {t}.", nodes(count("returned"))));
    let more = span(of("joined").map(|n| n.t));
    let more = more.map(|t| format!("{} joined at {t}, for pods that had found no room.", nodes(count("joined"))));
    back.into_iter().chain(more).collect()
}

fn nodes(n: f64) -> String {
    if n > 1.0 { plural(n, "node") } else { "A node".to_owned() }
}

/// When, from first to last.
fn span(times: impl Iterator<Item = f64>) -> Option<String> {
    let (low, high) = times.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(t), h.max(t)));
    match high - low {
        width if width < 0.0 => None,
        width if width < 0.5 => Some(since(low)),
        _ => Some(format!("{} to {}", since(low), since(high))),
    }
}

fn died(results: &Results) -> Option<String> {
    let of = |step: &'static str| results.nodes.iter().filter(move |n| n.step == step);
    let when = span(of("failed").map(|n| n.t))?;
    let names: Vec<String> = of("failed").map(|n| n.node.to_string()).collect();
    let (whose, their) = if names.len() == 1 { ("Node", "its") } else { ("Nodes", "their") };
    let noticed = match span(of("notReady").map(|n| n.t)) {
        Some(noticed) => format!("nobody noticed until {noticed}"),
        None => "nobody has noticed".to_owned(),
    };
    let evicted = span(of("evicted").map(|n| n.t)).map(|t| format!(", and {their} pods were replaced at {t}"));
    Some(format!("{whose} {} died at {when}; {noticed}{}.", listed(&names), evicted.unwrap_or_default()))
}

fn drain(results: &Results, cordoned: &NodeRow) -> String {
    let of = |step: &'static str| {
        results.nodes.iter().filter(move |n| n.node == cordoned.node && n.step == step && n.t >= cordoned.t)
    };
    let refused = of("evictionRefused").count() as f64;
    let refusals =
        if refused > 0.0 { format!("; the budget refused {}", plural(refused, "eviction")) } else { String::new() };
    let (node, from) = (cordoned.node, since(cordoned.t));
    match (of("drained").next(), of("drainBlocked").next()) {
        (Some(end), _) => {
            let took = end.t - cordoned.t;
            format!("Node {node} was drained from {from}, in {}{refusals}.", seconds(took, took))
        }
        (None, Some(_)) => {
            format!("The drain of node {node}, from {from}, never ends: the budget lets no more pods go.")
        }
        (None, None) => format!("The drain of node {node}, from {from}, was not over at the end{refusals}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    fn told(rows: &[(f64, u32, &str)]) -> Vec<String> {
        let mut results = sample::results(2);
        results.nodes = rows.iter().map(|&(t, node, step)| NodeRow { t, node, step: step.to_owned() }).collect();
        sentences(&results)
    }

    #[test]
    fn nothing_is_said_where_nothing_happened() {
        assert!(told(&[]).is_empty());
    }

    #[test]
    fn a_dead_node_is_told_with_its_notice_and_its_eviction() {
        let rows = [(5.0, 2, "failed"), (43.0, 2, "notReady"), (343.0, 2, "evicted")];
        assert_eq!(
            told(&rows),
            ["Node 2 died at +5 s; nobody noticed until +43 s, and its pods were replaced at +5 m 43 s."]
        );
        assert_eq!(told(&rows[..1]), ["Node 2 died at +5 s; nobody has noticed."]);
        let zone = [(5.0, 0, "failed"), (5.0, 3, "failed"), (40.0, 3, "notReady"), (45.0, 0, "notReady")];
        assert_eq!(told(&zone), ["Nodes 0 and 3 died at +5 s; nobody noticed until +40 s to +45 s."]);
    }

    #[test]
    fn what_comes_is_told() {
        assert_eq!(told(&[(65.0, 2, "returned")]), ["A node took the place of what had died at +1 m 5 s."]);
        let more = [(120.0, 6, "joined"), (121.0, 7, "joined")];
        assert_eq!(told(&more), ["2 nodes joined at +2 m 0 s to +2 m 1 s, for pods that had found no room."]);
    }

    #[test]
    fn a_drain_is_told_with_its_refusals_or_its_standstill() {
        let rows = [(8.0, 1, "cordoned"), (8.0, 1, "evictionRefused"), (31.0, 1, "drained")];
        assert_eq!(told(&rows), ["Node 1 was drained from +8 s, in 23 s; the budget refused 1 eviction."]);
        let blocked = [(8.0, 1, "cordoned"), (8.0, 1, "evictionRefused"), (28.0, 1, "drainBlocked")];
        assert_eq!(told(&blocked), ["The drain of node 1, from +8 s, never ends: the budget lets no more pods go."]);
    }
}
