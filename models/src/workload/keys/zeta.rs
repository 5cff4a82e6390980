//! The generalised harmonic number, by which Zipf's law is normalised.

/// Up to here terms are added one by one. The error of the formula from here on is below the first term left out,
/// θ(θ+1)…(θ+4)·128^(−θ−5)/30240, less than 10⁻¹³ for θ ≤ 3.
const SUMMED: u64 = 128;

/// `Σ i^-theta` over `1..=n`, by the Euler–Maclaurin formula (Abramowitz & Stegun 1964, 23.1.30).
///
/// Takes as long for ten billion as for a thousand. `theta` is at least zero and not one.
#[must_use]
pub fn zeta(n: u64, theta: f64) -> f64 {
    let summed = n.min(SUMMED);
    // Smallest first, so that little is lost to rounding.
    let head: f64 = (1..=summed).rev().map(|i| libm::pow(i as f64, -theta)).sum();
    if n == summed { head } else { head + tail(summed as f64, n as f64, theta) }
}

/// `Σ i^-theta` over `m + 1 ..= n`.
fn tail(m: f64, n: f64, theta: f64) -> f64 {
    let f = |x: f64| libm::pow(x, -theta);
    let slope = |x: f64| -theta * libm::pow(x, -theta - 1.0);
    let third = |x: f64| -theta * (theta + 1.0) * (theta + 2.0) * libm::pow(x, -theta - 3.0);
    // ∫ x^-θ from m to n, written with expm1 because the plain difference cancels near θ = 1.
    let rest = 1.0 - theta;
    let integral = libm::pow(m, rest) * libm::expm1(rest * libm::log(n / m)) / rest;
    integral + (f(n) - f(m)) / 2.0 + (slope(n) - slope(m)) / 12.0 - (third(n) - third(m)) / 720.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_of_its_terms() {
        // Summed term by term with YCSB's constant of 0.99.
        let exact = [
            (100, 5.294_568_831_377_163_5),
            (1_000, 7.728_953_217_284_738),
            (10_000, 10.224_361_459_595_528),
            (100_000, 12.778_338_062_551_171),
            (1_000_000, 15.391_849_746_036_801),
            (10_000_000, 18.066_242_574_969_642),
        ];
        for (n, sum) in exact {
            assert!(
                (zeta(n, 0.99) / sum - 1.0).abs() < 1e-12,
                "zeta({n}, 0.99) = {}, not {sum}",
                zeta(n, 0.99)
            );
        }
    }

    #[test]
    fn it_is_ycsbs_constant_for_ten_billion() {
        let ycsb = crate::workload::keys::scrambled_zipfian::ZETAN;
        assert!((zeta(10_000_000_000, 0.99) / ycsb - 1.0).abs() < 1e-9);
    }

    #[test]
    fn other_exponents_and_both_sides_of_the_border() {
        for theta in [0.01, 0.5, 0.999_999, 1.5, 2.5] {
            for n in [1, 127, 128, 129, 5_000] {
                let sum: f64 = (1..=n).rev().map(|i| libm::pow(i as f64, -theta)).sum();
                assert!((zeta(n, theta) / sum - 1.0).abs() < 1e-12, "zeta({n}, {theta})");
            }
        }
    }
}
