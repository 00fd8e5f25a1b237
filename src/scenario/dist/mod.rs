//! Distributions of times: what a scenario may write wherever a time is random.
//!
//! Every draw is an inverse transform of one random number, rising with it, so that two scenarios that differ in a
//! distribution still draw alike (common random numbers); [`Gamma`] alone takes several. All mathematics is libm's:
//! the same bits on every platform.

mod empirical;
mod gamma;
pub(crate) mod normal;
mod read;
mod sampler;
mod scale;

use std::sync::Arc;

use crate::engine::{Dur, Stream};
pub use empirical::Empirical;
pub use gamma::Gamma;
pub(super) use read::explored;
pub use sampler::Sampler;

/// A distribution of spans of time, ready to sample; parameters in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always this.
    Constant(Dur),
    /// F(t) = 1 − exp(−t / mean).
    Exponential {
        /// The mean.
        mean: f64,
    },
    /// The logarithm is normal.
    Lognormal {
        /// The mean of the logarithm.
        mu: f64,
        /// Its standard deviation.
        sigma: f64,
    },
    /// A sum of `shape` exponentials, where `shape` is whole.
    Gamma(Gamma),
    /// F(t) = 1 − exp(−(t / scale)^shape).
    Weibull {
        /// The time by which 63 % have ended.
        scale: f64,
        /// Below 1 the tail is heavy, above 1 light.
        shape: f64,
    },
    /// F(t) = 1 − (min / t)^shape.
    Pareto {
        /// The least value.
        min: f64,
        /// Above 1, or there would be no mean.
        shape: f64,
    },
    /// Equally likely between two bounds.
    Uniform {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// As recorded.
    Empirical(Arc<Empirical>),
    /// One of several, by weight.
    Mixture(Mixture),
    /// These in order, the last one repeated.
    Sequence(Arc<[Dur]>),
}

/// Several distributions, each with the share of draws that it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    parts: Arc<[(f64, Dist)]>,
}

impl Mixture {
    /// A mixture by weight; weights are relative.
    ///
    /// Returns `None` unless every weight is above 0 and there is one.
    pub fn new(parts: Vec<(f64, Dist)>) -> Option<Self> {
        let total: f64 = parts.iter().map(|(w, _)| w).sum();
        let sound = !parts.is_empty() && parts.iter().all(|(w, _)| *w > 0.0) && total.is_finite();
        sound.then(|| Self { parts: parts.into_iter().map(|(w, d)| (w / total, d)).collect() })
    }

    /// The part that `u` falls into, and where in it, uniform again.
    fn pick(&self, weight: impl Fn(&(f64, Dist)) -> f64, u: f64) -> (f64, &Dist) {
        let mut rest = u;
        for part in self.parts.iter() {
            let share = weight(part);
            if rest < share {
                return (inside(rest / share), &part.1);
            }
            rest -= share;
        }
        // Rounding may leave u just beyond the sum of the shares.
        (inside(1.0), &self.parts[self.parts.len() - 1].1)
    }
}

/// `u` kept off the ends of (0, 1), where a quantile may be infinite.
const fn inside(u: f64) -> f64 {
    u.clamp(1e-16, 1.0 - 1e-16)
}

impl Dist {
    /// A lognormal by its median and its 99 % quantile (s).
    pub fn lognormal_quantiles(p50: f64, p99: f64) -> Self {
        let mu = libm::log(p50);
        Self::Lognormal { mu, sigma: (libm::log(p99) - mu) / normal::quantile(0.99) }
    }

    /// A lognormal by its mean (s) and the standard deviation of its logarithm.
    pub fn lognormal_mean(mean: f64, sigma: f64) -> Self {
        Self::Lognormal { mu: libm::log(mean) - sigma * sigma / 2.0, sigma }
    }

    /// An exponential by its mean (s).
    pub const fn exponential(mean: f64) -> Self {
        Self::Exponential { mean }
    }

    /// One draw. `ordinal` is used by `sequence` alone: the number of the pod within its revision, of the draw
    /// otherwise.
    #[inline]
    pub fn sample(&self, stream: &mut Stream, ordinal: u64) -> Dur {
        match self {
            Self::Constant(d) => *d,
            Self::Sequence(values) => nth(values, ordinal),
            Self::Lognormal { mu, sigma } => {
                Dur::from_secs_f64(libm::exp(mu + sigma * normal::quantile(stream.open01())))
            }
            _ => {
                let u = stream.open01();
                Dur::from_secs_f64(self.draw(u, stream, ordinal))
            }
        }
    }

    /// The value at `u` (s); what needs more randomness takes it from the stream.
    fn draw(&self, u: f64, stream: &mut Stream, ordinal: u64) -> f64 {
        match self {
            Self::Gamma(gamma) => gamma.draw(u, stream),
            Self::Mixture(mixture) => {
                let (u, part) = mixture.pick(|(w, _)| *w, u);
                part.draw(u, stream, ordinal)
            }
            Self::Sequence(values) => nth(values, ordinal).secs(),
            _ => self.quantile(u),
        }
    }

