//! `history.edn`: which history of a run is kept, and how much of it.

use std::io::{self, Write};

use shardlab_consistency::History;
use shardlab_scenarios::Outcome;
use shardlab_scenarios::edn::write_history;

/// Operations beyond which a history is thinned: about 20 MB of text.
const MOST_OPERATIONS: usize = 100_000;

/// One variant's history.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    variant: &'a str,
    history: &'a History,
}

/// The history of the first variant with the worst verdict: that is the one somebody will want to look into.
pub fn worst(outcome: &Outcome) -> Option<Kept<'_>> {
    let verdict = |name: &str| {
        let variants = outcome.report.variants.iter().filter(|variant| variant.name == name);
        variants.map(|variant| variant.verdict).max()
    };
    let worst = outcome.histories.iter().map(|(name, _)| verdict(name)).max()?;
    let (variant, history) = outcome.histories.iter().find(|(name, _)| verdict(name) == worst)?;
    Some(Kept { variant, history })
}

/// Writes it. A long one is thinned to every n-th key, with everything that happened to those: what is judged key by
/// key is judged the same.
pub fn write(kept: Kept<'_>, out: &mut dyn Write) -> io::Result<()> {
    let stride = kept.history.operations.len().div_ceil(MOST_OPERATIONS).max(1) as u64;
    writeln!(out, "; variant {}", kept.variant)?;
    if stride == 1 {
        return write_history(kept.history, out);
    }
    writeln!(out, "; one key in {stride}, with every operation on it")?;
    write_history(&thinned(kept.history, stride), out)
}

fn thinned(history: &History, stride: u64) -> History {
    let operations = history.operations.iter().filter(|operation| operation.key % stride == stride - 1);
    History { operations: operations.copied().collect(), ..history.clone() }
}
