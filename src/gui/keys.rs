//! What the keyboard does.

use super::command::{Command, Target};
use super::prompt;
use super::saving::Thing;
use super::selection::Selection;
use crate::trace::Trace;
use egui::{Key, KeyboardShortcut, Modifiers, Ui};

/// A key, what it asks for, and how that is said in the help.
pub struct Shortcut {
    /// The keys to press together.
    pub keys: KeyboardShortcut,
    /// Does it work while a text is being typed?
    pub while_typing: bool,
    /// What happens.
    pub command: Command,
    /// What happens, in words.
    pub meaning: &'static str,
}

const fn shortcut(
    modifiers: Modifiers,
    key: Key,
    command: Command,
    meaning: &'static str,
) -> Shortcut {
    // Keys that write something must not act while a text is being typed.
    let while_typing = modifiers.ctrl
        || modifiers.command
        || matches!(key, Key::PageDown | Key::PageUp | Key::F8 | Key::F9);
    Shortcut {
        keys: KeyboardShortcut::new(modifiers, key),
        while_typing,
        command,
        meaning,
    }
}

const COMMAND_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

/// Every shortcut. Page keys are what clickers send.
pub static SHORTCUTS: [Shortcut; 16] = [
    shortcut(COMMAND_SHIFT, Key::Z, Command::Redo, "Redo"),
    shortcut(Modifiers::COMMAND, Key::Y, Command::Redo, "Redo"),
    shortcut(Modifiers::COMMAND, Key::Z, Command::Undo, "Undo"),
    shortcut(
        Modifiers::COMMAND,
        Key::L,
        Command::TypePrompt,
        "Type in the prompt",
    ),
    shortcut(
        Modifiers::COMMAND,
        Key::Enter,
        Command::Draw,
        "Draw the next token and write it after the prompt",
    ),
    shortcut(
        COMMAND_SHIFT,
        Key::O,
        Command::ChooseSession,
        "Open a session",
    ),
    shortcut(
        Modifiers::COMMAND,
        Key::O,
        Command::ChooseModel,
        "Open a model",
    ),
    shortcut(
        COMMAND_SHIFT,
        Key::C,
        Command::CopyPicture,
        "Copy the picture",
    ),
    shortcut(
        COMMAND_SHIFT,
        Key::E,
        Command::SaveAs(Thing::Data),
        "Save the data",
    ),
    shortcut(
        Modifiers::COMMAND,
        Key::E,
        Command::SaveAs(Thing::Picture),
        "Save the picture",
    ),
    shortcut(
        Modifiers::COMMAND,
        Key::S,
        Command::SaveAs(Thing::Session),
        "Save the session",
    ),
    shortcut(
        Modifiers::NONE,
        Key::PageDown,
        Command::Step(1),
        "Next step",
    ),
    shortcut(
        Modifiers::NONE,
        Key::PageUp,
        Command::Step(-1),
        "Previous step",
    ),
    shortcut(
        Modifiers::NONE,
        Key::F9,
        Command::ToggleZoom,
        "Show the picture alone, or everything again",
    ),
    shortcut(
        Modifiers::NONE,
        Key::F8,
        Command::ToggleSpotlight,
        "Spotlight that follows the pointer",
    ),
    shortcut(
        Modifiers::NONE,
        Key::Escape,
        Command::Release,
        "Point at nothing",
    ),
];

/// Collects what the keys pressed in this frame ask for.
pub fn keys(ui: &Ui, pinned: Selection, trace: Option<&Trace>, commands: &mut Vec<Command>) {
    let ctx = ui.ctx();
    let is_typing = ctx.text_edit_focused();
    for shortcut in &SHORTCUTS {
        let applies = shortcut.while_typing || !is_typing;
        if applies && ctx.input_mut(|input| input.consume_shortcut(&shortcut.keys)) {
            commands.push(shortcut.command.clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_shortcuts_share_their_keys() {
        for (i, a) in SHORTCUTS.iter().enumerate() {
            assert!(
                SHORTCUTS[..i].iter().all(|b| b.keys != a.keys),
                "{}",
                a.meaning
            );
        }
    }
}
