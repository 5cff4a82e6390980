//! Spread: copies of a shard in different zones, load even.
//!
//! Primaries go round: shard `s` starts on server `s mod n`, so that with one shard for each server every shard's
//! first copy is on its own server. The other copies are put one by one where the shard has the fewest copies in the
//! zone, then where the fewest copies are, then where this primary has sent the fewest: so the load of a server that
//! fails falls on many others (declustering; Hsiao & DeWitt, ICDE 1990). What imbalance this leaves is mended by
//! moving copies along shortest chains from the fullest servers to the emptiest, never at the cost of a zone. It is
//! balanced as far as zones permit: to within one copy where all zones have as many servers.

use std::collections::VecDeque;

use crate::placement::Placement;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread;

impl Placement for Spread {
    fn place(&self, shards: u32, replicas: u32, zones: &[u32]) -> Vec<Vec<u32>> {
        assert!(replicas > 0 && replicas as usize <= zones.len(), "every copy has a server of its own");
        let mut plan = Plan::new(shards, zones);
        for shard in 0..shards as usize {
            for _ in 1..replicas {
                plan.add_copy(shard);
            }
        }
        plan.balance();
        plan.copies
    }
}

/// Copies as they are being placed.
struct Plan<'a> {
    zones: &'a [u32],
    zone_count: usize,
    /// By shard: its servers, the primary's first.
    copies: Vec<Vec<u32>>,
    /// By server: how many copies it holds.
    load: Vec<u32>,
    /// By primary's server, then server: copies of the one's shards on the other.
    pairs: Vec<Vec<u32>>,
}

impl<'a> Plan<'a> {
    fn new(shards: u32, zones: &'a [u32]) -> Self {
        let servers = zones.len() as u32;
        let mut load = vec![0; zones.len()];
        (0..shards).for_each(|shard| load[(shard % servers) as usize] += 1);
        Self {
            zones,
            zone_count: zones.iter().max().map_or(0, |&zone| zone as usize + 1),
            copies: (0..shards).map(|shard| vec![shard % servers]).collect(),
            load,
            pairs: vec![vec![0; zones.len()]; zones.len()],
        }
    }

    fn servers(&self) -> u32 {
        self.zones.len() as u32
    }

    fn zone(&self, server: u32) -> u32 {
        self.zones[server as usize]
    }

    /// By zone: how many copies of the shard it holds.
    fn copies_in_zones(&self, shard: usize) -> Vec<usize> {
        let mut copies = vec![0; self.zone_count];
        self.copies[shard].iter().for_each(|&server| copies[self.zone(server) as usize] += 1);
        copies
    }

    fn add_copy(&mut self, shard: usize) {
        let primary = self.copies[shard][0];
        let in_zones = self.copies_in_zones(shard);
        let mut best: Option<((usize, u32), u32, u32, u32)> = None;
        for server in 0..self.servers() {
            let crowd = (in_zones[self.zone(server) as usize], self.load[server as usize]);
            // Most servers are out of the question: the rest is not looked at for them.
            let is_worse = best.is_some_and(|(least, ..)| crowd > least);
            if is_worse || self.copies[shard].contains(&server) {
                continue;
            }
            let pairs = self.pairs[primary as usize][server as usize];
            let distance = (server + self.servers() - primary) % self.servers();
            let candidate = (crowd, pairs, distance, server);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        }
        let (.., best) = best.expect("there are no more copies than servers");
        self.copies[shard].push(best);
        self.load[best as usize] += 1;
        self.pairs[primary as usize][best as usize] += 1;
    }

    /// Mends the load, chain by chain, until no chain makes it more even.
    fn balance(&mut self) {
        while let Some(chain) = self.relieving_chain() {
            for (shard, from, to) in chain {
                self.move_copy(shard, from, to);
            }
        }
    }

    fn move_copy(&mut self, shard: usize, from: u32, to: u32) {
        let slot = self.copies[shard].iter().position(|&server| server == from);
        self.copies[shard][slot.expect("the copy is where the chain says")] = to;
        self.load[from as usize] -= 1;
        self.load[to as usize] += 1;
    }

