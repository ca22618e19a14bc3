//! A model that learns, and the window: its run, and looks at the model as it was at a step.

use super::App;
use crate::background::{Lane, Task, finished};
use crate::gui::contract::command::Learn;
use crate::gui::look::format::count;
use crate::gui::state::saved::Home;
use crate::problem::{Problem, Result};
use crate::session::training::{
    LATEST, Practice, Recipe, Run, SENTENCE, model_name, read_text, step_of,
};
use crate::text::trf;
use std::path::PathBuf;

/// How long each kept step is shown in a film, in seconds.
const FILM: f64 = 0.12;

/// The run and the one before it.
pub(super) struct Learning {
    lane: Lane,
    pub(super) run: Option<Run>,
    /// To compare with.
    earlier: Option<Run>,
    saving: Option<Task<PathBuf>>,
    reading: Option<Task<(String, bool)>>,
    /// When a film goes on.
    film: Option<f64>,
    /// Is the run waited for, as for a picture?
    is_awaited: bool,
}

impl Learning {
    pub(super) fn start(ctx: &egui::Context) -> Result<Self> {
        let wake = ctx.clone();
        let lane = Lane::start("learning", move || wake.request_repaint())?;
        Ok(Self {
            lane,
            run: None,
            earlier: None,
            saving: None,
            reading: None,
            film: None,
            is_awaited: false,
        })
    }

    pub(super) fn runs(&self) -> [Option<&Run>; 2] {
        [self.run.as_ref(), self.earlier.as_ref()]
    }

    /// Is the run at work?
    pub(super) fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_running)
    }

    /// Does its model read letters of its own only?
    pub(super) fn run_is_fresh(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.recipe.is_fresh())
    }

    pub(super) fn is_film(&self) -> bool {
        self.film.is_some()
    }

    /// Is the run at work, and is that waited for: for a picture, or by a lesson?
    pub(super) fn is_settling(&self, by_lesson: bool) -> bool {
        (self.is_awaited || by_lesson) && self.is_running()
    }
}

impl App {
    /// Begins the run that is planned, or teaches the model a sentence, and has pictures wait for so many
    /// steps.
    pub fn begin_run(&mut self, is_teaching: bool, n_steps: usize) {
        self.learning.is_awaited = true;
        let recipe = if is_teaching {
            Recipe::teaching(&self.saved.model, SENTENCE)
        } else {
            self.saved.recipe.clone()
        };
        self.learn(Learn::Begin(Box::new(recipe), n_steps));
    }

    /// Has every view show the newest model of the run.
    pub fn look_at_newest(&mut self) {
        self.learn(Learn::Look(LATEST));
    }

    pub(super) fn learn(&mut self, wish: Learn) {
        let learning = &mut self.learning;
        match wish {
            Learn::Plan(recipe) => self.saved.recipe = *recipe,
            Learn::Begin(recipe, n_steps) => {
                self.go_home();
                let wake = self.wake.clone();
                if recipe.is_fresh() {
                    self.saved.recipe.clone_from(&recipe);
                }
                let learning = &mut self.learning;
                if let Some(run) = learning.run.take() {
                    run.pause();
                    learning.earlier = Some(run);
                }
                let run =
                    Run::begin(&learning.lane, *recipe, n_steps, move || wake.request_repaint());
                learning.run = Some(run);
            }
            Learn::Go(n_steps) => {
                if let Some(run) = &mut learning.run {
                    run.go(&learning.lane, n_steps);
                }
            }
            Learn::Pause => {
                if let Some(run) = &learning.run {
                    run.pause();
                }
            }
            Learn::Look(step) => {
                learning.film = None;
                self.look_at(step);
            }
            Learn::Home => self.go_home(),
            Learn::Film => {
                let is_on = learning.film.is_some();
                self.learning.film = (!is_on).then_some(0.0);
                if !is_on {
                    self.look_at(0);
                }
            }
            Learn::Read(path) => {
                let read = move |_: &_| read_text(&path);
                self.learning.reading = Some(Task::spawn(&self.files, read));
            }
            Learn::Save(folder) => self.save_learned(folder),
        }
    }

