//! How evenly a load lies on those who carry it.

/// Four measures of one distribution of load: all are least when everybody carries the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The largest load by the mean: 1 when all are equal, n when one of n has everything.
    pub imbalance: f64,
    /// Coefficient of variation: the standard deviation of the population (divided by n, not n − 1) by the mean.
    pub cv: f64,
    /// Gini coefficient: 0 when all are equal, (n − 1)/n when one has everything.
    pub gini: f64,
    /// The largest load by the sum.
    pub hottest_share: f64,
}

impl Spread {
    /// Of loads that are no less than zero; nothing where they are all zero.
    pub fn of(mut loads: Vec<f64>) -> Option<Self> {
        loads.sort_by(f64::total_cmp);
        let count = loads.len() as f64;
        let (sum, largest) = (loads.iter().sum::<f64>(), *loads.last()?);
        if sum <= 0.0 {
            return None;
        }
        let mean = sum / count;
        let squares: f64 = loads.iter().map(|load| (load - mean) * (load - mean)).sum();
        // With loads in ascending order, x₁ to xₙ: Σ (2i − n − 1) xᵢ / (n Σ xᵢ).
        let ranked = loads.iter().zip(1..).map(|(load, rank)| (2.0 * f64::from(rank) - count - 1.0) * load);
        Some(Self {
            imbalance: largest / mean,
            cv: (squares / count).sqrt() / mean,
            // Equal loads give a hair less than zero by rounding.
            gini: (ranked.sum::<f64>() / (count * sum)).max(0.0),
            hottest_share: largest / sum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Imbalance, coefficient of variation, Gini, hottest share, as worked out by hand.
    fn check(loads: &[f64], expected: [f64; 4]) {
        let spread = Spread::of(loads.to_vec()).unwrap();
        let found = [spread.imbalance, spread.cv, spread.gini, spread.hottest_share];
        let is_close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
        assert!(is_close, "{loads:?}: {found:?}, not {expected:?}");
    }

    #[test]
    fn measures_are_those_of_cases_worked_out_by_hand() {
        check(&[5.0, 5.0, 5.0, 5.0], [1.0, 0.0, 0.0, 0.25]);
        check(&[0.0, 0.0, 0.0, 8.0], [4.0, 3_f64.sqrt(), 0.75, 1.0]);
        // Mean 2.5, variance (2.25 + 0.25 + 0.25 + 2.25)/4 = 1.25; ranked sum −3·1 − 1·2 + 1·3 + 3·4 = 10 by 4·10.
        check(&[4.0, 1.0, 3.0, 2.0], [1.6, 1.25_f64.sqrt() / 2.5, 0.25, 0.4]);
        // One of three has nothing: the mean absolute difference is 8/9 of 1, by twice the mean.
        check(&[1.0, 0.0, 1.0], [1.5, 0.5_f64.sqrt(), 1.0 / 3.0, 0.5]);
        check(&[7.0], [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn nothing_has_no_spread() {
        assert_eq!((Spread::of(vec![]), Spread::of(vec![0.0, 0.0])), (None, None));
    }
}
