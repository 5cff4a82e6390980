//! When an application rolls its transaction back.

/// When an application changes its mind about a transaction of which all votes are in: the coordinator is to abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// It does not.
    Never,
    /// Whatever was read.
    Always,
    /// When an account that it debits would end below zero.
    Overdrawn {
        /// What every account was opened with.
        opening_balance: i64,
    },
}

/// Two of them are a truth value, and are hashed as one.
impl std::hash::Hash for Rollback {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match *self {
            Self::Never => state.write_u8(0),
            Self::Always => state.write_u8(1),
            Self::Overdrawn { opening_balance } => {
                state.write_u8(2);
                state.write_i64(opening_balance);
            }
        }
    }
}
