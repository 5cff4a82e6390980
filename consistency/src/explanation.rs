//! What a black-box judge found, told so that a reader can check it against the history.

use crate::{Anomaly, Model};

/// All that was found of one kind, with one of them explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its kind.
    pub anomaly: Anomaly,
    /// How many there are, as far as they were counted: every single one of those that one or two operations show, one
    /// a strongly connected component of those that are cycles.
    pub count: u64,
    /// The smallest of them.
    pub explanation: Explanation,
}

/// One anomaly in words, and as a cycle where it is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Sentences that name transactions or operations, keys and values, one a line.
    pub words: Vec<String>,
    /// The cycle of dependencies, where the anomaly is one.
    pub cycle: Vec<CycleEdge>,
    /// The operations or transactions it speaks of, by place in the history, each once.
    pub involved: Vec<usize>,
}

/// One dependency of a cycle: its end is the next one's beginning, the last one's end the first one's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleEdge {
    /// The transaction that comes first, by place in the history.
    pub from: usize,
    /// The transaction that must come after it.
    pub to: usize,
    /// Why.
    pub dependency: Dependency,
    /// The key it is about; `None` for orders of sessions and of real time.
    pub key: Option<String>,
    /// In words: "T9 appended 2 to x after T4 had appended 1".
    pub words: String,
}

/// Why one transaction must come after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependency {
    /// It overwrote the other's version, or appended to it.
    WriteWrite,
    /// It read the other's version.
    WriteRead,
    /// It overwrote what the other had read.
    ReadWrite,
    /// Its session ran the other before.
    Process,
    /// The other had ended before it began.
    Realtime,
}

impl Dependency {
    /// `ww`, `wr`, `rw`, `process` or `realtime`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WriteWrite => "ww",
            Self::WriteRead => "wr",
            Self::ReadWrite => "rw",
            Self::Process => "process",
            Self::Realtime => "realtime",
        }
    }
}

/// A black-box verdict on one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelVerdict {
    /// Every history like this one is allowed.
    Holds,
    /// Broken, by these anomalies.
    Broken(Vec<Anomaly>),
    /// Not decided, for this reason.
    Unknown(String),
}

/// All that a black-box judge can say of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Everything found, in the order of [`Anomaly`].
    pub found: Vec<Found>,
    /// A verdict on every model that was asked for or judged on the way, in the order of [`Model`].
    pub verdicts: Vec<(Model, ModelVerdict)>,
}

impl Report {
    /// The verdict on one model, where there is one.
    pub fn verdict(&self, model: Model) -> Option<&ModelVerdict> {
        self.verdicts.iter().find(|(of, _)| *of == model).map(|(_, verdict)| verdict)
    }
}
