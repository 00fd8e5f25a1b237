//! The mean under random weights: how far up the truth may lie, given values and one that was not seen.

/// Beyond this depth all weight is on the largest value, to the last digit.
const DEPTH_MAX: f64 = 512.0;

/// More steps than it ever takes.
const STEPS_MAX: u32 = 60;

/// The upper end of a one-sided interval of the mean at the tail of `z` standard deviations.
///
/// Every value gets a random weight, an exponential with mean 1, and the unseen value `atom` one of shape `weight` (1: as
/// if it had been drawn once, 0: not at all); divided by their sum, the weights have a Dirichlet distribution. The result
/// is the point that the weighted mean exceeds with P(Z > z). With weight 0 this is Rubin's (1981) Bayesian bootstrap; with
/// weight 1 and `atom` the largest value possible it is Gaffke's (2005) bound of a mean, which for zeros and ones is
/// Clopper and Pearson's.
///
/// It computes instead of resampling. "The weighted mean exceeds m" is `Σ E_i (x_i − m) > 0`, a sum of exponentials, whose
/// tail the saddlepoint formula r* = w + ln(u / w) / w gives to a few percent at any depth (Lugannani and Rice, 1980;
/// Barndorff-Nielsen, 1986). The saddlepoint weighs x by 1 / (1 − θ x), so that θ gives m in one sum and one unknown is
/// left.
///
/// `values` must not be empty, and finite.
pub(super) fn upper_end(values: &[f64], atom: f64, weight: f64, z: f64) -> f64 {
    let total = values.len() as f64 + weight;
    // One that does not count must not be the largest either.
    let atom = if weight > 0.0 { atom } else { values[0] };
    let centre = (values.iter().sum::<f64>() + weight * atom) / total;
    let tilted = Tilted {
        offsets: values.iter().map(|x| x - centre).collect(),
        atom: atom - centre,
        weight,
        largest: values.iter().fold(atom, |a, &b| a.max(b)) - centre,
    };
    if tilted.largest <= 0.0 {
        return centre;
    }
    centre + tilted.solve(z)
}

/// Values around their centre, ready to be tilted towards the largest.
struct Tilted {
    offsets: Vec<f64>,
    atom: f64,
    weight: f64,
    /// The largest offset, above 0.
    largest: f64,
}

impl Tilted {
    /// The mean whose r* is `z`: a bracket by doubling, then false positions (Illinois), which take about ten steps.
    fn solve(&self, z: f64) -> f64 {
        // The depth: −ln of what is left of the largest value's denominator.
        let (mut low, mut below) = (0.0, -z);
        let mut high = 1.0;
        let (mut mean, mut above) = self.beyond(high, z);
        while above < 0.0 && high < DEPTH_MAX {
            (low, below, high) = (high, above, 2.0 * high);
            (mean, above) = self.beyond(high, z);
        }
        let mut side = 0;
        for _ in 0..STEPS_MAX {
            let depth = high - above * (high - low) / (above - below);
            if !(low < depth && depth < high) {
                break;
            }
            let beyond;
            (mean, beyond) = self.beyond(depth, z);
            if beyond.abs() < 1e-10 {
                break;
            }
            if beyond > 0.0 {
                (high, above) = (depth, beyond);
                // The end that stays twice counts half.
                below *= if side > 0 { 0.5 } else { 1.0 };
                side = 1;
            } else {
                (low, below) = (depth, beyond);
                above *= if side < 0 { 0.5 } else { 1.0 };
                side = -1;
            }
        }
        mean
    }

    /// [`Tilted::at`], from `z` on.
    fn beyond(&self, depth: f64, z: f64) -> (f64, f64) {
        let (mean, r) = self.at(depth);
        (mean, r - z)
    }

    /// The mean m at the tilt θ = (1 − exp(−`depth`)) / largest, and the normal point r* of P(weighted mean > m).
    ///
    /// In the tilted weights ω, scaled to a mean of 1, the saddlepoint's w² is −2 Σ ln ω and its u² is Σ (ω − 1)².
    fn at(&self, depth: f64) -> (f64, f64) {
        let left = libm::exp(-depth);
        // 1 / (1 − θ x), without cancellation at the largest.
        let tilt = |x: f64| self.largest / ((self.largest - x) + left * x);
        let mut weights = self.weight * tilt(self.atom);
        let mut sum = weights * self.atom;
        for &x in &self.offsets {
            weights += tilt(x);
            sum += tilt(x) * x;
        }
        let scale = (self.offsets.len() as f64 + self.weight) / weights;
        // The logarithm of a product is taken whenever that threatens to leave the range.
        let (mut logs, mut product, mut spread) = (0.0, 1.0, 0.0);
        for &x in &self.offsets {
            let omega = tilt(x) * scale;
            product *= omega;
            if !(1e-150..1e150).contains(&product) {
                logs += libm::log(product);
                product = 1.0;
            }
            spread += (omega - 1.0) * (omega - 1.0);
        }
        logs += libm::log(product);
        let omega = tilt(self.atom) * scale;
        logs += self.weight * libm::log(omega);
        spread += self.weight * (omega - 1.0) * (omega - 1.0);
        let w = libm::sqrt((-2.0 * logs).max(0.0));
        // Near the centre both are the same, and their quotient is rounding.
        (sum / weights, if w > 1e-3 { w + libm::log(libm::sqrt(spread) / w) / w } else { w })
    }
}

#[cfg(test)]
mod tests {
    use super::super::beta::ln_incomplete_beta;
    use super::super::normal::upper_point;
    use super::*;

    #[test]
    fn zeros_and_ones_give_clopper_and_pearsons_bound() {
        for (ones, n, tail) in
            [(0, 10, 0.025), (1, 10, 0.025), (2, 60, 0.025), (30, 60, 0.05), (5, 20, 0.000_5), (0, 60, 1e-5)]
        {
            let values: Vec<f64> = (0..n).map(|i| if i < ones { 1.0 } else { 0.0 }).collect();
            let upper = upper_end(&values, 1.0, 1.0, upper_point(tail));
            let at_most = libm::exp(ln_incomplete_beta(f64::from(n - ones), f64::from(ones + 1), 1.0 - upper));
            assert!((at_most / tail - 1.0).abs() < 0.05, "{ones} of {n}: {upper} has {at_most} instead of {tail}");
        }
    }

    #[test]
    fn without_an_unseen_value_it_is_the_bayesian_bootstrap() {
        // Two values a ≤ b: the weight of b is uniform.
        let upper = upper_end(&[0.0, 1.0], 9.0, 0.0, upper_point(0.025));
        assert!((upper - 0.975).abs() < 0.002, "{upper}");
        // 0, 1, 2 with uniform weights on the triangle: P(mean > 2 − e) = e² / 2 · 1 for small e (area e · e/2 of 1/2).
        let upper = upper_end(&[0.0, 1.0, 2.0], 9.0, 0.0, upper_point(0.02));
        assert!((upper - 1.8).abs() < 0.01, "{upper}");
    }

    #[test]
    fn units_and_extremes_do_not_matter() {
        let values = [1.0, 2.0, 4.0, 9.0];
        let one = upper_end(&values, 12.0, 0.5, 2.0);
        let scaled = upper_end(&values.map(|v| v * 1e6 - 3.0), 12e6 - 3.0, 0.5, 2.0);
        assert!((scaled / 1e6 - one).abs() < 1e-5, "{one} {scaled}");
        assert!(upper_end(&values, 12.0, 0.5, 37.0) <= 12.0);
        assert_eq!(upper_end(&[3.0, 3.0], 3.0, 1.0, 2.0), 3.0);
    }
}