    /// The shortest chain of moves by which some server with load `l` gives one copy to one with at most `l − 2`.
    fn relieving_chain(&self) -> Option<Vec<(usize, u32, u32)>> {
        let (least, most) = (*self.load.iter().min()?, *self.load.iter().max()?);
        (least + 2..=most).rev().find_map(|load| self.chain_from(load))
    }

    /// Breadth-first search over "could hand a copy to", from all servers of this load at once.
    fn chain_from(&self, load: u32) -> Option<Vec<(usize, u32, u32)>> {
        let mut open: VecDeque<u32> =
            (0..self.servers()).filter(|&server| self.load[server as usize] == load).collect();
        if open.is_empty() {
            return None;
        }
        let mut unreached = Unreached::new(self, load);
        let backups = self.backups_by_server();
        let mut arrived_by = vec![None; self.zones.len()];
        while let Some(server) = open.pop_front() {
            for &shard in &backups[server as usize] {
                let zones = self.zones_that_may_take(shard, server);
                while let Some(to) = unreached.take_next(&zones, &self.copies[shard]) {
                    arrived_by[to as usize] = Some((shard, server));
                    if self.load[to as usize] + 2 <= load {
                        return Some(chain_back(&arrived_by, to));
                    }
                    open.push_back(to);
                }
            }
        }
        None
    }

    /// By server: the shards that it has a copy of which is not their primary's, ascending.
    fn backups_by_server(&self) -> Vec<Vec<usize>> {
        let mut backups = vec![Vec::new(); self.zones.len()];
        for (shard, copies) in self.copies.iter().enumerate() {
            copies[1..].iter().for_each(|&server| backups[server as usize].push(shard));
        }
        backups
    }

    /// The zones to which the shard's copy on `from` may move, so that no zone gets more crowded by it.
    fn zones_that_may_take(&self, shard: usize, from: u32) -> Vec<bool> {
        let copies = self.copies_in_zones(shard);
        let old = self.zone(from) as usize;
        (0..self.zone_count).map(|new| new == old || copies[new] < copies[old]).collect()
    }
}

/// Servers that a search has not reached yet, by zone.
struct Unreached {
    /// Ascending in each zone.
    by_zone: Vec<Vec<u32>>,
}

impl Unreached {
    /// All but those of this load, where the search begins.
    fn new(plan: &Plan<'_>, load: u32) -> Self {
        let mut by_zone = vec![Vec::new(); plan.zone_count];
        let others = (0..plan.servers()).filter(|&server| plan.load[server as usize] != load);
        others.for_each(|server| by_zone[plan.zone(server) as usize].push(server));
        Self { by_zone }
    }

    /// Takes the first server in these zones that has no copy of the shard yet.
    fn take_next(&mut self, zones: &[bool], copies: &[u32]) -> Option<u32> {
        let first_of = |servers: &Vec<u32>| servers.iter().position(|server| !copies.contains(server));
        let open = (0..self.by_zone.len()).filter(|&zone| zones[zone]);
        let firsts = open.filter_map(|zone| first_of(&self.by_zone[zone]).map(|place| (zone, place)));
        let (zone, place) = firsts.min_by_key(|&(zone, place)| self.by_zone[zone][place])?;
        Some(self.by_zone[zone].remove(place))
    }
}

