//! The choice of a session to open: a name typed or pasted, or one from the desktop's dialog.

use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::shell::dialog::{dialog_ui, focus_first};
use crate::gui::shell::notices::Notices;
use crate::gui::shell::saving::expanded;
use crate::gui::widgets::explained;
use crate::text::tr;
use egui::{Key, RichText, TextEdit, Ui};
use std::ops::ControlFlow;

/// The open dialog.
#[derive(Debug, Default)]
pub struct Opening {
    path: String,
}

/// Draws the dialog; breaks when it is to be closed. Opening keeps it until the session is there, so
/// that a wrong name can be corrected.
pub fn opening_ui(
    ui: &Ui,
    theme: &Theme,
    opening: &mut Opening,
    is_busy: bool,
    notices: &mut Notices,
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    dialog_ui(ui, theme, "open a session", 36.0, |ui, _| {
        ui.label(RichText::new(tr("Open a session")).font(theme.title()));
        ui.add_space(theme.body_size / 2.0);
        let label = ui.label(RichText::new(tr("A file ending in .headlight")).color(*theme.dim));
        let edit = TextEdit::singleline(&mut opening.path)
            .hint_text(tr("For example ~/session.headlight"))
            .desired_width(f32::INFINITY);
        let edit = ui.add(edit).labelled_by(label.id);
        focus_first(&edit);
        let edit = edit.on_hover_text(tr("Where a saved session is; paste its path or browse"));
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let note = tr("You can also drop the file on the window.");
        ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
        notices.inline_ui(ui, theme);
        ui.add_space(theme.body_size / 2.0);
        let mut flow = ControlFlow::Continue(());
        ui.horizontal(|ui| {
            let path = opening.path.trim();
            let can_open = !path.is_empty() && !is_busy;
            let open = ui.add_enabled(can_open, egui::Button::new(tr("Open")));
            let about = tr("Go on where this session ended (Enter)");
            let open = explained(open, about);
            if open.clicked() || (is_entered && can_open) {
                commands.push(Command::OpenSession(expanded(path)));
            }
            let hint = tr("Choose the file in the desktop's own dialog");
            if ui.button(tr("Browse …")).on_hover_text(hint).clicked() {
                commands.push(Command::BrowseSession);
            }
            let close = tr("Close without opening (Esc)");
            if ui.button(tr("Cancel")).on_hover_text(close).clicked() {
                flow = ControlFlow::Break(());
            }
        });
        flow
    })
}
