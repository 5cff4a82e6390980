//! The time axis that several pictures share, with what is not measured and when faults were at work.

use super::{
    Drawn,
    canvas::units,
    palette::{BLUE, Dash, Ink, PAPER, UNMEASURED, VERMILION},
    panel::{Chart, Columns, Panel, line},
    scale::{Scale, Spread},
    sheet::{Frame, LABELS_AND_TITLE, Sample, Sheet},
    words::MARK,
};
use crate::numbers;
use plotters::{
    element::{EmptyElement, Rectangle, Text},
    style::{Color, RGBAColor},
};
use shardlab_scenarios::tables::{FaultRow, RunReport, SurgeRow, VariantReport};

/// Colour of the time during which a fault is at work.
const FAULT: Ink = RGBAColor(VERMILION.0, VERMILION.1, VERMILION.2, 0.13);
/// Dashes of the line at which a fault strikes.
const EDGE: Dash = &[3.0, 3.0];
/// Room above a panel for the letters of faults.
pub(super) const STRIP: f64 = 8.0;
/// More faults than this are left to `faults.csv`.
const KEY_LINES: usize = 6;

/// Time from 0 to the end of the rows, and the names of what happens in it: surges, then faults in order of appearance.
pub(super) struct TimeAxis<'a> {
    report: &'a RunReport,
    variants: &'a [&'a VariantReport],
    end_s: f64,
    names: Vec<String>,
}

/// Something that happens to one variant.
struct Event {
    name: String,
    from_s: f64,
    to_s: Option<f64>,
    whom: String,
    is_fault: bool,
}

impl Event {
    fn of_surge(row: &SurgeRow) -> Self {
        Self {
            name: format!("surge of {}", row.workload),
            from_s: row.from_s,
            to_s: Some(row.to_s),
            whom: format!("key {} takes {}", row.key, numbers::percent(row.share)),
            is_fault: false,
        }
    }

    fn of_fault(row: &FaultRow) -> Option<Self> {
        let (name, whom) = (row.fault.clone(), row.nodes.clone());
        Some(Self { name, from_s: row.struck_s?, to_s: row.healed_s, whom, is_fault: true })
    }

    fn ink(&self) -> Ink {
        if self.is_fault { VERMILION } else { BLUE }
    }
}

impl<'a> TimeAxis<'a> {
    /// For the variants that are shown; `last_row_s` is where their rows end.
    pub(super) fn new(report: &'a RunReport, variants: &'a [&'a VariantReport], last_row_s: f64) -> Self {
        let mut names: Vec<String> = Vec::new();
        for event in variants.iter().flat_map(|variant| events(report, variant)) {
            if !names.contains(&event.name) {
                names.push(event.name);
            }
        }
        let end_s = [report.duration_s, last_row_s, 1e-3].into_iter().fold(0.0, f64::max);
        Self { report, variants, end_s, names }
    }

    /// The horizontal axis.
    pub(super) fn scale(&self) -> Scale {
        Scale::new(Spread::Linear, 0.0, self.end_s)
    }

    /// How many seconds a logical pixel stands for where the axis is `width` pixels long.
    pub(super) fn scale_s(&self, width: f64) -> f64 {
        self.end_s / width
    }

    /// The frame of the panel of one variant; the last of them carries the labels of the axis.
    pub(super) fn frame(&self, index: usize, title: String, note: String, height: f64) -> Frame<'static> {
        let below = (index + 1 == self.variants.len()).then_some((LABELS_AND_TITLE, "simulated time, s"));
        Frame { title, note, height, strip: STRIP, right: 0.0, below }
    }

