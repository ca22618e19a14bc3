//! Models by their Hugging Face name on the command line: downloaded first, with a line that says
//! how far it is.

use crate::hub::{Hub, Repo};
use crate::problem::Result;

/// Downloads a model on Hugging Face that is not here yet. Other names are left alone.
///
/// # Errors
/// When it cannot be downloaded.
pub(super) fn fetch(name: &str) -> Result<()> {
    if !Repo::is_named(name) {
        return Ok(());
    }
    let (hub, repo) = (Hub::from_env(), Repo::parse(name)?);
    match hub.cached(&repo) {
        Some(_) => Ok(()),
        None => download(&hub, &repo),
    }
}

#[cfg(feature = "download")]
fn download(hub: &Hub, repo: &Repo) -> Result<()> {
    use crate::hub::{Go, Progress};
    use std::io::{IsTerminal as _, stderr};
    use std::time::{Duration, Instant};

    let is_terminal = stderr().is_terminal();
    let mut next = Instant::now();
    let mut listen = |progress: &Progress| {
        if Instant::now() >= next {
            next = Instant::now() + Duration::from_millis(if is_terminal { 200 } else { 5000 });
            let [done, total] = [progress.done, progress.total].map(|bytes| bytes as f64 / 1e6);
            let left = progress.seconds_left.map(|seconds| format!(", {seconds:.0} s left"));
            let line = format!("{repo}: {done:.0} of {total:.0} MB{}", left.unwrap_or_default());
            if is_terminal {
                eprint!("\r{line:<76}");
            } else {
                eprintln!("{line}");
            }
        }
        Go::Continue(())
    };
    let done = hub.download(repo, &mut listen);
    if is_terminal {
        eprintln!();
    }
    done.map(|_| ())
}

#[cfg(not(feature = "download"))]
fn download(hub: &Hub, repo: &Repo) -> Result<()> {
    hub.folder(repo).map(|_| ())
}
