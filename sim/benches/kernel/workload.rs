//! Requests and responses among a hundred nodes.

use shardlab_sim::{
    ClockSkew, Config, Context, Delivery, Distribution, Duration, LinkProfile, Machine, Node, NodeId,
    Payload, Simulation, Time, TimerSlot, Topology, WriteId,
};

pub const NODES: u32 = 100;
pub const SEED: u64 = 1;
pub const LOWEST_NS: u64 = 500_000;
pub const HIGHEST_NS: u64 = 1_500_000;

/// What a benchmark varies.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Requests under way a node.
    pub in_flight: u32,
    /// Set at each request, cancelled at its response, in ns.
    pub timeout: Option<Time>,
}

/// A message of 40 bytes: with time, sequence number and addresses the reference's events have 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    pub request: bool,
    pub lane: u32,
    pub body: [u64; 4],
}

impl Payload for Message {
    type Observation = ();
    const KINDS: &'static [&'static str] = &["request", "response"];

    fn kind(&self) -> usize {
        usize::from(!self.request)
    }

    fn bytes(&self) -> u64 {
        40
    }
}

/// A node that keeps its lanes busy, each with one request to the next of the other nodes.
#[derive(Clone, Debug)]
pub struct Peer {
    variant: Variant,
    next: u32,
    answered: u64,
}

impl Peer {
    pub fn new(variant: Variant, me: u32) -> Self {
        Self { variant, next: me, answered: 0 }
    }

    /// Whom to ask next: everyone else in turn.
    pub fn pick(&mut self, me: u32) -> u32 {
        self.next = (self.next + 1) % NODES;
        if self.next == me {
            self.next = (self.next + 1) % NODES;
        }
        self.next
    }

    /// The next request of a lane.
    pub fn request(&mut self, lane: u32) -> Message {
        Message { request: true, lane, body: [self.answered; 4] }
    }

    /// The response to a request.
    pub fn respond(request: Message) -> Message {
        Message { request: false, ..request }
    }

    pub fn note_answer(&mut self) {
        self.answered += 1;
    }

    fn ask(&mut self, lane: u32, cx: &mut Context<'_, Message>) {
        let to = self.pick(cx.me().0);
        cx.send(NodeId(to), self.request(lane));
        if let Some(timeout) = self.variant.timeout {
            cx.set_timer(TimerSlot(lane), timeout);
        }
    }
}

impl Node for Peer {
    type Message = Message;

    fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        for lane in 0..self.variant.in_flight {
            self.ask(lane, cx);
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        if message.request {
            return cx.send(from, Self::respond(message));
        }
        if self.variant.timeout.is_some() {
            cx.cancel(TimerSlot(message.lane));
        }
        self.note_answer();
        self.ask(message.lane, cx);
    }

    fn on_timer(&mut self, _: TimerSlot, _: &mut Context<'_, Message>) {}

    fn on_synced(&mut self, _: WriteId, _: &mut Context<'_, Message>) {}

    fn on_crash(&mut self) {}
}

/// The world of the benchmark.
pub fn simulation(variant: Variant) -> Simulation<Peer> {
    let machine = |id| Machine {
        name: format!("peer {id}"),
        zone: 0,
        cpu: None,
        disk: None,
        clock: ClockSkew::default(),
    };
    let latency =
        Distribution::Uniform { low: Duration::from_ns(LOWEST_NS), high: Duration::from_ns(HIGHEST_NS) };
    let link = LinkProfile {
        latency,
        loss_ppb: 0,
        duplicate_ppb: 0,
        reorder_ppb: 0,
        bandwidth_bytes_per_s: None,
        delivery: Delivery::Datagram,
        retransmit_ns: 0,
    };
    let topology = Topology {
        machines: (0..NODES).map(machine).collect(),
        zone_links: vec![vec![0]],
        profiles: vec![link],
        link_overrides: Vec::new(),
    };
    let config = Config { seed: SEED, warmup: 0, sample_every: None };
    let peers = (0..NODES).map(|id| Peer::new(variant, id)).collect();
    Simulation::new(config, topology, peers, Vec::new()).expect("the benchmark's world is sound")
}
