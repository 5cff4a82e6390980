//! Share of the load on each shard, most loaded first, a panel a variant.

use super::{
    Picture, Shown,
    palette::{BLUE, DASHED, INK, VERMILION},
    picture::{Anchor, Rect, TextStyle},
    scale::{Scale, Spread},
    sheet::{NOTE, Panel, Sample, Sheet},
};
use crate::numbers::{number, percent};
use shardlab_scenarios::tables::{ShardRow, VariantReport};

/// Share of a bar's slot that stays empty, while bars are wide enough to show it.
const GAP: f64 = 0.2;

pub(super) fn draw(shown: &Shown) -> Option<Picture> {
    let shards = || shown.variants.iter().flat_map(|variant| &variant.shards);
    shards().next()?;
    let y = Scale::from_zero(shards().map(|shard| shard.share * 100.0));
    let most = shown.variants.iter().map(|variant| variant.shards.len()).max()?;

    let subtitle = format!("% of all operations after warm-up, shards in order of load · {}", shown.scope());
    let mut sheet = Sheet::new("shards", "Share of the load per shard", &subtitle);
    sheet.legend(&[
        (Sample::Area(VERMILION), "hottest shard".into()),
        (Sample::Area(BLUE), "other shards".into()),
        (Sample::Line(INK, 1.4, DASHED), "fair share".into()),
    ]);
    let mut last = None;
    for variant in &shown.variants {
        let sorted = sorted(variant);
        let area = sheet.panel(&shown.label(variant), &describe(&sorted), 120.0);
        let panel = Panel::new(area, Scale::new(Spread::Linear, 0.0, most as f64), y);
        panel.y_axis(&mut sheet.picture);
        draw_bars(&mut sheet.picture, &panel, &sorted);
        last = Some(panel);
    }
    let area = last?.area;
    sheet.axis_titles(&[((area.left + area.right) / 2.0, "shards, most loaded first")]);
    Some(sheet.finish())
}

fn sorted(variant: &VariantReport) -> Vec<&ShardRow> {
    let mut shards: Vec<&ShardRow> = variant.shards.iter().collect();
    shards.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.shard.cmp(&b.shard)));
    shards
}

fn describe(sorted: &[&ShardRow]) -> String {
    let Some(hottest) = sorted.first() else {
        return "no shards".into();
    };
    let fair = 1.0 / sorted.len() as f64;
    let times = number(libm::round(hottest.share / fair * 10.0) / 10.0);
    format!("shard {} has {}, {times} × the fair share", hottest.shard, short_percent(hottest.share))
}

fn draw_bars(picture: &mut Picture, panel: &Panel, sorted: &[&ShardRow]) {
    let slot = panel.x.place(1.0) - panel.x.place(0.0);
    let gap = if slot >= 4.0 { slot * GAP } else { 0.0 };
    for (index, shard) in sorted.iter().enumerate() {
        let left = panel.x.place(index as f64) + gap / 2.0;
        let top = panel.y.place(shard.share * 100.0);
        let bar = Rect { left, top, right: left + slot - gap, bottom: panel.area.bottom };
        picture.block(bar, if index == 0 { VERMILION } else { BLUE });
    }
    let base = vec![(panel.area.left, panel.area.bottom), (panel.area.right, panel.area.bottom)];
    picture.line(base, INK, 1.0, &[]);
    if !sorted.is_empty() {
        draw_fair_share(picture, panel, 1.0 / sorted.len() as f64);
    }
}

/// The label stands at the right end, where the bars are lowest.
fn draw_fair_share(picture: &mut Picture, panel: &Panel, fair: f64) {
    let y = panel.y.place(fair * 100.0);
    picture.line(vec![(panel.area.left, y), (panel.area.right, y)], INK, 1.4, DASHED);
    let style = TextStyle { ink: INK, anchor: Anchor::End, ..NOTE };
    picture.text(format!("fair share {}", short_percent(fair)), (panel.area.right, y - 5.0), style);
}

fn short_percent(share: f64) -> String {
    percent(libm::round(share * 1e4) / 1e4)
}
