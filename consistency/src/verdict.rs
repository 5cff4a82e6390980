//! What a judge concludes: pass, fail with a witness, or unknown with the reason.

use std::fmt;

use crate::ToldCycle;

/// The three values a judgement can have, the worse the greater: see [`Verdict::worst`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The property was tested and holds.
    Pass,
    /// The property is broken, and this shows it.
    Fail(Witness),
    /// The evidence does not suffice, for this reason. Never to be shown as a pass.
    Unknown(String),
}

impl Verdict {
    /// The worse of two, fail before unknown before pass; of two equally bad, the first.
    pub fn worst(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }

    /// `pass`, `fail` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether the property is known to be broken.
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }

    /// Whether the property is known to hold.
    pub fn is_pass(&self) -> bool {
        matches!(self, Self::Pass)
    }

    /// The witness of a failure.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Self::Fail(witness) => Some(witness),
            _ => None,
        }
    }

    fn severity(&self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Unknown(_) => 1,
            Self::Fail(_) => 2,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Fail(witness) => write!(f, "fail: {witness}"),
            Self::Unknown(reason) => write!(f, "unknown: {reason}"),
        }
    }
}

/// One violation, told so that a reader can check it against the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name of the anomaly it shows: "lost-write".
    pub anomaly: &'static str,
    /// How many of that name there are, this one included.
    pub count: u64,
    /// Whether it breaks what the judge tests; else it is only counted, as is what a model allows that was asked for.
    pub breaks: bool,
    /// What happened, and what should have happened, in plain sentences, one a line.
    pub words: Vec<String>,
    /// The cycle of dependencies, where it is one.
    pub cycle: Option<ToldCycle>,
    /// Where its operations lie in [`crate::History::operations`].
    pub operations: Vec<usize>,
    /// Where its transactions lie in [`crate::History::transactions`].
    pub transactions: Vec<usize>,
}

impl Witness {
    /// What one sentence tells, of no operation in particular.
    pub(crate) fn new(anomaly: &'static str, count: u64, sentence: String) -> Self {
        Self {
            anomaly,
            count,
            breaks: true,
            words: vec![sentence],
            cycle: None,
            operations: Vec::new(),
            transactions: Vec::new(),
        }
    }
}

/// In one line, with bars between the sentences.
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.join(" | ");
        match self.count {
            1 => write!(f, "{}: {words}", self.anomaly),
            count => write!(f, "{}, one of {count}: {words}", self.anomaly),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(count: u64) -> Verdict {
        Verdict::Fail(Witness::new("lost-write", count, "it is gone".into()))
    }

    #[test]
    fn fail_is_worse_than_unknown_and_unknown_than_pass() {
        let unknown = |why: &str| Verdict::Unknown(why.into());
        assert_eq!(Verdict::Pass.worst(unknown("a")), unknown("a"));
        assert_eq!(unknown("a").worst(Verdict::Pass), unknown("a"));
        assert_eq!(unknown("a").worst(fail(1)), fail(1));
        assert_eq!(fail(1).worst(unknown("a")), fail(1));
        assert_eq!(unknown("a").worst(unknown("b")), unknown("a"));
        assert_eq!(Verdict::Pass.worst(Verdict::Pass), Verdict::Pass);
    }

    #[test]
    fn a_verdict_says_why() {
        assert_eq!(Verdict::Pass.to_string(), "pass");
        assert_eq!(fail(1).to_string(), "fail: lost-write: it is gone");
        assert_eq!(fail(3).to_string(), "fail: lost-write, one of 3: it is gone");
        let words = ["T0 read 1.", "Nobody wrote it."].map(String::from).to_vec();
        let told = Witness { words, ..Witness::new("garbage-read", 1, String::new()) };
        assert_eq!(told.to_string(), "garbage-read: T0 read 1. | Nobody wrote it.");
    }
}
