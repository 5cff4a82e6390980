//! Which servers are cut off from which: the splits of Jepsen's `nemesis` namespace, on numbers.

use shardlab_sim::{NodeId, Random};

/// Two groups that lose sight of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Halves {
    /// Those that are cut off.
    pub cut_off: Vec<NodeId>,
    /// Everybody else.
    pub rest: Vec<NodeId>,
}

/// `count` of the servers, drawn, against the others; both in ascending order.
pub(super) fn draw(servers: &[NodeId], count: usize, random: &mut Random) -> Halves {
    let mut shuffled = servers.to_vec();
    random.shuffle(&mut shuffled);
    let mut rest = shuffled.split_off(count);
    shuffled.sort_unstable();
    rest.sort_unstable();
    Halves { cut_off: shuffled, rest }
}

/// A third at most, at least one: Jepsen's `minority-third`.
pub(super) const fn minority(servers: usize) -> usize {
    let third = servers.saturating_sub(1) / 3;
    if third == 0 { 1 } else { third }
}

/// The smaller half of a clean cut: everybody but the smallest majority.
pub(super) const fn smaller_half(servers: usize) -> usize {
    servers - majority(servers)
}

const fn majority(servers: usize) -> usize {
    servers / 2 + 1
}

/// Every server hears the majority of which it is the middle in a ring drawn at random: Jepsen's perfect
/// `majorities-ring`. The directed links that are lost, `(from, to)`.
pub(super) fn ring(servers: &[NodeId], random: &mut Random) -> Vec<(NodeId, NodeId)> {
    let mut ring = servers.to_vec();
    random.shuffle(&mut ring);
    let (count, heard) = (ring.len(), majority(ring.len()));
    let before = heard / 2;
    let lost_by = |place: usize| (heard..count).map(move |step| (place + count - before + step) % count);
    (0..count)
        .flat_map(|to| lost_by(to).map(move |from| (from, to)))
        .map(|(from, to)| (ring[from], ring[to]))
        .collect()
}

/// Every directed link between two different groups.
pub(super) fn between(groups: &[Vec<NodeId>]) -> Vec<(NodeId, NodeId)> {
    let mut links = Vec::new();
    for (index, from) in groups.iter().enumerate() {
        for (other, to) in groups.iter().enumerate() {
            if index != other {
                links.extend(from.iter().flat_map(|&from| to.iter().map(move |&to| (from, to))));
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(count: u32) -> Vec<NodeId> {
        (1..=count).map(NodeId).collect()
    }

    fn random() -> Random {
        Random::new(1, "test", 0)
    }

    #[test]
    fn a_draw_takes_everybody_once() {
        for count in 1..=9 {
            for cut_off in 0..=count {
                let halves = draw(&servers(count), cut_off as usize, &mut random());
                assert_eq!(halves.cut_off.len(), cut_off as usize);
                let mut all = [halves.cut_off, halves.rest].concat();
                all.sort_unstable();
                assert_eq!(all, servers(count));
            }
        }
    }

    #[test]
    fn shares_are_jepsens() {
        let table = [(1, 1, 0), (2, 1, 0), (3, 1, 1), (4, 1, 1), (5, 1, 2), (6, 1, 2), (7, 2, 3), (10, 3, 4)];
        for (servers, third, half) in table {
            assert_eq!((minority(servers), smaller_half(servers)), (third, half), "{servers} servers");
        }
    }

    #[test]
    fn in_a_ring_everybody_hears_a_majority_and_no_two_the_same() {
        for count in 3..=9_u32 {
            let lost = ring(&servers(count), &mut random());
            let mut heard: Vec<Vec<NodeId>> = Vec::new();
            for me in servers(count) {
                let hears = servers(count).into_iter().filter(|&from| !lost.contains(&(from, me)));
                heard.push(hears.collect());
                let last = heard.last().unwrap();
                assert!(last.contains(&me), "a server hears itself");
                assert_eq!(last.len(), majority(count as usize));
            }
            heard.sort_unstable();
            heard.dedup();
            assert_eq!(heard.len(), count as usize, "no two hear the same majority");
        }
    }

    #[test]
    fn groups_lose_every_link_between_them_and_none_within() {
        let links = between(&[vec![NodeId(1), NodeId(2)], vec![NodeId(3)]]);
        let pairs: Vec<(u32, u32)> = links.iter().map(|(from, to)| (from.0, to.0)).collect();
        assert_eq!(pairs, [(1, 3), (2, 3), (3, 1), (3, 2)]);
    }
}