    /// The frame of a panel that has another of the same variant below it.
    pub(super) fn upper_frame(&self, title: String, note: String, height: f64) -> Frame<'static> {
        Frame { title, note, height, strip: STRIP, right: 0.0, below: None }
    }

    /// Axes with what lies behind the lines of one variant: unmeasured time, grid, faults; their letters stand above.
    pub(super) fn chart<'area, 'pen>(
        &self,
        panel: &'area Panel<'pen>,
        y: Scale,
        variant: &VariantReport,
    ) -> Drawn<Chart<'area, 'pen>> {
        let mut chart = panel.chart(self.scale(), y)?;
        for (from, to) in [(0.0, self.report.warmup_s), (self.report.duration_s, self.end_s)] {
            shade(&mut chart, (from, to), UNMEASURED)?;
        }
        panel.mesh(&mut chart, Columns::Ruled)?;
        for event in events(self.report, variant) {
            if event.is_fault {
                shade(&mut chart, (event.from_s, self.end_of(&event)), FAULT)?;
            }
            edge(&mut chart, event.from_s, event.ink())?;
        }
        self.letters(&mut chart, panel, variant)?;
        Ok(chart)
    }

    /// On top of a picture that fills its panel: edges and letters only.
    pub(super) fn mark(&self, chart: &mut Chart, panel: &Panel, variant: &VariantReport) -> Drawn {
        for event in events(self.report, variant) {
            edge(chart, event.from_s, PAPER)?;
            edge(chart, self.end_of(&event), PAPER)?;
        }
        self.letters(chart, panel, variant)
    }

    /// Explains shades and letters under the last panel.
    pub(super) fn key(&self, sheet: &mut Sheet) -> Drawn {
        if self.report.warmup_s > 0.0 || self.end_s > self.report.duration_s {
            sheet.key(Some(Sample::Area(UNMEASURED)), "warm-up and drain: not in the metrics")?;
        }
        let described: Vec<(Sample, String)> =
            self.names.iter().take(KEY_LINES).map(|name| self.describe(name)).collect();
        // All faults look the same: of several, letters tell which is which.
        let is_shade = |sample: &Sample| matches!(sample, Sample::Area(_));
        let are_alike = described.iter().filter(|(sample, _)| is_shade(sample)).count() > 1;
        if are_alike {
            sheet.key(Some(Sample::Area(FAULT)), "a fault is at work; its letter stands where it strikes")?;
        }
        for (index, (sample, words)) in described.into_iter().enumerate() {
            let sample = Some(sample).filter(|sample| !are_alike || !is_shade(sample));
            sheet.key(sample, &format!("{}  {words}", letter(index)))?;
        }
        if self.names.len() > KEY_LINES {
            sheet.key(None, &format!("and {} more faults: see faults.csv", self.names.len() - KEY_LINES))?;
        }
        Ok(())
    }

    /// An event that never ended lasts as long as the picture.
    fn end_of(&self, event: &Event) -> f64 {
        event.to_s.unwrap_or(self.end_s).max(event.from_s)
    }

    /// Letters that would touch are written as one: "A, B".
    fn letters(&self, chart: &mut Chart, panel: &Panel, variant: &VariantReport) -> Drawn {
        let (scale, width) = (self.scale(), panel.area.width());
        let number = |event: &Event| self.names.iter().position(|name| *name == event.name);
        let numbered = events(self.report, variant).filter_map(|event| Some((number(&event)?, event.from_s)));
        let mut starts: Vec<(usize, f64)> = numbered.collect();
        starts.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let mut labels: Vec<(f64, f64, String)> = Vec::new();
        for (number, from) in starts {
            let x = scale.share(from) * width;
            match labels.last_mut() {
                Some((_, left, label)) if *left + MARK.width(label) + 6.0 > x => join(label, &letter(number)),
                _ => labels.push((from, x, letter(number))),
            }
        }
        let top = chart.y_range().end;
        let place = |(from, x, label): (f64, f64, String)| {
            let label = MARK.fit(&label, 120.0);
            let back = (width - MARK.width(&label) - x).min(0.0);
            EmptyElement::at((from, top)) + Text::new(label, (units(back), units(-4.0)), MARK.style())
        };
        chart.draw_series(labels.into_iter().map(place)).map(drop)
    }

    /// How an event looks in the panels, and what it is.
    fn describe(&self, name: &str) -> (Sample, String) {
        let of = |variant: &&VariantReport| -> Vec<Event> {
            events(self.report, variant).filter(|event| event.name == name).collect()
        };
        let strikes: Vec<Vec<Event>> =
            self.variants.iter().map(of).filter(|events| !events.is_empty()).collect();
        let first = &strikes[0][0];
        let look = if first.is_fault { Sample::Area(FAULT) } else { Sample::Line((first.ink(), 1.2, EDGE)) };
        let spans =
            |events: &Vec<Event>| events.iter().map(|event| (event.from_s, event.to_s)).collect::<Vec<_>>();
        let words = if strikes[0].len() > 1 {
            format!("{name}: struck several times, see faults.csv")
        } else if strikes.iter().any(|events| spans(events) != [(first.from_s, first.to_s)]) {
            format!("{name}: at different times, see faults.csv")
        } else if first.whom.is_empty() {
            format!("{name}, {}", span(first.from_s, first.to_s))
        } else {
            format!("{name}, {}: {}", span(first.from_s, first.to_s), first.whom)
        };
        (look, words)
    }
}

/// What happens to a variant with the seed whose rows are shown.
fn events<'a>(report: &RunReport, variant: &'a VariantReport) -> impl Iterator<Item = Event> + use<'a> {
    let surges = variant.surges.iter().map(Event::of_surge);
    surges.chain(variant.faults_with(report.seed).filter_map(Event::of_fault))
}

fn join(label: &mut String, letter: &str) {
    let known = label.split(", ").any(|part| part == letter);
    if !known {
        *label += &format!(", {letter}");
    }
}

fn shade(chart: &mut Chart, (from_s, to_s): (f64, f64), ink: Ink) -> Drawn {
    let y = chart.y_range();
    let area = Rectangle::new([(from_s, y.start), (to_s, y.end)], ink.filled());
    chart.draw_series((to_s > from_s).then_some(area)).map(drop)
}

fn edge(chart: &mut Chart, time_s: f64, ink: Ink) -> Drawn {
    let y = chart.y_range();
    line(chart, vec![(time_s, y.start), (time_s, y.end)], (ink, 1.2, EDGE))
}

fn span(from_s: f64, to_s: Option<f64>) -> String {
    match to_s {
        Some(to_s) if to_s > from_s => format!("{}–{} s", numbers::number(from_s), numbers::number(to_s)),
        Some(_) => format!("at {} s", numbers::number(from_s)),
        None => format!("from {} s", numbers::number(from_s)),
    }
}

/// A, B, …, Z, then 27, 28, …
fn letter(index: usize) -> String {
    let letter = u8::try_from(index).ok().filter(|index| *index < 26).map(|index| char::from(b'A' + index));
    letter.map_or_else(|| (index + 1).to_string(), String::from)
}
