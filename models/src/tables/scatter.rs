//! Numbers of 40 bits scattered over themselves: ids that come in no order, each once, and lead back to their rows.

/// 2⁴⁰ − 1.
const MASK: u64 = (1 << 40) - 1;
/// Odd, so that it has an inverse: the top 40 bits of the golden ratio, as Fibonacci hashing has it (Knuth, TAOCP 3,
/// §6.4).
const FACTOR: u64 = 0x9e_3779_b97f;
/// Its inverse modulo 2⁴⁰.
const INVERSE: u64 = inverse(FACTOR);

/// Newton's iteration: each step doubles the bits that are right, and an odd number is its own inverse in three.
const fn inverse(odd: u64) -> u64 {
    let (mut inverse, mut step) = (odd, 0);
    while step < 4 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse & MASK
}

/// A bijection of the numbers below 2⁴⁰: multiply, fold the upper half onto the lower, multiply.
pub(super) const fn scatter(number: u64) -> u64 {
    fold(number.wrapping_add(1).wrapping_mul(FACTOR) & MASK).wrapping_mul(FACTOR) & MASK
}

/// The number that was scattered to this.
pub(super) const fn gather(scattered: u64) -> u64 {
    fold(scattered.wrapping_mul(INVERSE) & MASK).wrapping_mul(INVERSE).wrapping_sub(1) & MASK
}

/// Its own inverse, since what is folded again is zero.
const fn fold(number: u64) -> u64 {
    number ^ number >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scattered_leads_back() {
        assert_eq!(FACTOR.wrapping_mul(INVERSE) & MASK, 1);
        for number in (0..10_000).chain([MASK - 1, MASK, 1 << 39]) {
            assert_eq!(gather(scatter(number)), number);
            assert!(scatter(number) <= MASK);
        }
    }

    #[test]
    fn neighbours_are_scattered_over_all_sixteenths() {
        let mut sixteenths = [0; 16];
        (0..1_600).for_each(|number| sixteenths[(scatter(number) >> 36) as usize] += 1);
        assert!(sixteenths.iter().all(|&count| (50..200).contains(&count)), "{sixteenths:?}");
    }
}
