//! A rate that changes, as a profile of points: each with how sure it is.

use std::fmt::Write as _;

use super::arrivals::Point;
use super::fragment::{comment, sig};

/// Points in a line.
const POINTS: usize = 6;

/// `profile` of a population.
pub(super) fn write(profile: &[Point], out: &mut String) {
    comment("    ", "the rate changes; times are those since the log began, and `deploy.at` is the moment in it", out);
    let interval = |p: &Point| format!("[{} to {}]", sig(p.ci95[0], 4), sig(p.ci95[1], 4));
    if let Some(p) = profile.iter().max_by(|a, b| a.rate.total_cmp(&b.rate)) {
        let text = format!("it is highest, {}/s {}, around {}s", sig(p.rate, 4), interval(p), p.at);
        comment("    ", &text, out);
    }
    comment(
        "    ",
        "behind each line the 95 % intervals of its rates: exact of counts (Garwood 1936), of what bunches as much wider as it scatters more",
        out,
    );
    out.push_str("    profile: [\n");
    let lines = profile.chunks(POINTS).count();
    for (n, points) in profile.chunks(POINTS).enumerate() {
        let written: Vec<String> = points.iter().map(|p| format!("[{}s, {}/s]", p.at, sig(p.rate, 4))).collect();
        let intervals: Vec<String> = points.iter().map(interval).collect();
        let comma = if n + 1 < lines { "," } else { "" };
        let _ = writeln!(out, "      {}{comma}  # {}", written.join(", "), intervals.join(" "));
    }
    out.push_str("    ]\n");
}
