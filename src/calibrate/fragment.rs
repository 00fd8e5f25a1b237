//! What was found, as a part of a scenario: each figure with what it rests on, in comments.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::arrivals::Rate;
use super::certainty::Figure;
use super::fit::{Family, Fit, allowed, fit};
use super::sample::{Quantile, Sample};
use super::series::Series;
use super::trace::Trace;
use super::{Calibration, Reading, profile};
use crate::scenario::diag::printable;
use crate::scenario::dist::Dist;

/// What the distribution of service times is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The most likely family, if it is near enough; else as recorded.
    Auto,
    /// This family.
    Family(Family),
    /// As recorded.
    Empirical,
}

/// A part of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The YAML.
    pub text: String,
    /// Files beside it that it names, each with its text: a distribution as it was recorded, arrivals.
    pub beside: Vec<(PathBuf, String)>,
}

/// How long a busy stretch of a series is replayed, with the deploy in its middle.
const HOUR: f64 = 3600.0;

/// What the text ends with.
const ITSELF: &str =
    "# A scenario in itself; of your own workload with `workload: {manifest: deployment.yaml}` beside it.\n";

/// Writes it. `output` is where it will stand: a distribution as recorded needs a file of
/// its own beside it, as arrivals do that are to be replayed one by one.
pub fn write(found: &Calibration, wanted: Wanted, output: Option<&Path>) -> Fragment {
    let mut fragment = Fragment { text: String::new(), beside: Vec::new() };
    let out = &mut fragment.text;
    for reading in &found.readings {
        read(reading, out);
    }
    service(found, wanted, output, &mut fragment);
    let series = found.series.first();
    let rate = found.arrivals.rate();
    if let Some((trace, output)) = found.moments.trace().zip(output) {
        replay_each(&trace, output, &mut fragment);
        return fragment;
    }
    let out = &mut fragment.text;
    match (series, &rate) {
        (Some(series), _) => replay(series, found.series.len(), output, out),
        (None, Some(rate)) => clients(rate, out),
        (None, None) => out.push_str(
            "# Nothing here says how requests come: a scenario needs `clients: [{name: web, rate: 2000/s}]` as well.\n",
        ),
    }
    if series.is_some() || rate.is_some() {
        out.push_str(ITSELF);
    }
    fragment
}

/// `clients` that replay each request of a log at its moment.
fn replay_each(trace: &Trace, output: &Path, fragment: &mut Fragment) {
    let (path, name) = beside(output, "arrivals");
    let out = &mut fragment.text;
    out.push_str("clients:\n  - name: web\n");
    let spread = if trace.spread { "; the log knows whole seconds: where in its own each came is drawn" } else { "" };
    let text = format!(
        "{} requests, each at the moment that the log has of it{spread}; times are those since the log began, and `deploy.at` is the moment in it",
        trace.requests
    );
    comment("    ", &text, out);
    let _ = writeln!(out, "    trace: {name}");
    out.push_str(ITSELF);
    fragment.beside.push((path, trace.text.clone()));
}

/// A file beside the scenario at `output`, and its name as a scenario writes it.
fn beside(output: &Path, what: &str) -> (PathBuf, String) {
    let stem = output.file_stem().map_or_else(|| "scenario".to_owned(), |s| s.to_string_lossy().into_owned());
    let name = format!("{stem}.{what}.csv");
    (output.with_file_name(&name), serde_json::Value::from(name).to_string())
}

/// A comment, whatever stands in it.
pub(super) fn comment(indent: &str, text: &str, out: &mut String) {
    let _ = writeln!(out, "{indent}# {}", printable(text).replace('\n', "\\n"));
}

/// What became of a file.
fn read(reading: &Reading, out: &mut String) {
    let failed = match reading.failed {
        0 => String::new(),
        n => format!("; {n} of them failed (499, 5xx) or became something else (101): their times do not count"),
    };
    let text = format!(
        "{}: {}, {} of {} lines read{failed}",
        reading.file,
        reading.format.name(),
        reading.read,
        reading.lines
    );
    comment("", &text, out);
    if let Some((number, text)) = &reading.unreadable {
        let text = format!("  {} could not be read, the first of them line {number}: {text}", reading.passed());
        comment("", &text, out);
    }
    for remark in &reading.remarks {
        comment("", &format!("  {remark}"), out);
    }
}

