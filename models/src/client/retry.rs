//! What happens when an attempt comes to nothing.

use shardlab_consistency::{NO_NODE, Outcome};
use shardlab_sim::{Context, Time};

use crate::client::sessions::Work;
use crate::client::{ClientPool, session_timer};
use crate::config::Bug;
use crate::message::Message;

/// The pause before a retry doubles this often, and then no more.
const MOST_DOUBLINGS: u32 = 5;

impl ClientPool {
    /// A session's timer is what the session is waiting for.
    pub(super) fn on_session_timer(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let work = &self.sessions[slot].work;
        if matches!(work, Work::Idle) {
            self.thought(slot, cx);
        } else if work.single().is_some_and(|single| single.is_second) {
            self.second_write_missed(slot, cx);
        } else if self.sessions[slot].looks_up {
            self.lookup_timed_out(slot, cx);
        } else if work.awaits_answer() {
            if !self.does_without_cache(slot, cx) {
                self.timed_out(slot, cx);
            }
        } else {
            self.resume(slot, cx);
        }
    }

    /// Silence: the attempt may have been executed, and may yet be.
    fn timed_out(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.sessions[slot].in_doubt = true;
        self.attempt_failed(slot, cx);
    }

    /// A refusal or silence: the map may be out of date.
    pub(super) fn attempt_failed(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.leave_flight(slot, cx);
        self.sessions[slot].work.stop_waiting();
        self.router.request_map(cx);
        self.retry_or_give_up(slot, cx);
    }

    pub(super) fn retry_or_give_up(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.sessions[slot].failures += 1;
        if self.is_exhausted(slot) { self.give_up(slot, cx) } else { self.pause(slot, cx) }
    }

    /// Nobody is known who could be asked. The pause comes first even if it was the last attempt, so that a closed
    /// load without think time does not go round and round in no time.
    pub(super) fn nobody_to_ask(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.leave_flight(slot, cx);
        self.router.request_map(cx);
        self.sessions[slot].failures += 1;
        self.pause(slot, cx);
    }

    /// Probes are retried until they are answered.
    fn is_exhausted(&self, slot: usize) -> bool {
        let session = &self.sessions[slot];
        session.failures > self.settings.retries && !session.work.is_probe()
    }

    pub(super) fn pause(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let doublings = match &self.sessions[slot].work {
            work if work.is_probe() => 0,
            _ => self.sessions[slot].failures.saturating_sub(1),
        };
        let pause = self.pause_ns(doublings);
        cx.set_timer(session_timer(slot), pause);
    }

    /// Half of it fixed, half drawn: "equal jitter" (Brooker, *Exponential backoff and jitter*, AWS Architecture Blog,
    /// 2015).
    fn pause_ns(&mut self, doublings: u32) -> Time {
        let longest = self.settings.backoff.saturating_mul(1 << doublings.min(MOST_DOUBLINGS));
        longest / 2 + self.pauses.below(longest / 2 + 1)
    }

    /// The pause is over.
    pub(super) fn resume(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        if self.is_exhausted(slot) {
            return self.give_up(slot, cx);
        }
        match self.sessions[slot].work {
            Work::Idle => {}
            Work::Single(_) => {
                self.reroute(slot);
                self.attempt_single(slot, cx);
            }
            Work::Salted(_) => self.attempt_single(slot, cx),
            Work::Merge(_) => self.attempt_merge(slot, cx),
            Work::Scan(_) => self.attempt_scan(slot, cx),
            Work::Query(_) => self.attempt_query(slot, cx),
            Work::Transaction(_) => {
                self.forget_attempt_if_buggy(slot);
                self.attempt_transaction(slot, cx);
            }
        }
    }

    /// `fail` if it certainly did not happen or would have changed nothing, else `info`.
    fn give_up(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let session = &self.sessions[slot];
        let may_have_happened = session.in_doubt
            && session.work.changes_something()
            && !self.settings.bugs.contains(Bug::FailOnTimeout);
        let outcome = if may_have_happened { Outcome::Info } else { Outcome::Fail };
        match session.work {
            Work::Idle => {}
            Work::Single(_) | Work::Merge(_) | Work::Salted(_) => {
                let (outcome, node) = self.outcome_of_written(slot).unwrap_or((outcome, NO_NODE));
                self.end_single(slot, outcome, 0, node, cx);
            }
            Work::Scan(_) => self.end_scan(slot, outcome, cx),
            Work::Query(_) => self.give_up_query(slot, cx),
            Work::Transaction(_) => self.give_up_transaction(slot, outcome, cx),
        }
    }
}
