//! `report.html`: one file, no network, readable without scripts and in print.

mod anomalies;
pub(crate) mod bill;
pub(crate) mod hotspots;
pub(crate) mod queries;

use crate::{
    Better, MetricInfo,
    compare::{self, Row},
    numbers,
    plots::{self, Picture},
    winners, words,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shardlab_scenarios::tables::{ExpectationRow, JudgementRow, RunReport, VariantReport, VerdictKind};

/// The whole page.
pub(crate) fn page(report: &RunReport, info: &[MetricInfo], pictures: &[Picture]) -> String {
    // Some stand where they are spoken of.
    let of = |names: &[&str]| pictures.iter().filter(|of| names.contains(&of.name)).collect::<Vec<_>>();
    let of_anomalies = of(&["anomalies"]);
    let of_hotspots = of(if hotspots::is_worth(report) { &hotspots::PICTURES } else { &[] });
    let of_bill = of(if bill::is_worth(report) { &bill::PICTURES } else { &[] });
    let of_queries = of(&queries::PICTURES);
    let placed = [&of_anomalies[..], &of_queries, &of_hotspots, &of_bill].concat();
    let is_placed = |picture: &&Picture| placed.iter().any(|of| of.name == picture.name);
    let rest: Vec<&Picture> = pictures.iter().filter(|picture| !is_placed(picture)).collect();
    let body = html! {
        (header(report))
        main {
            (comparison(report, info))
            (expectations(report))
            (judgements(report))
            (anomalies::section(report, of_anomalies.first().copied()))
            (queries::section(report, info, &of_queries))
            (hotspots::section(report, info, &of_hotspots))
            (bill::section(report, info, &of_bill))
            section #pictures {
                h2 { "Pictures" }
                (figures(&rest))
            }
            (faults(report))
            (moves(report))
            (every_metric(report, info))
            (resolved(report))
        }
        footer {
            "shardlab · " (words::seeds(report)) " · engine " (report.engine) " · fingerprint "
            code { (report.fingerprint) }
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (report.scenario) " · " (words::verdict(report.verdict)) " · shardlab" }
                style { (PreEscaped(include_str!("report.css"))) }
            }
            body { (body) }
        }
    };
    // HTML allows no control characters, escaped or not, but for blanks.
    page.into_string().replace(|letter: char| letter.is_control() && !letter.is_ascii_whitespace(), " ")
}

fn figures(pictures: &[&Picture]) -> Markup {
    html! { @for picture in pictures { figure { (PreEscaped(plots::svg(picture))) } } }
}

fn header(report: &RunReport) -> Markup {
    let load = format!(
        "{} s of load, the first {} s not measured, then {} s to drain",
        numbers::number(report.duration_s),
        numbers::number(report.warmup_s),
        numbers::number(report.drain_s)
    );
    html! {
        header {
            p.name { (report.scenario) " · " (words::seeds(report)) }
            h1 { (report.question) }
            p.verdict { (badge(report.verdict)) " " (verdict_sentence(report)) }
            dl.facts {
                div { dt { "Simulated" } dd { (load) } }
                div { dt { "Replay" } dd { code { (report.replay) } } }
                div { dt { "Fingerprint" } dd { code { (report.fingerprint) } } }
            }
        }
    }
}

fn verdict_sentence(report: &RunReport) -> String {
    let judged = report.variants.iter().flat_map(|variant| &variant.verdicts).filter_map(|row| row.verdict);
    let expected = report.expectations.iter().map(|row| row.verdict);
    let count = |kind| judged.clone().filter(|verdict| *verdict == kind).count();
    let missed = expected.filter(|verdict| *verdict == VerdictKind::Fail).count();
    format!(
        "{} judgements passed, {} failed, {} cannot tell; {missed} of {} expectations missed.",
        count(VerdictKind::Pass),
        count(VerdictKind::Fail),
        count(VerdictKind::Unknown),
        report.expectations.len()
    )
}

fn badge(verdict: VerdictKind) -> Markup {
    badge_of(Some(verdict), words::verdict(verdict))
}

/// Words in a verdict's colour, or in none.
fn badge_of(verdict: Option<VerdictKind>, words: &str) -> Markup {
    let class = match verdict {
        Some(VerdictKind::Pass) => "badge pass",
        Some(VerdictKind::Unknown) => "badge unknown",
        Some(VerdictKind::Fail) => "badge fail",
        None => "badge",
    };
    html! { span class=(class) { (words) } }
}

