//! SVG, PNG and HTML: well-formed, self-contained, and deaf to hostile names.

mod common;

use common::{HOSTILE, flash_sale, info, meta, queries::queried};
use shardlab_reports::{plots, write};
use shardlab_scenarios::tables::RunReport;
use std::fs;

fn hostile_page() -> String {
    let mut report = flash_sale(&[HOSTILE, "b"], 1);
    report.question = HOSTILE.into();
    report.resolved = HOSTILE.into();
    report.replay = HOSTILE.into();
    for variant in &mut report.variants {
        for fault in &mut variant.faults {
            for words in [&mut fault.fault, &mut fault.nodes, &mut fault.effect] {
                *words = HOSTILE.into();
            }
        }
        for row in &mut variant.verdicts {
            for words in [&mut row.judge, &mut row.words] {
                *words = HOSTILE.into();
            }
        }
        for row in &mut variant.anomalies {
            for words in [&mut row.judge, &mut row.meaning, &mut row.witness[0]] {
                *words = HOSTILE.into();
            }
            for step in row.cycle.iter_mut().flat_map(|cycle| &mut cycle.transactions[0].steps) {
                step.words = HOSTILE.into();
            }
        }
        variant.moves.iter_mut().for_each(|row| row.from = HOSTILE.into());
        variant.metrics =
            variant.metrics.iter().map(|(name, figure)| (format!("{name}{HOSTILE}"), *figure)).collect();
    }
    for row in &mut report.expectations {
        for words in [&mut row.expectation, &mut row.place] {
            *words = HOSTILE.into();
        }
    }
    page_of(&report)
}

#[test]
fn hostile_names_stay_text() {
    let page = hostile_page();
    assert!(page.contains("&lt;/script&gt;&lt;b&gt;&amp;"));
    assert!(!page.contains("</script>") && !page.contains("<b>"));
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = hostile_page();
    for source in ["src=", "url(", "@import", "<link", "<script"] {
        assert!(!page.contains(source), "{source}");
    }
    // What is left of addresses are names of namespaces, which nobody fetches.
    assert_eq!(page.matches("http").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
}

#[test]
fn queries_stand_side_by_side_variant_by_variant() {
    let page = page_of(&queried(&["customer_id", "product_id", "region"]));
    let (_, section) = page.split_once("<section id=\"queries\">").expect("there is a section on queries");
    let (section, _) = section.split_once("</section>").expect("it ends");
    assert_eq!(
        section.matches("<th>order-history</th>").count(),
        1,
        "only the first of its rows names a query"
    );
    assert_eq!(section.matches("<td>product_id</td>").count(), 3, "a row a query");
    assert!(!page_of(&flash_sale(&["modulo"], 1)).contains("id=\"queries\""));
}

#[test]
fn the_page_answers_what_a_reader_asks() {
    let page = page_of(&flash_sale(&["modulo", "consistent-hash"], 1));
    let said = [
        "<h1>Which way of sharding keeps a flash sale off one server?</h1>",
        "title=\"Operations answered with ok, a second.\"",
        "flash-sale.toml:31",
        "although client 1 had been told",
        "NOT PROMISED",
        "the mark never came",
        "shardlab run flash-sale --seed 42",
        "Fingerprint",
    ];
    for words in said {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(page.matches("<figure>").count(), 13);
}

#[test]
fn every_class_of_anomaly_is_told_a_sentence_a_line_and_drawn_where_it_is_a_cycle() {
    let mut report = flash_sale(&["modulo", "consistent-hash"], 2);
    // What breaks a promise comes first, wherever it stands in the table.
    report.variants[1].anomalies[1].promised = true;
    let page = page_of(&report);
    let section =
        page.split_once("<section id=\"anomalies\">").unwrap().1.split_once("</section>").unwrap().0;
    let said = [
        "aria-label=\"Anomalies by class and variant\"",
        "<h3>consistent-hash</h3>",
        "<small>12,345 seen, by isolation</small>",
        "Seen with seed 43:",
        "<p>T3 comes before T4 (rw): T3 read stock = [], before T4 appended 7.</p>\
         <p>T4 comes before T3 (rw): T4 read order = [], before T3 appended 8.</p>",
    ];
    for words in said {
        assert!(section.contains(words), "{words}");
    }
    let open = "<details class=\"witness\" open>";
    let order: Vec<(bool, &str)> = section
        .split("<details class=\"witness\"")
        .skip(1)
        .map(|witness| (witness.starts_with(" open>"), between(witness, "<span class=\"class\">", "</span>")))
        .collect();
    let expected = [(true, "stale-read"), (false, "G2-item"), (true, "G2-item"), (false, "stale-read")];
    assert_eq!(order, expected);
    assert_eq!(section.matches(open).count(), 2);
    for name in ["cycle-1", "cycle-2"] {
        assert!(section.contains(&format!("id=\"{name}-r")), "{name} has letters of its own");
    }
    assert_eq!(section.matches("<title>Cycle of dependencies: T3 → T4 → T3</title>").count(), 2);
}

#[test]
fn without_anomalies_there_is_no_section_and_no_matrix() {
    let mut report = flash_sale(&["modulo", "consistent-hash"], 1);
    report.variants.iter_mut().for_each(|variant| variant.anomalies.clear());
    assert!(!page_of(&report).contains("<section id=\"anomalies\">"));
    assert!(plots::pictures(&report, &info()).iter().all(|picture| picture.name != "anomalies"));
}

fn page_of(report: &RunReport) -> String {
    let place = tempfile::TempDir::new().unwrap();
    let written = write(report, &info(), &meta(), None, &place.path().join("run"), None).unwrap();
    fs::read_to_string(written.report).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[test]
fn a_drawing_of_a_cycle_is_well_formed() {
    let mut report = flash_sale(&["a"], 1);
    let cycle = report.variants[0].anomalies[1].cycle.as_mut().unwrap();
    cycle.transactions[0].steps[0].words = HOSTILE.into();
    for svg in [plots::cycle(cycle, "cycle"), plots::cycle_with_reasons(cycle, "cycle")] {
        check_well_formed(&svg);
    }
}

#[test]
fn pictures_need_no_font_and_are_well_formed() {
    for picture in plots::pictures(&flash_sale(&[HOSTILE, "b"], 1), &info()) {
        let svg = plots::svg(&picture);
        assert!(!svg.contains("<text") && !svg.contains("font"), "{}", picture.name);
        check_well_formed(&svg);
        let png = plots::png(&picture);
        // RFC 2083, §3.1.
        assert_eq!(png[..8], [137, 80, 78, 71, 13, 10, 26, 10]);
    }
}

#[test]
#[should_panic(expected = "closes")]
fn the_check_finds_tags_that_do_not_match() {
    check_well_formed("<svg><g></svg></g>");
}

/// Tags match, attributes are quoted, and nothing in between needs escaping.
fn check_well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in xml.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "unescaped: {text}");
        assert!(tag.matches('"').count() % 2 == 0, "unquoted: {tag}");
        let references = text.matches('&').count() + tag.matches('&').count();
        let known: usize =
            ["&amp;", "&lt;", "&gt;", "&quot;"].map(|name| piece.matches(name).count()).iter().sum();
        assert_eq!(references, known, "unescaped: {piece}");
        assert!(piece.chars().all(|letter| !letter.is_control() || letter == '\n'));
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{name} closes what is open"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split_whitespace().next().expect("a tag has a name")),
        }
    }
    assert!(open.is_empty(), "open at the end: {open:?}");
}
