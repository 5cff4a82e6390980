//! `set`: `:add` of an element, `:read` of all of them, as a vector, a list or a set; of many sets as `[key element]` and
//! `[key [elements]]`, or `:txn` of one step.

use super::keys::{Function, KEYS, Keys};
use super::micro_operations::{Scratch, Tables};
use super::rules::{echoed, invoked};
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::{Bracket, Forms, Token};
use crate::recorded::{Names, Step, ValueId, Versions};
use crate::workload_judges::{ByKey, Keyed, SetAction, SetHistory, WorkloadOperation};

/// Reads sets.
#[derive(Default)]
pub(in crate::jepsen) struct Sets {
    operations: Vec<WorkloadOperation<Keyed<SetAction>>>,
    /// What all reads returned.
    elements: Vec<ValueId>,
    values: Names,
    keys: Keys,
    /// The transaction read last, and in its elements the elements read last.
    scratch: Scratch,
}

/// The key, if there is one, and what is added or read.
#[derive(Clone, Copy, Debug)]
pub(in crate::jepsen) struct Value {
    key: Option<u32>,
    content: Content,
}

/// What is added or read; the elements of a read are in [`Sets::scratch`].
#[derive(Clone, Copy, Debug)]
enum Content {
    Element(ValueId),
    Elements,
    Nil,
}

const ADD: &str = "the value of :add is what is added, or [key element]";
const READ: &str = "a read's value is all elements, [1 2 3] or #{1 2 3}, or [key [1 2 3]]";
const STEPS: &str = "a transaction of one set is [[:append key element]] or [[:r key [elements]]]";

impl Workload for Sets {
    type Function = Function;
    type Value = Value;
    type Record = WorkloadOperation<Keyed<SetAction>>;
    type History = ByKey<SetHistory>;

    const NAME: &'static str = "set";
    const FUNCTIONS: &'static str = "sets have :add and :read, or :txn of one step";

    fn function(name: &[u8]) -> Option<Function> {
        Function::named(name)
    }

    fn value<'a>(&mut self, function: Function, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        if function == Function::Transact {
            return self.transaction(forms);
        }
        self.scratch.elements.clear();
        let token = forms.token()?;
        match function {
            Function::Add => self.added(token, forms),
            _ => self.read(token, forms),
        }
    }

    fn invoke(&mut self, function: Function, value: Option<Value>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let key = value.and_then(|value| value.key);
        let action = match value.map(|value| value.content) {
            Some(Content::Element(element)) => SetAction::Add(element),
            _ if function == Function::Add => return Err(stamp.wrong("the addition has no :value", ADD)),
            _ => SetAction::Read { first: 0, count: 0 },
        };
        // A read may be invoked without a value: its answer says what it read.
        if matches!(action, SetAction::Add(_)) || key.is_some() {
            self.keys.note(key, |message| stamp.wrong(message, KEYS))?;
        }
        self.operations.push(invoked(stamp, Keyed { key, action }));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<Value>, told: Told) -> Result<(), Box<Fault>> {
        let Keyed { key, action } = &mut self.operations[place].action;
        if told.outcome != Outcome::Ok {
            return Ok(());
        }
        if let SetAction::Add(element) = *action {
            let said = value.and_then(|value| match value.content {
                Content::Element(element) => Some((value.key, element)),
                _ => None,
            });
            return echoed((*key, element), said, &told);
        }
        let Some(Value { key: named, content: Content::Elements }) = value else {
            return Err(told.wrong("a read that is ok has no :value", READ));
        };
        self.keys.note_again(*key, named, |message| told.wrong(message, KEYS))?;
        let first = self.elements.len();
        self.elements.append(&mut self.scratch.elements);
        let range = (u32::try_from(first), u32::try_from(self.elements.len() - first));
        let (Ok(first), Ok(count)) = range else {
            return Err(told.wrong("the reads return more than 2^32 elements", "judge a part of the history"));
        };
        (*key, *action) = (named, SetAction::Read { first, count });
        Ok(())
    }

    fn reads_only(&self, place: usize) -> bool {
        matches!(self.operations[place].action.action, SetAction::Read { .. })
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.operations
    }

    fn finish(self) -> ByKey<SetHistory> {
        let Self { operations, elements, values, keys, .. } = self;
        if keys.are_named() {
            let mut numbers = Numbers::new(&values, &elements);
            return ByKey::split(&keys.names, &operations, |operations| numbers.part(operations));
        }
        let lines = operations.iter().map(|operation| operation.line).collect();
        let operations = operations.iter().map(|operation| operation.with(operation.action.action)).collect();
        ByKey::one(SetHistory { operations, elements, values }, lines)
    }
}

