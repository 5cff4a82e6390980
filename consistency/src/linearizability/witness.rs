//! Why a register is not linearizable, in words.

use super::search::Stuck;
use super::written;
use super::zones::{Clash, Zone};
use crate::history::index;
use crate::recorded::{NEVER, RegisterAction, RegisterHistory, ValueId};
use crate::{Explanation, Outcome};

/// `process 3's read of 2 from x (line 7)`.
pub(crate) fn describe(history: &RegisterHistory, place: u32) -> String {
    let operation = &history.operations[place as usize];
    let value = |value| history.values.value(value);
    let key = key_name(history, operation.key);
    let action = match operation.action {
        RegisterAction::Read(Some(seen)) => format!("read of {} from {key}", value(seen)),
        RegisterAction::Read(None) => format!("read of {key}"),
        RegisterAction::Write(written) => format!("write of {} to {key}", value(written)),
        RegisterAction::CompareAndSet { from, to } => {
            format!("compare-and-set of {key} from {} to {}", value(from), value(to))
        }
    };
    let line = if operation.line == 0 { String::new() } else { format!(" (line {})", operation.line) };
    format!("process {}'s {action}{line}", operation.process)
}

/// The name of a register.
pub(crate) fn key_name(history: &RegisterHistory, key: u32) -> String {
    if (key as usize) < history.keys.len() { history.keys.name(key) } else { "the register".into() }
}

/// Zones that clash, or a read that no write explains.
pub(super) fn of_clash(history: &RegisterHistory, register: &[u32], clash: &Clash) -> Explanation {
    let say = |place| describe(history, place);
    match *clash {
        Clash::Unwritten { reader } => of_unwritten(history, register, reader),
        Clash::BeforeItsWrite { reader, writer } => explain(
            vec![format!("{} was over before {} was invoked.", say(reader), say(writer))],
            &[reader, writer],
        ),
        Clash::SameVersionTwice { one, other } => explain(
            vec![
                format!("{} and {} found the same version.", say(one), say(other)),
                "Whichever came first replaced it, and the value was written only once.".into(),
            ],
            &[one, other],
        ),
        Clash::Circle { member } => explain(
            vec![
                format!(
                    "{} found what another compare-and-set left, which found what one before it left,",
                    say(member)
                ),
                "and so on in a circle: none of them can be the first.".into(),
            ],
            &[member],
        ),
        Clash::OutOfOrder { earlier, later } => explain(
            vec![
                format!(
                    "{} comes before {} by the values that were found and left:",
                    say(earlier),
                    say(later)
                ),
                "compare-and-sets lead from the one to the other.".into(),
                format!("Yet {} was over before {} was invoked.", say(later), say(earlier)),
            ],
            &[earlier, later],
        ),
        Clash::Zones { one, other } => of_zones(history, one, other),
    }
}

/// A read of what nobody wrote, or of what a failed operation would have written.
pub(crate) fn unwritten(history: &RegisterHistory, reader: u32) -> Explanation {
    let key = history.operations[reader as usize].key;
    let of_register = |place: &u32| history.operations[*place as usize].key == key;
    let register: Vec<u32> = (0..index(history.operations.len())).filter(of_register).collect();
    of_unwritten(history, &register, reader)
}

fn of_unwritten(history: &RegisterHistory, register: &[u32], reader: u32) -> Explanation {
    let (RegisterAction::Read(Some(seen)) | RegisterAction::CompareAndSet { from: seen, .. }) =
        history.operations[reader as usize].action
    else {
        unreachable!("only what saw a value can have seen one that nobody wrote");
    };
    let left = |place: &&u32| written(&history.operations[**place as usize]) == Some(seen);
    let reader_said = describe(history, reader);
    match register.iter().find(left) {
        Some(&writer) => explain(
            vec![format!("{reader_said} saw what never was there: {} failed.", describe(history, writer))],
            &[reader, writer],
        ),
        None => explain(vec![format!("{reader_said} saw a value that nobody wrote.")], &[reader]),
    }
}

