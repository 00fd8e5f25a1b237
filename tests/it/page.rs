//! The page of a forecast as commands write it. What it looks like in a browser is for `tests/browser/run`.

use std::fs;
use std::path::Path;

use crate::common::program::dryroll;

const SMALL: &str = "tests/data/cli/small.yaml";

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the page was written")
}

#[test]
fn a_page_changes_nothing_in_what_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let [page, again] = ["page.html", "again.html"].map(|n| folder.path().join(n));
    let args = ["run", SMALL, "--replications", "2", "--format", "json", "--quiet"];
    let (status, json, _) = dryroll(&args);
    let with: Vec<&str> = args.iter().copied().chain(["--report", page.to_str().expect("UTF-8")]).collect();
    assert_eq!(dryroll(&with), (status, json.clone(), String::new()));
    assert!(read(&page).contains("Dropped requests by cause"));
    // Whatever the threads do.
    let one = ["run", SMALL, "--replications", "2", "--quiet", "--jobs", "1", "-o", again.to_str().expect("UTF-8")];
    assert_eq!(dryroll(&one), (0, String::new(), String::new()));
    assert_eq!(read(&page), read(&again));
}

/// The disk that the page was for is full.
#[cfg(target_os = "linux")]
#[test]
fn a_page_that_cannot_be_written_takes_no_result_along() {
    let kept = ["--replications", "2", "--format", "json", "--quiet"];
    for command in [&["run", SMALL][..], &["sweep", SMALL, "--vary", "preStop=0s,1s"], &["compare", SMALL, SMALL]] {
        let whole = dryroll(&[command, &kept].concat());
        let (status, json, told) = dryroll(&[command, &kept, &["--report", "/dev/full"]].concat());
        assert_eq!((whole.0, whole.1), (0, json), "{command:?}");
        assert_eq!(status, 3, "{told}");
        assert!(told.contains("/dev/full"), "{told}");
    }
}

#[test]
fn a_result_that_was_kept_has_a_page_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let [result, page] = ["result.json", "page.html"].map(|n| folder.path().join(n));
    let [result_name, page_name] = [&result, &page].map(|p| p.to_str().expect("UTF-8"));
    assert_eq!(dryroll(&["run", SMALL, "--replications", "2", "-o", result_name, "--quiet"]).0, 0);
    assert_eq!(dryroll(&["report", result_name, "-o", page_name]), (0, String::new(), String::new()));
    assert!(read(&page).contains("Dropped requests by what clients were left with"));
    assert_eq!(dryroll(&["report", result_name]).1, read(&page));
}

