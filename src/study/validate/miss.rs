//! What can be said of a case that does not come out and that nobody has looked into: which mechanisms err that way. They
//! are those of the model card's "not modelled"; which of them it was, only a look can tell.

use std::collections::BTreeMap;

use super::kubernetes;
use super::lab_case::{Balancer, Parameters};
use crate::fleet::fact::Cause;
use crate::metrics::validation::Row;

/// Requests that the forecast drops, by what the lab calls their end and by cause, over all replications.
pub(super) type Causes = BTreeMap<(&'static str, Cause), f64>;

/// What is measured, as far as mechanisms tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A connection that ended before or inside the answer.
    Cut,
    /// An error that a balancer or a closed port gives.
    Refusal,
    /// Requests that were in hand at a pod's end.
    Severed,
    /// How many connections were opened at once.
    Peak,
    /// Mean latencies.
    Latency,
    /// How many requests there were, or ended well.
    Volume,
}

fn kind(quantity: &str) -> Kind {
    match quantity {
        "totals.eof" | "totals.reset" | "totals.trunc" => Kind::Cut,
        "totals.200" | "totals.requests" | "totals.open" => Kind::Volume,
        "pods_severed_inflight" => Kind::Severed,
        _ if quantity.starts_with("peak_opened") => Kind::Peak,
        _ if quantity.starts_with("latency_ms") => Kind::Latency,
        _ => Kind::Refusal,
    }
}

/// What makes reality higher (`true`) or lower than the forecast.
fn mechanism(kind: Kind, higher: bool, p: &Parameters) -> &'static str {
    match (kind, higher) {
        (Kind::Cut, true) => {
            "races of less than a millisecond where connections or processes end, by the scheduling of the machine"
        }
        (Kind::Cut, false) if p.lb == Balancer::Haproxy => {
            "idle connections that HAProxy gives up by itself (pool-purge-delay) before they can be raced for"
        }
        (Kind::Cut, false) => "connections that ended before a request could meet their end",
        (Kind::Refusal, true) => {
            "a table that changed later than was configured, or retries that reached dead pods again: in further tiers, in \
             names that are cached, in tracked connections"
        }
        (Kind::Refusal, false) => {
            "something that hides failures and of which the case's format says nothing: fail-open, retries by status, a pod that \
             answered for longer than it was told to"
        }
        (Kind::Severed, true) => "pods that were given less time than was configured, or requests that took longer",
        (Kind::Severed, false) => "pods that were given more time than was configured, or requests that took less",
        (Kind::Peak, true) => "clients whose reconnects were held up and came together",
        (Kind::Peak, false) => "clients that need a few milliseconds for each of many connections",
        (Kind::Latency, true) if p.lb == Balancer::Direct => "the network and the scheduling of the machine",
        (Kind::Latency, true) => "time in the proxy: 0.2 to 1 ms a request, up to 4 ms in nginx at low rates",
        (Kind::Latency, false) => "queues shorter than the configured limits and warm-up make them",
        (Kind::Volume, _) => "arrivals: the lab's own draws, or a load generator that could not keep up",
    }
}

/// One line for each kind of quantity and side on which a balancer's case missed.
pub(super) fn balancer(rows: &[Row], p: &Parameters, causes: &Causes) -> Vec<String> {
    let mut found: Vec<(Kind, bool, Vec<&str>)> = Vec::new();
    for row in rows.iter().filter(|r| r.decides && !r.inside) {
        let key = (kind(&row.quantity), row.forecast.is_none_or(|f| row.measured > f));
        match found.iter_mut().find(|(kind, higher, _)| (*kind, *higher) == key) {
            Some((.., names)) => names.push(&row.quantity),
            None => found.push((key.0, key.1, vec![&row.quantity])),
        }
    }
    let line = |(kind, higher, names): &(Kind, bool, Vec<&str>)| {
        let side = if *higher { "above" } else { "below" };
        let of = names.iter().filter_map(|name| composition(name.strip_prefix("totals.")?, causes)).collect::<Vec<_>>();
        let of = if of.is_empty() { String::new() } else { format!(" ({} in the forecast)", of.join("; ")) };
        format!(
            "not looked into: {} {side} the forecast{of}; what errs that way: {}",
            names.join(", "),
            mechanism(*kind, *higher, p)
        )
    };
    found.iter().map(line).collect()
}

/// `503 by staleRoute 97 %, severedByKill 3 %`.
fn composition(outcome: &str, causes: &Causes) -> Option<String> {
    let mut of: Vec<(Cause, f64)> =
        causes.iter().filter(|((o, _), _)| *o == outcome).map(|((_, cause), count)| (*cause, *count)).collect();
    let all: f64 = of.iter().map(|(_, count)| count).sum();
    of.sort_by(|a, b| b.1.total_cmp(&a.1));
    let parts: Vec<String> =
        of.iter().map(|(cause, count)| format!("{} {:.0} %", cause.name(), 100.0 * count / all)).collect();
    (!parts.is_empty()).then(|| format!("{outcome} by {}", parts.join(", ")))
}

/// What errs where a recorded rollout does not come out.
pub(super) fn kubernetes(case: &kubernetes::case::Case) -> String {
    let why = if case.is_throttled() {
        "the order in which throttled requests get their tokens"
    } else {
        "what the kubelet and the informers took, of which a case holds what was configured alone"
    };
    format!("not looked into; what errs that way: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_of_each_kind_that_missed_has_a_line() {
        let row = |quantity: &str, measured: f64, inside: bool| Row {
            quantity: quantity.to_owned(),
            measured,
            forecast: Some(10.0),
            interval: None,
            inside,
            decides: true,
            said: None,
        };
        let rows = [row("totals.503", 90.0, false), row("totals.502", 0.0, false), row("totals.eof", 10.0, true)];
        let causes = Causes::from([(("503", Cause::StaleRoute), 9.0), (("503", Cause::Overflow), 1.0)]);
        let lines = balancer(&rows, &Parameters::default(), &causes);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("totals.503 above the forecast (503 by staleRoute 90 %, overflow 10 %"), "{lines:?}");
        assert!(lines[1].contains("totals.502 below the forecast; what errs"), "{lines:?}");
    }
}
