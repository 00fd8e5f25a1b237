//! What was cut under way: by the end of a drain, by SIGKILL, by the balancer.

use super::routes::sidecar_first;
use super::{Remedy, Told, grace_for, secs, whole_seconds};
use crate::report::settings::{OnSigterm, Settings, Streams};

/// The longest drain that is proposed (s); beyond it streams are better ended by the pod than waited for.
const LONGEST_DRAIN: f64 = 600.0;

fn streams_severed_by_drain(s: &Settings, streams: &Streams) -> Told {
    let t = &s.termination;
    let (Streams { client, duration, .. }, window) = (streams, t.drain_window);
    if !streams.finish {
        let jitter = secs(t.close_jitter);
        let sentence = format!(
            "still open when the drainWindow of {} ended; closeJitter spreads the end over {jitter}",
            secs(window)
        );
        let longer = libm::ceil(t.close_jitter.max(window)) + 1.0;
        let set =
            std::iter::once(format!("drainWindow={}", whole_seconds(longer))).chain(grace_for(s, longer - window));
        return (sentence, Some(Remedy::new(set, "the pod may end every stream in its turn")));
    }
    let sentence = format!(
        "still open when the drainWindow of {} ended; streams last {} (p99 {})",
        secs(window),
        secs(duration.p50),
        secs(duration.p99)
    );
    if duration.p99 > LONGEST_DRAIN {
        let set = [format!("clients.{client}.streams.onDrain=close")];
        return (sentence, Some(Remedy::new(set, "the pod ends its streams in order, and clients open new ones")));
    }
    let longer = libm::ceil(duration.p99.max(2.0 * window).max(1.0));
    let set = std::iter::once(format!("drainWindow={}", whole_seconds(longer))).chain(grace_for(s, longer - window));
    (sentence, Some(Remedy::new(set, "streams may come to their end")))
}

pub(super) fn severed_by_drain(s: &Settings) -> Told {
    if let Some(streams) = &s.streams {
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

pub(super) fn severed_by_kill(s: &Settings) -> Told {
    let t = &s.termination;
    match t.on_sigterm {
        OnSigterm::Exit => (
            "the process exits at SIGTERM with requests in flight (onSigterm: exit)".to_owned(),
            Some(Remedy::new(["onSigterm=drain".to_owned()], "what is in flight may end")),
        ),
        OnSigterm::Ignore => (
            format!("the process ignores SIGTERM and is killed after {}", secs(t.grace_period)),
            Some(Remedy::new(["onSigterm=drain".to_owned()], "what is in flight may end")),
        ),
        OnSigterm::Drain if t.sidecar_exit.is_some_and(|exit| exit < t.grace_period) => {
            sidecar_first(s, t.sidecar_exit.unwrap_or_default())
        }
        OnSigterm::Drain => {
            let steps = [("preStop", t.pre_stop), ("lameDuck", t.lame_duck), ("drainWindow", t.drain_window)];
            let steps: Vec<String> =
                steps.iter().filter(|(_, v)| *v > 0.0).map(|(n, v)| format!("{n} {}", secs(*v))).collect();
            let sentence = format!(
                "SIGKILL after terminationGracePeriodSeconds {}, into which {} must fit",
                secs(t.grace_period),
                steps.join(" + ")
            );
            // A window that ends with the grace period would only cut by another name what SIGKILL cuts now.
            let left = (t.grace_period - t.before_drain()).max(0.0);
            let longest = match &s.streams {
                Some(streams) if !streams.finish => 0.0,
                Some(streams) => streams.duration.p99,
                None => 3.0 * s.service.p99,
            };
            let wanted = libm::ceil(longest.max(2.0 * left)).min(LONGEST_DRAIN);
            let window = if longest > t.drain_window && wanted > t.drain_window { wanted } else { t.drain_window };
            let longer = (window > t.drain_window).then(|| format!("drainWindow={}", whole_seconds(window)));
            let needs = t.needs() + window - t.drain_window;
            let grace = format!("terminationGracePeriodSeconds={}", libm::ceil(needs.max(t.grace_period)) + 5.0);
            let effect = if longer.is_some() {
                "the drain lasts longer, and may end before SIGKILL"
            } else {
                "the drain may end before SIGKILL"
            };
            (sentence, Some(Remedy::new(std::iter::once(grace).chain(longer), effect)))
        }
    }
}

pub(super) fn severed_by_deregistration(s: &Settings) -> Told {
    let delay = s.deregistration_delay;
    let longer = libm::ceil((2.0 * delay).max(3.0 * s.service.p99).max(1.0));
    (
        format!("cut by the balancer {} after the pod was removed (deregistrationDelay)", secs(delay)),
        Some(Remedy::new(
            [format!("{}.deregistrationDelay={}", s.balancer, whole_seconds(longer))],
            "what is in flight may end",
        )),
    )
}
