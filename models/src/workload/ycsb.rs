//! The core workloads of YCSB (Cooper et al. 2010, table 2; `workloads/workloada` to `workloadf`).
//!
//! | | mix | keys | as in |
//! | --- | --- | --- | --- |
//! | A | 50 % read, 50 % update | zipfian | a session store |
//! | B | 95 % read, 5 % update | zipfian | photo tagging |
//! | C | 100 % read | zipfian | a cache of user profiles |
//! | D | 95 % read, 5 % insert | latest | status updates |
//! | E | 95 % scan, 5 % insert | zipfian | threaded conversations |
//! | F | 50 % read, 50 % read-modify-write | zipfian | a user database |
//!
//! "Zipfian" is YCSB's scrambled one, whose popular keys lie anywhere. Scans read 1 to 100 rows, uniformly.

use crate::workload::{KeyDistribution, Mix};

/// Longest scan, in rows (YCSB's `maxscanlength` in workload E).
pub const MAX_SCAN_ROWS: u16 = 100;

/// YCSB's `ZIPFIAN_CONSTANT`, which workload D's latest chooser uses too.
pub const ZIPFIAN_CONSTANT: f64 = 0.99;

const NONE: Mix = Mix {
    read: 0.0,
    update: 0.0,
    insert: 0.0,
    scan: 0.0,
    read_modify_write: 0.0,
    transfer: 0.0,
    audit: 0.0,
    list_append: 0.0,
    rw_register: 0.0,
    long_fork: 0.0,
    set: 0.0,
    counter: 0.0,
    unique_ids: 0.0,
};

/// One core workload.
#[derive(Clone, Debug, PartialEq)]
pub struct CoreWorkload {
    /// Its letter.
    pub letter: char,
    /// What it does.
    pub mix: Mix,
    /// On which keys.
    pub keys: KeyDistribution,
}

/// A to F.
pub const CORE_WORKLOADS: [CoreWorkload; 6] = [
    CoreWorkload {
        letter: 'A',
        mix: Mix { read: 0.5, update: 0.5, ..NONE },
        keys: KeyDistribution::ScrambledZipfian,
    },
    CoreWorkload {
        letter: 'B',
        mix: Mix { read: 0.95, update: 0.05, ..NONE },
        keys: KeyDistribution::ScrambledZipfian,
    },
    CoreWorkload { letter: 'C', mix: Mix { read: 1.0, ..NONE }, keys: KeyDistribution::ScrambledZipfian },
    CoreWorkload {
        letter: 'D',
        mix: Mix { read: 0.95, insert: 0.05, ..NONE },
        keys: KeyDistribution::Latest(ZIPFIAN_CONSTANT),
    },
    CoreWorkload {
        letter: 'E',
        mix: Mix { scan: 0.95, insert: 0.05, ..NONE },
        keys: KeyDistribution::ScrambledZipfian,
    },
    CoreWorkload {
        letter: 'F',
        mix: Mix { read: 0.5, read_modify_write: 0.5, ..NONE },
        keys: KeyDistribution::ScrambledZipfian,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for workload in CORE_WORKLOADS {
            let sum: f64 = workload.mix.weights().iter().map(|(_, _, weight)| weight).sum();
            assert!((sum - 1.0).abs() < 1e-12, "workload {}: {sum}", workload.letter);
        }
    }
}
