//! `clients`: how requests come, as a rate, as a series of counts, or each at its moment.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::figure::{sig, time};
use super::{Fragment, ITSELF, beside, comment};
use crate::calibrate::arrivals::Rate;
use crate::calibrate::profile;
use crate::calibrate::series::Series;
use crate::calibrate::trace::Trace;

/// How long a busy stretch of a series is replayed, with the deploy in its middle.
const HOUR: f64 = 3600.0;

/// `clients` of a log.
pub(super) fn at_rate(rate: &Rate, out: &mut String) {
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
pub(super) fn replay(series: &Series, files: usize, output: Option<&Path>, out: &mut String) {
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

/// `clients` that replay each request of a log at its moment.
pub(super) fn replay_each(trace: &Trace, output: &Path, fragment: &mut Fragment) {
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
