//! Lessons and the window: what a lesson sees of it, what its commands do to it, and where the learner
//! is.

use super::App;
use super::lesson_actions::is_bundled;
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Tab;
use crate::gui::look::theme::Theme;
use crate::gui::shell::greeting::greeting_ui;
use crate::gui::shell::lesson::{Event, Visit, lesson_ui};
use crate::lesson::{Action, Condition, Lesson, Part, Situation, Step};
use crate::problem::Problem;
use crate::text::{tr, trf};
use crate::trace::Shape;
use egui::{Frame, Margin, Panel, Ui};

/// Where the lessons are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dock {
    /// In a column on the left.
    Beside,
    /// In a strip at the bottom, as captions.
    Beneath,
}

/// Width of the column, in letters' heights.
const WIDTH: f32 = 24.0;
/// Width that the picture keeps beside it, in letters' heights.
const LEAST: f32 = 36.0;
/// Share of the window's height that the strip takes.
const SHARE: f32 = 0.28;

impl App {
    /// Opens a lesson at a step, or the list of lessons when there is none of that name.
    pub(super) fn open_lesson(&mut self, name: String, step: usize) {
        let learning = &mut self.saved.learning;
        learning.is_open = true;
        learning.is_greeted = true;
        let n_steps = self.lessons.named(&name).map_or(0, |lesson| lesson.steps.len());
        learning.step = step.min(n_steps.saturating_sub(1));
        if n_steps > 0 {
            learning.seen.entry(name.clone()).or_default().insert(learning.step);
        }
        learning.lesson = name;
        self.lessons.visit = None;
    }

    /// The step on screen, while lessons are.
    pub(super) fn lesson_step(&self) -> Option<&Step> {
        let learning = &self.saved.learning;
        let lesson = self.lessons.named(&learning.lesson)?;
        lesson.steps.get(learning.step).filter(|_| learning.is_open)
    }

    /// Does the lesson wait for a model to learn?
    pub(super) fn awaits_learning(&self) -> bool {
        let visit = self.lessons.visit.as_ref();
        let awaited = self.lesson_step().and_then(|step| visit?.awaited(step));
        matches!(awaited, Some(Condition::Learned(_)))
    }

    /// Sees how far the learner has come. Called before each frame.
    pub(super) fn watch_lesson(&mut self) {
        self.lessons.follow_language();
        self.stage();
        let learning = &self.saved.learning;
        let Some(step) = self.lesson_step().cloned() else {
            return;
        };
        let (place, now) = ((learning.lesson.clone(), learning.step), self.situation());
        let visit = self.lessons.visit.take().filter(|visit| visit.place == place);
        let mut visit = visit.unwrap_or_else(|| Visit::new(place, now.clone()));
        visit.look(&step, &now);
        self.lessons.visit = Some(visit);
    }

    /// Goes one step on or back in the lesson on screen; first does or answers what is awaited. False
    /// when no lesson is on screen.
    pub(super) fn step_lesson(&mut self, by: isize) -> bool {
        let Some(step) = self.lesson_step().cloned() else {
            return false;
        };
        let visit = self.lessons.visit.as_mut();
        let is_first = |visit: &mut Visit| {
            let pending = visit.pending(&step)?;
            let is_first = visit.delegate(pending.0);
            Some((pending, is_first))
        };
        match visit.filter(|_| by > 0).and_then(is_first) {
            Some(((_, Part::Wait(_)), true)) => self.do_awaited(),
            Some(((part, Part::Question(_)), true)) => self.answer_lesson(part, None),
            _ => {
                if let Some((name, step)) = self.lessons.neighbour(&self.saved.learning, by) {
                    self.open_lesson(name, step);
                }
            }
        }
        true
    }

    /// What a lesson sees of the window.
    fn situation(&self) -> Situation {
        let saved = &self.saved;
        let tab = self.views[self.current()].tabs().get(self.tab()).map(Tab::id);
        let [tokens, keys] = self.tokens_on_screen();
        let vocab_size = self.model.as_ref().map_or(usize::MAX, |model| model.info.vocab_size);
        Situation {
            text: saved.prompt.clone(),
            tokens,
            keys,
            view: saved.view.clone(),
            tab: tab.unwrap_or_default(),
            token: saved.pinned.query,
            key: saved.pinned.key,
            layer: saved.pinned.layer,
            head: saved.pinned.head,
            neuron: saved.pinned.neuron,
            temperature: saved.sampling.temperature,
            top_k: saved.sampling.top_k.unwrap_or(vocab_size),
            top_p: saved.sampling.top_p.unwrap_or(1.0),
            has_experiment: !saved.edits.is_empty(),
            model: saved.model.clone(),
            stack: saved.stack.id().to_owned(),
            learned: self.learning.run.as_ref().map_or(0, |run| run.progress().step),
            is_looking: saved.home.is_some(),
        }
    }

