//! The help: what the views are, what the keys do, and where the lessons are.

use crate::gui::contract::action::{ACTIONS, tip};
use crate::gui::contract::command::Command;
use crate::gui::contract::view::View;
use crate::gui::look::theme::Theme;
use crate::gui::shell::dialog::{break_if, dialog_ui};
use crate::text::tr;
use egui::{Grid, RichText, ScrollArea, Ui};
use std::ops::ControlFlow;

/// Draws the help; breaks when it is to be closed.
pub fn help_ui(
    ui: &Ui,
    theme: &Theme,
    views: &[Box<dyn View>],
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    dialog_ui(ui, theme, "help", 46.0, |ui, room| {
        let mut is_done = false;
        ui.horizontal(|ui| {
            ui.label(RichText::new(tr("Help")).font(theme.title()));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let close = ui.button(tr("Close help"));
                is_done |= close.on_hover_text(tip("Close help", &Command::ToggleHelp)).clicked();
                let lessons = ui.button(tr("Lessons"));
                let lessons =
                    lessons.on_hover_text(tip("A course in short steps", &Command::ToggleLessons));
                if lessons.clicked() {
                    commands.push(Command::ToggleLessons);
                    is_done = true;
                }
            });
        });
        let scroll = ScrollArea::vertical().max_height((room.y - 3.0 * theme.body_size).max(0.0));
        scroll.auto_shrink([false, true]).show(ui, |ui| {
            ui.label(tr(INTRODUCTION));
            ui.add_space(theme.body_size / 2.0);
            ui.label(RichText::new(tr("Views")).strong().color(*theme.accent));
            is_done |= views_ui(ui, views, commands);
            ui.add_space(theme.body_size / 2.0);
            ui.label(RichText::new(tr("Keys")).strong().color(*theme.accent));
            keys_ui(ui, theme);
        });
        break_if(is_done)
    })
}

const INTRODUCTION: &str = "Type in the line on top: everything follows. Pointing previews, clicking keeps, Esc lets go. \
What you choose is chosen in every view. Every number is the model's own.";

/// The views with their questions, a click away.
fn views_ui(ui: &mut Ui, views: &[Box<dyn View>], commands: &mut Vec<Command>) -> bool {
    let mut is_chosen = false;
    Grid::new("views").num_columns(2).show(ui, |ui| {
        for view in views {
            let link = ui.link(tr(view.name())).on_hover_text(tr("Show this view"));
            if link.clicked() {
                commands.push(Command::Show(view.id()));
                is_chosen = true;
            }
            ui.label(tr(view.question()));
            ui.end_row();
        }
    });
    is_chosen
}

fn keys_ui(ui: &mut Ui, theme: &Theme) {
    let fixed = [
        ("←→↑↓", "Choose a head (left, right) and a layer (up, down)"),
        ("Tab, Space", "Reach and press everything"),
    ];
    Grid::new("keys").num_columns(2).show(ui, |ui| {
        let mut row = |keys: &str, name: &'static str| {
            ui.label(RichText::new(keys).font(theme.mono_caption()));
            ui.label(tr(name));
            ui.end_row();
        };
        for action in ACTIONS.iter().filter(|action| !action.keys.is_empty()) {
            row(&action.keys_in_words().join(", "), action.name);
        }
        for (keys, name) in fixed {
            row(keys, name);
        }
    });
}
