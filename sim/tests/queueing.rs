//! A node's processor against queueing theory.
//!
//! Thirty replications with the seeds 1 to 30, each warmed up; means and exact 99th percentiles with Student's
//! confidence interval at 99 %, whose half-width must be at most 1 % of the mean wait.

mod common;

use common::{bare, exponential, link, topology};
use shardlab_sim::{
    Config, Context, Cpu, Delivery, Distribution, Duration, MILLISECOND, Node, NodeId, Overflow, Payload,
    Sampler, Simulation, Time, TimerSlot, WriteId,
};

/// The mean service time: the unit of the published figures.
const SERVICE: Time = MILLISECOND;
/// Forty relaxation times of the slowest, M/M/1 at 0.9: `1 / (1 - √0.9)²` is 380 services.
const WARMUP: Time = 15_000 * SERVICE;
const REPLICATIONS: u64 = 30;
/// Student's t with 29 degrees of freedom, two-sided 99 %.
const STUDENT: f64 = 2.756;

/// A customer, with the time of its arrival.
#[derive(Clone, Debug, Hash)]
struct Customer(Time);

impl Payload for Customer {
    type Observation = ();
    const KINDS: &'static [&'static str] = &["customer"];

    fn kind(&self) -> usize {
        0
    }

    fn bytes(&self) -> u64 {
        0
    }
}

#[derive(Clone, Debug)]
enum Role {
    /// Sends customers at exponential intervals.
    Source(Sampler),
    /// Serves them, and notes waits and responses after the warm-up.
    Server { waits: Vec<Time>, responses: Vec<Time> },
}

impl Node for Role {
    type Message = Customer;

    fn on_start(&mut self, cx: &mut Context<'_, Customer>) {
        if let Self::Source(intervals) = self {
            let after = intervals.sample(cx.rng().next_u64());
            cx.set_timer(TimerSlot(0), after);
        }
    }

    fn on_message(&mut self, _: NodeId, Customer(arrived): Customer, cx: &mut Context<'_, Customer>) {
        if let Self::Server { waits, responses } = self
            && arrived >= WARMUP
        {
            waits.push(cx.waited());
            responses.push(cx.now() - arrived);
        }
    }

    fn on_timer(&mut self, _: TimerSlot, cx: &mut Context<'_, Customer>) {
        cx.send(NodeId(1), Customer(cx.now()));
        self.on_start(cx);
    }

    fn on_synced(&mut self, _: WriteId, _: &mut Context<'_, Customer>) {}

    fn on_crash(&mut self) {}
}

/// Mean wait, p99 of the wait, p99 of the response, in services.
fn replicate(seed: u64, cores: u32, load: f64, customers: u64) -> [f64; 3] {
    let interval = (SERVICE as f64 / (load * f64::from(cores))).round() as Time;
    let mut server = bare(1);
    let service = vec![Some(exponential(SERVICE))];
    server.cpu = Some(Cpu { cores, queue_limit: None, overflow: Overflow::DropNewest, service });
    let instant = link(Distribution::constant_ns(0), Delivery::Datagram);
    let source = Role::Source(Sampler::new(&Distribution::Exponential { mean: Duration::from_ns(interval) }));
    let nodes = vec![source, Role::Server { waits: Vec::new(), responses: Vec::new() }];
    let config = Config { seed, warmup: 0, sample_every: None };
    let mut run =
        Simulation::new(config, topology(vec![bare(0), server], instant), nodes, Vec::new()).unwrap();
    run.run_until(WARMUP + customers * interval);
    let [_, Role::Server { waits, responses }] = run.nodes() else { panic!("the second node is the server") };
    let mean = waits.iter().sum::<Time>() as f64 / waits.len() as f64;
    [mean, p99(waits), p99(responses)].map(|ns| ns / SERVICE as f64)
}

/// The smallest value that 99 % do not exceed.
fn p99(times: &[Time]) -> f64 {
    let mut times = times.to_vec();
    let rank = (times.len() * 99).div_ceil(100) - 1;
    *times.select_nth_unstable(rank).1 as f64
}

/// The replications' mean and its interval's half-width.
fn interval(figures: &[f64]) -> (f64, f64) {
    let n = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let variance = figures.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, STUDENT * (variance / n).sqrt())
}

/// `expected`: mean wait, p99 wait, p99 response; in mean services.
fn check(cores: u32, load: f64, customers: u64, expected: [Option<f64>; 3]) {
    let all: Vec<[f64; 3]> = std::thread::scope(|scope| {
        let half = |seeds: std::ops::RangeInclusive<u64>| {
            scope.spawn(move || seeds.map(|seed| replicate(seed, cores, load, customers)).collect::<Vec<_>>())
        };
        let halves = [half(1..=REPLICATIONS / 2), half(REPLICATIONS / 2 + 1..=REPLICATIONS)];
        halves.into_iter().flat_map(|h| h.join().expect("a replication panicked")).collect()
    });
    for (index, name) in ["mean wait", "p99 wait", "p99 response"].into_iter().enumerate() {
        let (mean, half_width) = interval(&all.iter().map(|figures| figures[index]).collect::<Vec<_>>());
        println!("M/M/{cores} at {load}: {name} {mean:.4} ± {half_width:.4}");
        if let Some(exact) = expected[index] {
            assert!(
                (mean - exact).abs() <= half_width,
                "M/M/{cores} at {load}: {name} {mean} ± {half_width}, not {exact}"
            );
        }
        assert!(
            index > 0 || half_width <= 0.01 * mean,
            "M/M/{cores} at {load}: ± {half_width} of {mean} is too wide"
        );
    }
}

// Wq = ρ / (1 - ρ) and W's p99 = ln 100 / (1 - ρ), services being exponential with mean one (Kleinrock 1975,
// "Queueing Systems", volume 1, sections 3.2 and 5.12).

#[test]
fn mm1_at_half_load() {
    check(1, 0.5, 120_000, [Some(1.0), None, Some(9.210_340)]);
}

#[test]
fn mm1_at_seven_tenths() {
    check(1, 0.7, 250_000, [Some(2.333_333), None, Some(15.350_567)]);
}

#[test]
fn mm1_at_nine_tenths() {
    check(1, 0.9, 1_600_000, [Some(9.0), None, Some(46.051_702)]);
}

// Erlang's C formula: P(wait) = 0.596 432, Wq = C / (4 (1 - ρ)); the wait's p99 = ln(100 C) / (4 (1 - ρ)), the
// response's from the sum of the wait and an exponential service (Kleinrock, section 3.5).
#[test]
fn mm4_at_eight_tenths() {
    check(4, 0.8, 1_200_000, [Some(0.745_541), Some(5.110), Some(6.893)]);
}
