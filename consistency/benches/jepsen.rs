//! Reading Jepsen's histories: `cargo bench -p shardlab-consistency --bench jepsen`.
//!
//! The reference is a scan over the same text, in the same run and in turn, so that a busy machine slows both alike: of
//! EDN over its tokens, of JSON by serde, which checks it and keeps nothing. Figures are medians over rounds, one thread, text in memory.

// A benchmark looks at the real clock.
#![allow(clippy::disallowed_types)]

use std::fmt::Write;
use std::time::Instant;

use serde::de::IgnoredAny;
use shardlab_consistency::jepsen::{Format, count_tokens, read_registers, read_transactions};
use shardlab_consistency::recorded::Versions;

/// Rounds of each.
const ROUNDS: usize = 7;
/// Operations a text: about 30 MB.
const OPERATIONS: u64 = 150_000;
/// Clients; each completes before it invokes again.
const PROCESSES: u64 = 10;
/// What is asked of the reader (MB/s of EDN).
const GOAL: f64 = 100.0;

fn main() {
    println!(
        "{:<28} {:>8} {:>9} {:>10} {:>7} {:>6}",
        "history", "MB", "read MB/s", "scan MB/s", "ratio", "goal"
    );
    let transactions = |text: &[u8], format| {
        read_transactions(text, format, Versions::Lists).expect("the text is a history").transactions.len()
    };
    let registers =
        |text: &[u8], format| read_registers(text, format).expect("the text is a history").operations.len();
    compare(
        "list-append, EDN",
        &list_append(Format::Edn),
        |text| transactions(text, Format::Edn),
        count_tokens,
    );
    compare("register, EDN", &register(Format::Edn), |text| registers(text, Format::Edn), count_tokens);
    compare(
        "list-append, JSON lines",
        &list_append(Format::Json),
        |text| transactions(text, Format::Json),
        count_objects,
    );
    compare(
        "register, JSON lines",
        &register(Format::Json),
        |text| registers(text, Format::Json),
        count_objects,
    );
}

fn compare(name: &str, text: &str, read: impl Fn(&[u8]) -> usize, scan: impl Fn(&[u8]) -> usize) {
    let text = text.as_bytes();
    let megabytes = text.len() as f64 / 1e6;
    let (mut reads, mut scans) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        reads.push(seconds(|| assert_eq!(read(text), OPERATIONS as usize)));
        scans.push(seconds(|| assert!(scan(text) > OPERATIONS as usize)));
    }
    let (read, scan) = (median(&mut reads), median(&mut scans));
    let (read_speed, scan_speed) = (megabytes / read, megabytes / scan);
    println!(
        "{name:<28} {megabytes:>8.1} {read_speed:>9.0} {scan_speed:>10.0} {:>7.2} {GOAL:>6.0}",
        read / scan
    );
}

fn count_objects(text: &[u8]) -> usize {
    serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>().filter(Result::is_ok).count()
}

fn seconds(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}

fn median(rounds: &mut [f64]) -> f64 {
    rounds.sort_unstable_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

/// Four steps a transaction, keys that are retired after 32 appends, as Elle's generator draws them.
fn list_append(format: Format) -> String {
    let mut text = String::new();
    let steps = |index: u64, completed: bool| {
        let step = |place: u64| {
            let key = index / 16 + place % 3;
            let number = (index * 4 + place) % 32;
            match ((index + place).is_multiple_of(2), completed) {
                (true, _) => format!("[:append {key} {number}]"),
                (false, false) => format!("[:r {key} nil]"),
                (false, true) => format!("[:r {key} [{}]]", join(0..number)),
            }
        };
        format!("[{}]", (0..4).map(step).collect::<Vec<_>>().join(" "))
    };
    for index in 0..OPERATIONS {
        line(&mut text, format, index, "invoke", "txn", &steps(index, false));
        line(&mut text, format, index, "ok", "txn", &steps(index, true));
    }
    text
}

fn register(format: Format) -> String {
    let mut text = String::new();
    for index in 0..OPERATIONS {
        let key = index % 100;
        let (function, invoked, completed) = match index % 2 {
            0 => ("write", format!("[{key} {index}]"), format!("[{key} {index}]")),
            _ => ("read", format!("[{key} nil]"), format!("[{key} {}]", index - 1)),
        };
        line(&mut text, format, index, "invoke", function, &invoked);
        line(&mut text, format, index, "ok", function, &completed);
    }
    text
}

fn join(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

fn line(text: &mut String, format: Format, index: u64, kind: &str, function: &str, value: &str) {
    let process = index % PROCESSES;
    let time = index * 1_000;
    let written = match format {
        Format::Edn => writeln!(
            text,
            "{{:type :{kind}, :f :{function}, :value {value}, :process {process}, :time {time}, :index {index}}}"
        ),
        Format::Json => {
            let value = value.replace("nil", "null").replace(' ', ", ");
            let value = value.replace(":append", "\"append\"").replace(":r", "\"r\"");
            writeln!(
                text,
                r#"{{"type": "{kind}", "f": "{function}", "value": {value}, "process": {process}, "time": {time}}}"#
            )
        }
    };
    written.expect("a string takes all that is written to it");
}
