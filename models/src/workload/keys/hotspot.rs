//! Hotspot: a share of the operations goes to a share of the keys, each part uniform within itself.
//!
//! As YCSB's `HotspotIntegerGenerator`, whose defaults are 20 % of the keys and 80 % of the operations. Keys that
//! are inserted later are cold.

use shardlab_sim::{Random, Share};

use crate::workload::keys::Chooser;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hotspot {
    hot: u64,
    operations: Share,
}

impl Hotspot {
    /// The first `keys` of `count` get `operations`. At least one key is hot.
    #[must_use]
    pub fn new(count: u64, keys: Share, operations: Share) -> Self {
        Self { hot: hot_keys(count, keys).max(1), operations }
    }
}

/// How many of `count` keys a share of them is, rounded down as YCSB does.
pub(crate) fn hot_keys(count: u64, keys: Share) -> u64 {
    const WHOLE_PPB: u128 = 1_000_000_000;
    (u128::from(count) * u128::from(keys.as_ppb()) / WHOLE_PPB) as u64
}

impl Chooser for Hotspot {
    #[inline]
    fn choose(&mut self, count: u64, random: &mut Random) -> u64 {
        let hot = random.chance_ppb(self.operations.as_ppb());
        let cold_keys = count - self.hot;
        if hot || cold_keys == 0 { random.below(self.hot) } else { self.hot + random.below(cold_keys) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::keys::test_support::{chi_squared, counts};

    #[test]
    fn a_fifth_of_the_keys_takes_four_fifths() {
        let share = |text: &str| text.parse::<Share>().expect("a share");
        let mut chooser = Hotspot::new(10, share("20%"), share("80%"));
        let drawn = counts(&mut chooser, 10, 10, 10_000_000);
        let expected: Vec<f64> = (0..10).map(|key| if key < 2 { 0.4 } else { 0.025 }).chain([0.0]).collect();
        // χ² at 0.001 with 9 degrees of freedom.
        assert!(chi_squared(&drawn, &expected) < 27.88, "{drawn:?}");
    }
}
