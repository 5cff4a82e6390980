//! Faults are data: when, what, against whom; and each leaves a receipt of what it changed.

use crate::node::NodeId;
use crate::time::Time;

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// At a fixed time, before every other event of that nanosecond.
    At(Time),
    /// At the `nth` (from one) occurrence of a named protocol step at or after `not_before` (the warm-up's end).
    When {
        /// The mark's name, as the protocol emits it.
        mark: String,
        /// Which occurrence, from one.
        nth: u64,
        /// Occurrences before this time are not counted.
        not_before: Time,
    },
}

/// Whom a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The node that emitted the mark; for [`Trigger::When`] only.
    Marker,
    /// Every node that [`plays`](crate::Node::plays) the role at that moment.
    Role(String),
    /// One node drawn from the fault's stream among those that play the role at that moment.
    OneOf(String),
}

/// Which way a cut blocks messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Neither side hears the other.
    Both,
    /// Messages from the first group to the second are lost; the way back works.
    OneWay,
}

/// What happens to messages on their way when a cut comes, and to those sent into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InFlight {
    /// Those on their way when the cut comes are lost with it; those sent into it too.
    #[default]
    Drop,
    /// Those on their way still arrive; those sent into the cut are lost.
    Deliver,
    /// Both wait and arrive, in order, when the cut heals.
    Hold,
}

/// What a fault does. Factors are exact thousandths so that nothing depends on rounding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Cut the links from `from` to `to`.
    Cut {
        /// One group.
        from: Target,
        /// The other group; members that are in `from` too are left out.
        to: Target,
        /// One way or both.
        direction: Direction,
        /// The fate of messages on their way.
        in_flight: InFlight,
    },
    /// Cut an explicit list of directed links.
    CutLinks {
        /// `(from, to)` pairs.
        links: Vec<(NodeId, NodeId)>,
        /// The fate of messages on their way.
        in_flight: InFlight,
    },
    /// Stop the processes; their inboxes, timers and volatile state are gone. Healing restarts them.
    Crash {
        /// Who.
        target: Target,
        /// Writes not yet synced survive (the machine kept its power) instead of being lost.
        keep_unsynced: bool,
    },
    /// Stop the processes for ever: nothing heals this, the end of the load neither, and what was on them is gone.
    Lose {
        /// Who.
        target: Target,
    },
    /// Freeze the processes: nothing is handled until the fault heals; messages and timers wait.
    Pause {
        /// Who.
        target: Target,
    },
    /// Multiply service and disk times that begin during the fault.
    Slow {
        /// Who.
        target: Target,
        /// 1000 leaves them as they are; 10 000 is ten times slower.
        factor_thousandths: u64,
    },
    /// Degrade every link from and to the target.
    Links {
        /// Who.
        target: Target,
        /// Added chance of losing a message, in parts per billion.
        loss_ppb: u64,
        /// Added chance of delivering a message twice, in parts per billion.
        duplicate_ppb: u64,
        /// Added latency, in ns.
        delay_ns: Time,
    },
    /// Move the nodes' clocks by this much, at once, in ns; healing moves them back.
    ClockJump {
        /// Who.
        target: Target,
        /// Forward if positive.
        by_ns: i64,
    },
}

/// A fault of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Shown in receipts and pictures.
    pub name: String,
    /// When it strikes.
    pub trigger: Trigger,
    /// How long until it heals by itself; `None`: until the run's end heals everything.
    pub duration: Option<Time>,
    /// What it does.
    pub action: Action,
}

/// What one stroke of a fault did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Index into the schedule.
    pub fault: usize,
    /// The fault's name.
    pub name: String,
    /// When it struck, in ns; `None` if it never did (its mark did not occur).
    pub struck: Option<Time>,
    /// When it healed, in ns.
    pub healed: Option<Time>,
    /// Whom it struck; of a cut, first those on its one side.
    pub nodes: Vec<NodeId>,
    /// How many of `nodes`, from the first on, the fault aims at: of a cut its one side, otherwise all.
    pub aimed_at: usize,
    /// How many things went otherwise because of it: messages lost, held, delayed or doubled, events dropped or
    /// deferred, services slowed, processes stopped, clocks moved. Zero makes the run's verdict unknown.
    pub changed: u64,
    /// The same in words: "cut 3 | 2: 1,204 messages lost".
    pub effect: String,
}
