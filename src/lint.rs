//! `lint`: everything that is wrong with scenario files, with its place; and what can be run and is hardly meant.

use shardlab_scenarios::load;

use crate::exit::Exit;
use crate::output::{complain, print};

/// Checks each file; one that is wrong does not keep the others from being checked.
pub fn lint(files: &[String]) -> Exit {
    let mut exit = Exit::Pass;
    for file in files {
        match load(file, &[]) {
            Ok(plan) => {
                let cases = plan.cases.len();
                let word = if cases == 1 { "case" } else { "cases" };
                let finding = match plan.doubts.count() {
                    0 => "fine".to_owned(),
                    1 => "can be run, with one warning".to_owned(),
                    count => format!("can be run, with {count} warnings"),
                };
                if plan.doubts.count() > 0 {
                    complain(plan.doubts.render(true));
                }
                let printed = print(&format!("{file}: {finding} ({cases} {word})\n"));
                exit = if printed == Exit::Pass { exit } else { printed };
            }
            Err(error) => {
                complain(error.render(true));
                exit = Exit::BadInput;
            }
        }
    }
    exit
}
