//! Numbers for people: four significant digits, thousands apart, no noise.

use shardlab_scenarios::tables::Figure;

/// Beyond this, digits before the point are no longer exact in a double, and too many to read.
const LONGEST: f64 = 1e15;

/// Four significant digits; a value just below one is never shown as one.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "not a number".into() } else { format!("{value}").replace("inf", "∞") };
    }
    let size = value.abs();
    if size == 0.0 {
        "0".into()
    } else if !(1e-4..LONGEST).contains(&size) {
        format!("{value:.2e}")
    } else {
        decimal(value, decimals(size))
    }
}

/// Three significant digits at most: for a picture's narrow columns.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || (size > 0.0 && size < 0.001) || size >= 1e7 {
        return number(value);
    }
    decimal(
        value,
        if size >= 100.0 {
            0
        } else if size >= 10.0 {
            1
        } else {
            2
        },
    )
}

/// A number in its unit's own manner; bytes get binary prefixes.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    if unit == "bytes" { bytes(value) } else { number(value) }
}

/// If one half of an interval is longer than the other by more than this share of the whole, its end was cut off; less is
/// rounding.
const CUT: f64 = 0.01;

/// A figure with the half-width of its confidence interval, when it has one; with its ends, where one of them was cut off
/// because the metric cannot be there.
pub(crate) fn figure(figure: &Figure, unit: &str) -> String {
    let (below, above) = (figure.mean - figure.low, figure.high - figure.mean);
    if figure.seeds > 1 && (below - above).abs() > CUT * (below + above) {
        let [mean, low, high] = [figure.mean, figure.low, figure.high].map(|end| quantity(end, unit));
        return format!("{mean} ({low}–{high})");
    }
    let half = (figure.high - figure.low) / 2.0;
    // Equal values have means that differ by a rounding.
    if figure.seeds < 2 || half <= figure.mean.abs() * 1e-12 {
        quantity(figure.mean, unit)
    } else if unit == "bytes" || !half.is_finite() {
        format!("{} ± {}", quantity(figure.mean, unit), quantity(half, unit))
    } else {
        // Two digits of the uncertainty, and as many of the mean as they vouch for; but no more than four, since a column
        // has to fit on a page.
        let vouched = (1.0 - libm::floor(libm::log10(half))).clamp(0.0, 12.0) as usize;
        let decimals = vouched.min(decimals(figure.mean.abs()));
        format!("{} ± {}", decimal(figure.mean, decimals), half_width(half, decimals))
    }
}

/// What is less than the last decimal is said to be.
fn half_width(half: f64, decimals: usize) -> String {
    match decimal(half, decimals).as_str() {
        "0" if decimals == 0 => "<1".into(),
        "0" => format!("<0.{}1", "0".repeat(decimals - 1)),
        shown => shown.to_owned(),
    }
}

/// Exactly `decimals` decimals or fewer: trailing zeros go, thousands are set apart.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    if !(-LONGEST..=LONGEST).contains(&value) {
        return number(value);
    }
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = thousands(whole);
    match (whole.as_str(), fraction) {
        ("-0", "") => "0".into(),
        (_, "") => whole,
        _ => format!("{whole}.{fraction}"),
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// A share as a whole percentage, or with one digit where that would say nothing.
pub(crate) fn rough_percent(share: f64) -> String {
    format!("{} %", decimal(share * 100.0, if share < 0.1 { 1 } else { 0 }))
}

fn decimals(size: f64) -> usize {
    let four_digits = 3.0 - libm::floor(libm::log10(size));
    let complement = if size > 0.9 && size < 1.0 { 1.0 - libm::floor(libm::log10(1.0 - size)) } else { 0.0 };
    four_digits.max(complement).clamp(0.0, 12.0) as usize
}

fn thousands(whole: &str) -> String {
    let digits = whole.trim_start_matches('-');
    let mut grouped = String::from(if digits.len() < whole.len() { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn bytes(value: f64) -> String {
    let mut scaled = value;
    let mut prefixes = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter().peekable();
    while scaled.abs() >= 1024.0 && prefixes.len() > 1 {
        scaled /= 1024.0;
        prefixes.next();
    }
    format!("{} {}", number(scaled), prefixes.next().unwrap_or("B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let shown: Vec<String> =
            [0.0, 1.0, 0.5, 12.3456, 4998.7, 6_870_000.0, -1234.5, 0.01234567, 2.5e-7].map(number).into();
        assert_eq!(shown, ["0", "1", "0.5", "12.35", "4,999", "6,870,000", "-1,234", "0.01235", "2.50e-7"]);
    }

    #[test]
    fn almost_all_is_not_all() {
        assert_eq!(number(0.99996), "0.99996");
        assert_eq!(number(0.9999999), "0.9999999");
        assert_eq!(number(0.95), "0.95");
    }

    #[test]
    fn bytes_have_binary_prefixes() {
        assert_eq!(quantity(1536.0, "bytes"), "1.5 KiB");
        assert_eq!(quantity(0.0, "bytes"), "0 B");
        assert_eq!(quantity(5.0 * 1024f64.powi(5), "bytes"), "5,120 TiB");
    }

    #[test]
    fn several_seeds_show_their_interval() {
        let one = Figure { mean: 2.0, low: 2.0, high: 2.0, seeds: 1 };
        let many = Figure { mean: 2.0, low: 1.75, high: 2.25, seeds: 20 };
        assert_eq!(figure(&one, "ms"), "2");
        assert_eq!(figure(&many, "ms"), "2 ± 0.25");
        let wide = Figure { mean: 6_880.123, low: 6_742.5, high: 7_017.7, seeds: 20 };
        assert_eq!(figure(&wide, "ops/s"), "6,880 ± 138");
        let close = |mean: f64, half: f64| Figure { mean, low: mean - half, high: mean + half, seeds: 20 };
        let shown =
            [(1.126_155, 0.000_095), (1_594.13, 3.04), (9_012.0, 0.2), (0.197_4, 0.006_1), (0.0, 0.5)];
        assert_eq!(
            shown.map(|(mean, half)| figure(&close(mean, half), "ms")),
            ["1.126 ± <0.001", "1,594 ± 3", "9,012 ± <1", "0.1974 ± 0.0061", "0 ± 0.5"]
        );
        let cut = Figure { mean: 0.99, low: 0.97, high: 1.0, seeds: 20 };
        assert_eq!(figure(&cut, "fraction"), "0.99 (0.97–1)");
        let none = Figure { mean: 0.0, low: 0.0, high: 0.0, seeds: 20 };
        assert_eq!(figure(&none, ""), "0");
    }
}
