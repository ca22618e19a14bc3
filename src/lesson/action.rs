//! What a link in a lesson can do. The list is closed: a lesson reads no file and reaches no network.

use super::names::{STACKS, THEMES, check_task, check_view};
use super::words::{Word, head, number, whole, words};

/// Something the program does when a link is clicked.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Reads another text: `do:text "I love cats"`.
    Text(String),
    /// Writes more text after it: `do:append " and"`.
    Append(String),
    /// Goes to a view, and perhaps to one of its tabs: `do:show view=attention tab=arcs`.
    Show {
        /// The view's id.
        view: String,
        /// The tab's id.
        tab: Option<String>,
    },
    /// Selects: `do:select token=" it" key=1 layer=4 head=1 neuron=7`.
    Select(Select),
    /// Selects nothing: `do:release`.
    Release,
    /// Chooses the next token in another way; what is not named is off: `do:sampling top_p=0.6`.
    Sampling(Settings),
    /// Decides the draws: `do:seed 3`.
    Seed(u64),
    /// Draws the next token: `do:draw`.
    Draw,
    /// Uses another theme: `do:theme projector`.
    Theme(String),
    /// Switches a head off and nothing else: `do:off 4.1`.
    HeadOff {
        /// Block.
        layer: usize,
        /// Head.
        head: usize,
    },
    /// Shows the unchanged model again: `do:unchanged`.
    Unchanged,
    /// Opens a bundled model by its name: `do:model storybook`.
    Model(String),
    /// Shows a part of a translator: `do:stack cross`.
    Stack(String),
    /// Has a new model learn a task, with so many layers: `do:learn say_again layers=2`.
    Learn {
        /// The task's id.
        task: String,
        /// Number of blocks.
        layers: usize,
    },
    /// Teaches the open model a text: `do:teach "My cat is called Zorro."`.
    Teach(String),
    /// Has every view show the model of the run as it was at a step, or the newest: `do:look 400`,
    /// `do:look newest`.
    Look(Option<usize>),
    /// Shows again the model that was there before: `do:home`.
    Home,
    /// Opens another lesson: `do:lesson 040-positions`.
    Lesson(String),
}

/// What is selected; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Select {
    /// The token that looks.
    pub token: Option<Place>,
    /// The token that is looked at.
    pub key: Option<Place>,
    /// Block.
    pub layer: Option<usize>,
    /// Head.
    pub head: Option<usize>,
    /// Neuron.
    pub neuron: Option<usize>,
}

/// A token of the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// By its position.
    Position(usize),
    /// By its text without spaces around it; the last such token.
    Text(String),
}

impl Place {
    /// The position among these tokens.
    pub fn find(&self, tokens: &[String]) -> Option<usize> {
        match self {
            Self::Position(pos) => Some(*pos).filter(|&pos| pos < tokens.len()),
            Self::Text(text) => tokens.iter().rposition(|token| token.trim() == text.trim()),
        }
    }
}

/// How the next token is chosen; what is `None` is off.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Divides the scores.
    pub temperature: Option<f32>,
    /// How many of the best tokens stay.
    pub top_k: Option<usize>,
    /// The probability the best tokens must reach together.
    pub top_p: Option<f32>,
}

/// What can be done, for whoever wrote something else.
pub const COMMANDS: &str = "text, append, show, select, release, sampling, seed, draw, theme, off, unchanged, model, stack, learn, teach, look, home, lesson";

impl Action {
    /// Reads what stands after `do:`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words = words(line)?;
        let Some((command, rest)) = words.split_first() else {
            return Err(format!("a command is missing; there are: {COMMANDS}"));
        };
        if !command.name.is_empty() {
            return Err(format!("a command is missing before {}=", command.name));
        }
        match command.value.as_str() {
            "show" => return show(rest),
            "select" => return select(rest),
            "sampling" => return sampling(rest),
            "learn" => return learn(rest),
            _ => {}
        }
        let values: Vec<&str> = rest.iter().map(|word| word.value.as_str()).collect();
        if let Some(named) = rest.iter().find(|word| !word.name.is_empty()) {
            return Err(format!("{} has no {}=", command.value, named.name));
        }
        Ok(match (command.value.as_str(), values.as_slice()) {
            ("text", [text]) => Self::Text((*text).to_owned()),
            ("append", [text]) => Self::Append((*text).to_owned()),
            ("release", []) => Self::Release,
            ("seed", [seed]) => Self::Seed(whole(seed)? as u64),
            ("draw", []) => Self::Draw,
            ("theme", [name]) if THEMES.contains(name) => Self::Theme((*name).to_owned()),
            ("theme", [_]) => return Err(format!("the themes are: {}", THEMES.join(", "))),
            ("off", [at]) => {
                let (layer, head) = head(at)?;
                Self::HeadOff { layer, head }
            }
            ("unchanged", []) => Self::Unchanged,
            ("model", [name]) => Self::Model((*name).to_owned()),
            ("stack", [name]) if STACKS.contains(name) => Self::Stack((*name).to_owned()),
            ("stack", [_]) => return Err(format!("the stacks are: {}", STACKS.join(", "))),
            ("teach", [text]) => Self::Teach((*text).to_owned()),
            ("look", ["newest"]) => Self::Look(None),
            ("look", [step]) => Self::Look(Some(whole(step)?)),
            ("home", []) => Self::Home,
            ("lesson", [name]) => Self::Lesson((*name).to_owned()),
            (command, _) if COMMANDS.split(", ").any(|known| known == command) => {
                return Err(format!("{command} takes other words than {}", values.join(" ")));
            }
            (command, _) => {
                return Err(format!("there is no command {command:?}; there are: {COMMANDS}"));
            }
        })
    }
}

