//! The words that every view of a run shares.

use shardlab_scenarios::catalogue::{Better, sees_survivors_only};
use shardlab_scenarios::tables::{JudgementRow, RunReport, VerdictKind};

/// A verdict in capitals.
pub(crate) fn verdict(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Pass => "PASS",
        VerdictKind::Unknown => "UNKNOWN",
        VerdictKind::Fail => "FAIL",
    }
}

/// A judgement's verdict; a promise that was not made is no verdict.
pub(crate) fn judgement(row: &JudgementRow) -> &'static str {
    row.verdict.map_or("NOT PROMISED", verdict)
}

/// Which way a metric is better; empty where there is no winner.
pub(crate) fn better(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower",
        Better::Higher => "higher",
        Better::Neither => "",
    }
}

/// "seed 42" or "seeds 42..61".
pub(crate) fn seeds(report: &RunReport) -> String {
    match report.seeds {
        0 | 1 => format!("seed {}", report.seed),
        seeds => format!("seeds {}..{}", report.seed, report.seed.saturating_add(u64::from(seeds) - 1)),
    }
}

/// Where a judge failed: "on 2 of 20 seeds (42, 47)"; empty for a single seed.
pub(crate) fn failed_seeds(row: &JudgementRow, seeds: u32) -> String {
    /// Enough to start from; `summary.json` has them all.
    const SHOWN: usize = 5;
    if seeds < 2 || row.failed_seeds.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = row.failed_seeds.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if row.failed_seeds.len() > SHOWN { ", …" } else { "" };
    format!("on {} of {seeds} seeds ({}{more})", row.failed_seeds.len(), shown.join(", "))
}

/// "3 violations", "1 violation".
pub(crate) fn violations(count: u64) -> String {
    if count == 1 {
        "1 violation".into()
    } else {
        format!("{} violations", crate::numbers::number(count as f64))
    }
}

/// "421 seen", "421 seen over 20 seeds"; of stale reads, that lost writes make none.
pub(crate) fn seen(row: &JudgementRow, seeds: u32) -> String {
    let count = crate::numbers::number(row.anomalies as f64);
    let over = if seeds < 2 { String::new() } else { format!(" over {seeds} seeds") };
    let among = if sees_survivors_only(&row.judge) { ", what was lost aside" } else { "" };
    format!("{count} seen{over}{among}")
}
