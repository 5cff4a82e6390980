//! A progress bar on standard error, on a terminal only, and only for runs that take long enough to be watched.

use indicatif::{ProgressBar, ProgressStyle};
use shardlab_scenarios::Progress;

/// A bar over the virtual time of all runs.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for the scenario of that name.
    pub fn new(name: &str) -> Self {
        let bar = ProgressBar::new(1);
        let template = "{prefix} {wide_bar} {percent}% · {msg} · {eta} left";
        // The template is ours: it parses.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Self(bar)
    }

    /// Shows how far the runs are.
    pub fn show(&self, progress: Progress) {
        self.0.set_length(progress.virtual_ms.max(1));
        self.0.set_position(progress.virtual_ms_done);
        self.0.set_message(format!("{}/{} runs", progress.runs_done, progress.runs));
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
