//! Axes for plotters: from values to places, and the round values that get a tick.
//!
//! The library's own logarithmic coordinate goes through the platform's `ln` and it has none that counts nines.

use crate::numbers;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// How values spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// Equal differences lie equally far apart.
    Linear,
    /// Equal ratios lie equally far apart; values above zero only.
    Log,
    /// Each further nine of a quantile (0.9, 0.99, 0.999, …) lies equally far apart.
    Nines,
}

/// One axis: values `low..=high`, and those of them that are labelled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    spread: Spread,
    low: f64,
    high: f64,
    ticks: Option<Vec<Tick>>,
}

/// A labelled value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// Beyond this ratio of the largest to the smallest value, a linear axis hides the small ones.
const LOG_RATIO: f64 = 20.0;

/// Values closer to zero lie at zero: their logarithms and steps are lost to rounding.
const LEAST: f64 = 1e-100;
/// Values beyond lie at the end of the axis: sums of them would overflow.
const LARGEST: f64 = 1e100;
/// When the smallest value is more than this share of the largest, an axis from zero shows one flat line.
const CLOSE_RATIO: f64 = 0.7;

impl Scale {
    /// Without ticks, which [`Self::ticked`] and [`Self::labelled`] give.
    pub(super) fn new(spread: Spread, low: f64, high: f64) -> Self {
        let high = high.min(LARGEST).max(low + LEAST);
        Self { spread, low, high, ticks: None }
    }

