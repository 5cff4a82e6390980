//! What workloads with rules of their own have in common: operations that are a stamp and an action.

use super::{Stamp, Told};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::forms::{Forms, Token};
use crate::recorded::NEVER;
use crate::workload_judges::WorkloadOperation;

/// An operation that was just invoked.
pub(super) fn invoked<A>(stamp: Stamp, action: A) -> WorkloadOperation<A> {
    let Stamp { process, invoked, line, .. } = stamp;
    WorkloadOperation { process, outcome: Outcome::Info, invoked, completed: NEVER, line, action }
}

/// What was told done is what was asked for: a completion that says something else is of another operation.
pub(super) fn echoed<T: PartialEq>(invoked: T, said: Option<T>, told: &Told) -> Result<(), Box<Fault>> {
    const ECHOES: &str = "an operation that is ok has the :value of its invocation, or none";
    match said {
        Some(said) if said != invoked => {
            let message = format!("this is not what was invoked on line {}", told.invoked_line);
            Err(told.wrong(message, ECHOES))
        }
        _ => Ok(()),
    }
}

/// The next token must be a whole number.
pub(super) fn integer<'a>(forms: &mut impl Forms<'a>, help: &str) -> Result<i64, Box<Fault>> {
    match forms.token()? {
        Token::Integer(value) => Ok(value),
        token => Err(forms.wrong(format!("expected a whole number, found {}", token.describe()), help)),
    }
}