#[test]
fn what_is_no_result_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text, says) in [
        ("broken.json", "{", "is no result"),
        ("other.json", r#"{"schema": "dryroll.check/1"}"#, "of which there is no page"),
        ("short.json", r#"{"schema": "dryroll.result/1"}"#, "is no result"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        let (status, out, err) = dryroll(&["report", path.to_str().expect("UTF-8")]);
        assert_eq!((status, out.as_str()), (2, ""), "{name}");
        assert!(err.contains(says) && err.contains("hint:"), "{name}: {err}");
    }
    let (status, _, err) = dryroll(&["report", "no-such.json"]);
    assert!(status == 2 && err.contains("cannot read `no-such.json`"), "{err}");
    let (status, _, err) = dryroll(&["run", SMALL, "--report", "no-such-folder/page.html"]);
    assert!(status == 3 && err.contains("no-such-folder"), "{err}");
}

#[test]
fn a_page_of_a_hundred_pods_is_small() {
    let (status, page, _) = dryroll(&["run", "scenarios/fleet-wrong.yaml", "--replications", "1", "--format", "html"]);
    assert_eq!(status, 0);
    assert!(page.contains("<td>") && page.contains("fleet-wrong-new-99"));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn a_sweep_has_a_page_of_its_rows_and_its_result_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let [page, result, again] = ["page.html", "sweep.json", "again.html"].map(|n| folder.path().join(n));
    let [page_name, result_name, again_name] = [&page, &result, &again].map(|p| p.to_str().expect("UTF-8"));
    let sweep = ["sweep", SMALL, "--vary", "maxSurge=1,2", "--vary", "preStop=0s,2s", "--vary", "drainWindow=1s,5s"];
    let rest = ["--replications", "3", "--quiet", "-o", result_name, "--report", page_name];
    assert_eq!(dryroll(&[&sweep[..], &rest[..]].concat()), (0, String::new(), String::new()));
    let text = read(&page);
    // Two maps of four cells, one for each value of the axis that matters least, and every row in the table of all.
    assert_eq!(text.matches("<caption>").count(), 2);
    assert_eq!(text.matches("<td style=\"--v:").count(), 8);
    assert_eq!(text.matches("<details open><summary>8 rows</summary>").count(), 1);
    assert!(text.contains("★ the best") && text.contains("≈ can't be told apart"), "marks are missing");
    assert!(
        text.contains(&format!("dryroll run {SMALL} --replications 3 --set maxSurge=")),
        "the command of a combination"
    );
    // A line a row through the three axes and the two outcomes.
    let drawing =
        text.split("<svg class=\"plot parallel").nth(1).and_then(|p| p.split("</svg>").next()).expect("a plot");
    let threads = drawing.split("<path class=\"line thread").skip(1).map(|p| p.split("/>").next().unwrap_or_default());
    assert_eq!(threads.map(|p| p.matches('M').count()).sum::<usize>(), 8);
    // Labels stand beside their axes, those of the last one on its left, where there is room: none is crossed by what it belongs to.
    let labels: Vec<&str> =
        text.split("<text class=\"tick").skip(1).map(|l| l.split('>').next().unwrap_or("")).collect();
    let beside = |l: &&str| l.contains(if l.starts_with(" end\"") { " dx=\"-6\"" } else { " dx=\"6\"" });
    assert!(labels.iter().all(beside) && labels.iter().any(|l| l.starts_with(" end\"")), "{labels:?}");
    assert!(text.contains("text.tick{text-anchor:start;") && text.contains("text.tick.end{text-anchor:end}"));
    // From the result, the same but for the command, which it does not keep.
    assert_eq!(dryroll(&["report", result_name, "-o", again_name]), (0, String::new(), String::new()));
    let typed = format!("{SMALL} --replications 3");
    let nameless = text.replace(&typed, "FILE").replace(&typed.replace('/', "&#x2f;"), "FILE");
    assert!(read(&again) == nameless, "the pages differ in more than the command");
    // Names and values of whoever wrote the scenario stay text.
    let evil = "</script><img src=x onerror=alert(1)>";
    let kept = read(&result).replace("\"small\"", &format!("\"{evil}\"")).replace("\"2s\"", &format!("\"{evil}\""));
    fs::write(&result, kept).expect("it is written");
    let hostile = dryroll(&["report", result_name]).1;
    assert!(hostile.contains("&lt;img") && !hostile.contains("<img"), "a name turned into markup");
    assert_eq!(hostile.matches("</script>").count(), 2, "the data and the script");
    let (status, _, err) = dryroll(&["sweep", SMALL, "--shard", "1/2", "-o", result_name, "--report", page_name]);
    assert!(status == 2 && err.contains("--report"), "{err}");
}

#[test]
fn a_sweep_of_a_thousand_rows_has_a_page_of_a_bearable_size() {
    let vary = |path: &str, values: std::ops::Range<u32>| {
        format!("--vary={path}={}", values.map(|v| v.to_string()).collect::<Vec<_>>().join(","))
    };
    let all = [vary("minReadySeconds", 0..10), vary("maxSurge", 1..11), vary("terminationGracePeriodSeconds", 30..40)];
    let mut args =
        vec!["sweep", SMALL, "--replications", "1", "--format", "html", "--quiet", "--set", "clients.0.rate=1/s"];
    args.extend(all.iter().map(String::as_str));
    let (status, page, err) = dryroll(&args);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(page.matches("<td style=\"--v:").count(), 1000);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
}

#[test]
fn a_comparison_has_a_page_and_its_result_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let [page, result, again] = ["page.html", "compare.json", "again.html"].map(|n| folder.path().join(n));
    let [page_name, result_name, again_name] = [&page, &result, &again].map(|p| p.to_str().expect("UTF-8"));
    let compare = ["compare", SMALL, "--variant", "wait:preStop=2s", "--replications", "3", "--quiet"];
    let printed = dryroll(&compare);
    let with = dryroll(&[&compare[..], &["--report", page_name]].concat());
    assert_eq!(printed, with, "a page changes nothing in what is printed");
    let text = read(&page);
    for part in
        ["wait – better: dropped", "What differs", "Where they part", "is sent SIGTERM", "Dropped requests by cause"]
    {
        assert!(text.contains(part), "{part} is missing");
    }
    assert!(
        text.contains(&format!("dryroll run {SMALL} --replications 3 --set preStop=2s").replace('/', "&#x2f;")),
        "the command"
    );
    // Both on the same axes: every kind twice, and the difference.
    assert_eq!(text.matches("<svg class=\"plot").count(), 13);
    // From the result, which keeps neither the settings nor the closer look.
    assert_eq!(dryroll(&[&compare[..], &["-o", result_name]].concat()), (0, String::new(), String::new()));
    assert_eq!(dryroll(&["report", result_name, "-o", again_name]), (0, String::new(), String::new()));
    let kept = read(&again);
    assert!(kept.contains("by what clients were left with") && kept.contains("Where they part"));
    assert_eq!(kept.matches("<svg class=\"plot").count(), 13);
    // Whatever the threads do, and whoever named the policies.
    let one = dryroll(&[&compare[..], &["--format", "html", "--jobs", "1"]].concat()).1;
    assert_eq!(one, text);
    let evil = "</script><img src=x onerror=alert(1)>";
    fs::write(&result, read(&result).replace("\"wait\"", &format!("\"{evil}\""))).expect("it is written");
    let hostile = dryroll(&["report", result_name]).1;
    assert!(hostile.contains("&lt;img") && !hostile.contains("<img"), "a name turned into markup");
    assert_eq!(hostile.matches("</script>").count(), 2, "the data and the script");
}

