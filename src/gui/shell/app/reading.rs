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
use crate::session::training;
use crate::text::tr;
use crate::trace::Trace;
use std::sync::{Arc, PoisonError};

/// What the model made of a text.
pub(super) struct Reading {
    model: Arc<Checkpoint>,
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
        model: &Arc<Checkpoint>,
        text: &str,
        target: Target<'_>,
        edits: &[Edit],
    ) -> Result<Reading> {
        let whose = Arc::clone(model);
        if edits.is_empty() {
            self.changed = Follower::default();
            let trace = self.unchanged.trace(model, text, target, &[])?;
            return Ok(Reading { model: whose, trace, baseline: None });
        }
        Ok(Reading {
            model: whose,
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
        let chat = self.newest()?.chat.as_ref();
        chat.filter(|_| self.saved.chat)
    }

    /// The model that was opened last, which may still be reading the text.
    pub(super) fn newest(&self) -> Option<&Arc<Checkpoint>> {
        self.incoming.as_ref().or(self.model.as_ref())
    }

    pub(super) fn open(&mut self, name: String) {
        let device = DeviceKind::named(&self.saved.device).unwrap_or_default();
        self.opening = Some(match (training::step_of(&name), &self.learning.run) {
            (Some(step), Some(run)) => {
                let open = run.opener(step);
                Task::spawn(&self.lane, move |_| open())
            }
            _ => Task::spawn(&self.lane, move |_| Checkpoint::open(&name, device)),
        });
    }

    pub(super) fn receive_model(&mut self) {
        match finished(&mut self.opening) {
            Some(Ok(model)) => {
                if training::step_of(&model.source).is_none() {
                    self.saved.remember_model(&model.source);
                }
                crash::note_model(&model.info);
                if !model.notes.is_empty() {
                    self.notices.done(format!("{}: {}", model.info.name, model.notes.join("; ")));
                }
                // It is shown with its first recording: what is on screen is one model's.
                self.incoming = Some(Arc::new(model));
                (self.asked, self.tracing, self.choice) = (None, None, None);
            }
            Some(Err(problem)) => {
                self.notices.add(problem);
                self.saved.model = match self.newest() {
                    Some(model) => model.source.clone(),
                    // A model that is gone since the last start must not leave the window empty.
                    None => crate::model::BUNDLED[0].name.to_owned(),
                };
                if self.newest().is_none() {
                    self.open(self.saved.model.clone());
                }
            }
            None => {}
        }
    }

    pub(super) fn receive_trace(&mut self) {
        match finished(&mut self.tracing) {
            Some(Ok(Reading { model, trace, baseline })) => {
                self.model = Some(model);
                self.incoming = None;
                self.notices.resolve(|problem| problem.what == READING);
                let stacks = Stacks::of(trace);
                self.saved.pinned = self.saved.pinned.within(stacks.shown(self.saved.stack));
                self.trace = Some(stacks);
                self.baseline = baseline.map(Stacks::of);
            }
            Some(Err(problem)) => {
                self.notices.add(Problem { what: READING.to_owned(), ..problem });
                // The recording of another model must not pass for this one's.
                self.show_unread();
            }
            None => {}
        }
    }

    /// Shows a model that was opened without a recording of it.
    fn show_unread(&mut self) {
        if let Some(model) = self.incoming.take() {
            self.model = Some(model);
            (self.trace, self.baseline) = (None, None);
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
        if self.presenter.is_frozen {
            return;
        }
        if self.saved.prompt.is_empty() {
            self.show_unread();
        }
        let Some(model) = self.newest() else {
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
