//! Which copy goes where next: one greedy step from the most to the least loaded server.
//!
//! A load of copies and offices over servers of different weight is a bin packing that no planner solves; real ones
//! take the step that helps most, and look again (Karger & Ruhl, *Simple efficient load balancing*, SPAA 2004;
//! CockroachDB's `StoreRebalancer` does the same by queries a second). Handing the office of primary over to another
//! copy is tried before a copy is moved, for it costs an epoch and no bytes.

/// A server, as the planner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerPicture {
    /// Its zone.
    pub zone: u32,
    /// How much it is to bear, in thousandths of a usual server; never zero.
    pub weight: u64,
    /// Whether it may be given anything: it is to stay and is not silent.
    pub takes: bool,
}

/// A shard, as the planner sees it: with what is under way done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardPicture {
    /// Where its copies are, as places in the list of servers.
    pub copies: Vec<usize>,
    /// Which of those leads.
    pub leader: Option<usize>,
    /// Nothing may be done with it now: it is changing, or has just been moved.
    pub rests: bool,
    /// What its primary's copy costs a server.
    pub leading: u64,
    /// What any other copy costs a server.
    pub following: u64,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another copy leads.
    HandOver {
        /// The shard, by place.
        shard: usize,
        /// Who leads from then on.
        to: usize,
    },
    /// A copy moves.
    Move {
        /// The shard, by place.
        shard: usize,
        /// Whose copy goes.
        from: usize,
        /// Who gets one.
        to: usize,
    },
}

/// Servers and shards at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// By place.
    pub servers: Vec<ServerPicture>,
    /// By place, which is the shard's number.
    pub shards: Vec<ShardPicture>,
}

/// A load for so much weight, in an order that needs no division.
#[derive(Clone, Copy, Debug)]
struct Burden {
    load: u64,
    weight: u64,
}

impl Burden {
    const fn exceeds(self, other: Self) -> bool {
        self.load as u128 * other.weight as u128 > other.load as u128 * self.weight as u128
    }

    fn order(self, other: Self) -> std::cmp::Ordering {
        (u128::from(self.load) * u128::from(other.weight))
            .cmp(&(u128::from(other.load) * u128::from(self.weight)))
    }

    fn or_heavier(self, other: Self) -> Self {
        if other.exceeds(self) { other } else { self }
    }
}

/// One look at the server that is to be relieved.
#[derive(Clone, Copy, Debug)]
struct Look<'a> {
    from: usize,
    /// Neither of two servers may bear more than this after a step.
    ceiling: Burden,
    loads: &'a [u64],
}

impl Picture {
    /// What the copies and offices on each server cost it.
    #[must_use]
    pub fn loads(&self) -> Vec<u64> {
        let mut loads = vec![0; self.servers.len()];
        for shard in &self.shards {
            for &copy in &shard.copies {
                loads[copy] += shard.cost(copy);
            }
        }
        loads
    }

    /// The step that brings the most loaded server down most, if that bears more than `threshold` thousandths of its
    /// share; where nothing helps it, the next one's. Nothing, where no step makes anything better by as much as the
    /// threshold asks for: a server that is let be at a tenth above its share is not relieved of less than a tenth. Where
    /// shards are so small that no single one is as much, what an average copy there costs is enough.
    ///
    /// `may_hold` says whether a server may hold a shard.
    #[must_use]
    pub fn step(&self, threshold: u64, may_hold: impl Fn(usize, usize) -> bool) -> Option<Step> {
        let loads = self.loads();
        let bearing = self.servers.iter().filter(|server| server.takes);
        let weight: u64 = bearing.map(|server| server.weight).sum();
        let share = Burden {
            load: (u128::from(loads.iter().sum::<u64>()) * u128::from(threshold) / 1_000) as u64,
            weight,
        };
        let burden = |server: usize| Burden { load: loads[server], weight: self.servers[server].weight };
        let mut servers: Vec<usize> = (0..loads.len()).collect();
        servers.sort_by(|&a, &b| burden(b).order(burden(a)).then(a.cmp(&b)));
        servers
            .into_iter()
            .take_while(|&server| burden(server).load > 0 && burden(server).exceeds(share))
            .find_map(|server| {
                let look =
                    Look { from: server, ceiling: self.ceiling(server, &loads, threshold), loads: &loads };
                self.hand_over(&look, &may_hold).or_else(|| self.relieve(&look, &may_hold))
            })
    }

    /// What neither of the two may bear more than after a step that relieves a server, for it to be worth its while.
    fn ceiling(&self, server: usize, loads: &[u64], threshold: u64) -> Burden {
        let total: u128 = loads.iter().map(|&load| u128::from(load)).sum();
        let bearing = self.servers.iter().filter(|server| server.takes);
        let all: u128 = bearing.map(|server| u128::from(server.weight)).sum();
        let weight = self.servers[server].weight;
        let gain =
            total * u128::from(threshold.saturating_sub(1_000)) * u128::from(weight) / (1_000 * all.max(1));
        let copies = self.shards.iter().filter(|shard| shard.copies.contains(&server)).count() as u64;
        let average = loads[server] / copies.max(1);
        let gain = u64::try_from(gain).unwrap_or(u64::MAX).min(average);
        Burden { load: loads[server].saturating_sub(gain), weight }
    }