fn comparison(report: &RunReport, info: &[MetricInfo]) -> Markup {
    let rows = compare::headline_rows(report, info);
    html! {
        section #variants {
            h2 { "Variants" }
            @if let Some(words) = queries::line(report, info) { p { (words) "." } }
            (metric_table(report, &rows, true))
            p.note {
                "A variant's verdict is the worst of its judges and expectations. "
                span.best { "★" } " " (winners::rule(report.seeds))
                " Point at a metric for its definition."
                @if let Some(caveat) = winners::caveat(report, &rows) { " " (caveat) }
            }
        }
    }
}

fn metric_table(report: &RunReport, rows: &[Row], verdicts: bool) -> Markup {
    let names = compare::names(report);
    let axes = report.sweep.as_ref().map(|sweep| sweep.axes.join(", "));
    html! {
        div.scroll { table.metrics.many[names.len() > 3] {
            thead { tr {
                th { "Metric" }
                @if let Some(axes) = &axes { th title=(axes) { (compare::short_axes(report)) } }
                @for name in &names { th.number { (name) } }
            } }
            tbody {
                @if verdicts { tr {
                    th { "verdict" }
                    @if axes.is_some() { td {} }
                    @for name in &names { td.number { (badge(compare::verdict(report, name))) } }
                } }
                @for (index, row) in rows.iter().enumerate() {
                    (metric_row(row, axes.is_some(), index > 0 && rows[index - 1].metric.name == row.metric.name))
                }
            }
        } }
    }
}

/// Points of a sweep stand under each other; only the first names the metric.
fn metric_row(row: &Row, swept: bool, repeated: bool) -> Markup {
    let metric = &row.metric;
    let better = if metric.better == Better::Neither {
        String::new()
    } else {
        format!("{} is better", words::better(metric.better))
    };
    let about: Vec<&str> = [metric.unit, &better].into_iter().filter(|part| !part.is_empty()).collect();
    html! {
        tr {
            th title=(metric.definition) {
                @if !repeated { span.term { (metric.name) } " " small { (about.join(", ")) } }
            }
            @if swept { td { (row.point) } }
            @for (cell, best) in row.cells.iter().zip(&row.best) {
                td.number.best[*best] {
                    @match cell {
                        // A line ends before the interval or nowhere.
                        Some(figure) => (numbers::figure(figure, metric.unit).replace(' ', "\u{a0}").replace("\u{a0}±", " ±")),
                        None => "–",
                    }
                    @if *best { "\u{a0}" span.mark title="best of its row" { "★" } }
                }
            }
        }
    }
}

/// The head of a table; `#` before a name aligns it with the numbers below.
fn head(names: &[&str]) -> Markup {
    html! {
        thead { tr { @for name in names {
            @match name.strip_prefix('#') {
                Some(name) => { th.number { (name) } },
                None => { th { (name) } },
            }
        } } }
    }
}

fn expectations(report: &RunReport) -> Markup {
    let row = |row: &ExpectationRow| {
        html! {
            tr {
                td { (badge(row.verdict)) }
                td { (row.variant) }
                td { (row.expectation) @if !row.needs.is_empty() { br; small { (row.needs) } } }
                td.number { (row.measured.map_or_else(|| "–".into(), numbers::number)) }
                td { code { (row.place) } }
            }
        }
    };
    html! {
        @if !report.expectations.is_empty() {
            section #expectations {
                h2 { "Expectations" }
                div.scroll { table {
                    (head(&["", "Variant", "Expected", "#Measured", "Where"]))
                    tbody { @for expectation in &report.expectations { (row(expectation)) } }
                } }
            }
        }
    }
}

/// What somebody must look into stands open; what is as it should be can be opened.
fn judgements(report: &RunReport) -> Markup {
    let all =
        report.variants.iter().flat_map(|variant| variant.verdicts.iter().map(move |row| (variant, row)));
    let (open, quiet): (Vec<_>, Vec<_>) = all.partition(|(_, row)| is_worth_a_look(row));
    html! {
        section #judges {
            h2 { "Judges" }
            @if !open.is_empty() { (judgement_table(report, &open)) }
            @if !quiet.is_empty() {
                details {
                    summary { (quiet_judgements(&quiet)) }
                    (judgement_table(report, &quiet))
                }
            }
        }
    }
}

/// It failed, cannot tell, or has seen what was never promised not to happen.
fn is_worth_a_look(row: &JudgementRow) -> bool {
    row.anomalies > 0 || row.verdict.is_some_and(|verdict| verdict != VerdictKind::Pass)
}

