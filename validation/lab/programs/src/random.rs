//! Random numbers from a seed (`SplitMix64`), and the service times drawn from them.

use serde::Deserialize;

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03);
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.uniform().ln()
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// A distribution of times (s), in the format's words.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Time {
    Const { s: f64 },
    Exp { mean: f64 },
    Uniform { lo: f64, hi: f64 },
    Lognormal { median: f64, sigma: f64 },
    Bimodal { p_long: f64, short_median: f64, short_sigma: f64, long_median: f64, long_sigma: f64 },
}

impl Time {
    pub(crate) fn draw(&self, random: &mut Random) -> f64 {
        match *self {
            Self::Const { s } => s,
            Self::Exp { mean } => random.exponential(mean),
            Self::Uniform { lo, hi } => lo + random.uniform() * (hi - lo),
            Self::Lognormal { median, sigma } => median * (sigma * random.normal()).exp(),
            Self::Bimodal { p_long, short_median, short_sigma, long_median, long_sigma } => {
                let long = random.uniform() < p_long;
                let (median, sigma) = if long { (long_median, long_sigma) } else { (short_median, short_sigma) };
                median * (sigma * random.normal()).exp()
            }
        }
    }
}
