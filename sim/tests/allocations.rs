//! The steady state allocates nothing: not a byte a message, timer or delivery.

// A global allocator is an unsafe trait; this one only counts and hands on to the system's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "../benches/kernel/workload.rs"]
mod workload;

use shardlab_sim::MILLISECOND;
use workload::Variant;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn the_steady_state_allocates_nothing() {
    for timeout in [None, Some(10 * MILLISECOND)] {
        let mut simulation = workload::simulation(Variant { in_flight: 10, timeout });
        // Links are made at their first use, and vectors find their size.
        simulation.run_until(2_000 * MILLISECOND);
        let (allocations, events) = (ALLOCATIONS.load(Ordering::Relaxed), simulation.events_handled());
        simulation.run_until(4_000 * MILLISECOND);
        let handled = simulation.events_handled() - events;
        assert!(handled > 1_000_000, "{handled} events");
        let allocated = ALLOCATIONS.load(Ordering::Relaxed) - allocations;
        assert_eq!(allocated, 0, "allocations over {handled} events, timeout {timeout:?}");
    }
}