/// `pod.serviceTime`.
fn service(found: &Calibration, wanted: Wanted, output: Option<&Path>, fragment: &mut Fragment) {
    // Where a log has the pods' own times they are nearer to what a worker does.
    let own = found.upstream.len() * 2 >= found.whole.len() && !found.upstream.is_empty();
    let sample = if own { &found.upstream } else { &found.whole };
    if sample.is_empty() {
        fragment.text.push_str("# Nothing here says how long requests take.\n");
        return;
    }
    fragment.text.push_str("pod:\n");
    let histogram = found.whole.is_empty() && found.arrivals.is_empty();
    let whose = match (histogram, own) {
        (true, _) => {
            "times of a histogram; where they were taken outside the pod, they have the wait for a worker in them"
        }
        (_, true) => {
            "times that pods took as their balancer saw it: the wait for a worker is in them, so take them while the pods have little to do"
        }
        (_, false) => {
            "times of whole requests: the network, the balancer and the wait for a worker are in them, so that service takes less than this"
        }
    };
    comment("  ", &format!("{} {whose}", sample.len()), &mut fragment.text);
    quantiles(sample, &mut fragment.text);
    let fits = fit(sample);
    let chosen = choose(&fits, wanted);
    match chosen {
        Some(fit) => fitted(fit, &fits, sample, wanted, &mut fragment.text),
        None => recorded(&fits, sample, output, fragment),
    }
}

/// Mean and quantiles with their intervals.
fn quantiles(sample: &Sample, out: &mut String) {
    let mut parts = vec![format!("mean {}", time(sample.mean()))];
    for (name, p) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
        if let Some(q) = sample.quantile(p) {
            parts.push(format!("{name} {} {}", time(q.value), interval(&q)));
        }
    }
    comment("  ", &format!("{} (95 % intervals, whatever the distribution)", parts.join(", ")), out);
    if sample.quantile(0.99).is_some_and(|q| q.high.is_none()) {
        comment("  ", "so few can't bound the 99 % quantile from above: 368 are needed, and 3,688 for 99.9 %", out);
    }
}

fn interval(q: &Quantile) -> String {
    let bound = |b: Option<f64>| b.map_or_else(|| "?".to_owned(), time);
    format!("[{} to {}]", bound(q.low), bound(q.high))
}

/// The family to write, or none for the sample as it is.
fn choose(fits: &[Fit], wanted: Wanted) -> Option<&Fit> {
    match wanted {
        Wanted::Auto => fits.iter().find(|f| f.near),
        Wanted::Family(family) => fits.iter().find(|f| f.family == family),
        Wanted::Empirical => None,
    }
}

fn fitted(chosen: &Fit, fits: &[Fit], sample: &Sample, wanted: Wanted, out: &mut String) {
    let others: Vec<String> = fits
        .iter()
        .filter(|f| f.family != chosen.family)
        .map(|f| format!("{} {:+.0}", f.family.name(), f.bic - chosen.bic))
        .collect();
    let why = if wanted == Wanted::Auto { "the most likely that is near enough" } else { "as asked for" };
    let text = format!(
        "{}, {why}: by k ln n − 2 ln L the others have {}; its distance (Kolmogorov–Smirnov) is {:.4}, {} would do",
        chosen.family.name(),
        others.join(", "),
        chosen.distance,
        sig(allowed(sample.len()), 3),
    );
    comment("  ", &text, out);
    if !chosen.near {
        comment("  ", "it is NOT near the sample, in its middle or at its 99 % quantile", out);
    }
    certainty(chosen, out);
    let _ = writeln!(out, "  serviceTime: {}", dist(&chosen.dist));
}

