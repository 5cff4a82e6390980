//! How unevenly the load lay on servers and on shards over time, a line a variant, so that variants can be compared.

use super::{
    Drawn, Shown, move_marks,
    palette::series,
    panel::broken_line,
    scale::Scale,
    sheet::{Frame, LABELS_AND_TITLE, Sample, Sheet},
    time::{STRIP, TimeAxis},
};
use shardlab_scenarios::tables::{ImbalanceRow, VariantReport};

/// Title of a panel, its note, whose rows, and which value.
struct View {
    title: &'static str,
    note: &'static str,
    level: &'static str,
    value: fn(&ImbalanceRow) -> f64,
}

const VIEWS: [View; 4] = [
    View {
        title: "servers: largest by mean",
        note: "1 is fair",
        level: "server",
        value: |row| row.imbalance,
    },
    View {
        title: "servers: coefficient of variation",
        note: "0 is fair",
        level: "server",
        value: |row| row.cv,
    },
    View { title: "shards: largest by mean", note: "1 is fair", level: "shard", value: |row| row.imbalance },
    View {
        title: "shards: coefficient of variation",
        note: "0 is fair",
        level: "shard",
        value: |row| row.cv,
    },
];

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let shown = shown.wide();
    let rows = || shown.variants.iter().flat_map(|variant| &variant.imbalance);
    if rows().next().is_none() {
        return Ok(false);
    }
    let time = TimeAxis::new(shown.report, &shown.variants, rows().map(|row| row.time_s).fold(0.0, f64::max));
    let subtitle =
        format!("Time of cores by server, operations asked of shards, in each interval · {}", shown.scope());
    sheet.title("Imbalance over time", &subtitle)?;
    let entry = |(index, variant): (usize, &&VariantReport)| {
        (Sample::Line((series(index).0, 2.0, series(index).1)), shown.label(variant))
    };
    sheet.legend(&shown.variants.iter().enumerate().map(entry).collect::<Vec<_>>())?;
    for pair in VIEWS.chunks(2) {
        let panels = sheet.row(pair.iter().map(frame).collect(), 2)?;
        for (view, panel) in pair.iter().zip(&panels) {
            let of_level = |row: &&ImbalanceRow| row.level == view.level;
            let y = Scale::from_zero(rows().filter(of_level).map(view.value));
            // Faults are those of the first: variants have the same, as a rule. Moves are each variant's own.
            let mut chart = time.chart(panel, y, shown.variants[0])?;
            if let [alone] = shown.variants[..] {
                move_marks::ticks(&mut chart, alone)?;
            }
            for (index, variant) in shown.variants.iter().enumerate() {
                let (ink, dash) = series(index);
                let rows: Vec<&ImbalanceRow> = variant.imbalance.iter().filter(of_level).collect();
                let half_s = super::interval_s(rows.iter().map(|row| row.time_s)) / 2.0;
                let points = rows.into_iter().map(|row| Some((row.time_s + half_s, (view.value)(row))));
                broken_line(&mut chart, points, (ink, 1.6, dash))?;
            }
        }
    }
    time.key(sheet)?;
    if let [alone] = shown.variants[..] {
        move_marks::edge_key(sheet, &[alone])?;
    }
    Ok(true)
}

fn frame(view: &View) -> Frame<'static> {
    Frame {
        title: view.title.into(),
        note: view.note.into(),
        height: 150.0,
        strip: STRIP,
        right: 0.0,
        below: Some((LABELS_AND_TITLE, "simulated time, s")),
    }
}
