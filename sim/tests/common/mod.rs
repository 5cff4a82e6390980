//! Worlds and a node that checks what the kernel promises, from the inside.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod random;

use shardlab_sim::{
    ClockSkew, Config, Context, Cpu, Delivery, Disk, Distribution, Duration, Fault, LinkProfile, MICROSECOND,
    MILLISECOND, Machine, Node, NodeId, Overflow, Payload, Setup, Simulation, Time, TimerSlot, Topology,
    WriteId,
};

/// A message of a sender's numbered sequence to one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Numbered {
    pub number: u64,
    pub sent_at: Time,
}

impl Payload for Numbered {
    type Observation = Seen;
    const KINDS: &'static [&'static str] = &["even", "odd"];

    fn kind(&self) -> usize {
        (self.number % 2) as usize
    }

    fn bytes(&self) -> u64 {
        100
    }
}

/// What a node tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Sent { to: NodeId, number: u64 },
    Received { from: NodeId, number: u64 },
}

/// A node that sends, writes and sets timers at random until `quiet_from`, and asserts the laws as it goes.
#[derive(Clone, Debug)]
pub struct Busy {
    pub keeps_order: bool,
    pub quiet_from: Time,
    /// Timers run out at multiples of this, so that many things happen at once; 1 for any time at all.
    pub grid: Time,
    // Durable.
    pub life: u32,
    pub synced: WriteId,
    pub lost: Vec<(WriteId, WriteId)>,
    sent: Vec<u64>,
    received: Vec<u64>,
    // Volatile.
    pub unsynced: Vec<WriteId>,
    ticks: u32,
}

impl Busy {
    pub fn new(nodes: u32, keeps_order: bool, quiet_from: Time) -> Self {
        let counts = vec![0; nodes as usize];
        Self {
            keeps_order,
            quiet_from,
            grid: 1,
            life: 0,
            synced: WriteId(0),
            lost: Vec::new(),
            sent: counts.clone(),
            received: counts,
            unsynced: Vec::new(),
            ticks: 0,
        }
    }

    /// Timers of different lives have different slots.
    fn slot(&self, which: u32) -> TimerSlot {
        TimerSlot(self.life * 4 + which)
    }

    fn send_one(&mut self, cx: &mut Context<'_, Numbered>) {
        let to = NodeId(cx.rng().below(self.sent.len() as u64) as u32);
        let number = &mut self.sent[to.index()];
        *number += 1;
        cx.observe(Seen::Sent { to, number: *number });
        cx.send(to, Numbered { number: *number, sent_at: cx.now() });
    }

    fn write_some(&mut self, cx: &mut Context<'_, Numbered>) {
        let id = match cx.rng().below(6) {
            0..3 => cx.write(),
            3 => cx.force(),
            4 => cx.force_bulk(1_000),
            _ => cx.read(1_000),
        };
        if cx.alive() {
            self.unsynced.push(id);
        }
    }
}

impl Node for Busy {
    type Message = Numbered;

    fn on_start(&mut self, cx: &mut Context<'_, Numbered>) {
        cx.set_timer(self.slot(0), 50 * MICROSECOND);
        cx.set_timer(self.slot(1), 40 * MILLISECOND);
    }

    fn on_message(&mut self, from: NodeId, message: Numbered, cx: &mut Context<'_, Numbered>) {
        assert!(message.sent_at <= cx.now(), "a message arrives after it was sent");
        let last = &mut self.received[from.index()];
        assert!(!self.keeps_order || message.number > *last, "a stream never reorders");
        *last = message.number;
        cx.observe(Seen::Received { from, number: message.number });
        if message.number.is_multiple_of(3) && cx.now() < self.quiet_from {
            self.send_one(cx);
        }
    }

    fn on_timer(&mut self, slot: TimerSlot, cx: &mut Context<'_, Numbered>) {
        assert_eq!(slot.0 / 4, self.life, "a timer of a previous life never fires");
        if cx.now() >= self.quiet_from {
            return;
        }
        if slot == self.slot(0) {
            self.ticks += 1;
            self.send_one(cx);
            self.write_some(cx);
            cx.mark("tick");
            self.send_one(cx);
            let after = cx.rng().below(300 * MICROSECOND) / self.grid * self.grid;
            cx.set_timer(self.slot(0), after);
            cx.set_timer(self.slot(2), 10 * MILLISECOND);
            cx.cancel(self.slot(3));
            cx.set_timer(self.slot(3), after / 2);
        } else {
            cx.set_timer(slot, 7 * MILLISECOND);
        }
    }

