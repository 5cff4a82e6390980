//! Scenarios that the manual shows are complete, and end as it says.

use crate::workbench::{Workbench, stdout};

#[test]
fn scenarios_of_the_manual_run_as_they_stand() {
    let manual = include_str!("../../README.md");
    let mut ran = Vec::new();
    for told in manual.split("Save as `").skip(1) {
        let (name, rest) = told.split_once("`:").expect("a file has a name");
        let Some(rest) = rest.strip_prefix("\n\n```toml\n") else { continue };
        let (scenario, said) = rest.split_once("```\n").expect("a block ends");
        let end = said.split_once("` ends with `").expect("the manual says how it ends").1;
        let end = end.split_once('`').expect("a quotation ends").0;
        let bench = Workbench::new();
        bench.write(name, scenario);
        let output = bench.shardlab(&format!("run {name}"));
        assert!(stdout(&output).contains(end), "{name}: not `{end}` in\n{}", stdout(&output));
        ran.push(name);
    }
    assert_eq!(ran, ["tenants.toml", "orders.toml", "checked.toml"]);
}
