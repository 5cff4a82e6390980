//! Histories, evidence and the judges that read them.
//!
//! A [`History`] is what clients did and were told; [`Evidence`] is what the system looked like when
//! all was over; a [`Case`] lays both before the [`JUDGES`]. Each judge tests one [`Promise`]. What the
//! configuration promised and did not keep is a failure with a [`Witness`]; what it never promised is
//! counted all the same, and told, but fails nothing; what could not be tested is unknown, and never a pass.
//!
//! The crate knows neither the simulator nor its models: any system that can fill in the two structs
//! can be judged.
//!
//! ```
//! use shardlab_consistency::*;
//!
//! // Process 17 wrote 9213, was told ok, and a failover lost it; process 3 wrote 9377 later.
//! let write = |process, value, invoked, completed| Operation {
//!     process,
//!     node: NO_NODE,
//!     kind: OperationKind::Write,
//!     outcome: Outcome::Ok,
//!     key: 42,
//!     value,
//!     previous: INITIAL_VALUE,
//!     invoked,
//!     completed,
//! };
//! let mut history = History::default();
//! history.push(write(17, 9213, 20_310_000_000, 20_312_000_000));
//! history.push(write(3, 9377, 21_000_000_000, 21_001_000_000));
//! let survivors = VersionOrder::from_log([(42, 9377)]);
//! let evidence = Evidence { version_order: Some(survivors), ..Evidence::default() };
//!
//! let judgements = judge(&Case::new(&history, &evidence), Promises::NONE.with(Promise::Durability));
//! assert_eq!(judgements[0].judge, "lost-writes");
//! assert_eq!(
//!     judgements[0].verdict().unwrap().to_string(),
//!     "fail: lost-write: process 17 wrote value 9213 to key 42 at 20.310 s and was told ok at 20.312 s; \
//!      nothing that survives holds it; the next surviving write to key 42 is 9377",
//! );
//! assert!(overall(&judgements).is_fail());
//! ```
//!
//! A second kind of judge needs no evidence: [`check`] holds what clients of any system recorded against a consistency
//! model, or against the rule that a workload has of its own. [`jepsen`] reads such recordings.
//!
//! | workload | an example |
//! | --- | --- |
//! | register | [`check_registers`] |
//! | list-append | [`check`] |
//! | rw-register | [`check_axioms`] |
//! | bank | [`workload_judges::judge_bank`] |
//! | set | [`workload_judges::judge_set`] |
//! | counter | [`workload_judges::judge_counter`] |
//! | long-fork | [`workload_judges::judge_long_fork`] |
//! | unique-ids | [`workload_judges::judge_unique_ids`] |

mod axioms;
mod case;
mod check;
mod checks;
mod components;
mod dependencies;
mod evidence;
mod explanation;
mod history;
pub mod jepsen;
pub mod judges;
mod lattice;
mod linearizability;
#[cfg(test)]
mod pictures;
mod promise;
pub mod recorded;
mod register_check;
mod registers;
mod session_guarantees;
#[cfg(test)]
mod small_histories;
mod staleness;
mod verdict;
mod version_order;
mod vocabulary;
mod words;
pub mod workload_judges;

pub use axioms::{AxiomOptions, check_axioms};
pub use case::{Case, Metric};
pub use check::{CheckOptions, CheckReport, check};
pub use checks::{ALL_PPB, Checks, DEFAULT_BUDGET};
pub use dependencies::{
    Assumptions, ToldCycle, ToldStep, ToldTransaction, TransactionOptions, TrueOrder, check_against_order,
    check_transactions,
};
pub use evidence::{
    BankEvidence, Effect, Evidence, HeldRows, Probe, QueryEvidence, ReplicaDigest, ResidencyEvidence,
    Residue, ResidueKind, TransactionEffect,
};
pub use explanation::{CycleEdge, Dependency, Explanation, Found, ModelVerdict, Report};
pub use history::{
    History, INITIAL_VALUE, MicroOperation, NO_NODE, Operation, OperationKind, Outcome, Time, Transaction,
};
pub use judges::{Finding, JUDGES, Judge, Judgement, judge, overall};
pub use lattice::{ANOMALY_NAMES, Anomaly, Model, strongest_holding, weakest_broken, weakest_undecided};
pub use promise::{Promise, Promises};
pub use register_check::{Initial, REGISTER_MODELS, RegisterOptions, check_registers};
pub use registers::{RegisterReport, StaleRead};
pub use staleness::Staleness;
pub use verdict::{Verdict, Witness};
pub use version_order::{VersionOrder, Versions};
