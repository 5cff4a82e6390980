//! Round trips between regions of a public cloud.

use shardlab_sim::Duration;

/// The regions that have built-in round trips.
pub const NAMES: [&str; 9] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-south-1",
    "sa-east-1",
];

/// Median round trips over TCP from the region of the row to that of the column, in tenths of a millisecond.
///
/// cloudping.co's medians (p50) of AWS region to region, as carried by commonware's estimator example
/// (commonwarexyz/monorepo, MIT or Apache-2.0).
const ROUND_TRIPS: [[u32; 9]; 9] = [
    [0, 644, 696, 932, 1_497, 2_196, 1_998, 1_925, 1_153],
    [640, 0, 1_183, 1_428, 982, 1_602, 1_410, 2_222, 1_746],
    [697, 1_185, 0, 275, 2_023, 1_785, 2_557, 1_259, 1_782],
    [927, 1_424, 270, 0, 2_270, 1_604, 2_513, 1_293, 2_040],
    [1_495, 986, 2_025, 2_276, 0, 706, 1_069, 1_343, 2_583],
    [2_190, 1_609, 1_791, 1_612, 709, 0, 948, 645, 3_278],
    [1_997, 1_411, 2_556, 2_516, 1_058, 948, 0, 1_549, 3_121],
    [1_897, 2_222, 1_254, 1_290, 1_333, 638, 1_547, 0, 3_010],
    [1_154, 1_752, 1_786, 2_050, 2_589, 3_277, 3_124, 3_018, 0],
];

/// The median round trip between two regions by name, if both are built in and differ.
#[must_use]
pub fn round_trip(from: &str, to: &str) -> Option<Duration> {
    let place = |name: &str| NAMES.iter().position(|&known| known == name);
    let tenths = ROUND_TRIPS[place(from)?][place(to)?];
    (tenths > 0).then(|| Duration::from_ns(u64::from(tenths) * 100_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_are_about_as_long() {
        for from in NAMES {
            for to in NAMES.into_iter().filter(|&to| to != from) {
                let (there, back) =
                    (round_trip(from, to).expect("known"), round_trip(to, from).expect("known"));
                let ratio = there.as_ns() as f64 / back.as_ns() as f64;
                assert!((0.97..1.03).contains(&ratio), "{from} to {to}: {there} and {back}");
            }
        }
    }

    #[test]
    fn figures_are_the_sources() {
        assert_eq!(round_trip("us-east-1", "eu-west-1"), Some(Duration::from_ns(69_600_000)));
        assert_eq!(round_trip("sa-east-1", "ap-southeast-1"), Some(Duration::from_ns(327_700_000)));
        assert_eq!(round_trip("us-east-1", "us-east-1"), None);
        assert_eq!(round_trip("us-east-1", "atlantis"), None);
    }
}
