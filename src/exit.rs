//! How a command ends: one code for each kind of end.

/// The exit codes. 64, 65, 70 and 74 are those of BSD's `sysexits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was promised or expected held.
    Pass,
    /// A verdict or an expectation failed.
    Fail,
    /// It could not be told.
    Unknown,
    /// The command line is wrong.
    Usage,
    /// A scenario is wrong.
    BadInput,
    /// A promise of shardlab's own is broken.
    Defect,
    /// Something could not be written.
    InputOutput,
    /// Stopped by Ctrl-C, or by a signal that asks to end.
    Interrupted,
}

impl Exit {
    /// The code that the process ends with.
    pub const fn code(self) -> i32 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Unknown => 2,
            Self::Usage => 64,
            Self::BadInput => 65,
            Self::Defect => 70,
            Self::InputOutput => 74,
            Self::Interrupted => 130,
        }
    }
}
