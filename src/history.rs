//! `history.edn`: which history of a run is kept, and how much of it.

use std::io::{self, Write};

use shardlab_consistency::History;
use shardlab_scenarios::Outcome;
use shardlab_scenarios::edn::write_history;
use shardlab_scenarios::tables::{RunReport, VariantReport};

/// Operations beyond which a history is thinned: about 20 MB of text.
const MOST_OPERATIONS: usize = 100_000;

/// One variant's history.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    report: &'a RunReport,
    variant: &'a VariantReport,
    history: &'a History,
}

/// The history of the variant with the worst verdict, expectations included, and of those the one in which most kinds of
/// anomalies were seen, the first of equals: that is the one somebody will want to look into. Of a sweep, it is the
/// first point's.
pub fn worst(outcome: &Outcome) -> Option<Kept<'_>> {
    let report = &outcome.report;
    let kept = outcome.histories.iter().filter_map(|(name, history)| {
        let variant = report.variants.iter().find(|variant| variant.name == *name)?;
        Some(Kept { report, variant, history })
    });
    // Of equals, `max_by_key` gives the last.
    kept.rev().max_by_key(|kept| (kept.variant.verdict, kept.variant.anomalies.len()))
}

/// Writes it. A long one is thinned to every n-th key, with everything that happened to those: what is judged key by
/// key is judged the same.
pub fn write(kept: Kept<'_>, out: &mut dyn Write) -> io::Result<()> {
    let stride = kept.history.operations.len().div_ceil(MOST_OPERATIONS).max(1) as u64;
    head(kept, out)?;
    if stride == 1 {
        return write_history(kept.history, out);
    }
    writeln!(out, "; one key in {stride}, with every operation on it")?;
    write_history(&thinned(kept.history, stride), out)
}

/// Whose history it is. A line break in a name would end the comment.
fn head(kept: Kept<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plain = |text: &str| text.replace(char::is_control, " ");
    let Kept { report, variant, .. } = kept;
    writeln!(out, "; {}, seed {}, variant {}", plain(&report.scenario), report.seed, plain(&variant.name))?;
    let Some((sweep, point)) = report.sweep.as_ref().zip(variant.sweep_point) else { return Ok(()) };
    for (path, value) in sweep.axes.iter().zip(&sweep.points[point]) {
        writeln!(out, "; {} = {}", plain(path), plain(value))?;
    }
    Ok(())
}

fn thinned(history: &History, stride: u64) -> History {
    let operations = history.operations.iter().filter(|operation| operation.key % stride == stride - 1);
    History { operations: operations.copied().collect(), ..history.clone() }
}
