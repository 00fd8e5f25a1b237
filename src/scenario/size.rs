//! How much there would be to play: what nobody waits for is said before anything is played. What memory cannot hold depends on the
//! run, and is noticed when it happens (`fleet/crowd.rs`).

use super::diag::Diag;
use super::validate::Check;
use super::{Arrivals, Load, Scenario};

/// Requests that a core simulates in a second, in a rollout of 100 pods.
pub const REQUESTS_PER_CORE_SECOND: f64 = 2.5e6;

/// More than this (1/s) nobody asks of one service. Between two looks at how many are under way, 100 ms, no more than 10 million come.
const RATE_MAX: f64 = 1e8;
/// So many requests in one deploy are worth a word: minutes, for each of them.
const MANY: f64 = 1e9;
/// What a simulated second leaves behind: a bin of the time series and the levels in it (bytes; measured, of one population).
const BYTES_PER_SECOND: f64 = 900.0;
/// So many seconds are worth a word (a fortnight; 1 GB).
const SECONDS_MANY: f64 = 14.0 * 86_400.0;
/// More than this nobody has the memory for: 100 days, 8 GB for each deploy that is simulated at a time.
const SECONDS_MAX: f64 = 100.0 * 86_400.0;

/// The highest rate at which a population asks in an open loop (1/s).
pub(super) fn peak(load: &Load) -> f64 {
    match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => {
            profile.points.iter().map(|p| p.1).fold(0.0, f64::max)
        }
        _ => 0.0,
    }
}

/// What a population asks in the mean (1/s): users no more often than they think and pods answer, and than all workers together can
/// serve; of streams, how many are opened.
fn mean(s: &Scenario, load: &Load) -> f64 {
    let service = s.pod.service_time.mean() * s.pod.slower;
    match load {
        Load::Open(Arrivals::Poisson(profile) | Arrivals::Constant(profile)) => profile.mean(),
        Load::Open(Arrivals::Trace(_)) => 0.0,
        Load::Users { count, think_time } => {
            let workers = f64::from(s.workload.replicas) * f64::from(s.pod.concurrency);
            let served = if service > 0.0 { workers / service } else { f64::INFINITY };
            times(*count, think_time.mean() + service).min(served)
        }
        Load::Streams { count, duration, .. } => times(*count, duration.mean()),
    }
}

/// How often so many begin anew who take so long (1/s); who takes no time is told of elsewhere.
fn times(count: u32, cycle: f64) -> f64 {
    if cycle > 0.0 { f64::from(count) / cycle } else { 0.0 }
}

/// Where the rate of the population that asks most stands.
pub(super) fn heaviest(c: &Check<'_>) -> String {
    heaviest_by(c, peak)
}

fn heaviest_by(c: &Check<'_>, asks: impl Fn(&Load) -> f64) -> String {
    let clients = c.scenario.clients.iter().enumerate();
    let heaviest = clients.max_by(|a, b| asks(&a.1.load).total_cmp(&asks(&b.1.load)));
    let client = heaviest.map_or(0, |(n, _)| n);
    let given = |field: &&str| c.span(&format!("clients.{client}.{field}")).is_some();
    let field = ["rate", "profile", "users", "streams"].into_iter().find(given).unwrap_or("rate");
    format!("clients.{client}.{field}")
}

/// How much is simulated at the least (s): a rollout comes on top.
fn simulated(s: &Scenario) -> f64 {
    let seconds = match &s.deploy {
        None => (s.observe.warmup + s.observe.steady).secs(),
        Some(deploy) => deploy.at.secs() + s.observe.after.secs(),
    };
    seconds.min(s.observe.limit.secs())
}

