//! The mean under random weights: how far up the truth may lie, given values and one that was not seen.

/// The upper end of a one-sided interval of the mean at the tail of `z` standard deviations.
///
/// Every value gets a random weight, an exponential with mean 1, and the unseen value `atom` one of shape `weight` (1:
/// as if it had been drawn once, 0: not at all); divided by their sum, the weights are a Dirichlet distribution. The
/// result is the point that the weighted mean exceeds with P(Z > z). With weight 0 this is Rubin's (1981) Bayesian
/// bootstrap; with weight 1 and `atom` the largest value possible it is Gaffke's (2005) bound of a mean, which for zeros
/// and ones is Clopper and Pearson's exactly.
///
/// Instead of resampling it computes. "The weighted mean exceeds m" is `Σ E_i (x_i − m) > 0`, a sum of exponentials, whose tail the
/// saddlepoint formula r* = w + ln(u / w) / w (Lugannani and Rice, 1980; Barndorff-Nielsen, 1986) gives to about a
/// percent at any depth. The saddlepoint weighs x_i by 1 / (1 − θ x_i), so that θ gives m in one sum and one bisection suffices.
///
/// `values` must not be empty, and finite.
pub(super) fn upper_end(values: &[f64], atom: f64, weight: f64, z: f64) -> f64 {
    let total = values.len() as f64 + weight;
    let centre = (values.iter().sum::<f64>() + weight * atom) / total;
    let tilted = Tilted {
        offsets: values.iter().map(|x| x - centre).collect(),
        atom: atom - centre,
        weight,
        largest: values.iter().fold(if weight > 0.0 { atom } else { f64::NEG_INFINITY }, |a, &b| a.max(b)) - centre,
    };
    if tilted.largest <= 0.0 {
        return centre;
    }
    // −ln of what is left of the largest value's denominator: from hardly tilted to all weight on the largest.
    let (mut low, mut high) = (1e-6, 700.0);
    for _ in 0..48 {
        let middle = f64::midpoint(low, high);
        if tilted.at(middle).1 < z { low = middle } else { high = middle }
    }
    centre + tilted.at(high).0
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
    /// The mean m at the tilt θ = (1 − exp(−`depth`)) / largest, and the normal point r* of P(weighted mean > m).
    fn at(&self, depth: f64) -> (f64, f64) {
        let left = libm::exp(-depth);
        // 1 − θ x, without cancellation at the largest.
        let denominator = |x: f64| ((self.largest - x) + left * x) / self.largest;
        let (mut weights, mut sum) = (0.0, 0.0);
        for &x in &self.offsets {
            let w = 1.0 / denominator(x);
            weights += w;
            sum += w * x;
        }
        if self.weight > 0.0 {
            let w = self.weight / denominator(self.atom);
            weights += w;
            sum += w * self.atom;
        }
        let mean = sum / weights;
        // 1 − s (x − m) = (1 − θ x) / (1 − θ m), with s = θ / (1 − θ m).
        let scale = denominator(mean);
        let s = (1.0 - left) / self.largest / scale;
        // The logarithm of a product is taken whenever that threatens to leave the range.
        let (mut logs, mut product, mut spread) = (0.0, 1.0, 0.0);
        for &x in &self.offsets {
            let d = denominator(x) / scale;
            product *= d;
            if !(1e-150..1e150).contains(&product) {
                logs += libm::log(product);
                product = 1.0;
            }
            spread += (x - mean) / d * ((x - mean) / d);
        }
        logs += libm::log(product);
        if self.weight > 0.0 {
            let d = denominator(self.atom) / scale;
            logs += self.weight * libm::log(d);
            spread += self.weight * ((self.atom - mean) / d) * ((self.atom - mean) / d);
        }
        let w = libm::sqrt((2.0 * logs).max(0.0));
        let u = s * libm::sqrt(spread);
        (mean, if w > 0.0 { w + libm::log(u / w) / w } else { 0.0 })
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
