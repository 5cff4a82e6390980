//! The summary that a run ends with on the terminal. Colours help; words and marks alone suffice.

use crate::{
    MetricInfo,
    compare::{self, Row},
    html::{bill, hotspots, queries},
    numbers, winners, words,
};
use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentLineStyle, LineStyle, Table, TableStyle};
use shardlab_scenarios::tables::{ExpectationRow, JudgementRow, RunReport, VariantReport, VerdictKind};
use std::path::Path;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Marks the best of a row.
const MARK: &str = " *";
/// Column of what follows a verdict's word.
const INDENT: usize = 11;
/// Narrower than this, text is no longer readable; the terminal may wrap it as it likes.
const LEAST_WIDTH: usize = 50;
/// Longer names of variants are cut, so that two of them fit on an ordinary terminal.
const NAME_WIDTH: usize = 28;

/// A sweep can fail everywhere; more entries than this hide the table above them. Failures come first.
const OBJECTIONS: usize = 12;

const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('│'))
    .header_separator(LineStyle::none().fill('─').junction('┼'))
    .content_lines(ContentLineStyle::none().junction('│'));

/// The summary of a run, `width` columns wide, with ANSI styles; the report lies at `report_path`.
///
/// The first and the last line name scenario, seeds and fingerprint.
#[must_use]
pub fn summary(report: &RunReport, info: &[MetricInfo], report_path: &Path, width: usize) -> String {
    let width = width.max(LEAST_WIDTH);
    let name = plain(&format!(
        "{} · {} · fingerprint {}",
        report.scenario,
        words::seeds(report),
        report.fingerprint
    ));
    let mut out = format!("{STRONG}{name}{STRONG:#}\n");
    for line in wrap(&plain(&report.question), width) {
        out += &format!("{line}\n");
    }
    out.push('\n');
    tables(&mut out, report, info, width);
    lines(&mut out, report, info, width);
    judgements(&mut out, report, width);
    expectations(&mut out, report, width);
    out += &format!("{:<INDENT$}{}\n", "Report", plain(&report_path.display().to_string()));
    out += &format!("{STRONG}{name}{STRONG:#} · {}\n", verdict(report.verdict, 0));
    out
}

/// One line each on queries, hotspots and the bill, where there is something to say.
fn lines(out: &mut String, report: &RunReport, info: &[MetricInfo], width: usize) {
    let lines = [
        ("Best", queries::line(report, info)),
        ("Hot", hotspots::line(report)),
        ("Moved", bill::line(report)),
    ];
    let told: Vec<(&str, String)> =
        lines.into_iter().filter_map(|(lead, line)| Some((lead, line?))).collect();
    for (lead, line) in &told {
        for (index, line) in wrap(&plain(line), width - INDENT).into_iter().enumerate() {
            let lead = if index == 0 { lead } else { "" };
            *out += &format!("{lead:<INDENT$}{line}\n");
        }
    }
    if !told.is_empty() {
        out.push('\n');
    }
}

/// As many tables as it takes to give every variant a column.
fn tables(out: &mut String, report: &RunReport, info: &[MetricInfo], width: usize) {
    let names = compare::names(report);
    let rows = compare::headline_rows(report, info);
    let columns: Vec<Vec<String>> =
        (0..names.len()).map(|index| column(report, names[index], index, &rows)).collect();
    let lead = lead(report, &rows);
    let mut from = 0;
    while from < columns.len() {
        let room = width.saturating_sub(lead.iter().map(|column| column_width(column)).sum());
        let to = from + fitting(&columns[from..], room);
        *out += &paint_table(&[&lead[..], &columns[from..to]].concat(), lead.len());
        out.push('\n');
        from = to;
    }
    for line in wrap(&legend(report), width).into_iter().chain(caveat(report, &rows, width)) {
        *out += &format!("{FAINT}{line}{FAINT:#}\n");
    }
    out.push('\n');
}

fn legend(report: &RunReport) -> String {
    if report.variants.len() == 1 {
        "one variant, so there is nothing to be better than".into()
    } else {
        format!("* {}", winners::rule(report.seeds))
    }
}

fn caveat(report: &RunReport, rows: &[Row], width: usize) -> Vec<String> {
    winners::caveat(report, rows).map_or_else(Vec::new, |caveat| wrap(&plain(&caveat), width))
}

/// The columns that name the rows: metric, point of the sweep, which way is better.
fn lead(report: &RunReport, rows: &[Row]) -> Vec<Vec<String>> {
    let mut last = "";
    let mut names = vec!["metric".to_owned(), "verdict".to_owned()];
    let mut points = vec![plain(&compare::short_axes(report)), String::new()];
    let mut better = vec!["better".to_owned(), String::new()];
    for row in rows {
        let repeated = last == row.metric.name;
        names.push(if repeated { String::new() } else { plain(&row.metric.name) });
        better.push(if repeated { String::new() } else { words::better(row.metric.better).to_owned() });
        points.push(plain(&row.point));
        last = &row.metric.name;
    }
    if report.sweep.is_some() { vec![names, better, points] } else { vec![names, better] }
}