#[test]
fn several_results_stand_on_one_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let [a, b, other, compared, page] =
        ["a.json", "b.json", "steady.json", "compared.json", "page.html"].map(|n| folder.path().join(n));
    let [a_name, b_name, other_name, compared_name, page_name] =
        [&a, &b, &other, &compared, &page].map(|p| p.to_str().expect("UTF-8"));
    let keep = |args: &[&str], name: &str| {
        let rest = ["--replications", "2", "--quiet", "-o", name];
        assert_eq!(dryroll(&[args, &rest[..]].concat()), (0, String::new(), String::new()), "{args:?}");
    };
    keep(&["run", SMALL], a_name);
    keep(&["run", SMALL, "--set", "preStop=2s"], b_name);
    keep(&["run", SMALL, "--set", "name=<b>calm</b>", "--set", "deploy=none", "--set", "observe.for=20s"], other_name);
    keep(&["compare", SMALL, "--variant", "wait:preStop=2s"], compared_name);
    assert_eq!(dryroll(&["report", a_name, b_name, "-o", page_name]), (0, String::new(), String::new()));
    let text = read(&page);
    // Of one scenario: told apart by their files.
    for name in [a_name, b_name] {
        assert!(text.contains(&format!("<h3>{}</h3>", name.replace('/', "&#x2f;"))), "{name} is missing");
    }
    // Every kind of figure of both, on the same axes, no name given twice.
    assert_eq!(text.matches("<svg class=\"plot ").count(), 12);
    let mut ids: Vec<&str> = text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an element's name is given twice");
    // The figures of each are those of its own page.
    let own = dryroll(&["report", b_name]).1;
    let dropped = |page: &str| {
        page.split(r#"<th scope="row">dropped"#).nth(1).map(|row| row[..row.find("</tr>").unwrap_or(0)].to_owned())
    };
    let (both, own) = (dropped(&text).expect("a row"), dropped(&own).expect("a row"));
    let interval = own.split('[').nth(1).and_then(|rest| rest.split(']').next()).expect("an interval");
    assert!(both.contains(&format!("[{interval}]")), "{both}\n{own}");
    // Steady ones beside them, whatever they are called; and single figures.
    let mixed = dryroll(&["report", a_name, other_name]).1;
    assert!(mixed.contains("&lt;b&gt;calm") && !mixed.contains("<b>calm"), "a name turned into markup");
    let capacity = figure(&["report", a_name, b_name, "--figure", "capacity"]);
    assert_eq!(capacity.matches("<svg class=\"plot").count(), 2);
    // A comparison has a page of its own.
    let (status, _, err) = dryroll(&["report", a_name, compared_name]);
    assert!(status == 2 && err.contains("compared.json` is no result of `run`"), "{err}");
}

