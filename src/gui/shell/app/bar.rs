//! The bar at the top: the prompt, undo, the model and the settings.

use super::App;
use super::sessions::is_session;
use crate::gui::contract::action::tip;
use crate::gui::contract::command::{Command, Learn};
use crate::gui::look::theme::Theme;
use crate::gui::shell::prompt;
use crate::gui::state::history::History;
use crate::gui::state::saved::Saved;
use crate::gui::widgets::explained;
use crate::lesson::Area;
use crate::model::{Chat, Checkpoint, DeviceKind, Gguf};
use crate::problem::Problem;
use crate::session::training::is_text;
use crate::text::{LANGUAGES, spoken, tr, trf};
use egui::{Frame, Panel, RichText, Ui};
use std::path::PathBuf;
use std::sync::Arc;

impl App {
    pub(super) fn top_ui(
        &mut self,
        ui: &mut Ui,
        theme: &'static Theme,
        commands: &mut Vec<Command>,
    ) {
        let frame = Frame::new().fill(*theme.panel).inner_margin(egui::Margin::symmetric(12, 8));
        let bar = Panel::top("top").frame(frame).show_separator_line(false).show(ui, |ui| {
            let stacks = self.trace.as_ref();
            let trace = stacks.map(|stacks| &**stacks.source());
            let written = stacks.filter(|stacks| stacks.are_several());
            let written = written.map(|stacks| stacks.whole.text.as_str());
            let has_chat = |model: &Arc<Checkpoint>| model.chat.is_some();
            let has_chat = self.model.as_ref().is_some_and(has_chat);
            let words_at = self.chat().map_or(0, Chat::words_at);
            let right = egui::Layout::right_to_left(egui::Align::Min);
            let changed = ui.with_layout(right, |ui| {
                settings_ui(ui, theme, &self.saved, commands);
                help_ui(ui, theme, commands);
                let name = self.model.as_ref().map_or(tr("opening …"), |m| &m.info.name);
                prompt::model_ui(ui, theme, trace, name, commands);
                if let Some(download) = &self.download {
                    let share = crate::gui::shell::choose::share(&download.progress());
                    ui.label(
                        RichText::new(format!("↓ {:.0}\u{a0}%", 100.0 * share)).color(*theme.dim),
                    );
                }
                if has_chat {
                    chat_ui(ui, self.saved.chat, commands);
                }
                history_ui(ui, &self.history, commands);
                let left = egui::Layout::top_down(egui::Align::Min);
                ui.with_layout(left, |ui| {
                    let text = &mut self.saved.prompt;
                    let changed = prompt::prompt_ui(ui, theme, text, trace, words_at);
                    if let Some(written) = written {
                        let target = self.saved.target.as_deref();
                        prompt::target_ui(ui, theme, target, written, commands);
                    }
                    if has_chat && self.saved.chat && !self.saved.answer.is_empty() {
                        answer_ui(ui, theme, &self.saved.answer, commands);
                    }
                    changed
                })
                .inner
            });
            let changed = changed.inner;
            if changed {
                self.saved.answer.clear();
                self.saved.learning.is_greeted = true;
                self.limit_prompt();
            }
        });
        self.areas.push((Area::Prompt, bar.response.rect));
    }

    fn limit_prompt(&mut self) {
        let text = &mut self.saved.prompt;
        if text.len() <= prompt::MAX_BYTES {
            return;
        }
        let total = text.len();
        let start = text.ceil_char_boundary(total - prompt::MAX_BYTES);
        text.drain(..start);
        let why = trf("it has {0} bytes; the last {1} are kept", &[&total, &text.len()]);
        self.notices.add(
            Problem::new("The text is too long", why).cure("Ctrl+Z brings the earlier text back"),
        );
    }
}

/// Undo and redo. Right to left, so redo comes first.
fn history_ui(ui: &mut Ui, history: &History, commands: &mut Vec<Command>) {
    for (sign, name, can, command) in [
        ("↪", "Redo", history.can_redo(), Command::Redo),
        ("↩", "Undo", history.can_undo(), Command::Undo),
    ] {
        let name = tip(name, &command);
        let button = ui.add_enabled(can, egui::Button::new(sign));
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, can, &name));
        if explained(button, &name).clicked() {
            commands.push(command);
        }
    }
}

