//! `bank`: `:transfer` of `{:from a, :to b, :amount n}`, `:read` of `{a n, b n}`; or `:txn` for both, of `[[:add a -n]
//! [:add b n]]` and of `[[:r a n] [:r b n]]`.

use std::collections::BTreeSet;

use super::rules::{integer, invoked};
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::{Bracket, Forms, Token};
use crate::workload_judges::{BankAction, BankHistory, WorkloadOperation};

/// Reads banks.
#[derive(Default)]
pub(in crate::jepsen) struct Bank {
    history: BankHistory,
    /// The balances read last.
    balances: Vec<(u32, Option<i64>)>,
    /// What the transaction read last adds, and to which account.
    additions: Vec<(u32, i64)>,
    /// Whether there are transactions: they may read some of the accounts, and tell nothing then.
    transacts: bool,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) enum Function {
    Transfer,
    Read,
    Transact,
}

/// A value; the balances of a read are in [`Bank::balances`].
#[derive(Clone, Copy, Debug)]
pub(in crate::jepsen) enum Value {
    Transfer(BankAction),
    Balances,
    Nil,
}

const TRANSFER: &str = "a transfer's value is {:from account, :to account, :amount number}";
const NO_TRANSFER: &str = "the transaction gives to one account something else than it takes from another";
const STEPS: &str =
    "a transaction is [[:add account -n] [:add account n]], or [[:r account balance] …] of all accounts";
const READ: &str = "a read's value is a map from accounts to balances, {0 10, 1 20}";

impl Workload for Bank {
    type Function = Function;
    type Value = Value;
    type Record = WorkloadOperation<BankAction>;
    type History = BankHistory;

    const NAME: &'static str = "bank";
    const FUNCTIONS: &'static str = "banks have :transfer and :read, or :txn for both";

    fn function(name: &[u8]) -> Option<Function> {
        match name {
            b"transfer" => Some(Function::Transfer),
            b"read" => Some(Function::Read),
            b"txn" => Some(Function::Transact),
            _ => None,
        }
    }

    fn value<'a>(&mut self, function: Function, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        match (forms.token()?, function) {
            (token, Function::Transact) => self.transaction(token, forms),
            (Token::Open(Bracket::Map), Function::Transfer) => self.transfer(forms),
            (Token::Open(Bracket::Map), Function::Read) => self.read_balances(forms),
            (Token::Nil, Function::Read) => Ok(Value::Nil),
            (token, function) => {
                let help = if function == Function::Read { READ } else { TRANSFER };
                Err(forms.wrong(format!("expected a map, found {}", token.describe()), help))
            }
        }
    }

    fn invoke(&mut self, function: Function, value: Option<Value>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let action = match (function, value) {
            (Function::Transfer | Function::Transact, Some(Value::Transfer(action))) => action,
            (Function::Transact, None) => return Err(stamp.wrong("the transaction has no :value", STEPS)),
            (Function::Transfer, _) => return Err(stamp.wrong("the transfer has no :value", TRANSFER)),
            (Function::Read | Function::Transact, _) => BankAction::Read { first: 0, count: 0 },
        };
        self.history.operations.push(invoked(stamp, action));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<Value>, told: Told) -> Result<(), Box<Fault>> {
        let is_read = matches!(self.history.operations[place].action, BankAction::Read { .. });
        if told.outcome != Outcome::Ok || !is_read {
            return Ok(());
        }
        let Some(Value::Balances) = value else {
            return Err(told.wrong("a read that is ok has no :value", READ));
        };
        self.history.operations[place].action = self.history.push_balances(self.balances.drain(..));
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.history.operations
    }

    fn finish(mut self) -> BankHistory {
        if self.transacts {
            self.drop_partial_reads();
        }
        self.history
    }
}