/// A figure by itself: whole, of the page's own bytes, and nothing fetched.
fn figure(args: &[&str]) -> String {
    let (status, svg, err) = dryroll(&[args, &["--quiet"]].concat());
    assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{args:?}");
    assert!(!svg.contains("var(--") && !svg.contains("href="), "{args:?}");
    svg
}

#[test]
fn any_figure_stands_by_itself() {
    let run = ["run", SMALL, "--replications", "2"];
    let page = dryroll(&[&run[..], &["--format", "html", "--quiet"]].concat()).1;
    for name in ["failures", "pods", "capacity", "reconnects", "latency", "inflight"] {
        let svg = figure(&[&run[..], &["--figure", name]].concat());
        let plot =
            svg.split_once("<svg class=\"plot").expect("a plot").1.split("</svg></svg>").next().expect("its end");
        assert!(page.contains(plot.split("</svg>").next().expect("its drawing")), "{name} is drawn as on the page");
    }
    let compare = ["compare", SMALL, "--variant", "wait:preStop=2s", "--replications", "2"];
    for (name, plots) in [("differences", 1), ("failures", 2)] {
        let svg = figure(&[&compare[..], &["--figure", name]].concat());
        assert_eq!(svg.matches("<svg class=\"plot").count(), plots, "{name}");
    }
    // A figure that is measured under the same name is compared as before.
    let measured = dryroll(&[&compare[..], &["--figure", "reconnects", "--format", "csv", "--quiet"]].concat());
    assert!(measured.0 == 0 && measured.1.contains(",reconnects,"), "{}", measured.1);
    let vary = ["--vary", "preStop=0s,2s", "--vary", "maxSurge=1,2", "--vary", "drainWindow=1s,5s"];
    for name in ["map", "front", "parallel"] {
        let svg = figure(&[&["sweep", SMALL, "--replications", "2", "--figure", name][..], &vary].concat());
        if name == "map" {
            assert_eq!((svg.matches("<svg class=\"plot map").count(), svg.matches("class=\"cell\"").count()), (2, 8));
            assert_eq!(svg.matches(" ★</text>").count(), 1, "one is the best");
        }
    }
}

#[test]
fn a_figure_of_a_kept_result_goes_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let [result, drawn] = ["result.json", "drawn.svg"].map(|n| folder.path().join(n));
    let [result_name, drawn_name] = [&result, &drawn].map(|p| p.to_str().expect("UTF-8"));
    assert_eq!(dryroll(&["run", SMALL, "--replications", "2", "-o", result_name, "--quiet"]).0, 0);
    let report = ["report", result_name, "--figure", "capacity"];
    assert_eq!(dryroll(&[&report[..], &["-o", drawn_name]].concat()), (0, String::new(), String::new()));
    assert_eq!(read(&drawn), figure(&report));
    assert!(figure(&report).contains("Capacity against demand – small"));
    for (args, says) in [
        (&["run", SMALL, "-o", "x.svg"][..], "--figure: failures, pods"),
        (&["run", SMALL, "--figure", "capcity"], "did you mean `capacity`?"),
        (&["run", SMALL, "--figure", "pods", "-o", "x.json"], ".svg or .png"),
        (&["compare", SMALL, "--figure", "capcity"], "no figure is called"),
        (&["compare", SMALL, SMALL, "--figure", "pods", "--figure", "latency"], "one at a time"),
    ] {
        let (status, out, err) = dryroll(args);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}

#[cfg(feature = "png")]
#[test]
fn a_figure_is_drawn_in_pixels() {
    let folder = tempfile::tempdir().expect("a folder");
    let drawn = folder.path().join("drawn.png");
    let name = drawn.to_str().expect("UTF-8");
    let run = ["run", SMALL, "--replications", "1", "--quiet", "--figure", "pods", "-o", name];
    assert_eq!(dryroll(&run), (0, String::new(), String::new()));
    let bytes = fs::read(&drawn).expect("it is written");
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 10_000, "{} bytes", bytes.len());
    let [wide, high] = [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")));
    assert!(wide == 2 * 1106 && high > 500, "{wide} × {high}");
}

