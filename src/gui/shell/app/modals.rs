//! What lies over the window until it is answered or closed: the choice of a model, the palette, the
//! help.

use super::App;
use super::download::Download;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::shell::choose::{Busy, choose_ui};
use crate::gui::shell::help::help_ui;
use crate::gui::shell::palette::{entries, palette_ui};
use egui::Ui;

impl App {
    pub(super) fn modals_ui(
        &mut self,
        ui: &Ui,
        theme: &'static Theme,
        commands: &mut Vec<Command>,
    ) {
        if let Some(choice) = &mut self.choice {
            let progress = self.download.as_ref().map(Download::progress);
            let busy = Busy {
                is_opening: self.opening.is_some(),
                download: progress.as_ref(),
                recent: &self.saved.recent,
            };
            if choose_ui(ui, theme, choice, &busy, &mut self.notices, commands).is_break() {
                self.choice = None;
            }
        }
        if self.has_help && help_ui(ui, theme, &self.views, commands).is_break() {
            self.has_help = false;
        }
        if let Some(palette) = &mut self.palette {
            let entries = entries(&self.views, self.lessons.entries());
            if palette_ui(ui, theme, palette, &entries, commands).is_break() {
                self.palette = None;
            }
        }
    }
}
