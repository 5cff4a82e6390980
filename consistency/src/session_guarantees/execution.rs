//! What happened on the registers: sessions as chains of events, and which write each read saw.

use crate::linearizability::{initial_value, observed, written};
use crate::recorded::{RegisterAction, RegisterHistory, RegisterOperation, ValueId};
use crate::register_check::Initial;
use crate::{Outcome, history::index};

/// What a read saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is no read, or saw what nobody wrote.
    Nothing,
    /// What the register held before its first write.
    Initial,
    /// What this event wrote.
    Version(u32),
}

/// One operation that took place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// Its place in the history.
    pub place: u32,
    pub chain: u32,
    pub key: u32,
    pub seen: Seen,
    pub writes: bool,
    /// Its outcome is known.
    pub certain: bool,
}

/// The events of a session in order, or a single one without a known outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    pub start: u32,
    pub end: u32,
    /// The event of another chain that comes before all of this one.
    pub after: Option<u32>,
}

/// All that took place.
///
/// Failed operations did not, indeterminate reads say nothing. An indeterminate write took place if it was read: a
/// chain of its own, after what its session did before. One that was not read is left out: taken out of any order that
/// has it, it leaves the order legal.
pub(crate) struct Execution {
    /// Chain after chain.
    pub events: Vec<Event>,
    pub chains: Vec<Chain>,
    /// The writes of each register by chain: see [`Execution::writers`].
    writers: Vec<Writers>,
    writes: Vec<u32>,
    first_writers: Vec<u32>,
    /// Reads of what nobody wrote, or what only failed operations wrote, by place in the history.
    pub unwritten: Vec<u32>,
}

/// One chain's writes of one register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writers {
    pub chain: u32,
    start: u32,
    end: u32,
}

/// A value was written to a register more than once, counting the one before its first write.
pub(crate) struct Unfit {
    pub key: u32,
    pub value: ValueId,
}

impl Execution {
    /// Finds out what each read saw.
    pub(crate) fn new(history: &RegisterHistory, initial: Initial) -> Result<Self, Unfit> {
        let writers = WriterTable::new(history, initial)?;
        let happened = writers.happened(history);
        let (mut execution, event_of) = Self::arrange(history, &happened);
        execution.resolve(history, &writers, &event_of);
        execution.index_writes();
        Ok(execution)
    }

    /// The chains that write a register, ascending.
    pub(crate) fn writers(&self, key: u32) -> &[Writers] {
        let key = key as usize;
        &self.writers[self.first_writers[key] as usize..self.first_writers[key + 1] as usize]
    }

    /// The number of a writer among all, for tables.
    pub(crate) fn writer_number(&self, key: u32, chain: u32) -> Option<usize> {
        let among = self.writers(key).binary_search_by_key(&chain, |writers| writers.chain).ok()?;
        Some(self.first_writers[key as usize] as usize + among)
    }

    /// How many writers there are in all.
    pub(crate) fn writer_count(&self) -> usize {
        self.writers.len()
    }

    /// The events by which one chain writes one register, in order.
    pub(crate) fn writes(&self, writers: &Writers) -> &[u32] {
        &self.writes[writers.start as usize..writers.end as usize]
    }

    /// How many events of its chain stand before an event.
    pub(crate) fn position(&self, event: u32) -> u32 {
        event - self.chains[self.events[event as usize].chain as usize].start
    }

    /// What a chain wrote last to a register among its first `count` events.
    pub(crate) fn last_write(&self, writers: &Writers, count: u32) -> Option<u32> {
        let end = self.chains[writers.chain as usize].start + count;
        let writes = self.writes(writers);
        writes[..writes.partition_point(|&write| write < end)].last().copied()
    }

    fn arrange(history: &RegisterHistory, happened: &[bool]) -> (Self, Vec<u32>) {
        let operation = |place: &u32| &history.operations[*place as usize];
        let mut places: Vec<u32> =
            (0..index(happened.len())).filter(|&place| happened[place as usize]).collect();
        places.sort_by_key(|place| operation(place).process);
        let mut execution = Self {
            events: Vec::with_capacity(places.len()),
            chains: Vec::new(),
            writers: Vec::new(),
            writes: Vec::new(),
            first_writers: Vec::new(),
            unwritten: Vec::new(),
        };
        let mut event_of = vec![u32::MAX; happened.len()];
        for session in places.chunk_by(|a, b| operation(a).process == operation(b).process) {
            execution.add_session(history, session, &mut event_of);
        }
        (execution, event_of)
    }

    fn add_session(&mut self, history: &RegisterHistory, session: &[u32], event_of: &mut [u32]) {
        let certain = |place: &u32| history.operations[*place as usize].outcome == Outcome::Ok;
        let start = index(self.events.len());
        let mut doubtful = Vec::new();
        for &place in session {
            if certain(&place) {
                event_of[place as usize] = index(self.events.len());
                self.push(history, place, index(self.chains.len()));
            } else {
                doubtful
                    .push((place, index(self.events.len()).checked_sub(1).filter(|&before| before >= start)));
            }
        }
        let end = index(self.events.len());
        if start < end {
            self.chains.push(Chain { start, end, after: None });
        }
        for (place, after) in doubtful {
            let start = index(self.events.len());
            event_of[place as usize] = start;
            self.push(history, place, index(self.chains.len()));
            self.chains.push(Chain { start, end: start + 1, after });
        }
    }

