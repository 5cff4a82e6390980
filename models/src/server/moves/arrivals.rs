//! What a destination does: takes rows, takes ownership, and says how far it is.

use std::sync::Arc;

use shardlab_sim::{Context, NodeId};

use crate::message::{Arrived, ChunkId, Message, MoveCommand, MoveMessage, MoveStep};
use crate::rebalancing::{Pair, Plan};
use crate::server::Server;
use crate::state_machine::Departure;

impl Server {
    /// Rows have come. What is in the log already is not logged again.
    pub(super) fn import(&mut self, from: NodeId, command: MoveCommand, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.leads(command.pair.1) else { return };
        let Some(chunk) = command.step.chunk() else { return };
        if self.arrived(slot, command.pair, command.plan.number).owned {
            return self.answer_standing(from, command.plan.number, command.pair, chunk.id, cx);
        }
        self.order_step(slot, command, cx);
    }

    pub(super) fn own(
        &mut self,
        from: NodeId,
        plan: Arc<Plan>,
        pair: Pair,
        id: ChunkId,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(slot) = self.leads(pair.1) else { return };
        if self.arrived(slot, pair, plan.number).owned {
            return self.answer_standing(from, plan.number, pair, id, cx);
        }
        self.owners_to_tell.insert(pair, (from, id));
        self.order_step(slot, MoveCommand { plan, pair, step: MoveStep::Own }, cx);
    }

    fn arrived(&self, slot: usize, pair: Pair, plan: u32) -> Arrived {
        let moves = self.hosted[slot].machine.moves();
        // A plan that comes after it is proof enough.
        if moves.is_some_and(|moves| moves.plan().number > plan) {
            return Arrived { owned: true, ..Arrived::default() };
        }
        moves
            .filter(|moves| moves.plan().number == plan)
            .map_or_else(Arrived::default, |moves| moves.arrived(pair.0))
    }

    pub(super) fn answer_standing(
        &mut self,
        to: NodeId,
        plan: u32,
        pair: Pair,
        id: ChunkId,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(slot) = self.leads(pair.1) else { return };
        let arrived = self.arrived(slot, pair, plan);
        cx.send(to, Message::Move(MoveMessage::Standing { pair, id, arrived }));
    }

    /// An asynchronous primary may have lost, with a failover, a step that the control plane has written down: the map
    /// counts, and the log is told. With acknowledgements that promise durability there is never anything to do.
    pub(super) fn heal_moves(&mut self, cx: &mut Context<'_, Message>) {
        let Some(map) = self.map.clone() else { return };
        for slot in 0..self.hosted.len() {
            if !self.hosted[slot].replica.may_answer() || self.hosted[slot].replica.has_unapplied() {
                continue;
            }
            let Some(moves) = self.hosted[slot].machine.moves() else { continue };
            let plan = Arc::clone(moves.plan());
            let is_done = |pair: &Pair| match &map.routing.plan {
                Some(current) if current.number == plan.number => map.routing.done.contains(pair),
                Some(current) => current.number > plan.number,
                None => *map.routing.from == plan.to,
            };
            let given = moves.departures().filter(|(pair, departure)| {
                is_done(pair) && matches!(departure, Departure::Copying | Departure::Sealed { .. })
            });
            let given = given.map(|(pair, _)| (pair, MoveStep::Give { attempt: 0, fenced: true }));
            let owned = moves.arrivals().filter(|(pair, arrived)| is_done(pair) && !arrived.owned);
            let owned = owned.map(|(pair, _)| (pair, MoveStep::Own));
            for (pair, step) in given.chain(owned).collect::<Vec<_>>() {
                self.order_step(slot, MoveCommand { plan: Arc::clone(&plan), pair, step }, cx);
            }
        }
    }
}