/// A variant's column: name, verdict, figures. Room is kept for the mark, so that numbers stay aligned.
fn column(report: &RunReport, name: &str, index: usize, rows: &[Row]) -> Vec<String> {
    let head = [cut(&plain(name), NAME_WIDTH), words::verdict(compare::verdict(report, name)).to_owned()];
    let cell = |row: &Row| {
        let text = row.cells[index]
            .as_ref()
            .map_or_else(|| "–".into(), |figure| numbers::figure(figure, row.metric.unit));
        format!("{text}{}", if row.best[index] { MARK } else { "  " })
    };
    let head = head.map(|text| format!("{text}  "));
    head.into_iter().chain(rows.iter().map(cell)).collect()
}

/// With a blank on both sides and a rule.
fn column_width(column: &[String]) -> usize {
    3 + column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// How many columns fit; at least one, whatever happens.
fn fitting(columns: &[Vec<String>], mut room: usize) -> usize {
    let fits = |column: &&Vec<String>| {
        let fits = column_width(column) <= room;
        room = room.saturating_sub(column_width(column));
        fits
    };
    columns.iter().take_while(fits).count().max(1)
}

fn paint_table(columns: &[Vec<String>], left_aligned: usize) -> String {
    let mut table = Table::new();
    let row = |index: usize| columns.iter().map(move |column| column[index].as_str());
    // The table trims nothing, but breaks nothing either: blanks that keep the mark's room become no-break spaces.
    let cells = |index| row(index).map(|cell| cell.replace(' ', "\u{a0}")).collect::<Vec<_>>();
    table.load_style(STYLE).set_header(cells(0)).add_rows((1..columns[0].len()).map(cells));
    for column in table.column_iter_mut().skip(left_aligned) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let text = table.to_string().replace('\u{a0}', " ");
    let paint = |(number, line): (usize, &str)| paint_line(number, line.trim_end());
    text.lines().enumerate().map(paint).collect()
}

/// The header is line 0 and the verdicts are line 2.
fn paint_line(number: usize, line: &str) -> String {
    let paint = |cell: &str| match number {
        0 => format!("{STRONG}{cell}{STRONG:#}"),
        2 if cell.contains("PASS") => format!("{GOOD}{cell}{GOOD:#}"),
        2 if cell.contains("FAIL") => format!("{BAD}{cell}{BAD:#}"),
        2 if cell.contains("UNKNOWN") => format!("{DOUBTFUL}{cell}{DOUBTFUL:#}"),
        _ if cell.trim_end().ends_with(MARK) => format!("{GOOD}{cell}{GOOD:#}"),
        _ => cell.to_owned(),
    };
    line.split('│').map(paint).collect::<Vec<_>>().join("│") + "\n"
}

/// Judges that failed or cannot tell, each with its witness and the command that shows it again.
fn judgements(out: &mut String, report: &RunReport, width: usize) {
    let all =
        report.variants.iter().flat_map(|variant| variant.verdicts.iter().map(move |row| (variant, row)));
    let content = all.clone().filter(|(_, row)| row.verdict == Some(VerdictKind::Pass)).count();
    let judged = all.clone().filter(|(_, row)| row.verdict.is_some()).count();
    *out += &format!("{:<INDENT$}{content} of {judged} judgements passed\n", "Judges");
    let mut objections: Vec<_> =
        all.filter_map(|(variant, row)| Some((row.verdict?, variant, row))).collect();
    objections.retain(|(verdict, _, _)| *verdict != VerdictKind::Pass);
    objections.sort_by_key(|(verdict, _, _)| std::cmp::Reverse(*verdict));
    let objections: Vec<_> = objections.chunk_by(say_the_same).collect();
    for alike in objections.iter().take(OBJECTIONS) {
        let (verdict, variant, row) = alike[0];
        let judges: Vec<&str> = alike.iter().map(|(_, _, row)| row.judge.as_str()).collect();
        entry(out, verdict, &judgement(report, variant, row, &judges.join(", ")), width);
        for sentence in sentences(&row.words) {
            detail(out, &sentence, width);
        }
        if let [_, _, ..] = classes(variant, row)[..] {
            detail(out, &format!("in all: {}", classes(variant, row).join(", ")), width);
        }
        detail(out, &format!("replay: {}", report.replay), width);
    }
    if objections.len() > OBJECTIONS {
        detail(out, &format!("and {} more, in the report", objections.len() - OBJECTIONS), width);
    }
    not_promised(out, report, width);
    out.push('\n');
}

/// Of a longer witness, so many sentences are told here: whom it is about, and what it comes to.
const SENTENCES: usize = 6;

/// A line each.
fn sentences(words: &str) -> Vec<String> {
    let all: Vec<String> = words.split(" | ").map(str::to_owned).collect();
    let Some(left_out) = all.len().checked_sub(SENTENCES).filter(|left_out| *left_out > 0) else {
        return all;
    };
    let (first, last) = (&all[..SENTENCES - 2], &all[all.len() - 1]);
    [first, &[format!("… {} sentences more, in the report", left_out + 1)], std::slice::from_ref(last)]
        .concat()
}

/// How often a judge saw each class of anomaly that breaks a promise.
fn classes(variant: &VariantReport, row: &JudgementRow) -> Vec<String> {
    let broken = variant.anomalies.iter().filter(|seen| seen.promised && seen.judge == row.judge);
    broken.map(|seen| format!("{} {}", seen.anomaly, numbers::number(seen.count as f64))).collect()
}

/// What judges saw although nobody had promised that it would not happen: no verdict, and yet what a reader of a pass
/// has to know.
fn not_promised(out: &mut String, report: &RunReport, width: usize) {
    let all =
        report.variants.iter().flat_map(|variant| variant.verdicts.iter().map(move |row| (variant, row)));
    let seen: Vec<_> = all.filter(|(_, row)| row.verdict.is_none() && row.anomalies > 0).collect();
    for (variant, row) in seen.iter().take(OBJECTIONS) {
        let (which, count) = (compare::label(report, variant), words::seen(row, report.seeds));
        for line in wrap(&plain(&format!("not promised: {which} · {}: {count}", row.judge)), width - 2) {
            *out += &format!("  {line}\n");
        }
    }
    if seen.len() > OBJECTIONS {
        detail(out, &format!("and {} more, in the report", seen.len() - OBJECTIONS), width);
    }
}

/// Judges that cannot tell for one and the same reason: the reason is said once.
fn say_the_same(
    (verdict, variant, row): &(VerdictKind, &VariantReport, &JudgementRow),
    (_, next_variant, next): &(VerdictKind, &VariantReport, &JudgementRow),
) -> bool {
    *verdict == VerdictKind::Unknown
        && next.verdict == row.verdict
        && std::ptr::eq(*variant, *next_variant)
        && (&row.words, row.words_seed) == (&next.words, next.words_seed)
}

/// What one judge, or several that say the same, have to say.
fn judgement(report: &RunReport, variant: &VariantReport, row: &JudgementRow, judges: &str) -> String {
    let seeds = words::failed_seeds(row, report.seeds);
    let parts = match row.verdict {
        Some(VerdictKind::Fail) => format!("{} {seeds}", words::violations(row.anomalies)),
        _ => "cannot tell".to_owned(),
    };
    format!("{} · {judges}: {}", compare::label(report, variant), parts.trim_end())
}

fn expectations(out: &mut String, report: &RunReport, width: usize) {
    if report.expectations.is_empty() {
        return;
    }
    let met = report.expectations.iter().filter(|row| row.verdict == VerdictKind::Pass).count();
    *out += &format!("{:<INDENT$}{met} of {} met\n", "Expected", report.expectations.len());
    for row in report.expectations.iter().filter(|row| row.verdict != VerdictKind::Pass) {
        entry(out, row.verdict, &expectation(row), width);
    }
    if met < report.expectations.len() {
        detail(out, &format!("replay: {}", report.replay), width);
    }
    out.push('\n');
}

fn expectation(row: &ExpectationRow) -> String {
    let measured = match row.measured {
        Some(value) => format!("measured {}", numbers::number(value)),
        None if row.needs.is_empty() => "not measured".into(),
        None => format!("not measured, since {}", row.needs),
    };
    format!("{}: {}, {measured} ({})", row.variant, row.expectation, row.place)
}

fn entry(out: &mut String, kind: VerdictKind, text: &str, width: usize) {
    for (index, line) in wrap(&plain(text), width - INDENT).into_iter().enumerate() {
        let lead = if index == 0 { verdict(kind, INDENT - 2) } else { " ".repeat(INDENT - 2) };
        *out += &format!("  {lead}{line}\n");
    }
}

fn detail(out: &mut String, text: &str, width: usize) {
    for line in wrap(&plain(text), width - INDENT) {
        *out += &format!("{:INDENT$}{FAINT}{line}{FAINT:#}\n", "");
    }
}

fn verdict(kind: VerdictKind, width: usize) -> String {
    let style = match kind {
        VerdictKind::Pass => GOOD,
        VerdictKind::Unknown => DOUBTFUL,
        VerdictKind::Fail => BAD,
    };
    let word = words::verdict(kind);
    format!("{style}{word}{style:#}{:pad$}", "", pad = width.saturating_sub(word.len()))
}

/// Words from files may hold escape sequences; none of them reaches the terminal.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Lines of at most `width` characters, broken at blanks; a longer word stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                *line += &format!(" {word}")
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_witness_is_told_by_its_beginning_and_its_end() {
        assert_eq!(sentences("It is gone."), ["It is gone."]);
        let told = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(sentences(&told(6).join(" | ")), told(6));
        assert_eq!(
            sentences(&told(9).join(" | ")),
            ["1", "2", "3", "4", "… 4 sentences more, in the report", "9"]
        );
    }
}
