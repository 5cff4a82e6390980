//! The warm-up's end, and each node's load over time.

use super::{Config, Simulation};
use crate::counters::NodeSample;
use crate::node::{Node, NodeId};
use crate::time::Time;

/// When something is to be noted next, and what was noted last.
#[derive(Clone, Debug)]
pub(super) struct Sampling {
    /// The last nanosecond of the warm-up, while it lasts.
    warmup_ends: Option<Time>,
    every: Option<Time>,
    next: Option<Time>,
    last_busy_ns: Vec<u64>,
    last_handled: Vec<u64>,
    /// Core-nanoseconds of the warm-up, which do not count.
    warmup_busy_ns: Vec<u64>,
    warmup_handled: u64,
    samples: Vec<NodeSample>,
}

impl Sampling {
    pub fn new(config: Config, nodes: usize) -> Self {
        Self {
            warmup_ends: config.warmup.checked_sub(1),
            every: config.sample_every,
            next: config.sample_every.and_then(|every| config.warmup.checked_add(every)),
            last_busy_ns: vec![0; nodes],
            last_handled: vec![0; nodes],
            warmup_busy_ns: vec![0; nodes],
            warmup_handled: 0,
            samples: Vec::new(),
        }
    }

    /// The run must stop after this nanosecond to note something.
    pub fn next(&self) -> Option<Time> {
        self.warmup_ends.or(self.next)
    }

    pub fn into_samples(self) -> Vec<NodeSample> {
        self.samples
    }
}

impl<N: Node> Simulation<N> {
    /// Notes what is due now.
    pub(super) fn sample(&mut self) {
        if self.sampling.warmup_ends.take().is_some() {
            return self.end_warmup();
        }
        for index in 0..self.nodes.len() {
            self.sample_node(index);
        }
        let sampling = &mut self.sampling;
        sampling.next = sampling.next.zip(sampling.every).and_then(|(now, every)| now.checked_add(every));
    }

    fn end_warmup(&mut self) {
        self.world.counters.reset();
        self.sampling.warmup_handled = self.handled;
        for (index, machine) in self.machines.iter_mut().enumerate() {
            let busy_ns = machine.busy_ns(self.world.now);
            self.sampling.warmup_busy_ns[index] = busy_ns;
            self.sampling.last_busy_ns[index] = busy_ns;
        }
    }

    fn sample_node(&mut self, index: usize) {
        let machine = &mut self.machines[index];
        let busy_ns = machine.busy_ns(self.world.now);
        let queue_length = machine.station.as_ref().map_or(0, |station| station.queue_length() as u64);
        let handled = self.world.counters.nodes[index].handled.iter().sum();
        let sampling = &mut self.sampling;
        sampling.samples.push(NodeSample {
            at: self.world.now,
            node: NodeId(index as u32),
            busy_ns: busy_ns - std::mem::replace(&mut sampling.last_busy_ns[index], busy_ns),
            queue_length,
            handled: handled - std::mem::replace(&mut sampling.last_handled[index], handled),
        });
    }

    /// Fills in what is kept elsewhere during the run.
    pub(super) fn settle_counters(&mut self) {
        self.world.counters.events = self.handled - self.sampling.warmup_handled;
        for (index, machine) in self.machines.iter_mut().enumerate() {
            let busy_ns = machine.busy_ns(self.world.now);
            self.world.counters.nodes[index].busy_ns = busy_ns - self.sampling.warmup_busy_ns[index];
        }
    }
}