    /// The mean (s); of a sequence, of the values listed.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(d) => d.secs(),
            Self::Exponential { mean } => *mean,
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Self::Gamma(gamma) => gamma.mean(),
            Self::Weibull { scale, shape } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::Pareto { min, shape } => min * shape / (shape - 1.0),
            Self::Uniform { min, max } => f64::midpoint(*min, *max),
            Self::Empirical(data) => data.mean(),
            Self::Mixture(mixture) => mixture.parts.iter().map(|(w, d)| w * d.mean()).sum(),
            Self::Sequence(values) => values.iter().map(|d| d.secs()).sum::<f64>() / values.len() as f64,
        }
    }

    /// The `p`-quantile (s), 0 < p < 1; of a sequence, of the values listed.
    pub fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Constant(d) => d.secs(),
            Self::Exponential { mean } => -mean * libm::log1p(-p),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal::quantile(p)),
            Self::Gamma(gamma) => gamma.quantile(p),
            Self::Weibull { scale, shape } => scale * libm::pow(-libm::log1p(-p), 1.0 / shape),
            Self::Pareto { min, shape } => min * libm::exp(-libm::log1p(-p) / shape),
            Self::Uniform { min, max } => min + p * (max - min),
            Self::Empirical(data) => data.quantile(p),
            Self::Mixture(mixture) => mixture.quantile(p),
            Self::Sequence(values) => {
                let mut sorted = values.to_vec();
                sorted.sort_unstable();
                sorted[((p * sorted.len() as f64) as usize).min(sorted.len() - 1)].secs()
            }
        }
    }

    /// The share of draws that are at most `t` (s): F(t).
    pub fn cdf(&self, t: f64) -> f64 {
        if t < 0.0 {
            return 0.0;
        }
        match self {
            Self::Constant(d) => f64::from(d.secs() <= t),
            Self::Exponential { mean } => {
                if *mean > 0.0 {
                    -libm::expm1(-t / mean)
                } else {
                    1.0
                }
            }
            Self::Lognormal { mu, sigma } if *sigma > 0.0 => normal::cdf((libm::log(t) - mu) / sigma),
            Self::Lognormal { mu, .. } => f64::from(libm::exp(*mu) <= t),
            Self::Gamma(gamma) => gamma.cdf(t),
            Self::Weibull { scale, shape } => -libm::expm1(-libm::pow(t / scale, *shape)),
            Self::Pareto { min, shape } => {
                if t < *min {
                    0.0
                } else {
                    1.0 - libm::pow(min / t, *shape)
                }
            }
            Self::Uniform { min, max } if min < max => ((t - min) / (max - min)).clamp(0.0, 1.0),
            Self::Uniform { min, .. } => f64::from(*min <= t),
            Self::Empirical(data) => data.cdf(t),
            Self::Mixture(mixture) => mixture.parts.iter().map(|(w, d)| w * d.cdf(t)).sum(),
            Self::Sequence(values) => values.iter().filter(|d| d.secs() <= t).count() as f64 / values.len() as f64,
        }
    }

    /// A draw from the stationary residual life of a renewal process with this gap: what is left of a stream that is
    /// met at a random moment. That is U × a draw from the length-biased distribution `t f(t) / E[X]` (Cox, Renewal
    /// Theory, 1962), so its mean is `E[X²] / 2 E[X]`.
    pub fn residual(&self, stream: &mut Stream) -> Dur {
        let u = stream.open01();
        let whole = self.length_biased(u, stream);
        Dur::from_secs_f64(stream.open01() * whole)
    }

    /// A draw (s) with density t f(t) / E[X].
    fn length_biased(&self, u: f64, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(d) => d.secs(),
            Self::Exponential { mean } => Gamma::new(2.0 * mean, 2.0).draw(u, stream),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma + sigma * normal::quantile(u)),
            Self::Gamma(gamma) => gamma.length_biased().draw(u, stream),
            // (X / scale)^shape is exponential; weighted by X it is gamma with shape 1 + 1/shape.
            Self::Weibull { scale, shape } => {
                let k = 1.0 + 1.0 / shape;
                scale * libm::pow(Gamma::new(k, k).draw(u, stream), 1.0 / shape)
            }
            Self::Pareto { min, shape } => min * libm::exp(-libm::log1p(-u) / (shape - 1.0)),
            Self::Uniform { min, max } => libm::sqrt(min * min + u * (max * max - min * min)),
            Self::Empirical(data) => data.length_biased(u),
            Self::Mixture(mixture) => {
                let mean = self.mean();
                if mean <= 0.0 {
                    return 0.0;
                }
                let (u, part) = mixture.pick(|(w, d)| w * d.mean() / mean, u);
                part.length_biased(u, stream)
            }
            Self::Sequence(values) => {
                let pieces = values.iter().map(|d| (1.0, d.secs(), d.secs())).collect();
                Empirical::new(pieces).map_or(0.0, |data| data.length_biased(u))
            }
        }
    }
}

impl Mixture {
    /// Between the least and the greatest of the parts' quantiles, by halving.
    fn quantile(&self, p: f64) -> f64 {
        let of_parts = || self.parts.iter().map(|(_, d)| d.quantile(p));
        let mut low = of_parts().fold(f64::INFINITY, f64::min);
        let mut high = of_parts().fold(0.0, f64::max);
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            let below: f64 = self.parts.iter().map(|(w, d)| w * d.cdf(middle)).sum();
            if below < p { low = middle } else { high = middle }
        }
        high
    }
}

/// Member `n` of a sequence, the last one repeated.
fn nth(values: &[Dur], n: u64) -> Dur {
    let last = values.len().saturating_sub(1);
    values.get(usize::try_from(n).unwrap_or(last).min(last)).copied().unwrap_or(Dur::ZERO)
}

#[cfg(test)]
mod tests;