/// The moves that lead to `end`, last first, so that each server has room when its turn comes.
fn chain_back(arrived_by: &[Option<(usize, u32)>], end: u32) -> Vec<(usize, u32, u32)> {
    let mut chain = Vec::new();
    let mut to = end;
    while let Some((shard, from)) = arrived_by[to as usize] {
        chain.push((shard, from, to));
        to = from;
    }
    chain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn loads(placed: &[Vec<u32>], servers: usize) -> Vec<u32> {
        let mut loads = vec![0; servers];
        placed.iter().flatten().for_each(|&server| loads[server as usize] += 1);
        loads
    }

    fn spread_of(values: &[u32]) -> u32 {
        values.iter().max().expect("not empty") - values.iter().min().expect("not empty")
    }

    /// The chain that a search through every shard and every server finds.
    fn plain_chain(plan: &Plan<'_>, load: u32) -> Option<Vec<(usize, u32, u32)>> {
        let may_move = |shard: usize, from: u32, to: u32| {
            let (old, new) = (plan.zone(from), plan.zone(to));
            let copies =
                |zone| plan.copies[shard].iter().filter(|&&server| plan.zone(server) == zone).count();
            plan.copies[shard][1..].contains(&from)
                && !plan.copies[shard].contains(&to)
                && (old == new || copies(new) < copies(old))
        };
        let mut open: VecDeque<u32> =
            (0..plan.servers()).filter(|&server| plan.load[server as usize] == load).collect();
        let mut reached: Vec<bool> = plan.load.iter().map(|&other| other == load).collect();
        let mut arrived_by = vec![None; plan.zones.len()];
        while let Some(from) = open.pop_front() {
            for shard in 0..plan.copies.len() {
                for to in (0..plan.servers()).filter(|&to| may_move(shard, from, to)) {
                    if std::mem::replace(&mut reached[to as usize], true) {
                        continue;
                    }
                    arrived_by[to as usize] = Some((shard, from));
                    if plan.load[to as usize] + 2 <= load {
                        return Some(chain_back(&arrived_by, to));
                    }
                    open.push_back(to);
                }
            }
        }
        None
    }

    #[test]
    fn one_shard_a_server_stays_at_home_and_zones_differ() {
        let placed = Spread.place(6, 3, &[0, 1, 2, 0, 1, 2]);
        for (shard, copies) in placed.iter().enumerate() {
            assert_eq!(copies[0] as usize, shard);
            let mut zones: Vec<u32> = copies.iter().map(|server| server % 3).collect();
            zones.sort_unstable();
            assert_eq!(zones, [0, 1, 2], "shard {shard}: {copies:?}");
        }
    }

    #[test]
    fn the_load_of_a_failed_server_falls_on_all_others() {
        let placed = Spread.place(64, 2, &[0; 8]);
        for failed in 0..8 {
            let mut heirs: Vec<u32> =
                placed.iter().filter(|copies| copies[0] == failed).map(|copies| copies[1]).collect();
            heirs.sort_unstable();
            heirs.dedup();
            assert_eq!(heirs.len(), 7, "server {failed} is succeeded by {heirs:?} only");
        }
    }

    /// Servers dealt to zones in turn, as the layout deals them.
    fn dealt(servers: usize, zones: u32) -> Vec<u32> {
        (0..zones).cycle().take(servers).collect()
    }

    proptest! {
        #[test]
        fn what_is_looked_up_is_the_chain_that_a_search_through_everything_finds(
            shards in 1_u32..60, zones in prop::collection::vec(0_u32..4, 1..13), replicas in 1_u32..5
        ) {
            let mut plan = Plan::new(shards, &zones);
            for shard in 0..shards as usize {
                for _ in 1..replicas.min(zones.len() as u32) {
                    plan.add_copy(shard);
                }
            }
            let most = *plan.load.iter().max().expect("not empty");
            for load in 0..=most {
                prop_assert_eq!(plan.chain_from(load), plain_chain(&plan, load));
            }
        }

        #[test]
        fn copies_are_distinct_and_in_as_many_zones_as_there_are(
            shards in 1_u32..60, zones in 1_u32..5, servers in 1_usize..13, replicas in 1_u32..6
        ) {
            let zones = dealt(servers, zones);
            let replicas = replicas.min(servers as u32);
            let placed = Spread.place(shards, replicas, &zones);
            let available = zones.iter().max().expect("not empty") + 1;
            for copies in &placed {
                let mut distinct = copies.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), replicas as usize);
                let mut used: Vec<u32> = copies.iter().map(|&server| zones[server as usize]).collect();
                used.sort_unstable();
                used.dedup();
                prop_assert_eq!(used.len() as u32, replicas.min(available));
            }
        }

        #[test]
        fn load_is_even_to_within_one_where_zones_are_equal(
            shards in 1_u32..60, zones in 1_u32..5, servers_a_zone in 1_usize..5, replicas in 1_u32..6
        ) {
            let zones = dealt(zones as usize * servers_a_zone, zones);
            let placed = Spread.place(shards, replicas.min(zones.len() as u32), &zones);
            let primaries: Vec<Vec<u32>> = placed.iter().map(|copies| vec![copies[0]]).collect();
            prop_assert!(spread_of(&loads(&primaries, zones.len())) <= 1);
            prop_assert!(spread_of(&loads(&placed, zones.len())) <= 1, "{:?}", placed);
        }
    }
}
