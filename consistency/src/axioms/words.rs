//! What single reads show to be wrong, in words.

use crate::recorded::{Elements, TransactionHistory, ValueId};
use crate::{Anomaly, Explanation};

/// Speaks of transactions by place, T0 the first, and of keys and values by name.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    history: &'a TransactionHistory,
}

impl<'a> Words<'a> {
    pub(super) fn new(history: &'a TransactionHistory) -> Self {
        Self { history }
    }

    pub(super) fn not_its_own(self, place: u32, key: u32, value: ValueId, own: ValueId) -> Explanation {
        let (key, value, own) = (self.key(key), self.value(value), self.value(own));
        told(
            format!("T{place} read {key} = {value}, though it had itself written {own} to {key} before."),
            [place],
        )
    }

    pub(super) fn not_repeated(self, place: u32, key: u32, first: ValueId, then: ValueId) -> Explanation {
        self.two_versions(place, key, self.value(first), self.value(then))
    }

    pub(super) fn list_not_repeated(
        self,
        place: u32,
        key: u32,
        first: Elements,
        then: Elements,
    ) -> Explanation {
        self.two_versions(place, key, self.list(first), self.list(then))
    }

    /// The same of a transaction that appended to the list in between; `then` is what it did not append itself.
    pub(super) fn list_not_repeated_but_for_its_own(
        self,
        place: u32,
        key: u32,
        first: Elements,
        then: Elements,
    ) -> Explanation {
        let (key, first, then) = (self.key(key), self.list(first), self.list(then));
        told(
            format!("T{place} read {key} = {first} and then, but for its own appends, {key} = {then}."),
            [place],
        )
    }

    fn two_versions(self, place: u32, key: u32, first: String, then: String) -> Explanation {
        let key = self.key(key);
        let words = format!(
            "T{place} read {key} = {first} and then {key} = {then}, and did not write {key} in between."
        );
        told(words, [place])
    }

    pub(super) fn without_own_appends(self, place: u32, key: u32, elements: Elements) -> Explanation {
        let (key, list) = (self.key(key), self.list(elements));
        told(
            format!("T{place} read {key} = {list}, which does not end with what it had itself appended."),
            [place],
        )
    }

    pub(super) fn bad_read(
        self,
        anomaly: Anomaly,
        place: u32,
        key: u32,
        value: ValueId,
        writer: u32,
    ) -> Explanation {
        let (key, value) = (self.key(key), self.value(value));
        let words = match anomaly {
            Anomaly::FutureRead => {
                format!("T{place} read {key} = {value}, which it wrote itself only afterwards.")
            }
            Anomaly::G1a => {
                format!("T{place} read {key} = {value}, which T{writer} had written; T{writer} aborted.")
            }
            _ => format!(
                "T{place} read {key} = {value}, which T{writer} had written; T{writer} wrote {key} again before it committed."
            ),
        };
        let involved = if place == writer { vec![place] } else { vec![place, writer] };
        told(words, involved)
    }

    pub(super) fn garbage(self, place: u32, key: u32, value: ValueId) -> Explanation {
        let (key, value) = (self.key(key), self.value(value));
        told(format!("T{place} read {value} in {key}, which nobody appended."), [place])
    }

    pub(super) fn duplicate(self, place: u32, key: u32, elements: Elements, value: ValueId) -> Explanation {
        let (key, list, value) = (self.key(key), self.list(elements), self.value(value));
        told(format!("T{place} read {key} = {list}, in which {value} stands more than once."), [place])
    }

    pub(super) fn incompatible(self, key: u32, one: (u32, Elements), other: (u32, Elements)) -> Explanation {
        let key = self.key(key);
        let ((one, short), (other, long)) = ((one.0, self.list(one.1)), (other.0, self.list(other.1)));
        let words = format!(
            "T{one} read {key} = {short} and T{other} read {key} = {long}: neither begins the other."
        );
        told(words, [one, other])
    }

    pub(super) fn shuffled(self, place: u32, key: u32, elements: Elements, writer: u32) -> Explanation {
        let (key, list) = (self.key(key), self.list(elements));
        let words = format!(
            "T{place} read {key} = {list}, where T{writer}'s appends are not in the order in which it made them."
        );
        told(words, if place == writer { vec![place] } else { vec![place, writer] })
    }

    pub(super) fn ambiguous(self, key: u32, value: ValueId, one: u32, other: u32) -> String {
        let (key, value) = (self.key(key), self.value(value));
        format!(
            "T{one} and T{other} both wrote {value} to {key}, so that it is not known which of them was read"
        )
    }

    pub(super) fn key(self, key: u32) -> String {
        self.history.keys.name(key)
    }

    pub(super) fn value(self, value: ValueId) -> String {
        self.history.values.value(value)
    }

    /// `[1 2 3]`; the end of it, where it is long.
    pub(super) fn list(self, elements: Elements) -> String {
        let list = self.history.list(elements);
        let shown = &list[list.len().saturating_sub(LONGEST_LIST)..];
        let names: Vec<String> = shown.iter().map(|&value| self.value(value)).collect();
        let dots = if shown.len() < list.len() { "… " } else { "" };
        format!("[{dots}{}]", names.join(" "))
    }
}

/// Witnesses show at most this many elements of a list: what fits on a line.
const LONGEST_LIST: usize = 16;

fn told(words: String, involved: impl IntoIterator<Item = u32>) -> Explanation {
    let involved = involved.into_iter().map(|place| place as usize).collect();
    Explanation { words: vec![words], cycle: Vec::new(), involved }
}
