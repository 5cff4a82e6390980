//! The program as its users meet it: typed commands, exit codes, what stands on the terminal and what is left on disk.
//!
//! One program of tests instead of one a topic: it is linked once, and the long tests of one topic run beside those of
//! another.

mod bad_input;
mod check;
mod command_line;
mod determinism;
mod engines;
mod interrupt;
mod library;
mod manual;
mod run_folder;
mod twins;
mod workbench;