/// The two that the README shows are what the program writes.
#[test]
fn the_figures_of_the_readme_are_up_to_date() {
    const ROLLING: &str = "scenarios/rolling-default.yaml";
    let wait = "wait:preStop=7s,terminationGracePeriodSeconds=42";
    for (file, args) in [
        ("docs/figures/pods.svg", &["run", ROLLING, "--figure", "pods"][..]),
        ("docs/figures/differences.svg", &["compare", ROLLING, "--variant", wait, "--figure", "differences"]),
    ] {
        assert!(read(Path::new(file)) == figure(args), "write it anew: dryroll {} -o {file}", args.join(" "));
        assert!(read(Path::new("README.md")).contains(&format!("({file})")), "{file} is not shown");
    }
}

/// What the page of each lesson's wrong variant must say went wrong, to somebody who has read nothing else.
const LESSONS: &[(&str, &[&str])] = &[
    ("analysis", &["the new version itself answers with errors", "Its analysis lets 1,000 measurements fail"]),
    ("autoscaler", &["too few pods were left to serve", "The workload was scaled to 4 pods"]),
    ("batch", &["At the fewest 3 of 10 were Ready", "maxUnavailable 75 % lets so many go"]),
    ("bluegreen", &["10 pods stopped listening before every proxy had heard"]),
    ("budget", &["A node was drained, and no budget held its evictions back"]),
    ("capacity", &["At the fewest 7 of 10 were Ready", "requests waited until they were given up"]),
    ("database", &["the database ran out of connections"]),
    ("drain", &["still in flight when the drainWindow of 1 s ended"]),
    ("fleet", &["At the fewest 50 of 100 were Ready; new ones begin"]),
    ("gate", &["the proxies did not send to them yet"]),
    ("liveness", &["liveness probe and had", "a pod was stopped for being busy"]),
    ("nodes", &["died with", "Nobody tells the proxies of that"]),
    ("ordering", &["too few pods were left to serve", "came back at once", "went to pods that no longer listened"]),
    ("pulls", &["Each node has to fetch the new image first (1.5 GB)"]),
    ("reconnect", &["clients lost their connections at the same moment and came back at once"]),
    ("routing", &["100 pods stopped listening before every proxy had heard"]),
    ("startup", &["new pods never turn Ready. The kubelet stopped their containers for a failed probe"]),
    ("streams", &["still open when the drainWindow of 30 s ended; streams last"]),
    ("tiers", &["4 proxies of ingress stopped listening before every proxy had heard"]),
    ("warmup", &["pods were Ready, but cold"]),
    ("weights", &["single pods got more than they could serve", "A router gives each version the share"]),
];

#[test]
fn the_page_of_every_lesson_says_what_went_wrong() {
    let lessons = fs::read_dir("scenarios").expect("the scenarios").filter_map(|entry| {
        let name = entry.expect("a readable folder").file_name().into_string().expect("UTF-8");
        name.strip_suffix("-wrong.yaml").map(str::to_owned)
    });
    for lesson in lessons {
        let told = LESSONS.iter().find(|l| l.0 == lesson).unwrap_or_else(|| panic!("what does {lesson} say?")).1;
        let file = format!("scenarios/{lesson}-wrong.yaml");
        let (status, page, err) = dryroll(&["run", &file, "--replications", "1", "--format", "html", "--quiet"]);
        assert_eq!(status, 0, "{file}: {err}");
        let diagnosis = page.split_once("<p class=\"diagnosis\">").and_then(|p| p.1.split_once("</p>")).map(|p| p.0);
        let diagnosis = diagnosis.unwrap_or_else(|| panic!("{file} says nothing"));
        assert!(diagnosis.starts_with("What went wrong: "), "{file}: {diagnosis}");
        for part in told {
            assert!(diagnosis.contains(part), "{file} does not say `{part}`: {diagnosis}");
        }
        // Where requests were dropped, the story of one is quoted.
        let dropped = page.contains("Why requests are dropped");
        assert_eq!(page.contains("<p class=\"example\">For example: request "), dropped, "{file}");
    }
}
