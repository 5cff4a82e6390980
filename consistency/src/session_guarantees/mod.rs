//! Models of registers that are weaker than linearizability: sessions, causality, one order without real time.
//!
//! All of them speak of *which* write a read saw, so a value may be written only once to a register; only sequential
//! consistency can be searched for without that. Definitions, over what happened (see [`Execution`]):
//!
//! - **Sequential** (Lamport 1979): one legal order of all operations, of all registers, keeps every session's order.
//!   Deciding that is NP-complete (Gibbons & Korach 1997), even where it is known what reads saw: what must hold in
//!   every order is saturated first, then orders are tried until a budget ends.
//! - **Causal**: one order of all writes that keeps causality, such that each read sees the last write of its register
//!   among those that are causes of it (Biswas & Enea 2019, axiom *causal*, with one operation a transaction; Bouajjani
//!   et al. 2017 call it causal convergence, bad patterns CyclicCO, WriteCOInitRead, WriteCORead, CyclicCF). Causes are
//!   the closure of session order and of seeing. It does not imply PRAM, nor PRAM it.
//! - **PRAM** (Lipton & Sandberg 1988): for each session an order of its own operations and all writes that is legal
//!   for its reads and keeps every session's order; the orders of two sessions may differ.
//! - **Session guarantees** (Terry et al. 1994): see [`guarantees`]. PRAM implies the first three, causal all four.
//!
//! An operation whose outcome is unknown ends nothing: it comes after what its session did before, and before nothing.

mod causal;
mod execution;
mod graph;
mod guarantees;
mod pram;
mod saturation;
mod serialization;

pub(crate) use causal::check as check_causal;
pub(crate) use execution::{Execution, Unfit};
pub(crate) use guarantees::check as check_guarantees;
pub(crate) use pram::check as check_pram;
pub(crate) use saturation::{Saturated, saturate};
pub(crate) use serialization::{Known, Serialized, serialize};
