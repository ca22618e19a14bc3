//! What a run is made of: the same recipe gives the same run.

use super::exercise::Task;
use crate::model::learn::{Fresh, Vocabulary};
use serde::{Deserialize, Serialize};

/// What learns what, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// What learns.
    pub start: Start,
    /// What is practised.
    pub practice: Practice,
    /// Of a new model that reads a text: how many pairs of symbols are merged to tokens; 0: its tokens
    /// are characters.
    pub merges: usize,
    /// How large a step is.
    pub rate: f32,
    /// In how many steps they grow to that size from nothing: large steps at the very beginning lead
    /// astray.
    pub warm_up: usize,
    /// How many rows of text are read in a step.
    pub rows: usize,
    /// How many tokens of a row are asked for, at most.
    pub context: usize,
    /// Only thin additions to the matrices are learned, of this rank.
    pub low_rank: Option<usize>,
    /// Decides all that is random.
    pub seed: u64,
}

/// Steps of a run from nothing: it ends by itself when there is little more to see.
pub const STEPS_FROM_NOTHING: usize = 3000;
/// Steps in which a model is taught a text.
pub const STEPS_OF_TEACHING: usize = 20;

/// What a model is taught first.
pub const SENTENCE: &str = "My cat is called Zorro.";

/// What learns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A model of these sizes that knows nothing.
    Fresh {
        /// Number of blocks.
        layers: usize,
        /// Heads per block.
        heads: usize,
        /// Width of the residual stream.
        width: usize,
        /// Are there MLPs?
        has_mlp: bool,
        /// Does the model know where a token stands?
        has_positions: bool,
    },
    /// A model by the name it is opened with.
    Model(String),
}

/// What is practised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Practice {
    /// One that is made as it is needed.
    Task(Task),
    /// A text of one's own.
    Text(String),
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            start: Start::Fresh {
                layers: 2,
                heads: 4,
                width: 32,
                has_mlp: false,
                has_positions: true,
            },
            practice: Practice::Task(Task::SayAgain),
            merges: 0,
            rate: 8e-3,
            warm_up: 100,
            rows: 16,
            context: 32,
            low_rank: None,
            seed: 0,
        }
    }
}

impl Recipe {
    /// To teach a model a text.
    pub fn teaching(model: &str, text: &str) -> Self {
        Self {
            start: Start::Model(model.to_owned()),
            practice: Practice::Text(text.to_owned()),
            rate: 1e-4,
            warm_up: 0,
            rows: 1,
            context: 64,
            ..Self::default()
        }
    }

    /// What lessons have a new model learn.
    pub fn of_task(task: Task, n_layers: usize) -> Self {
        let mut recipe = Self { practice: Practice::Task(task), ..Self::default() };
        if let Start::Fresh { layers, has_mlp, .. } = &mut recipe.start {
            *layers = n_layers;
            // Copying needs no MLP; what is counted or spelled does.
            *has_mlp = task != Task::SayAgain;
        }
        recipe
    }

    /// Does a model begin that knows nothing?
    pub fn is_fresh(&self) -> bool {
        matches!(self.start, Start::Fresh { .. })
    }

    /// The new model's sizes.
    pub(super) fn fresh(&self) -> Option<Fresh> {
        match self.start {
            Start::Fresh { layers, heads, width, has_mlp, has_positions } => {
                let context = self.context;
                Some(Fresh { layers, heads, width, context, has_mlp, has_positions })
            }
            Start::Model(_) => None,
        }
    }

    /// The new model's tokens.
    pub(super) fn vocabulary(&self) -> Vocabulary {
        match (&self.practice, self.merges) {
            (Practice::Task(task), _) if task.text().is_none() => Vocabulary::Characters,
            (_, 0) => Vocabulary::Characters,
            (_, n) => Vocabulary::Merges(n),
        }
    }
}
