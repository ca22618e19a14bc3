//! What the keyboard does.

use crate::gui::contract::action::{ACTIONS, Scope};
use crate::gui::contract::command::{Command, Target};
use crate::gui::shell::prompt;
use crate::gui::state::selection::Selection;
use crate::trace::Trace;
use egui::{Key, Modifiers, Ui};

/// Collects what the keys pressed in this frame ask for.
pub fn keys(
    ui: &Ui,
    pinned: Selection,
    trace: Option<&Trace>,
    is_presenting: bool,
    commands: &mut Vec<Command>,
) {
    let ctx = ui.ctx();
    let is_typing = ctx.text_edit_focused();
    for action in ACTIONS {
        let applies = match action.scope {
            Scope::Everywhere => true,
            Scope::NotTyping => !is_typing,
            Scope::Presenting => !is_typing && is_presenting,
        };
        let is_pressed = |keys| ctx.input_mut(|input| input.consume_shortcut(keys));
        if applies && action.keys.iter().any(is_pressed) {
            commands.push(action.command.clone());
        }
    }
    // A focused widget has its own use for the arrows.
    if let Some(trace) = trace.filter(|_| ctx.memory(egui::Memory::focused).is_none()) {
        arrows(ui, pinned, trace, commands);
    }
}

/// Left and right choose a head, up and down a layer.
fn arrows(ui: &Ui, pinned: Selection, trace: &Trace, commands: &mut Vec<Command>) {
    let step =
        |at: usize, by: isize, n: usize| at.saturating_add_signed(by).min(n.saturating_sub(1));
    for (key, down, right) in [
        (Key::ArrowLeft, 0, -1),
        (Key::ArrowRight, 0, 1),
        (Key::ArrowUp, -1, 0),
        (Key::ArrowDown, 1, 0),
    ] {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
            let layer = step(pinned.layer, down, trace.model.n_layers);
            let head = step(pinned.head, right, trace.model.n_heads);
            commands.push(Command::Select(Target::Head { layer, head }));
        }
    }
}

/// Gives the keyboard to the prompt.
pub fn type_prompt(ctx: &egui::Context) {
    ctx.memory_mut(|memory| memory.request_focus(prompt::id()));
}
