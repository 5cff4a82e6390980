//! One parser for every quantity: a decimal number and a suffix, exactly.

use std::fmt;

/// A suffix and how many of the stored unit one of it makes.
pub(super) struct Suffix {
    pub text: &'static str,
    pub units: u64,
}

/// Reads `text` as a decimal number with one of `suffixes`, in stored units.
///
/// # Errors
/// Says what was wrong, and gives `example`.
pub(super) fn parse(text: &str, suffixes: &[Suffix], example: &str) -> Result<u64, String> {
    let complain = |what: String| Err(format!("{what} in \"{text}\": write for example \"{example}\""));
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    if text.starts_with('-') {
        return complain("a negative number".into());
    }
    if number.is_empty() {
        return complain("no number".into());
    }
    let Some(Suffix { units, .. }) = suffixes.iter().find(|s| s.text == suffix) else {
        let known: Vec<&str> = suffixes.iter().map(|s| s.text).collect();
        let known = known.join(", ");
        return complain(match suffix {
            "" => format!("no unit (one of {known})"),
            _ => format!("unknown unit \"{suffix}\" (known are {known})"),
        });
    };
    match scale(number, *units) {
        Ok(value) => Ok(value),
        Err(what) => complain(what.into()),
    }
}

/// `number × units`, exactly.
fn scale(number: &str, units: u64) -> Result<u64, &'static str> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || (number.contains('.') && fraction.is_empty()) {
        return Err("a malformed number");
    }
    let fraction = fraction.trim_end_matches('0');
    // 10^18 is the largest power of ten in a u64; no unit here has that many of the next smaller.
    if fraction.len() > 18 {
        return Err("too many digits after the point");
    }
    let denominator = 10_u128.pow(fraction.len() as u32);
    let digits =
        |s: &str| if s.is_empty() { Ok(0) } else { s.parse::<u64>().map_err(|_| "too large a number") };
    let numerator = u128::from(digits(whole)?) * denominator + u128::from(digits(fraction)?);
    let product = numerator.checked_mul(u128::from(units)).ok_or("too large a number")?;
    if product % denominator != 0 {
        return Err("a finer step than can be stored");
    }
    u64::try_from(product / denominator).map_err(|_| "too large a number")
}

/// Writes `value / units` as a plain decimal number; the quotient must have a finite one.
pub(super) fn write(f: &mut fmt::Formatter<'_>, value: u64, units: u64, suffix: &str) -> fmt::Result {
    write!(f, "{}", value / units)?;
    let mut rest = u128::from(value % units);
    if rest > 0 {
        f.write_str(".")?;
    }
    while rest > 0 {
        rest *= 10;
        write!(f, "{}", rest / u128::from(units))?;
        rest %= u128::from(units);
    }
    f.write_str(suffix)
}
