//! What a lesson waits for: something the learner does, seen in what has become of the window.

use super::names::{STACKS, check_view};
use super::words::{head, number, texts, whole};

/// What can be seen of the window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Situation {
    /// The text that is read.
    pub text: String,
    /// The tokens on screen.
    pub tokens: Vec<String>,
    /// The tokens looked at; in cross-attention those of the other text.
    pub keys: Vec<String>,
    /// Id of the view.
    pub view: String,
    /// Id of its tab; empty when it has none.
    pub tab: String,
    /// Position of the token that is selected.
    pub token: Option<usize>,
    /// Position of the token looked at that is selected.
    pub key: Option<usize>,
    /// The selected block.
    pub layer: usize,
    /// The selected head.
    pub head: usize,
    /// The selected neuron.
    pub neuron: Option<usize>,
    /// Divides the scores.
    pub temperature: f32,
    /// How many of the best tokens stay; without a limit, all.
    pub top_k: usize,
    /// The probability the best tokens must reach together; 1 keeps all.
    pub top_p: f32,
    /// Is an experiment in force?
    pub has_experiment: bool,
    /// Name of the model.
    pub model: String,
    /// The part of a translator that is shown.
    pub stack: String,
    /// Steps that a model has learned in the view `learning`.
    pub learned: usize,
    /// Do the views show a model of that run?
    pub is_looking: bool,
}

/// Something awaited.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// `text contains "sat"`.
    TextContains(String),
    /// `text is "I love cats"`.
    TextIs(String),
    /// `text changes`: another text than when the step began.
    TextChanges,
    /// `text grows`: tokens were written after the text.
    TextGrows,
    /// `view is attention`, `view is attention tab arcs`.
    View {
        /// The view's id.
        view: String,
        /// The tab's id.
        tab: Option<String>,
    },
    /// `token is "it"`: a token with this text is selected.
    Token(String),
    /// `token chosen`: any token is selected.
    TokenChosen,
    /// `key is "cat"`: a token looked at with this text is selected.
    Key(String),
    /// `head is 4.1`.
    Head(usize, usize),
    /// `head changes`.
    HeadChanges,
    /// `layer is 3`.
    Layer(usize),
    /// `neuron chosen`.
    Neuron,
    /// `temperature below 0.5`, `top_k below 10`, `top_p above 0.3`.
    Setting(Setting, Bound),
    /// `experiment on`, `experiment off`.
    Experiment(bool),
    /// `model is storybook`.
    Model(String),
    /// `stack is cross`.
    Stack(String),
    /// `learned 400`: a model has learned for so many steps since.
    Learned(usize),
    /// `looking on`, `looking off`: do the views show a model that learns?
    Looking(bool),
}

/// A slider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Divides the scores.
    Temperature,
    /// How many of the best tokens stay.
    TopK,
    /// The probability the best tokens must reach together.
    TopP,
}

/// On which side of a number something is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Smaller.
    Below(f32),
    /// Larger.
    Above(f32),
}

impl Bound {
    /// Reads `below 0.5` or `above 0.5`.
    pub(super) fn parse(side: &str, value: &str) -> Result<Self, String> {
        let value = number(value, -1e9, 1e9)?;
        match side {
            "below" => Ok(Self::Below(value)),
            "above" => Ok(Self::Above(value)),
            _ => Err(format!("{side:?} is neither below nor above")),
        }
    }

    /// Is a number on this side?
    pub fn holds(self, value: f32) -> bool {
        match self {
            Self::Below(bound) => value < bound,
            Self::Above(bound) => value > bound,
        }
    }
}

/// What can be waited for, for whoever wrote something else.
const CONDITIONS: &str = "text contains, text is, text changes, text grows, view is, token is, token chosen, key is, head is, head changes, layer is, neuron chosen, temperature/top_k/top_p below/above, experiment on/off, model is, stack is encoder/decoder/cross, learned, looking on/off";