fn show(words: &[Word]) -> Result<Action, String> {
    let (mut view, mut tab) = (None, None);
    for Word { name, value } in words {
        match name.as_str() {
            "view" => view = Some(value.clone()),
            "tab" => tab = Some(value.clone()),
            _ => return Err(format!("show knows view= and tab=, not {name}={value}")),
        }
    }
    let view = view.ok_or("show needs view=")?;
    check_view(&view, tab.as_deref())?;
    Ok(Action::Show { view, tab })
}

fn learn(words: &[Word]) -> Result<Action, String> {
    let (mut task, mut layers) = (None, 2);
    for Word { name, value } in words {
        match name.as_str() {
            "" => task = Some(check_task(value)?),
            "layers" => layers = whole(value)?,
            _ => return Err(format!("learn knows a task and layers=, not {name}={value}")),
        }
    }
    Ok(Action::Learn { task: task.ok_or("learn needs a task")?, layers })
}

fn place(text: &str) -> Place {
    text.parse().map_or_else(|_| Place::Text(text.to_owned()), Place::Position)
}

fn select(words: &[Word]) -> Result<Action, String> {
    let mut select = Select::default();
    for Word { name, value } in words {
        match name.as_str() {
            "token" => select.token = Some(place(value)),
            "key" => select.key = Some(place(value)),
            "layer" => select.layer = Some(whole(value)?),
            "head" => select.head = Some(whole(value)?),
            "neuron" => select.neuron = Some(whole(value)?),
            _ => {
                return Err(format!(
                    "select knows token=, key=, layer=, head=, neuron=, not {name}={value}"
                ));
            }
        }
    }
    if select == Select::default() {
        return Err("select needs token=, key=, layer=, head= or neuron=".to_owned());
    }
    Ok(Action::Select(select))
}

fn sampling(words: &[Word]) -> Result<Action, String> {
    let mut settings = Settings::default();
    for Word { name, value } in words {
        match name.as_str() {
            "temperature" => settings.temperature = Some(number(value, 0.0, 5.0)?),
            "top_k" => settings.top_k = Some(whole(value)?.max(1)),
            "top_p" => settings.top_p = Some(number(value, 0.0, 1.0)?),
            _ => {
                return Err(format!(
                    "sampling knows temperature=, top_k=, top_p=, not {name}={value}"
                ));
            }
        }
    }
    Ok(Action::Sampling(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_strictly() {
        assert_eq!(Action::parse("text \"I love\""), Ok(Action::Text("I love".into())));
        assert_eq!(
            Action::parse("show view=attention tab=arcs"),
            Ok(Action::Show { view: "attention".into(), tab: Some("arcs".into()) })
        );
        assert_eq!(Action::parse("off 4.1"), Ok(Action::HeadOff { layer: 4, head: 1 }));
        for wrong in [
            "",
            "shw view=x",
            "show",
            "show tab=x",
            "text",
            "text a b",
            "seed -1",
            "draw now",
            "show view=atention",
            "show view=lens tab=x",
            "theme pink",
            "stack middle",
            "select",
            "select tokn=1",
            "sampling top_p=2",
            "run \"rm -rf\"",
            "text a=b",
            "learn",
            "learn french",
            "learn say_again heads=2",
            "look back",
        ] {
            assert!(Action::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tokens_are_found_by_place_or_text() {
        let tokens = [" it", " was", " it"].map(String::from);
        assert_eq!(place("it").find(&tokens), Some(2));
        assert_eq!(place("1").find(&tokens), Some(1));
        assert_eq!(place("9").find(&tokens), None);
    }
}
