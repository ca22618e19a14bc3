//! The choice of a file to save to: a name typed or pasted, or one from the desktop's dialog.

use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::picture::export::Format;
use crate::gui::shell::dialog::{dialog_ui, focus_first};
use crate::gui::shell::notices::Notices;
use crate::gui::widgets::{explained, segmented_ui};
use crate::text::tr;
use egui::{Key, RichText, TextEdit, Ui};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// What the view draws.
    Picture,
    /// The numbers it draws.
    Data,
    /// Every activation of the forward pass.
    Recording,
    /// Text, model, selection and settings, to go on with later or elsewhere.
    Session,
    /// The prompt and what was written after it.
    Text,
}

impl Thing {
    /// Everything that can be saved of any view.
    pub const ALL: [Self; 4] = [Self::Picture, Self::Data, Self::Recording, Self::Session];

    /// The entry of the menu.
    pub fn label(self) -> &'static str {
        match self {
            Self::Picture => "Save the picture …",
            Self::Data => "Save the data …",
            Self::Recording => "Save the recording …",
            Self::Session => "Save the session …",
            Self::Text => "Save the text …",
        }
    }

    /// What it is, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Picture => {
                "As pixels (PNG), or as a drawing whose text and lines stay sharp (SVG)"
            }
            Self::Data => {
                "The numbers of this view, all their digits: tables as CSV, or one JSON file"
            }
            Self::Recording => "Every activation of the model on this text",
            Self::Session => {
                "Text, model, selection and settings, to go on with later or elsewhere"
            }
            Self::Text => "The prompt and what was written after it",
        }
    }

    /// The endings of its file names, the usual one first.
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Picture => &["png", "svg"],
            Self::Data => &["csv", "json"],
            Self::Recording => &["safetensors", "json"],
            Self::Session => &["headlight"],
            Self::Text => &["txt"],
        }
    }
}

/// The open dialog.
#[derive(Debug)]
pub struct Saving {
    thing: Thing,
    path: String,
    scale: usize,
}

/// A wish to write a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What to write.
    pub thing: Thing,
    /// Where to; the ending says in which format.
    pub path: PathBuf,
    /// Pixels for each point of a picture.
    pub scale: usize,
}

impl Saving {
    /// Proposes a name for `thing` in `folder`.
    pub fn new(thing: Thing, folder: &Path, view: &str) -> Self {
        let name = match thing {
            Thing::Picture | Thing::Data => format!("headlight-{view}"),
            Thing::Recording => "headlight-recording".to_owned(),
            Thing::Session => "session".to_owned(),
            Thing::Text => "text".to_owned(),
        };
        let file = format!("{name}.{}", thing.extensions()[0]);
        Self { thing, path: folder.join(file).display().to_string(), scale: 2 }
    }

    /// The file name chosen in the desktop's dialog.
    pub fn choose(&mut self, path: &Path) {
        self.path = path.display().to_string();
        self.complete();
    }

    /// What the dialog of the desktop is to propose: title, folder and name.
    pub fn proposal(&self) -> (&'static str, PathBuf, String) {
        let path = expanded(&self.path);
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let name = path.file_name().unwrap_or_default();
        (self.thing.label(), folder, name.to_string_lossy().into_owned())
    }

    fn extension(&self) -> Option<usize> {
        let path = PathBuf::from(self.path.trim());
        let extension = path.extension()?.to_ascii_lowercase();
        let known = self.thing.extensions();
        known.iter().position(|known| extension == **known)
    }

    /// Adds the usual ending to a name that has none of this thing's.
    fn complete(&mut self) {
        if self.extension().is_none() {
            self.path = format!("{}.{}", self.path.trim(), self.thing.extensions()[0]);
        }
    }

    fn request(&mut self) -> Request {
        self.complete();
        Request { thing: self.thing, path: expanded(&self.path), scale: self.scale }
    }
}