/// The switch for the form in which a chat model expects to be spoken to.
fn chat_ui(ui: &mut Ui, is_on: bool, commands: &mut Vec<Command>) {
    let label = ui.selectable_label(is_on, tr("Chat"));
    let about = "Put your text into the form this model was trained to be spoken to in. The tokens that are \
                 added are shown with the others; what is drawn becomes the model's answer";
    if label.on_hover_text(tr(about)).clicked() {
        commands.push(Command::SetChat(!is_on));
    }
}

/// What a chat model has answered so far, in one line.
fn answer_ui(ui: &mut Ui, theme: &Theme, answer: &str, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let button = ui.small_button("×");
        button.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Forget the answer"))
        });
        if button.on_hover_text(tr("Forget the answer")).clicked() {
            commands.push(Command::ClearAnswer);
        }
        let text = RichText::new(trf("Answer: {0}", &[&answer.replace('\n', "⏎")]));
        ui.add(egui::Label::new(text.color(*theme.dim)).truncate());
    });
}

/// The lessons and the help.
fn help_ui(ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
    let help = ui.button(RichText::new("?").font(theme.body()));
    help.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Help")));
    if help.on_hover_text(tip("Help", &Command::ToggleHelp)).clicked() {
        commands.push(Command::ToggleHelp);
    }
    let lessons = ui.button(RichText::new(tr("Lessons")).font(theme.body()));
    let hint = tip("A course in short steps", &Command::ToggleLessons);
    if lessons.on_hover_text(hint).clicked() {
        commands.push(Command::ToggleLessons);
    }
}

fn settings_ui(ui: &mut Ui, theme: &Theme, saved: &Saved, commands: &mut Vec<Command>) {
    let button = ui.menu_button(RichText::new(tr("Settings")).font(theme.body()), |ui| {
        ui.label(RichText::new(tr("Theme")).color(*theme.dim));
        for other in Theme::all() {
            let radio = ui.radio(other.name == theme.name, tr(&other.label));
            if radio.on_hover_text(tr(about_theme(other))).clicked() {
                commands.push(Command::SetTheme(other.name.clone()));
            }
        }
        let mut reduce = saved.reduce_motion;
        let check = ui.checkbox(&mut reduce, tr("Reduce motion"));
        if check.on_hover_text(tr("Bars and colours are in their new place at once")).changed() {
            commands.push(Command::ReduceMotion(reduce));
        }
        ui.separator();
        ui.label(RichText::new(tr("Language")).color(*theme.dim));
        for language in &LANGUAGES {
            let radio = ui.radio(language.code == spoken().code, language.name);
            let hint = trf("The window and the lessons in {0}", &[&language.name]);
            if radio.on_hover_text(hint).clicked() {
                commands.push(Command::SetLanguage(language.code));
            }
        }
        ui.separator();
        ui.label(RichText::new(tr("Compute with")).color(*theme.dim));
        for kind in DeviceKind::ALL {
            let radio = ui.radio(kind.name() == saved.device, kind.name());
            if radio.on_hover_text(tr(kind.description())).clicked() {
                commands.push(Command::SetDevice(kind.name()));
            }
        }
    });
    button.response.on_hover_text(tr("Theme, language, motion and backend"));
}

/// What a theme is good for.
fn about_theme(theme: &Theme) -> &'static str {
    match theme.name.as_str() {
        "light" => "Dark on light: for bright rooms and paper",
        "projector" => "Large type and thick lines: for the last row of a class",
        _ => "Light on dark: small values fade into the ground",
    }
}

/// A session dropped on the window is opened; a text is to be learned; a folder or a GGUF file is a model to open; of another
/// file, its folder is.
pub(super) fn dropped_files(ui: &Ui, commands: &mut Vec<Command>) {
    let dropped =
        ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
    if let Some(path) = dropped.clone().filter(|path| is_session(path)) {
        commands.push(Command::OpenSession(path));
    } else if let Some(path) = dropped.clone().filter(|path| is_text(path)) {
        commands.push(Command::Learn(Learn::Read(path)));
    } else if let Some(path) = dropped {
        let model = if path.is_file() && !Gguf::is_gguf(&path) {
            path.parent().map(PathBuf::from).unwrap_or(path)
        } else {
            path
        };
        commands.push(Command::OpenModel(model.display().to_string()));
    }
}
