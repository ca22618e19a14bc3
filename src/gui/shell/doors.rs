//! Three doors: a model that writes, one that reads and one that translates, each a click away with a
//! sentence that shows what it can do.

use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::model::{Bundled, READER, STORYBOOK, TRANSLATOR};
use crate::text::tr;
use egui::{RichText, Ui};

/// A bundled model with a sentence for it.
struct Door {
    model: &'static Bundled,
    name: &'static str,
    hint: &'static str,
    text: &'static str,
}

/// All of them.
static DOORS: [Door; 3] = [
    Door {
        model: &STORYBOOK,
        name: "Write",
        hint: "Open the model that writes: it says which word comes next",
        text: crate::gui::state::saved::FIRST_PROMPT,
    },
    Door {
        model: &READER,
        name: "Read",
        hint: "Open the model that reads both ways: it guesses the masked word",
        text: "The capital of France is [MASK].",
    },
    Door {
        model: &TRANSLATOR,
        name: "Translate",
        hint: "Open the model that translates English into Spanish",
        text: "I would like a cup of coffee, please.",
    },
];

/// Draws the doors as buttons; that of the model in use is marked.
pub fn doors_ui(ui: &mut Ui, theme: &Theme, model: &str, commands: &mut Vec<Command>) {
    for door in &DOORS {
        let text = RichText::new(tr(door.name)).font(theme.body());
        let button = egui::Button::selectable(door.model.name == model, text);
        let button = button.frame_when_inactive(true);
        if ui.add(button).on_hover_text(tr(door.hint)).clicked() {
            commands.push(Command::OpenModel(door.model.name.to_owned()));
            commands.push(Command::SetPrompt(door.text.to_owned()));
        }
    }
}
