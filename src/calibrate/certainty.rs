//! How sure the parameters of a fitted family are.
//!
//! What is fitted is the most likely, and for many samples its parameters scatter around those of the nearest distribution of the
//! family as a normal, with the covariance A⁻¹ B A⁻¹: A the curvature of the log-likelihood, B the sum of the squared slopes of
//! what each sample adds to it (Huber, Proc. 5th Berkeley Symp. 1967; White, Econometrica 50, 1982). Where the samples are of the
//! family the two are the same, and this is Fisher's information; where they are only near it – as any recorded times are – the
//! usual interval is wrong, and this one is not. It supposes that the samples do not depend on each other.
//!
//! A figure is a function of the parameters; the logarithm of each is taken for normal (the delta method), so that no bound is below 0.

use super::fit::{Family, likelihood};
use super::sample::Piece;
use crate::scenario::dist::Dist;
use crate::scenario::dist::normal;

/// How far (in the logarithms of scale and shape) slopes are taken.
const STEP: f64 = 1e-3;
/// 95 % of a normal lie within so many standard deviations.
const Z95: f64 = 1.959_964;

/// One number of a fitted family as a scenario writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Its name in a scenario: `p99`, `shape`.
    pub name: &'static str,
    /// Whether it is a time (s).
    pub is_time: bool,
    /// Its most likely value.
    pub value: f64,
    /// Between which two it lies with 95 % confidence; `None` where the samples do not tell.
    pub ci95: Option<[f64; 2]>,
}

