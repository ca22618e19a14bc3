//! How the learner is led to what a lesson waits for: in words, by the place in the window, and by
//! doing it for them.

use super::action::{Action, Place, Select, Settings};
use super::condition::{Bound, Condition, Setting, Situation};
use crate::text::{tr, trf};

/// Where in the window the learner has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The line in which the text is typed.
    Prompt,
    /// The tokens beneath it.
    Tokens,
    /// The rail of views.
    Rail,
    /// The sliders and the next token.
    Next,
    /// The picture.
    Picture,
}

impl Condition {
    /// What the learner is asked to do, in words. `view_name` gives a view's name on screen.
    pub fn describe(&self, view_name: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::TextContains(text) => trf("Type a text with “{0}” in it", &[text]),
            Self::TextIs(text) => trf("Type “{0}”", &[text]),
            Self::TextChanges => tr("Type another text").to_owned(),
            Self::TextGrows => tr("Draw the next token").to_owned(),
            Self::View { view, tab: None } => trf("Go to {0} in the rail", &[&view_name(view)]),
            Self::View { view, tab: Some(tab) } => {
                trf("Go to {0} and there to “{1}”", &[&view_name(view), &tr_tab(tab)])
            }
            Self::Token(text) => trf("Click the token “{0}”", &[text]),
            Self::TokenChosen => tr("Click any token").to_owned(),
            Self::Key(text) => trf("Choose “{0}” as the token looked at", &[text]),
            Self::Head(layer, head) => trf("Choose layer {0}, head {1}", &[layer, head]),
            Self::HeadChanges => tr("Choose another head; the arrow keys do").to_owned(),
            Self::Layer(layer) => trf("Choose layer {0}; the arrow keys do", &[layer]),
            Self::Neuron => tr("Click a neuron").to_owned(),
            Self::Setting(setting, Bound::Below(x)) => {
                trf("Set {0} below {1}", &[&tr(setting.name()), x])
            }
            Self::Setting(setting, Bound::Above(x)) => {
                trf("Set {0} above {1}", &[&tr(setting.name()), x])
            }
            Self::Experiment(true) => tr("Switch something off in the experiment").to_owned(),
            Self::Experiment(false) => tr("Switch the experiment off").to_owned(),
            Self::Model(name) => trf("Open the model “{0}”", &[name]),
            Self::Stack(name) if name == "cross" => {
                tr("Switch to “Cross-attention”, above the picture").to_owned()
            }
            Self::Stack(name) if name == "encoder" => {
                tr("Switch to “Encoder”, above the picture").to_owned()
            }
            Self::Stack(_) => tr("Switch to “Decoder”, above the picture").to_owned(),
            Self::Learned(steps) => {
                trf("Let a model learn for {0} steps: the link above starts it", &[steps])
            }
            Self::Looking(true) => tr("Look into the model that learns").to_owned(),
            Self::Looking(false) => tr("Go back to the other model").to_owned(),
        }
    }

    /// Where it is to be done.
    pub fn area(&self) -> Area {
        match self {
            Self::TextContains(_) | Self::TextIs(_) | Self::TextChanges | Self::Model(_) => {
                Area::Prompt
            }
            Self::View { tab: None, .. } => Area::Rail,
            Self::Token(_) | Self::TokenChosen | Self::Stack(_) => Area::Tokens,
            Self::TextGrows | Self::Setting(..) => Area::Next,
            _ => Area::Picture,
        }
    }

    /// What would do it for the learner; `None` where only a person can choose.
    pub fn done_by(&self, now: &Situation) -> Option<Action> {
        let select = |select| Some(Action::Select(select));
        match self {
            Self::TextContains(text) => Some(Action::Append(text.clone())),
            Self::TextIs(text) => Some(Action::Text(text.clone())),
            Self::TextChanges => Some(Action::Append(" and".to_owned())),
            Self::TextGrows => Some(Action::Draw),
            Self::View { view, tab } => Some(Action::Show { view: view.clone(), tab: tab.clone() }),
            Self::Token(text) => {
                select(Select { token: Some(Place::Text(text.clone())), ..Select::default() })
            }
            Self::TokenChosen => select(Select {
                token: Some(Place::Position(now.tokens.len().saturating_sub(1))),
                ..Select::default()
            }),
            Self::Key(text) => {
                select(Select { key: Some(Place::Text(text.clone())), ..Select::default() })
            }
            Self::Head(layer, head) => {
                select(Select { layer: Some(*layer), head: Some(*head), ..Select::default() })
            }
            Self::HeadChanges => select(Select {
                head: Some(if now.head == 0 { 1 } else { now.head - 1 }),
                ..Select::default()
            }),
            Self::Layer(layer) => select(Select { layer: Some(*layer), ..Select::default() }),
            Self::Neuron => select(Select { neuron: Some(0), ..Select::default() }),
            Self::Setting(setting, bound) => Some(Action::Sampling(setting.moved(now, *bound))),
            Self::Experiment(true) => Some(Action::HeadOff { layer: now.layer, head: now.head }),
            Self::Experiment(false) => Some(Action::Unchanged),
            Self::Model(name) => Some(Action::Model(name.clone())),
            Self::Stack(name) => Some(Action::Stack(name.clone())),
            // It is on its way: a run that was not begun cannot be known here.
            Self::Learned(_) => None,
            Self::Looking(true) => Some(Action::Look(None)),
            Self::Looking(false) => Some(Action::Home),
        }
    }
}

/// The tab's id as a word.
fn tr_tab(tab: &str) -> String {
    tab.replace(['-', '_'], " ")
}

impl Setting {
    /// Its name on screen.
    fn name(self) -> &'static str {
        match self {
            Self::Temperature => "Temperature",
            Self::TopK => "Top-k",
            Self::TopP => "Top-p",
        }
    }

    /// The settings with this slider moved past the bound.
    fn moved(self, now: &Situation, bound: Bound) -> Settings {
        let value = match (bound, self) {
            (Bound::Below(x), Self::TopK) => (x - 1.0).max(1.0),
            (Bound::Above(x), Self::TopK) => x + 1.0,
            (Bound::Below(x), _) => x / 2.0,
            (Bound::Above(x), Self::TopP) => f32::midpoint(x, 1.0),
            (Bound::Above(x), _) => x * 1.5,
        };
        let mut settings = Settings {
            temperature: Some(now.temperature),
            top_k: Some(now.top_k),
            top_p: Some(now.top_p),
        };
        match self {
            Self::Temperature => settings.temperature = Some(value),
            Self::TopK => settings.top_k = Some(value as usize),
            Self::TopP => settings.top_p = Some(value),
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sliders_are_moved_past_their_bounds() {
        let now = Situation { temperature: 1.0, top_k: 4096, top_p: 1.0, ..Situation::default() };
        for line in [
            "temperature below 0.5",
            "temperature above 1.5",
            "top_k below 10",
            "top_p below 0.7",
            "top_p above 0.5",
        ] {
            let condition = Condition::parse(line).unwrap();
            let Some(Action::Sampling(settings)) = condition.done_by(&now) else {
                unreachable!("{line}");
            };
            let moved = Situation {
                temperature: settings.temperature.unwrap(),
                top_k: settings.top_k.unwrap(),
                top_p: settings.top_p.unwrap(),
                ..now.clone()
            };
            assert!(condition.holds(&moved, &now), "{line}");
        }
    }
}
