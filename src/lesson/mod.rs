//! Lessons: short text, something to do, short text. Each is a Markdown file with links that are
//! commands, steps that wait for the learner, questions whose answer the model gives, and claims
//! about the model that are checked.
//!
//! A lesson is data. It can do what the list of [`Action`]s says and nothing else: it reads no file,
//! reaches no network and runs no code, and its size is limited.

mod action;
mod claim;
mod condition;
mod document;
mod guide;
mod library;
mod names;
mod parse;
mod scene;
mod words;

pub use action::{Action, Place, Select, Settings};
pub use claim::{Answer, Claim, Head};
pub use condition::{Bound, Condition, Setting, Situation};
pub use document::{Block, Inline};
pub use guide::Area;
pub use library::{bundled, folder};
pub use names::{STACKS, TASKS, THEMES, VIEWS};
pub use scene::Scene;

use serde::{Deserialize, Serialize};

/// A lesson.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lesson {
    /// Name of its file without `.md`: `010-next-word`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is about, in a sentence.
    pub summary: String,
    /// What kind of model it needs, when the bundled one will not do: `encoder-decoder`.
    pub needs: Option<String>,
    /// Its steps, one or more.
    pub steps: Vec<Step>,
    /// What it says about the bundled model, each with its line.
    pub claims: Vec<(usize, Claim)>,
}

/// One page of a lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its title.
    pub title: String,
    /// What is on it, from top to bottom.
    pub parts: Vec<Part>,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(Vec<Block>),
    /// Text for one setting of the depth dial.
    Depth(Depth, Vec<Block>),
    /// Waits for something the learner does; what follows appears when it is done.
    Wait(Condition),
    /// A question: first predict, then see.
    Question(Question),
    /// Something that qualifies what was said.
    Note(Vec<Block>),
}

/// How much is explained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// One line.
    Line,
    /// A paragraph.
    #[default]
    Paragraph,
    /// A paragraph, and the mathematics.
    Mathematics,
}

impl Depth {
    /// Every setting of the dial, from less to more.
    pub const ALL: [Self; 3] = [Self::Line, Self::Paragraph, Self::Mathematics];

    /// Its name on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "One line",
            Self::Paragraph => "A paragraph",
            Self::Mathematics => "The mathematics",
        }
    }

    /// Is text of this depth shown when the dial stands at `dial`?
    pub fn is_shown(self, dial: Self) -> bool {
        match self {
            Self::Line => dial == Self::Line,
            Self::Paragraph => dial >= Self::Paragraph,
            Self::Mathematics => dial == Self::Mathematics,
        }
    }
}

/// A question with choices.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked.
    pub asked: Vec<Block>,
    /// What can be answered.
    pub choices: Vec<String>,
    /// Which is right; the reader of lessons makes sure that there is one.
    pub answer: Option<Answer>,
    /// What is said after the learner has answered.
    pub reveal: Vec<Block>,
}

impl Lesson {
    /// Its questions.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        let parts = self.steps.iter().flat_map(|step| &step.parts);
        parts.filter_map(|part| match part {
            Part::Question(question) => Some(question),
            _ => None,
        })
    }

    /// All commands of its links.
    pub fn actions(&self) -> Vec<&Action> {
        self.steps.iter().flat_map(Step::actions).collect()
    }
}

impl Step {
    /// All commands of its links.
    pub fn actions(&self) -> Vec<&Action> {
        self.parts.iter().flat_map(Part::actions).collect()
    }
}

impl Part {
    /// The commands of its links.
    pub fn actions(&self) -> Vec<&Action> {
        let blocks: Vec<&Block> = match self {
            Self::Text(blocks) | Self::Depth(_, blocks) | Self::Note(blocks) => {
                blocks.iter().collect()
            }
            Self::Question(question) => question.asked.iter().chain(&question.reveal).collect(),
            Self::Wait(_) => Vec::new(),
        };
        let inlines = blocks.into_iter().flat_map(Block::inlines);
        inlines.filter_map(|inline| inline.action.as_ref()).collect()
    }
}

impl Block {
    /// Its runs of text.
    pub fn inlines(&self) -> Vec<&Inline> {
        match self {
            Self::Paragraph(line) | Self::Heading(line) => line.iter().collect(),
            Self::List(_, items) => items.iter().flatten().collect(),
            Self::Code(_) => Vec::new(),
        }
    }
}
