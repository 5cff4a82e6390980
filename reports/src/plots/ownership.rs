//! Who owns what: of every variant a ring of hashes or a line of keys, before and after the last change, in the colours
//! of servers, with their shares beside it.

use super::{
    Drawn, Shown,
    canvas::Rect,
    palette::{Ink, MUTED, PAPER, series},
    sheet::Sheet,
    words::{NOTE, PANEL_TITLE, Words},
};
use plotters::style::text_anchor::HPos;
use shardlab_scenarios::tables::{OwnershipRow, VariantReport};
use std::collections::BTreeMap;

/// Side by side.
const COLUMNS: usize = 2;
/// Height of a variant's cell, and of it what is drawn, in logical pixels.
const HEIGHT: f64 = 164.0;
const RADIUS: f64 = 48.0;
/// What a ring is thick.
const RIM: f64 = 0.62;
/// Shares that have room beside it.
const SHARES: usize = 9;
/// Room for them.
const SHARES_ROOM: f64 = 190.0;

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let mut shown = shown.wide();
    shown.variants.retain(|variant| !variant.ownership.is_empty());
    let servers = servers(&shown);
    if servers.len() < 2 {
        return Ok(false);
    }
    let subtitle = format!(
        "Colours are servers, shares are of the keys that were loaded, and what is inserted later is not in them; one block a shard where its keys lie scattered{} · {}",
        of_partitions(&shown),
        shown.scope()
    );
    sheet.title("Which server owns which part", &subtitle)?;
    for pair in shown.variants.chunks(COLUMNS) {
        let room = sheet.room(HEIGHT);
        let width = room.width() / COLUMNS as f64;
        for (index, variant) in pair.iter().enumerate() {
            let left = room.left + width * index as f64;
            let cell = Rect { left, right: left + width - 16.0, ..room };
            draw_variant(sheet, &shown.label(variant), variant, &servers, cell)?;
        }
    }
    Ok(true)
}

/// Keys that were loaded are in none that was created since, and stay where they were in one that was dropped.
fn of_partitions(shown: &Shown) -> &'static str {
    let counts = ["partitions.created", "partitions.expired"];
    let has_some = |variant: &&VariantReport| {
        counts.iter().any(|name| variant.metrics.get(*name).is_some_and(|figure| figure.mean > 0.0))
    };
    if shown.variants.iter().any(has_some) {
        "; partitions created since are not drawn, and those detached or dropped are as they were"
    } else {
        ""
    }
}

/// Every server that owns something in some variant; by number.
fn servers(shown: &Shown) -> Vec<String> {
    let rows = shown.variants.iter().flat_map(|variant| &variant.ownership);
    let mut servers: Vec<String> = rows.map(owner).collect();
    let number = |name: &String| name.rsplit(' ').next().and_then(|last| last.parse::<u64>().ok());
    servers.sort_by(|a, b| number(a).cmp(&number(b)).then(a.cmp(b)));
    servers.dedup();
    servers
}

/// A shard that nobody leads stands for itself.
fn owner(row: &OwnershipRow) -> String {
    if row.server.is_empty() { format!("shard {}", row.shard) } else { row.server.clone() }
}

fn draw_variant(
    sheet: &mut Sheet,
    label: &str,
    variant: &VariantReport,
    servers: &[String],
    cell: Rect,
) -> Drawn {
    sheet.write(&PANEL_TITLE.fit(label, cell.width()), (cell.left, cell.top + 12.0), PANEL_TITLE)?;
    let is_moved = variant.ownership.iter().any(|row| row.when == "before");
    let times: &[&str] = if is_moved { &["before", "after"] } else { &["after"] };
    for (index, when) in times.iter().enumerate() {
        let rows: Vec<&OwnershipRow> = variant.ownership.iter().filter(|row| row.when == *when).collect();
        let words = if is_moved { when } else { "" };
        let is_ring = rows.first().is_some_and(|row| row.shape == "ring");
        let left = cell.left;
        if is_ring {
            let pitch = 2.0 * RADIUS + 18.0;
            let centre = (left + RADIUS + pitch * index as f64, cell.top + 24.0 + RADIUS);
            draw_ring(sheet, &rows, servers, centre)?;
            let below = (centre.0, centre.1 + RADIUS + 16.0);
            sheet.write(words, below, Words { anchor: HPos::Center, ..NOTE })?;
        } else {
            let top = cell.top + 34.0 + 52.0 * index as f64;
            let right = cell.right - SHARES_ROOM - 12.0;
            draw_line(sheet, &rows, servers, Rect { left, right, top, bottom: top + 24.0 })?;
            sheet.write(words, (left, top + 39.0), NOTE)?;
        }
    }
    draw_shares(sheet, variant, servers, cell, is_moved)
}