/// A number of a family before anything is known of how sure it is: name, whether it is a time, value, and the slopes of its
/// logarithm over the two numbers that [`Family::of`] takes.
type Slopes = (&'static str, bool, f64, [f64; 2]);

/// The figures of `family` at its most likely numbers `at`, as [`Family::of`] takes them.
pub(super) fn figures(family: Family, at: [f64; 2], pieces: &[Piece]) -> Vec<Figure> {
    let covariance = covariance(family, at, pieces);
    let of = |(name, is_time, value, slope): Slopes| {
        let variance = covariance.map(|c| {
            slope[0] * slope[0] * c[0][0] + 2.0 * slope[0] * slope[1] * c[0][1] + slope[1] * slope[1] * c[1][1]
        });
        let within = variance.filter(|v| v.is_finite() && *v >= 0.0).map(|v| libm::exp(Z95 * libm::sqrt(v)));
        Figure { name, is_time, value, ci95: within.filter(|w| w.is_finite()).map(|w| [value / w, value * w]) }
    };
    slopes(family, at).into_iter().map(of).collect()
}

/// The numbers that a scenario writes of each family.
fn slopes(family: Family, at: [f64; 2]) -> Vec<Slopes> {
    let (scale, shape) = (libm::exp(at[0]), libm::exp(at[1]));
    match family {
        Family::Lognormal => {
            let z = normal::quantile(0.99);
            let p99 = family.of(at).quantile(0.99);
            vec![("p50", true, scale, [1.0, 0.0]), ("p99", true, p99, [1.0, z * shape])]
        }
        Family::Gamma => vec![("mean", true, scale, [1.0, 0.0]), ("shape", false, shape, [0.0, 1.0])],
        Family::Weibull => vec![("scale", true, scale, [1.0, 0.0]), ("shape", false, shape, [0.0, 1.0])],
        Family::Exponential => vec![("mean", true, scale, [1.0, 0.0])],
    }
}

/// The covariance of the two numbers, A⁻¹ B A⁻¹; of a family of one, with nothing in the second row.
fn covariance(family: Family, at: [f64; 2], pieces: &[Piece]) -> Option<[[f64; 2]; 2]> {
    let dist = |d: [f64; 2]| family.of([at[0] + d[0] * STEP, at[1] + d[1] * STEP]);
    let whole = |d: [f64; 2]| likelihood(&dist(d), pieces);
    let here = whole([0.0, 0.0]);
    let curve = |d: [f64; 2]| -(whole(d) - 2.0 * here + whole([-d[0], -d[1]])) / (STEP * STEP);
    if family == Family::Exponential {
        let scatter = squares(&dist([1.0, 0.0]), &dist([-1.0, 0.0]), pieces, None);
        let curvature = curve([1.0, 0.0]);
        return (curvature > 0.0).then(|| [[scatter / (curvature * curvature), 0.0], [0.0, 0.0]]);
    }
    let own = [curve([1.0, 0.0]), curve([0.0, 1.0])];
    let both = (curve([1.0, 1.0]) - own[0] - own[1]) / 2.0;
    let det = own[0] * own[1] - both * both;
    if own[0] <= 0.0 || det.is_nan() || det <= 1e-9 * own[0] * own[1] {
        return None;
    }
    let inverse = [[own[1] / det, -both / det], [-both / det, own[0] / det]];
    let sides = [[dist([1.0, 0.0]), dist([-1.0, 0.0])], [dist([0.0, 1.0]), dist([0.0, -1.0])]];
    let [scale, shape] = &sides;
    let of = |side: &[Dist; 2], other| squares(&side[0], &side[1], pieces, other);
    let mixed = of(scale, Some(shape));
    let scatter = [[of(scale, None), mixed], [mixed, of(shape, None)]];
    Some(times(times(inverse, scatter), inverse))
}

/// The product of two matrices.
fn times(left: [[f64; 2]; 2], right: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    left.map(|row| std::array::from_fn(|column| row[0] * right[0][column] + row[1] * right[1][column]))
}

/// The sum over samples of the product of two slopes of what each adds to the log-likelihood: of the one between `up` and `down`
/// with that between the two of `other`, or with itself.
fn squares(up: &Dist, down: &Dist, pieces: &[Piece], other: Option<&[Dist; 2]>) -> f64 {
    let of = |piece: &Piece| {
        let one = [Piece { count: 1, ..*piece }];
        let slope = |up: &Dist, down: &Dist| (likelihood(up, &one) - likelihood(down, &one)) / (2.0 * STEP);
        let first = slope(up, down);
        piece.count as f64 * first * other.map_or(first, |[up, down]| slope(up, down))
    };
    pieces.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::fit::of_family;
    use super::super::sample::Sample;
    use super::*;
    use crate::engine::{Purpose, Streams};
    use crate::scenario::dist::Gamma;

    /// The figures of `family` fitted to draws of `dist`, rounded as a log of milliseconds has them where that is asked for.
    fn fitted(family: Family, dist: &Dist, n: u64, seed: u64, millis: bool) -> Vec<Figure> {
        let mut stream = Streams::new(seed, 0).stream(Purpose::Service, 1);
        let mut sample = Sample::default();
        for k in 0..n {
            let secs = dist.sample(&mut stream, k).secs();
            if millis {
                let low = libm::floor(secs * 1e3) / 1e3;
                sample.add(low, low + 1e-3, 1);
            } else {
                sample.add(secs, secs, 1);
            }
        }
        of_family(family, &sample, &sample.coarse()).expect("there are samples").figures
    }

    /// How often each figure's interval holds `truth`, of 200 logs.
    fn coverage(family: Family, dist: &Dist, truth: &[f64], millis: bool) -> Vec<f64> {
        let mut held = vec![0_u32; truth.len()];
        for seed in 0..200 {
            for (k, figure) in fitted(family, dist, 500, seed, millis).iter().enumerate() {
                let [low, high] = figure.ci95.expect("there are enough");
                held[k] += u32::from(low <= truth[k] && truth[k] <= high);
            }
        }
        held.into_iter().map(|n| f64::from(n) / 200.0).collect()
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        // 190 of 200 expected, with a standard deviation of 3.1.
        let lognormal = Dist::lognormal_quantiles(0.02, 0.12);
        for (family, dist, truth, millis) in [
            (Family::Lognormal, &lognormal, &[0.02, 0.12][..], false),
            (Family::Lognormal, &lognormal, &[0.02, 0.12], true),
            (Family::Gamma, &Dist::Gamma(Gamma::new(0.05, 3.0)), &[0.05, 3.0], false),
            (Family::Weibull, &Dist::Weibull { scale: 0.04, shape: 2.5 }, &[0.04, 2.5], false),
            (Family::Exponential, &Dist::exponential(0.03), &[0.03], false),
        ] {
            for share in coverage(family, dist, truth, millis) {
                assert!((0.90..0.99).contains(&share), "{family:?} in ms {millis}: {share}");
            }
        }
    }

    #[test]
    fn what_is_not_of_the_family_has_the_interval_of_what_it_is() {
        // An exponential's mean is that of the samples, whose deviation is a quarter of it here, not all of it: the usual
        // interval would be four times as wide.
        let narrow = Dist::Gamma(Gamma::new(0.05, 16.0));
        let [figure] = fitted(Family::Exponential, &narrow, 4000, 3, false)[..] else { panic!("one figure") };
        let [low, high] = figure.ci95.expect("there are enough");
        let expected = 2.0 * 1.96 * 0.05 * 0.25 / libm::sqrt(4000.0);
        assert!(((high - low) / expected - 1.0).abs() < 0.1, "{low} to {high}, expected {expected}");
    }
}
