//! Nodes' own clocks: offset, drift, jumps.

use crate::time::{SECOND, Time};
use crate::topology::ClockSkew;

/// A node's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    skew: ClockSkew,
    jumped_ns: i64,
}

impl Clock {
    pub const fn new(skew: ClockSkew) -> Self {
        Self { skew, jumped_ns: 0 }
    }

    /// What it shows at true time `now`; never below zero.
    pub fn read(&self, now: Time) -> Time {
        let ahead_ns = i128::from(self.skew.offset_ns) + i128::from(self.jumped_ns) + self.drifted_ns(now);
        let shown = i128::from(now) + ahead_ns;
        shown.clamp(0, i128::from(Time::MAX)) as Time
    }

    pub const fn jump(&mut self, by_ns: i64) {
        self.jumped_ns = self.jumped_ns.saturating_add(by_ns);
    }

    /// `now × drift`, in whole and rest seconds so that no 128-bit division is needed.
    fn drifted_ns(&self, now: Time) -> i128 {
        let drift = self.skew.drift_ppb;
        if drift == 0 {
            return 0;
        }
        let rest_ns = (now % SECOND) as i64 * drift / SECOND as i64;
        i128::from(now / SECOND) * i128::from(drift) + i128::from(rest_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use crate::time::SECOND;
    use crate::topology::ClockSkew;

    #[test]
    fn shows_offset_drift_and_jumps() {
        let mut clock = Clock::new(ClockSkew { offset_ns: 500, drift_ppb: 100_000 });
        assert_eq!(clock.read(0), 500);
        // 100 ppm gains 100 µs a second.
        assert_eq!(clock.read(10 * SECOND), 10 * SECOND + 500 + 1_000_000);
        assert_eq!(clock.read(SECOND / 2), SECOND / 2 + 500 + 50_000);
        clock.jump(-1_500_000);
        assert_eq!(clock.read(10 * SECOND), 10 * SECOND + 500 - 500_000);
    }

    #[test]
    fn never_shows_less_than_zero_nor_overflows() {
        let mut clock = Clock::new(ClockSkew { offset_ns: i64::MIN, drift_ppb: -100_000 });
        clock.jump(i64::MIN);
        assert_eq!(clock.read(5), 0);
        let fast = Clock::new(ClockSkew { offset_ns: i64::MAX, drift_ppb: 1_000_000_000 });
        assert_eq!(fast.read(u64::MAX), u64::MAX);
    }
}