    /// Draws the lessons and does what was clicked there.
    pub(super) fn lesson_ui(&mut self, ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
        let views = &self.views;
        let name = |id: &str| {
            let view = views.iter().find(|view| view.id() == id);
            view.map_or(id, |view| tr(view.name())).to_owned()
        };
        let shape = self.model.as_ref().map(|model| model.info.shape);
        let is_encoder_decoder = shape == Some(Shape::EncoderDecoder);
        let (lessons, learning) = (&self.lessons, &mut self.saved.learning);
        match lesson_ui(ui, theme, lessons, learning, is_encoder_decoder, &name, commands) {
            Some(Event::Did(Action::Model(name))) if !is_bundled(&name) => {
                let name = format!("{name:?}");
                let why = trf("it names {0}, which is not inside this program", &[&name]);
                self.notices.add(Problem::new("The lesson's model cannot be opened", why));
            }
            Some(Event::Did(action)) => self.perform(action, commands),
            Some(Event::Delegated) => commands.push(Command::DoAwaited),
            Some(Event::Answered(part, choice)) => self.answer_lesson(part, choice),
            None => {}
        }
    }

    /// Does for the learner what the step waits for.
    pub(super) fn do_awaited(&mut self) {
        let step = self.lesson_step().cloned();
        let visit = self.lessons.visit.as_ref();
        let awaited = step.as_ref().and_then(|step| visit.and_then(|visit| visit.awaited(step)));
        // A run that is awaited is begun by a link of the step.
        let begins = |action: &&&Action| matches!(action, Action::Learn { .. } | Action::Teach(_));
        let run = step.as_ref().and_then(|step| step.actions().iter().find(begins).copied());
        let action = match awaited {
            Some(Condition::Looking(true)) if self.learning.run.is_none() => {
                let lesson = self.lessons.named(&self.saved.learning.lesson);
                let all = lesson.map(Lesson::actions).unwrap_or_default();
                all.into_iter().find(|action| begins(&action)).cloned()
            }
            // It takes its time; beginning again would not make it faster.
            Some(Condition::Learned(_)) if self.learning.is_running() => None,
            Some(Condition::Learned(_)) => run.cloned(),
            _ => awaited.and_then(|condition| condition.done_by(&self.situation())),
        };
        self.stage_awaited();
        if let Some(Action::Select(select)) = &action
            && let Some(staged) = &mut self.lessons.staged
        {
            // The text that it is in may have to be read first.
            staged.select = Some(select.clone());
        } else if let Some(action) = action {
            let mut commands = Vec::new();
            self.perform(action, &mut commands);
            self.commands.extend(commands);
        }
    }

    fn answer_lesson(&mut self, part: usize, choice: Option<usize>) {
        let (Some(step), Some(model)) = (self.lesson_step().cloned(), &self.model) else {
            return;
        };
        if let Some(visit) = &mut self.lessons.visit {
            visit.answer(&step, part, choice, model, &self.lane);
        }
    }

    /// The line of the first start, until it is taken away or something is done.
    pub(super) fn greeting_ui(&self, ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
        let learning = &self.saved.learning;
        if learning.is_greeted || learning.is_open || self.presenter.is_presenting {
            return;
        }
        let first = self.lessons.all().first().map(|lesson| lesson.name.as_str());
        let frame = Frame::new().fill(*theme.raised).inner_margin(Margin::symmetric(12, 6));
        let strip = Panel::top("greeting").frame(frame).show_separator_line(false);
        strip.show(ui, |ui| greeting_ui(ui, theme, &self.saved.model, first, commands));
    }

    /// The lessons, beside the picture or beneath it.
    pub(super) fn lesson_panel_ui(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        commands: &mut Vec<Command>,
    ) {
        self.dock = self.saved.learning.is_open.then(|| self.dock(ui, theme));
        let frame = Frame::new().fill(*theme.panel).inner_margin(Margin::symmetric(12, 8));
        let panel = match self.dock {
            Some(Dock::Beside) => Panel::left("lessons").exact_size(theme.body_size * WIDTH),
            Some(Dock::Beneath) => {
                let height = (ui.available_height() * SHARE).max(theme.body_size * 8.0);
                Panel::bottom("lessons beneath").exact_size(height.min(ui.available_height() / 2.0))
            }
            None => return,
        };
        panel.frame(frame).resizable(false).show(ui, |ui| self.lesson_ui(ui, theme, commands));
    }

    fn dock(&self, ui: &Ui, theme: &Theme) -> Dock {
        let others = theme.rail_width + theme.side_width;
        let has_room = ui.available_width() > others + theme.body_size * (WIDTH + LEAST);
        if has_room && !self.presenter.is_presenting && !self.presenter.is_zoomed {
            Dock::Beside
        } else {
            Dock::Beneath
        }
    }

    /// Outlines the part of the window where the learner has to do something.
    pub(super) fn point_at_awaited(&mut self, ui: &Ui, theme: &Theme) {
        let areas = std::mem::take(&mut self.areas);
        let visit = self.lessons.visit.as_ref();
        let awaited = self.lesson_step().and_then(|step| visit?.area(step));
        for (_, rect) in areas.into_iter().filter(|(area, _)| awaited == Some(*area)) {
            let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
            let layer = egui::LayerId::new(egui::Order::Middle, egui::Id::unique("awaited"));
            let painter = ui.ctx().layer_painter(layer);
            painter.rect_stroke(rect.shrink(2.0), 6.0, stroke, egui::StrokeKind::Inside);
        }
    }
}
