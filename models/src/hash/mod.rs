//! Hash functions: the same on every machine, in every run and in every version of Rust.
//!
//! [`HashFunction`] names those that a sharding can use, a file each, beside `mix`, by which tables of our own are hashed
//! too.

mod crc16;
mod digits;
mod fixed;
mod function;
mod md5;
mod murmur3;
mod sha256;
mod vitess;
mod xxhash64;

pub use crc16::crc16;
pub use fixed::{FixedHasher, FixedState, fnv, mix};
pub use function::HashFunction;
pub use murmur3::murmur3;
pub use xxhash64::xxhash64;