    /// Shows the model of the run as it was at a step, in every view.
    fn look_at(&mut self, step: usize) {
        let Some(run) = &self.learning.run else { return };
        let Some(kept) = run.kept_at(step) else { return };
        let name = model_name(if step == LATEST { LATEST } else { kept });
        let saved = &mut self.saved;
        if saved.home.is_none() {
            let is_fresh = run.recipe.is_fresh();
            saved.home = Some(Home {
                model: saved.model.clone(),
                prompt: is_fresh.then(|| saved.prompt.clone()),
                pinned: saved.pinned,
            });
            if is_fresh {
                // It knows no other letters than those it learns.
                let progress = run.progress();
                let row = &progress.shown[..progress.shown.len().saturating_sub(1)];
                saved.prompt = row.iter().map(|token| token.text.as_str()).collect();
            }
        }
        if saved.model != name {
            saved.model.clone_from(&name);
            self.open(name);
        }
    }

    /// Shows again what was there before the look.
    fn go_home(&mut self) {
        self.learning.film = None;
        if self.saved.home.is_some() {
            self.saved = std::mem::take(&mut self.saved).at_home();
            self.open(self.saved.model.clone());
        }
    }

    /// Looks at what the run has come to, and keeps what is shown up with it.
    pub(super) fn receive_run(&mut self) {
        let learning = &mut self.learning;
        let problem = learning.run.as_mut().and_then(Run::receive);
        let earlier = learning.earlier.as_mut().and_then(Run::receive);
        let saved = finished(&mut learning.saving);
        for problem in problem.into_iter().chain(earlier) {
            self.notices.add(problem);
        }
        match saved {
            Some(Ok(folder)) => {
                self.notices.done(trf("Saved: {0}", &[&folder.display()]));
            }
            Some(Err(problem)) => self.notices.add(problem),
            None => {}
        }
        match finished(&mut self.learning.reading) {
            Some(Ok((text, is_cut))) => self.take_text(text, is_cut),
            Some(Err(problem)) => self.notices.add(problem),
            None => {}
        }
        self.follow_run();
        self.play_film();
    }

    /// Makes a text what the next run reads.
    fn take_text(&mut self, text: String, is_cut: bool) {
        if is_cut {
            let n = trf("the first {0} bytes are used", &[&count(text.len())]);
            self.notices.done(n);
        }
        let saved = &mut self.saved;
        if !saved.recipe.is_fresh() {
            saved.recipe = Recipe::default();
        }
        saved.recipe.practice = Practice::Text(text);
        "learning".clone_into(&mut saved.view);
    }

    /// While the newest model is looked at, shows each new one as it is kept.
    fn follow_run(&mut self) {
        if step_of(&self.saved.model) != Some(LATEST) || self.is_opening_or_reading() {
            return;
        }
        let newest = self.learning.run.as_ref().and_then(|run| run.kept_at(LATEST));
        let shown = self.model.as_ref().and_then(|model| step_of(&model.source));
        if newest.is_some() && newest != shown {
            self.open(self.saved.model.clone());
        }
    }

    /// Goes on to the next kept step of a film.
    fn play_film(&mut self) {
        let Some(due) = self.learning.film else { return };
        let now = self.wake.input(|input| input.time);
        if now < due || self.is_opening_or_reading() {
            let wait = std::time::Duration::from_secs_f64((due - now).clamp(0.01, FILM));
            self.wake.request_repaint_after(wait);
            return;
        }
        let steps = self.learning.run.as_ref().map(|run| run.progress().kept_steps());
        let shown = step_of(&self.saved.model).unwrap_or(0);
        match steps.unwrap_or_default().into_iter().find(|step| *step > shown) {
            Some(next) => {
                self.look_at(next);
                self.learning.film = Some(now + FILM);
            }
            None => self.learning.film = None,
        }
        self.wake.request_repaint();
    }

    pub(super) fn is_opening_or_reading(&self) -> bool {
        self.opening.is_some() || self.incoming.is_some() || self.tracing.is_some()
    }

    fn save_learned(&mut self, folder: PathBuf) {
        let Some(run) = &self.learning.run else { return };
        let save = run.saver(folder.clone());
        self.learning.saving = Some(Task::spawn(&self.files, move |_| {
            if folder.join("config.json").exists() {
                let why = format!("there is a model already: {}", folder.display());
                return Err(
                    Problem::new("Could not save the model", why).cure("Choose a new folder")
                );
            }
            save()?;
            Ok(folder)
        }));
    }
}
