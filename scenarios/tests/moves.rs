//! What the table of moves says was moved.

use std::sync::atomic::AtomicBool;

use shardlab_scenarios::tables::{MoveKind, MoveRow, VariantReport};
use shardlab_scenarios::{RunOptions, load_text, run_all};

fn metric(variant: &VariantReport, name: &str) -> f64 {
    variant.metrics.get(name).unwrap_or_else(|| panic!("{name} was measured")).mean
}

const PARTITIONS: &str = r#"
schema = 1
question = "What was moved out of the default partition?"
duration = "2s"
warmup = "100ms"
drain = "2s"

[sharding]
key = "day"

[[table]]
name = "events"
rows = 1_000
columns = { event_id = "id", day = { date = { days = 10 } } }

[[workload]]
name = "events"
arrivals = { open = "1000/s" }

[[workload.query]]
name = "new-event"
kind = "insert"
table = "events"

[[variant]]
name = "ahead"
set = { "sharding.strategy" = { time-partitions = { partitions = 13, maintenance = { day = "100ms", today = 10, every = "100ms", ahead = 3 } } } }

[[variant]]
name = "late"
set = { "sharding.strategy" = { time-partitions = { partitions = 10, maintenance = { day = "100ms", today = 10, every = "500ms" } } } }
"#;

/// Rows that came after the load are what is moved out of the default partition, and nothing into one made ahead.
#[test]
fn rows_that_came_after_the_load_are_counted_where_they_move() {
    let plan = load_text("test.toml", PARTITIONS, "test", &[]).unwrap_or_else(|error| panic!("{error}"));
    let report = run_all(&plan, &RunOptions::default(), &|_| (), &AtomicBool::new(false)).unwrap().report;
    let [ahead, late] = &report.variants[..] else { panic!("there are two variants") };
    let created = |variant: &VariantReport| -> Vec<MoveRow> {
        let moves = variant.moves.iter().filter(|row| row.kind == MoveKind::Partition);
        moves.cloned().collect()
    };
    assert!(!created(ahead).is_empty());
    assert!(created(ahead).iter().all(MoveRow::is_of_nothing), "{:?}", created(ahead));

    let moved: u64 = created(late).iter().filter_map(|row| row.written_rows).sum();
    assert!(moved > 100, "{moved}");
    assert_eq!(moved as f64, metric(late, "partitions.moved_rows"));
    assert!(created(late).iter().all(|row| row.keys == 0), "none of them was loaded");
}

const ONE_KEY: &str = r#"
schema = 1
question = "What is moved out?"
duration = "3s"
warmup = "100ms"
drain = "2s"

[cluster]
servers = 3

[sharding]
strategy = { tenant = { shards = 2 } }

[rebalancing]
throttle = "1KiB"

[[workload]]
name = "orders"
arrivals = { open = "1000/s" }
keys = { count = 20 }
mix = { update = 1 }

[[fault]]
at = "1s"
isolate = { tenant = 7 }
"#;

/// A loaded key that is written while it is copied is one key, and no row that came later.
#[test]
fn a_loaded_key_that_is_written_meanwhile_is_counted_once() {
    let plan = load_text("test.toml", ONE_KEY, "test", &[]).unwrap_or_else(|error| panic!("{error}"));
    let report = run_all(&plan, &RunOptions::default(), &|_| (), &AtomicBool::new(false)).unwrap().report;
    let isolations = report.variants[0].moves.iter().filter(|row| row.kind == MoveKind::Isolation);
    let seen: Vec<_> =
        isolations.map(|row| (row.keys, row.written_rows, row.first_key, row.last_key)).collect();
    assert_eq!(seen, [(1, Some(0), Some(7), Some(7))]);
}

/// A split copies nothing, and `rebalance.moved_fraction` counts nothing of it.
#[test]
fn keys_that_a_split_gives_by_reference_are_said_to_stay_on_their_server() {
    let text = r#"
schema = 1
question = "What does a split move?"
duration = "2s"
warmup = "100ms"
drain = "2s"

[sharding.strategy.dynamic-range]
bounds = [500]

[[workload]]
name = "orders"
arrivals = { open = "500/s" }
keys = { count = 1_000, distribution = "uniform" }
mix = { read = 1.0 }

[[fault]]
name = "cut"
at = "1s"
split = { key = 800 }
"#;
    let plan = load_text("test.toml", text, "test", &[]).unwrap_or_else(|error| panic!("{error}"));
    let report = run_all(&plan, &RunOptions::default(), &|_| (), &AtomicBool::new(false)).unwrap().report;
    let variant = &report.variants[0];
    assert_eq!(metric(variant, "rebalance.moved_fraction"), 0.0);
    let effect = &variant.faults[0].effect;
    let words = "200 of 1000 keys change owner on the same server, by reference; 1 of 1 moves done";
    assert!(effect.starts_with(words), "{effect}");
}
