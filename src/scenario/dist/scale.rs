//! The same distribution of longer or shorter times.

use std::sync::Arc;

use super::{Dist, Empirical, Gamma, Mixture};

impl Dist {
    /// `factor` times the time, draw by draw: the same random numbers give the same draws, each scaled.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        match self {
            Self::Constant(d) => Self::Constant(d.scale(factor)),
            Self::Exponential { mean } => Self::Exponential { mean: mean * factor },
            Self::Lognormal { mu, sigma } => Self::Lognormal { mu: mu + libm::log(factor), sigma: *sigma },
            Self::Gamma(gamma) => Self::Gamma(Gamma::new(gamma.mean() * factor, gamma.shape())),
            Self::Weibull { scale, shape } => Self::Weibull { scale: scale * factor, shape: *shape },
            Self::Pareto { min, shape } => Self::Pareto { min: min * factor, shape: *shape },
            Self::Uniform { min, max } => Self::Uniform { min: min * factor, max: max * factor },
            Self::Empirical(data) => Self::Empirical(Arc::new(Empirical::times(data, factor))),
            Self::Mixture(mixture) => {
                let parts = mixture.parts.iter().map(|(w, d)| (*w, d.times(factor)));
                Self::Mixture(Mixture { parts: parts.collect() })
            }
            Self::Sequence(values) => Self::Sequence(values.iter().map(|d| d.scale(factor)).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Dur, Purpose, Streams};

    #[test]
    fn every_draw_is_scaled() {
        let all = [
            Dist::Constant(Dur::from_secs(2)),
            Dist::exponential(3.0),
            Dist::lognormal_quantiles(0.5, 4.0),
            Dist::Gamma(Gamma::new(2.0, 3.0)),
            Dist::Weibull { scale: 1.0, shape: 0.7 },
            Dist::Pareto { min: 1.0, shape: 2.0 },
            Dist::Uniform { min: 1.0, max: 5.0 },
            Dist::Empirical(Arc::new(Empirical::new(vec![(1.0, 1.0, 2.0), (2.0, 3.0, 3.0)]).expect("sound"))),
            Dist::Mixture(
                Mixture::new(vec![(1.0, Dist::exponential(1.0)), (3.0, Dist::exponential(9.0))]).expect("sound"),
            ),
            Dist::Sequence([Dur::from_secs(1), Dur::from_secs(4)].into()),
        ];
        let streams = Streams::new(1, 0);
        for dist in all {
            let scaled = dist.times(2.5);
            assert!((scaled.mean() - 2.5 * dist.mean()).abs() < 1e-9, "{dist:?}");
            for i in 0..200 {
                let draw = |d: &Dist| d.sample(&mut streams.stream(Purpose::Balance, i), i).secs();
                assert!((draw(&scaled) - 2.5 * draw(&dist)).abs() < 1e-6, "{dist:?}");
            }
        }
    }
}
