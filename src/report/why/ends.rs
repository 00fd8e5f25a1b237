//! What was cut under way: by the end of a drain, by SIGKILL, by the balancer.

use super::capacity::too_few_while_waiting;
use super::routes::{hook, sidecar_first};
use super::{Remedy, Told, grace_for, secs, whole_seconds};
use crate::report::Page;
use crate::report::settings::{OnSigterm, Settings, Streams};

/// The longest drain that is proposed (s); beyond it streams are better ended by the pod than waited for.
const LONGEST_DRAIN: f64 = 600.0;

/// The streams, where it is them that were cut: of clients that send requests too, answers end in the middle.
fn streams_cut<'a>(page: &Page<'a>) -> Option<&'a Streams> {
    let mut outcomes = page.results.summary.outcomes.iter();
    let truncated = outcomes.any(|(name, f)| name == "truncated" && f.is_some_and(|f| f.mean > 0.0));
    page.settings.streams.as_ref().filter(|_| truncated || !page.settings.requests)
}

impl Streams {
    /// Whether pods end them, or have to be told to: nobody waits for so long.
    fn end_in_turn(&self) -> bool {
        !self.finish || self.duration.p99 > LONGEST_DRAIN
    }

    /// The drain that they need, and what is served beside them (s).
    fn drain(&self, s: &Settings) -> f64 {
        let own = if self.end_in_turn() { s.termination.close_jitter + 1.0 } else { self.duration.p99.max(1.0) };
        libm::ceil(if s.requests { own.max(3.0 * s.service.p99) } else { own })
    }

    /// How long the balancer has to let them be after a pod's removal, if they are drained for so long (s).
    fn patience(&self, s: &Settings, drain: f64) -> f64 {
        let in_turn = s.switched.unwrap_or(0.0) + s.termination.before_drain() + drain;
        libm::ceil(if self.end_in_turn() { in_turn } else { self.duration.p99 + 1.0 })
    }

    /// What they need to come to their end, whoever cuts them now: a drain and a patience of so long at the least (s).
    fn let_end(&self, s: &Settings, least_drain: f64, least_patience: f64) -> Remedy {
        let window = s.termination.drain_window;
        let drain = self.drain(s).max(least_drain).max(window);
        let patience = self.patience(s, self.drain(s).max(least_drain)).max(least_patience);
        let told =
            (self.finish && self.end_in_turn()).then(|| format!("clients.{}.streams.onDrain=close", self.client));
        let patience = (patience > s.deregistration_delay)
            .then(|| format!("{}.deregistrationDelay={}", s.balancer, whole_seconds(patience)));
        let longer = (drain > window).then(|| format!("drainWindow={}", whole_seconds(drain)));
        let effect = match (self.finish, self.end_in_turn()) {
            (true, true) => "the pod ends its streams in order, and clients open new ones",
            (false, _) => "the pod may end every stream in its turn",
            (true, false) => "streams may come to their end",
        };
        Remedy::new(told.into_iter().chain(patience).chain(longer).chain(grace_for(s, drain - window)), effect)
    }
}

fn streams_severed_by_drain(s: &Settings, streams: &Streams) -> Told {
    let t = &s.termination;
    let (duration, window) = (streams.duration, t.drain_window);
    if !streams.finish {
        let jitter = secs(t.close_jitter);
        let sentence = format!(
            "still open when the drainWindow of {} ended; closeJitter spreads the end over {jitter}",
            secs(window)
        );
        return (sentence, Some(streams.let_end(s, libm::ceil(t.close_jitter.max(window)) + 1.0, 0.0)));
    }
    let sentence = format!(
        "still open when the drainWindow of {} ended; streams last {} (p99 {})",
        secs(window),
        secs(duration.p50),
        secs(duration.p99)
    );
    let twice = if streams.end_in_turn() { 0.0 } else { libm::ceil(2.0 * window) };
    (sentence, Some(streams.let_end(s, twice, 0.0)))
}

pub(super) fn severed_by_drain(page: &Page<'_>) -> Told {
    let s = page.settings;
    if let Some(streams) = streams_cut(page) {
        return streams_severed_by_drain(s, streams);
    }
    let window = s.termination.drain_window;
    if s.termination.stays_open && s.service.p99 < window {
        // Nothing that is served lasts as long: what is cut came over connections that nobody had closed.
        let sentence = format!(
            "the pod exits after its cleanup ({}) with connections open (connectionClose: none)",
            secs(s.termination.cleanup)
        );
        let closes = Remedy::new(["connectionClose=response".to_owned()], "clients are told to go before the exit");
        return (sentence, Some(closes));
    }
    let sentence = format!(
        "still in flight when the drainWindow of {} ended; service takes {} (p99 {})",
        secs(window),
        secs(s.service.p50),
        secs(s.service.p99)
    );
    let longer = libm::ceil((3.0 * s.service.p99).max(2.0 * window).max(1.0));
    let set = std::iter::once(format!("drainWindow={}", whole_seconds(longer))).chain(grace_for(s, longer - window));
    (sentence, Some(Remedy::new(set, "what is in flight may end")))
}

