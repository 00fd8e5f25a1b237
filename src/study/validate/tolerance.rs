//! How far a measured mean may lie from the forecast: the rules of the lab's description, §7.

use super::lab_case::{Balancer, Parameters, Time};

/// How a quantity is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Count,
    Peak,
    Latency,
    /// No tolerance is stated for it, so that nothing hangs on it.
    Information,
}

/// Mean repeats of a case.
const REPEATS: f64 = 3.0;

/// The tolerance around `forecast`, and whether the verdict hangs on it.
pub(super) fn tolerance(quantity: &str, forecast: f64, p: &Parameters) -> (f64, bool) {
    match kind(quantity, p) {
        Kind::Count => (count(quantity, forecast, p), true),
        // Bins of 100 ms are sums of a few processes' bursts: 15 %, or three standard deviations of a Poisson count.
        Kind::Peak => ((0.15 * forecast).max(3.0 * forecast.sqrt()).max(2.0), true),
        Kind::Latency if overloads(p) && !quantity.contains(".before.") => (0.2 * forecast, true),
        Kind::Latency => (0.05 * forecast + 4.0, true),
        Kind::Information => (0.2 * forecast + 4.0, false),
    }
}

fn kind(quantity: &str, p: &Parameters) -> Kind {
    // Answers cut by the end of a run are no answers, so the latencies of streams are censored.
    let censored = p.chunk_s > 0.0;
    match quantity {
        "pods_severed_inflight" | "connect_failures_seen_by_balancer_or_client" => Kind::Count,
        "peak_opened_100ms" | "peak_opened_1s" => Kind::Peak,
        _ if quantity.starts_with("totals.") => Kind::Count,
        _ if quantity.starts_with("latency_ms.from_send.")
            && quantity.rsplit('.').next() == Some("mean")
            && !censored =>
        {
            Kind::Latency
        }
        _ => Kind::Information,
    }
}

/// `max(3 √(m / 3), 0.1 m, 2)` for a mean m over three repeats, wider by the root of variance over mean where failures come
/// in bunches.
fn count(quantity: &str, m: f64, p: &Parameters) -> f64 {
    let spread = 3.0 * (dispersion(p) * m / REPEATS).sqrt();
    let usual = spread.max(0.1 * m).max(2.0);
    let races = p.lb == Balancer::Nginx && matches!(quantity, "totals.reset" | "totals.eof");
    // Races of less than a millisecond at a reload, by the noise of the machine.
    if races { usual.max(5.0) } else { usual }
}

/// Variance over mean of a count.
fn dispersion(p: &Parameters) -> f64 {
    let cold = p.strategy == "none" && p.rate / f64::from(p.n) < 2.0;
    if matches!(p.remove_delay, Time::Exp { .. }) && p.strategy == "rolling" {
        10.0
    } else if cold {
        2.0
    } else {
        1.0
    }
}

/// Whether pods queue: a limit of concurrency that the load comes near to.
fn overloads(p: &Parameters) -> bool {
    p.conc > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_rules() {
        let p = Parameters::default();
        assert_eq!(tolerance("totals.503", 0.0, &p), (2.0, true));
        assert_eq!(tolerance("totals.503", 27.0, &p), (9.0, true));
        assert_eq!(tolerance("totals.200", 2500.0, &p), (250.0, true));
        assert_eq!(tolerance("peak_opened_100ms", 600.0, &p), (90.0, true));
        assert_eq!(tolerance("latency_ms.from_send.before.mean", 100.0, &p), (9.0, true));
        assert!(!tolerance("latency_ms.from_send.before.p99", 100.0, &p).1);
        let nginx = Parameters { lb: Balancer::Nginx, ..Parameters::default() };
        assert_eq!(tolerance("totals.reset", 0.0, &nginx), (5.0, true));
    }
}