impl Condition {
    /// Reads what stands after `wait:`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words = texts(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let setting = |name: &str| match name {
            "temperature" => Some(Setting::Temperature),
            "top_k" => Some(Setting::TopK),
            "top_p" => Some(Setting::TopP),
            _ => None,
        };
        let view = |view: &str, tab: Option<&str>| {
            check_view(view, tab)?;
            let (view, tab) = (view.to_owned(), tab.map(str::to_owned));
            Ok::<_, String>(Self::View { view, tab })
        };
        Ok(match words.as_slice() {
            ["text", "contains", text] => Self::TextContains((*text).to_owned()),
            ["text", "is", text] => Self::TextIs((*text).to_owned()),
            ["text", "changes"] => Self::TextChanges,
            ["text", "grows"] => Self::TextGrows,
            ["view", "is", id] => view(id, None)?,
            ["view", "is", id, "tab", tab] => view(id, Some(tab))?,
            ["token", "is", text] => Self::Token(text.trim().to_owned()),
            ["token", "chosen"] => Self::TokenChosen,
            ["key", "is", text] => Self::Key(text.trim().to_owned()),
            ["head", "is", at] => {
                let (layer, head) = head(at)?;
                Self::Head(layer, head)
            }
            ["head", "changes"] => Self::HeadChanges,
            ["layer", "is", layer] => Self::Layer(whole(layer)?),
            ["neuron", "chosen"] => Self::Neuron,
            ["experiment", "on"] => Self::Experiment(true),
            ["experiment", "off"] => Self::Experiment(false),
            ["stack", "is", name] if STACKS.contains(name) => Self::Stack((*name).to_owned()),
            ["model", "is", name] => Self::Model((*name).to_owned()),
            ["learned", steps] => Self::Learned(whole(steps)?),
            ["looking", "on"] => Self::Looking(true),
            ["looking", "off"] => Self::Looking(false),
            [name, side, value] if setting(name).is_some() => {
                let setting = setting(name).unwrap_or(Setting::Temperature);
                Self::Setting(setting, Bound::parse(side, value)?)
            }
            _ => {
                return Err(format!("{line:?} cannot be waited for; there are: {CONDITIONS}"));
            }
        })
    }

    /// Has it come to pass, in a step that began with `start`?
    pub fn holds(&self, now: &Situation, start: &Situation) -> bool {
        let is_text = |tokens: &[String], pos: Option<usize>, text: &str| {
            pos.and_then(|pos| tokens.get(pos)).is_some_and(|token| token.trim() == text)
        };
        match self {
            Self::TextContains(text) => now.text.contains(text),
            Self::TextIs(text) => now.text.trim_end() == text.trim_end(),
            Self::TextChanges => now.text != start.text && !now.text.is_empty(),
            Self::TextGrows => {
                now.text.len() > start.text.len() && now.text.starts_with(&start.text)
            }
            Self::View { view, tab } => {
                now.view == *view && tab.as_ref().is_none_or(|tab| now.tab == *tab)
            }
            Self::Token(text) => is_text(&now.tokens, now.token, text),
            Self::TokenChosen => now.token.is_some(),
            Self::Key(text) => is_text(&now.keys, now.key, text),
            Self::Head(layer, head) => (now.layer, now.head) == (*layer, *head),
            Self::HeadChanges => (now.layer, now.head) != (start.layer, start.head),
            Self::Layer(layer) => now.layer == *layer,
            Self::Neuron => now.neuron.is_some(),
            Self::Setting(setting, bound) => bound.holds(setting.of(now)),
            Self::Experiment(is_on) => now.has_experiment == *is_on,
            Self::Model(name) => now.model == *name,
            Self::Stack(name) => now.stack == *name,
            Self::Learned(steps) => now.learned >= *steps,
            Self::Looking(is_on) => now.is_looking == *is_on,
        }
    }
}

impl Setting {
    fn of(self, now: &Situation) -> f32 {
        match self {
            Self::Temperature => now.temperature,
            Self::TopK => now.top_k as f32,
            Self::TopP => now.top_p,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_seen_in_the_situation() {
        let start = Situation {
            text: "The cat".into(),
            tokens: vec!["The".into(), " cat".into()],
            temperature: 1.0,
            top_k: 4096,
            top_p: 1.0,
            ..Situation::default()
        };
        let now =
            Situation { text: "The cat sat".into(), token: Some(1), top_k: 5, ..start.clone() };
        let holds = |line| Condition::parse(line).unwrap().holds(&now, &start);
        for line in [
            "text contains \"sat\"",
            "text is \"The cat sat\"",
            "text changes",
            "text grows",
            "token is cat",
            "token chosen",
            "head is 0.0",
            "top_k below 10",
            "temperature above 0.5",
            "experiment off",
        ] {
            assert!(holds(line), "{line}");
        }
        for line in [
            "text contains dog",
            "text is \"The cat\"",
            "view is attention",
            "token is The",
            "key is cat",
            "head changes",
            "layer is 3",
            "neuron chosen",
            "temperature below 1",
            "experiment on",
        ] {
            assert!(!holds(line), "{line}");
        }
        for wrong in [
            "",
            "text",
            "text are x",
            "head is 4",
            "top_p beside 3",
            "view is atention",
            "tokens is x",
        ] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
    }
}
