//! The choice of a model: a bundled one, a folder typed or pasted, or one from the desktop's dialog.

use super::command::Command;
use super::theme::Theme;
use crate::model::BUNDLED;
use egui::{Key, Modal, RichText, TextEdit, Ui};
use std::ops::ControlFlow;

/// The open dialog.
#[derive(Debug)]
pub struct Choice {
    folder: String,
}

impl Choice {
    /// Starts from the model that is open.
    pub fn new(model: &str) -> Self {
        let is_bundled = BUNDLED.iter().any(|bundled| bundled.name == model);
        let folder = if is_bundled {
            String::new()
        } else {
            model.to_owned()
        };
        Self { folder }
    }
}

/// Draws the dialog; breaks when it is to be closed. Opening keeps it until the model is there, so
/// that a wrong folder can be corrected.
pub fn choose_ui(
    ui: &Ui,
    theme: &Theme,
    choice: &mut Choice,
    is_opening: bool,
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    let modal = Modal::new(egui::Id::unique("open a model")).show(ui.ctx(), |ui| {
        ui.set_width((theme.body_size * 36.0).min(ui.ctx().content_rect().width() - 64.0));
        ui.label(RichText::new("Open a model").font(theme.title()));
        ui.add_space(theme.body_size / 2.0);
        ui.label(RichText::new("Inside the program").color(*theme.dim));
        for bundled in BUNDLED {
            if ui.button(bundled.name).clicked() {
                commands.push(Command::OpenModel(bundled.name.to_owned()));
            }
        }
        ui.add_space(theme.body_size / 2.0);
        let label = ui.label(
            RichText::new("A folder with config.json, model.safetensors and tokenizer.json")
                .color(*theme.dim),
        );
        let edit = TextEdit::singleline(&mut choice.folder)
            .hint_text("/path/to/model")
            .desired_width(f32::INFINITY);
        let edit = ui.add(edit).labelled_by(label.id);
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.label(
            RichText::new("You can also drop a folder on the window.")
                .font(theme.caption())
                .color(*theme.dim),
        );
        ui.add_space(theme.body_size / 2.0);
        let mut flow = ControlFlow::Continue(());
        ui.horizontal(|ui| {
            let folder = choice.folder.trim();
            let open = ui.add_enabled(!folder.is_empty() && !is_opening, egui::Button::new("Open"));
            if open.clicked() || (is_entered && !folder.is_empty()) {
                commands.push(Command::OpenModel(folder.to_owned()));
            }
            let browse = ui.button("Browse …");
            if browse
                .on_hover_text(
                    "Ask the desktop for a folder; without a desktop portal nothing appears",
                )
                .clicked()
            {
                commands.push(Command::BrowseModel);
            }
            if ui.button("Cancel").clicked() {
                flow = ControlFlow::Break(());
            }
            if is_opening {
                ui.spinner();
                ui.label("Opening …");
            }
        });
        flow
    });
    if modal.should_close() {
        ControlFlow::Break(())
    } else {
        modal.inner
    }
}
