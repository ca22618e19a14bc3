//! What a lesson's links do, as commands.

use super::App;
use crate::gui::contract::command::{Command, Learn, Target};
use crate::gui::state::stack::Stack;
use crate::lesson::{Action, Place, Select, Settings};
use crate::math::sampling::Sampling;
use crate::model::{BUNDLED, Edit};
use crate::session::training::{LATEST, Recipe, STEPS_FROM_NOTHING, STEPS_OF_TEACHING, Task};
use crate::trace::Token;

impl App {
    /// Does what a link says. Nothing else can be asked by a lesson.
    pub(super) fn perform(&self, action: Action, commands: &mut Vec<Command>) {
        let command = match action {
            Action::Text(text) => Command::SetPrompt(text),
            Action::Append(text) => Command::Append(text),
            Action::Show { view, tab } => {
                let view = self.views.iter().find(|other| other.id() == view);
                let Some(view) = view else { return };
                commands.push(Command::Show(view.id()));
                return commands.extend(tab.map(Command::SetTab));
            }
            Action::Select(select) => return self.perform_select(&select, commands),
            Action::Release => Command::Release,
            Action::Sampling(settings) => Command::SetSampling(sampling(&settings)),
            Action::Seed(seed) => Command::SetSeed(seed),
            Action::Draw => Command::Draw,
            Action::Theme(name) => Command::SetTheme(name),
            Action::HeadOff { layer, head } => {
                let factor = 0.0;
                Command::SetEdits(vec![Edit::Head { layer, head, factor }])
            }
            Action::Unchanged => Command::SetEdits(Vec::new()),
            // Only what is inside the program: a lesson opens no folder.
            Action::Model(name) if is_bundled(&name) => Command::OpenModel(name),
            Action::Model(_) => return,
            Action::Stack(name) => {
                let stack = Stack::ALL.into_iter().find(|stack| stack.id() == name);
                return commands.extend(stack.map(Command::SetStack));
            }
            Action::Learn { task, layers } => {
                let Some(task) = Task::named(&task) else { return };
                let recipe = Recipe::of_task(task, layers);
                Command::Learn(Learn::Begin(Box::new(recipe), STEPS_FROM_NOTHING))
            }
            Action::Teach(text) => {
                let home = self.saved.home.as_ref().map(|home| &home.model);
                let recipe = Recipe::teaching(home.unwrap_or(&self.saved.model), &text);
                Command::Learn(Learn::Begin(Box::new(recipe), STEPS_OF_TEACHING))
            }
            Action::Look(step) => Command::Learn(Learn::Look(step.unwrap_or(LATEST))),
            Action::Home => Command::Learn(Learn::Home),
            Action::Lesson(name) => Command::OpenLesson(name, 0),
        };
        commands.push(command);
    }

    /// The texts of the tokens that look and of those that are looked at.
    pub(super) fn tokens_on_screen(&self) -> [Vec<String>; 2] {
        let shown = self.trace.as_ref();
        let shown = shown.map(|stacks| stacks.shown(self.saved.stack));
        let texts = |tokens: &[Token]| tokens.iter().map(|token| token.text.clone()).collect();
        shown.map_or_else(Default::default, |trace| {
            [texts(&trace.tokens), texts(trace.key_tokens())]
        })
    }

    pub(super) fn perform_select(&self, select: &Select, commands: &mut Vec<Command>) {
        let [tokens, keys] = self.tokens_on_screen();
        let pinned = self.saved.pinned;
        if select.layer.is_some() || select.head.is_some() {
            let layer = select.layer.unwrap_or(pinned.layer);
            let head = select.head.unwrap_or(pinned.head);
            commands.push(Command::Select(Target::Head { layer, head }));
        }
        if let Some(neuron) = select.neuron {
            let layer = select.layer.unwrap_or(pinned.layer);
            commands.push(Command::Select(Target::Neuron { layer, neuron }));
        }
        let find = |place: &Option<Place>, tokens: &[String]| place.as_ref()?.find(tokens);
        let last = tokens.len().saturating_sub(1);
        match (find(&select.token, &tokens), find(&select.key, &keys)) {
            (Some(pos), None) => commands.push(Command::Select(Target::Token(pos))),
            (query, Some(key)) => {
                let query = query.or(pinned.query).unwrap_or(last);
                commands.push(Command::Select(Target::Cell { query, key }));
            }
            (None, None) => {}
        }
    }
}

/// Is there such a model inside the program?
pub(super) fn is_bundled(name: &str) -> bool {
    BUNDLED.iter().any(|bundled| bundled.name == name)
}

pub(super) fn sampling(settings: &Settings) -> Sampling {
    Sampling {
        temperature: settings.temperature.unwrap_or(1.0),
        top_k: settings.top_k,
        top_p: settings.top_p,
        ..Sampling::default()
    }
}
