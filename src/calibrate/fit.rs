//! A distribution that samples may be of, by maximum likelihood, and how far it is off them.

use super::certainty::{Figure, figures};
use super::minimum::minimum;
use super::sample::{Piece, Sample};
use crate::scenario::dist::{Dist, Gamma};

/// A distribution that is off by no more than this is good enough, however many samples tell it from theirs.
const NEAR: f64 = 0.02;
/// So far (relative) may its 99 % quantile be off the sample's interval.
const TAIL: f64 = 0.1;
/// The least probability that counts, so that no sample is impossible.
const TINY: f64 = 1e-300;

/// What may be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The logarithm is normal.
    Lognormal,
    /// A sum of exponentials.
    Gamma,
    /// A power of an exponential.
    Weibull,
    /// One parameter alone.
    Exponential,
}

/// All of them, in order.
pub const FAMILIES: [Family; 4] = [Family::Lognormal, Family::Gamma, Family::Weibull, Family::Exponential];

/// A family with its most likely parameters.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Which.
    pub family: Family,
    /// The distribution itself.
    pub dist: Dist,
    /// Schwarz' criterion, k ln n − 2 ln L: of two families the smaller one explains the sample better, parameters counted.
    pub bic: f64,
    /// The largest difference of the distribution functions (Kolmogorov and Smirnov), at the bounds of pieces.
    pub distance: f64,
    /// Whether the distance and the 99 % quantile are near enough.
    pub near: bool,
    /// What a scenario writes of it, each number with its interval.
    pub figures: Vec<Figure>,
}

impl Family {
    /// Its name in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lognormal => "lognormal",
            Self::Gamma => "gamma",
            Self::Weibull => "weibull",
            Self::Exponential => "exponential",
        }
    }

    const fn parameters(self) -> f64 {
        match self {
            Self::Exponential => 1.0,
            _ => 2.0,
        }
    }

    /// The distribution of two numbers that may be any: logarithms of a scale (s) and of a shape.
    pub(super) fn of(self, [scale, shape]: [f64; 2]) -> Dist {
        let (at, form) = (libm::exp(scale), libm::exp(shape.clamp(-4.0, 9.0)));
        match self {
            Self::Lognormal => Dist::Lognormal { mu: scale, sigma: form },
            Self::Gamma => Dist::Gamma(Gamma::new(at, form)),
            Self::Weibull => Dist::Weibull { scale: at, shape: form },
            Self::Exponential => Dist::exponential(at),
        }
    }

    /// Numbers to begin with, from a mean and the deviation of logarithms.
    fn start(self, mean: f64, spread: f64) -> [f64; 2] {
        let spread = spread.clamp(0.02, 5.0);
        match self {
            Self::Lognormal => [libm::log(mean) - spread * spread / 2.0, libm::log(spread)],
            // The variance of a logarithm is about 1/shape.
            Self::Gamma => [libm::log(mean), -2.0 * libm::log(spread)],
            // Of a Weibull's π / (√6 shape).
            Self::Weibull => [libm::log(mean), libm::log(1.28 / spread)],
            Self::Exponential => [libm::log(mean), 0.0],
        }
    }
}

/// What a distance may be for `n` samples: `NEAR`, or what chance makes of so few in one case of twenty where a family of two
/// parameters is fitted to them (0.89/√n, Lilliefors 1967; it is 1.36/√n only for parameters known before).
pub fn allowed(n: u64) -> f64 {
    NEAR.max(0.89 / libm::sqrt(n as f64))
}

/// Every family's best, the most likely first; none where there are no samples, or they are all the same.
pub fn fit(sample: &Sample) -> Vec<Fit> {
    let pieces = sample.coarse();
    let mut fits: Vec<Fit> = FAMILIES.into_iter().filter_map(|family| of_family(family, sample, &pieces)).collect();
    fits.sort_by(|a, b| a.bic.total_cmp(&b.bic));
    fits
}

