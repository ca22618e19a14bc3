//! A dialog over the window.

use crate::gui::look::theme::Theme;
use egui::{Frame, Id, Modal, Response, Ui, Vec2};
use std::ops::ControlFlow;

/// Draws a dialog as wide as so many letters are high, if there is room. `content` is told how much
/// room there is at most. Breaks when the dialog is to be closed.
pub fn dialog_ui(
    ui: &Ui,
    theme: &Theme,
    name: &str,
    letters: f32,
    content: impl FnOnce(&mut Ui, Vec2) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let margin = theme.body_size.round();
    let around = Vec2::splat(32.0 + margin);
    let room = (ui.ctx().content_rect().size() - 2.0 * around).max(Vec2::ZERO);
    let frame = Frame::popup(ui.style()).inner_margin(margin);
    let modal = Modal::new(Id::unique(name)).frame(frame);
    let modal = modal.show(ui.ctx(), |ui| {
        ui.set_width((theme.body_size * letters).min(room.x));
        // Else it would be what is left beneath the middle of the window, where dialogs begin.
        ui.set_max_height(room.y);
        content(ui, room)
    });
    if modal.should_close() { ControlFlow::Break(()) } else { modal.inner }
}

/// Gives a dialog's field the keyboard when the dialog appears, and again when nothing else has it: Enter
/// and typing do what is expected without a click.
pub fn focus_first(field: &Response) {
    let nothing = field.ctx.memory(|memory| memory.focused().is_none());
    if nothing && !field.lost_focus() {
        field.request_focus();
    }
}

/// Breaks if this is so.
pub fn break_if(condition: bool) -> ControlFlow<()> {
    if condition { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
