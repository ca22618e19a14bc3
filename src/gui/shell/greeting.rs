//! The first minute: one line that says what is running and invites to one thing.

use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::shell::doors::doors_ui;
use crate::text::tr;
use egui::{RichText, Ui};

/// Draws the line.
pub fn greeting_ui(
    ui: &mut Ui,
    theme: &Theme,
    model: &str,
    first_lesson: Option<&str>,
    commands: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(tr("A language model is reading the sentence above.")).strong());
        ui.label(tr("Type another one, or open a model to"));
        doors_ui(ui, theme, model, commands);
        ui.label(tr("or"));
        let start = egui::Button::new(RichText::new(tr("Start the tour")).color(*theme.on_accent))
            .fill(*theme.accent);
        let start = ui.add(start).on_hover_text(tr("Lessons in short steps, from word to word"));
        if let (true, Some(name)) = (start.clicked(), first_lesson) {
            commands.push(Command::OpenLesson(name.to_owned(), 0));
        }
        let away = ui.button(tr("Not now")).on_hover_text(tr("Take this line away"));
        if away.clicked() {
            commands.push(Command::EndGreeting);
        }
    });
}
