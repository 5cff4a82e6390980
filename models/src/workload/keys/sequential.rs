//! Sequential: one key after the other, from the first, round and round. Each pool goes its own round.

use shardlab_sim::Random;

use crate::workload::keys::Chooser;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequential {
    next: u64,
}

impl Chooser for Sequential {
    #[inline]
    fn choose(&mut self, count: u64, _random: &mut Random) -> u64 {
        let chosen = if self.next < count { self.next } else { 0 };
        self.next = chosen + 1;
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_and_round_and_over_new_keys() {
        let (mut chooser, mut random) = (Sequential::default(), Random::new(0, "test", 0));
        let chosen: Vec<u64> =
            [3, 3, 3, 3, 3, 3, 4, 4].map(|count| chooser.choose(count, &mut random)).into();
        assert_eq!(chosen, [0, 1, 2, 0, 1, 2, 3, 0]);
    }
}
