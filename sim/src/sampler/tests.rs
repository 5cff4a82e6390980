use super::Sampler;
use crate::distribution::{Distribution, Weighted};
use crate::random::Random;
use crate::time::MILLISECOND;
use crate::units::{Duration, Share};

const MS: Duration = Duration(MILLISECOND);

/// The word of a lower-tail probability.
fn word(probability: f64) -> u64 {
    (probability * 18_446_744_073_709_551_616.0) as u64
}

/// The word of an upper-tail probability, which a float near one could not hold.
fn word_from_top(tail: f64) -> u64 {
    u64::MAX - word(tail)
}

const TAILS: [f64; 9] = [0.5, 0.4, 0.25, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6];

fn assert_close(got: u64, exact: f64, what: &str) {
    let error = (got as f64 - exact).abs();
    assert!(error <= exact * 1e-3 + 1.0, "{what}: {got} for {exact}");
}

/// `quantiles`: of a lower tail and of an upper tail, in ns.
fn check(distribution: &Distribution, lower: impl Fn(f64) -> f64, upper: impl Fn(f64) -> f64) {
    let sampler = Sampler::new(distribution);
    for tail in TAILS {
        assert_close(sampler.sample(word(tail)), lower(tail), &format!("{distribution:?}, lower {tail}"));
        assert_close(
            sampler.sample(word_from_top(tail)),
            upper(tail),
            &format!("{distribution:?}, upper {tail}"),
        );
    }
    let steps = (0..=4096_u64).map(|n| sampler.sample(n.saturating_mul(1 << 52)));
    assert!(steps.is_sorted(), "{distribution:?} is not monotonous");
}

#[test]
fn exponential_quantiles_are_exact_to_a_thousandth() {
    check(&Distribution::Exponential { mean: MS }, |p| -1e6 * (-p).ln_1p(), |q| -1e6 * libm::log(q));
}

#[test]
fn pareto_quantiles_are_exact_to_a_thousandth() {
    for shape in [0.5, 1.5, 3.0] {
        let quantile = |tail: f64| 1e6 * libm::pow(tail, -1.0 / shape);
        check(&Distribution::Pareto { scale: MS, shape }, |p| quantile(1.0 - p), quantile);
    }
}

#[test]
fn lognormal_quantiles_are_exact_to_a_thousandth() {
    // Standard normal quantiles of the upper tails above, to twelve digits (NIST/SEMATECH handbook, 1.3.6.7.1; scipy).
    let z = [
        0.0,
        0.253_347_103_136,
        0.674_489_750_196,
        1.281_551_565_545,
        2.326_347_874_041,
        3.090_232_306_168,
        3.719_016_485_456,
        4.264_890_793_923,
        4.753_424_308_823,
    ];
    let sigma = libm::log(8.0) / z[4];
    let z_of = |tail: f64| z[TAILS.iter().position(|t| *t == tail).expect("a tail of the list")];
    let lognormal = Distribution::Lognormal { median: MS, p99: Duration(8 * MILLISECOND) };
    check(&lognormal, |p| 1e6 * libm::exp(-sigma * z_of(p)), |q| 1e6 * libm::exp(sigma * z_of(q)));
}

#[test]
fn constants_and_uniform_ranges_are_exact() {
    let constant = Sampler::new(&Distribution::Constant(MS));
    assert!([0, 1, u64::MAX].iter().all(|word| constant.sample(*word) == MILLISECOND));
    let uniform = Sampler::new(&Distribution::Uniform { low: Duration(10), high: Duration(12) });
    assert_eq!([0.0, 0.33, 0.34, 0.66, 0.67].map(|p| uniform.sample(word(p))), [10, 10, 11, 11, 12]);
    assert_eq!(uniform.sample(u64::MAX), 12);
}

#[test]
fn a_mixture_draws_its_parts_by_weight_and_each_part_whole() {
    let part = |weight, of| Weighted { weight, of };
    let uniform = |low, high| Distribution::Uniform { low: Duration(low), high: Duration(high) };
    let mixture = Distribution::Mixture(vec![part(3.0, uniform(0, 999)), part(1.0, uniform(5_000, 5_999))]);
    let sampler = Sampler::new(&mixture);
    for (probability, expected) in
        [(0.0, 0), (0.3751, 500), (0.7499, 999), (0.7501, 5_000), (0.8751, 5_500), (0.9999, 5_999)]
    {
        assert_eq!(sampler.sample(word(probability)), expected, "{probability}");
    }
    assert_eq!(sampler.sample(u64::MAX), 5_999);
}

#[test]
fn a_rare_part_keeps_its_own_tail() {
    let rare = Weighted { weight: 1e-6, of: Distribution::Exponential { mean: MS } };
    let usual = Weighted { weight: 1.0 - 1e-6, of: Distribution::Constant(Duration(1)) };
    let sampler = Sampler::new(&Distribution::Mixture(vec![usual, rare]));
    // One in a thousand of the rare part: one in 10⁹ of the whole.
    assert_close(sampler.sample(word_from_top(1e-9)), -1e6 * libm::log(1e-3), "rare tail");
}

#[test]
fn an_empirical_table_runs_straight_between_its_rows() {
    let share = |text: &str| text.parse::<Share>().unwrap();
    let rows =
        vec![(share("50%"), Duration(100)), (share("90%"), Duration(500)), (share("100%"), Duration(1_000))];
    let sampler = Sampler::new(&Distribution::Empirical(rows));
    for (probability, expected) in
        [(0.0, 100), (0.49, 100), (0.7, 300), (0.9, 500), (0.95, 750), (0.99999, 1_000)]
    {
        assert_eq!(sampler.sample(word(probability)), expected, "{probability}");
    }
}

#[test]
fn means_are_those_of_the_formulas() {
    let part = |weight, of| Weighted { weight, of };
    let lognormal = Distribution::Lognormal { median: MS, p99: Duration(8 * MILLISECOND) };
    let share = |text: &str| text.parse::<Share>().unwrap();
    for distribution in [
        Distribution::Exponential { mean: MS },
        lognormal.clone(),
        Distribution::Pareto { scale: MS, shape: 3.0 },
        Distribution::Uniform { low: Duration(0), high: MS },
        Distribution::Empirical(vec![
            (share("0%"), Duration(0)),
            (share("50%"), MS),
            (share("100%"), Duration(4_000_000)),
        ]),
        Distribution::Mixture(vec![part(1.0, lognormal), part(2.0, Distribution::Exponential { mean: MS })]),
    ] {
        let (sampler, mut random) = (Sampler::new(&distribution), Random::new(5, "test", 0));
        let draws = 2_000_000;
        let sum: f64 = (0..draws).map(|_| sampler.sample(random.next_u64()) as f64).sum();
        let (mean, expected) = (sum / f64::from(draws), distribution.mean_ns());
        // Five standard errors of the widest of them, whose deviation is about its mean.
        assert!((mean / expected - 1.0).abs() < 5e-3, "{distribution:?}: {mean} for {expected}");
    }
}

#[test]
fn short_times_keep_their_mean() {
    let (sampler, mut random) =
        (Sampler::new(&Distribution::Exponential { mean: Duration(5) }), Random::new(6, "test", 0));
    let sum: u64 = (0..1_000_000).map(|_| sampler.sample(random.next_u64())).sum();
    assert!((4_960_000..5_040_000).contains(&sum), "{sum}");
}
