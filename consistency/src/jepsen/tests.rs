//! Small texts and what is read from them; then texts that were drawn, mutilated, or nested without end.

use std::io::{self, Read};

use proptest::prelude::*;

use super::*;
use crate::recorded::Versions;

/// A register history as the writer puts it: that is all of it, in one normal form.
fn registers(text: &str) -> Result<String, String> {
    let history =
        read_registers(text.as_bytes(), Format::guess(text.as_bytes())).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    write_registers(&history, Format::Edn, &mut out).unwrap();
    Ok(short(&String::from_utf8(out).unwrap()))
}

fn transactions(text: &str, versions: Versions) -> Result<String, String> {
    let format = Format::guess(text.as_bytes());
    let history = read_transactions(text.as_bytes(), format, versions).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    write_transactions(&history, Format::Edn, &mut out).unwrap();
    Ok(short(&String::from_utf8(out).unwrap()))
}

/// `0 invoke write 1` for each line.
fn short(written: &str) -> String {
    let lines = written.lines().map(|line| {
        let line = line.replace("{:process ", "").replace(", :type :", " ").replace(", :f :", " ");
        let line = line.replace(", :value", "");
        line.rsplit_once(", :index").unwrap().0.to_owned()
    });
    lines.collect::<Vec<_>>().join("; ")
}

