//! The choice of a model: a bundled one, one used before, a folder or file, or one from Hugging Face.

use crate::gui::contract::command::Command;
use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use crate::gui::shell::dialog::{dialog_ui, focus_first};
use crate::gui::shell::notices::Notices;
use crate::gui::shell::saving::expanded;
use crate::gui::widgets::explained;
use crate::hub::{Curated, Hub, Progress, Repo, curated};
use crate::model::BUNDLED;
use crate::text::{tr, trf};
use egui::{Grid, Key, ProgressBar, RichText, ScrollArea, TextEdit, Ui};
use std::ops::ControlFlow;

/// The open dialog.
#[derive(Debug)]
pub struct Choice {
    name: String,
    /// The models worth opening first, and whether each was downloaded before.
    curated: Vec<(&'static Curated, bool)>,
}

impl Choice {
    /// Starts from the model that is open.
    pub fn new(model: &str) -> Self {
        let is_bundled = BUNDLED.iter().any(|bundled| bundled.name == model);
        let hub = Hub::from_env();
        let is_here = |model: &Curated| {
            let repo = Repo::parse(&model.name);
            repo.is_ok_and(|repo| hub.cached(&repo).is_some())
        };
        Self {
            name: if is_bundled { String::new() } else { model.to_owned() },
            curated: curated().iter().map(|model| (model, is_here(model))).collect(),
        }
    }
}

/// What is under way while the dialog is open.
#[derive(Debug)]
pub struct Busy<'a> {
    /// Is a model being opened?
    pub is_opening: bool,
    /// How far a download is.
    pub download: Option<&'a Progress>,
    /// Models opened before, the last one first.
    pub recent: &'a [String],
}

/// Draws the dialog; breaks when it is to be closed. Opening keeps it until the model is there, so
/// that a wrong name can be corrected.
pub fn choose_ui(
    ui: &Ui,
    theme: &Theme,
    choice: &mut Choice,
    busy: &Busy<'_>,
    notices: &mut Notices,
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    dialog_ui(ui, theme, "open a model", 46.0, |ui, room| {
        ui.label(RichText::new(tr("Open a model")).font(theme.title()));
        let list = ScrollArea::vertical().max_height((room.y - theme.body_size * 9.0).max(0.0));
        list.show(ui, |ui| {
            here_ui(ui, theme, busy.recent, commands);
            hub_ui(ui, theme, choice, busy, commands);
        });
        notices.inline_ui(ui, theme);
        name_ui(ui, theme, choice, busy, commands)
    })
}

fn heading(ui: &mut Ui, theme: &Theme, text: &str) -> egui::Response {
    ui.add_space(theme.body_size / 2.0);
    ui.label(RichText::new(text).color(*theme.dim))
}

/// Models that open at once.
fn here_ui(ui: &mut Ui, theme: &Theme, recent: &[String], commands: &mut Vec<Command>) {
    heading(ui, theme, tr("Inside the program"));
    ui.horizontal_wrapped(|ui| {
        for bundled in BUNDLED {
            let button = ui.button(bundled.name);
            if button.on_hover_text(tr(about(bundled.name))).clicked() {
                commands.push(Command::OpenModel(bundled.name.to_owned()));
            }
        }
    });
    if recent.is_empty() {
        return;
    }
    heading(ui, theme, tr("Opened before"));
    ui.horizontal_wrapped(|ui| {
        for name in recent {
            let short = name.rsplit(['/', '\\']).next().unwrap_or(name);
            if ui.button(short).on_hover_text(name).clicked() {
                commands.push(Command::OpenModel(name.clone()));
            }
        }
    });
}

/// What a bundled model does.
fn about(bundled: &str) -> &'static str {
    match bundled {
        "translator" => "A small model that translates English to Spanish",
        _ => "A small model that writes children's stories",
    }
}

/// Models worth downloading.
fn hub_ui(
    ui: &mut Ui,
    theme: &Theme,
    choice: &Choice,
    busy: &Busy<'_>,
    commands: &mut Vec<Command>,
) {
    heading(ui, theme, tr("From Hugging Face"));
    let grid = Grid::new("hub").num_columns(3).spacing([12.0, 6.0]);
    grid.show(ui, |ui| {
        for (model, is_here) in &choice.curated {
            let can = busy.download.is_none() && (*is_here || cfg!(feature = "download"));
            let short = model.name.rsplit('/').next().unwrap_or(&model.name);
            let button = ui.add_enabled(can, egui::Button::new(short));
            if button.on_hover_text(format!("{} · {}", model.name, model.licence)).clicked() {
                commands.push(Command::OpenModel(format!("hf:{}", model.name)));
            }
            let size = if *is_here {
                tr("here").to_owned()
            } else {
                megabytes(u64::from(model.megabytes) * 1_000_000)
            };
            ui.label(RichText::new(size).font(theme.mono()));
            let about = format!("{} ({})", tr(&model.shows), model.licence);
            ui.add(
                egui::Label::new(RichText::new(about).font(theme.caption()).color(*theme.dim))
                    .wrap(),
            );
            ui.end_row();
        }
    });
    if let Some(progress) = busy.download {
        progress_ui(ui, theme, progress, commands);
    }
}