    /// How evenly: the largest burden as a multiple of the mean, in thousandths.
    #[must_use]
    pub fn imbalance(&self) -> u64 {
        let loads = self.loads();
        let (all, weight): (u64, u64) = (
            loads.iter().sum(),
            self.servers.iter().filter(|server| server.takes).map(|server| server.weight).sum(),
        );
        let most = loads
            .iter()
            .zip(&self.servers)
            .map(|(&load, server)| u128::from(load) * 1_000 * u128::from(weight) / u128::from(server.weight))
            .max();
        most.unwrap_or(0).checked_div(u128::from(all)).unwrap_or(1_000) as u64
    }

    /// What the picture would be after the step.
    pub fn apply(&mut self, step: Step) {
        match step {
            Step::HandOver { shard, to } => self.shards[shard].leader = Some(to),
            Step::Move { shard, from, to } => {
                let shard = &mut self.shards[shard];
                shard.copies.retain(|&copy| copy != from);
                shard.copies.push(to);
                if shard.leader == Some(from) {
                    shard.leader = Some(to);
                }
            }
        }
    }

    /// The heavier of what the two would bear, if that is less than the one bears now, by as much as is asked for.
    fn after(&self, look: &Look<'_>, to: usize, cost: u64) -> Option<Burden> {
        let Look { from, ceiling, loads } = *look;
        let burden = |server: usize, load| Burden { load, weight: self.servers[server].weight };
        let rest = burden(from, loads[from].checked_sub(cost)?);
        let worst = rest.or_heavier(burden(to, loads[to] + cost));
        let is_less = cost > 0 && burden(from, loads[from]).exceeds(worst);
        (is_less && !worst.exceeds(ceiling)).then_some(worst)
    }

    fn hand_over(&self, look: &Look<'_>, may_hold: &impl Fn(usize, usize) -> bool) -> Option<Step> {
        let from = look.from;
        let led = (0..self.shards.len())
            .filter(|&shard| self.shards[shard].leader == Some(from) && !self.shards[shard].rests);
        let steps = led.flat_map(|shard| {
            let others = self.shards[shard].copies.iter().filter(move |&&copy| copy != from);
            others.map(move |&to| (shard, to))
        });
        let steps = steps.filter(|&(shard, to)| self.servers[to].takes && may_hold(shard, to));
        let valued = steps.filter_map(|(shard, to)| {
            let of = &self.shards[shard];
            let cost = of.leading.saturating_sub(of.following);
            Some((self.after(look, to, cost)?, (shard, to)))
        });
        let best = valued.min_by(|a, b| a.0.order(b.0).then(a.1.cmp(&b.1)));
        best.map(|(_, (shard, to))| Step::HandOver { shard, to })
    }

    fn relieve(&self, look: &Look<'_>, may_hold: &impl Fn(usize, usize) -> bool) -> Option<Step> {
        let from = look.from;
        let leads = self.leads();
        let crowded = |to: usize| {
            let burden = |server: usize, more| Burden {
                load: leads[server] + more,
                weight: self.servers[server].weight,
            };
            burden(from, 0).exceeds(burden(to, 1))
        };
        let here = (0..self.shards.len())
            .filter(|&s| self.shards[s].copies.contains(&from) && !self.shards[s].rests);
        let steps = here.flat_map(|shard| (0..self.servers.len()).map(move |to| (shard, to)));
        let steps = steps.filter(|&(shard, to)| {
            self.servers[to].takes && self.keeps_zones(shard, from, to) && may_hold(shard, to)
        });
        let valued = steps.filter_map(|(shard, to)| {
            let of = &self.shards[shard];
            let after = self.after(look, to, of.cost(from))?;
            // Among equals, an office goes where there are fewer.
            Some((after, ((of.leader == Some(from)) != crowded(to), shard, to)))
        });
        let best = valued.min_by(|a, b| a.0.order(b.0).then(a.1.cmp(&b.1)));
        best.map(|(_, (_, shard, to))| Step::Move { shard, from, to })
    }

    fn leads(&self) -> Vec<u64> {
        let mut leads = vec![0; self.servers.len()];
        self.shards.iter().filter_map(|shard| shard.leader).for_each(|leader| leads[leader] += 1);
        leads
    }

    /// Whether a copy of the shard can move so that no zone gets more crowded by it.
    #[must_use]
    pub fn keeps_zones(&self, shard: usize, from: usize, to: usize) -> bool {
        let copies = &self.shards[shard].copies;
        let zone = |server: usize| self.servers[server].zone;
        let others = |of: u32| copies.iter().filter(|&&copy| copy != from && zone(copy) == of).count();
        !copies.contains(&to) && others(zone(to)) <= others(zone(from))
    }

