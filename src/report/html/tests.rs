use super::*;
use crate::metrics::replication::Replication;
use crate::metrics::sample;
use crate::metrics::scene::{SceneBin, ScenePod, Step};

fn page(story: &Story<'_>) -> String {
    let mut out = Vec::new();
    run(story, &mut out).expect("a buffer takes everything");
    String::from_utf8(out).expect("UTF-8")
}

fn alone(results: &Results) -> String {
    page(&Story { results, settings: None, scene: None, explanation: None })
}

/// The sample's pods, watched: the first listens no longer at 6 s, and one of two proxies does not know until 8 s.
fn scene() -> Scene {
    let mut bins = vec![SceneBin::default(); 60];
    bins[31].causes[0] = 7;
    bins[32].causes[4] = 3;
    let routed = vec![(f64::NEG_INFINITY, 2)];
    let pods = vec![ScenePod { steps: vec![(5.0, Step::DeletionRequested)], routed, ..ScenePod::default() }; 20];
    Scene { proxies: 2, first: -30, bins, pods }
}

fn count_of(page: &str, what: &str) -> usize {
    page.matches(what).count()
}

#[test]
fn a_page_has_the_answer_every_figure_and_a_table_behind_each_plot() {
    let text = alone(&sample::results(10));
    for part in [
        "A deploy drops",
        "95 % interval",
        "Dropped requests by what clients",
        "Pods",
        "Capacity against demand",
        "Reconnects",
        "Latency",
        "In flight and queued",
        "What was assumed",
        "Not modelled",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    let plots = count_of(&text, "<svg class=\"plot ");
    assert_eq!(plots, 6);
    assert_eq!((count_of(&text, "<title id="), count_of(&text, "<desc id="), count_of(&text, "<details>")), (6, 6, 6));
    assert_eq!(count_of(&text, "<tr><th scope=\"row\">checkout-"), sample::results(10).pods.len());
}

#[test]
fn what_was_watched_is_drawn_by_cause_and_with_what_proxies_believed() {
    let (results, scene) = (sample::results(10), scene());
    let text = page(&Story { results: &results, settings: None, scene: Some(&scene), explanation: None });
    assert!(text.contains("Dropped requests by cause"));
    assert!(text.contains("stale route (7)") && text.contains("keep-alive race (3)"), "counted by cause");
    assert!(text.contains(r#"<path class="stale pods-stale""#), "proxies that nobody told of a closed listener");
    assert!(!alone(&results).contains("pods-stale"), "nobody watched");
}

#[test]
fn what_did_not_happen_is_not_drawn() {
    let text = alone(&sample::clean_results(3));
    assert!(text.contains("drops nothing") && !text.contains("Dropped requests by") && !text.contains("Why requests"));
    let text = alone(&sample::steady_results(3));
    assert!(text.contains("The fleet over time") && !text.contains("class=\"rolling\""));
    assert!(alone(&sample::stuck_results(4)).contains("does not complete in 2 of 4"));
}

#[test]
fn of_more_pods_than_lanes_some_are_shown_and_the_page_says_so() {
    let mut results = sample::results(2);
    let text = alone(&results);
    assert!(text.contains("\"which\":\"\"") && !text.contains(" tall\""), "all are shown, on a page");
    let first = results.pods[0].clone();
    results.pods = vec![first; 601];
    let text = alone(&results);
    assert!(text.contains("One pod in 3 is shown, of 601 in all."), "{text}");
    assert!(text.contains("\"which\":\" of those shown\""), "the readout counts no more than those");
    assert_eq!(count_of(&text, "<svg class=\"plot pods tall\""), 1, "made smaller to be printed");
}

#[test]
fn one_assumption_is_one_thing() {
    let mut results = sample::results(2);
    results.assumptions = vec!["handshake.time 250us (a TLS handshake)".to_owned()];
    assert!(alone(&results).contains("left 1 thing open"));
    results.assumptions.push("pod.warmup none (a guess)".to_owned());
    assert!(alone(&results).contains("left 2 things open"));
}

#[test]
fn pages_fetch_nothing_and_let_no_other_script_run() {
    let text = alone(&sample::results(2));
    let policy = format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'", SCRIPT.hash);
    assert!(text.contains(&policy));
    for reference in ["src=", "href=", "url(http", "@import", "fetch("] {
        assert!(!text.contains(reference), "{reference}");
    }
}

#[test]
fn names_never_turn_into_markup() {
    let evil = "</script></title></svg><img src=x onerror=alert(1)>{{ 7*7 }}&\"'";
    let mut results = sample::results(2);
    results.scenario = evil.to_owned();
    results.version = evil.to_owned();
    results.digest = evil.to_owned();
    results.assumptions = vec![evil.to_owned()];
    results.beyond = vec![evil.to_owned()];
    for pod in &mut results.pods {
        pod.name = format!("{evil}-{evil}-1");
        pod.revision = evil.to_owned();
    }
    let text = alone(&results);
    assert!(!text.contains("<img") && !text.contains("49&"), "markup or a template came through");
    // The page's own: the data and the script.
    assert_eq!(count_of(&text, "</script>"), 2);
    assert_eq!(count_of(&text, "</title>"), count_of(&text, "<title"));
}

#[test]
fn the_same_result_gives_the_same_bytes() {
    assert_eq!(alone(&sample::results(3)), alone(&sample::results(3)));
    assert_ne!(alone(&sample::results(3)), alone(&sample::results(4)));
}

#[test]
fn an_empty_result_has_a_page() {
    let nothing: &[Replication] = &[];
    let text = alone(&Results::new(&sample::meta(), nothing));
    assert!(text.contains("there is nothing to drop") && !text.contains("over time"));
}
