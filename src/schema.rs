//! `schema`: the JSON Schema of scenario files.

use crate::exit::Exit;
use crate::output::print;

/// Prints the schema.
pub fn schema() -> Exit {
    print(&shardlab_scenarios::schema::text())
}
