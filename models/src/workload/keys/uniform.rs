//! Uniform: every key alike, new ones included.

use shardlab_sim::Random;

use crate::workload::keys::Chooser;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uniform;

impl Chooser for Uniform {
    #[inline]
    fn choose(&mut self, count: u64, random: &mut Random) -> u64 {
        random.below(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::keys::test_support::{chi_squared, counts};

    #[test]
    fn all_keys_are_alike() {
        let drawn = counts(&mut Uniform, 20, 20, 200_000);
        let expected: Vec<f64> = (0..20).map(|_| 0.05).chain([0.0]).collect();
        // χ² at 0.001 with 19 degrees of freedom.
        assert!(chi_squared(&drawn, &expected) < 43.82, "{drawn:?}");
    }
}