/// A span of which not every second's results could be kept is refused, and of a long one it is said what it takes.
pub(super) fn seconds(c: &Check<'_>) {
    let observe = &c.scenario.observe;
    let (field, before, asked) = match &c.scenario.deploy {
        None => ("observe.for", observe.warmup, observe.steady),
        Some(deploy) => ("observe.after", deploy.at, observe.after),
    };
    let seconds = simulated(c.scenario);
    let others = [("observe.limit", "seen until then at the most".to_owned())];
    if before < observe.limit && before + asked > observe.limit {
        let text = format!("`{field}` is {asked}, and the simulation ends at {} at the latest", observe.limit);
        let diag = Diag::warning("cut-short", text).help("raise `observe.limit`, or measure for a shorter time");
        c.report(diag, field, "ends before that", &others);
    }
    if seconds > SECONDS_MAX {
        let text =
            format!("{:.0} days are more than can be kept: each of their seconds has results", seconds / 86_400.0);
        let label = format!("expected {:.0} days at the most", SECONDS_MAX / 86_400.0);
        c.report(Diag::error("out-of-range", text), field, &label, &others);
    } else if seconds > SECONDS_MANY {
        let gigabytes = seconds * BYTES_PER_SECOND / 1e9;
        let text = format!(
            "each simulated deploy is {:.0} days at the least: about {gigabytes:.1} GB for the results of each of their seconds",
            seconds / 86_400.0
        );
        let diag =
            Diag::warning("many-seconds", text).help("a shorter time tells the same of a fleet that is in balance");
        c.report(diag, field, "measured for so long", &others);
    }
}

/// A rate that cannot be played is refused, and of one that takes long it is said how long.
pub(super) fn requests(c: &Check<'_>) {
    let rate: f64 = c.scenario.clients.iter().map(|clients| peak(&clients.load)).sum();
    if rate > RATE_MAX {
        let text = format!("{rate:.0} requests a second are more than can be played");
        let diag =
            Diag::error("out-of-range", text).help("play a part of the fleet: so many times fewer pods and requests");
        c.report(diag, &heaviest(c), &format!("expected {RATE_MAX:.0}/s at the most, of all clients"), &[]);
        return;
    }
    let s = c.scenario;
    let seconds = simulated(s);
    let requests = s.clients.iter().map(|clients| mean(s, &clients.load)).sum::<f64>() * seconds;
    if requests < MANY {
        return;
    }
    let minutes = requests / REQUESTS_PER_CORE_SECOND / 60.0;
    let time = if minutes < 120.0 { format!("{minutes:.0} minutes") } else { format!("{:.0} hours", minutes / 60.0) };
    let streams = s.clients.iter().any(|clients| matches!(clients.load, Load::Streams { .. }));
    let what = if streams { "requests and streams" } else { "requests" };
    let text =
        format!("each simulated deploy is more than {:.0} million {what}: about {time} on one core", requests / 1e6);
    let diag = Diag::warning("many-requests", text).help(
        "a part of the fleet tells the same in a part of the time: so many times fewer pods, requests and connections",
    );
    let others = [("observe.after", "seen for so long after the rollout".to_owned())];
    let label = format!("in the {seconds:.0} s that are simulated at the least");
    c.report(diag, &heaviest_by(c, |load| mean(s, load)), &label, &others);
}

#[cfg(test)]
mod tests {
    use crate::scenario::load_str;

    /// What is told of a scenario that is much to play, if anything.
    fn told(rest: &str) -> Option<(String, String)> {
        let text = format!("workload: {{replicas: 10000}}\ndeploy: {{at: 600s}}\n{rest}\n");
        let warnings = load_str("many.yaml", &text, &[]).expect("a valid scenario").warnings;
        let diag = warnings.into_iter().find(|d| d.code == "many-requests")?;
        Some((diag.message, diag.path))
    }

    #[test]
    fn closed_loops_and_streams_are_told_how_long_they_take() {
        let users = "clients: [{name: web, users: {count: 2000000, thinkTime: 980ms}}]\npod: {serviceTime: 20ms, concurrency: 64}";
        let (message, path) = told(users).expect("2 million a second for 660 s");
        assert_eq!(message, "each simulated deploy is more than 1320 million requests: about 9 minutes on one core");
        assert_eq!(path, "clients.0.users");
        let few = "clients: [{name: web, users: {count: 2000000, thinkTime: 980ms}}]\npod: {serviceTime: 20s}";
        assert_eq!(told(few), None, "workers are too few for more than 8,000 a second");
        let streams = "clients: [{name: chat, streams: {count: 2000000, duration: 1s}}]";
        let (message, path) = told(streams).expect("as many");
        assert!(message.contains("1320 million requests and streams") && path == "clients.0.streams", "{message}");
        assert_eq!(told("clients: [{name: chat, streams: {count: 2000000, duration: 20m}}]"), None);
    }
}
