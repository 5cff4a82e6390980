//! The immortal "net" node of madsim's, on which every delay is a task.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use madsim::runtime::{Handle, NodeHandle};
use madsim::time::TimeHandle;

use super::clock::Ties;
use super::state::{State, Turn};
use crate::key::Tag;
use crate::node::{Node, NodeId};

/// Finished tasks leave their names behind, which are cleared away after so many.
const TASKS_PER_CLEARANCE: usize = 1 << 16;

/// What every task has.
pub(super) struct Shared<N: Node> {
    /// Here while the runtime runs, and with the simulation otherwise.
    state: Mutex<Home<N>>,
    net: NodeHandle,
    ties: Ties,
}

struct Home<N: Node> {
    state: Option<Box<State<N>>>,
    tasks_since_clearance: usize,
}

impl<N: Node> Shared<N> {
    pub fn new(net: NodeHandle, ties: Ties) -> Self {
        Self { state: Mutex::new(Home { state: None, tasks_since_clearance: 0 }), net, ties }
    }

    pub fn put(&self, state: Box<State<N>>) {
        self.home().state = Some(state);
    }

    pub fn take(&self) -> Box<State<N>> {
        self.home().state.take().expect("the state comes back from the runtime")
    }

    /// Does something to the state, and begins the delays that it asks for.
    pub fn enter<T>(self: &Arc<Self>, act: impl FnOnce(&mut State<N>) -> T) -> T {
        let mut home = self.home();
        let state = home.state.as_mut().expect("the state is in the runtime while that runs");
        let result = act(state);
        let begun = state.agenda.new.len();
        self.begin_delays(state);
        home.tasks_since_clearance += begun;
        if home.tasks_since_clearance >= TASKS_PER_CLEARANCE {
            home.tasks_since_clearance = 0;
            drop(home);
            // To count the tasks is to forget those that have ended.
            let _ = Handle::current().metrics().num_tasks();
        }
        result
    }

    fn home(&self) -> MutexGuard<'_, Home<N>> {
        self.state.lock().expect("no task of the run has panicked")
    }

    fn begin_delays(self: &Arc<Self>, state: &mut State<N>) {
        let mut new = std::mem::take(&mut state.agenda.new);
        for key in new.drain(..) {
            match self.ties.instant(key) {
                Some(instant) => {
                    let letters = &state.world.letters;
                    let link = (key.tag() == Tag::Delivery).then(|| letters.address(key.index()));
                    let turn = state.agenda.turn(key, state.world.now, link);
                    self.net.spawn(delay(Arc::clone(self), turn, instant));
                }
                // What comes after the clock's end comes after the run's.
                None => state.agenda.is_full |= key.sequence() >= super::clock::MOST_SEQUENCES,
            }
        }
        state.agenda.new = new;
    }

    /// Waits until madsim's clock shows this.
    pub async fn sleep_until(&self, instant: Duration) {
        sleep_exactly(instant).await;
    }

    /// Heals a fault. A node that resumes gives what came during its pause new places in the order, before the next
    /// one does.
    pub async fn heal(self: &Arc<Self>, fault: usize) {
        for node in self.enter(|state| state.heal(fault)) {
            if self.enter(|state| state.resume(fault, node)) {
                self.catch_up(node).await;
            }
        }
    }

    async fn catch_up(self: &Arc<Self>, node: NodeId) {
        std::future::poll_fn(|cx| {
            self.enter(|state| {
                let desk = state.desk(node);
                if desk.inbox.is_empty() {
                    return Poll::Ready(());
                }
                desk.emptied = Some(cx.waker().clone());
                Poll::Pending
            })
        })
        .await;
    }
}

/// Waits until so much of madsim's time has passed since its beginning. madsim rounds a sleep up to a millisecond; one
/// that is set anew keeps its instant.
async fn sleep_exactly(elapsed: Duration) {
    let clock = TimeHandle::current();
    let instant = clock.now_instant() - clock.elapsed() + elapsed;
    let mut sleep = pin!(clock.sleep_until(instant));
    sleep.as_mut().reset(instant);
    sleep.await;
}

async fn delay<N: Node>(shared: Arc<Shared<N>>, turn: Turn, instant: Duration) {
    sleep_exactly(instant).await;
    if let Some(fault) = shared.enter(|state| state.come_up(turn)) {
        shared.heal(fault).await;
    }
}
