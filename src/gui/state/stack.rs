//! Which part of a translator is looked at: its encoder, its decoder, or what one looks at in the other.

use crate::gui::look::theme::Theme;
use crate::gui::widgets::segmented_ui;
use crate::lesson::STACKS;
use crate::text::tr;
use crate::trace::Trace;
use egui::Ui;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A part of a translator. Other models have only one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stack {
    /// Reads the source text.
    Encoder,
    /// Writes the target text.
    #[default]
    Decoder,
    /// The decoder's attention to the source text.
    Cross,
}

impl Stack {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Encoder, Self::Decoder, Self::Cross];

    /// Its name in lessons: one of [`STACKS`].
    pub fn id(self) -> &'static str {
        STACKS[self as usize]
    }
}

/// The choices, with what each is.
const CHOICES: [(&str, &str); 3] = [
    ("Encoder", "Reads the source text; every token sees every other"),
    ("Decoder", "Writes the translation; a token sees only those before it"),
    ("Cross-attention", "What the decoder looks at in the source text"),
];

/// The recordings of one reading: one, or of a translator three.
#[derive(Debug, Clone)]
pub struct Stacks {
    /// The whole recording: of a translator the decoder's, with the encoder's inside.
    pub whole: Arc<Trace>,
    cross: Option<Arc<Trace>>,
}

impl Stacks {
    /// Takes a recording apart.
    pub fn of(whole: Arc<Trace>) -> Self {
        let cross = whole.cross().map(Arc::new);
        Self { whole, cross }
    }

    /// The recording of one part, where there are several.
    pub fn shown(&self, stack: Stack) -> &Arc<Trace> {
        let part = match stack {
            Stack::Encoder => self.whole.encoder.as_ref(),
            Stack::Decoder => None,
            Stack::Cross => self.cross.as_ref(),
        };
        part.unwrap_or(&self.whole)
    }

    /// The recording of the text that was typed.
    pub fn source(&self) -> &Arc<Trace> {
        self.whole.encoder.as_ref().unwrap_or(&self.whole)
    }

    /// Are there several parts?
    pub fn are_several(&self) -> bool {
        self.whole.encoder.is_some()
    }
}

/// The switch. Cross-attention is offered where attention is what is shown.
pub fn stack_ui(ui: &mut Ui, theme: &Theme, stack: &mut Stack, shows_attention: bool) {
    let n = if shows_attention { 3 } else { 2 };
    let mut chosen = Stack::ALL.iter().position(|other| other == stack).unwrap_or(1);
    if chosen >= n {
        chosen = 1;
    }
    let before = chosen;
    let choices = CHOICES.map(|(name, about)| (tr(name), tr(about)));
    segmented_ui(ui, theme, &choices[..n], &mut chosen);
    if chosen != before {
        *stack = Stack::ALL[chosen];
    }
}
