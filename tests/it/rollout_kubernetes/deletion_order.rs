//! Who goes first: the recorded deletions obey the ranking, and simulated ones pick from the same buckets.

use dryroll::study::validate::kubernetes::case::{Case, PodRow, revision, time};
use dryroll::study::validate::kubernetes::replay::{Delays, replay};

/// Deletions closer than this are one decision [s].
const BATCH: f64 = 0.03;

/// A deletion: when, and which old pod by number.
type Deletion = (f64, u32);

fn old_pods(case: &Case) -> Vec<&PodRow> {
    case.pods.iter().filter(|p| p.rev == "old").collect()
}

fn recorded(case: &Case) -> Vec<Deletion> {
    let mut all: Vec<Deletion> = old_pods(case).iter().filter_map(|p| Some((p.deletion_requested?, p.rev_i))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

fn simulated(case: &Case, seed: u64) -> Vec<Deletion> {
    let log = replay(case, &case.runs()[0], Delays::Configured, seed);
    log.deletions.into_iter().filter(|d| d.1 == revision("old")).map(|(t, _, ordinal)| (t, ordinal)).collect()
}

fn batches(deletions: &[Deletion]) -> Vec<&[Deletion]> {
    deletions.chunk_by(|a, b| b.0 - a.0 < BATCH).collect()
}

/// Integer part of log2 of the age in nanoseconds, from the whole second in which the pod turned Ready.
fn age_bucket(case: &Case, pod: &PodRow, t: f64) -> u32 {
    let fraction = case.runs()[0].wall_clock_fraction;
    let ready = (pod.ready.expect("old pods were Ready") + fraction).floor() - fraction;
    time(t).since(time(ready)).nanos().ilog2()
}

/// Asserts that in each batch the deleted pods rank before (or with) those that stay, lowest rank first.
fn assert_ranked(case: &Case, deletions: &[Deletion], rank: impl Fn(&PodRow, f64) -> i64) {
    let mut left: Vec<&PodRow> = old_pods(case);
    for batch in batches(deletions) {
        let t = batch[0].0;
        let (gone, stay): (Vec<&PodRow>, Vec<&PodRow>) =
            left.iter().partition(|p| batch.iter().any(|d| d.1 == p.rev_i));
        let last = gone.iter().map(|p| rank(p, t)).max();
        let first = stay.iter().map(|p| rank(p, t)).min();
        if let (Some(last), Some(first)) = (last, first) {
            assert!(last <= first, "{}: at {t:.2} a pod of rank {last} went before one of {first}", case.name);
        }
        left = stay;
    }
}

fn case(name: &str) -> Case {
    super::all().into_iter().find(|c| c.name == name).expect("a recorded case")
}

#[test]
fn the_youngest_power_of_two_goes_first() {
    for name in ["rank-waves-r9-s0-u3", "rank-waves-long-r6-s0-u1", "scaleonly-down-r20-to8"] {
        let case = case(name);
        let by_age = |pod: &PodRow, t: f64| i64::from(age_bucket(&case, pod, t));
        assert_ranked(&case, &recorded(&case), by_age);
        for seed in 0..20 {
            assert_ranked(&case, &simulated(&case, seed), by_age);
        }
        let buckets = |deletions: Vec<Deletion>| -> Vec<u32> {
            let pods = old_pods(&case);
            let mut all: Vec<u32> = deletions.iter().map(|&(t, i)| age_bucket(&case, pods[i as usize], t)).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(buckets(simulated(&case, 1)), buckets(recorded(&case)), "{name}");
    }
}

#[test]
fn within_a_power_of_two_the_order_is_random_not_by_age() {
    let case = case("scaleonly-down-r20-to8");
    // The two older waves are 4.3 to 8.6 s old: six of their fourteen pods go, whichever.
    let picks: std::collections::BTreeSet<Vec<u32>> = (0..20)
        .map(|seed| {
            let mut older: Vec<u32> = simulated(&case, seed).iter().map(|d| d.1).filter(|&i| i < 14).collect();
            older.sort_unstable();
            older
        })
        .collect();
    assert!(picks.iter().all(|p| p.len() == 6), "{picks:?}");
    assert!(picks.len() > 10, "{} different choices under 20 seeds", picks.len());
}

#[test]
fn the_crowded_node_is_thinned_first() {
    let case = case("rank-nodes-r8-s1-u1");
    let nodes: Vec<&str> = old_pods(&case).iter().map(|p| p.node.as_deref().expect("a node")).collect();
    let order = |deletions: Vec<Deletion>| -> Vec<&str> { deletions.iter().map(|d| nodes[d.1 as usize]).collect() };
    let recorded = order(recorded(&case));
    assert_eq!(recorded[..2], ["n0", "n0"], "the node with four old pods, twice");
    for seed in 0..20 {
        assert_eq!(order(simulated(&case, seed))[..2], recorded[..2]);
    }
}
