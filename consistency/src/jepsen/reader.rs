//! From text to records: windows, frames, operations, pairs.

use std::collections::BTreeSet;
use std::io::Read;

use super::edn::Tokenizer;
use super::error::{Fault, ReadError};
use super::foreign::Skipped;
use super::format::Format;
use super::forms::{Bracket, Forms, Token};
use super::frame::{Frame, Step};
use super::json::{Between, Tape, TapeReader, between};
use super::operation::{Event, EventOf, Kind, read_event};
use super::order::{Clock, Stamped};
use super::pairing::{Open, Pairing};
use super::source::Source;
use super::workloads::{Stamp, Told, Workload};
use crate::Outcome;

/// Whether operations of other workloads are passed over, or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    PassedOver,
    Wrong,
}

/// Reads a whole history, and counts what was passed over.
pub(super) fn read<W: Workload>(
    input: impl Read,
    format: Format,
    workload: W,
    others: Others,
) -> Result<(W::History, Skipped), ReadError> {
    let mut source = Source::new(input);
    let mut frame = Frame::Start;
    let mut tape = Tape::default();
    let mut recorder = Recorder::new(workload, others);
    loop {
        let (text, last) = source.window();
        let step = match format {
            Format::Edn => edn_step(text, last, frame, &mut recorder.workload),
            Format::Json => json_step(text, last, frame, &mut tape, &mut recorder.workload),
        };
        match step {
            Ok((_, _, Step::End)) => return recorder.finish(),
            Ok((end, next, step)) => {
                if let Step::Event(offset, event) = step {
                    let line = source.position(offset).0;
                    recorder.record(event, offset, line).map_err(|fault| source.locate(*fault))?;
                }
                source.consume(end);
                frame = next;
            }
            Err(fault) if fault.incomplete && !last => source.refill()?,
            Err(fault) => return Err(source.locate(*fault)),
        }
    }
}

/// Where a step ended, what it left the reader in, and what it came to.
type Stepped<W> = Result<(usize, Frame, Step<EventOf<W>>), Box<Fault>>;

const WHOLE: &str = "a history is a sequence of maps, or one vector of maps";

fn edn_step<W: Workload>(text: &[u8], last: bool, frame: Frame, workload: &mut W) -> Stepped<W> {
    let mut forms = Tokenizer::new(text, last);
    let token = forms.token_or_end()?;
    let offset = forms.token_offset();
    let wrong = |message: String| Err(Fault::new(offset, message, WHOLE));
    let (frame, step) = match (token, frame) {
        (None, Frame::Inside { .. }) => return Err(Fault::incomplete(text.len())),
        (None, _) => (frame, Step::End),
        (Some(_), Frame::Closed) => return wrong("the vector of operations has ended before this".into()),
        (Some(Token::Open(Bracket::Map)), _) => {
            let event = read_event(&mut forms, workload)?;
            (frame.after_operation(), event.map_or(Step::Passed, |event| Step::Event(offset, event)))
        }
        (Some(Token::Open(bracket @ (Bracket::Vector | Bracket::List))), Frame::Start) => {
            (Frame::Inside { bracket, after: false }, Step::Passed)
        }
        (Some(Token::Close(closed)), Frame::Inside { bracket, .. }) if closed == bracket => {
            (Frame::Closed, Step::Passed)
        }
        (Some(token), _) => return wrong(format!("expected an operation, found {}", token.describe())),
    };
    Ok((forms.offset(), frame, step))
}

fn json_step<W: Workload>(
    text: &[u8],
    last: bool,
    frame: Frame,
    tape: &mut Tape,
    workload: &mut W,
) -> Stepped<W> {
    let offset = match between(text, last, frame)? {
        Between::Object(offset) => offset,
        Between::Bracket(end, frame) => return Ok((end, frame, Step::Passed)),
        Between::End => return Ok((text.len(), frame, Step::End)),
    };
    let length = tape.load(&text[offset..]).map_err(|mut fault| {
        fault.offset += offset;
        fault
    })?;
    let mut forms = TapeReader::after_bracket(tape, offset);
    let event = read_event(&mut forms, workload)?;
    let step = event.map_or(Step::Passed, |event| Step::Event(offset, event));
    Ok((offset + length, frame.after_operation(), step))
}

/// Puts events together to records.
struct Recorder<W: Workload> {
    workload: W,
    pairing: Pairing<W::Function>,
    clock: Clock,
    others: Others,
    skipped: Skipped,
    /// Processes whose last invocation was passed over: its completion is too, whatever it says.
    skipping: BTreeSet<u32>,
}

