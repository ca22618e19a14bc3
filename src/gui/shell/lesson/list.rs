//! The list of lessons with what has been seen of each.

use super::Lessons;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::state::saved::Learning;
use crate::lesson::Lesson;
use crate::text::{tr, trf};
use egui::{RichText, ScrollArea, Ui};

/// Draws the list; a click opens a lesson.
pub fn list_ui(
    ui: &mut Ui,
    theme: &Theme,
    lessons: &Lessons,
    learning: &Learning,
    commands: &mut Vec<Command>,
) {
    if lessons.all().is_empty() {
        ui.label(RichText::new(tr("There are no lessons here.")).color(*theme.dim));
    }
    let scroll = ScrollArea::vertical().id_salt("lesson list").auto_shrink(false);
    scroll.show(ui, |ui| {
        ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
            for lesson in lessons.all() {
                lesson_row_ui(ui, theme, lesson, learning, commands);
            }
        });
    });
}

fn lesson_row_ui(
    ui: &mut Ui,
    theme: &Theme,
    lesson: &Lesson,
    learning: &Learning,
    commands: &mut Vec<Command>,
) {
    let seen = learning.seen.get(&lesson.name);
    let n_seen = seen.map_or(0, |steps| steps.range(..lesson.steps.len()).count());
    let n_steps = lesson.steps.len();
    let is_done = n_seen >= n_steps;
    let progress = if is_done { "✔".to_owned() } else { format!("{n_seen}/{n_steps}") };
    let color = if is_done { theme.value } else { theme.dim };
    let progress = RichText::new(progress).font(theme.caption()).color(*color);
    let is_open = learning.lesson == lesson.name;
    let row = egui::Button::selectable(is_open, lesson.title.as_str()).right_text(progress);
    let hint = trf("{0} {1} of {2} steps seen.", &[&lesson.summary, &n_seen, &n_steps]);
    if ui.add(row).on_hover_text(hint).clicked() {
        // Where one stopped: the first step not seen, or the first.
        let is_new = |step: &usize| seen.is_none_or(|seen| !seen.contains(step));
        let step = (0..n_steps).find(is_new).unwrap_or(0);
        commands.push(Command::OpenLesson(lesson.name.clone(), step));
    }
}
