//! Samplers, one for each different distribution: a thousand machines share their tables.

use crate::distribution::Distribution;
use crate::sampler::Sampler;

#[derive(Clone, Debug, Default)]
pub(crate) struct Samplers {
    made: Vec<(Distribution, Sampler)>,
}

impl Samplers {
    pub fn get(&mut self, distribution: &Distribution) -> Sampler {
        if let Some((_, sampler)) = self.made.iter().find(|(made, _)| made == distribution) {
            return sampler.clone();
        }
        let sampler = Sampler::new(distribution);
        self.made.push((distribution.clone(), sampler.clone()));
        sampler
    }
}
