//! What was probably meant.

/// The known word nearest to a misspelt one, if it is near enough to be meant: one slip, and one more for every four
/// letters.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let best = known.into_iter().min_by_key(|candidate| distance(candidate))?;
    (distance(best) <= 1 + word.chars().count() / 4).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_mended_and_other_words_left_alone() {
        let known = ["servers", "cpu", "at-least"];
        assert_eq!(nearest("sevrers", known), Some("servers"));
        assert_eq!(nearest("at_least", known), Some("at-least"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
