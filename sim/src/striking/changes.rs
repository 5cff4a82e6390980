//! What a fault changed, counted and in words.

use crate::fault::{Action, Direction};
use crate::node::NodeId;

/// How many things went otherwise because of a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Messages lost on links, or because nobody was up to receive them.
    pub lost: u64,
    /// Messages that waited for a cut to heal.
    pub held: u64,
    /// Messages that came later: delayed or sent again.
    pub delayed: u64,
    /// Messages that arrived twice.
    pub duplicated: u64,
    /// Messages, timers, writes and starts that were pending and never happened.
    pub dropped: u64,
    /// Events that waited for a pause to end.
    pub deferred: u64,
    /// Services and syncs that took longer or shorter.
    pub slowed: u64,
    /// Processes stopped.
    pub stopped: u64,
    /// Clocks moved.
    pub clocks: u64,
}

impl Changes {
    pub const fn total(&self) -> u64 {
        let messages = self.lost + self.held + self.delayed + self.duplicated;
        messages + self.dropped + self.deferred + self.slowed + self.stopped + self.clocks
    }

    /// The counts that are not zero, each with its noun.
    fn in_words(&self) -> String {
        let all = [
            (self.stopped, "process stopped", "processes stopped"),
            (self.lost, "message lost", "messages lost"),
            (self.held, "message held", "messages held"),
            (self.delayed, "message delayed", "messages delayed"),
            (self.duplicated, "message doubled", "messages doubled"),
            (self.dropped, "pending event dropped", "pending events dropped"),
            (self.deferred, "event deferred", "events deferred"),
            (self.slowed, "service or sync slowed", "services and syncs slowed"),
            (self.clocks, "clock moved", "clocks moved"),
        ];
        let said: Vec<String> = all
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{} {}", grouped(count), if count == 1 { one } else { many }))
            .collect();
        if said.is_empty() { "nothing changed".into() } else { said.join(", ") }
    }
}

/// A receipt's sentence: "cut of 5 nodes: 1,204 messages lost".
pub(super) fn effect(action: &Action, nodes: &[NodeId], changes: &Changes) -> String {
    let verb = match action {
        Action::Cut { direction: Direction::Both, .. } => "cut between groups",
        Action::Cut { direction: Direction::OneWay, .. } => "one-way cut between groups",
        Action::CutLinks { .. } => "cut of links",
        Action::Crash { .. } => "crash",
        Action::Lose { .. } => "loss",
        Action::Pause { .. } => "pause",
        Action::Slow { .. } => "slow-down",
        Action::Links { .. } => "degraded links",
        Action::ClockJump { .. } => "clock jump",
    };
    let noun = if nodes.len() == 1 { "node" } else { "nodes" };
    format!("{verb} of {} {noun}: {}", nodes.len(), changes.in_words())
}

/// A number with its thousands set off by commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Changes, effect, grouped};
    use crate::fault::{Action, Target};
    use crate::node::NodeId;

    #[test]
    fn thousands_are_set_off() {
        for (number, text) in [(0, "0"), (999, "999"), (1204, "1,204"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn an_effect_names_what_changed_and_nothing_else() {
        let changes = Changes { lost: 1204, stopped: 1, ..Changes::default() };
        let crash = Action::Crash { target: Target::Marker, keep_unsynced: false };
        let text = effect(&crash, &[NodeId(3)], &changes);
        assert_eq!(text, "crash of 1 node: 1 process stopped, 1,204 messages lost");
        assert_eq!(changes.total(), 1205);
        let nothing = effect(&crash, &[], &Changes::default());
        assert_eq!(nothing, "crash of 0 nodes: nothing changed");
    }
}
