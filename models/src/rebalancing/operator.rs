//! The operator: the person, or the script, that adds and removes servers.
//!
//! A node of its own, in worlds where membership changes: it gives each command to the control plane at its time, and
//! again until the control plane has it on disk.

use shardlab_sim::{Context, NodeId, Time, TimerSlot, WriteId};

use crate::message::{ControlMessage, Message};
use crate::rebalancing::Membership;

const NEXT: TimerSlot = TimerSlot(0);

/// Time between a command and its repetition, in ns: half a second, as a patient script waits.
const REPEAT_AFTER: Time = 500_000_000;

/// How an operator is configured.
#[derive(Clone, Debug)]
pub struct OperatorSettings {
    /// To whom the commands go.
    pub control_plane: NodeId,
    /// The commands, in order of time.
    pub commands: Vec<Membership>,
}

/// The operator.
#[derive(Clone, Debug)]
pub struct Operator {
    // How many commands the control plane has taken. On paper, so that it survives.
    taken: u32,
    settings: OperatorSettings,
}

impl Operator {
    /// An operator who has given no command yet.
    #[must_use]
    pub fn new(mut settings: OperatorSettings) -> Self {
        settings.commands.sort_by_key(|command| command.at);
        Self { taken: 0, settings }
    }

    /// The commands, in the order in which they are given.
    #[must_use]
    pub fn commands(&self) -> &[Membership] {
        &self.settings.commands
    }

    /// Boot, and every restart.
    pub fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        if let Some(next) = self.next() {
            cx.set_timer(NEXT, next.at.as_ns().saturating_sub(cx.now()));
        }
    }

    fn next(&self) -> Option<&Membership> {
        self.settings.commands.get(self.taken as usize)
    }

    /// It is time for the next command, or to give it again.
    pub fn on_timer(&mut self, _slot: TimerSlot, cx: &mut Context<'_, Message>) {
        let Some(next) = self.next() else { return };
        let order = ControlMessage::ChangeMembership { number: self.taken, change: next.change };
        cx.send(self.settings.control_plane, Message::Control(order));
        cx.set_timer(NEXT, REPEAT_AFTER);
    }

    /// A message.
    pub fn on_message(&mut self, _from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        if let Message::Control(ControlMessage::MembershipTaken { number }) = message
            && number == self.taken
        {
            self.taken += 1;
            self.on_start(cx);
        }
    }

    /// An operator writes nothing to a disk.
    pub fn on_synced(&mut self, _through: WriteId, _cx: &mut Context<'_, Message>) {}

    /// What counts is on paper.
    pub fn on_crash(&mut self) {}
}