/// The interval of each number of a fitted family.
fn certainty(fit: &Fit, out: &mut String) {
    let one = |figure: &Figure| {
        let number = |x: f64| if figure.is_time { time(x) } else { sig(x, 4) };
        let interval = figure
            .ci95
            .map_or_else(|| "[? to ?]".to_owned(), |[low, high]| format!("[{} to {}]", number(low), number(high)));
        format!("{} {} {interval}", figure.name, number(figure.value))
    };
    let figures: Vec<String> = fit.figures.iter().map(one).collect();
    let text = format!(
        "its {} (95 % intervals, for times that do not depend on each other, of the family or only near it: Huber 1967, White 1982)",
        figures.join(", ")
    );
    comment("  ", &text, out);
}

/// The sample as it was recorded, in a file beside the output; where there is no place for one, the nearest family.
fn recorded(fits: &[Fit], sample: &Sample, output: Option<&Path>, fragment: &mut Fragment) {
    let nearest = fits.iter().min_by(|a, b| a.distance.total_cmp(&b.distance));
    if let Some(fit) = nearest {
        let text = format!(
            "no family was taken; the nearest, {}, is {:.4} off (Kolmogorov–Smirnov), where {} would do",
            fit.family.name(),
            fit.distance,
            sig(allowed(sample.len()), 3)
        );
        comment("  ", &text, &mut fragment.text);
    }
    if let Some(output) = output {
        let (path, name) = beside(output, "service-time");
        let _ = writeln!(fragment.text, "  serviceTime: {{distribution: empirical, file: {name}}}");
        fragment.beside.push((path, buckets(sample)));
        return;
    }
    comment(
        "  ",
        "with `-o FILE` the times are written as they were recorded, into a file beside it",
        &mut fragment.text,
    );
    let nearest = match nearest {
        Some(fit) => {
            certainty(fit, &mut fragment.text);
            dist(&fit.dist)
        }
        // All of one length.
        None => time(sample.mean()),
    };
    let _ = writeln!(fragment.text, "  serviceTime: {nearest}");
}

/// A sample as the histogram that a scenario takes.
fn buckets(sample: &Sample) -> String {
    let mut out = String::from("le,count\n");
    let (mut upto, mut count) = (0.0, 0);
    for piece in sample.coarse() {
        // Between pieces lies nothing.
        if piece.low > upto {
            let _ = writeln!(out, "{},{count}", piece.low);
        }
        count += piece.count;
        upto = piece.high;
        let _ = writeln!(out, "{upto},{count}");
    }
    out
}

/// `clients` of a log.
fn clients(rate: &Rate, out: &mut String) {
    out.push_str("clients:\n  - name: web\n");
    let interval = rate.mean.ci95.map_or_else(String::new, |[low, high]| {
        format!(", 95 % interval [{} to {}] by the scatter of its parts", sig(low, 5), sig(high, 5))
    });
    let text = format!(
        "{} requests in {} s: {}/s in the mean{interval}; the most in a second: {}",
        rate.requests,
        rate.seconds,
        sig(rate.mean.mean, 5),
        rate.peak
    );
    comment("    ", &text, out);
    let told = match rate.dispersion {
        d if d > 1.5 => "they bunch, and what is simulated (Poisson) does not: peaks are higher than forecast",
        d if d < 0.7 => {
            "they come more evenly than what is simulated (Poisson); `arrivals: {distribution: constant}` is wholly even"
        }
        _ => "as of independent users (Poisson, which is simulated)",
    };
    comment(
        "    ",
        &format!("the variance of a second's count is {} times its mean: {told}", sig(rate.dispersion, 3)),
        out,
    );
    let Some(profile) = &rate.profile else {
        let _ = writeln!(out, "    rate: {}/s", sig(rate.mean.mean, 5));
        return;
    };
    profile::write(profile, out);
}