#[test]
fn every_way_to_write_a_register_history_reads_as_the_same() {
    let expected = Ok("0 invoke write 1; 1 invoke read nil; 0 ok write 1; 1 ok read 1".to_owned());
    let table = [
        // One a line, with commas and without, keys in any order, unknown keys of every shape.
        "{:process 0, :type :invoke, :f :write, :value 1}
         {:process 1 :type :invoke :f :read :value nil}
         {:value 1, :f :write, :type :ok, :process 0}
         {:a {:b #{1 2}}, :process 1, :type :ok, :f :read, :value 1, :c/d (1 [2 \\newline \\( \"}\\\"]\"])}",
        // A vector, a list, records, comments, discarded forms, metadata, the nemesis.
        "; first
         [{:process 0, :type :invoke, :f :write, :value 1} ; {:not read
          #_ {:process 9} #_#_ 1 2 {:process :nemesis, :type :info, :f :start, :value {:a [1 2]}}
          #jepsen.history.Op{:process 1, :type :invoke, :f :read, :value nil}
          ^{:a 1} {:process 0, :type :ok, :f :write, :value #_ 7 1N}
          {:process 1, :type :ok, :f :read, :value ^:b 1, :error #object[x 0x1 \"s\"]}]",
        "({:process 0 :type :invoke :f :write :value 1}{:process 1 :type :invoke :f :read}
          {:process 0 :type :ok :f :write :value 1}{:process 1 :type :ok :f :read :value 1})
          ; last",
        // Keys as strings and symbols; numbers that are equal; what is not a number.
        "{:process 0, \"type\" \"invoke\", \"f\" \"write\", \"value\" +1, :x ##NaN, :y 1/3, :z 1.5e3M}
         {process 1, type invoke, f read, value nil, :x ##-Inf, :y #inst \"2020\", :z #\"a\\d\"}
         {:process 0, :type :ok, :f :write, :value 1}
         #:jepsen{:process 1, :type :ok, :f :read, :value 1}",
        // JSON lines, and an array.
        r#"{"process": 0, "type": "invoke", "f": "write", "value": 1}
           {"process": 1, "type": "invoke", "f": "read", "value": null, "x": {"y": [1, {"z": "}"}]}}
           {"process": "nemesis", "type": "info", "f": "kill", "value": ["n1"]}
           {"value": 1, "process": 0, "type": "ok", "f": "write"}
           {"process": 1, "type": "ok", "f": "read", "value": 1}"#,
        r#"[{"process": 0, "type": "invoke", "f": "write", "value": 1},
            {"process": 1, "type": "invoke", "f": "read", "value": null},
            {"process": 0, "type": "ok", "f": "write", "value": 1},
            {"process": 1, "type": "ok", "f": "read", "value": 1}]"#,
        // The order of times, not of the file.
        "{:process 1, :type :invoke, :f :read, :value nil, :time 20}
         {:process 1, :type :ok, :f :read, :value 1, :time 40}
         {:process 0, :type :invoke, :f :write, :value 1, :time 10}
         {:process 0, :type :ok, :f :write, :value 1, :time 30}",
    ];
    for text in table {
        assert_eq!(registers(text), expected, "{text}");
    }
}

#[test]
fn times_count_only_where_every_operation_has_one() {
    let text = "{:process 1, :type :invoke, :f :write, :value 1, :time 20}
                {:process 1, :type :ok, :f :write, :value 1}
                {:process 0, :type :invoke, :f :write, :value 2, :time 10}";
    assert_eq!(registers(text).unwrap(), "1 invoke write 1; 1 ok write 1; 0 invoke write 2; 0 info write 2");
    // All zero is the order of the file, and so are equal times.
    let text = text.replace("20", "0").replace("10", "0").replace(":value 1}", ":value 1, :time 0}");
    assert_eq!(registers(&text).unwrap(), "1 invoke write 1; 1 ok write 1; 0 invoke write 2; 0 info write 2");
}

#[test]
fn values_with_keys_and_values_that_are_not_known() {
    let table = [
        (
            "{:process 0, :type :invoke, :f :cas, :value [1 2]} {:process 0, :type :fail, :f :cas, :value :x}",
            "0 invoke cas [1 2]; 0 fail cas [1 2]",
        ),
        (
            "{:process 0, :type :invoke, :f :cas, :value [:k [nil 2]]} {:process 0, :type :ok, :f :cas}",
            "0 invoke cas [:k [nil 2]]; 0 ok cas [:k [nil 2]]",
        ),
        (
            "{:process 0, :type :invoke, :f :read, :value #jepsen.independent.Tuple[\"a\" nil]}
             {:process 0, :type :info, :f :read, :value :timed-out}",
            "0 invoke read [\"a\" nil]; 0 info read [\"a\" nil]",
        ),
        // Another way to write the same string.
        (
            "{:process 0, :type :invoke, :f :write, :value [\"\\u0061\" 1]} {:process 1, :type :invoke, :f :read,
              :value [\"a\" nil]} {:process 1, :type :ok, :f :read, :value [\"a\" 99999999999999999999]}",
            "0 invoke write [\"a\" 1]; 1 invoke read [\"a\" nil]; 1 ok read [\"a\" 99999999999999999999]; \
             0 info write [\"a\" 1]",
        ),
        // What a client left behind may happen later: it goes on as somebody else.
        (
            "{:process 0, :type :invoke, :f :write, :value 1} {:process 0, :type :info, :f :write, :value :lost}
             {:process 0, :type :invoke, :f :write, :value 2} {:process 0, :type :ok, :f :write, :value 2}",
            "0 invoke write 1; 1 invoke write 2; 1 ok write 2; 0 info write 1",
        ),
        ("", ""),
        (" ; nothing\n [ ]", ""),
    ];
    for (text, expected) in table {
        assert_eq!(registers(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn transactions_take_their_reads_from_the_completion() {
    let both = |invoke: &str, complete: &str| {
        format!(
            "{{:process 3, :type :invoke, :f :txn, :value {invoke}}} {{:process 3, :type {complete}}}",
            complete = complete.replacen(' ', ", :f :txn, :value ", 1)
        )
    };
    let table = [
        (Versions::Lists, "[[:append :x 1] [:r 2 nil]]", ":ok [[:append :x 1] [:r 2 [1 :b]]]"),
        (Versions::Lists, "[[:append :x 1] [:r 2 nil]]", ":info [[:append :x 1] [:r 2 [1 :b]]]"),
        (Versions::Lists, "[]", ":ok []"),
        (Versions::Registers, "[[:w 1 5] [:r \"y\" nil]]", ":ok [[:w 1 5] [:r \"y\" 3]]"),
        (Versions::Registers, "[[:w 1 5] [:r 1 nil]]", ":fail [[:w 1 5] [:r 1 nil]]"),
    ];
    for (versions, invoke, complete) in table {
        let (kind, value) = complete[1..].split_once(' ').unwrap();
        let expected = format!("3 invoke txn {invoke}; 3 {kind} txn {value}");
        assert_eq!(transactions(&both(invoke, complete), versions), Ok(expected), "{invoke}");
    }
    let nil = transactions(&both("[[:r 1 nil]]", ":ok [[:r 1 nil]]"), Versions::Lists);
    assert_eq!(nil.unwrap(), "3 invoke txn [[:r 1 nil]]; 3 ok txn [[:r 1 []]]");
    let unknown = transactions(&both("[[:r 1 nil]]", ":info :timed-out"), Versions::Lists);
    assert_eq!(unknown.unwrap(), "3 invoke txn [[:r 1 nil]]; 3 info txn [[:r 1 nil]]");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let table = [
        ("{:process 0", "line 1, column 12: the text ends inside an operation"),
        ("[{:process 0, :type :invoke, :f :read}", "line 1, column 39: the text ends inside an operation"),
        ("\n {:process 0, :f :read}", "line 2, column 2: the operation has no :type"),
        ("{:type :ok, :f :read}", "line 1, column 1: the operation has no :process"),
        ("{:process 0, :type :invoke}", "line 1, column 1: the operation has no :f"),
        (
            "{:process 0, :type :invoke, :f :raed}",
            "line 1, column 32: the workload register has no function `:raed`",
        ),
        ("{:process 0, :type :begin, :f :read}", "line 1, column 20: `:begin` is no type of operation"),
        ("{:process -1, :type :ok, :f :read}", "line 1, column 11: `-1` is no number of a client"),
        ("{:process 0, :process 1}", "line 1, column 23: `:process` stands twice"),
        (
            "{:process 0, :type :ok, :f :read}",
            "line 1, column 1: process 0 completes an operation and has none open",
        ),
        (
            "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :invoke, :f :read}",
            "line 2, column 1: process 0 invokes an operation before it has completed the one of line 1",
        ),
        (
            "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :write, :value 1}",
            "line 2, column 1: this completes another function than was invoked on line 1",
        ),
        (
            "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read}",
            "line 2, column 1: a read that is ok has no :value",
        ),
        (
            "{:process 0, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :write, :value 2}",
            "line 2, column 1: this is not what was invoked on line 1",
        ),
        (
            "{:process 0, :type :invoke, :f :cas, :value [1 2]}\n{:process 0, :type :ok, :f :cas, :value [1 3]}",
            "line 2, column 1: this is not what was invoked on line 1",
        ),
        (
            "{:process 0, :type :invoke, :f :write, :value {}}",
            "line 1, column 47: expected a number, a keyword or a string, found a map",
        ),
        (
            "{:process 0, :type :invoke, :f :cas, :value 1}",
            "line 1, column 45: expected [from to], found `1`",
        ),
        ("{:process :nemesis, :value {:a [1 2}}", "line 1, column 36: expected `]`, found `}`"),
        ("{:process 0, :x \"abc}", "line 1, column 22: the text ends inside an operation"),
        ("7", "line 1, column 1: expected an operation, found `7`"),
        ("[] {:process 0}", "line 1, column 4: the vector of operations has ended before this"),
        ("{:process 0, :time 1.5}", "line 1, column 20: `1.5` is no time"),
        ("{:process 0, :x 12ab}", "line 1, column 17: `12ab` is no number"),
        (
            "{:process 0, :type :invoke, :f :write, :value [1 2]}\n{:process 1, :type :invoke, :f :read, :value nil}",
            "line 2, column 1: some operations name a key, and some do not",
        ),
        (
            "{:process 0, :type :invoke, :f :read, :value nil, :time 5}\n{:process 0, :type :ok, :f :read, :value 1, :time 4}",
            "line 1, column 1: by its :time, this operation overlaps another of its process, or ends before it begins",
        ),
        (r#"{"process": 0, "type": }"#, "line 1, column 24: expected value"),
        (r#"[{"process": "n"} {"process": "n"}]"#, "line 1, column 19: expected `,` or `]`"),
        (r#"[{"process": "n"},]"#, "line 1, column 19: expected an object after `,`"),
        ("{\"process\": \"n\"}\n  {\"process\": 1}", "line 2, column 3: the operation has no :type"),
        (
            r#"{"process": "n", "x": 99999999999999999999}"#,
            "line 1, column 42: `1e20` cannot be told from its neighbours: write it as a string",
        ),
        (r#"{"process": "n""#, "line 1, column 16: the text ends inside an operation"),
    ];
    for (text, expected) in table {
        assert_eq!(registers(text).unwrap_err(), expected, "{text}");
    }
    let table = [
        ("[[:append 1 nil]]", "line 1, column 63: nil cannot be written"),
        ("[[:w 1 2]]", "line 1, column 53: `:w` is no step of this workload"),
        ("[[:r 1]]", "line 1, column 57: expected a list, found `]`"),
        ("[[:r 1 2]]", "line 1, column 58: expected a list, found `2`"),
        ("7", "line 1, column 51: expected a vector of steps, found `7`"),
    ];
    for (value, expected) in table {
        let text = format!("{{:process 0, :type :invoke, :f :txn, :x 1, :value {value}}}");
        assert_eq!(transactions(&text, Versions::Lists).unwrap_err(), expected, "{text}");
    }
}

/// Hands out few bytes at a time, as a pipe may.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.1.min(self.0.len()).min(buffer.len());
        buffer[..bytes].copy_from_slice(&self.0[..bytes]);
        self.0 = &self.0[bytes..];
        Ok(bytes)
    }
}

#[test]
fn nesting_without_end_needs_no_stack() {
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let text = format!("{{:process 0, :type :invoke, :f :read, :x {}}}", deep(1_000_000));
    assert_eq!(registers(&text).unwrap(), "0 invoke read nil; 0 info read nil");
    assert!(registers(&format!("{{:process 0, :x {}", "#_ ^".repeat(1_000_000))).is_err());
    assert!(registers(&"[{#{(".repeat(1_000_000)).is_err());
    let json = format!(r#"{{"process": 0, "x": {}}}"#, deep(1_000_000));
    assert!(registers(&json).unwrap_err().contains("recursion limit"));
}

/// What a drawn transaction does.
fn step(lists: bool) -> impl Strategy<Value = (String, String)> {
    let scalar = prop_oneof!["[0-9]", ":[a-c]", "\"[a-c ;\\[]{0,3}\"", "-?[1-9][0-9]{17}"];
    let list =
        proptest::collection::vec(scalar.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(" ")));
    let read = if lists { list.boxed() } else { scalar.clone().boxed() };
    (any::<bool>(), scalar.clone(), scalar, read).prop_map(move |(writes, key, value, read)| {
        let write = if lists { ":append" } else { ":w" };
        if writes {
            (format!("[{write} {key} {value}]"), format!("[{write} {key} {value}]"))
        } else {
            (format!("[:r {key} nil]"), format!("[:r {key} {read}]"))
        }
    })
}

/// A history of a few processes, as EDN.
fn history(lists: bool) -> impl Strategy<Value = String> {
    let operation = (0..4_u32, 0..4_usize, proptest::collection::vec(step(lists), 0..4));
    proptest::collection::vec(operation, 0..12).prop_map(|operations| {
        let mut text = String::new();
        let mut open: [Option<(String, usize)>; 4] = Default::default();
        for (process, kind, steps) in operations {
            let line = |kind: &str, value: &str| {
                format!("{{:process {process}, :type :{kind}, :f :txn, :value {value}}}\n")
            };
            if let Some((value, kind)) = open[process as usize].take() {
                text += &line(["ok", "ok", "fail", "info"][kind], &value);
            }
            let (invoked, read): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
            text += &line("invoke", &format!("[{}]", invoked.join(" ")));
            open[process as usize] = Some((format!("[{}]", read.join(" ")), kind));
        }
        text
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(text in history(true), other in history(false)) {
        for (text, versions) in [(text, Versions::Lists), (other, Versions::Registers)] {
            let first = read_transactions(text.as_bytes(), Format::Edn, versions).unwrap();
            for format in [Format::Edn, Format::Json] {
                let mut written = Vec::new();
                write_transactions(&first, format, &mut written).unwrap();
                let again = read_transactions(&written[..], format, versions).unwrap();
                let mut rewritten = Vec::new();
                write_transactions(&again, format, &mut rewritten).unwrap();
                prop_assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&rewritten));
                let stamps = |history: &TransactionHistory| -> Vec<_> {
                    let each = history.transactions.iter();
                    each.map(|t| (t.process, t.outcome, t.invoked, t.completed, t.count)).collect()
                };
                prop_assert_eq!(stamps(&first), stamps(&again));
            }
        }
    }

    /// Cut anywhere, with any byte anywhere: an error whose place is in the text, or a history, however it trickles in.
    #[test]
    fn a_mutilated_text_never_panics(
        text in history(true),
        json in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            any::<u8>(), prop::sample::select(&b"{}[]()\"\\#_^:;, \n019-+N/"[..])
        ]), 0..4),
        trickle in 1..50_usize,
    ) {
        let mut bytes = text.into_bytes();
        let format = if json { Format::Json } else { Format::Edn };
        if json {
            let first = read_transactions(&bytes[..], Format::Edn, Versions::Lists).unwrap();
            bytes.clear();
            write_transactions(&first, Format::Json, &mut bytes).unwrap();
        }
        bytes.truncate(cut.index(2 * bytes.len() + 1));
        for (place, byte) in changes {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        let whole = read_transactions(&bytes[..], format, Versions::Lists);
        let trickled = read_transactions(Trickle(&bytes, trickle), format, Versions::Lists);
        prop_assert_eq!(&whole, &trickled);
        if let Err(error) = whole {
            let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
            prop_assert!((1..=lines.len() as u64).contains(&error.line), "{}", error);
            let line = lines[error.line as usize - 1];
            prop_assert!((1..=line.len() as u64 + 1).contains(&error.column), "{}", error);
        }
    }
}

/// Operations that straddle the reader's windows are read whole, and lines are counted across them.
#[test]
fn windows_leave_no_seam() {
    let pad = "x".repeat(1000);
    let operation = |index: usize| {
        format!(
            "{{:process 0, :type :invoke, :f :write, :value {index}, :pad \"{pad}\"}}\n\
             {{:process 0, :type :ok, :f :write, :value {index}}}\n"
        )
    };
    let mut text: String = (0..3000).map(operation).collect();
    let history = read_registers(Trickle(text.as_bytes(), 100_000), Format::Edn).unwrap();
    assert_eq!(history.operations.len(), 3000);
    let lines = history.operations.iter().map(|operation| operation.line);
    assert!(lines.eq((0..3000).map(|index| 2 * index + 1)));
    text += "{:process 0, :type :ok, :f :write, :value 1}";
    assert_eq!(read_registers(text.as_bytes(), Format::Edn).unwrap_err().line, 6001);
    let wide = text.replace('\n', " ");
    let error = read_registers(wide.as_bytes(), Format::Edn).unwrap_err();
    assert_eq!((error.line, error.column), (1, wide.rfind('{').unwrap() as u64 + 1));
}

#[test]
fn the_format_is_known_by_the_beginning_or_the_extension() {
    for (text, expected) in
        [("{\"a", Format::Json), (" [ {\n \"a", Format::Json), ("[{:a", Format::Edn), ("", Format::Edn)]
    {
        assert_eq!(Format::guess(text.as_bytes()), expected, "{text}");
    }
    let of = |path: &str| Format::of_path(std::path::Path::new(path));
    assert_eq!((of("a.edn"), of("a.jsonl"), of("a.txt")), (Some(Format::Edn), Some(Format::Json), None));
}

/// Workloads with rules of their own: what `check` makes of one anomaly each, and of what cannot be read.
#[test]
fn workloads_with_rules_of_their_own_are_read() {
    use crate::recorded::Workload;
    use crate::{CheckOptions, ModelVerdict, check};
    let both = |process: u32, function: &str, invoked: &str, told: &str| {
        let line = |kind: &str, value: &str| {
            format!("{{:process {process}, :type {kind}, :f {function}, :value {value}}}\n")
        };
        line(":invoke", invoked) + &line(":ok", told)
    };
    let table = [
        (
            Workload::Bank,
            both(0, ":read", "nil", "{0 10, 1 10}") + &both(0, ":read", "nil", "{\"0\" 5, 1 10}"),
            "wrong-total",
        ),
        (Workload::Set, both(0, ":add", ":x", ":x") + &both(0, ":read", "nil", "#{}"), "lost-element"),
        (Workload::Set, both(0, ":add", "1", "1") + &both(0, ":read", "nil", "(2 1)"), "unexpected-element"),
        (Workload::Counter, both(0, ":add", "2", "2") + &both(0, ":read", "nil", "1"), "wrong-count"),
        (
            Workload::UniqueIds,
            both(0, ":generate", "nil", "7") + &both(1, ":generate", "nil", "7"),
            "duplicate-id",
        ),
        (
            Workload::LongFork,
            both(0, ":write", "[[:w 0 1]]", "[[:w 0 1]]")
                + &both(1, ":write", "[[:w 1 1]]", "[[:w 1 1]]")
                + &both(2, ":read", "[[:r 0 nil] [:r 1 nil]]", "[[:r 0 1] [:r 1 nil]]")
                + &both(3, ":txn", "[[:r 1 nil] [:r 0 nil]]", "[[:r 1 1] [:r 0 nil]]"),
            "long-fork",
        ),
    ];
    for (workload, text, anomaly) in table {
        let recorded =
            read(workload, text.as_bytes(), Format::Edn).unwrap_or_else(|error| panic!("{text}{error}"));
        let ModelVerdict::Broken(by) = check(&recorded, &CheckOptions::new(None)).verdict else {
            panic!("{workload}: {text}");
        };
        assert_eq!(by.iter().map(|by| by.name()).collect::<Vec<_>>(), [anomaly], "{text}");
        assert_eq!((recorded.len(), recorded.line(1)), (text.lines().count() / 2, 3));
        for wrong in ["}", "nil}", "{:a 1}}", "[[:w 1 2] [:r 1 2]]}"] {
            let value = text.find(", :value").unwrap();
            let function = text[..value].replace(":read", ":transfer") + ", :value ";
            let invoked = read(workload, (function + wrong).as_bytes(), Format::Edn);
            assert!(invoked.is_err() || workload == Workload::UniqueIds, "{workload} {wrong}");
        }
    }
}
