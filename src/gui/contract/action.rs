//! Everything that can be done by name: one table from which the keyboard, the palette, the help, the
//! tooltips and the README's list of keys are made.

use crate::gui::contract::command::Command;
use crate::gui::shell::saving::Thing;
use crate::text::tr;
use egui::{Key, KeyboardShortcut, ModifierNames, Modifiers};

/// Something the program does when it is asked, and the keys that ask for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What happens, in words.
    pub name: &'static str,
    /// The keys, each of which is enough; the first is the one shown. Empty: only by name.
    pub keys: &'static [KeyboardShortcut],
    /// When the keys work.
    pub scope: Scope,
    /// What is asked for.
    pub command: Command,
}

/// When keys work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Always.
    Everywhere,
    /// While no text is being typed: these keys write something, or belong to the text field.
    NotTyping,
    /// The same, and only in front of a class.
    Presenting,
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn command_shift(key: Key) -> KeyboardShortcut {
    const COMMAND_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
    KeyboardShortcut::new(COMMAND_SHIFT, key)
}

macro_rules! actions {
    ($($name:literal, [$($key:expr),*], $scope:ident, $command:expr;)*) => {
        &[$(Action { name: $name, keys: &[$($key),*], scope: Scope::$scope, command: $command }),*]
    };
}

/// Every action, as the help lists them. Page keys, B and the full stop are what clickers send. Of
/// two shortcuts with the same key, the one with more modifiers comes first.
pub const ACTIONS: &[Action] = actions![
    "Help", [plain(Key::F1)], Everywhere, Command::ToggleHelp;
    "Find an action", [command(Key::K), command_shift(Key::P)], Everywhere, Command::TogglePalette;
    "Lessons", [plain(Key::F2)], Everywhere, Command::ToggleLessons;
    "Type in the prompt", [command(Key::L)], Everywhere, Command::TypePrompt;
    "Draw the next token and write it after the prompt", [command(Key::Enter)], Everywhere, Command::Draw;
    "Open a session", [command_shift(Key::O)], Everywhere, Command::ChooseSession;
    "Open a model", [command(Key::O)], Everywhere, Command::ChooseModel;
    "Copy the picture", [command_shift(Key::C)], Everywhere, Command::CopyPicture;
    "Save the data", [command_shift(Key::E)], Everywhere, Command::SaveAs(Thing::Data);
    "Save the picture", [command(Key::E)], Everywhere, Command::SaveAs(Thing::Picture);
    "Save the session", [command(Key::S)], Everywhere, Command::SaveAs(Thing::Session);
    "Redo", [command_shift(Key::Z), command(Key::Y)], Everywhere, Command::Redo;
    "Undo", [command(Key::Z)], Everywhere, Command::Undo;
    "Next step", [plain(Key::PageDown)], Everywhere, Command::Step(1);
    "Previous step", [plain(Key::PageUp)], Everywhere, Command::Step(-1);
    "Present to a class", [plain(Key::F5), plain(Key::F11)], Everywhere, Command::TogglePresenting;
    "Show the picture alone, or everything again", [plain(Key::F9)], Everywhere, Command::ToggleZoom;
    "Show or hide the next token", [plain(Key::F4)], Everywhere, Command::ToggleNext;
    "Spotlight that follows the pointer", [plain(Key::F8)], Everywhere, Command::ToggleSpotlight;
    "Freeze the picture, or let it follow again", [plain(Key::F7)], Everywhere, Command::ToggleFreeze;
    "Black screen while presenting", [plain(Key::B), plain(Key::Period)], Presenting, Command::ToggleBlack;
    "Point at nothing; leave presenting", [plain(Key::Escape)], NotTyping, Command::Release;
    "Switch the experiment off", [], Everywhere, Command::SetEdits(Vec::new());
];

impl Action {
    /// The action that asks for this, when it has a name.
    pub fn of(command: &Command) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.command == *command)
    }

    /// The keys in words, as on a keyboard: `Ctrl+Shift+Z`.
    pub fn keys_in_words(&self) -> Vec<String> {
        let is_mac = cfg!(target_os = "macos");
        let names = ModifierNames::NAMES;
        let in_words = |keys: &KeyboardShortcut| keys.format(&names, is_mac);
        self.keys.iter().map(in_words).collect()
    }
}

/// A tooltip with the keys that do the same as the control: "Open another model (Ctrl+O)".
pub fn tip(text: &'static str, command: &Command) -> String {
    let keys = Action::of(command).and_then(|action| action.keys_in_words().into_iter().next());
    match keys {
        Some(keys) => format!("{} ({keys})", tr(text)),
        None => tr(text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_their_keys_or_names() {
        for (i, a) in ACTIONS.iter().enumerate() {
            for b in &ACTIONS[..i] {
                assert!(a.keys.iter().all(|keys| !b.keys.contains(keys)), "{}", a.name);
                assert!(a.name != b.name && a.command != b.command, "{}", a.name);
            }
        }
    }

    #[test]
    fn more_modifiers_come_first() {
        let all: Vec<_> = ACTIONS.iter().flat_map(|action| action.keys).collect();
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                let is_hidden = a.logical_key == b.logical_key && a.modifiers.contains(b.modifiers);
                assert!(!is_hidden || a.modifiers == b.modifiers, "{a:?} is never reached");
            }
        }
    }

    #[test]
    fn the_readme_lists_every_key() {
        let readme = include_str!("../../../README.md");
        for action in ACTIONS.iter().filter(|action| !action.keys.is_empty()) {
            let row = format!("| {} | {} |", action.keys_in_words().join(", "), action.name);
            assert!(cfg!(target_os = "macos") || readme.contains(&row), "{row}");
        }
    }

    #[test]
    fn tooltips_name_the_keys() {
        assert_eq!(tip("Undo", &Command::Undo), "Undo (Ctrl+Z)");
        assert_eq!(tip("Undo", &Command::SetSeed(3)), "Undo");
    }
}
