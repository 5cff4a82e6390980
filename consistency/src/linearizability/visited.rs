//! The configurations a search has visited, in flat words.

/// A configuration: where the search stands, what the register holds, which open operations took place, and how many
/// indeterminate ones of each class did.
///
/// It is stored as words: position, state, the bits of open operations, the counts.
pub(crate) struct Visited {
    /// Records of `1 + width` words; the first chains those of one bucket.
    words: Vec<u32>,
    /// The bucket of each hash, [`END`] where it is empty; a power of two of them.
    heads: Vec<u32>,
    width: usize,
    /// Words that must be equal for two configurations to be compared at all; the rest are counts.
    exact: usize,
}

const END: u32 = u32::MAX;

impl Visited {
    /// For configurations of `exact` words that must be equal, followed by `counts`.
    pub(crate) fn new(exact: usize, counts: usize) -> Self {
        Self { words: Vec::new(), heads: vec![END; 1 << 10], width: exact + counts, exact }
    }

    /// Whether a configuration was visited that can do all this one can.
    pub(crate) fn contains(&self, configuration: &[u32]) -> bool {
        let mut at = self.heads[self.bucket(configuration)];
        while at != END && !self.covers(self.get(at), configuration) {
            at = self.words[at as usize * (self.width + 1)];
        }
        at != END
    }

    /// Adds a configuration, unless one was visited that can do all this one can: the same, with no more indeterminate
    /// operations spent.
    pub(crate) fn insert(&mut self, configuration: &[u32]) -> Option<u32> {
        debug_assert_eq!(configuration.len(), self.width);
        if self.len() >= self.heads.len() {
            self.grow();
        }
        if self.contains(configuration) {
            return None;
        }
        let bucket = self.bucket(configuration);
        let added = self.len() as u32;
        assert!(added != END, "the budget keeps the number of configurations below 2^32");
        self.words.push(self.heads[bucket]);
        self.words.extend_from_slice(configuration);
        self.heads[bucket] = added;
        Some(added)
    }

    /// A configuration that was added.
    pub(crate) fn get(&self, at: u32) -> &[u32] {
        &self.words[at as usize * (self.width + 1) + 1..][..self.width]
    }

    /// How many words all of them take.
    pub(crate) fn size(&self) -> usize {
        self.words.len() + self.heads.len()
    }

    fn len(&self) -> usize {
        self.words.len() / (self.width + 1)
    }

    fn covers(&self, visited: &[u32], configuration: &[u32]) -> bool {
        let (same, counts) = visited.split_at(self.exact);
        same == &configuration[..self.exact]
            && counts.iter().zip(&configuration[self.exact..]).all(|(visited, new)| visited <= new)
    }

    fn bucket(&self, configuration: &[u32]) -> usize {
        // Multiplication by 2^64 divided by the golden ratio (Knuth, TAOCP 3, §6.4), word after word.
        let fold = |hash: u64, &word: &u32| {
            let mixed = (hash ^ u64::from(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed ^ (mixed >> 32)
        };
        configuration[..self.exact].iter().fold(0, fold) as usize & (self.heads.len() - 1)
    }

    fn grow(&mut self) {
        self.heads = vec![END; 2 * self.heads.len()];
        for record in 0..self.len() as u32 {
            let bucket = self.bucket(self.get(record));
            let link = record as usize * (self.width + 1);
            self.words[link] = self.heads[bucket];
            self.heads[bucket] = record;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_spent_no_less_is_covered() {
        let mut visited = Visited::new(2, 2);
        assert_eq!(visited.insert(&[7, 1, 1, 0]), Some(0));
        assert_eq!(visited.insert(&[7, 1, 1, 0]), None);
        assert_eq!(visited.insert(&[7, 1, 2, 0]), None);
        assert_eq!(visited.insert(&[7, 1, 0, 1]), Some(1));
        assert_eq!(visited.insert(&[7, 2, 1, 0]), Some(2));
    }

    #[test]
    fn growing_loses_none() {
        let mut visited = Visited::new(1, 0);
        (0..5000).for_each(|word| assert_eq!(visited.insert(&[word]), Some(word)));
        (0..5000).for_each(|word| assert_eq!(visited.insert(&[word]), None));
        assert_eq!(visited.get(4321), [4321]);
    }
}
