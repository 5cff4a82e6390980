//! Loss, duplication, reordering, bandwidth, latency and overrides; processors' counters and samples.

mod common;

use common::{bare, exponential, link, topology};
use shardlab_sim::{
    Config, Context, Cpu, Delivery, Distribution, Finished, LinkProfile, MICROSECOND, MILLISECOND, Machine,
    Node, NodeId, NodeSample, Overflow, Payload, Simulation, Time, TimerSlot, Topology, WriteId,
};

/// A message with a number and a size.
#[derive(Clone, Debug, Hash)]
struct Packet(u64);

impl Payload for Packet {
    type Observation = u64;
    const KINDS: &'static [&'static str] = &["packet"];

    fn kind(&self) -> usize {
        0
    }

    fn bytes(&self) -> u64 {
        1_000
    }
}

/// Node 0 sends a burst of packets to node 1, all at once or one each `every` ns.
#[derive(Clone, Debug)]
struct Burst {
    count: u64,
    every: Time,
    sent: u64,
}

impl Node for Burst {
    type Message = Packet;

    fn on_start(&mut self, cx: &mut Context<'_, Packet>) {
        while cx.me() == NodeId(0) && self.sent < self.count {
            cx.send(NodeId(1), Packet(self.sent));
            self.sent += 1;
            if self.every > 0 {
                return cx.set_timer(TimerSlot(0), self.every);
            }
        }
    }

    fn on_message(&mut self, _: NodeId, Packet(number): Packet, cx: &mut Context<'_, Packet>) {
        cx.observe(number);
    }

    fn on_timer(&mut self, _: TimerSlot, cx: &mut Context<'_, Packet>) {
        self.on_start(cx);
    }

