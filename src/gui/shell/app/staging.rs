//! A lesson's step is a scene: when it is entered, everything that its words speak of is on screen; when
//! the lesson is left, what was the learner's is there again.

use super::App;
use super::lesson_actions::{is_bundled, sampling};
use crate::gui::shell::lesson::Staged;
use crate::gui::state::saved::{Home, Saved};
use crate::gui::state::stack::Stack;
use crate::lesson::{Scene, Select};
use crate::model::{BUNDLED, Edit};

impl App {
    /// Sets the stage when another step is on screen, and gives back what was there when none is.
    pub(super) fn stage(&mut self) {
        let learning = &self.saved.learning;
        let place = self.lesson_step().map(|_| (learning.lesson.clone(), learning.step));
        let staged = self.lessons.staged.as_ref().map(|staged| &staged.place);
        if place.as_ref() != staged {
            match (place, self.lessons.staged.take()) {
                (Some(place), staged) => {
                    let before = staged.map_or_else(
                        || Box::new(self.saved.clone().at_home()),
                        |staged| staged.before,
                    );
                    let select = self.set_scene(&place.0, place.1, 0);
                    self.lessons.visit = None;
                    self.lessons.staged = Some(Staged { place, before, select });
                }
                (None, Some(staged)) => self.give_back(*staged.before),
                (None, None) => {}
            }
        }
        self.select_staged();
    }

    /// Shows what the part speaks of that is awaited: what it asks for can then be done.
    pub(super) fn stage_awaited(&mut self) {
        let learning = &self.saved.learning;
        let (name, step) = (learning.lesson.clone(), learning.step);
        if let Some((part, _)) = self.pending() {
            self.set_scene(&name, step, part);
        }
    }

    /// Shows what a part of a step speaks of. Returns what is to be selected once the text is read.
    fn set_scene(&mut self, lesson: &str, step: usize, part: usize) -> Option<Select> {
        let lesson = self.lessons.named(lesson)?;
        let scene = Scene::at(lesson, step, part);
        // The course is about the model inside; a teacher's lessons, and those about translators, are
        // about the model that is open.
        let is_about_storybook = self.lessons.is_course() && lesson.needs.is_none();
        let saved = &mut self.saved;
        let model = scene.model.filter(|name| is_bundled(name));
        let storybook = is_about_storybook.then(|| BUNDLED[0].name.to_owned());
        let model = model.or(storybook).unwrap_or_else(|| saved.model.clone());
        // A run that is looked into is part of the scene: lessons about learning go on with it.
        let is_looking = saved.home.is_some();
        if !is_looking && saved.model != model {
            saved.model.clone_from(&model);
            (saved.target, saved.tree) = (None, None);
            self.open(model);
        }
        let saved = &mut self.saved;
        // A text that was continued is still the one that is spoken of.
        let text = scene.text.filter(|text| !saved.prompt.starts_with(text.as_str()));
        if let Some(text) = text {
            match &mut saved.home {
                // A model of letters cannot read it; what is gone back to can.
                Some(Home { prompt, .. }) if self.learning.run_is_fresh() => *prompt = Some(text),
                _ => saved.prompt = text,
            }
        }
        saved.chat = false;
        saved.answer.clear();
        saved.sampling = sampling(&scene.sampling);
        saved.edits = scene
            .off
            .map_or_else(Vec::new, |(layer, head)| vec![Edit::Head { layer, head, factor: 0.0 }]);
        let stack = scene.stack.and_then(|id| Stack::ALL.into_iter().find(|it| it.id() == id));
        saved.stack = stack.unwrap_or_default();
        if let Some((view, tab)) = scene.view {
            saved.tabs.extend(tab.map(|tab| (view.clone(), tab)));
            saved.view = view;
        }
        Some(scene.select).filter(|select| *select != Select::default())
    }

    /// Selects what the scene speaks of, when its text is read.
    fn select_staged(&mut self) {
        if self.is_opening_or_reading() || self.asked.is_none() {
            return;
        }
        let select = self.lessons.staged.as_mut().and_then(|staged| staged.select.take());
        if let Some(select) = select {
            let mut commands = Vec::new();
            self.perform_select(&select, &mut commands);
            self.commands.extend(commands);
        }
    }

    /// Shows again what was the learner's; what was learned stays, and so do the settings of the window.
    fn give_back(&mut self, before: Saved) {
        let now = std::mem::take(&mut self.saved);
        self.saved = Saved {
            learning: now.learning,
            theme: now.theme,
            language: now.language,
            device: now.device,
            reduce_motion: now.reduce_motion,
            next_panel: now.next_panel,
            recent: now.recent,
            recipe: now.recipe,
            ..before
        };
        if now.model != self.saved.model {
            self.open(self.saved.model.clone());
        }
    }
}
