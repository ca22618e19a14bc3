//! Sessions: saved to a file and opened from one.

use super::App;
use crate::background::{Task, finished};
use crate::gui::shell::chooser;
use crate::gui::shell::opening::Opening;
use crate::gui::state::session_file::{ModelMark, SessionFile};
use crate::math::sampling::Coins;
use crate::model::fingerprint;
use crate::problem::{Problem, Result};
use crate::text::{tr, trf};
use std::path::{Path, PathBuf};

/// What is under way with sessions.
#[derive(Default)]
pub(super) struct Sessions {
    /// The dialog that asks which one.
    pub(super) dialog: Option<Opening>,
    opening: Option<Task<Opened>>,
    browsing: Option<Task<Option<PathBuf>>>,
    comparing: Option<Task<Option<ModelMark>>>,
}

/// A session and where its model is on this machine.
struct Opened {
    session: SessionFile,
    model: Option<String>,
}

impl Sessions {
    pub(super) fn is_busy(&self) -> bool {
        self.opening.is_some()
    }
}

impl App {
    /// Shows a problem that came up outside the window.
    pub fn notice(&mut self, problem: Problem) {
        self.notices.add(problem);
    }

    pub(super) fn open_session(&mut self, path: PathBuf) {
        self.sessions.opening = Some(Task::spawn(&self.files, move |_| {
            let session = SessionFile::open(&path)?;
            let model = session.model.find(Some(&path));
            Ok(Opened { session, model })
        }));
    }

    /// What a session file holds of the present state. The model is read once more for its
    /// fingerprint, so this belongs on another thread.
    pub(super) fn session_job(
        &self,
        path: PathBuf,
    ) -> Option<impl FnOnce() -> Result<PathBuf> + Send + use<>> {
        let model = self.model.clone()?;
        let is_away = self.saved.home.is_some();
        let state = self.saved.clone().at_home();
        Some(move || {
            // A model that is no longer where it was is still known by its name.
            let sha256 = fingerprint(&state.model).unwrap_or_default();
            let mark = if is_away {
                ModelMark { source: state.model.clone(), sha256, ..ModelMark::default() }
            } else {
                ModelMark::of(&model, sha256)
            };
            SessionFile::new(state, mark).save(&path)?;
            Ok(path)
        })
    }

    pub(super) fn receive_sessions(&mut self) {
        match finished(&mut self.sessions.opening) {
            Some(Ok(opened)) => self.take_up(opened),
            Some(Err(problem)) => self.notices.add(problem),
            None => {}
        }
        match finished(&mut self.sessions.comparing) {
            Some(Ok(Some(mark))) => self.notices.add(difference(&mark)),
            Some(Err(problem)) => self.notices.add(problem),
            Some(Ok(None)) | None => {}
        }
        match finished(&mut self.sessions.browsing) {
            Some(Ok(Some(path))) => self.open_session(path),
            Some(Err(problem)) => self.notices.add(problem),
            Some(Ok(None)) | None => {}
        }
    }

    /// Goes on where the session ended. The machine's own settings stay; without its model, the one
    /// that is open reads its text.
    fn take_up(&mut self, Opened { session, model }: Opened) {
        let mut state = session.state;
        state.device.clone_from(&self.saved.device);
        if model.is_none() {
            self.notices.add(session.model.missing());
        }
        let is_same = model.as_ref().is_none_or(|model| *model == self.saved.model);
        state.model = model.clone().unwrap_or_else(|| self.saved.model.clone());
        self.coins = Coins::new(state.seed);
        self.saved = state;
        self.sessions.dialog = None;
        if !is_same {
            self.open(self.saved.model.clone());
        }
        if let Some(source) = model.filter(|_| !session.model.sha256.is_empty()) {
            let mark = session.model;
            let compare = move |_: &_| Ok((mark.sha256 != fingerprint(&source)?).then_some(mark));
            self.sessions.comparing = Some(Task::spawn(&self.files, compare));
        }
    }

    pub(super) fn browse_session(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title(tr("Open a session"))
            .add_filter(tr("Headlight session"), &["headlight"])
            .pick_file();
        self.sessions.browsing = Some(chooser::wait(&self.dialogs, dialog));
    }
}

/// What to say when the model of this machine is not the one the session was made with.
fn difference(mark: &ModelMark) -> Problem {
    let why = trf(
        "“{0}” on this machine has other weights, configuration or tokenizer than the one the \
         session was made with",
        &[&mark.name],
    );
    Problem::new("The model differs from the session's", why)
        .cure("The numbers will differ; open the model of the session with Ctrl+O")
}

/// Is this the name of a session file?
pub(super) fn is_session(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|e| e.eq_ignore_ascii_case(crate::gui::state::session_file::EXTENSION))
}