/// "14 passed, 8 not promised and nothing seen".
fn quiet_judgements(rows: &[(&VariantReport, &JudgementRow)]) -> String {
    let passed = rows.iter().filter(|(_, row)| row.verdict.is_some()).count();
    match rows.len() - passed {
        0 => format!("{passed} passed"),
        idle => format!("{passed} passed, {idle} not promised and nothing seen"),
    }
}

fn judgement_table(report: &RunReport, rows: &[(&VariantReport, &JudgementRow)]) -> Markup {
    html! {
        div.scroll { table {
            (head(&["", "Variant", "Judge", "#Violations", "Witness or reason"]))
            tbody { @for (variant, row) in rows { (judgement(report, variant, row)) } }
        } }
    }
}

fn judgement(report: &RunReport, variant: &VariantReport, row: &JudgementRow) -> Markup {
    let seeds = words::failed_seeds(row, report.seeds);
    html! {
        tr {
            td { (badge_of(row.verdict, words::judgement(row))) }
            td { (compare::label(report, variant)) }
            td { (row.judge) }
            td.number {
                (numbers::number(row.anomalies as f64))
                @if !seeds.is_empty() { br; small { (seeds) } }
                @else if report.seeds > 1 && row.anomalies > 0 {
                    br; small { "over " (report.seeds) " seeds" }
                }
            }
            td {
                @if report.seeds > 1 && !row.words.is_empty() { small { "seed " (row.words_seed) ": " } }
                @match row.words.split_once(" | ") {
                    // A witness of several sentences is told as a whole among the anomalies.
                    Some((first, _)) => { (first) " … " a href="#anomalies" { "the whole witness" } },
                    None => (row.words),
                }
            }
        }
    }
}

fn faults(report: &RunReport) -> Markup {
    let time = |time_s: Option<f64>| {
        time_s.map_or_else(|| "–".to_owned(), |time_s| format!("{} s", numbers::number(time_s)))
    };
    html! {
        @if report.variants.iter().any(|variant| !variant.faults.is_empty()) {
            section #faults {
                h2 { "What each fault did" }
                @if report.seeds > 1 {
                    p.note { "With seed " (report.seed) ", the first; " code { "faults.csv" } " has all seeds." }
                }
                div.scroll { table {
                    (head(&["Variant", "Fault", "#Struck", "#Healed", "Whom", "Effect"]))
                    tbody { @for variant in &report.variants { @for row in variant.faults_with(report.seed) { tr {
                        td { (compare::label(report, variant)) }
                        td { (row.fault) }
                        td.number { (row.struck_s.map_or_else(|| "never".to_owned(), |_| time(row.struck_s))) }
                        td.number { (time(row.healed_s)) }
                        td { (row.nodes) }
                        td { (row.effect) @if row.changed == 0 { " " (badge(VerdictKind::Unknown)) } }
                    } } } }
                } }
            }
        }
    }
}

fn moves(report: &RunReport) -> Markup {
    html! {
        @if report.variants.iter().any(|variant| !variant.moves.is_empty()) {
            section #moves {
                h2 { "Moves of keys" }
                div.scroll { table {
                    (head(&["Variant", "#From shard", "#To shard", "From", "To", "#Began", "#Took", "#Sealed", "#Keys", "#Newer rows", "#Copied"]))
                    tbody { @for variant in &report.variants { @for row in &variant.moves { tr {
                        td { (compare::label(report, variant)) }
                        td.number { (row.source_shard) }
                        td.number { (row.target_shard) }
                        td { (row.from) }
                        td { (row.to) }
                        td.number { (numbers::number(row.start_s)) " s" }
                        td.number { @if let Some(end_s) = row.end_s { (numbers::number(end_s - row.start_s)) " s" } }
                        td.number { @if let Some(ms) = row.sealed_ms { (numbers::number(ms)) " ms" } }
                        @if row.is_of_nothing() { td colspan="3" { "nothing was there to be moved" } } @else {
                            td.number { (numbers::number(row.keys as f64)) }
                            td.number { @if let Some(rows) = row.written_rows { (numbers::number(rows as f64)) } }
                            td.number { @if row.by_reference { "by reference" } @else { (numbers::quantity(row.bytes as f64, "bytes")) } }
                        }
                    } } } }
                } }
            }
        }
    }
}

fn every_metric(report: &RunReport, info: &[MetricInfo]) -> Markup {
    html! {
        section #metrics {
            details {
                summary { "Every metric" }
                (metric_table(report, &compare::all_rows(report, info), false))
            }
        }
    }
}

fn resolved(report: &RunReport) -> Markup {
    html! {
        section #scenario {
            details {
                summary { "The scenario with every default" }
                pre { code { (report.resolved) } }
            }
            p { "The same run again: " code { (report.replay) } }
        }
    }
}