/// The best of one family.
pub(super) fn of_family(family: Family, sample: &Sample, pieces: &[Piece]) -> Option<Fit> {
    let mean = sample.mean();
    if pieces.len() < 2 || mean <= 0.0 {
        return None;
    }
    let start = family.start(mean, spread(pieces, mean));
    let loss = |p: [f64; 2]| -likelihood(&family.of(p), pieces);
    let best = if family == Family::Exponential {
        let [scale] = minimum([start[0]], 0.2, |p| loss([p[0], 0.0]));
        [scale, 0.0]
    } else {
        minimum(start, 0.2, |p| loss(*p))
    };
    let dist = family.of(best);
    let distance = distance(&dist, pieces);
    let tail = sample.quantile(0.99).is_some_and(|q| {
        let p99 = dist.quantile(0.99);
        p99 >= q.low.unwrap_or(0.0) * (1.0 - TAIL) && p99 <= q.high.unwrap_or(f64::INFINITY) * (1.0 + TAIL)
    });
    let near = distance <= allowed(sample.len()) && tail;
    let bic = family.parameters() * libm::log(sample.len() as f64) + 2.0 * loss(best);
    Some(Fit { family, dist, bic, distance, near, figures: figures(family, best, pieces) })
}

/// The logarithm of how likely the pieces are.
pub(super) fn likelihood(dist: &Dist, pieces: &[Piece]) -> f64 {
    let of = |piece: &Piece| {
        // A time without width is known to a ten-thousandth.
        let (low, high) = if piece.high > piece.low {
            (piece.low, piece.high)
        } else {
            (piece.low * (1.0 - 5e-5), piece.high * (1.0 + 5e-5) + 1e-9)
        };
        piece.count as f64 * libm::log((dist.cdf(high) - dist.cdf(low)).max(TINY))
    };
    pieces.iter().map(of).sum()
}

/// The standard deviation of logarithms.
fn spread(pieces: &[Piece], mean: f64) -> f64 {
    let n: f64 = pieces.iter().map(|p| p.count as f64).sum();
    let log = |p: &Piece| libm::log(f64::midpoint(p.low, p.high).max(mean * 1e-4));
    let middle = pieces.iter().map(|p| p.count as f64 * log(p)).sum::<f64>() / n;
    let square = |p: &Piece| (log(p) - middle) * (log(p) - middle);
    libm::sqrt(pieces.iter().map(|p| p.count as f64 * square(p)).sum::<f64>() / n)
}

/// The largest difference between the share of samples and that of the distribution, where a piece ends and, for those without width,
/// begins.
fn distance(dist: &Dist, pieces: &[Piece]) -> f64 {
    let total: f64 = pieces.iter().map(|p| p.count as f64).sum();
    let mut below = 0.0;
    let mut most: f64 = 0.0;
    for piece in pieces {
        most = most.max((below / total - dist.cdf(piece.low)).abs());
        below += piece.count as f64;
        most = most.max((below / total - dist.cdf(piece.high)).abs());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    /// Ten thousand draws.
    fn sample(dist: &Dist) -> Sample {
        let mut stream = Streams::new(1, 0).stream(Purpose::Service, 1);
        let mut sample = Sample::default();
        for n in 0..10_000 {
            let secs = dist.sample(&mut stream, n).secs();
            sample.add(secs, secs, 1);
        }
        sample
    }

    #[test]
    fn each_family_is_told_from_the_others_with_its_parameters() {
        for (dist, family) in [
            (Dist::lognormal_quantiles(0.02, 0.12), Family::Lognormal),
            (Dist::Gamma(Gamma::new(0.05, 3.0)), Family::Gamma),
            (Dist::Weibull { scale: 0.04, shape: 2.5 }, Family::Weibull),
            (Dist::exponential(0.03), Family::Exponential),
        ] {
            let fits = fit(&sample(&dist));
            let best = &fits[0];
            // An exponential is a Weibull and a gamma of shape 1, too, by one parameter more.
            assert_eq!(best.family, family, "{fits:?}");
            assert!(best.near && best.distance < 0.02, "{best:?}");
            for p in [0.1, 0.5, 0.9, 0.99] {
                let off = best.dist.quantile(p) / dist.quantile(p) - 1.0;
                assert!(off.abs() < 0.06, "{family:?} {p}: {off}");
            }
        }
    }

    #[test]
    fn what_is_of_no_family_is_said_to_be_far() {
        let parts = vec![(0.5, Dist::lognormal_quantiles(0.002, 0.004)), (0.5, Dist::lognormal_quantiles(0.2, 0.4))];
        let mixture = crate::scenario::dist::Mixture::new(parts).expect("weights");
        let fits = fit(&sample(&Dist::Mixture(mixture)));
        assert!(fits.iter().all(|f| !f.near && f.distance > 0.1), "{fits:?}");
        assert!(fit(&Sample::default()).is_empty());
    }
}
