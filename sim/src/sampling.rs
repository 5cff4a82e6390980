//! The warm-up's end, and each node's load over time: the same for every engine.

use crate::counters::{Counters, NodeSample};
use crate::node::NodeId;
use crate::setup::Config;
use crate::time::Time;

/// When something is to be noted next, and what was noted last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sampling {
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

/// What a node's processors have done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub busy_ns: u64,
    pub queue_length: u64,
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

    /// Notes what is due now. `handled`: how many events were, so far; `loads`: of every node, in order.
    pub fn note(
        &mut self,
        now: Time,
        handled: u64,
        counters: &mut Counters,
        loads: impl Iterator<Item = Load>,
    ) {
        if self.warmup_ends.take().is_some() {
            counters.reset();
            self.end_warmup(handled, loads);
            return;
        }
        for (index, load) in loads.enumerate() {
            let handled = counters.nodes[index].handled.iter().sum();
            self.sample_node(now, index, load, handled);
        }
        self.next = self.next.zip(self.every).and_then(|(now, every)| now.checked_add(every));
    }

    fn end_warmup(&mut self, handled: u64, loads: impl Iterator<Item = Load>) {
        self.warmup_handled = handled;
        self.warmup_busy_ns = loads.map(|load| load.busy_ns).collect();
        self.last_busy_ns.clone_from(&self.warmup_busy_ns);
    }

    fn sample_node(&mut self, at: Time, index: usize, load: Load, handled: u64) {
        self.samples.push(NodeSample {
            at,
            node: NodeId(index as u32),
            busy_ns: load.busy_ns - std::mem::replace(&mut self.last_busy_ns[index], load.busy_ns),
            queue_length: load.queue_length,
            handled: handled - std::mem::replace(&mut self.last_handled[index], handled),
        });
    }

    /// Fills in what is kept elsewhere during the run.
    pub fn settle(&self, handled: u64, counters: &mut Counters, loads: impl Iterator<Item = Load>) {
        counters.events = handled - self.warmup_handled;
        for ((node, load), warmup_busy_ns) in counters.nodes.iter_mut().zip(loads).zip(&self.warmup_busy_ns) {
            node.busy_ns = load.busy_ns - warmup_busy_ns;
        }
    }
}
