//! What every picture must be: legible, self-contained, the same every time.

mod common;

use common::{HOSTILE, flash_sale, info, swept};
use shardlab_reports::plots::{Anchor, Picture, Shape, pictures, png, svg};
use std::{fs, path::Path};

/// Pictures of an ordinary run, of a sweep, of one variant and of many with hostile and endless names.
fn all() -> Vec<(String, Picture)> {
    let endless = "a name that goes on and on ".repeat(12);
    let many = ["one", HOSTILE, &endless, "four", "five", "six", "seven", "eight"];
    let runs = [
        ("two", flash_sale(&["modulo", "consistent-hash"], 1)),
        ("sweep", swept(&["modulo", "consistent-hash", "range"])),
        ("one", flash_sale(&["base"], 1)),
        ("many", flash_sale(&many, 20)),
    ];
    let named = |(name, report)| {
        pictures(&report, &info()).into_iter().map(move |picture| (String::from(name), picture))
    };
    runs.into_iter().flat_map(named).collect()
}

#[test]
fn a_run_has_every_picture_and_they_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).unwrap();
    let all = all();
    for (run, picture) in &all {
        fs::write(folder.join(format!("{run}-{}.png", picture.name)), png(picture)).unwrap();
        fs::write(folder.join(format!("{run}-{}.svg", picture.name)), svg(picture)).unwrap();
    }
    let names: Vec<&str> =
        all.iter().filter(|(run, _)| run == "sweep").map(|(_, picture)| picture.name).collect();
    assert_eq!(
        names,
        ["sweep", "latency", "throughput", "servers", "shards", "heat", "latency-distribution"]
    );
}

#[test]
fn no_label_leaves_the_sheet_or_touches_another() {
    for (run, picture) in all() {
        let boxes: Vec<(String, [f64; 4])> = picture.shapes.iter().filter_map(label_box).collect();
        for (index, (label, [left, top, right, bottom])) in boxes.iter().enumerate() {
            let inside = *left >= 0.0 && *top >= 0.0 && *right <= picture.width && *bottom <= picture.height;
            assert!(inside, "{run}/{}: {label:?} leaves the sheet", picture.name);
            for (other, [l, t, r, b]) in &boxes[index + 1..] {
                let apart = right <= l || r <= left || bottom <= t || b <= top;
                assert!(apart, "{run}/{}: {label:?} touches {other:?}", picture.name);
            }
        }
    }
}

/// Left, top, right, bottom; letters rise about 0.72 em above the baseline and fall 0.21 em below it.
fn label_box(shape: &Shape) -> Option<(String, [f64; 4])> {
    let Shape::Text { text, at: (x, y), style } = shape else {
        return None;
    };
    let width = style.width(text);
    let left = match style.anchor {
        Anchor::Start => *x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width,
    };
    Some((text.clone(), [left, y - 0.72 * style.size, left + width, y + 0.21 * style.size]))
}
