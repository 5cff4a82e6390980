//! Numbers as text: what systems hash whose keys are text.

/// What `hash` says of a number's decimal digits.
#[inline]
pub(super) fn with<T>(number: u64, hash: impl FnOnce(&[u8]) -> T) -> T {
    // 2⁶⁴ has twenty digits.
    let mut digits = [0; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return hash(&digits[first..]);
        }
    }
}