impl Sets {
    /// What is added, behind its first token.
    fn added<'a>(&mut self, token: Token<'a>, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let Some(bracket) = token.opens_sequence() else {
            let element = ValueId(forms.named(&mut self.values, token)?);
            return Ok(Value { key: None, content: Content::Element(element) });
        };
        let key = forms.token()?;
        let key = Some(forms.named(&mut self.keys.names, key)?);
        let element = forms.token()?;
        let element = ValueId(forms.named(&mut self.values, element)?);
        forms.close(bracket, ADD)?;
        Ok(Value { key, content: Content::Element(element) })
    }

    /// What is read, behind its first token.
    fn read<'a>(&mut self, token: Token<'a>, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        match token {
            Token::Nil => Ok(Value { key: None, content: Content::Nil }),
            Token::Open(Bracket::Set) => self.rest(Bracket::Map, forms),
            Token::Open(bracket @ (Bracket::Vector | Bracket::List)) => self.keyed_or_not(bracket, forms),
            token => {
                Err(forms
                    .wrong(format!("expected the elements of the set, found {}", token.describe()), READ))
            }
        }
    }

    /// `[1 2 3]`, `[key [1 2 3]]` or `[key nil]`, behind its bracket: what comes second tells which.
    fn keyed_or_not<'a>(
        &mut self,
        bracket: Bracket,
        forms: &mut impl Forms<'a>,
    ) -> Result<Value, Box<Fault>> {
        let place = forms.place();
        let first = forms.token()?;
        if first == Token::Close(bracket) {
            return Ok(Value { key: None, content: Content::Elements });
        }
        let content = match forms.token()? {
            Token::Nil => Content::Nil,
            // `}` closes maps and sets alike.
            Token::Open(Bracket::Set) => self.rest(Bracket::Map, forms)?.content,
            Token::Open(inner @ (Bracket::Vector | Bracket::List)) => self.rest(inner, forms)?.content,
            _ => {
                forms.return_to(place);
                return self.rest(bracket, forms);
            }
        };
        forms.close(bracket, READ)?;
        Ok(Value { key: Some(forms.named(&mut self.keys.names, first)?), content })
    }

    /// Elements behind their bracket.
    fn rest<'a>(&mut self, bracket: Bracket, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        loop {
            let token = forms.token()?;
            if token == Token::Close(bracket) {
                return Ok(Value { key: None, content: Content::Elements });
            }
            self.scratch.elements.push(ValueId(forms.named(&mut self.values, token)?));
        }
    }

    fn transaction<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let mut tables = Tables { keys: &mut self.keys.names, values: &mut self.values };
        self.scratch.read(Versions::Lists, &mut tables, forms)?;
        let (key, content) = match self.scratch.steps[..] {
            [Step::Append { key, value }] => (key, Content::Element(value)),
            [Step::ReadList { key, .. }] => (key, Content::Elements),
            [Step::ReadUnknown { key }] => (key, Content::Nil),
            _ => {
                let message = "the transaction does more than one set can".into();
                return Err(forms.wrong(message, STEPS).of(Foreign::TRANSACTION));
            }
        };
        Ok(Value { key: Some(key), content })
    }
}

/// Gives the elements of each set numbers of its own, from 0 on: judges keep an entry for each.
struct Numbers<'a> {
    values: &'a Names,
    elements: &'a [ValueId],
    /// By number in the whole history: in which set it was met last, and its number there.
    known: Vec<(usize, u32)>,
    sets: usize,
}

impl<'a> Numbers<'a> {
    fn new(values: &'a Names, elements: &'a [ValueId]) -> Self {
        Self { values, elements, known: vec![(0, 0); values.len()], sets: 0 }
    }

    fn part(&mut self, operations: &[WorkloadOperation<SetAction>]) -> SetHistory {
        self.sets += 1;
        let mut set = SetHistory::default();
        for operation in operations {
            let action = match operation.action {
                SetAction::Add(element) => SetAction::Add(self.number(element, &mut set.values)),
                SetAction::Read { first, count } => {
                    let read = &self.elements[first as usize..][..count as usize];
                    let read: Vec<ValueId> =
                        read.iter().map(|&element| self.number(element, &mut set.values)).collect();
                    set.push_elements(read)
                }
            };
            set.operations.push(operation.with(action));
        }
        set
    }

    fn number(&mut self, element: ValueId, names: &mut Names) -> ValueId {
        if element == ValueId::NIL {
            return element;
        }
        let known = &mut self.known[element.0 as usize];
        if known.0 != self.sets {
            // As a word: a table of integers would be as long as the largest of them, in every set.
            *known = (self.sets, names.word(&self.values.name(element.0)));
        }
        ValueId(known.1)
    }
}
