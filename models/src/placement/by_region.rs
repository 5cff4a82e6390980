//! By region: each shard's copies in the regions that its rows may be in, the primary's in the region they belong to.
//!
//! A [`Residence`] says which regions those are. Among the servers that it permits, a copy is put where the shard has
//! the fewest copies in the region or, where all of them belong at home, at home as long as there is room; then in a
//! zone with the fewest, then on the server with the least. Greedy, and in the order of the shards: loads of servers
//! of one region differ by little more than one, and nothing is ever put where it may not be.

use crate::placement::{Placement, Residence};
use crate::shard_map::ShardId;

/// See the module.
#[derive(Clone, Debug)]
pub struct ByRegion {
    residence: Residence,
    /// By server: its region.
    regions: Vec<usize>,
    /// Whether copies go to as many regions as they may, near those who read, or stay at home while there is room.
    near_readers: bool,
}

impl ByRegion {
    /// Servers stand in these regions.
    #[must_use]
    pub fn new(residence: Residence, regions: Vec<usize>, near_readers: bool) -> Self {
        Self { residence, regions, near_readers }
    }

    /// How crowded a server is for one more copy of a shard that has `copies`: the least is taken.
    fn crowding(
        &self,
        shard: ShardId,
        server: u32,
        copies: &[u32],
        zones: &[u32],
        loads: &Loads,
    ) -> [u32; 5] {
        let (region, zone) = (self.regions[server as usize], zones[server as usize]);
        let abroad = u32::from(self.residence.home(shard) != region);
        let in_region = copies.iter().filter(|&&copy| self.regions[copy as usize] == region).count() as u32;
        let in_zone = copies.iter().filter(|&&copy| zones[copy as usize] == zone).count() as u32;
        let place = match (copies.is_empty(), self.near_readers) {
            (true, _) => {
                return [abroad, loads.primaries[server as usize], loads.copies[server as usize], 0, server];
            }
            (false, true) => in_region,
            (false, false) => abroad,
        };
        [place, in_zone, loads.copies[server as usize], loads.primaries[server as usize], server]
    }
}

/// By server: copies so far, and those of them that are primaries'.
struct Loads {
    primaries: Vec<u32>,
    copies: Vec<u32>,
}

impl Placement for ByRegion {
    fn place(&self, shards: u32, replicas: u32, zones: &[u32]) -> Vec<Vec<u32>> {
        let mut loads = Loads { primaries: vec![0; zones.len()], copies: vec![0; zones.len()] };
        let mut placed = Vec::new();
        for shard in (0..shards).map(ShardId) {
            let mut copies: Vec<u32> = Vec::new();
            for _ in 0..replicas {
                let free = (0..zones.len() as u32)
                    .filter(|server| !copies.contains(server))
                    .filter(|&server| self.residence.may_hold(shard, self.regions[server as usize]));
                let best = free
                    .min_by_key(|&server| self.crowding(shard, server, &copies, zones, &loads))
                    .expect("a checked configuration has as many servers as copies where rows may be");
                loads.primaries[best as usize] += u32::from(copies.is_empty());
                loads.copies[best as usize] += 1;
                copies.push(best);
            }
            placed.push(copies);
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Regions of servers dealt in turn, and zones of two in each.
    fn dealt(servers: usize, regions: usize) -> (Vec<usize>, Vec<u32>) {
        let region = |server: usize| server % regions;
        let zone = |server: usize| (2 * region(server) + server / regions % 2) as u32;
        ((0..servers).map(region).collect(), (0..servers).map(zone).collect())
    }

    fn regions_of(copies: &[u32], regions: &[usize]) -> Vec<usize> {
        copies.iter().map(|&copy| regions[copy as usize]).collect()
    }

    #[test]
    fn copies_stay_at_home_in_different_zones() {
        let (regions, zones) = dealt(12, 3);
        let residence = Residence::new(vec![0, 1, 2], vec![vec![0], vec![1], vec![2]]);
        let placed = ByRegion::new(residence, regions.clone(), false).place(3, 2, &zones);
        for (shard, copies) in placed.iter().enumerate() {
            assert_eq!(regions_of(copies, &regions), [shard, shard]);
            assert_ne!(zones[copies[0] as usize], zones[copies[1] as usize]);
        }
    }

    #[test]
    fn what_has_no_room_at_home_goes_where_it_may() {
        let (regions, zones) = dealt(3, 3);
        let residence = Residence::new(vec![0], vec![vec![0, 2]]);
        let placed = ByRegion::new(residence, regions.clone(), false).place(1, 2, &zones);
        assert_eq!(regions_of(&placed[0], &regions), [0, 2]);
    }

    #[test]
    fn copies_near_readers_are_in_as_many_regions_as_they_may_be() {
        let (regions, zones) = dealt(9, 3);
        let residence = Residence::new(vec![0, 1], vec![vec![0, 1, 2], vec![1]]);
        let placed = ByRegion::new(residence, regions.clone(), true).place(2, 3, &zones);
        assert_eq!(regions_of(&placed[0], &regions), [0, 1, 2]);
        assert_eq!(regions_of(&placed[1], &regions), [1, 1, 1]);
    }

    proptest! {
        #[test]
        fn nothing_is_put_where_it_may_not_be(
            regions in 1_usize..5, servers in 1_usize..16, replicas in 1_u32..4, near_readers: bool,
            rules in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<bool>(), 5)), 1..12),
        ) {
            let (of_server, zones) = dealt(servers, regions);
            let homes: Vec<usize> = rules.iter().map(|(home, _)| *home as usize % regions).collect();
            let allowed: Vec<Vec<usize>> =
                rules.iter().map(|(_, may)| (0..regions).filter(|&region| may[region]).collect()).collect();
            let enough = |may: &Vec<usize>| {
                of_server.iter().filter(|region| may.contains(region)).count() >= replicas as usize
            };
            prop_assume!(allowed.iter().all(enough));
            let residence = Residence::new(homes.clone(), allowed.clone());
            let placed = ByRegion::new(residence, of_server.clone(), near_readers)
                .place(rules.len() as u32, replicas, &zones);
            for (shard, copies) in placed.iter().enumerate() {
                let mut distinct = copies.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), replicas as usize);
                let used = regions_of(copies, &of_server);
                prop_assert!(used.iter().all(|region| allowed[shard].contains(region)));
                let at_home = allowed[shard].contains(&homes[shard]) && of_server.contains(&homes[shard]);
                prop_assert!(!at_home || used[0] == homes[shard], "the primary is at home if it may be");
            }
        }
    }
}