    fn on_synced(&mut self, _: WriteId, _: &mut Context<'_, Packet>) {}

    fn on_crash(&mut self) {}
}

const CALM: Config = Config { seed: 11, warmup: 0, sample_every: None };

fn run(config: Config, topology: Topology, count: u64, every: Time) -> Finished<Burst> {
    let nodes = topology.machines.iter().map(|_| Burst { count, every, sent: 0 }).collect();
    let mut world = Simulation::new(config, topology, nodes, Vec::new()).expect("the world is sound");
    world.run_until(10_000 * MILLISECOND);
    world.finish()
}

fn over(profile: LinkProfile, count: u64, every: Time) -> Finished<Burst> {
    run(CALM, topology(vec![bare(0), bare(1)], profile), count, every)
}

/// Numbers in the order of their arrival.
fn numbers(finished: &Finished<Burst>) -> Vec<u64> {
    finished.observations.iter().map(|(_, _, number)| *number).collect()
}

const HALF_MS: Distribution = Distribution::constant_ns(500 * MICROSECOND);

#[test]
fn datagrams_are_lost_and_doubled_at_the_rate_they_say() {
    let lossy = LinkProfile { loss_ppb: 100_000_000, ..link(HALF_MS, Delivery::Datagram) };
    let finished = over(lossy, 10_000, 0);
    // Five standard deviations of a binomial count at 0.1 of 10 000 are 150.
    assert!((850..1_150).contains(&finished.counters.messages_lost), "{}", finished.counters.messages_lost);
    assert_eq!(numbers(&finished).len() as u64, 10_000 - finished.counters.messages_lost);
    let doubling = LinkProfile { duplicate_ppb: 100_000_000, ..link(HALF_MS, Delivery::Datagram) };
    let finished = over(doubling, 10_000, 0);
    assert!((850..1_150).contains(&finished.counters.messages_duplicated));
    assert_eq!(numbers(&finished).len() as u64, 10_000 + finished.counters.messages_duplicated);
}

#[test]
fn a_stream_sends_again_what_was_lost_and_holds_up_what_is_behind() {
    let lossy = LinkProfile { loss_ppb: 100_000_000, ..link(HALF_MS, Delivery::Stream) };
    let finished = over(lossy, 2_000, 10 * MICROSECOND);
    assert_eq!(finished.counters.messages_lost, 0);
    assert!(numbers(&finished).iter().copied().eq(0..2_000));
    // The first loss holds up everything for one retransmission of 2 ms.
    let gaps = finished.observations.windows(2).map(|pair| pair[1].0 - pair[0].0);
    let longest = gaps.max().expect("there were packets");
    assert!(longest > 1_900 * MICROSECOND, "{longest}");
}

#[test]
fn random_latency_reorders_datagrams_but_not_streams() {
    let latency = || exponential(500 * MICROSECOND);
    assert!(!numbers(&over(link(latency(), Delivery::Datagram), 100, 0)).is_sorted());
    assert!(numbers(&over(link(latency(), Delivery::Stream), 100, 0)).is_sorted());
    let reordering = LinkProfile { reorder_ppb: 200_000_000, ..link(HALF_MS, Delivery::Datagram) };
    let late = over(reordering, 1_000, MICROSECOND);
    let overtaken = late.observations.iter().filter(|(at, _, n)| at - n * MICROSECOND == MILLISECOND).count();
    assert!((140..260).contains(&overtaken), "{overtaken} of 1000 came half a millisecond late");
}

#[test]
fn bandwidth_lets_one_message_leave_after_the_other() {
    // 1000 bytes at 1 MB/s take 1 ms; latency comes on top and does not hold up the next.
    let narrow = LinkProfile { bandwidth_bytes_per_s: Some(1_000_000), ..link(HALF_MS, Delivery::Datagram) };
    let finished = over(narrow, 3, 0);
    let times: Vec<_> = finished.observations.iter().map(|(at, ..)| at / MICROSECOND).collect();
    assert_eq!(times, [1_500, 2_500, 3_500]);
}

#[test]
fn links_go_by_zone_unless_they_are_exceptions() {
    let profiles =
        [100, 200, 300].map(|us| link(Distribution::constant_ns(us * MICROSECOND), Delivery::Stream));
    let arrival = |zone, link_overrides| {
        let machines = vec![bare(0), Machine { zone, ..bare(1) }];
        let zone_links = vec![vec![0, 1], vec![1, 0]];
        let topology = Topology { machines, zone_links, profiles: profiles.to_vec(), link_overrides };
        run(CALM, topology, 1, 0).observations[0].0 / MICROSECOND
    };
    assert_eq!(arrival(0, vec![]), 100);
    assert_eq!(arrival(1, vec![]), 200);
    assert_eq!(arrival(1, vec![(1, 0, 0), (0, 1, 2)]), 300);
}

#[test]
fn a_thousand_nodes_need_only_the_links_they_use() {
    // Node 0 alone sends: one row of links, not a million.
    let machines = (0..1_000).map(bare).collect();
    let finished = run(CALM, topology(machines, link(HALF_MS, Delivery::Stream)), 5, 0);
    assert_eq!(numbers(&finished), [0, 1, 2, 3, 4]);
}

fn served(queue_limit: Option<u32>, overflow: Overflow, service: Distribution) -> Topology {
    let cpu = Cpu { cores: 1, queue_limit, overflow, service: vec![Some(service)] };
    let machines = vec![bare(0), Machine { cpu: Some(cpu), ..bare(1) }];
    topology(machines, link(HALF_MS, Delivery::Stream))
}

#[test]
fn a_full_inbox_drops_by_its_policy() {
    // All ten arrive at once: one is served, three wait.
    for (overflow, kept) in [(Overflow::DropNewest, [0, 1, 2, 3]), (Overflow::DropOldest, [0, 7, 8, 9])] {
        let finished = run(CALM, served(Some(3), overflow, Distribution::constant_ns(MILLISECOND)), 10, 0);
        assert_eq!(numbers(&finished), kept, "{overflow:?}");
        assert_eq!(finished.counters.nodes[1].inbox_dropped, 6);
    }
}

#[test]
fn samples_and_counters_begin_after_the_warm_up() {
    // A packet each ms, served 400 µs, first at 500 µs; the warm-up is the first five.
    let config = Config { seed: 11, warmup: 5 * MILLISECOND, sample_every: Some(2 * MILLISECOND) };
    let topology = served(None, Overflow::DropNewest, Distribution::constant_ns(400 * MICROSECOND));
    let finished = run(config, topology, 10, MILLISECOND);
    let server: Vec<_> = finished.samples.iter().filter(|sample| sample.node == NodeId(1)).collect();
    let sample = |at_ms| NodeSample {
        at: at_ms * MILLISECOND,
        node: NodeId(1),
        busy_ns: 800_000,
        queue_length: 0,
        handled: 2,
    };
    assert_eq!(server[..2], [&sample(7), &sample(9)]);
    let counters = &finished.counters.nodes[1];
    assert_eq!((counters.handled[0], counters.busy_ns), (5, 2_000_000));
    assert_eq!(finished.counters.nodes[0].bytes_sent, 5_000);
    assert_eq!(finished.observations.len(), 10, "observations begin at zero");
}
