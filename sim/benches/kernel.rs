//! The kernel against a plain binary heap, in one process and in turn: `cargo bench -p shardlab-sim`.
//!
//! A hundred nodes send requests to each other and answer them; latency is uniform from 0.5 to 1.5 ms. The reference
//! is a hand-inlined loop around `BinaryHeap<(time, sequence, event)>` with the same 64-byte events, draws, counters
//! and fingerprint. Rounds of both alternate, and the ratio is the median over rounds, so that a busy machine slows
//! both alike.

// A benchmark looks at the real clock.
#![allow(clippy::disallowed_types)]

#[path = "kernel/reference.rs"]
mod reference;
#[path = "kernel/workload.rs"]
mod workload;

use std::time::Instant;

use shardlab_sim::{CounterRandom, Distribution, Duration, MILLISECOND, Random, Sampler, Simulation};
use workload::{Peer, Variant};

/// Rounds of each; their median is reported.
const ROUNDS: usize = 9;
/// Deliveries a round, about a tenth of a second.
const DELIVERIES: u64 = 3_000_000;

fn main() {
    // `cargo test --benches` and filters pass arguments; there is one benchmark and it always runs whole.
    println!(
        "{:<34} {:>12} {:>12} {:>8} {:>8}",
        "100 nodes, deliveries/s", "kernel", "heap", "ratio", "goal"
    );
    compare("10 in flight", Variant { in_flight: 10, timeout: None }, 1.2);
    compare("100 in flight", Variant { in_flight: 100, timeout: None }, 1.8);
    alone("10 in flight, 10 ms timeout", Variant { in_flight: 10, timeout: Some(10 * MILLISECOND) });
    draws();
}

/// Alternating rounds of kernel and reference.
fn compare(name: &str, variant: Variant, goal: f64) {
    let mut kernel = Kernel::new(variant);
    let mut heap = reference::Heap::new(variant);
    let mut speeds = Vec::new();
    for round in 0..=ROUNDS {
        let pair = (per_second(|| kernel.run(DELIVERIES)), per_second(|| heap.run(DELIVERIES)));
        // The first round warms the caches and lets the vectors grow.
        if round > 0 {
            speeds.push(pair);
        }
    }
    let ratio = median(speeds.iter().map(|(ours, theirs)| ours / theirs));
    let (ours, theirs) = (median(speeds.iter().map(|s| s.0)), median(speeds.iter().map(|s| s.1)));
    println!("{name:<34} {:>10.1} M {:>10.1} M {ratio:>8.2} {goal:>8.1}", ours / 1e6, theirs / 1e6);
}

fn alone(name: &str, variant: Variant) {
    let mut kernel = Kernel::new(variant);
    let speeds: Vec<f64> = (0..=ROUNDS).map(|_| per_second(|| kernel.run(DELIVERIES))).skip(1).collect();
    println!("{name:<34} {:>10.1} M {:>12} {:>8} {:>8}", median(speeds.into_iter()) / 1e6, "", "", "8 M/s");
}

/// What one draw from a quantile table takes, its random word included.
fn draws() {
    let millisecond = Duration::from_ns(MILLISECOND);
    let lognormal = Distribution::Lognormal { median: millisecond, p99: Duration::from_ns(8 * MILLISECOND) };
    let sampler = Sampler::new(&lognormal);
    let mut random = CounterRandom::keyed(&mut Random::new(1, "bench", 0));
    let mut round = || {
        let sum = (0..DELIVERIES).fold(0_u64, |sum, _| sum.wrapping_add(sampler.sample(random.next_u64())));
        std::hint::black_box(sum);
        DELIVERIES
    };
    let speed = median((0..ROUNDS).map(|_| per_second(&mut round)));
    println!("{:<34} {:>10.2} ns {:>11} {:>8} {:>8}", "a lognormal draw", 1e9 / speed, "", "", "5 ns");
}

struct Kernel {
    simulation: Simulation<Peer>,
}

impl Kernel {
    fn new(variant: Variant) -> Self {
        Self { simulation: workload::simulation(variant) }
    }

    /// Runs for at least so many deliveries, and says how many they were.
    fn run(&mut self, deliveries: u64) -> u64 {
        let before = self.simulation.events_handled();
        let mut handled = 0;
        while handled < deliveries {
            self.simulation.run_until(self.simulation.now() + MILLISECOND);
            handled = self.simulation.events_handled() - before;
        }
        handled
    }
}

fn per_second(run: impl FnOnce() -> u64) -> f64 {
    let start = Instant::now();
    let done = run();
    done as f64 / start.elapsed().as_secs_f64()
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