    /// The server for one more copy of the shard: in a zone with the fewest of its copies, `without` apart, then the one
    /// that bears least for its weight.
    #[must_use]
    pub fn place(
        &self,
        shard: usize,
        without: Option<usize>,
        may_hold: impl Fn(usize, usize) -> bool,
    ) -> Option<usize> {
        let copies = &self.shards[shard].copies;
        let zone = |server: usize| self.servers[server].zone;
        let in_zone =
            |of: u32| copies.iter().filter(|&&copy| Some(copy) != without && zone(copy) == of).count();
        let mut held = vec![0_u64; self.servers.len()];
        self.shards.iter().flat_map(|shard| &shard.copies).for_each(|&copy| held[copy] += 1);
        let may = |&to: &usize| self.servers[to].takes && !copies.contains(&to) && may_hold(shard, to);
        let burden = |server: usize| Burden { load: held[server], weight: self.servers[server].weight };
        (0..self.servers.len()).filter(may).min_by(|&a, &b| {
            in_zone(zone(a)).cmp(&in_zone(zone(b))).then(burden(a).order(burden(b))).then(a.cmp(&b))
        })
    }
}

impl ShardPicture {
    fn cost(&self, copy: usize) -> u64 {
        if self.leader == Some(copy) { self.leading } else { self.following }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(weights: &[u64]) -> Vec<ServerPicture> {
        weights.iter().map(|&weight| ServerPicture { zone: 0, weight, takes: true }).collect()
    }

    fn shard(copies: &[usize], leading: u64, following: u64) -> ShardPicture {
        ShardPicture {
            copies: copies.into(),
            leader: copies.first().copied(),
            rests: false,
            leading,
            following,
        }
    }

    /// Steps until nothing helps: how many, and what the servers bear then.
    fn settle(picture: &mut Picture, threshold: u64) -> (usize, Vec<u64>) {
        let mut steps = 0;
        while let Some(step) = picture.step(threshold, |_, _| true) {
            picture.apply(step);
            steps += 1;
            assert!(steps < 1_000, "it must come to rest");
        }
        (steps, picture.loads())
    }

    #[test]
    fn a_newcomer_gets_its_share_and_not_a_step_more_is_made() {
        let shards = (0..8).map(|number| shard(&[number % 2], 1, 1)).collect();
        let mut picture = Picture { servers: servers(&[1_000, 1_000, 1_000, 1_000]), shards };
        assert_eq!(settle(&mut picture, 1_000), (4, vec![2, 2, 2, 2]));
    }

    #[test]
    fn weights_share_out() {
        let shards = (0..12).map(|number| shard(&[number % 3], 1, 1)).collect();
        let mut picture = Picture { servers: servers(&[1_000, 1_000, 2_000]), shards };
        assert_eq!(settle(&mut picture, 1_000), (2, vec![3, 3, 6]));
    }

    #[test]
    fn an_office_is_handed_over_before_a_copy_moves() {
        let shards = vec![shard(&[0, 1], 10, 2), shard(&[0, 1], 10, 2)];
        let picture = Picture { servers: servers(&[1_000, 1_000, 1_000]), shards };
        assert_eq!(picture.step(1_100, |_, _| true), Some(Step::HandOver { shard: 0, to: 1 }));
    }

    #[test]
    fn a_shard_that_is_too_hot_for_anyone_stays() {
        let picture = Picture { servers: servers(&[1_000; 4]), shards: vec![shard(&[0], 100, 0)] };
        assert_eq!(picture.step(1_100, |_, _| true), None);
        assert_eq!(picture.imbalance(), 4_000);
    }

    /// Server 0 bears 130 of 210, of which a step can take 10: a tenth of its share of 105.
    #[test]
    fn a_step_that_gains_less_than_the_threshold_asks_for_is_not_taken() {
        let shards = || vec![shard(&[0], 120, 0), shard(&[0], 10, 0), shard(&[1], 80, 0)];
        let picture = Picture { servers: servers(&[1_000; 2]), shards: shards() };
        let away = Some(Step::Move { shard: 1, from: 0, to: 1 });
        assert_eq!(picture.step(1_090, |_, _| true), away, "10 are more than 9 % of 105");
        assert_eq!(picture.step(1_110, |_, _| true), None, "10 are less than 11 % of 105");
    }

    /// A hundredth of the share each: none of them alone is a tenth of it, and together they are twice too many.
    #[test]
    fn small_shards_are_moved_all_the_same() {
        let shards = (0..200).map(|_| shard(&[0], 1, 0)).collect();
        let mut picture = Picture { servers: servers(&[1_000; 2]), shards };
        let (steps, loads) = settle(&mut picture, 1_100);
        assert_eq!((steps, loads), (90, vec![110, 90]));
    }

    #[test]
    fn what_is_within_the_threshold_is_let_be() {
        let shards = vec![shard(&[0], 11, 0), shard(&[0], 1, 0), shard(&[1], 10, 0)];
        let picture = Picture { servers: servers(&[1_000; 2]), shards };
        assert_eq!(picture.step(1_100, |_, _| true), None, "12 of 22 are 9 % too many");
    }
}
