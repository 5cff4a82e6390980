//! Virtual time: nanoseconds since the run began.

/// A moment or a span of virtual time, in nanoseconds.
pub type Time = u64;

/// One microsecond, in ns.
pub const MICROSECOND: Time = 1_000;
/// One millisecond, in ns.
pub const MILLISECOND: Time = 1_000_000;
/// One second, in ns.
pub const SECOND: Time = 1_000_000_000;
