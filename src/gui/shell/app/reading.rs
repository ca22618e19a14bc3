//! Opening a model and having it read: what runs on the threads, and what comes back.

use super::App;
use crate::background::{Task, finished};
use crate::gui::contract::command::Command;
use crate::gui::shell::chooser;
use crate::gui::shell::crash;
use crate::gui::state::stack::Stacks;
use crate::model::{Chat, Checkpoint, DeviceKind, Edit, Target};
use crate::problem::{Problem, Result};
use crate::session::Follower;
use crate::text::tr;
use crate::trace::Trace;
use std::sync::{Arc, PoisonError};

/// What the model made of a text.
pub(super) struct Reading {
    trace: Arc<Trace>,
    /// The same without the changes of an experiment, if there are any.
    baseline: Option<Arc<Trace>>,
}

/// What was last read, so that a change of the text costs only what it changes.
#[derive(Default)]
pub(super) struct Followers {
    changed: Follower,
    unchanged: Follower,
}

impl Followers {
    fn read(
        &mut self,
        model: &Checkpoint,
        text: &str,
        target: Target<'_>,
        edits: &[Edit],
    ) -> Result<Reading> {
        if edits.is_empty() {
            self.changed = Follower::default();
            let trace = self.unchanged.trace(model, text, target, &[])?;
            return Ok(Reading { trace, baseline: None });
        }
        Ok(Reading {
            trace: self.changed.trace(model, text, target, edits)?,
            baseline: Some(self.unchanged.trace(model, text, target, &[])?),
        })
    }
}

/// What the model is asked to read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) prompt: String,
    /// What a translator's decoder is fed, when that is not its own translation.
    target: Option<String>,
    answer: String,
    is_chat: bool,
    edits: Vec<Edit>,
}

impl Asked {
    /// The text with everything around it.
    fn text(&self, model: &Checkpoint) -> Result<String> {
        match model.chat.as_ref().filter(|_| self.is_chat) {
            Some(chat) => Ok(chat.render(&self.prompt)? + &self.answer),
            None => Ok(self.prompt.clone()),
        }
    }
}

pub(super) const READING: &str = "The model cannot read this text";

impl App {
    /// The chat form, when it is switched on and the model has one.
    pub(super) fn chat(&self) -> Option<&Chat> {
        let chat = self.model.as_ref()?.chat.as_ref();
        chat.filter(|_| self.saved.chat)
    }

    pub(super) fn open(&mut self, name: String) {
        let device = DeviceKind::named(&self.saved.device).unwrap_or_default();
        self.opening = Some(Task::spawn(&self.lane, move |_| Checkpoint::open(&name, device)));
    }

    pub(super) fn receive_model(&mut self) {
        match finished(&mut self.opening) {
            Some(Ok(model)) => {
                self.saved.remember_model(&model.source);
                crash::note_model(&model.info);
                if !model.notes.is_empty() {
                    self.notices.done(format!("{}: {}", model.info.name, model.notes.join("; ")));
                }
                self.model = Some(Arc::new(model));
                self.asked = None;
                self.choice = None;
            }
            Some(Err(problem)) => {
                self.notices.add(problem);
                self.saved.model = match &self.model {
                    Some(model) => model.source.clone(),
                    // A model that is gone since the last start must not leave the window empty.
                    None => crate::model::BUNDLED[0].name.to_owned(),
                };
                if self.model.is_none() {
                    self.open(self.saved.model.clone());
                }
            }
            None => {}
        }
    }

    pub(super) fn receive_trace(&mut self) {
        match finished(&mut self.tracing) {
            Some(Ok(Reading { trace, baseline })) => {
                self.notices.resolve(|problem| problem.what == READING);
                let stacks = Stacks::of(trace);
                self.saved.pinned = self.saved.pinned.within(stacks.shown(self.saved.stack));
                self.trace = Some(stacks);
                self.baseline = baseline.map(Stacks::of);
            }
            Some(Err(problem)) => self.notices.add(Problem { what: READING.to_owned(), ..problem }),
            None => {}
        }
    }

    pub(super) fn receive_folder(&mut self) {
        match finished(&mut self.browsing) {
            Some(Ok(Some(folder))) => {
                self.commands.push(Command::OpenModel(folder.display().to_string()));
            }
            Some(Err(problem)) => self.notices.add(problem),
            Some(Ok(None)) | None => {}
        }
    }

    /// Has the model read the text, if it has not yet. The newest request wins; until it is
    /// answered, the last picture stays.
    pub(super) fn ask(&mut self) {
        let Some(model) = self.model.as_ref().filter(|_| !self.presenter.is_frozen) else {
            return;
        };
        if self.saved.prompt.is_empty() {
            (self.trace, self.baseline, self.tracing, self.asked) = (None, None, None, None);
            return;
        }
        let saved = &self.saved;
        let wanted = Asked {
            prompt: saved.prompt.clone(),
            target: saved.target.clone(),
            answer: saved.answer.clone(),
            is_chat: self.chat().is_some(),
            edits: saved.edits.clone(),
        };
        if self.asked.as_ref() == Some(&wanted) {
            return;
        }
        let model = Arc::clone(model);
        let followers = Arc::clone(&self.followers);
        self.asked = Some(wanted.clone());
        self.tracing = Some(Task::spawn(&self.lane, move |_| {
            let text = wanted.text(&model)?;
            let (target, edits) = (wanted.target, wanted.edits);
            let target = target.as_deref().map_or(Target::Own, Target::Text);
            // A reading that panicked left nothing half done behind.
            let mut followers = followers.lock().unwrap_or_else(PoisonError::into_inner);
            followers.read(&model, &text, target, &edits)
        }));
    }

    /// Asks the desktop for a model's folder or its GGUF file.
    pub(super) fn browse(&mut self, for_folder: bool) {
        let dialog = rfd::AsyncFileDialog::new();
        self.browsing = Some(if for_folder {
            let dialog = dialog.set_title(tr("Open a model's folder"));
            chooser::wait(&self.dialogs, dialog.pick_folder())
        } else {
            let dialog = dialog.set_title(tr("Open a GGUF file")).add_filter("GGUF", &["gguf"]);
            chooser::wait(&self.dialogs, dialog.pick_file())
        });
    }
}
