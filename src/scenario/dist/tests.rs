use super::*;
use crate::engine::{Purpose, Streams, mix};

const DRAWS: u64 = 10_000;

fn stream(n: u64) -> Stream {
    Streams::new(5, 0).stream(Purpose::Service, n)
}

fn ms(n: u64) -> Dur {
    Dur::from_millis(n)
}

/// One of each, by name.
fn all() -> Vec<(&'static str, Dist)> {
    let samples = (1..=50).map(|n| (1.0, f64::from(n) * 0.01, f64::from(n) * 0.01)).collect();
    let buckets = vec![(20.0, 0.0, 0.01), (60.0, 0.01, 0.05), (18.0, 0.05, 0.25), (2.0, 0.25, 1.0)];
    let empirical = |pieces| Dist::Empirical(Arc::new(Empirical::new(pieces).expect("sound pieces")));
    let mixture =
        Mixture::new(vec![(0.95, Dist::lognormal_quantiles(0.02, 0.06)), (0.05, Dist::Gamma(Gamma::new(0.5, 2.0)))]);
    vec![
        ("constant", Dist::Constant(ms(20))),
        ("exponential", Dist::exponential(0.02)),
        ("lognormal", Dist::lognormal_quantiles(0.02, 0.12)),
        ("lognormal by mean", Dist::lognormal_mean(0.02, 0.5)),
        ("gamma", Dist::Gamma(Gamma::new(0.02, 3.0))),
        ("gamma below 1", Dist::Gamma(Gamma::new(0.02, 0.5))),
        ("weibull", Dist::Weibull { scale: 0.02, shape: 0.8 }),
        ("pareto", Dist::Pareto { min: 0.01, shape: 4.5 }),
        ("uniform", Dist::Uniform { min: 0.01, max: 0.05 }),
        ("samples", empirical(samples)),
        ("histogram", empirical(buckets)),
        ("mixture", Dist::Mixture(mixture.expect("sound weights"))),
        ("sequence", Dist::Sequence([ms(30), ms(10), ms(20)].into())),
    ]
}

fn draws(dist: &Dist, n: u64) -> Vec<f64> {
    (0..n).map(|n| dist.sample(&mut stream(n), n % 3).secs()).collect()
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn draws_keep_their_bits() {
    let digests: Vec<(&str, u64)> = all()
        .iter()
        .map(|(name, dist)| (*name, (0..DRAWS).fold(0, |h, n| mix(h ^ dist.sample(&mut stream(n), n).nanos()))))
        .collect();
    let expected = [
        ("constant", 623_859_364_828_809_489),
        ("exponential", 6_692_570_623_131_135_554),
        ("lognormal", 18_224_511_751_195_349_846),
        ("lognormal by mean", 14_407_088_693_062_962_420),
        ("gamma", 6_539_573_868_916_506_994),
        ("gamma below 1", 1_627_427_478_527_828_014),
        ("weibull", 17_752_779_620_460_024_528),
        ("pareto", 17_335_202_477_458_073_787),
        ("uniform", 946_036_668_999_265_323),
        ("samples", 13_997_922_189_989_346_064),
        ("histogram", 1_595_542_028_960_520_294),
        ("mixture", 4_369_607_041_783_428_565),
        ("sequence", 6_780_898_803_625_844_228),
    ];
    assert_eq!(digests, expected, "draws have changed: every result of every seed changes with them");
}

#[test]
fn sample_means_agree_with_the_mean() {
    for (name, dist) in all() {
        let (sample, error) = mean(&draws(&dist, 300_000));
        assert!((sample - dist.mean()).abs() <= 4.5 * error + 1e-9, "{name}: {sample} ± {error}, mean {}", dist.mean());
    }
}

#[test]
fn quantiles_part_the_draws_and_invert_the_distribution_function() {
    for (name, dist) in all() {
        let values = draws(&dist, 30_000);
        for p in [0.01, 0.25, 0.5, 0.9, 0.99] {
            let q = dist.quantile(p);
            // Five standard errors of a share; draws are rounded to a nanosecond.
            let slack = 5.0 * (p * (1.0 - p) / values.len() as f64).sqrt();
            let share = |limit: f64| values.iter().filter(|v| **v <= limit).count() as f64 / values.len() as f64;
            assert!(share(q + 1e-9) >= p - slack, "{name}: too few up to the {p}-quantile {q}");
            assert!(share(q - 2e-9) <= p + slack, "{name}: too many below the {p}-quantile {q}");
            assert!(dist.cdf(q + 1e-9) >= p - 1e-9, "{name}: F({q}) is below {p}");
            assert!(dist.cdf(q - 1e-9) <= p + 1e-9, "{name}: F just below {q} is above {p}");
        }
    }
}

#[test]
fn residual_lives_have_the_mean_of_renewal_theory() {
    for (name, dist) in all() {
        let values = draws(&dist, 300_000);
        let (first, _) = mean(&values);
        let (second, _) = mean(&values.iter().map(|v| v * v).collect::<Vec<_>>());
        let expected = second / (2.0 * first);
        let rest: Vec<f64> = (0..300_000).map(|n| dist.residual(&mut stream(n)).secs()).collect();
        let (rest, error) = mean(&rest);
        // The expectation is estimated too; a heavy tail makes its error the larger one.
        assert!((rest - expected).abs() < 6.0 * error + 0.03 * expected, "{name}: {rest}, expected {expected}");
    }
}

#[test]
fn a_draw_takes_one_number_and_rises_with_it() {
    for (name, dist) in all() {
        if matches!(dist, Dist::Gamma(_) | Dist::Mixture(_) | Dist::Constant(_) | Dist::Sequence(_)) {
            continue;
        }
        let mut pairs: Vec<(f64, Dur)> = (0..5_000)
            .map(|n| {
                let (mut taken, mut counted) = (stream(n), stream(n));
                let (drawn, u) = (dist.sample(&mut taken, 0), counted.open01());
                assert_eq!(taken.bits(), counted.bits(), "{name} took more than one number");
                (u, drawn)
            })
            .collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(pairs.windows(2).all(|w| w[0].1 <= w[1].1), "{name} does not rise");
    }
}

#[test]
fn a_sequence_goes_in_order_and_repeats_its_last() {
    let dist = Dist::Sequence([ms(30), ms(10)].into());
    let drawn = [0, 1, 2, u64::MAX].map(|n| dist.sample(&mut stream(0), n));
    assert_eq!(drawn, [ms(30), ms(10), ms(10), ms(10)]);
}
