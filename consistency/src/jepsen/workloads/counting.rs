//! Transactions that count: steps `[:r key number]` and `[:add key number]`.

use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::{Bracket, Forms, Token};
use crate::recorded::Names;

use super::rules::integer;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CountingStep {
    /// Nothing was read yet where the number is missing.
    Read {
        key: u32,
        value: Option<i64>,
    },
    Add {
        key: u32,
        amount: i64,
    },
}

const STEPS: &str = "steps are [:r key number] and [:add key number]";

/// Reads the steps of one transaction.
pub(super) fn steps<'a>(
    keys: &mut Names,
    forms: &mut impl Forms<'a>,
) -> Result<Vec<CountingStep>, Box<Fault>> {
    let bracket = forms.open_sequence("a vector of steps", STEPS)?;
    let mut steps = Vec::new();
    loop {
        let token = forms.token()?;
        match token.opens_sequence() {
            Some(inner) => steps.push(step(inner, keys, forms)?),
            None if token == Token::Close(bracket) => return Ok(steps),
            None => {
                return Err(forms.wrong(format!("expected a step, found {}", token.describe()), STEPS));
            }
        }
    }
}

/// A step behind its bracket.
fn step<'a>(
    bracket: Bracket,
    keys: &mut Names,
    forms: &mut impl Forms<'a>,
) -> Result<CountingStep, Box<Fault>> {
    let function = forms.token()?;
    let is_read = match function.name() {
        b"r" | b"read" => true,
        b"add" => false,
        name => {
            let message = format!("{} is no step of this workload", function.describe());
            return Err(forms.wrong(message, STEPS).of(Foreign::step(name)));
        }
    };
    let key = forms.token()?;
    let key = forms.named(keys, key)?;
    let step = if is_read {
        CountingStep::Read { key, value: read(forms)? }
    } else {
        CountingStep::Add { key, amount: integer(forms, STEPS)? }
    };
    forms.close(bracket, STEPS)?;
    Ok(step)
}

fn read<'a>(forms: &mut impl Forms<'a>) -> Result<Option<i64>, Box<Fault>> {
    match forms.token()? {
        Token::Nil => Ok(None),
        Token::Integer(value) => Ok(Some(value)),
        token => {
            let foreign = token.opens_sequence().map(|_| Foreign::READS_LISTS);
            Err(forms
                .wrong(format!("expected a whole number, found {}", token.describe()), STEPS)
                .of(foreign))
        }
    }
}