/// A process that drains, and all that this takes: a listener that stays open until every proxy has heard, where it has stayed so by
/// ignoring SIGTERM; the drain; and the grace period for both. `None` where the fleet can't do without its pods for so long.
pub(super) fn drains(page: &Page<'_>) -> Option<Remedy> {
    let s = page.settings;
    let t = &s.termination;
    let deaf = t.on_sigterm == OnSigterm::Ignore && !s.empties && t.before_drain() < s.removal.p99;
    let pre_stop = if deaf { hook(s) } else { t.pre_stop };
    if pre_stop > t.grace_period && too_few_while_waiting(page, pre_stop).is_some() {
        return None;
    }
    let mut draining = s.clone();
    (draining.termination.pre_stop, draining.termination.on_sigterm) = (pre_stop, OnSigterm::Drain);
    let handles = (t.on_sigterm != OnSigterm::Drain).then(|| "onSigterm=drain".to_owned());
    let listens = (pre_stop > t.pre_stop).then(|| format!("preStop={}", whole_seconds(pre_stop)));
    let end = match streams_cut(page) {
        Some(streams) => streams.let_end(&draining, 0.0, 0.0),
        None => let_requests_end(&draining),
    };
    let heard = deaf.then_some("pods listen until every proxy has heard");
    Some(Remedy {
        set: handles.into_iter().chain(listens).chain(end.set).collect(),
        effects: heard.into_iter().chain(end.effects).collect(),
    })
}

fn let_requests_end(s: &Settings) -> Remedy {
    let window = s.termination.drain_window;
    let drain = libm::ceil(3.0 * s.service.p99).min(LONGEST_DRAIN).max(window);
    let longer = (drain > window).then(|| format!("drainWindow={}", whole_seconds(drain)));
    Remedy::new(longer.into_iter().chain(grace_for(s, drain - window)), "what is in flight may end")
}

pub(super) fn severed_by_kill(page: &Page<'_>) -> Told {
    let s = page.settings;
    let t = &s.termination;
    let grace = secs(t.grace_period);
    match t.on_sigterm {
        _ if t.dies_in_hook => (
            format!(
                "SIGKILL after terminationGracePeriodSeconds {grace}, while preStop {} still runs",
                secs(t.pre_stop)
            ),
            drains(page),
        ),
        OnSigterm::Exit => {
            ("the process exits at SIGTERM with requests in flight (onSigterm: exit)".to_owned(), drains(page))
        }
        OnSigterm::Ignore => (format!("the process ignores SIGTERM and is killed after {grace}"), drains(page)),
        OnSigterm::Drain if t.sidecar_exit.is_some_and(|exit| exit < t.grace_period) => {
            sidecar_first(s, t.sidecar_exit.unwrap_or_default())
        }
        OnSigterm::Drain => killed_in_the_drain(page),
    }
}

fn killed_in_the_drain(page: &Page<'_>) -> Told {
    let s = page.settings;
    let t = &s.termination;
    let steps = [("preStop", t.pre_stop), ("lameDuck", t.lame_duck), ("drainWindow", t.drain_window)];
    let steps: Vec<String> = steps.iter().filter(|(_, v)| *v > 0.0).map(|(n, v)| format!("{n} {}", secs(*v))).collect();
    let sentence = format!(
        "SIGKILL after terminationGracePeriodSeconds {}, into which {} must fit",
        secs(t.grace_period),
        steps.join(" + ")
    );
    let enough = |needs: f64| format!("terminationGracePeriodSeconds={}", libm::ceil(needs.max(t.grace_period)) + 5.0);
    if let Some(streams) = streams_cut(page) {
        let sentence =
            format!("{sentence}; streams last {} (p99 {})", secs(streams.duration.p50), secs(streams.duration.p99));
        let mut remedy = streams.let_end(s, 0.0, 0.0);
        if !remedy.set.iter().any(|set| set.starts_with("terminationGracePeriodSeconds")) {
            remedy.set.push(enough(t.needs()));
        }
        return (sentence, Some(remedy));
    }
    // A window that ends with the grace period would only cut by another name what SIGKILL cuts now.
    let left = (t.grace_period - t.before_drain()).max(0.0);
    let longest = 3.0 * s.service.p99;
    let wanted = libm::ceil(longest.max(2.0 * left)).min(LONGEST_DRAIN);
    let window = if longest > t.drain_window && wanted > t.drain_window { wanted } else { t.drain_window };
    let longer = (window > t.drain_window).then(|| format!("drainWindow={}", whole_seconds(window)));
    let grace = enough(t.needs() + window - t.drain_window);
    let effect = if longer.is_some() {
        "the drain lasts longer, and may end before SIGKILL"
    } else {
        "the drain may end before SIGKILL"
    };
    (sentence, Some(Remedy::new(std::iter::once(grace).chain(longer), effect)))
}