impl Bank {
    /// A transfer behind its bracket.
    fn transfer<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let (mut from, mut to, mut amount) = (None, None, None);
        loop {
            let key = forms.token()?;
            match key.name() {
                _ if key == Token::Close(Bracket::Map) => break,
                b"from" => from = Some(self.account(forms)?),
                b"to" => to = Some(self.account(forms)?),
                b"amount" => amount = Some(integer(forms, TRANSFER)?),
                _ => forms.skip()?,
            }
        }
        match (from, to, amount) {
            (Some(from), Some(to), Some(amount)) => {
                Ok(Value::Transfer(BankAction::Transfer { from, to, amount }))
            }
            _ => Err(forms.wrong("the transfer has no :from, no :to or no :amount".into(), TRANSFER)),
        }
    }

    /// Balances behind their bracket.
    fn read_balances<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        self.balances.clear();
        loop {
            let token = forms.token()?;
            if token == Token::Close(Bracket::Map) {
                return Ok(Value::Balances);
            }
            let account = self.account_of(token, forms)?;
            let token = forms.token()?;
            self.balances.push((account, balance(token, forms)?));
        }
    }

    /// Steps, of which reads inside of a transfer count for nothing: they see some accounts only.
    fn transaction<'a>(&mut self, token: Token<'a>, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        self.transacts = true;
        self.balances.clear();
        self.additions.clear();
        let Some(bracket) = token.opens_sequence() else {
            return Err(forms.wrong(format!("expected a vector of steps, found {}", token.describe()), STEPS));
        };
        loop {
            let token = forms.token()?;
            match token.opens_sequence() {
                Some(inner) => self.step(inner, forms)?,
                None if token == Token::Close(bracket) => break,
                None => {
                    return Err(forms.wrong(format!("expected a step, found {}", token.describe()), STEPS));
                }
            }
        }
        match self.additions[..] {
            [] => Ok(Value::Balances),
            [(from, taken), (to, given)] if taken.checked_neg() == Some(given) => {
                Ok(Value::Transfer(BankAction::Transfer { from, to, amount: given }))
            }
            _ => Err(forms.wrong(NO_TRANSFER.into(), STEPS).of(Foreign::TRANSACTION)),
        }
    }

    /// A step behind its bracket.
    fn step<'a>(&mut self, bracket: Bracket, forms: &mut impl Forms<'a>) -> Result<(), Box<Fault>> {
        let token = forms.token()?;
        match token.name() {
            b"r" | b"read" => {
                let account = self.account(forms)?;
                let token = forms.token()?;
                self.balances.push((account, balance(token, forms)?));
            }
            b"add" => {
                let account = self.account(forms)?;
                self.additions.push((account, integer(forms, STEPS)?));
            }
            name => {
                let message = format!("{} is no step of this workload", token.describe());
                return Err(forms.wrong(message, STEPS).of(Foreign::step(name)));
            }
        }
        forms.close(bracket, STEPS)
    }

    /// Who reads some of the accounts only, at most hears of money that is under way.
    fn drop_partial_reads(&mut self) {
        let BankHistory { operations, balances, .. } = &mut self.history;
        let mut accounts = BTreeSet::new();
        for operation in &*operations {
            match operation.action {
                BankAction::Transfer { from, to, .. } => accounts.extend([from, to]),
                BankAction::Read { first, count } => {
                    let read = &balances[first as usize..][..count as usize];
                    accounts.extend(read.iter().map(|(account, _)| *account));
                }
            }
        }
        let all = accounts.len();
        operations.retain(|operation| match operation.action {
            BankAction::Transfer { .. } => true,
            BankAction::Read { count, .. } => operation.outcome != Outcome::Ok || count as usize == all,
        });
    }

    fn account<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<u32, Box<Fault>> {
        let token = forms.token()?;
        self.account_of(token, forms)
    }

    /// Keys of JSON are strings: `"7"` is the account `7`.
    fn account_of<'a>(&mut self, token: Token<'a>, forms: &impl Forms<'a>) -> Result<u32, Box<Fault>> {
        let number = match token {
            Token::Text(_) => std::str::from_utf8(token.name()).ok().and_then(|text| text.parse().ok()),
            _ => None,
        };
        forms.named(&mut self.history.accounts, number.map_or(token, Token::Integer))
    }
}

fn balance<'a>(token: Token<'a>, forms: &impl Forms<'a>) -> Result<Option<i64>, Box<Fault>> {
    match token {
        Token::Nil => Ok(None),
        Token::Integer(balance) => Ok(Some(balance)),
        token => Err(forms.wrong(format!("{} is no balance", token.describe()), READ)),
    }
}
