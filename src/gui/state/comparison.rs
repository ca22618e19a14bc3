//! What the text on screen is compared with.

use crate::math::sampling::Sampling;
use serde::{Deserialize, Serialize};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The prompt and another text, read by the same model.
    #[default]
    Text,
    /// The prompt, read by two models.
    Model,
    /// The same scores, from which the next token is chosen in two ways.
    Sampling,
    /// The changed model and the unchanged one.
    Edits,
}

/// The second of two things that are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// Which of these counts.
    pub by: By,
    /// Another text, once it was typed; before that, a small change of the first.
    pub text: Option<String>,
    /// Folder or bundled name of another model.
    pub model: String,
    /// Other settings for the choice of the next token.
    pub sampling: Sampling,
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            by: By::default(),
            text: None,
            model: String::new(),
            // Bolder than what is in force at first, so that there is something to see.
            sampling: Sampling { temperature: 0.5, ..Sampling::default() },
        }
    }
}
