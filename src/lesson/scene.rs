//! What a step speaks of: the text, the view and everything else that the steps before it have set.

use super::action::{Action, Select, Settings};
use super::condition::Situation;
use super::{Lesson, Part};

/// What is on screen when a step begins; what is `None` may be as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scene {
    /// The text.
    pub text: Option<String>,
    /// View and tab.
    pub view: Option<(String, Option<String>)>,
    /// What is selected.
    pub select: Select,
    /// How the next token is chosen; where nothing is named, everything is off.
    pub sampling: Settings,
    /// The head that is switched off.
    pub off: Option<(usize, usize)>,
    /// The bundled model.
    pub model: Option<String>,
    /// The part of a translator.
    pub stack: Option<String>,
}

impl Scene {
    /// Before a step: as if everything had been done that the steps before it ask for, and nothing else.
    pub fn before(lesson: &Lesson, step: usize) -> Self {
        Self::at(lesson, step, 0)
    }

    /// The same before a part of a step.
    pub fn at(lesson: &Lesson, step: usize, part: usize) -> Self {
        let mut scene = Self::default();
        let begun = lesson.steps.get(step).map_or(&[][..], |step| &step.parts);
        let before = lesson.steps.iter().take(step).map(|step| step.parts.as_slice());
        for parts in before.chain([&begun[..part.min(begun.len())]]) {
            for part in parts {
                for action in part.actions() {
                    scene.apply(action);
                }
                if let Part::Wait(condition) = part {
                    let now = scene.situation();
                    if !condition.holds(&now, &Situation::default())
                        && let Some(action) = condition.done_by(&now)
                    {
                        scene.apply(&action);
                    }
                }
            }
        }
        scene
    }

    fn apply(&mut self, action: &Action) {
        match action {
            Action::Text(text) => {
                self.text = Some(text.clone());
                self.select = Select {
                    layer: self.select.layer,
                    head: self.select.head,
                    ..Select::default()
                };
            }
            Action::Append(text) => self.text.get_or_insert_default().push_str(text),
            Action::Show { view, tab } => self.view = Some((view.clone(), tab.clone())),
            Action::Select(select) => {
                let Select { token, key, layer, head, neuron } = select.clone();
                self.select.layer = layer.or(self.select.layer);
                self.select.head = head.or(self.select.head);
                self.select.neuron = neuron.or(self.select.neuron.take());
                if token.is_some() {
                    (self.select.token, self.select.key) = (token, None);
                }
                self.select.key = key.or(self.select.key.take());
            }
            Action::Release => self.select = Select::default(),
            Action::Sampling(settings) => self.sampling = settings.clone(),
            Action::HeadOff { layer, head } => self.off = Some((*layer, *head)),
            Action::Unchanged => self.off = None,
            Action::Model(name) => self.model = Some(name.clone()),
            Action::Stack(name) => self.stack = Some(name.clone()),
            // Draws are the learner's own; runs take their time, and another lesson is another scene.
            Action::Seed(_)
            | Action::Draw
            | Action::Theme(_)
            | Action::Learn { .. }
            | Action::Teach(_)
            | Action::Look(_)
            | Action::Home
            | Action::Lesson(_) => {}
        }
    }

    /// What can be seen of it without a model.
    fn situation(&self) -> Situation {
        let (view, tab) = self.view.clone().unwrap_or_default();
        Situation {
            text: self.text.clone().unwrap_or_default(),
            view,
            tab: tab.unwrap_or_default(),
            layer: self.select.layer.unwrap_or(0),
            head: self.select.head.unwrap_or(0),
            neuron: self.select.neuron,
            temperature: self.sampling.temperature.unwrap_or(1.0),
            top_k: self.sampling.top_k.unwrap_or(usize::MAX),
            top_p: self.sampling.top_p.unwrap_or(1.0),
            has_experiment: self.off.is_some(),
            model: self.model.clone().unwrap_or_default(),
            stack: self.stack.clone().unwrap_or_default(),
            ..Situation::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::bundled;

    #[test]
    fn a_step_begins_with_what_the_steps_before_it_did() {
        let lessons = bundled("en");
        let lesson = lessons.iter().find(|lesson| lesson.name == "200-copying").unwrap();
        let scenes: Vec<Scene> = (0..3).map(|step| Scene::before(lesson, step)).collect();
        assert_eq!(scenes[0], Scene::default());
        let text = "lamp river spoon cloud tiger lamp river spoon cloud";
        assert_eq!(scenes[1].text.as_deref(), Some(text));
        let view = ("attention".to_owned(), Some("matrix".to_owned()));
        assert_eq!(scenes[1].view, Some(view));
        assert_eq!((scenes[2].select.layer, scenes[2].select.head), (Some(6), Some(3)));
        assert_eq!(scenes[2].off, None);
    }
}
