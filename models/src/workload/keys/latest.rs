//! Latest: zipfian from the newest key backwards, as YCSB's workload D reads what was just inserted.
//!
//! A key counts as there from the moment its insert is sent.

use shardlab_sim::Random;

use crate::workload::keys::Chooser;
use crate::workload::keys::zipfian::Zipfian;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest(Zipfian);

impl Latest {
    /// Over `count` keys at the start; `theta` is above zero.
    #[must_use]
    pub fn new(count: u64, theta: f64) -> Self {
        Self(Zipfian::new(count, theta))
    }
}

impl Chooser for Latest {
    #[inline]
    fn choose(&mut self, count: u64, random: &mut Random) -> u64 {
        self.0.grow_to(count);
        count - 1 - self.0.rank(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::keys::zeta;

    #[test]
    fn the_newest_key_is_the_most_popular_and_the_popularity_moves_on() {
        let (mut chooser, mut random) = (Latest::new(100, 0.99), Random::new(3, "test", 0));
        for count in [100, 150, 1_000] {
            let draws = 100_000;
            let newest = (0..draws).filter(|_| chooser.choose(count, &mut random) == count - 1).count();
            let expected = f64::from(draws) / zeta(count, 0.99);
            assert!((newest as f64 / expected - 1.0).abs() < 0.03, "{count} keys: {newest}, not {expected}");
        }
    }
}
