//! Wall-clock time: for `meta.json`, and for nothing else.

use std::num::NonZeroUsize;
#[expect(clippy::disallowed_types, reason = "meta.json is the one place of wall-clock time")]
use std::time::{Instant, SystemTime};

use shardlab_reports::Meta;

/// When a run began.
#[expect(clippy::disallowed_types, reason = "meta.json is the one place of wall-clock time")]
pub struct WallClock {
    date: SystemTime,
    began: Instant,
}

#[expect(clippy::disallowed_types, reason = "meta.json is the one place of wall-clock time")]
impl WallClock {
    /// Now.
    pub fn start() -> Self {
        Self { date: SystemTime::now(), began: Instant::now() }
    }

    /// The circumstances of the run that began then and ends now.
    pub fn meta(&self) -> Meta {
        Meta {
            started: humantime::format_rfc3339_seconds(self.date).to_string(),
            wall_s: self.began.elapsed().as_secs_f64(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host_threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get) as u32,
        }
    }
}
