//! Many sets, counters and generators in one history, however their keys are written.

use super::{Format, read};
use crate::recorded::Workload;

/// Each anomaly, how often, and what is told first.
fn found(workload: Workload, text: &str) -> Vec<(String, u64, String)> {
    let recorded =
        read(workload, text.as_bytes(), Format::Edn).unwrap_or_else(|error| panic!("{text}{error}"));
    let report = crate::check(&recorded, &crate::CheckOptions::new(None));
    let told = report.report.found.into_iter();
    told.map(|of| (of.anomaly.to_string(), of.count, of.explanation.words[0].clone())).collect()
}

/// An invocation and its answer, one line each.
fn told(function: &str, invoked: &str, answered: &str) -> String {
    let line =
        |kind: &str, value: &str| format!("{{:process 0, :type :{kind}, :f :{function}, :value {value}}}\n");
    line("invoke", invoked) + &line("ok", answered)
}

#[test]
fn many_sets_and_counters_are_judged_key_by_key_however_the_key_is_written() {
    let independent = told("add", "[:x 1]", "[:x 1]")
        + &told("add", "[:y 2]", "[:y 2]")
        + &told("read", "[:x nil]", "[:x [1]]")
        + &told("read", "nil", "[:y #{}]");
    let transactions = told("txn", "[[:append :x 1]]", "[[:append :x 1]]")
        + &told("txn", "[[:append :y 2]]", "[[:append :y 2]]")
        + &told("txn", "[[:r :x nil]]", "[[:r :x [1]]]")
        + &told("txn", "[[:r :y nil]]", "[[:r :y []]]");
    let lost = "key :y: process 0 (line 3) added 2 and was told ok; process 0 (line 7) read the set later, and 2 was missing.";
    for text in [independent, transactions] {
        assert_eq!(found(Workload::Set, &text), [("lost-element".into(), 1, lost.into())], "{text}");
    }
    let independent =
        told("add", "[0 5]", "[0 5]") + &told("read", "[0 nil]", "[0 5]") + &told("read", "nil", "[1 5]");
    let transactions = told("txn", "[[:add 0 5]]", "[[:add 0 5]]")
        + &told("txn", "[[:r 0 nil]]", "[[:r 0 5]]")
        + &told("txn", "[[:r 1 nil]]", "[[:r 1 5]]");
    let wrong = "key 1: process 0 (line 5) read 5, though the counter must have been 0.";
    for text in [independent, transactions] {
        assert_eq!(found(Workload::Counter, &text), [("wrong-count".into(), 1, wrong.into())], "{text}");
    }
}

/// One element is one of each set, and nobody's value is a list of keys.
#[test]
fn one_set_of_two_elements_is_not_a_set_with_a_key() {
    let text = told("add", "1", "1") + &told("add", "2", "2") + &told("read", "nil", "[1 2]");
    assert_eq!(found(Workload::Set, &text), []);
    let twice =
        told("add", "[1 7]", "[1 7]") + &told("add", "[2 7]", "[2 7]") + &told("read", "nil", "[1 [7]]");
    assert_eq!(found(Workload::Set, &(twice.clone() + &told("read", "nil", "[2 [7]]"))), []);
    assert_eq!(found(Workload::Set, &(twice + &told("read", "nil", "[2 []]"))).len(), 1);
}

#[test]
fn ids_that_transactions_draw_are_a_number_and_whose_it_is() {
    let draw = |counter: u8, id: u8| {
        let steps = |id: &str| format!("[[:r {counter} {id}] [:add {counter} 1]]");
        told("txn", &steps("nil"), &steps(&id.to_string()))
    };
    let unheard = "{:process 1, :type :invoke, :f :txn, :value [[:add 1 1]]}\n";
    let good = draw(1, 5) + &draw(2, 5) + &draw(1, 6) + unheard;
    assert_eq!(found(Workload::UniqueIds, &good), []);
    let words = "process 0 (line 1) and process 0 (line 8) were both given the id 5 of counter 1.";
    assert_eq!(found(Workload::UniqueIds, &(good + &draw(1, 5))), [("duplicate-id".into(), 1, words.into())]);
}

#[test]
fn who_names_keys_names_them_in_every_operation() {
    let wrong = |workload: Workload, text: String| {
        read(workload, text.as_bytes(), Format::Edn).unwrap_err().to_string()
    };
    for workload in [Workload::Set, Workload::Counter] {
        let mixed = told("add", "[0 5]", "[0 5]") + &told("add", "5", "5");
        let message = wrong(workload, mixed);
        assert!(message.starts_with("line 3, column 1: some operations name a key"), "{message}");
        let unnamed = told("add", "[0 5]", "[0 5]") + &told("read", "nil", "nil");
        assert!(wrong(workload, unnamed).contains("a read that is ok has no :value"));
    }
    let other = told("add", "[0 5]", "[0 5]") + &told("read", "[0 nil]", "[1 5]");
    let message = wrong(Workload::Counter, other);
    assert!(message.contains("the key is 1, and it was 0 when this was invoked"), "{message}");
    let message = wrong(Workload::Set, told("txn", "[[:append 1 2] [:append 1 3]]", "nil"));
    assert!(message.contains("does more than one set can"), "{message}");
}
