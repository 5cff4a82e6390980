//! The rows of the catalogue: every metric whose name is fixed, with its unit and definition.

use super::Better::{self, Higher, Lower, Neither};
use super::MetricInfo;

/// A metric with a fixed name.
pub(super) struct Row {
    name: &'static str,
    unit: &'static str,
    better: Better,
    headline: bool,
    plot: Option<&'static str>,
    definition: &'static str,
}

impl Row {
    pub(super) fn info(&self) -> MetricInfo {
        MetricInfo {
            name: self.name.into(),
            unit: self.unit,
            definition: self.definition.into(),
            better: self.better,
            headline: self.headline,
            plot: self.plot,
        }
    }
}

/// Shown in the summary, drawn by `plot`.
const fn headline(
    name: &'static str,
    unit: &'static str,
    better: Better,
    plot: &'static str,
    definition: &'static str,
) -> Row {
    Row { name, unit, better, headline: true, plot: Some(plot), definition }
}

const fn plain(name: &'static str, unit: &'static str, better: Better, definition: &'static str) -> Row {
    Row { name, unit, better, headline: false, plot: None, definition }
}

/// Latencies are shown after throughput and availability.
pub(super) const LATENCIES_COME_AFTER: usize = 5;

/// Metrics with a fixed name. Unless a definition says otherwise, they count operations that were called between the
/// end of the warm-up and the end of the load.
pub(super) const SINGLE: &[Row] = &[
    headline(
        "throughput.ops_per_s",
        "operations/s",
        Higher,
        "throughput",
        "Operations and transactions answered ok between warm-up and the load's end, per second.",
    ),
    headline(
        "availability.fraction",
        "fraction",
        Higher,
        "throughput",
        "Operations answered ok, of all that were called; a scan, transaction or write without an answer is not.",
    ),
    plain("errors", "count", Lower, "Operations that failed, or whose outcome the client never learnt."),
    plain("operations", "count", Neither, "Operations and transactions that clients called."),
    headline(
        "outage.longest_ms",
        "ms",
        Lower,
        "throughput",
        "Longest span between two operations answered ok, anywhere in the cluster. A span no longer than the wait for \
         the next call is no outage: at 300 calls a second one of some 30 ms is to be expected.",
    ),
    headline(
        "shard.imbalance",
        "ratio",
        Lower,
        "shards",
        "Operations that clients directed at the busiest shard after warm-up, answered or not, divided by the mean over \
         shards.",
    ),
    headline(
        "shard.hottest_share",
        "fraction",
        Lower,
        "shards",
        "Share of all operations after warm-up, answered or not, that clients directed at the busiest shard.",
    ),
    plain(
        "shard.cv",
        "ratio",
        Lower,
        "Coefficient of variation over shards of the operations that clients directed at them, answered or not: standard \
         deviation of the population by its mean.",
    ),
    headline(
        "server.imbalance",
        "ratio",
        Lower,
        "servers",
        "Busy core time of the busiest server, divided by the mean over servers.",
    ),
    headline(
        "server.hottest_utilization",
        "fraction",
        Lower,
        "servers",
        "Share of its core time in which the busiest server was busy.",
    ),
    headline(
        "server.hottest_p99_ms",
        "ms",
        Lower,
        "latency",
        "99th percentile of the latency of operations that the busiest server answered.",
    ),
    plain(
        "shard.hottest_p99_ms",
        "ms",
        Lower,
        "99th percentile of the latency of answered operations on keys of the shard that clients asked most of; scans and \
         transactions apart.",
    ),
    plain(
        "key.hottest_p99_ms",
        "ms",
        Lower,
        "99th percentile of the latency of answered operations on the key that clients asked for most.",
    ),
    plain(
        "hotspot.count",
        "count",
        Lower,
        "Hotspots after warm-up: uninterrupted runs of intervals in which a server (by time of its cores, and not idle for \
         nine tenths) or a shard (by operations asked of it) had more than 1.5 times its fair share, or one key alone more \
         than a server's; and more by five standard deviations of a random count.",
    ),
    plain(
        "hotspot.began_s",
        "s",
        Neither,
        "When the longest hotspot of a server or a shard began, on the run's clock: its first interval. Of equally long ones \
         that of a server.",
    ),
    headline(
        "hotspot.lasted_s",
        "s",
        Lower,
        "servers",
        "Of a server or a shard (a key is hot wherever it lies). From the beginning of the longest hotspot's first interval to the end of its last one, or to the load's end; \
         zero when nothing was hot.",
    ),
    plain(
        "hotspot.times_fair",
        "ratio",
        Lower,
        "The largest share that a hot server or shard had in an interval, divided by the fair share, over all hotspots.",
    ),
    plain(
        "server.longest_queue",
        "messages",
        Lower,
        "Longest queue in front of a server's cores at the end of any interval.",
    ),
    plain(
        "fanout.mean",
        "shards",
        Lower,
        "Mean number of shards that an operation, transaction or query touches; a scan asks every shard, a query those \
         that its router cannot rule out, which may be none.",
    ),
    headline(
        "queries.single_shard_fraction",
        "fraction",
        Higher,
        "shards",
        "Share of the queries over tables that asked a single shard, or none because its router knew that no row matches.",
    ),
    plain("queries.bytes_mean", "bytes", Lower, "Size of all answers to a query over tables, mean."),
    plain(
        "storage.amplification",
        "ratio",
        Lower,
        "Bytes of the rows that were loaded, with what is copied into others or to every shard, divided by those that they \
         would take once. Rows that come later are in neither, and copies of a shard on several servers are not counted.",
    ),
    plain(
        "writes.amplification",
        "ratio",
        Lower,
        "Bytes that updates and inserts wrote, copies included, divided by those of the rows that they were of.",
    ),
    plain(
        "summary.staleness_p50_ms",
        "ms",
        Lower,
        "Median time between the beginning of a count and the end of a read of the summary that was made of it.",
    ),
    plain("summary.staleness_max_ms", "ms", Lower, "The longest of the same."),
    headline(
        "replication.lag.p99_ms",
        "ms",
        Lower,
        "replication",
        "99th percentile of the time from an entry's append at the primary to its durability at a backup; multi-master: \
         from a version's durability where it was taken to that on another copy.",
    ),
    plain(
        "staleness.p_fresh",
        "fraction",
        Higher,
        "Reads that returned the newest surviving value acknowledged before they began, of all reads of a surviving \
         value. What was lost makes no read stale.",
    ),
    plain(
        "staleness.versions_behind_p50",
        "versions",
        Lower,
        "Median number of versions that a read lay behind.",
    ),
    plain(
        "staleness.versions_behind_p99",
        "versions",
        Lower,
        "99th percentile of the number of versions that a read lay behind.",
    ),
    plain("staleness.versions_behind_max", "versions", Lower, "Most versions that a read lay behind."),
    plain(
        "staleness.overwritten_p50_ms",
        "ms",
        Lower,
        "Median time for which what a read returned had been overwritten; zero for fresh reads.",
    ),
    plain("staleness.overwritten_p99_ms", "ms", Lower, "99th percentile of the same."),
    plain("staleness.overwritten_p999_ms", "ms", Lower, "99.9th percentile of the same."),
    plain("staleness.overwritten_max_ms", "ms", Lower, "Maximum of the same."),
    headline(
        "writes.acked",
        "count",
        Neither,
        "throughput",
        "Writes to single keys that were answered ok; whole run. Transfers are transactions, and not among them; left out \
         when no workload writes single keys.",
    ),
    headline(
        "writes.lost",
        "count",
        Lower,
        "anomalies",
        "Acknowledged writes to single keys of which nothing survives: no log holds them; multi-master: no version that is \
         kept is or was made from them, directly or over others; whole run. Left out when no workload writes single \
         keys: what becomes of transfers is judged by `bank` and `atomicity`.",
    ),
    headline(
        "reads.stale",
        "count",
        Lower,
        "anomalies",
        "Reads that returned an older value than a surviving write acknowledged before they began; whole run. What was \
         lost makes no read stale and is counted by `writes.lost`: where that differs between variants, this tells not \
         which is better. Left out when no workload reads single keys.",
    ),
    plain("failover.count", "count", Neither, "Shards that got another primary; whole run."),
    headline(
        "conflicts.met",
        "count",
        Neither,
        "divergence",
        "Times that a copy, merging what another sent, found a version that was new to it and concurrent with one that \
         it kept: neither was taken in sight of the other; from warm-up on. It comes with the load and the cut, and \
         fewer are no merit: what a clock that is off has hidden is not met.",
    ),
    plain(
        "conflicts.per_write",
        "ratio",
        Neither,
        "The same, divided by the writes that copies took; from warm-up on.",
    ),
    headline(
        "writes.invisible",
        "count",
        Lower,
        "divergence",
        "Acknowledged writes that no read ever showed, since the copy that took them had a version of a later \
         timestamp already; from warm-up on.",
    ),
    headline(
        "siblings.per_key_mean",
        "versions",
        Lower,
        "divergence",
        "Versions that a copy keeps of a key, mean over copies, written keys and samples between warm-up and the load's \
         end.",
    ),
    plain(
        "siblings.per_key_max",
        "versions",
        Lower,
        "Most versions that a copy kept of a key at once; whole run.",
    ),
    headline(
        "clock.bytes_per_key",
        "bytes",
        Lower,
        "divergence",
        "Bytes of timestamps or version vectors that a copy keeps for a key, mean over copies and keys at the end; \
         siblings: what the copy has seen, and a dot and a past for each version, 8 bytes an entry.",
    ),
    plain(
        "divergence.keys_mean",
        "keys",
        Lower,
        "Keys of which some copy has seen a write that another has not, mean over samples between warm-up and the \
         load's end.",
    ),
    headline(
        "divergence.keys_max",
        "keys",
        Lower,
        "divergence",
        "Most keys of which some copy had seen a write that another had not, in any sample of the whole run.",
    ),
    headline(
        "convergence.after_heal_ms",
        "ms",
        Lower,
        "divergence",
        "Time from the last heal of a fault under load until every copy had seen every write that any copy had seen at \
         that heal; new writes go on meanwhile. Left out when no fault heals before the load ends: at its end everything \
         heals, and `convergence.time_ms` tells the rest.",
    ),
    headline(
        "failover.duration_ms",
        "ms",
        Lower,
        "throughput",
        "Mean time from the last that was heard of a primary to the appointment of another; whole run.",
    ),
    headline(
        "txn.committed_per_s",
        "transactions/s",
        Higher,
        "throughput",
        "Transactions committed, as clients were told, per second.",
    ),
    headline(
        "txn.abort_fraction",
        "fraction",
        Lower,
        "transactions",
        "Decisions to abort, of all decisions; from warm-up on.",
    ),
    plain(
        "txn.in_doubt.p50_ms",
        "ms",
        Lower,
        "Median time that a participant was in doubt: from its yes vote to the decision, or to the drain's end if none came; \
         from warm-up on.",
    ),
    headline(
        "txn.in_doubt.p99_ms",
        "ms",
        Lower,
        "transactions",
        "99th percentile of the time that a participant was in doubt, to the drain's end if it still is; from warm-up on.",
    ),
    headline(
        "txn.in_doubt.max_ms",
        "ms",
        Lower,
        "transactions",
        "Longest time that a participant was in doubt, to the drain's end if it still is; from warm-up on.",
    ),
    headline(
        "txn.lock_held.p99_ms",
        "ms",
        Lower,
        "transactions",
        "99th percentile of the time that a participant held a transaction's locks, to the drain's end if it still does; \
         from warm-up on.",
    ),
    headline(
        "txn.blocked",
        "count",
        Lower,
        "transactions",
        "Operations and transactions that waited for a lock, or gave way because of one; from warm-up on.",
    ),
    plain(
        "txn.messages_per_commit",
        "messages",
        Lower,
        "Prepare, vote, decision and acknowledgement messages, divided by transactions committed; from warm-up on.",
    ),
    plain(
        "txn.forced_writes_per_commit",
        "writes",
        Lower,
        "Forced writes asked for on behalf of transactions, divided by transactions committed; from warm-up on.",
    ),
    plain(
        "txn.unresolved",
        "count",
        Lower,
        "Transactions that some participant still had in doubt after the drain.",
    ),
    plain("bank.audits", "count", Neither, "Audits that read every account; whole run."),
    plain(
        "surge.p99_before_ms",
        "ms",
        Neither,
        "99th percentile of latency between warm-up and the first surge of a workload.",
    ),
    plain("surge.p99_during_ms", "ms", Lower, "99th percentile of latency while a surge lasts."),
    headline(
        "surge.p99_penalty",
        "ratio",
        Lower,
        "latency",
        "99th percentile of latency during the surge, divided by the same before it.",
    ),
    plain(
        "surge.throughput_during_ops_per_s",
        "operations/s",
        Higher,
        "Operations answered ok, per second of surge.",
    ),
    headline(
        "rebalance.moved_fraction",
        "fraction",
        Lower,
        "moves",
        "Loaded keys that were copied to another owner, of all loaded keys; copies count once, and a key that moves \
         twice, twice. What began while the load was measured. Where the number of shards does not follow the servers, copies move: `rebalance.copied_fraction`.",
    ),
    plain(
        "rebalance.optimal_fraction",
        "fraction",
        Neither,
        "The least share of the keys that any strategy has to move that shares keys out evenly: what servers' even shares, by \
         weight, gain from before the first command to after the last, where shards follow the servers; and tenants that \
         are moved out. One that falls short of even may move less.",
    ),
    plain(
        "rebalance.optimal_copied_fraction",
        "fraction",
        Neither,
        "The same for the rows in copies, where the number of shards does not follow the servers.",
    ),
    plain(
        "rebalance.moves",
        "count",
        Lower,
        "Moves done: pairs of shards between which rows were copied. What changed hands by reference and a partition that \
         is created empty are none.",
    ),
    plain(
        "rebalance.copies_moved",
        "count",
        Lower,
        "Copies of shards that moved to another server, or were made anew there because a server was lost.",
    ),
    headline(
        "rebalance.offices_moved",
        "count",
        Lower,
        "bill",
        "Offices of primary that the balancer handed over to another copy; it moves no bytes.",
    ),
    plain(
        "rebalance.moves_needed",
        "count",
        Neither,
        "Steps (copies moved and offices handed over) that would have been enough for the balancer: the same greedy steps, \
         from where copies were at its first look, with the load of the whole run as servers reported it, until that is \
         within the balancer's threshold or no step makes it more even.",
    ),
    headline(
        "rebalance.thrash_index",
        "ratio",
        Lower,
        "moves",
        "Copies that the balancer moved and offices that it handed over, divided by the steps that were needed \
         (`rebalance.moves_needed`, one at least). Without a balancer, loaded rows that were copied, divided by those that the \
         variant's own map requires (`rebalance.rows_needed`), not an even share, and nothing where that is zero. Above one, the same work was done again.",
    ),
    plain(
        "rebalance.rows_needed",
        "rows",
        Neither,
        "Loaded rows, of keys that moved and in copies that did, that are elsewhere in the end than before the first of these \
         moves: what would have been enough for the variant's own map, whatever an even share needs. Zero where all went back.",
    ),
    plain(
        "rebalance.copied_fraction",
        "fraction",
        Lower,
        "Loaded rows in the copies that moved, of the loaded rows in all copies: what `rebalance.moved_fraction` is for \
         keys, for copies.",
    ),
    plain(
        "rebalance.unavailable_shard_s",
        "shard-s",
        Lower,
        "For how long nobody took writes of some keys of a shard because of moves, added up over shards: keys refused under \
         all their seals, as in `rebalance.unavailable_ms`, which is their mean over keys; and changes of epoch in which \
         copies come and leave or an office is handed over.",
    ),
    plain(
        "rebalance.copies_missing_s",
        "s",
        Lower,
        "From the operator's word that the first server is lost until every shard has all its copies again; none while \
         one is missing.",
    ),
    plain("rebalance.keys_moved", "keys", Lower, "Loaded keys that were copied to another owner."),
    headline(
        "rebalance.bytes_moved",
        "bytes",
        Lower,
        "moves",
        "Bytes that sources sent and destinations took: snapshots and what changed since, repetitions included.",
    ),
    headline(
        "rebalance.duration_s",
        "s",
        Lower,
        "moves",
        "For how long something was on the move, whatever had caused it: plans from their beginning to the end of their last \
         move, copies and offices; what overlaps counts once. None while one is open.",
    ),
    plain(
        "rebalance.p99_before_ms",
        "ms",
        Neither,
        "99th percentile of latency between warm-up and the first move.",
    ),
    headline(
        "rebalance.p99_during_ms",
        "ms",
        Lower,
        "bill",
        "99th percentile of latency from the first move to the last, whatever caused them; left out where fewer than 100 calls were \
         answered, as the other two are.",
    ),
    plain("rebalance.p99_after_ms", "ms", Lower, "99th percentile of latency after the last move."),
    headline(
        "rebalance.p99_penalty",
        "ratio",
        Lower,
        "moves",
        "99th percentile of latency from the first move to the last, divided by the same before. Left out when another fault was at \
         work between warm-up and the last move, since it would be in one of the two, and where fewer than 100 calls were \
         answered in either.",
    ),
    plain(
        "rebalance.failed_operations",
        "count",
        Lower,
        "Operations called between the first move and the last that were never answered ok.",
    ),
    plain(
        "rebalance.longest_seal_ms",
        "ms",
        Lower,
        "Longest time for which the keys of a move that was made were served by nobody: from seal to new owner.",
    ),
    headline(
        "rebalance.unavailable_ms",
        "ms",
        Lower,
        "moves",
        "Time for which operations on a key that moved were refused, all seals together, on average over the loaded keys \
         that moved; added up over shards and with copies and offices it is `rebalance.unavailable_shard_s`. By dual writes \
         reads are not refused.",
    ),
    plain(
        "rebalance.write_amplification",
        "ratio",
        Lower,
        "Bytes written at destinations because of moves, copies of copies apart: snapshots, changes, repairs and second \
         writes; divided by the size of the loaded rows that moved.",
    ),
    plain(
        "storage.bytes",
        "bytes",
        Lower,
        "Size of the rows of tables that are on disk at the end, in one copy of each shard, by the mean size of a loaded \
         row; rows of detached partitions too.",
    ),
    headline(
        "partitions.created",
        "count",
        Neither,
        "moves",
        "Partitions by time that were created while the run lasted.",
    ),
    headline(
        "partitions.expired",
        "count",
        Neither,
        "moves",
        "Partitions by time that were detached or dropped because they were too old, over the whole run.",
    ),
    plain(
        "partitions.expired_rows",
        "rows",
        Neither,
        "Rows of the partitions that were detached or dropped, loaded and inserted.",
    ),
    plain(
        "partitions.early_rows",
        "rows",
        Lower,
        "Of those, rows that were to be kept: the clock of the job was further ahead than clocks may be.",
    ),
    headline(
        "partitions.default_rows",
        "rows",
        Lower,
        "moves",
        "Rows that were inserted before there was a partition for them, and fell into the default one.",
    ),
    plain(
        "partitions.moved_rows",
        "rows",
        Lower,
        "Rows that were moved out of the default partition when theirs was created.",
    ),
    headline(
        "partitions.refused",
        "operations",
        Lower,
        "moves",
        "Operations that servers refused because there was no partition for their key, or none any more; over the whole \
         run.",
    ),
    headline(
        "rebalance.splits",
        "count",
        Neither,
        "moves",
        "Shards that were split because they had become too large or too busy, or by command.",
    ),
    plain(
        "rebalance.merges",
        "count",
        Neither,
        "Neighbours that were merged because they had become small and idle.",
    ),
    plain(
        "rebalance.unsplittable",
        "count",
        Lower,
        "Shards that were found too busy and had no place to be split at, since they consist of one key.",
    ),
    plain("rebalance.second_writes", "count", Neither, "Second writes that new owners took, by dual writes."),
    plain(
        "rebalance.second_writes_missed",
        "count",
        Lower,
        "Second writes that clients do not know to be done, by dual writes; the first was done.",
    ),
    plain(
        "rebalance.differing_rows",
        "rows",
        Lower,
        "Rows that differed when both ends were compared, and were written over; second writes that were on their way \
         among them.",
    ),
    plain(
        "rebalance.redirects",
        "count",
        Lower,
        "Operations that a server sent elsewhere because their key was on the move or gone; whole run.",
    ),
    plain(
        "database.requests_per_op",
        "requests",
        Lower,
        "Reads, writes and scans that clients sent to servers, retries included, divided by operations called; from \
         warm-up on.",
    ),
    plain(
        "coalesce.joined_fraction",
        "fraction",
        Higher,
        "Reads that were answered with somebody else's request, of all point reads called.",
    ),
    headline(
        "cache.hit_fraction",
        "fraction",
        Higher,
        "throughput",
        "Reads that cache nodes answered, of all that asked one; from warm-up on.",
    ),
    plain("cache.misses", "count", Lower, "Reads that cache nodes sent to the database; from warm-up on."),
    plain(
        "cache.stampede_peak",
        "requests",
        Lower,
        "Most reads of one key that a cache node sent to the database before one of them had set it; from warm-up on.",
    ),
    plain(
        "cache.stale_reads",
        "count",
        Lower,
        "Reads answered by a cache that returned an older version than one acknowledged before they began; whole run.",
    ),
    plain(
        "cache.overwritten_p99_ms",
        "ms",
        Lower,
        "For how long the values had been overwritten that caches answered with, 99th percentile; fresh ones count as \
         zero; whole run.",
    ),
    plain(
        "cache.early_refreshes",
        "count",
        Neither,
        "Of the misses: those of entries that had not expired, to renew them in time.",
    ),
    plain(
        "cache.refused_sets",
        "count",
        Neither,
        "Sets of what was read before a delete, which cache nodes refused because of a lease; from warm-up on.",
    ),
    plain("cache.evictions", "count", Lower, "Entries that made room for others; from warm-up on."),
    plain(
        "cache.timeouts",
        "count",
        Lower,
        "Reads that went to the database because the cache did not answer in time.",
    ),
    headline(
        "network.bytes_per_op",
        "bytes",
        Lower,
        "throughput",
        "Bytes sent by all nodes, divided by operations called; from warm-up on.",
    ),
    plain(
        "network.messages_per_op",
        "messages",
        Lower,
        "Messages sent by all nodes, divided by operations called; from warm-up on.",
    ),
    plain("network.messages_lost", "messages", Neither, "Messages that the network lost; from warm-up on."),
    plain("disk.syncs", "count", Lower, "Syncs of all disks; from warm-up on."),
    plain("disk.forced_writes", "count", Neither, "Forced writes asked for by all nodes; from warm-up on."),
    headline(
        "convergence.time_ms",
        "ms",
        Lower,
        "replication",
        "Time from the heal at the load's end until all copies were equal, row by row; left out when they never were, or \
         are not when the drain ends.",
    ),
    plain(
        "faults.effects",
        "count",
        Neither,
        "Things that went otherwise because of a fault, over all receipts.",
    ),
    headline(
        "directory.lookups_per_s",
        "lookups/s",
        Lower,
        "throughput",
        "Answers of directories after warm-up, per second of load.",
    ),
    plain(
        "directory.hit_fraction",
        "fraction",
        Higher,
        "Groups of keys that clients remembered when an operation needed their shard, of all that operations needed; \
         retries count again.",
    ),
    plain(
        "directory.latency.p99_ms",
        "ms",
        Lower,
        "99th percentile of the time from a client's question to a directory to its answer; questions that were never \
         answered have none.",
    ),
    headline(
        "residency.outside_fraction",
        "fraction",
        Lower,
        "anomalies",
        "Copies of rows in regions where a rule forbids them, of all copies that a rule is about; at any time of the run.",
    ),
    plain(
        "network.cross_region_fraction",
        "fraction",
        Lower,
        "Bytes sent from one region to another, of all bytes that nodes sent each other after warm-up; where there are \
         several regions.",
    ),
];
