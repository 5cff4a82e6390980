//! The steps of a transaction: `[:append k v]`, `[:r k v]`, `[:w k v]`.

use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::{Bracket, Forms, Token};
use crate::recorded::{Elements, Names, Step, ValueId, Versions};

/// The steps of the transaction read last.
#[derive(Default)]
pub(super) struct Scratch {
    /// A read of `nil` is [`Step::ReadUnknown`]: what it means depends on the outcome.
    pub steps: Vec<Step>,
    /// What [`Step::ReadList`] refers to.
    pub elements: Vec<ValueId>,
}

/// The names of keys and values.
pub(super) struct Tables<'t> {
    pub keys: &'t mut Names,
    pub values: &'t mut Names,
}

/// What a step does.
enum Function {
    Append,
    Write,
    Read,
}

const LISTS: &str = "steps of list-append are [:append key value] and [:r key [values]]";
const REGISTERS: &str = "steps of rw-register are [:w key value] and [:r key value]";

fn help(versions: Versions) -> &'static str {
    match versions {
        Versions::Lists => LISTS,
        Versions::Registers => REGISTERS,
    }
}

impl Scratch {
    /// Reads one transaction.
    pub fn read<'a>(
        &mut self,
        versions: Versions,
        tables: &mut Tables<'_>,
        forms: &mut impl Forms<'a>,
    ) -> Result<(), Box<Fault>> {
        self.steps.clear();
        self.elements.clear();
        let bracket = forms.open_sequence("a vector of steps", help(versions))?;
        loop {
            let token = forms.token()?;
            match token.opens_sequence() {
                Some(inner) => self.step(inner, versions, tables, forms)?,
                None if token == Token::Close(bracket) => return Ok(()),
                None => {
                    let message = format!("expected a step, found {}", token.describe());
                    return Err(forms.wrong(message, help(versions)));
                }
            }
        }
    }

    #[inline]
    fn step<'a>(
        &mut self,
        bracket: Bracket,
        versions: Versions,
        tables: &mut Tables<'_>,
        forms: &mut impl Forms<'a>,
    ) -> Result<(), Box<Fault>> {
        let function = function(versions, forms)?;
        let key = forms.token()?;
        let key = forms.named(tables.keys, key)?;
        let value = forms.token()?;
        let step = match (function, versions) {
            (Function::Append, _) => Step::Append { key, value: written(value, tables, forms)? },
            (Function::Write, _) => Step::Write { key, value: written(value, tables, forms)? },
            (Function::Read, _) if value == Token::Nil => Step::ReadUnknown { key },
            (Function::Read, Versions::Registers) if value.opens_sequence().is_some() => {
                let message = format!("expected a value, found {}", value.describe());
                return Err(forms.wrong(message, REGISTERS).of(Foreign::READS_LISTS));
            }
            (Function::Read, Versions::Registers) => {
                Step::Read { key, value: ValueId(forms.named(tables.values, value)?) }
            }
            (Function::Read, Versions::Lists) => {
                Step::ReadList { key, elements: self.list(value, tables, forms)? }
            }
        };
        self.steps.push(step);
        forms.close(bracket, help(versions))
    }

    /// A list behind its first bracket.
    fn list<'a>(
        &mut self,
        open: Token<'a>,
        tables: &mut Tables<'_>,
        forms: &mut impl Forms<'a>,
    ) -> Result<Elements, Box<Fault>> {
        let Some(bracket) = open.opens_sequence() else {
            let foreign = matches!(open, Token::Integer(_)).then_some(Foreign::READS_VALUES);
            let message = format!("expected a list, found {}", open.describe());
            return Err(forms.wrong(message, LISTS).of(foreign));
        };
        let start = self.elements.len();
        loop {
            let token = forms.token()?;
            if token == Token::Close(bracket) {
                let length = self.elements.len() - start;
                return match (u32::try_from(start), u32::try_from(length)) {
                    (Ok(start), Ok(length)) => Ok(Elements { start, length }),
                    _ => Err(forms.wrong("the transaction reads more than 2^32 elements".into(), LISTS)),
                };
            }
            self.elements.push(ValueId(forms.named(tables.values, token)?));
        }
    }
}

fn function<'a>(versions: Versions, forms: &mut impl Forms<'a>) -> Result<Function, Box<Fault>> {
    let token = forms.token()?;
    match (token.name(), versions) {
        (b"r" | b"read", _) => Ok(Function::Read),
        (b"append", Versions::Lists) => Ok(Function::Append),
        (b"w" | b"write", Versions::Registers) => Ok(Function::Write),
        _ => {
            let message = format!("{} is no step of this workload", token.describe());
            Err(forms.wrong(message, help(versions)).of(Foreign::step(token.name())))
        }
    }
}

fn written<'a>(
    token: Token<'a>,
    tables: &mut Tables<'_>,
    forms: &impl Forms<'a>,
) -> Result<ValueId, Box<Fault>> {
    if token == Token::Nil {
        return Err(
            forms.wrong("nil cannot be written".into(), "nil is what a key holds before its first write")
        );
    }
    forms.named(tables.values, token).map(ValueId)
}