fn progress_ui(ui: &mut Ui, theme: &Theme, progress: &Progress, commands: &mut Vec<Command>) {
    ui.add_space(theme.body_size / 2.0);
    ui.horizontal(|ui| {
        if ui
            .button(tr("Stop"))
            .on_hover_text(tr("What is here is kept, and the download can go on later"))
            .clicked()
        {
            commands.push(Command::StopDownload);
        }
        let bar = ProgressBar::new(share(progress)).desired_width(theme.body_size * 10.0);
        ui.add(bar);
        ui.label(RichText::new(progress_text(progress)).font(theme.caption()));
    });
}

/// How much of a download is here, 0 to 1.
pub fn share(progress: &Progress) -> f32 {
    (progress.done as f64 / progress.total.max(1) as f64) as f32
}

/// "12 MB of 551 MB, 40 s left: model.safetensors"
fn progress_text(progress: &Progress) -> String {
    if progress.total == 0 {
        return tr("Asking …").to_owned();
    }
    let (done, total) = (megabytes(progress.done), megabytes(progress.total));
    let Some(seconds) = progress.seconds_left else {
        return trf("{0} of {1}: {2}", &[&done, &total, &progress.file]);
    };
    let left = match seconds {
        ..90.0 => format!("{seconds:.0}\u{a0}s"),
        ..5400.0 => format!("{:.0}\u{a0}min", seconds / 60.0),
        _ => format!("{:.1}\u{a0}h", seconds / 3600.0),
    };
    trf("{0} of {1}, {2} left: {3}", &[&done, &total, &left, &progress.file])
}

fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{:.0}\u{a0}MB", bytes as f64 / 1e6),
        _ => format!("{}\u{a0}GB", number(bytes as f32 / 1e9)),
    }
}

/// The name of any other model, and the buttons.
fn name_ui(
    ui: &mut Ui,
    theme: &Theme,
    choice: &mut Choice,
    busy: &Busy<'_>,
    commands: &mut Vec<Command>,
) -> ControlFlow<()> {
    let label = heading(
        ui,
        theme,
        tr(
            "A folder with config.json and model.safetensors, a GGUF file, or a name on Hugging Face",
        ),
    );
    let edit = TextEdit::singleline(&mut choice.name)
        .hint_text(tr("For example ~/models/gpt2, ~/model.gguf or hf:owner/name"))
        .desired_width(f32::INFINITY);
    let edit = ui.add(edit).labelled_by(label.id);
    focus_first(&edit);
    let edit = edit.on_hover_text(tr("Paste a path or a name; what is not here yet is downloaded"));
    let is_entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.add_space(theme.body_size / 2.0);
    let mut flow = ControlFlow::Continue(());
    ui.horizontal(|ui| {
        let name = choice.name.trim();
        let can = !name.is_empty() && !busy.is_opening && busy.download.is_none();
        let open = ui.add_enabled(can, egui::Button::new(tr("Open")));
        let about = tr("Have this model read your text (Enter)");
        let open = explained(open, about);
        if can && (open.clicked() || is_entered) {
            commands.push(Command::OpenModel(expanded(name).display().to_string()));
        }
        let about = tr("Choose it in the desktop's own dialog");
        if ui.button(tr("Folder …")).on_hover_text(about).clicked() {
            commands.push(Command::BrowseModel);
        }
        if ui.button(tr("GGUF file …")).on_hover_text(about).clicked() {
            commands.push(Command::BrowseFile);
        }
        let close = tr("Close without opening (Esc)");
        if ui.button(tr("Cancel")).on_hover_text(close).clicked() {
            flow = ControlFlow::Break(());
        }
        if busy.is_opening {
            ui.spinner();
            ui.label(tr("Opening …"));
        } else {
            let hint = tr("You can also drop a folder or a file on the window.");
            ui.label(RichText::new(hint).font(theme.caption()).color(*theme.dim));
        }
    });
    flow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_bytes_and_time() {
        let progress = Progress {
            file: "model.safetensors".to_owned(),
            done: 12_000_000,
            total: 1_200_000_000,
            seconds_left: Some(240.0),
        };
        let text = progress_text(&progress).replace('\u{a0}', " ");
        assert_eq!(text, "12 MB of 1.20 GB, 4 min left: model.safetensors");
        assert_eq!(share(&progress), 0.01);
        assert_eq!(progress_text(&Progress::default()), "Asking …");
        assert_eq!(share(&Progress::default()), 0.0);
    }
}
