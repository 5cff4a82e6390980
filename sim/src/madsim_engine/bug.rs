/// A bug planted in the engine, so that tests can show that they would notice one.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineBug {
    /// Timers that were cancelled, replaced or set before a crash run out all the same.
    StaleTimerFires,
    /// A crash leaves what waited in line for a core.
    InboxSurvivesCrash,
    /// A message that arrives during a pause is lost.
    PauseLosesMessage,
}
