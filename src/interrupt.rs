//! Ctrl-C: runs end soon, and what is being written is written to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

/// What Ctrl-C has asked for, and whether it is heard.
pub struct Interrupt {
    stop: Arc<AtomicBool>,
    is_late: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on: the first Ctrl-C asks for an end, the second makes one.
    pub fn listen() -> Self {
        let listening = Self { stop: Arc::default(), is_late: Arc::default() };
        let (stop, is_late) = (Arc::clone(&listening.stop), Arc::clone(&listening.is_late));
        // Without a handler Ctrl-C ends the process at once; while runs go on, nothing is written that it could break.
        let _ = ctrlc::set_handler(move || {
            let is_second = stop.swap(true, Ordering::SeqCst);
            if is_second && !is_late.load(Ordering::SeqCst) {
                std::process::exit(Exit::Interrupted.code());
            }
        });
        listening
    }

    /// Set as soon as Ctrl-C was pressed.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// The runs are over: from now on Ctrl-C comes too late, so that writing is not cut short. False if it came before.
    pub fn close(&self) -> bool {
        self.is_late.store(true, Ordering::SeqCst);
        !self.stop.load(Ordering::SeqCst)
    }
}
