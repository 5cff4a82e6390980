//! A set to which elements are added: what was added is in every later read.
//!
//! Of each element that is *known*, because its addition was acknowledged or a read has shown it, the reads that began
//! later tell its fate, in the words of Jepsen's `set-full`: *stable*, in all of them; *stale*, missing in some but in
//! the last; *lost*, missing in the last; *never read*, if there is none.

use super::{Findings, WorkloadOperation, WorkloadReport, acknowledged};
use crate::history::index;
use crate::recorded::{NEVER, Names, Rank, ValueId};
use crate::{Anomaly, Outcome};

/// What an operation on a set does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAction {
    /// Adds an element.
    Add(ValueId),
    /// Reads all elements.
    Read {
        /// Where they begin in [`SetHistory::elements`].
        first: u32,
        /// How many there are.
        count: u32,
    },
}

/// What clients of a set did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetHistory {
    /// The operations, `invoked` ascending.
    pub operations: Vec<WorkloadOperation<SetAction>>,
    /// What all reads returned.
    pub elements: Vec<ValueId>,
    /// The elements' names.
    pub values: Names,
}

impl SetHistory {
    /// Records what one read returned.
    pub fn push_elements(&mut self, elements: impl IntoIterator<Item = ValueId>) -> SetAction {
        let first = index(self.elements.len());
        self.elements.extend(elements);
        SetAction::Read { first, count: index(self.elements.len()) - first }
    }
}

/// What a set promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetOptions {
    /// Whether a read must show all that was known when it began; else an element may be missing for a while.
    pub linearizable: bool,
}

/// Judges the reads of a set, in time linear in what they returned.
///
/// ```
/// use shardlab_consistency::recorded::ValueId;
/// use shardlab_consistency::workload_judges::*;
/// use shardlab_consistency::{Anomaly, ModelVerdict, Outcome};
///
/// let mut set = SetHistory::default();
/// let seven = ValueId(set.values.integer(7));
/// let operation = |invoked, action| WorkloadOperation {
///     process: 0,
///     outcome: Outcome::Ok,
///     invoked,
///     completed: invoked + 1,
///     line: 0,
///     action,
/// };
/// set.operations.push(operation(0, SetAction::Add(seven)));
/// let nothing = set.push_elements([]);
/// set.operations.push(operation(2, nothing));
///
/// let report = judge_set(&set, &SetOptions::default());
/// assert_eq!(report.verdict, ModelVerdict::Broken(vec![Anomaly::LostElement]));
/// assert_eq!(
///     report.found[0].explanation.words,
///     ["process 0 added 7 and was told ok; process 0 read the set later, and 7 was missing."],
/// );
/// ```
pub fn judge_set(history: &SetHistory, options: &SetOptions) -> WorkloadReport {
    let mut findings = Findings::default();
    let reads = history.reads();
    let fates = Fates::new(history, &reads, &mut findings);
    let mut tallies = Tallies::default();
    for element in 0..fates.known.len() as u32 {
        let fate = fates.fate(element, &reads);
        tallies.enter(fate);
        if fate == Fate::Lost || (fate == Fate::Stale && options.linearizable) {
            let missing = fates.missing(element, &reads, fate);
            fates.report(element, history, missing, &mut findings);
        }
    }
    let untested = match (reads.len(), tallies.tested()) {
        (0, _) => Some("no read of the set was answered"),
        (_, 0) => Some("no read began after an element was known to be in the set"),
        _ => None,
    };
    findings.report(untested, tallies.named())
}

struct Read<'a> {
    place: usize,
    invoked: Rank,
    completed: Rank,
    elements: &'a [ValueId],
}