pub(super) fn severed_by_deregistration(page: &Page<'_>) -> Told {
    let s = page.settings;
    let delay = s.deregistration_delay;
    let sentence = format!("cut by the balancer {} after the pod was removed (deregistrationDelay)", secs(delay));
    if let Some(streams) = streams_cut(page) {
        let Streams { duration, .. } = streams;
        let sentence = format!("{sentence}; streams last {} (p99 {})", secs(duration.p50), secs(duration.p99));
        let enough = streams.patience(s, streams.drain(s)) > delay;
        return (sentence, Some(streams.let_end(s, 0.0, if enough { 0.0 } else { 2.0 * delay })));
    }
    let longer = libm::ceil((2.0 * delay).max(3.0 * s.service.p99).max(1.0));
    (
        sentence,
        Some(Remedy::new(
            [format!("{}.deregistrationDelay={}", s.balancer, whole_seconds(longer))],
            "what is in flight may end",
        )),
    )
}

#[cfg(test)]
mod tests {
    use crate::report::settings::{OnSigterm, Settings, Spread, Streams, Termination};
    use crate::report::tests::settings;
    use crate::report::why::tests::of;

    const TRUNCATED: usize = 6;

    fn beside_requests(mean: f64, finish: bool, termination: Termination) -> Settings {
        let duration = Spread { p50: 0.7 * mean, p99: 4.6 * mean };
        let streams = Some(Streams { client: "chat".to_owned(), duration, finish });
        Settings { streams, deregistration_delay: 1.0, termination, ..settings() }
    }

    #[test]
    fn streams_are_told_beside_requests_too() {
        let short = Termination { drain_window: 2.0, close_jitter: 10.0, ..settings().termination };
        let text = of(1, TRUNCATED, &beside_requests(600.0, false, short), |_| ());
        assert!(text.contains("closeJitter spreads the end over 10 s"), "{text}");
        assert!(text.contains("--set loadBalancer.deregistrationDelay=11s --set drainWindow=11s"), "{text}");
        let text = of(1, 5, &beside_requests(600.0, false, short), |_| ());
        assert!(text.contains("service takes 20 ms"), "it is requests that are cut: {text}");
        let text = of(2, TRUNCATED, &beside_requests(60.0, true, settings().termination), |_| ());
        assert!(
            text.contains(
                "--set loadBalancer.deregistrationDelay=277s --set drainWindow=276s --set terminationGracePeriodSeconds=281"
            ),
            "{text}"
        );
        let text = of(3, TRUNCATED, &beside_requests(10.0, true, settings().termination), |_| ());
        assert!(text.contains("removed (deregistrationDelay); streams last 7 s (p99 46 s)"), "{text}");
        assert!(text.contains("--set loadBalancer.deregistrationDelay=47s --set drainWindow=46s"), "{text}");
        let switched = Settings { switched: Some(5.0), ..beside_requests(10.0, false, short) };
        assert!(
            of(3, TRUNCATED, &switched, |_| ())
                .contains("--set loadBalancer.deregistrationDelay=16s --set drainWindow=11s")
        );
    }

    #[test]
    fn who_is_to_drain_listens_as_long_as_before() {
        let ignores = Termination { on_sigterm: OnSigterm::Ignore, ..settings().termination };
        let text = of(2, 5, &Settings { termination: ignores, ..settings() }, |_| ());
        assert!(
            text.contains("--set onSigterm=drain --set preStop=5s --set terminationGracePeriodSeconds=40"),
            "{text}"
        );
        let slow =
            Settings { termination: ignores, removal: Spread { p50: 31.0, p99: 79.0 }, vacant: Some(1), ..settings() };
        assert!(of(2, 5, &slow, |_| ()).contains("--set preStop=158s"), "there are pods enough");
        let few = Settings { vacant: Some(18), ..slow };
        assert!(!of(2, 5, &few, |_| ()).contains("onSigterm=drain"), "there are not");
    }

    #[test]
    fn a_kill_in_the_hook_is_no_exit_at_sigterm() {
        let hook =
            Termination { pre_stop: 30.0, on_sigterm: OnSigterm::Exit, dies_in_hook: true, ..settings().termination };
        let text = of(2, 5, &Settings { termination: hook, ..settings() }, |_| ());
        assert!(
            text.contains("SIGKILL after terminationGracePeriodSeconds 30 s, while preStop 30 s still runs"),
            "{text}"
        );
        assert!(text.contains("--set onSigterm=drain --set terminationGracePeriodSeconds=65"), "{text}");
    }
}
