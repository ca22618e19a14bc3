//! The desktop's own dialogs for files and folders.

use crate::background::{Lane, Task};
use crate::problem::Problem;
use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Nobody closes a dialog as fast as this: it was never there.
const TOO_FAST: Duration = Duration::from_millis(300);

/// What failed, when the desktop shows no dialog.
pub const NO_CHOOSER: &str = "The desktop shows no file dialog";

/// Waits for the answer of a dialog on a lane of its own, which may take minutes: the path, or nothing
/// when it was closed.
///
/// # Errors
/// When there was no dialog: rfd returns at once, without a word, where neither a desktop portal nor
/// zenity is there.
pub fn wait(
    lane: &Lane,
    dialog: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static,
) -> Task<Option<PathBuf>> {
    Task::spawn(lane, move |_| {
        let began = Instant::now();
        let chosen = pollster::block_on(dialog).map(|file| file.path().to_owned());
        if chosen.is_none() && began.elapsed() < TOO_FAST {
            let why = "neither a desktop portal (xdg-desktop-portal) nor zenity answers";
            return Err(Problem::new(NO_CHOOSER, why)
                .cure("Type or paste the path into the field, or drop the file on the window"));
        }
        Ok(chosen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_never_was_is_told_from_one_that_was_closed() {
        let lane = Lane::start("dialogs", || {}).unwrap();
        let problem = wait(&lane, async { None }).wait().unwrap_err();
        assert_eq!(problem.what, NO_CHOOSER);
        let closed = wait(&lane, async {
            std::thread::sleep(TOO_FAST);
            None
        });
        assert_eq!(closed.wait().unwrap(), None);
        let file = rfd::FileHandle::from(PathBuf::from("a.gguf"));
        let chosen = wait(&lane, async { Some(file) }).wait().unwrap();
        assert_eq!(chosen, Some(PathBuf::from("a.gguf")));
    }
}