    /// From zero to just above the largest of the values.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Self {
        let high = values.filter(|value| value.is_finite()).fold(0.0, f64::max).min(LARGEST);
        let high = if high > LEAST { high * 1.05 } else { 1.0 };
        Self::new(Spread::Linear, 0.0, high)
    }

    /// Around positive values: logarithmic when their range demands it, otherwise from zero.
    pub(super) fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let positive = values.filter(|value| (LEAST..LARGEST).contains(value));
        let low = positive.clone().fold(f64::INFINITY, f64::min);
        let high = positive.clone().fold(0.0, f64::max);
        if high / low > LOG_RATIO {
            Self::new(Spread::Log, low * 0.9, high * 1.15)
        } else {
            Self::from_zero(positive)
        }
    }

    /// Around values that lie close together, without zero, so that their differences can be seen; otherwise from zero.
    pub(super) fn close_around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let finite = values.filter(|value| value.abs() < LARGEST);
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.clone().fold(f64::NEG_INFINITY, f64::max);
        let air = (high - low) * 0.1;
        if low < 0.0 || (low > high * CLOSE_RATIO && air > high * 1e-9) {
            Self::new(Spread::Linear, low - air, high + air)
        } else {
            Self::from_zero(finite)
        }
    }

    /// With about `about` round ticks, unless it has been given some.
    pub(super) fn ticked(self, about: usize) -> Self {
        if self.ticks.is_some() {
            return self;
        }
        let ticks = self.round_ticks(about);
        self.labelled(ticks)
    }

    /// With these ticks.
    pub(super) fn labelled(self, ticks: Vec<Tick>) -> Self {
        Self { ticks: Some(ticks), ..self }
    }

    /// The ticks that it was given.
    pub(super) fn ticks(&self) -> &[Tick] {
        self.ticks.as_deref().unwrap_or_default()
    }

    /// Whether the axis is logarithmic.
    pub(super) fn is_log(&self) -> bool {
        self.spread == Spread::Log
    }

    /// Where a value lies, as a share of the way; values beyond the ends lie at the ends.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (low, high) = (self.stretch(self.low), self.stretch(self.high));
        let share = ((self.stretch(value) - low) / (high - low)).clamp(0.0, 1.0);
        if share.is_nan() { 0.0 } else { share }
    }

    fn round_ticks(&self, about: usize) -> Vec<Tick> {
        match self.spread {
            Spread::Linear => self.linear_ticks(about),
            Spread::Log => self.log_ticks(about),
            Spread::Nines => self.nine_ticks(),
        }
    }

    fn stretch(&self, value: f64) -> f64 {
        match self.spread {
            Spread::Linear => value,
            Spread::Log => libm::log10(value.max(self.low)),
            Spread::Nines => -libm::log10(1.0 - value.min(self.high)),
        }
    }

    fn linear_ticks(&self, about: usize) -> Vec<Tick> {
        let step = round_step((self.high - self.low) / about.max(1) as f64);
        let decimals = (-libm::floor(libm::log10(step))).clamp(0.0, 12.0) as usize;
        // A hundredth of a step forgives the rounding of the division.
        let first = libm::ceil(self.low / step - 0.01) as i64;
        let last = libm::floor(self.high / step + 0.01) as i64;
        let tick = |index| {
            let value = index as f64 * step;
            Tick { value, label: numbers::decimal(value, decimals) }
        };
        (first..=last).map(tick).collect()
    }

    /// Decades; with 2 and 5 between where there are few, and not every one where there are many.
    fn log_ticks(&self, about: usize) -> Vec<Tick> {
        let decades = libm::log10(self.high / self.low);
        let stride = (libm::ceil(decades / (about + 1) as f64) as i32).max(1);
        let factors: &[f64] = if decades * 3.0 <= about as f64 * 1.4 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let first = libm::floor(libm::log10(self.low)) as i32;
        let last = libm::ceil(libm::log10(self.high)) as i32;
        let decade = |power: i32| factors.iter().map(move |factor| factor * decade(power));
        let values = (first..=last).filter(|power| power.rem_euclid(stride) == 0).flat_map(decade);
        let inside = values.filter(|value| (self.low..=self.high).contains(value));
        inside.map(|value| Tick { value, label: numbers::number(value) }).collect()
    }

    fn nine_ticks(&self) -> Vec<Tick> {
        const QUANTILES: [(f64, &str); 8] = [
            (0.0, "0 %"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
            (0.9999, "99.99 %"),
            (0.99999, "99.999 %"),
            (0.999999, "99.9999 %"),
        ];
        let inside = QUANTILES.into_iter().filter(|(quantile, _)| (self.low..=self.high).contains(quantile));
        inside.map(|(value, label)| Tick { value, label: label.to_owned() }).collect()
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let way = f64::from(limit.1) - f64::from(limit.0);
        libm::round(f64::from(limit.0) + self.share(*value) * way) as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks().iter().map(|tick| tick.value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks().iter().find(|tick| tick.value == *value);
        tick.map_or_else(|| numbers::number(*value), |tick| tick.label.clone())
    }
}

fn decade(power: i32) -> f64 {
    libm::exp10(f64::from(power))
}

/// The least of 1, 2, 5 times a power of ten that is no smaller.
fn round_step(step: f64) -> f64 {
    assert!(step > 0.0 && step.is_finite(), "an axis has a length");
    let power = decade(libm::floor(libm::log10(step)) as i32);
    let round = [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power);
    round.into_iter().find(|round| *round >= step * 0.999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, about: usize) -> Vec<String> {
        scale.ticked(about).ticks().iter().map(|tick| tick.label.clone()).collect()
    }

    #[test]
    fn ticks_are_round_and_bare() {
        assert_eq!(
            labels(Scale::new(Spread::Linear, 0.0, 60.0), 6),
            ["0", "10", "20", "30", "40", "50", "60"]
        );
        assert_eq!(labels(Scale::new(Spread::Linear, 0.0, 1.0), 4), ["0", "0.5", "1"]);
        assert_eq!(labels(Scale::new(Spread::Linear, 0.0, 5249.0), 5), ["0", "2,000", "4,000"]);
        assert_eq!(labels(Scale::new(Spread::Log, 0.5, 2000.0), 4), ["1", "10", "100", "1,000"]);
        assert_eq!(labels(Scale::new(Spread::Log, 0.9, 12.0), 5), ["1", "2", "5", "10"]);
        assert_eq!(
            labels(Scale::new(Spread::Nines, 0.0, 0.999), 5),
            ["0 %", "50 %", "90 %", "99 %", "99.9 %"]
        );
    }

    #[test]
    fn places_lie_between_the_ends() {
        let log = Scale::new(Spread::Log, 1.0, 100.0);
        let places = [1.0, 10.0, 100.0, 1e9, 0.0, f64::NAN].map(|value| log.map(&value, (200, 100)));
        assert_eq!(places, [200, 150, 100, 100, 200, 200]);
        assert_eq!(Scale::new(Spread::Nines, 0.0, 0.99).map(&0.9, (0, 20)), 10);
    }

    #[test]
    fn a_wide_range_is_logarithmic() {
        assert!(Scale::around([1.0, 100.0].into_iter()).is_log());
        assert!(!Scale::around([1.0, 2.0].into_iter()).is_log());
        assert!(!Scale::around(std::iter::empty()).is_log());
    }
}