fn colour(server: &str, servers: &[String]) -> Ink {
    let place = servers.iter().position(|known| known == server).unwrap_or_default();
    // After seven the same colours come again, paler.
    let (ink, _) = series(place);
    let pale = 1.0 - 0.35 * (place / 7 % 3) as f64;
    let mix = |channel: u8| libm::round(f64::from(channel) * pale + 255.0 * (1.0 - pale)) as u8;
    plotters::style::RGBAColor(mix(ink.0), mix(ink.1), mix(ink.2), 1.0)
}

fn draw_ring(sheet: &Sheet, rows: &[&OwnershipRow], servers: &[String], (x, y): (f64, f64)) -> Drawn {
    let at = |radius: f64, share: f64| {
        let angle = share * std::f64::consts::TAU;
        (x + radius * libm::sin(angle), y - radius * libm::cos(angle))
    };
    for row in rows.iter().filter(|row| row.to > row.from) {
        // A step every two degrees looks round.
        let steps = (libm::ceil((row.to - row.from) * 180.0)).clamp(1.0, 360.0) as u32;
        let share = |step: u32| row.from + (row.to - row.from) * f64::from(step) / f64::from(steps);
        let outer = (0..=steps).map(|step| at(RADIUS, share(step)));
        let inner = (0..=steps).rev().map(|step| at(RADIUS * RIM, share(step)));
        sheet.polygon(outer.chain(inner), colour(&owner(row), servers))?;
    }
    Ok(())
}

fn draw_line(sheet: &Sheet, rows: &[&OwnershipRow], servers: &[String], area: Rect) -> Drawn {
    for row in rows.iter().filter(|row| row.to > row.from) {
        let x = |share: f64| area.left + area.width() * share.clamp(0.0, 1.0);
        let (left, right) = (x(row.from), x(row.to));
        sheet.block(Rect { left, right, ..area }, colour(&owner(row), servers))?;
        // A white seam, where there is room for one.
        if right - left > 6.0 && row.to < 1.0 {
            sheet.block(Rect { left: right - 1.0, right, ..area }, PAPER)?;
        }
    }
    Ok(())
}

/// "server 3   25 % → 20 %", the first of them; how many more there are.
fn draw_shares(
    sheet: &Sheet,
    variant: &VariantReport,
    servers: &[String],
    cell: Rect,
    is_moved: bool,
) -> Drawn {
    let share = |server: &str, when: &str| -> f64 {
        let rows = variant.ownership.iter().filter(|row| row.when == when && owner(row) == server);
        rows.map(|row| (row.shard, row.keys)).collect::<BTreeMap<u32, f64>>().into_values().sum()
    };
    let owns = |server: &&String| ["before", "after"].iter().any(|when| share(server, when) > 0.0);
    let owners: Vec<&String> = servers.iter().filter(owns).collect();
    let left = cell.right - SHARES_ROOM;
    for (place, server) in owners.iter().take(SHARES).enumerate() {
        let top = cell.top + 24.0 + 14.0 * place as f64;
        let swatch = Rect { left, right: left + 10.0, top, bottom: top + 10.0 };
        sheet.block(swatch, colour(server, servers))?;
        // The sum of nothing is minus zero.
        let percent = |when| format!("{:.1} %", share(server, when) * 100.0 + 0.0);
        let words = if is_moved {
            format!("{} → {}", percent("before"), percent("after"))
        } else {
            percent("after")
        };
        sheet.write(&NOTE.fit(server, 66.0), (left + 16.0, top + 9.0), NOTE)?;
        sheet.write(&words, (cell.right, top + 9.0), Words { anchor: HPos::Right, ink: MUTED, ..NOTE })?;
    }
    if owners.len() > SHARES {
        let words = format!("and {} more: ownership.csv", owners.len() - SHARES);
        sheet.write(&words, (left + 16.0, cell.top + 24.0 + 14.0 * SHARES as f64 + 9.0), NOTE)?;
    }
    Ok(())
}