/// Whose operation, when, and where it stands.
#[derive(Clone, Copy)]
struct At {
    process: u32,
    time: Option<i64>,
    offset: usize,
    line: u32,
}

impl<W: Workload> Recorder<W> {
    fn new(workload: W, others: Others) -> Self {
        Self {
            workload,
            pairing: Pairing::new(),
            clock: Clock::new(),
            others,
            skipped: Skipped::default(),
            skipping: BTreeSet::new(),
        }
    }

    fn record(&mut self, event: EventOf<W>, offset: usize, line: u64) -> Result<(), Box<Fault>> {
        let Event { kind, process, body, time } = event;
        if kind != Kind::Invoke && self.skipping.remove(&process) {
            return Ok(());
        }
        let (function, value) = match body {
            Ok(body) => body,
            Err(fault) => return self.pass_over(kind, process, fault),
        };
        // Lines beyond four thousand million are all called the last of them.
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let at = At { process, time, offset, line };
        match kind {
            Kind::Invoke => self.invoke(function, value, at),
            Kind::Complete(outcome) => self.complete(function, value, outcome, at),
        }
    }

    /// An operation of another workload is counted; what is wrong in every workload is wrong.
    fn pass_over(&mut self, kind: Kind, process: u32, fault: Box<Fault>) -> Result<(), Box<Fault>> {
        let Some(foreign) = fault.foreign.filter(|_| self.others == Others::PassedOver) else {
            return Err(fault);
        };
        match kind {
            Kind::Invoke => {
                self.skipping.insert(process);
            }
            // Only what was read tells that it is another's: it stays as if it had never been answered.
            Kind::Complete(_) => match self.pairing.complete(process, true) {
                Some(open) if self.workload.reads_only(open.place) => self.skipped.half_read += 1,
                _ => return Err(fault),
            },
        }
        self.skipped.add(foreign);
        Ok(())
    }

    fn invoke(&mut self, function: W::Function, value: Option<W::Value>, at: At) -> Result<(), Box<Fault>> {
        let At { process: number, time, offset, line } = at;
        let open = Open { place: self.workload.records().len(), function, line };
        let process = self.pairing.invoke(number, open).map_err(|open| {
            let earlier = open.line;
            let message = format!(
                "process {number} invokes an operation before it has completed the one of line {earlier}"
            );
            Fault::new(offset, message, "a process has one operation open at a time")
        })?;
        let invoked = self.clock.next(time).ok_or_else(|| too_long(offset))?;
        self.workload.invoke(function, value, Stamp { process, invoked, line, offset })
    }

    fn complete(
        &mut self,
        function: W::Function,
        value: Option<W::Value>,
        outcome: Outcome,
        at: At,
    ) -> Result<(), Box<Fault>> {
        let At { process: number, time, offset, .. } = at;
        let open = self.pairing.complete(number, outcome == Outcome::Info).ok_or_else(|| {
            let message = format!("process {number} completes an operation and has none open");
            Fault::new(offset, message, "its :invoke is missing above")
        })?;
        if open.function != function {
            let message = format!("this completes another function than was invoked on line {}", open.line);
            return Err(Fault::new(offset, message, "a completion repeats the :f of its invocation"));
        }
        self.workload.complete(open.place, value, Told { outcome, offset, invoked_line: open.line })?;
        if outcome != Outcome::Info {
            let completed = self.clock.next(time).ok_or_else(|| too_long(offset))?;
            let stamp = self.workload.records()[open.place].stamp();
            (*stamp.outcome, *stamp.completed) = (outcome, completed);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(W::History, Skipped), ReadError> {
        let sessions = self.pairing.session_numbers();
        let records = self.workload.records();
        for record in &mut *records {
            let process = record.stamp().process;
            *process = sessions[*process as usize];
        }
        self.clock.settle(records).map_err(|line| ReadError {
            line: line.into(),
            column: 1,
            message: "by its :time, this operation overlaps another of its process, or ends before it begins"
                .into(),
            help: "leave out :time, and the order of the file counts".into(),
            input: None,
        })?;
        Ok((self.workload.finish(), self.skipped))
    }
}

fn too_long(offset: usize) -> Box<Fault> {
    Fault::new(offset, "the history has more than 2^32 invocations and completions", "judge a part of it")
}