    fn on_synced(&mut self, through: WriteId, _: &mut Context<'_, Numbered>) {
        assert!(through > self.synced, "syncs go forward");
        assert!(
            self.lost.iter().all(|(low, high)| !(*low..=*high).contains(&through)),
            "a lost write is never synced"
        );
        assert_eq!(
            self.unsynced.iter().filter(|id| **id == through).count(),
            1,
            "what is synced was waiting"
        );
        self.synced = through;
        self.unsynced.retain(|id| *id > through);
    }

    fn on_crash(&mut self) {
        self.life += 1;
        self.ticks = 0;
        if let (Some(first), Some(last)) = (self.unsynced.first(), self.unsynced.last()) {
            self.lost.push((*first, *last));
        }
        self.unsynced.clear();
    }

    fn plays(&self, role: &str) -> bool {
        role == "ticker" && self.ticks % 3 == 1
    }
}

/// A link without loss.
pub fn link(latency: Distribution, delivery: Delivery) -> LinkProfile {
    LinkProfile {
        latency,
        loss_ppb: 0,
        duplicate_ppb: 0,
        reorder_ppb: 0,
        bandwidth_bytes_per_s: None,
        delivery,
        retransmit_ns: 2 * MILLISECOND,
    }
}

pub fn exponential(mean: Time) -> Distribution {
    Distribution::Exponential { mean: Duration::from_ns(mean) }
}

/// A machine with nothing that takes time.
pub fn bare(id: u32) -> Machine {
    Machine { name: format!("node {id}"), zone: 0, cpu: None, disk: None, clock: ClockSkew::default() }
}

/// A machine with processors, a disk and a clock of its own. With one core it keeps the order of what arrives; with
/// more, odd messages need none.
pub fn whole(id: u32, cores: u32) -> Machine {
    let service = Some(exponential(60 * MICROSECOND));
    let service = vec![service.clone(), service.filter(|_| cores == 1)];
    let cpu = Cpu { cores, queue_limit: None, overflow: Overflow::DropNewest, service };
    let disk = Disk {
        write: Distribution::constant_ns(MICROSECOND),
        sync: exponential(200 * MICROSECOND),
        group_commit: id.is_multiple_of(2),
        bandwidth_bytes_per_s: Some(10_000_000),
    };
    let clock = ClockSkew { offset_ns: i64::from(id) * 1000, drift_ppb: 50_000 };
    Machine { cpu: Some(cpu), disk: Some(disk), clock, ..bare(id) }
}

pub fn topology(machines: Vec<Machine>, profile: LinkProfile) -> Topology {
    Topology { machines, zone_links: vec![vec![0]], profiles: vec![profile], link_overrides: Vec::new() }
}

/// A world of busy nodes, each with so many cores.
pub fn busy_setup(
    seed: u64,
    (nodes, cores): (u32, u32),
    profile: LinkProfile,
    quiet_from: Time,
    faults: Vec<Fault>,
) -> Setup<Busy> {
    let keeps_order = cores == 1 && profile.delivery == Delivery::Stream && profile.duplicate_ppb == 0;
    let topology = topology((0..nodes).map(|id| whole(id, cores)).collect(), profile);
    let busy = (0..nodes).map(|_| Busy::new(nodes, keeps_order, quiet_from)).collect();
    let config = Config { seed, warmup: 0, sample_every: Some(MILLISECOND) };
    Setup::new(config, topology, busy, faults).expect("the world is sound")
}

/// The same, on the native engine.
pub fn busy_world(
    seed: u64,
    size: (u32, u32),
    profile: LinkProfile,
    quiet_from: Time,
    faults: Vec<Fault>,
) -> Simulation<Busy> {
    Simulation::of(busy_setup(seed, size, profile, quiet_from, faults))
}
