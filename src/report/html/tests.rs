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
    // Before the deploy, too: that is drawn, and counted nowhere.
    bins[25].causes[0] = 26;
    bins[31].causes[0] = 7;
    bins[32].causes[4] = 3;
    let routed = vec![(f64::NEG_INFINITY, 2)];
    let pods = vec![ScenePod { steps: vec![(5.0, Step::DeletionRequested)], routed, ..ScenePod::default() }; 20];
    Scene { proxies: 2, first: -30, bins, pods, settled: Some(100.0) }
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
    assert!(text.contains("The legend counts from 0 s on."));
    assert!(text.contains(r#"<path class="stale pods-stale""#), "proxies that nobody told of a closed listener");
    assert!(!alone(&results).contains("pods-stale"), "nobody watched");
}

#[test]
fn what_is_of_the_first_deploy_is_shaded_to_its_own_end() {
    let (results, scene) = (sample::results(10), scene());
    let shaded = |page: &str, plot: &str| -> String {
        let markup = page.split(&format!("<svg class=\"plot {plot}")).nth(1).unwrap_or_default();
        let markup = markup.split("</svg>").next().unwrap_or_default();
        let path = markup.split("class=\"rolling\"").nth(1).and_then(|p| p.split('"').nth(1)).unwrap_or_default();
        path.split('v').next().unwrap_or_default().to_owned()
    };
    let text = page(&Story { results: &results, settings: None, scene: Some(&scene), explanation: None });
    assert_eq!(shaded(&text, "pods"), shaded(&text, "failures"));
    assert!(shaded(&text, "pods") != shaded(&text, "capacity"), "that is a mean");
    assert_eq!(shaded(&alone(&results), "pods"), "", "nobody knows when the first of ten ended");
    assert!(!shaded(&alone(&sample::results(1)), "pods").is_empty());
    assert!(text.contains(
        "until the rollout is complete, no event is left and the last old pod is gone (in a figure of one deploy"
    ));
}

#[test]
fn a_figure_that_the_table_has_otherwise_says_what_it_is() {
    // What each deploy of the sample has at its worst, its curves have not.
    let text = alone(&sample::results(10));
    assert!(text.contains("On average, most in one second") && text.contains("own peak, whenever it comes, is 310"));
}

#[test]
fn a_page_without_a_deploy_speaks_of_none() {
    let text = alone(&sample::steady_results(1));
    for word in ["after the deploy", "before the deploy", "On average", "<em>During</em>", "change of the template"] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(alone(&sample::steady_results(3)).contains("On average"));
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
    results.pods = vec![first; 1_601];
    let scene = Scene { pods: vec![scene().pods[0].clone(); 1_601], ..scene() };
    let text = page(&Story { results: &results, settings: None, scene: Some(&scene), explanation: None });
    assert!(text.contains("One pod in 7 is shown, of 1,601 in all."), "{text}");
    assert!(text.contains("1,601 pods stopped listening while proxies still sent to them"), "all are counted");
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
