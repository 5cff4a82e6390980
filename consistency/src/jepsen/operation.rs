//! One line of a history: an invocation or a completion of a client's operation.

use super::error::Fault;
use super::foreign::Foreign;
use super::forms::{Bracket, Forms, Token};
use super::workloads::Workload;
use crate::Outcome;

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoke,
    Complete(Outcome),
}

impl Kind {
    /// A client to whom it did not happen, or who does not know, need not repeat the value: `:value :timed-out`.
    fn may_say_anything(self) -> bool {
        matches!(self, Self::Complete(Outcome::Fail | Outcome::Info))
    }
}

/// A line of a history whose process is a client.
#[derive(Debug)]
pub(super) struct Event<F, V> {
    pub kind: Kind,
    pub process: u32,
    /// The function, and the value where it has a `:value`; or what is wrong with them.
    pub body: Result<(F, Option<V>), Box<Fault>>,
    /// None where it has no `:time`.
    pub time: Option<i64>,
}

/// The event of a workload.
pub(super) type EventOf<W> = Event<<W as Workload>::Function, <W as Workload>::Value>;

const SHAPE: &str = "an operation is written {:process 0, :type :invoke, :f :read, :value nil}";
const TYPES: &str = "the type is :invoke, :ok, :fail or :info";
const PROCESSES: &str = "clients are numbered from 0; all else (:nemesis) is passed over";

/// What is known of an operation while its entries are read, in whatever order they come.
struct Fields<W: Workload> {
    kind: Option<Kind>,
    process: Option<Option<u32>>,
    function: Option<Option<W::Function>>,
    /// What is wrong with the function, if it turns out to be a client's.
    wrong_function: Option<Box<Fault>>,
    value: Value<W::Value>,
    time: Option<i64>,
}

/// A value can only be read once the function is known, and only matters if a client's.
enum Value<V> {
    Absent,
    Read(V),
    Wrong(Box<Fault>),
    /// It stands at this place and was passed over.
    Later(usize),
}

/// Reads an operation whose first bracket was read already; none if it is no client's.
pub(super) fn read_event<'a, W: Workload>(
    forms: &mut impl Forms<'a>,
    workload: &mut W,
) -> Result<Option<EventOf<W>>, Box<Fault>> {
    let mut fields = Fields::<W> {
        kind: None,
        process: None,
        function: None,
        wrong_function: None,
        value: Value::Absent,
        time: None,
    };
    let begin = forms.token_offset();
    loop {
        match forms.token()? {
            Token::Close(Bracket::Map) => break,
            Token::Close(_) => {
                return Err(forms.wrong("expected `}`, which closes the operation".into(), SHAPE));
            }
            Token::Open(_) => return Err(forms.wrong("keys of an operation are keywords".into(), SHAPE)),
            key => fields.read(key.name(), forms, workload)?,
        }
    }
    let process = fields.process.ok_or_else(|| missing(begin, ":process"))?;
    let Some(process) = process else { return Ok(None) };
    fields.event(process, begin, forms, workload).map(Some)
}

fn missing(begin: usize, what: &str) -> Box<Fault> {
    Fault::new(begin, format!("the operation has no {what}"), SHAPE)
}

