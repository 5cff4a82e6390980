//! Means over seeds, with their confidence intervals.

use crate::tables::Figure;

/// The 0.975 quantiles of Student's t distribution for 1 to 100 degrees of freedom, to six places: the roots of the
/// regularised incomplete beta function, computed with 25 digits.
const T_975: [f64; 100] = [
    12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004, 2.262_157,
    2.228_139, 2.200_985, 2.178_813, 2.160_369, 2.144_787, 2.131_450, 2.119_905, 2.109_816, 2.100_922,
    2.093_024, 2.085_963, 2.079_614, 2.073_873, 2.068_658, 2.063_899, 2.059_539, 2.055_529, 2.051_831,
    2.048_407, 2.045_230, 2.042_272, 2.039_513, 2.036_933, 2.034_515, 2.032_245, 2.030_108, 2.028_094,
    2.026_192, 2.024_394, 2.022_691, 2.021_075, 2.019_541, 2.018_082, 2.016_692, 2.015_368, 2.014_103,
    2.012_896, 2.011_741, 2.010_635, 2.009_575, 2.008_559, 2.007_584, 2.006_647, 2.005_746, 2.004_879,
    2.004_045, 2.003_241, 2.002_465, 2.001_717, 2.000_995, 2.000_298, 1.999_624, 1.998_972, 1.998_341,
    1.997_730, 1.997_138, 1.996_564, 1.996_008, 1.995_469, 1.994_945, 1.994_437, 1.993_943, 1.993_464,
    1.992_997, 1.992_543, 1.992_102, 1.991_673, 1.991_254, 1.990_847, 1.990_450, 1.990_063, 1.989_686,
    1.989_319, 1.988_960, 1.988_610, 1.988_268, 1.987_934, 1.987_608, 1.987_290, 1.986_979, 1.986_675,
    1.986_377, 1.986_086, 1.985_802, 1.985_523, 1.985_251, 1.984_984, 1.984_723, 1.984_467, 1.984_217,
    1.983_972,
];

/// The 0.975 quantile of the normal distribution: Student's for many degrees of freedom.
const NORMAL: f64 = 1.96;

/// Mean and 95 % confidence interval of independent values, by Student's t (Student 1908); of a single value, itself.
///
/// # Panics
/// When there are no values: nothing has no mean.
#[must_use]
pub fn figure(values: &[f64]) -> Figure {
    assert!(!values.is_empty(), "a mean is of at least one value");
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let half_width = match values.len() {
        1 => 0.0,
        several => quantile(several - 1) * (sample_variance(values, mean) / count).sqrt(),
    };
    let seeds = u32::try_from(values.len()).unwrap_or(u32::MAX);
    Figure { mean, low: mean - half_width, high: mean + half_width, seeds }
}

fn sample_variance(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    squares / (values.len() - 1) as f64
}

/// The 0.975 quantile of Student's distribution.
fn quantile(degrees_of_freedom: usize) -> f64 {
    T_975.get(degrees_of_freedom - 1).copied().unwrap_or(NORMAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_students() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, column 0.975, to its three places.
        let published = [
            (1, 12.706),
            (2, 4.303),
            (4, 2.776),
            (9, 2.262),
            (19, 2.093),
            (29, 2.045),
            (60, 2.0),
            (100, 1.984),
        ];
        for (degrees, t) in published {
            assert!((quantile(degrees) - t).abs() < 0.000_51, "{degrees}: {}", quantile(degrees));
        }
        assert!(
            T_975.windows(2).all(|pair| pair[0] > pair[1] && pair[1] > NORMAL),
            "it falls towards the normal"
        );
        assert_eq!(quantile(101), NORMAL);
    }

    #[test]
    fn an_interval_is_the_mean_and_t_standard_errors() {
        // Mean 3, sample variance 2.5, standard error √0.5; t for 4 degrees of freedom is 2.776445.
        let figure = figure(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((figure.mean, figure.seeds), (3.0, 5));
        assert!((figure.high - 3.0 - 2.776_445 * 0.5_f64.sqrt()).abs() < 1e-6, "{figure:?}");
        assert!((figure.high - 3.0 - (3.0 - figure.low)).abs() < 1e-12);
    }

    #[test]
    fn one_value_has_no_width() {
        assert_eq!(figure(&[7.0]), Figure { mean: 7.0, low: 7.0, high: 7.0, seeds: 1 });
    }
}
