//! The yardstick W1, written twice by hand: what a simulator of nothing else costs.
//!
//! W1: 100 pods of 8 workers with FIFO queues; Poisson arrivals at 70 % utilisation; log-normal service (mean 20 ms,
//! σ 0.8); each request goes to the one of two distinct random pods that has fewer requests in flight; the latency of
//! every request goes into a histogram.

pub(crate) mod heap;
pub(crate) mod wheel;

/// Pods of W1.
pub(crate) const PODS: usize = 100;
/// Workers of each pod.
pub(crate) const WORKERS: u32 = 8;
/// Mean of the service time [s].
pub(crate) const MEAN_SERVICE: f64 = 0.020;
/// Standard deviation of the service time's logarithm.
pub(crate) const SIGMA: f64 = 0.8;
/// Share of all workers that is busy in the long run.
pub(crate) const UTILISATION: f64 = 0.70;
/// Arrivals a second: 28,000.
pub(crate) const RATE: f64 = UTILISATION * PODS as f64 * WORKERS as f64 / MEAN_SERVICE;
/// Nanoseconds in a second.
pub(crate) const SECOND: f64 = 1e9;

/// Mean of the service time's logarithm: a log-normal's mean is exp(μ + σ²/2).
pub(crate) fn mu() -> f64 {
    libm::log(MEAN_SERVICE) - SIGMA * SIGMA / 2.0
}

/// What a side did, so that a fast program that simulates something else does not pass for a fast one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    /// Requests that ended.
    pub(crate) requests: u64,
    /// Mean time from arrival to the start of service [s], where the side knows it.
    pub(crate) mean_wait: Option<f64>,
    /// Mean time from arrival to completion [s].
    pub(crate) mean_latency: f64,
    /// The 99th percentile of it [s].
    pub(crate) p99_latency: f64,
    /// Share of the workers that was busy, where the side knows it.
    pub(crate) utilisation: Option<f64>,
}
