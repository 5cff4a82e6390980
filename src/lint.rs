//! `lint`: everything that is wrong with scenario files, with its place.

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
                print(&format!("{file}: fine ({cases} {})\n", if cases == 1 { "case" } else { "cases" }));
            }
            Err(error) => {
                complain(error.render(crate::output::is_coloured()));
                exit = Exit::BadInput;
            }
        }
    }
    exit
}
