//! The palette: every action by its name, found by typing some of its letters.

use crate::gui::contract::action::ACTIONS;
use crate::gui::contract::command::Command;
use crate::gui::contract::view::View;
use crate::gui::look::theme::Theme;
use crate::gui::shell::dialog::{break_if, dialog_ui};
use crate::text::{LANGUAGES, tr, trf};
use egui::{Key, Modifiers, RichText, ScrollArea, TextEdit, Ui};
use std::ops::ControlFlow;

/// The open palette.
#[derive(Debug, Default)]
pub struct Palette {
    query: String,
    /// The place of the entry that Enter chooses.
    chosen: usize,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The keys that do the same, in words; empty when there are none.
    pub keys: String,
    /// What it does.
    pub command: Command,
}

/// Everything that can be chosen: all actions, views, lessons, themes and languages.
pub fn entries(views: &[Box<dyn View>], lessons: Vec<Entry>) -> Vec<Entry> {
    let entry = |name: String, command| Entry { name, keys: String::new(), command };
    let actions = ACTIONS.iter().map(|action| Entry {
        name: tr(action.name).to_owned(),
        keys: action.keys_in_words().join(", "),
        command: action.command.clone(),
    });
    let views = views.iter().map(|view| {
        let name = trf("Go to {0}: {1}", &[&tr(view.name()), &tr(view.question())]);
        entry(name, Command::Show(view.id()))
    });
    let themes = Theme::all().iter().map(|theme| {
        let name = trf("Theme: {0}", &[&tr(&theme.label)]);
        entry(name, Command::SetTheme(theme.name.clone()))
    });
    let languages = LANGUAGES.iter().map(|language| {
        let name = trf("Language: {0}", &[&language.name]);
        entry(name, Command::SetLanguage(language.code))
    });
    let rest = views.chain(lessons).chain(themes).chain(languages);
    actions.chain(rest).collect()
}

/// Draws the palette; breaks when it is to be closed.
pub fn palette_ui(
    ui: &Ui,
    theme: &Theme,
    palette: &mut Palette,
    entries: &[Entry],
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    let found = matches(&palette.query, entries);
    let up = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowUp));
    let down = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown));
    let step = isize::from(down) - isize::from(up);
    let last = found.len().saturating_sub(1);
    palette.chosen = palette.chosen.saturating_add_signed(step).min(last);
    dialog_ui(ui, theme, "palette", 38.0, |ui, room| {
        let edit = TextEdit::singleline(&mut palette.query)
            .hint_text(tr("What do you want to do?"))
            .desired_width(f32::INFINITY);
        let hint = tr("A few letters of its name are enough; ↑ ↓ choose, Enter does it");
        let edit = ui.add(edit).on_hover_text(hint);
        let name = tr("Find an action");
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, name));
        if edit.changed() {
            palette.chosen = 0;
        }
        let is_entered = ui.input(|input| input.key_pressed(Key::Enter));
        edit.request_focus();
        let mut choice = is_entered.then_some(palette.chosen);
        let scroll = ScrollArea::vertical().max_height(room.y * 0.6);
        scroll.auto_shrink([false, true]).show(ui, |ui| {
            for (place, entry) in found.iter().enumerate() {
                let is_chosen = place == palette.chosen;
                let row = entry_ui(ui, theme, entry, is_chosen);
                if is_chosen && step != 0 {
                    row.scroll_to_me(None);
                }
                if row.clicked() {
                    choice = Some(place);
                }
            }
        });
        let chosen = choice.and_then(|place| found.get(place));
        if let Some(entry) = chosen {
            commands.push(entry.command.clone());
        }
        break_if(chosen.is_some())
    })
}

fn entry_ui(ui: &mut Ui, theme: &Theme, entry: &Entry, is_chosen: bool) -> egui::Response {
    let keys = RichText::new(&entry.keys).font(theme.mono_caption()).color(*theme.dim);
    let row = egui::Button::selectable(is_chosen, entry.name.as_str())
        .right_text(keys)
        .min_size(egui::vec2(ui.available_width(), 0.0));
    ui.add(row)
}

/// The entries that hold the letters of the query in this order, the best first.
fn matches<'a>(query: &str, entries: &'a [Entry]) -> Vec<&'a Entry> {
    let scored = entries.iter().filter_map(|entry| Some((score(query, &entry.name)?, entry)));
    let mut scored: Vec<_> = scored.collect();
    scored.sort_by_key(|&(score, _)| std::cmp::Reverse(score));
    scored.into_iter().map(|(_, entry)| entry).collect()
}

/// How well a name fits a query: a point for each letter found, three more where it follows the one
/// before or begins a word. `None` when a letter is missing.
fn score(query: &str, name: &str) -> Option<usize> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut points, mut at) = (0, 0);
    for letter in query.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let begins = |i: usize| i == 0 || !name[i - 1].is_alphanumeric();
        let next = (at..name.len()).filter(|&i| name[i] == letter);
        // The next letter in a row, else the start of a word, else the first.
        let best = next.min_by_key(|&i| (i != at, !begins(i), i))?;
        points += if best == at || begins(best) { 4 } else { 1 };
        at = best + 1;
    }
    Some(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_are_enough() {
        assert!(score("opmo", "Open a model").is_some());
        assert!(score("", "Open a model").is_some());
        assert_eq!(score("xyz", "Open a model"), None);
        assert!(score("undo", "Undo") > score("undo", "Up and down"));
        assert!(score("next", "Next step") > score("next", "Find an extra test"));
    }

    #[test]
    fn everything_is_listed_once_and_found() {
        let all = entries(&crate::gui::views::all(), Vec::new());
        for entry in &all {
            let found = matches(&entry.name, &all);
            assert_eq!(found[0].command, entry.command, "{}", entry.name);
        }
        assert!(all.iter().any(|entry| entry.command == Command::SetTheme("projector".into())));
    }
}