impl SetHistory {
    /// The reads that were answered, in order of invocation.
    fn reads(&self) -> Vec<Read<'_>> {
        let read = |(place, operation): (usize, &WorkloadOperation<SetAction>)| match operation.action {
            SetAction::Read { first, count } => {
                let elements = &self.elements[first as usize..][..count as usize];
                Some(Read { place, invoked: operation.invoked, completed: operation.completed, elements })
            }
            SetAction::Add(_) => None,
        };
        let mut reads: Vec<Read<'_>> = acknowledged(&self.operations).filter_map(read).collect();
        reads.sort_by_key(|read| read.invoked);
        reads
    }

    fn adds(&self) -> impl Iterator<Item = (usize, &WorkloadOperation<SetAction>, ValueId)> {
        self.operations.iter().enumerate().filter_map(|(place, operation)| match operation.action {
            // An addition of nothing adds nothing.
            SetAction::Add(element) => (element != ValueId::NIL).then_some((place, operation, element)),
            SetAction::Read { .. } => None,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nobody knows whether it was added.
    Unknown,
    Stable,
    Stale,
    Lost,
    NeverRead,
}

/// What is known of each element, by number.
struct Fates {
    /// When it was first certain to be in the set: [`NEVER`] if it never was.
    known: Vec<Rank>,
    /// The earliest addition that may have taken effect began then.
    added: Vec<Rank>,
    /// The operation that made it known.
    knower: Vec<usize>,
    /// How many of the reads that began later show it.
    shown: Vec<usize>,
    /// When the last read that shows it began.
    last_shown: Vec<Option<Rank>>,
}

impl Fates {
    fn new(history: &SetHistory, reads: &[Read<'_>], findings: &mut Findings) -> Self {
        let count = history.values.len();
        let (known, added, knower) = (vec![NEVER; count], vec![NEVER; count], vec![0; count]);
        let mut fates = Self { known, added, knower, shown: vec![0; count], last_shown: vec![None; count] };
        for (place, operation, element) in history.adds() {
            fates.add(place, operation, element);
        }
        for read in reads {
            fates.look(history, read, findings);
        }
        fates.count(reads);
        fates
    }

    fn add(&mut self, place: usize, operation: &WorkloadOperation<SetAction>, element: ValueId) {
        if operation.outcome != Outcome::Fail {
            let added = &mut self.added[element.0 as usize];
            *added = operation.invoked.min(*added);
        }
        if operation.outcome == Outcome::Ok {
            self.learn(place, operation.completed, element);
        }
    }

    fn learn(&mut self, place: usize, when: Rank, element: ValueId) {
        if when < self.known[element.0 as usize] {
            self.known[element.0 as usize] = when;
            self.knower[element.0 as usize] = place;
        }
    }

    /// What is in a read was added before it ended, and is known from then on.
    fn look(&mut self, history: &SetHistory, read: &Read<'_>, findings: &mut Findings) {
        for &element in read.elements {
            if element == ValueId::NIL {
                findings.add(Anomaly::UnexpectedElement, &[read.place], || {
                    format!("{} read the set, and nil was in it.", history.operations[read.place].who())
                });
                continue;
            }
            if self.last_shown[element.0 as usize] == Some(read.invoked) {
                findings.add(Anomaly::DuplicateElements, &[read.place], || {
                    let (who, value) = (history.operations[read.place].who(), history.values.value(element));
                    format!("{who} read the set, and {value} was in it twice.")
                });
            }
            self.last_shown[element.0 as usize] = Some(read.invoked);
            if self.added[element.0 as usize] < read.completed {
                self.learn(read.place, read.completed, element);
            } else {
                findings.add(Anomaly::UnexpectedElement, &[read.place], || {
                    let (who, value) = (history.operations[read.place].who(), history.values.value(element));
                    format!("{who} read the set, and {value} was in it, which nobody had added by then.")
                });
            }
        }
    }

    fn count(&mut self, reads: &[Read<'_>]) {
        let mut seen_in = vec![usize::MAX; self.known.len()];
        for (number, read) in reads.iter().enumerate() {
            let elements = read.elements.iter().filter(|element| **element != ValueId::NIL);
            for element in elements.map(|element| element.0 as usize) {
                let again = seen_in[element] == number;
                seen_in[element] = number;
                self.shown[element] += usize::from(!again && read.invoked > self.known[element]);
            }
        }
    }

    fn fate(&self, element: u32, reads: &[Read<'_>]) -> Fate {
        let known = self.known[element as usize];
        let later = reads.len() - reads.partition_point(|read| read.invoked < known);
        match reads.last() {
            _ if known == NEVER => Fate::Unknown,
            Some(_) if later == 0 => Fate::NeverRead,
            None => Fate::NeverRead,
            Some(last) if self.last_shown[element as usize] != Some(last.invoked) => Fate::Lost,
            Some(_) if self.shown[element as usize] < later => Fate::Stale,
            Some(_) => Fate::Stable,
        }
    }

    /// The read to be shown: the last one, or the first that is stale.
    fn missing(&self, element: u32, reads: &[Read<'_>], fate: Fate) -> usize {
        let later = reads.iter().filter(|read| read.invoked > self.known[element as usize]);
        let mut without = later.filter(|read| !read.elements.contains(&ValueId(element)));
        let shown = if fate == Fate::Lost { reads.last() } else { without.next() };
        shown.expect("some read misses the element").place
    }

    fn report(&self, element: u32, history: &SetHistory, missing: usize, findings: &mut Findings) {
        let knower = self.knower[element as usize];
        findings.add(Anomaly::LostElement, &[knower, missing], || {
            let value = history.values.name(element);
            let (by, to) = (&history.operations[knower], &history.operations[missing]);
            let known = match by.action {
                SetAction::Add(_) => format!("added {value} and was told ok"),
                SetAction::Read { .. } => format!("saw {value} in the set"),
            };
            format!("{} {known}; {} read the set later, and {value} was missing.", by.who(), to.who())
        });
    }
}

#[derive(Default)]
struct Tallies {
    stable: u64,
    stale: u64,
    lost: u64,
    never_read: u64,
}

impl Tallies {
    fn enter(&mut self, fate: Fate) {
        match fate {
            Fate::Unknown => {}
            Fate::Stable => self.stable += 1,
            Fate::Stale => self.stale += 1,
            Fate::Lost => self.lost += 1,
            Fate::NeverRead => self.never_read += 1,
        }
    }

    fn tested(&self) -> u64 {
        self.stable + self.stale + self.lost
    }

    fn named(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("stable", self.stable),
            ("stale", self.stale),
            ("lost", self.lost),
            ("never-read", self.never_read),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::pictures::{fail, info, ok};
    use super::*;
    use crate::ModelVerdict;

    /// `+7` is an addition, `?7` one of unknown outcome, `!7` a failed one, `7,8` a read; one after the other.
    fn history(text: &str) -> SetHistory {
        let mut history = SetHistory::default();
        for (word, rank) in text.split_whitespace().zip((0..).step_by(2)) {
            let mut element = |text: &str| ValueId(history.values.integer(text.parse().expect("a number")));
            let (first, rest) = word.split_at(1);
            let operation = match first {
                "+" => ok(0, rank, rank + 1, SetAction::Add(element(rest))),
                "?" => info(0, rank, SetAction::Add(element(rest))),
                "!" => fail(0, rank, rank + 1, SetAction::Add(element(rest))),
                _ => {
                    let list: Vec<ValueId> =
                        word.split(',').filter(|text| *text != "-").map(element).collect();
                    ok(1, rank, rank + 1, history.push_elements(list))
                }
            };
            history.operations.push(operation);
        }
        history
    }

    /// Tallies are stable, stale, lost, never read.
    fn check(text: &str, linearizable: bool, tallies: [u64; 4], expected: &[(Anomaly, u64)]) {
        let report = judge_set(&history(text), &SetOptions { linearizable });
        assert_eq!(report.tallies.iter().map(|tally| tally.1).collect::<Vec<_>>(), tallies, "{text}");
        let found: Vec<_> = report.found.iter().map(|found| (found.anomaly, found.count)).collect();
        assert_eq!(found, expected, "{text}");
        if expected.is_empty() {
            let tested = tallies[..3].iter().sum::<u64>() > 0;
            assert_eq!(report.verdict == ModelVerdict::Holds, tested, "{text}");
        }
    }

    #[test]
    fn every_element_has_its_fate() {
        check("+1 +2 1,2 +3", false, [2, 0, 0, 1], &[]);
        check("+1 +2 1 1", false, [1, 0, 1, 0], &[(Anomaly::LostElement, 1)]);
        check("+1 - 1", false, [0, 1, 0, 0], &[]);
        check("+1 - 1", true, [0, 1, 0, 0], &[(Anomaly::LostElement, 1)]);
        check("+1 1 -", false, [0, 0, 1, 0], &[(Anomaly::LostElement, 1)]);
    }

    #[test]
    fn an_unknown_addition_counts_from_when_it_was_seen() {
        check("?1 -", false, [0, 0, 0, 0], &[]);
        check("?1 - 1 1", true, [1, 0, 0, 0], &[]);
        check("?1 1 -", false, [0, 0, 1, 0], &[(Anomaly::LostElement, 1)]);
    }

    #[test]
    fn what_nobody_added_is_unexpected() {
        check("+1 1,2", false, [1, 0, 0, 0], &[(Anomaly::UnexpectedElement, 1)]);
        check("!1 1", false, [0, 0, 0, 0], &[(Anomaly::UnexpectedElement, 1)]);
        check("+1 1,2 +2 1,2", false, [2, 0, 0, 0], &[(Anomaly::UnexpectedElement, 1)]);
        check("+1 1,1", false, [1, 0, 0, 0], &[(Anomaly::DuplicateElements, 1)]);
    }

    #[test]
    fn nil_is_no_element() {
        let mut set = SetHistory::default();
        let action = set.push_elements([ValueId::NIL]);
        set.operations.extend([ok(0, 0, 1, SetAction::Add(ValueId::NIL)), ok(0, 2, 3, action)]);
        let report = judge_set(&set, &SetOptions::default());
        assert_eq!(report.verdict, ModelVerdict::Broken(vec![Anomaly::UnexpectedElement]));
    }

    #[test]
    fn nothing_read_is_unknown() {
        check("", false, [0, 0, 0, 0], &[]);
        check("+1", false, [0, 0, 0, 1], &[]);
        check("- +1", false, [0, 0, 0, 1], &[]);
    }

    #[test]
    fn a_read_that_overlaps_the_addition_need_not_show_it() {
        let mut set = SetHistory::default();
        let one = ValueId(set.values.integer(1));
        set.operations.push(ok(0, 0, 3, SetAction::Add(one)));
        let (without, with) = (set.push_elements([]), set.push_elements([one]));
        set.operations.extend([ok(1, 1, 2, with), ok(2, 4, 5, with)]);
        assert_eq!(judge_set(&set, &SetOptions { linearizable: true }).verdict, ModelVerdict::Holds);
        set.operations[1].action = without;
        assert_eq!(judge_set(&set, &SetOptions { linearizable: true }).verdict, ModelVerdict::Holds);
    }
}
