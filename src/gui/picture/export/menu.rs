//! The menu every view has: copy its picture, save it, save what it shows.

use crate::gui::contract::action::Action;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::shell::saving::Thing;
use crate::text::tr;
use egui::{Popup, PopupAnchor, Rect, RichText, SetOpenCommand, Ui};

/// The button that opens the menu.
pub fn menu_ui(ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
    let text = RichText::new(tr("File")).font(theme.body());
    let menu = ui.menu_button(text, |ui| entries_ui(ui, commands));
    menu.response
        .on_hover_text(tr("Take the picture or its numbers with you; also by a right click on it"));
}

/// The same menu where the picture is clicked with the other button.
pub fn context_menu_ui(ui: &Ui, rect: Rect, commands: &mut Vec<Command>) {
    let clicked = ui.input(|input| {
        let at = input.pointer.interact_pos();
        input.pointer.secondary_clicked() && at.is_some_and(|at| rect.contains(at))
    });
    // Not through a dialog that lies above.
    let is_on_top = |at| ui.ctx().layer_id_at(at) == Some(ui.layer_id());
    let at = ui.input(|input| input.pointer.interact_pos());
    let open = (clicked && at.is_some_and(is_on_top)).then_some(SetOpenCommand::Bool(true));
    let id = egui::Id::unique("context menu of the picture");
    let popup = Popup::new(id, ui.ctx().clone(), PopupAnchor::PointerFixed, ui.layer_id());
    popup
        .kind(egui::PopupKind::Menu)
        .layout(egui::Layout::top_down_justified(egui::Align::Min))
        .style(egui::containers::menu::menu_style)
        .open_memory(open)
        .show(|ui| entries_ui(ui, commands));
}

fn entries_ui(ui: &mut Ui, commands: &mut Vec<Command>) {
    let copy = ("Copy the picture", "To the clipboard", Command::CopyPicture);
    let save = |thing: Thing| (thing.label(), thing.about(), Command::SaveAs(thing));
    let [picture, data, recording, session] = Thing::ALL.map(save);
    let open = ("Open a session …", "Go on where a saved session ended", Command::ChooseSession);
    let entries = [copy, picture, data, recording, session, open];
    for (i, (name, about, command)) in entries.into_iter().enumerate() {
        if i == 4 {
            ui.separator();
        }
        let action = Action::of(&command);
        let keys = action.and_then(|action| action.keys_in_words().into_iter().next());
        let entry = egui::Button::new(tr(name)).shortcut_text(keys.unwrap_or_default());
        if ui.add(entry).on_hover_text(tr(about)).clicked() {
            commands.push(command);
            ui.close();
        }
    }
}
