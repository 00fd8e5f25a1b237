//! What a population of clients does: open loop, closed loop, or long-lived streams.

use super::clients::MAX_CLIENTS;
use super::diag::Diag;
use super::dist::Dist;
use super::profile;
use super::read::{At, Fields, Read, choose};
use super::schema::Json;
use super::units::Rate;
use crate::engine::Dur;

/// What a population does.
#[derive(Clone, Debug)]
pub enum Load {
    /// Requests arrive whatever becomes of the earlier ones.
    Open(Arrivals),
    /// Long-lived connections.
    Streams {
        /// How many at any time.
        count: u32,
        /// How long each lives (s).
        duration: Dist,
        /// What a draining pod does to them.
        on_drain: OnDrain,
    },
    /// Think, ask, wait for the end of it, think.
    Users {
        /// How many.
        count: u32,
        /// Time between an answer and the next request (s).
        think_time: Dist,
    },
}

/// What a draining pod does to its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDrain {
    /// Ends them, over `close_jitter`.
    Close,
    /// Lets them go on to their end.
    Finish,
}

/// When requests of an open-loop population arrive.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Independent users: exponential gaps, at a rate that may vary.
    Poisson(Profile),
    /// Equal gaps, at a rate that may vary.
    Constant(Profile),
    /// These moments [since the start of the simulation].
    Trace(Vec<Dur>),
}

/// A rate over time: straight lines between the points, constant before the first and after the last.
#[derive(Clone, Debug)]
pub struct Profile {
    /// (time since the start of the simulation, requests per second), in order of time, at least one.
    pub points: Vec<(Dur, f64)>,
}

impl Profile {
    /// The mean rate from the first point to the last (1/s): the area under its straight lines over that time. Where they take no
    /// time it is the last one's, which holds from then on.
    pub fn mean(&self) -> f64 {
        let [Some(first), Some(last)] = [self.points.first(), self.points.last()] else { return 0.0 };
        let secs = last.0.saturating_sub(first.0).secs();
        if secs <= 0.0 {
            return last.1;
        }
        let lines = self.points.iter().zip(&self.points[1..]);
        lines.map(|(a, b)| b.0.saturating_sub(a.0).secs() * (a.1 + b.1) / 2.0).sum::<f64>() / secs
    }
}

/// The ways to say what a population does, exactly one of which it must use.
pub(super) const KINDS: [&str; 5] = ["rate", "profile", "trace", "streams", "users"];

/// What stands in for a load that could not be read, so that reading goes on.
pub(super) fn none() -> Load {
    Load::Open(Arrivals::Trace(Vec::new()))
}

impl Load {
    /// Reads the load out of a population's fields.
    pub(super) fn read(f: &mut Fields<'_>) -> Option<Self> {
        let given: Vec<&str> = KINDS.into_iter().filter(|k| f.key(k).is_some()).collect();
        // All are asked for, so that each is a known field.
        let (rate, profile, trace) = (f.at("rate"), f.at("profile"), f.at("trace"));
        let (streams, users) = (f.at("streams"), f.at("users"));
        let poisson = read_arrivals(&f.at("arrivals"));
        rate.takes("above 0", || Rate::shape().above_zero());
        f.require_one_of(&KINDS.each_ref().map(std::slice::from_ref));
        if let [first, second, ..] = given[..] {
            if let (Some(a), Some(b)) = (f.key(first), f.key(second)) {
                super::report_both(&f.at, (first, a), (second, b));
            }
            return None;
        }
        let open = |profile| if poisson { Arrivals::Poisson(profile) } else { Arrivals::Constant(profile) };
        match given.first().copied() {
            Some("rate") => read_rate(&rate).map(|p| Self::Open(open(p))),
            Some("profile") => profile::read(&profile).map(|p| Self::Open(open(p))),
            Some("trace") => profile::read_trace(&trace).map(|t| Self::Open(Arrivals::Trace(t))),
            Some("streams") => Some(read_streams(streams)),
            Some("users") => Some(read_users(users)),
            _ => {
                missing(f);
                None
            }
        }
    }
}

fn missing(f: &Fields<'_>) {
    let text = "this population of clients does nothing: it has no rate";
    let diag = Diag::error("missing-rate", text).path(f.at.path.clone());
    let diag = match f.at.span() {
        Some(span) => diag.at(span, "needs one of rate, profile, trace, streams, users"),
        None => diag,
    };
    f.at.cx.report(diag.help("add a rate, as in `rate: 2000/s`"));
}

fn read_rate(at: &At<'_>) -> Option<Profile> {
    let rate: Rate = at.value()?;
    if rate.0 <= 0.0 {
        at.out_of_range("`rate` is 0", "a rate above 0/s");
        return None;
    }
    Some(Profile { points: vec![(Dur::ZERO, rate.0)] })
}

/// Whether arrivals are Poisson (the default) rather than evenly spaced.
fn read_arrivals(at: &At<'_>) -> bool {
    let words = [("poisson", true), ("exponential", true), ("constant", false)];
    at.takes_words(&words.map(|(word, _)| word));
    at.is_by_default(|| Json::text(words[0].0));
    if at.node.is_some_and(|n| n.text().is_some()) {
        return choose(at, &words).unwrap_or(true);
    }
    let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
    let poisson = f.choice("distribution", true, &words);
    f.end();
    poisson
}

/// Default: they live 20 minutes on average and are closed by a draining pod.
fn read_streams(at: At<'_>) -> Load {
    let mut f = at.fields();
    let load = Load::Streams {
        count: read_count(&mut f),
        duration: Dist::or(&f.at("duration"), Dist::exponential(1200.0)),
        on_drain: f.choice("onDrain", OnDrain::Close, &[("close", OnDrain::Close), ("finish", OnDrain::Finish)]),
    };
    f.end();
    load
}

/// Default: they think for 1 s on average.
fn read_users(at: At<'_>) -> Load {
    let mut f = at.fields();
    let load =
        Load::Users { count: read_count(&mut f), think_time: Dist::or(&f.at("thinkTime"), Dist::exponential(1.0)) };
    f.end();
    load
}

fn read_count(f: &mut Fields<'_>) -> u32 {
    let count = f.at("count");
    f.require("count");
    if count.node.is_none()
        && let Some(span) = f.at.span()
    {
        let diag = Diag::error("missing-field", format!("`{}` needs a `count`", f.at.name()));
        count.report(diag.at(span, "how many?").path(count.path.clone()));
    }
    f.within("count", 1, 1..=MAX_CLIENTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short peak counts for as long as it lasts, however many points draw it.
    #[test]
    fn the_mean_of_a_profile_weighs_its_rates_with_their_time() {
        let mean = |points: &[(u64, f64)]| {
            Profile { points: points.iter().map(|&(at, rate)| (Dur::from_secs(at), rate)).collect() }.mean()
        };
        assert!((mean(&[(5, 40.0)]) - 40.0).abs() < 1e-12);
        assert!((mean(&[(0, 10.0), (90, 10.0), (90, 100.0), (100, 100.0)]) - 19.0).abs() < 1e-12);
        assert!((mean(&[(10, 0.0), (20, 10.0)]) - 5.0).abs() < 1e-12);
        assert!((mean(&[(10, 3.0), (10, 7.0)]) - 7.0).abs() < 1e-12, "a step at one moment");
    }
}
