//! Which workload a history is of, if it is not of the one that was named.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use shardlab_consistency::jepsen::{self, Format};
use shardlab_consistency::recorded::Workload;

/// So much of a file tells what it is.
const HEAD_BYTES: u64 = 1 << 20;

/// Asks whether another workload was meant, where the beginning of the file reads as that and not as the one named.
pub fn help(name: &str, named: Workload) -> Option<String> {
    let head = head(name)?;
    let reads = |workload: &Workload| {
        let format = Format::of_path(Path::new(name)).unwrap_or_else(|| Format::guess(&head));
        jepsen::read(*workload, &head[..], format).is_ok_and(|recorded| !recorded.is_empty())
    };
    if reads(&named) {
        return None;
    }
    let fitting: Vec<&str> = Workload::all().filter(reads).map(Workload::name).collect();
    (!fitting.is_empty()).then(|| format!("is this --workload {}?", fitting.join(" or ")))
}

/// The file's first lines; none of standard input, which is gone by now.
fn head(name: &str) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(name).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    if head.len() as u64 == HEAD_BYTES {
        let end = head.iter().rposition(|&byte| byte == b'\n')?;
        head.truncate(end);
    }
    Some(head)
}
