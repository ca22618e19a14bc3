//! What the program remembers from one start to the next.

use crate::gui::state::comparison::Comparison;
use crate::gui::state::selection::Selection;
use crate::gui::state::stack::Stack;
use crate::lesson::Depth;
use crate::math::sampling::Sampling;
use crate::math::tree::SharedTree;
use crate::model::Edit;
use crate::session::training::Recipe;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is the user's: lost when closed would be a loss. Unknown and missing fields are
/// fine, so that older and newer programs read each other's memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The text.
    pub prompt: String,
    /// Is the text a person's words to a chat model, put into the form it expects?
    pub chat: bool,
    /// What such a model has answered so far.
    pub answer: String,
    /// Folder, file, bundled name, or name on Hugging Face of the model.
    pub model: String,
    /// Models opened before, the last one first.
    pub recent: Vec<String>,
    /// Backend to compute with.
    pub device: String,
    /// Name of the theme.
    pub theme: String,
    /// Does nothing move?
    pub reduce_motion: bool,
    /// Is the panel of the next token open? Where nothing was said, if there is room.
    pub next_panel: Option<bool>,
    /// Id of the view.
    pub view: String,
    /// The tab that is on in each view, by their ids; the first where none is named.
    pub tabs: BTreeMap<String, String>,
    /// What is selected.
    pub pinned: Selection,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// Decides the draws.
    pub seed: u64,
    /// Changes made to the model on its way: an experiment.
    pub edits: Vec<Edit>,
    /// Of a translator: the translation that was typed, if not its own.
    pub target: Option<String>,
    /// Of a translator: the part that is looked at.
    pub stack: Stack,
    /// What was written after the text, and what could have been.
    pub tree: Option<SharedTree>,
    /// What the text is compared with.
    pub comparison: Comparison,
    /// Code of the language, as `es`; empty: the system's.
    pub language: String,
    /// Where the learner is.
    pub learning: Learning,
    /// What the next run of the view `learning` is made of.
    pub recipe: Recipe,
    /// While a model of a run is looked at: what was there before.
    pub home: Option<Home>,
}

/// What is gone back to after a look into a model that learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Home {
    /// The model.
    pub model: String,
    /// The text it read, where the model that is looked at cannot read it.
    pub prompt: Option<String>,
    /// What was selected.
    pub pinned: Selection,
}

/// What the learner has done. No part of undo: learning is not taken back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learning {
    /// Are the lessons on screen?
    pub is_open: bool,
    /// Name of the lesson that is open; empty: the list of lessons.
    pub lesson: String,
    /// Its step.
    pub step: usize,
    /// How much is explained.
    pub depth: Depth,
    /// The steps seen of each lesson, by its name.
    pub seen: BTreeMap<String, BTreeSet<usize>>,
    /// Has the first start's greeting been taken away?
    pub is_greeted: bool,
}

/// How many models are remembered.
const MAX_RECENT: usize = 8;

impl Saved {
    /// Runs are gone when the program ends: what was there before a look into one of their models.
    #[must_use]
    pub fn at_home(mut self) -> Self {
        if let Some(home) = self.home.take() {
            (self.model, self.pinned) = (home.model, home.pinned);
            self.prompt = home.prompt.unwrap_or(self.prompt);
        }
        self
    }

    /// Puts a model at the head of those opened before; bundled ones are always at hand.
    pub fn remember_model(&mut self, name: &str) {
        if crate::model::BUNDLED.iter().all(|bundled| bundled.name != name) {
            self.recent.retain(|other| other != name);
            self.recent.insert(0, name.to_owned());
            self.recent.truncate(MAX_RECENT);
        }
    }
}

/// Runs at the first start, so that something lights up at once.
pub const FIRST_PROMPT: &str = "When Mary and John went to the store, John gave a drink to";

impl Default for Saved {
    fn default() -> Self {
        Self {
            prompt: FIRST_PROMPT.to_owned(),
            chat: false,
            answer: String::new(),
            model: crate::model::BUNDLED[0].name.to_owned(),
            recent: Vec::new(),
            device: crate::model::DeviceKind::default().name().to_owned(),
            theme: "dark".to_owned(),
            reduce_motion: false,
            next_panel: None,
            // The whole journey, from the text to the next word.
            view: "machine".to_owned(),
            tabs: BTreeMap::new(),
            // The head of the bundled model that finds who gets the drink.
            pinned: Selection { layer: 7, head: 7, ..Selection::default() },
            sampling: Sampling::default(),
            seed: 0,
            edits: Vec::new(),
            target: None,
            stack: Stack::default(),
            tree: None,
            comparison: Comparison::default(),
            language: String::new(),
            learning: Learning::default(),
            recipe: Recipe::default(),
            home: None,
        }
    }
}