    fn push(&mut self, history: &RegisterHistory, place: u32, chain: u32) {
        let operation = &history.operations[place as usize];
        let writes = written(operation).is_some();
        let certain = operation.outcome == Outcome::Ok;
        self.events.push(Event { place, chain, key: operation.key, seen: Seen::Nothing, writes, certain });
    }

    fn resolve(&mut self, history: &RegisterHistory, writers: &WriterTable, event_of: &[u32]) {
        for event in &mut self.events {
            let operation = &history.operations[event.place as usize];
            let Some(value) = needed(operation) else { continue };
            event.seen = match writers.find(operation.key, value) {
                Some(INITIALLY) => Seen::Initial,
                Some(place) => Seen::Version(event_of[place as usize]),
                None => {
                    self.unwritten.push(event.place);
                    Seen::Nothing
                }
            };
        }
        self.unwritten.sort_unstable();
    }

    fn index_writes(&mut self) {
        let key_of = |event: &u32| self.events[*event as usize].key;
        let keys = self.events.iter().map(|event| event.key + 1).max().unwrap_or(0);
        let mut writes: Vec<u32> =
            (0..index(self.events.len())).filter(|&event| self.events[event as usize].writes).collect();
        writes.sort_by_key(key_of);
        let mut first_writers = Vec::with_capacity(keys as usize + 1);
        for (at, write) in (0..).zip(&writes) {
            let (key, chain) = (key_of(write), self.events[*write as usize].chain);
            let known = first_writers.len() as u32 == key + 1;
            match self.writers.last_mut() {
                Some(last) if known && last.chain == chain => last.end = at + 1,
                _ => {
                    first_writers.resize(key as usize + 1, index(self.writers.len()));
                    self.writers.push(Writers { chain, start: at, end: at + 1 });
                }
            }
        }
        first_writers.resize(keys as usize + 1, index(self.writers.len()));
        (self.writes, self.first_writers) = (writes, first_writers);
    }
}

/// The value an operation must have seen if it took place.
fn needed(operation: &RegisterOperation) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(seen) => seen,
        RegisterAction::CompareAndSet { from, .. } => Some(from),
        RegisterAction::Write(_) => None,
    }
}

/// In place of the writer: nobody, it was there at first.
const INITIALLY: u32 = u32::MAX;

/// Who wrote what, failed operations aside: sorted by register and value.
struct WriterTable {
    rows: Vec<(u32, ValueId, u32)>,
}

impl WriterTable {
    fn new(history: &RegisterHistory, initial: Initial) -> Result<Self, Unfit> {
        let mut rows = initial_rows(history, initial);
        for (place, operation) in (0..).zip(&history.operations) {
            let value = written(operation).filter(|_| operation.outcome != Outcome::Fail);
            let row = value.map(|value| (operation.key, value, place));
            // What finds the very value that it leaves writes it for the second time.
            rows.extend(row.filter(|_| needed(operation) == value));
            rows.extend(row);
        }
        rows.sort_unstable();
        let twice = |rows: &&[(u32, ValueId, u32)]| (rows[0].0, rows[0].1) == (rows[1].0, rows[1].1);
        match rows.windows(2).find(twice) {
            Some(rows) => Err(Unfit { key: rows[0].0, value: rows[0].1 }),
            None => Ok(Self { rows }),
        }
    }

    fn find(&self, key: u32, value: ValueId) -> Option<u32> {
        let row = self.rows.binary_search_by_key(&(key, value), |row| (row.0, row.1)).ok()?;
        Some(self.rows[row].2)
    }

    /// Acknowledged operations, and indeterminate writes that something which happened has seen.
    fn happened(&self, history: &RegisterHistory) -> Vec<bool> {
        let told = |operation: &RegisterOperation| {
            operation.outcome == Outcome::Ok && !matches!(operation.action, RegisterAction::Read(None))
        };
        let mut happened: Vec<bool> = history.operations.iter().map(told).collect();
        let mut seen: Vec<(u32, ValueId)> = history
            .operations
            .iter()
            .filter_map(|operation| Some((operation.key, observed(operation)?)))
            .collect();
        while let Some((key, value)) = seen.pop() {
            let Some(writer) = self.find(key, value).filter(|&writer| writer != INITIALLY) else { continue };
            if !std::mem::replace(&mut happened[writer as usize], true) {
                seen.extend(needed(&history.operations[writer as usize]).map(|value| (key, value)));
            }
        }
        happened
    }
}

fn initial_rows(history: &RegisterHistory, initial: Initial) -> Vec<(u32, ValueId, u32)> {
    let mut rows = Vec::new();
    crate::linearizability::by_key(history, |register| {
        let key = history.operations[register[0] as usize].key;
        rows.push((key, initial_value(history, register, initial), INITIALLY));
    });
    rows
}
