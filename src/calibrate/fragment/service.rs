//! `pod.serviceTime`: how long requests take, as a family that was fitted or as it was recorded.

use std::fmt::Write as _;
use std::path::Path;

use super::figure::{sig, time};
use super::{Fragment, Wanted, beside, comment};
use crate::calibrate::Calibration;
use crate::calibrate::certainty::Figure;
use crate::calibrate::fit::{Fit, allowed, fit};
use crate::calibrate::sample::{Quantile, Sample};
use crate::scenario::dist::Dist;

/// `pod.serviceTime`.
pub(super) fn write(found: &Calibration, wanted: Wanted, output: Option<&Path>, fragment: &mut Fragment) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_a_histogram_without_what_lies_between() {
        let mut sample = Sample::default();
        sample.add(0.001, 0.002, 3);
        sample.add(0.5, 0.5, 1);
        assert_eq!(buckets(&sample), "le,count\n0.001,0\n0.002,3\n0.5,3\n0.5,4\n");
    }
}
