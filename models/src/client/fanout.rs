//! Requests to several shards at once, answered when the slowest has.

use shardlab_sim::NodeId;

use crate::shard_map::ShardId;

/// Who was asked, and who has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fanout {
    /// By shard, ascending.
    parts: Vec<(ShardId, Part)>,
    outstanding: u32,
    missing: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// To be asked, for the first time or again.
    Unasked,
    Asked(NodeId),
    Answered,
}

impl Fanout {
    /// To these shards, ascending.
    pub fn new(shards: impl IntoIterator<Item = ShardId>) -> Self {
        let parts: Vec<_> = shards.into_iter().map(|shard| (shard, Part::Unasked)).collect();
        Self { missing: parts.len() as u32, parts, outstanding: 0 }
    }

    /// To one more shard, if it is not among them.
    pub fn add(&mut self, shard: ShardId) {
        if let Err(place) = self.place(shard) {
            self.parts.insert(place, (shard, Part::Unasked));
            self.missing += 1;
        }
    }

    /// How many are asked and have not answered.
    pub fn outstanding(&self) -> u32 {
        self.outstanding
    }

    /// How many have not answered, asked or not.
    pub fn missing(&self) -> u32 {
        self.missing
    }

    pub fn stop_waiting(&mut self) {
        for (_, part) in &mut self.parts {
            if matches!(part, Part::Asked(_)) {
                *part = Part::Unasked;
            }
        }
        self.outstanding = 0;
    }

    /// Shards that are to be asked.
    pub fn unasked(&self) -> impl Iterator<Item = ShardId> + use<> {
        let unasked = |&&(_, part): &&(ShardId, Part)| part == Part::Unasked;
        let shards: Vec<ShardId> = self.parts.iter().filter(unasked).map(|&(shard, _)| shard).collect();
        shards.into_iter()
    }

    pub fn ask(&mut self, shard: ShardId, server: NodeId) {
        self.set(shard, Part::Asked(server));
    }

    /// Whether this server is the one whose answer for the shard is awaited.
    pub fn awaits(&self, shard: ShardId, server: NodeId) -> bool {
        self.part(shard) == Some(Part::Asked(server))
    }

    pub fn is_answered(&self, shard: ShardId) -> bool {
        self.part(shard) == Some(Part::Answered)
    }

    /// The shard has answered; nothing, if it was not asked for.
    pub fn answer(&mut self, shard: ShardId) {
        self.set(shard, Part::Answered);
    }

    /// The shard is to be asked again, whatever it has said.
    pub fn reopen(&mut self, shard: ShardId) {
        self.set(shard, Part::Unasked);
    }

    fn place(&self, shard: ShardId) -> Result<usize, usize> {
        self.parts.binary_search_by_key(&shard, |&(shard, _)| shard)
    }

    fn part(&self, shard: ShardId) -> Option<Part> {
        self.place(shard).ok().map(|place| self.parts[place].1)
    }

    /// Changes a shard's part and keeps the counts.
    fn set(&mut self, shard: ShardId, part: Part) {
        let Ok(place) = self.place(shard) else { return };
        let old = std::mem::replace(&mut self.parts[place].1, part);
        self.outstanding += u32::from(matches!(part, Part::Asked(_)));
        self.outstanding -= u32::from(matches!(old, Part::Asked(_)));
        self.missing += u32::from(old == Part::Answered);
        self.missing -= u32::from(part == Part::Answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_follow_the_parts() {
        let mut fanout = Fanout::new([ShardId(0), ShardId(2)]);
        let counts = |fanout: &Fanout| (fanout.outstanding(), fanout.missing());
        fanout.ask(ShardId(0), NodeId(7));
        fanout.ask(ShardId(2), NodeId(8));
        assert_eq!(counts(&fanout), (2, 2));
        fanout.answer(ShardId(2));
        fanout.add(ShardId(1));
        assert_eq!(counts(&fanout), (1, 2));
        assert!(fanout.awaits(ShardId(0), NodeId(7)) && !fanout.awaits(ShardId(0), NodeId(8)));
        fanout.reopen(ShardId(2));
        fanout.stop_waiting();
        assert_eq!(counts(&fanout), (0, 3));
        assert_eq!(fanout.unasked().collect::<Vec<_>>(), [ShardId(0), ShardId(1), ShardId(2)]);
        fanout.answer(ShardId(9));
        assert_eq!(counts(&fanout), (0, 3), "nobody asked that shard");
    }
}