/// The path meant by what was typed: `~` is the home folder.
pub fn expanded(typed: &str) -> PathBuf {
    let typed = typed.trim();
    let home = std::env::home_dir();
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

/// Draws the dialog; breaks when it is to be closed. Saving keeps it until the file is there, so
/// that a wrong name can be corrected.
pub fn saving_ui(
    ui: &Ui,
    theme: &Theme,
    saving: &mut Saving,
    is_busy: bool,
    notices: &mut Notices,
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    dialog_ui(ui, theme, "save", 40.0, |ui, _| {
        let title = tr(saving.thing.label()).trim_end_matches([' ', '…']);
        ui.label(RichText::new(title).font(theme.title()));
        ui.label(RichText::new(tr(saving.thing.about())).color(*theme.dim));
        ui.add_space(theme.body_size / 2.0);
        format_ui(ui, theme, saving);
        let label = ui.label(RichText::new(tr("File")).color(*theme.dim));
        let edit = TextEdit::singleline(&mut saving.path).desired_width(f32::INFINITY);
        let edit = ui.add(edit).labelled_by(label.id);
        focus_first(&edit);
        let edit = edit.on_hover_text(tr("Where to write it; ~ is your home folder"));
        let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let note = if expanded(&saving.path).is_file() {
            tr("This file exists and will be replaced.")
        } else {
            " "
        };
        ui.label(RichText::new(note).font(theme.caption()).color(*theme.warning));
        notices.inline_ui(ui, theme);
        let mut flow = ControlFlow::Continue(());
        ui.horizontal(|ui| {
            let can_save = !saving.path.trim().is_empty() && !is_busy;
            let save = ui.add_enabled(can_save, egui::Button::new(tr("Save")));
            let about = tr("Write the file (Enter)");
            let save = explained(save, about);
            if save.clicked() || (is_entered && can_save) {
                commands.push(Command::Save(saving.request()));
            }
            let browse = ui.button(tr("Browse …"));
            let hint = tr("Choose the file in the desktop's own dialog");
            if browse.on_hover_text(hint).clicked() {
                commands.push(Command::BrowseSave);
            }
            let close = tr("Close without saving (Esc)");
            if ui.button(tr("Cancel")).on_hover_text(close).clicked() {
                flow = ControlFlow::Break(());
            }
            if is_busy {
                ui.spinner();
                ui.label(tr("Saving …"));
            }
        });
        flow
    })
}

/// The formats of the thing, and the size of a picture in pixels.
fn format_ui(ui: &mut Ui, theme: &Theme, saving: &mut Saving) {
    let extensions = saving.thing.extensions();
    if extensions.len() < 2 {
        return;
    }
    ui.horizontal(|ui| {
        let mut chosen = saving.extension().unwrap_or(0);
        let before = chosen;
        let names: Vec<_> = extensions.iter().map(|name| (*name, tr(about(name)))).collect();
        segmented_ui(ui, theme, &names, &mut chosen);
        if chosen != before {
            let path = PathBuf::from(saving.path.trim());
            let path = path.with_extension(extensions[chosen]);
            saving.path = path.display().to_string();
        }
        if extensions[chosen] == Format::Png.extension() {
            ui.add_space(theme.body_size);
            ui.label(RichText::new(tr("Size")).color(*theme.dim));
            let mut index = saving.scale.clamp(1, 4) - 1;
            let scales = [
                ("1×", tr("As large as on screen")),
                ("2×", tr("Twice as large: for slides")),
                ("3×", tr("Three times as large")),
                ("4×", tr("Four times as large: for print")),
            ];
            segmented_ui(ui, theme, &scales, &mut index);
            saving.scale = index + 1;
        }
    });
    ui.add_space(theme.body_size / 2.0);
}

fn about(extension: &str) -> &'static str {
    match extension {
        "png" => "A picture in pixels, for slides and pages",
        "svg" => "A drawing that stays sharp and can be edited",
        "csv" => "For spreadsheets: one file for each table",
        "json" => "One document with names, text and model",
        "safetensors" => "For numpy and torch: small and quick",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_the_ending_they_lack() {
        let mut saving = Saving::new(Thing::Picture, Path::new("/tmp"), "heads");
        assert_eq!(saving.request().path, Path::new("/tmp/headlight-heads.png"));
        for (typed, path) in [
            ("/tmp/a", "/tmp/a.png"),
            ("/tmp/a.svg ", "/tmp/a.svg"),
            ("/tmp/a.SVG", "/tmp/a.SVG"),
            ("/tmp/v1.2", "/tmp/v1.2.png"),
        ] {
            typed.clone_into(&mut saving.path);
            assert_eq!(saving.request().path, Path::new(path), "{typed}");
        }
    }
}
