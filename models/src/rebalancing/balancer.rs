//! `[rebalancing] balancer`: what moves copies and offices while nobody has given a command.
//!
//! The control plane looks at what servers report with their heartbeats, and takes the step that helps the most loaded
//! one most (see [`Picture`](super::Picture)). Three settings keep it from undoing tomorrow what it does today: how
//! uneven load has to be before it acts, how long it looks before it acts again, and how long a shard rests that was
//! moved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Duration;

use crate::config::{Checks, Config};
use crate::replication::Mode;

/// What is to be even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Copies of shards, whatever they hold (HBase's simple balancer; MongoDB's by chunks before 6.0).
    Count,
    /// Bytes of loaded rows (MongoDB since 6.0 goes by all); rows that come later are not known to it.
    Bytes,
    /// Time on cores (CockroachDB's store rebalancer, by queries a second or by CPU).
    Load,
    /// Each of them for a third, as shares of the whole.
    Mixed,
}

/// `[rebalancing] balancer`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Balancer {
    /// What is to be even.
    pub by: By,
    /// Time between looks, at least 1ms; what was reported since the last one counts.
    #[serde(default = "default_interval")]
    pub interval: Duration,
    /// How many times its share a server bears before anything is moved off it, and what a step has to gain: with 1.1 a
    /// tenth of the share, or an average copy where that is less. The hysteresis. With 1 every difference is mended that a
    /// step makes smaller.
    #[serde(default = "default_threshold")]
    pub threshold: f64,
    /// How long a shard rests after it was moved.
    #[serde(default)]
    pub cool_down: Duration,
    /// Steps at one look, at most.
    #[serde(default = "default_steps")]
    pub steps: u32,
}

/// MongoDB's balancer looks every ten seconds; half of that, for runs that last a minute.
fn default_interval() -> Duration {
    Duration::from_ns(5 * shardlab_sim::SECOND)
}

/// CockroachDB's `kv.allocator.qps_rebalance_threshold` is 10 %.
const fn default_threshold() -> f64 {
    1.1
}

const fn default_steps() -> u32 {
    1
}

impl Balancer {
    /// The threshold in thousandths.
    #[must_use]
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "a checked threshold is between one and a million"
    )]
    pub fn threshold_thousandths(&self) -> u64 {
        (self.threshold * 1_000.0).round() as u64
    }
}

/// What is impossible about it.
pub(super) fn check(config: &Config, checks: &mut Checks) {
    let Some(balancer) = &config.rebalancing.balancer else { return };
    let at = "rebalancing.balancer";
    checks.interval(format!("{at}.interval"), balancer.interval, "interval = \"5s\" is the default");
    checks.count(format!("{at}.steps"), u64::from(balancer.steps), 1_000_000, "steps at one look");
    if !(1.0..=1e6).contains(&balancer.threshold) {
        let message = format!(
            "no load is so even that the heaviest server bears {} times the mean",
            balancer.threshold
        );
        checks.refuse(format!("{at}.threshold"), message, "give a factor of 1 or more, such as 1.1");
    }
    if matches!(config.replication.mode, Mode::MultiMaster { .. }) {
        let message = "copies cannot move where every copy takes writes: there is no log to catch up from";
        checks.refuse(at, message, "use `primary`, or leave the balancer out");
    } else if !config.sharding.strategy.counts_shards() {
        let message = "there is nothing for it to move: each server has the one shard of its number";
        let counted = "say how many `shards` there are in `sharding.strategy`, several for each server";
        let help = if config.sharding.strategy.has_weights() {
            format!(
                "{counted}; or leave the balancer out, and give servers `weights` in `sharding.strategy`, or others at run \
                 time by a fault with `membership = {{ reweight = … }}`"
            )
        } else {
            format!("{counted}, or leave the balancer out")
        };
        checks.refuse(at, message, help);
    }
}
