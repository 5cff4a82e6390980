//! Request coalescing: concurrent reads of one key by one application server become one request, whose answer serves
//! all who wait (single-flight: Fitzpatrick's `groupcache`, 2013; "request collapsing" of HTTP caches, RFC 9111, §4).
//!
//! A pool of clients stands for `application-servers` processes that share nothing; its sessions are dealt to them in
//! turn. A request under way is a *flight*: the caller that sent it leads, others ride.
//!
//! **Safety claim**, of `join = "next"`: a read is answered by a request that was sent after the read was called, so
//! coalescing takes neither freshness nor linearizability from it. Who comes while a flight is under way waits for the
//! next, which leaves when that one lands: at most one request of a key is under way for each application server, and a
//! read takes two round trips at most. `join = "any"` rides along with what is under way, as most libraries do: a write
//! that was acknowledged after the request was served, and before the rider called, is missed. It promises no fresh
//! reads.
//!
//! Whoever rides shares the leader's failure too, and tries again by itself. Left out: coalescing across application
//! servers, which is what a cache's `single-flight` does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Checks, Config};
use crate::replication::Mode;

/// Concurrent reads of one key that become one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Coalesce {
    /// Which flights a read may ride on.
    pub join: Join,
    /// How many application servers a pool of clients stands for; reads of different ones are not joined.
    pub application_servers: u32,
}

impl Default for Coalesce {
    fn default() -> Self {
        Self { join: Join::Next, application_servers: 1 }
    }
}

/// Which flights a read may ride on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// The next one: it leaves after the read was called.
    Next,
    /// The one under way, which may have left before the read was called.
    Any,
}

impl Coalesce {
    pub(super) fn check(&self, config: &Config, checks: &mut Checks) {
        /// More than there are clients would join nothing; this is more than any scenario has.
        const MOST: u64 = 1 << 20;
        let servers = u64::from(self.application_servers);
        checks.count("remedies.coalesce.application-servers", servers, MOST, "application servers");
        if let Mode::MultiMaster { .. } = config.replication.mode {
            checks.clash(
                "remedies.coalesce",
                "a read may return several siblings, and is followed up by whoever asked",
                ("replication.mode", "every copy takes writes"),
                "leave out `coalesce`, or set replication.mode to primary",
            );
        }
    }
}