impl<W: Workload> Fields<W> {
    #[inline]
    fn read<'a>(
        &mut self,
        key: &[u8],
        forms: &mut impl Forms<'a>,
        workload: &mut W,
    ) -> Result<(), Box<Fault>> {
        match key {
            b"type" => self.kind = Some(once(self.kind, ":type", kind(forms)?, forms)?),
            b"process" => self.process = Some(once(self.process, ":process", process(forms)?, forms)?),
            b"f" => {
                let function = self.read_function(forms)?;
                self.function = Some(once(self.function, ":f", function, forms)?);
            }
            b"value" => self.read_value(forms, workload)?,
            b"time" => self.time = time(forms)?,
            _ => forms.skip()?,
        }
        Ok(())
    }

    fn read_function<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<Option<W::Function>, Box<Fault>> {
        let place = forms.place();
        let token = forms.token()?;
        let function = W::function(token.name());
        if function.is_none() {
            let message = format!("the workload {} has no function {}", W::NAME, token.describe());
            self.wrong_function =
                Some(forms.wrong(message, W::FUNCTIONS).of(Foreign::function(token.name())));
            forms.return_to(place);
            forms.skip()?;
        }
        Ok(function)
    }

    fn read_value<'a>(&mut self, forms: &mut impl Forms<'a>, workload: &mut W) -> Result<(), Box<Fault>> {
        if !matches!(self.value, Value::Absent) {
            return Err(forms.wrong("`:value` stands twice".into(), SHAPE));
        }
        let place = forms.place();
        self.value = match self.function {
            Some(Some(function)) => match workload.value(function, forms) {
                Ok(value) => Value::Read(value),
                Err(fault) if fault.incomplete => return Err(fault),
                Err(fault) => Value::Wrong(fault),
            },
            _ => Value::Later(place),
        };
        if !matches!(self.value, Value::Read(_)) {
            forms.return_to(place);
            forms.skip()?;
        }
        Ok(())
    }

    fn event<'a>(
        mut self,
        process: u32,
        begin: usize,
        forms: &mut impl Forms<'a>,
        workload: &mut W,
    ) -> Result<EventOf<W>, Box<Fault>> {
        let kind = self.kind.ok_or_else(|| missing(begin, ":type"))?;
        let time = self.time;
        if let Some(fault) = self.wrong_function.take() {
            return Ok(Event { kind, process, body: Err(fault), time });
        }
        let function = self.function.flatten().ok_or_else(|| missing(begin, ":f"))?;
        let value = match self.value {
            Value::Absent => Ok(None),
            Value::Read(value) => Ok(Some(value)),
            Value::Wrong(fault) => Err(fault),
            Value::Later(place) => {
                let end = forms.place();
                forms.return_to(place);
                let value = workload.value(function, forms).map(Some);
                forms.return_to(end);
                value
            }
        };
        let value = match value {
            Err(fault) if fault.incomplete => return Err(fault),
            Err(_) if kind.may_say_anything() => Ok(None),
            value => value,
        };
        Ok(Event { kind, process, body: value.map(|value| (function, value)), time })
    }
}

/// Two entries of one name would leave it open which counts.
fn once<'a, T>(old: Option<T>, name: &str, new: T, forms: &impl Forms<'a>) -> Result<T, Box<Fault>> {
    match old {
        None => Ok(new),
        Some(_) => Err(forms.wrong(format!("`{name}` stands twice"), SHAPE)),
    }
}

fn kind<'a>(forms: &mut impl Forms<'a>) -> Result<Kind, Box<Fault>> {
    let token = forms.token()?;
    match token.name() {
        b"invoke" => Ok(Kind::Invoke),
        b"ok" => Ok(Kind::Complete(Outcome::Ok)),
        b"fail" => Ok(Kind::Complete(Outcome::Fail)),
        b"info" => Ok(Kind::Complete(Outcome::Info)),
        _ => Err(forms.wrong(format!("{} is no type of operation", token.describe()), TYPES)),
    }
}

/// A client's number; none of all other processes.
fn process<'a>(forms: &mut impl Forms<'a>) -> Result<Option<u32>, Box<Fault>> {
    let token = forms.token()?;
    match token {
        // A bit is left for sessions that get numbers of their own.
        Token::Integer(number) => i32::try_from(number)
            .ok()
            .and_then(|number| u32::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| forms.wrong(format!("`{number}` is no number of a client"), PROCESSES)),
        Token::Keyword(_) | Token::Text(_) => Ok(None),
        _ => Err(forms.wrong(format!("{} is no process", token.describe()), PROCESSES)),
    }
}

fn time<'a>(forms: &mut impl Forms<'a>) -> Result<Option<i64>, Box<Fault>> {
    match forms.token()? {
        Token::Nil => Ok(None),
        Token::Integer(time) => Ok(Some(time)),
        token => Err(forms.wrong(
            format!("{} is no time", token.describe()),
            "times are whole nanoseconds; without them, the order of the file counts",
        )),
    }
}