/// `clients` that replay a series.
fn replay(series: &Series, files: usize, output: Option<&Path>, out: &mut String) {
    let text = format!(
        "{} buckets of {} with {} requests: {}/s in the mean ({} buckets in between are missing, and count as empty); the fullest has {}/s, at {}",
        series.buckets,
        time(series.per),
        sig(series.total, 6),
        sig(series.rate(), 5),
        series.gaps,
        sig(series.fullest.1, 5),
        series.fullest.0
    );
    comment("", &text, out);
    if files > 1 {
        comment("", "the other series are not in this: one population replays one", out);
    }
    out.push_str("clients:\n  - name: web\n");
    let file = serde_json::Value::from(relative(&series.path, output));
    // Two buckets at least, or there is nothing between whose middles the rate could run.
    let length = HOUR.max(series.per * 2.0);
    let _ = writeln!(
        out,
        "    profile: {{file: {file}, per: {}, around: busiest, duration: {}}}",
        time(series.per),
        time(length)
    );
    comment("", "the deploy in the middle of it: at the fullest", out);
    let _ = writeln!(out, "deploy: {{at: {}}}", time(length / 2.0));
}

/// A file as a scenario at `output` names it.
fn relative(file: &Path, output: Option<&Path>) -> String {
    let folder = output.and_then(Path::parent).filter(|p| !p.as_os_str().is_empty());
    let (Some(folder), false) = (folder, file.is_absolute()) else { return file.display().to_string() };
    // From where the scenario is, up to what both have in common, and down again.
    let (Ok(folder), Ok(target)) = (fs::canonicalize(folder), fs::canonicalize(file)) else {
        return file.display().to_string();
    };
    let common = folder.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = target.components().skip(common).map(|c| c.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A distribution as a scenario writes it.
fn dist(dist: &Dist) -> String {
    match dist {
        Dist::Lognormal { .. } => format!(
            "{{distribution: lognormal, p50: {}, p99: {}}}",
            time(dist.quantile(0.5)),
            time(dist.quantile(0.99))
        ),
        Dist::Gamma(gamma) => {
            format!("{{distribution: gamma, mean: {}, shape: {}}}", time(gamma.mean()), sig(gamma.shape(), 4))
        }
        Dist::Weibull { scale, shape } => {
            format!("{{distribution: weibull, scale: {}, shape: {}}}", time(*scale), sig(*shape, 4))
        }
        other => format!("{{distribution: exponential, mean: {}}}", time(other.mean())),
    }
}

/// A time (s) as a scenario writes it, to four digits.
fn time(seconds: f64) -> String {
    match seconds {
        s if s <= 0.0 => "0s".to_owned(),
        s if s < 0.999_95e-3 => format!("{}us", sig(s * 1e6, 4)),
        s if s < 0.999_95 => format!("{}ms", sig(s * 1e3, 4)),
        s => format!("{}s", sig(s, 4)),
    }
}

/// A number to so many digits, without zeros that say nothing.
pub(super) fn sig(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return "0".to_owned();
    }
    let place = digits - 1 - libm::floor(libm::log10(libm::fabs(x))) as i32;
    let unit = libm::pow(10.0, f64::from(place));
    let text = format!("{:.*}", usize::try_from(place).unwrap_or(0), libm::round(x * unit) / unit);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_they_are_good_for() {
        assert_eq!(
            [time(0.020_123_4), time(1.0), time(0.000_25), time(0.0), time(300.0), time(0.999_99)],
            ["20.12ms", "1s", "250us", "0s", "300s", "1s"]
        );
        assert_eq!(
            [sig(1234.56, 3), sig(0.000_123_44, 3), sig(-5.0, 3), sig(99_999.0, 4)],
            ["1230", "0.000123", "-5", "100000"]
        );
    }

    #[test]
    fn what_was_recorded_is_a_histogram_without_what_lies_between() {
        let mut sample = Sample::default();
        sample.add(0.001, 0.002, 3);
        sample.add(0.5, 0.5, 1);
        assert_eq!(buckets(&sample), "le,count\n0.001,0\n0.002,3\n0.5,3\n0.5,4\n");
    }
}
