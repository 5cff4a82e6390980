//! Ctrl-C, and the signals that ask a process to end (SIGTERM, SIGHUP): runs end soon, and what is being written is
//! written to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

/// What the user or the system has asked for, and whether it is heard.
pub struct Interrupt {
    stop: Arc<AtomicBool>,
    is_late: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on: the first signal asks for an end, the second makes one.
    pub fn listen() -> Self {
        let listening = Self { stop: Arc::default(), is_late: Arc::default() };
        let (stop, is_late) = (Arc::clone(&listening.stop), Arc::clone(&listening.is_late));
        // Without a handler a signal ends the process at once; while runs go on, nothing is written that could break.
        let _ = ctrlc::set_handler(move || {
            let is_second = stop.swap(true, Ordering::SeqCst);
            if is_second && !is_late.load(Ordering::SeqCst) {
                std::process::exit(Exit::Interrupted.code());
            }
        });
        listening
    }

    /// Set as soon as an end was asked for.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// The runs are over: from now on a signal is too late, so that writing is not cut short. False if one came before.
    pub fn close(&self) -> bool {
        self.is_late.store(true, Ordering::SeqCst);
        !self.stop.load(Ordering::SeqCst)
    }
}
