//! Models that come from Hugging Face: downloaded on a thread of their own, then opened.

use super::App;
use crate::background::{Cancel, Task};
use crate::hub::{Hub, Progress, Repo};
use crate::problem::Result;
use std::sync::{Arc, Mutex};

/// A model on its way.
#[derive(Debug)]
pub(super) struct Download {
    /// Its name, `hf:owner/name`.
    name: String,
    task: Task<()>,
    /// How far it is, as the thread last said.
    heard: Arc<Mutex<Progress>>,
}

impl Download {
    pub(super) fn progress(&self) -> Progress {
        self.heard.lock().map(|progress| progress.clone()).unwrap_or_default()
    }
}

impl App {
    /// Opens a model; one on Hugging Face that is not here yet is downloaded first.
    pub(super) fn open_or_download(&mut self, name: String) {
        let hub = Hub::from_env();
        match Repo::parse(&name).ok().filter(|_| Repo::is_named(&name)) {
            Some(repo) if hub.cached(&repo).is_none() => self.download(name, hub, repo),
            _ => {
                self.saved.model.clone_from(&name);
                self.open(name);
            }
        }
    }

    fn download(&mut self, name: String, hub: Hub, repo: Repo) {
        let heard = Arc::new(Mutex::new(Progress::default()));
        let (tell, wake) = (Arc::clone(&heard), self.wake.clone());
        let job = move |cancel: &Cancel| {
            fetch(&hub, &repo, cancel, &|progress| {
                if let Ok(mut told) = tell.lock() {
                    told.clone_from(progress);
                }
                wake.request_repaint_after(std::time::Duration::from_millis(100));
            })
        };
        self.download = Some(Download { name, task: Task::spawn(&self.network, job), heard });
    }

    /// Opens the model that has come in.
    pub(super) fn receive_download(&mut self) {
        let Some(download) = &mut self.download else {
            return;
        };
        let Some(result) = download.task.poll() else {
            return;
        };
        let name = std::mem::take(&mut download.name);
        self.download = None;
        match result {
            Ok(()) => {
                self.saved.model.clone_from(&name);
                self.open(name);
            }
            Err(problem) => self.notices.add(problem),
        }
    }
}

#[cfg(feature = "download")]
fn fetch(hub: &Hub, repo: &Repo, cancel: &Cancel, tell: &dyn Fn(&Progress)) -> Result<()> {
    use crate::hub::Go;
    let mut listen = |progress: &Progress| {
        tell(progress);
        if cancel.is_requested() { Go::Break(()) } else { Go::Continue(()) }
    };
    hub.download(repo, &mut listen).map(|_| ())
}

#[cfg(not(feature = "download"))]
fn fetch(hub: &Hub, repo: &Repo, _: &Cancel, _: &dyn Fn(&Progress)) -> Result<()> {
    hub.folder(repo).map(|_| ())
}
