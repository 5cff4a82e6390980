//! Names of keys and values, numbered.

use std::collections::BTreeMap;

use crate::history::index;

/// A value by its number in the history's table of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The value of a key that nobody has written: Jepsen's `nil`, an empty list.
    pub const NIL: Self = Self(u32::MAX);
}

/// A table of names: numbered from 0 on in order of first appearance.
///
/// Integers from 0 up to a few millions, the usual case, are looked up in a plain vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The number of each small integer, [`ABSENT`] where it has none.
    small: Vec<u32>,
    integers: BTreeMap<i64, u32>,
    words: BTreeMap<Box<str>, u32>,
    names: Vec<Name>,
}

/// A scalar as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Integer(i64),
    Word(Box<str>),
}

const ABSENT: u32 = u32::MAX;

/// Integers below this are looked up in a vector: 16 MiB of it at most.
const SMALL: i64 = 1 << 22;

impl Names {
    /// The number of an integer, given now if it has none yet.
    #[inline]
    pub fn integer(&mut self, value: i64) -> u32 {
        if !(0..SMALL).contains(&value) {
            return self.rare_integer(value);
        }
        let slot = value as usize;
        if slot >= self.small.len() {
            self.small.resize((slot + 1).next_power_of_two(), ABSENT);
        }
        if self.small[slot] == ABSENT {
            self.small[slot] = index(self.names.len());
            self.names.push(Name::Integer(value));
        }
        self.small[slot]
    }

    /// The number of a name that is no integer (a keyword with its colon, a string with its quotes), given now if it
    /// has none yet.
    pub fn word(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.words.get(name) {
            return number;
        }
        let number = index(self.names.len());
        self.words.insert(name.into(), number);
        self.names.push(Name::Word(name.into()));
        number
    }

    /// The number of a number; what no `i64` holds is named by its digits.
    pub(crate) fn unsigned(&mut self, value: u64) -> u32 {
        match i64::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => self.word(&value.to_string()),
        }
    }

    fn rare_integer(&mut self, value: i64) -> u32 {
        let next = index(self.names.len());
        let number = *self.integers.entry(value).or_insert(next);
        if number == next {
            self.names.push(Name::Integer(value));
        }
        number
    }

    /// The number of an id of the simulator, if it has one.
    pub fn find_number(&self, id: u64) -> Option<u32> {
        match i64::try_from(id) {
            Ok(id) if id < SMALL => self.small.get(id as usize).copied().filter(|&number| number != ABSENT),
            Ok(id) => self.integers.get(&id).copied(),
            Err(_) => self.words.get(id.to_string().as_str()).copied(),
        }
    }

    /// The id of the simulator that a number stands for.
    pub fn as_id(&self, number: u32) -> Option<u64> {
        self.name(number).parse().ok()
    }

    /// How a number's name was written.
    pub fn name(&self, number: u32) -> String {
        match &self.names[number as usize] {
            Name::Integer(value) => value.to_string(),
            Name::Word(word) => word.to_string(),
        }
    }

    /// The integer behind a number, where it is one.
    pub fn as_integer(&self, number: u32) -> Option<i64> {
        match self.names[number as usize] {
            Name::Integer(value) => Some(value),
            Name::Word(_) => None,
        }
    }

    /// How many there are: numbers are below this.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Nothing was named.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A value's name, `nil` for [`ValueId::NIL`].
    pub fn value(&self, value: ValueId) -> String {
        if value == ValueId::NIL { "nil".into() } else { self.name(value.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_in_order_of_appearance_and_found_again() {
        let mut names = Names::default();
        let numbers = [names.integer(7), names.word(":x"), names.integer(-1), names.integer(1 << 40)];
        assert_eq!(numbers, [0, 1, 2, 3]);
        assert_eq!([names.integer(1 << 40), names.integer(7), names.word(":x")], [3, 0, 1]);
        let written: Vec<String> = (0..names.len() as u32).map(|number| names.name(number)).collect();
        assert_eq!(written, ["7", ":x", "-1", "1099511627776"]);
        assert_eq!((names.as_integer(2), names.as_integer(1)), (Some(-1), None));
        assert_eq!(names.value(ValueId::NIL), "nil");
    }

    #[test]
    fn an_integer_is_not_the_string_that_looks_like_it() {
        let mut names = Names::default();
        assert_ne!(names.integer(7), names.word("\"7\""));
    }
}
