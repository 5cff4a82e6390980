//! The true order of the surviving writes of every key.

use crate::history::index;

/// For every key, the ids of its surviving writes, oldest first.
///
/// Ranks count from 1; rank 0 is the initial value. An id that the log holds twice (a retry applied
/// again) has two ranks, and the judges take whichever accuses less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionOrder {
    /// Ascending.
    keys: Vec<u64>,
    /// Where each key's versions begin in `ids`, and one entry more: where the last ends.
    starts: Vec<u32>,
    /// The versions of the first key, oldest first, then those of the second, and so on.
    ids: Vec<u64>,
    /// Within each key's range: its ranks less one, sorted by id, then by rank.
    by_id: Vec<u32>,
}

impl VersionOrder {
    /// Takes `(key, id)` pairs, those of one key in the order of the log; keys may be interleaved.
    pub fn from_log(log: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut entries: Vec<(u64, u64)> = log.into_iter().collect();
        entries.sort_by_key(|&(key, _)| key);
        let mut order = Self { ids: entries.iter().map(|&(_, id)| id).collect(), ..Self::default() };
        for (position, &(key, _)) in entries.iter().enumerate() {
            if order.keys.last() != Some(&key) {
                order.keys.push(key);
                order.starts.push(index(position));
            }
        }
        order.starts.push(index(entries.len()));
        drop(entries);
        order.sort_by_id();
        order
    }

    /// The versions of one key; none where nothing of it survived.
    pub fn of(&self, key: u64) -> Versions<'_> {
        self.keys.binary_search(&key).map_or(Versions::NONE, |slot| self.slot(slot))
    }

    /// Every key that has a version, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Versions<'_>)> {
        self.keys.iter().enumerate().map(|(slot, &key)| (key, self.slot(slot)))
    }

    /// The versions of one key, for callers who ask for keys in ascending order: `from` is 0 at first,
    /// then what came back beside the last key's versions.
    pub(crate) fn seek(&self, from: usize, key: u64) -> (usize, Versions<'_>) {
        let slot = from + self.keys[from..].iter().take_while(|&&other| other < key).count();
        let versions = if self.keys.get(slot) == Some(&key) { self.slot(slot) } else { Versions::NONE };
        (slot, versions)
    }

    /// How many versions survived, of all keys together.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// No write survived.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn slot(&self, slot: usize) -> Versions<'_> {
        let range = self.starts[slot] as usize..self.starts[slot + 1] as usize;
        Versions { ids: &self.ids[range.clone()], by_id: &self.by_id[range] }
    }

    fn sort_by_id(&mut self) {
        self.by_id = vec![0; self.ids.len()];
        for slot in 0..self.keys.len() {
            let range = self.starts[slot] as usize..self.starts[slot + 1] as usize;
            let (ids, by_id) = (&self.ids[range.clone()], &mut self.by_id[range]);
            by_id.iter_mut().enumerate().for_each(|(rank, place)| *place = index(rank));
            by_id.sort_by_key(|&rank| ids[rank as usize]);
        }
    }
}

/// The surviving versions of one key.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    ids: &'a [u64],
    by_id: &'a [u32],
}

impl<'a> Versions<'a> {
    /// No version at all.
    pub const NONE: Versions<'static> = Versions { ids: &[], by_id: &[] };

    /// The ids, oldest first.
    pub fn ids(&self) -> &'a [u64] {
        self.ids
    }

    /// The id at a rank; `None` for rank 0, the initial value, and beyond the newest.
    pub fn at(&self, rank: u32) -> Option<u64> {
        self.ids.get((rank as usize).checked_sub(1)?).copied()
    }

    /// The lowest rank of an id.
    pub fn first_rank(&self, id: u64) -> Option<u32> {
        let place = self.by_id.partition_point(|&rank| self.ids[rank as usize] < id);
        self.rank_at(place, id)
    }

    /// The highest rank of an id.
    pub fn last_rank(&self, id: u64) -> Option<u32> {
        let after = self.by_id.partition_point(|&rank| self.ids[rank as usize] <= id);
        self.rank_at(after.checked_sub(1)?, id)
    }

    fn rank_at(&self, place: usize, id: u64) -> Option<u32> {
        let rank = *self.by_id.get(place)?;
        (self.ids[rank as usize] == id).then_some(rank + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaved_keys_keep_their_own_order() {
        let order = VersionOrder::from_log([(2, 9), (1, 5), (2, 3), (1, 7), (2, 4)]);
        assert_eq!(order.of(1).ids(), [5, 7]);
        assert_eq!(order.of(2).ids(), [9, 3, 4]);
        assert_eq!(order.of(3).ids(), [0; 0]);
        assert_eq!(order.len(), 5);
        assert_eq!(order.iter().map(|(key, _)| key).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn ranks_count_from_one_whatever_the_ids() {
        let order = VersionOrder::from_log([(2, 9), (2, 3), (2, 4)]);
        let ranks = [9, 3, 4, 5, 1, 10].map(|id| order.of(2).first_rank(id));
        assert_eq!(ranks, [Some(1), Some(2), Some(3), None, None, None]);
        assert_eq!(order.of(2).at(3), Some(4));
        assert_eq!(order.of(2).at(0), None);
        assert_eq!(order.of(2).at(4), None);
    }

    #[test]
    fn an_id_applied_twice_has_two_ranks() {
        let order = VersionOrder::from_log([(1, 5), (1, 7), (1, 5)]);
        assert_eq!((order.of(1).first_rank(5), order.of(1).last_rank(5)), (Some(1), Some(3)));
        assert_eq!((order.of(1).first_rank(7), order.of(1).last_rank(7)), (Some(2), Some(2)));
    }

    #[test]
    fn an_empty_log_has_no_versions() {
        let order = VersionOrder::from_log([]);
        assert!(order.is_empty() && order.iter().next().is_none());
        assert_eq!(order.of(0).last_rank(1), None);
    }
}
