//! The command line: parse, do, exit.

mod check;
mod cli;
mod exit;
mod history;
mod interrupt;
mod lint;
mod list;
mod new;
mod output;
mod progress;
mod replay;
mod run;
mod schema;
mod wall_clock;

use clap::{CommandFactory, Parser};

use cli::{Cli, Verb};
use exit::Exit;

fn main() {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        // Help and version come as errors too, and are none. Nobody to print to is no reason to fail.
        let _ = error.print();
        let exit = if error.use_stderr() { Exit::Usage } else { Exit::Pass };
        std::process::exit(exit.code());
    });
    let exit = match cli.verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Check(arguments) => check::check(&arguments),
        Verb::List { format } => list::list(format),
        Verb::Lint { files } => lint::lint(&files),
        Verb::Schema => schema::schema(),
        Verb::New { name } => new::new(&name),
        Verb::Replay { folder } => replay::replay(&folder),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "shardlab", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    };
    std::process::exit(exit.code());
}