fn of_zones(history: &RegisterHistory, one: Zone, other: Zone) -> Explanation {
    let before = |earlier: Zone, later: Zone| {
        let (done, begun) = (describe(history, earlier.first_done), describe(history, later.last_begun));
        format!("{done} was over before {begun} was invoked.")
    };
    let value = |zone: Zone| value_of(history, zone.last_begun);
    let words = vec![
        if other.first_done == u32::MAX || one.first_done == u32::MAX {
            format!(
                "Before its first write the register holds {}.",
                value(if one.first == 0 { one } else { other })
            )
        } else {
            before(one, other)
        },
        if other.first == 0 { before(one, other) } else { before(other, one) },
        format!(
            "Values are written once: what wrote or read {} stands together, before or after all that wrote or read {}.",
            value(one),
            value(other)
        ),
    ];
    explain(words, &[one.first_done, one.last_begun, other.first_done, other.last_begun])
}

fn value_of(history: &RegisterHistory, place: u32) -> String {
    let operation = &history.operations[place as usize];
    match operation.action {
        RegisterAction::Read(seen) => history.values.value(seen.unwrap_or(ValueId::NIL)),
        RegisterAction::Write(value) | RegisterAction::CompareAndSet { to: value, .. } => {
            history.values.value(value)
        }
    }
}

/// The last prefix that has a legal order, and what cannot follow it.
pub(super) fn of_stuck(history: &RegisterHistory, register: &[u32], stuck: &Stuck) -> Explanation {
    let mut words = vec![prefix(history, stuck)];
    words.push(format!("Then the register holds {}.", alternatives(history, &stuck.states)));
    words.push(format!(
        "{} cannot follow: {}.",
        describe(history, stuck.next),
        why(history, register, stuck)
    ));
    let open: Vec<String> = stuck.open.iter().take(LISTED).map(|&place| open_one(history, place)).collect();
    if !open.is_empty() {
        let more = stuck.open.len() - open.len();
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        words.push(format!("Still open, and of no help: {}{more}.", open.join(", ")));
    }
    let involved: Vec<u32> =
        stuck.last.into_iter().chain([stuck.next]).chain(stuck.open.iter().copied()).collect();
    explain(words, &involved)
}

/// Open operations that are listed by name: more than these help no reader.
const LISTED: usize = 8;

fn prefix(history: &RegisterHistory, stuck: &Stuck) -> String {
    match stuck.last {
        None => "Nothing completed before.".into(),
        Some(last) => format!("All that completed up to {} has a legal order.", describe(history, last)),
    }
}

fn alternatives(history: &RegisterHistory, states: &[ValueId]) -> String {
    let names: Vec<String> = states.iter().map(|&state| history.values.value(state)).collect();
    names.join(" or ")
}

fn open_one(history: &RegisterHistory, place: u32) -> String {
    let operation = &history.operations[place as usize];
    let doubt = if operation.completed == NEVER { ", whose outcome nobody knows" } else { "" };
    format!("{}{doubt}", describe(history, place))
}

fn why(history: &RegisterHistory, register: &[u32], stuck: &Stuck) -> String {
    let operation = &history.operations[stuck.next as usize];
    let (RegisterAction::Read(Some(seen)) | RegisterAction::CompareAndSet { from: seen, .. }) =
        operation.action
    else {
        return "what it must come before or after leaves it no place".into();
    };
    let seen_name = history.values.value(seen);
    let writes = |place: &&u32| {
        let writer = &history.operations[**place as usize];
        written(writer) == Some(seen)
            && writer.outcome != Outcome::Fail
            && writer.invoked < operation.completed
    };
    match register.iter().rev().find(writes) {
        None => format!("nothing had written {seen_name} when it completed"),
        Some(&writer) => {
            format!(
                "no order lets it see {seen_name}, which {} was the last to write",
                describe(history, writer)
            )
        }
    }
}

fn explain(words: Vec<String>, involved: &[u32]) -> Explanation {
    let mut places: Vec<usize> =
        involved.iter().filter(|&&place| place != u32::MAX).map(|&place| place as usize).collect();
    places.sort_unstable();
    places.dedup();
    Explanation { words, cycle: Vec::new(), involved: places }
}
