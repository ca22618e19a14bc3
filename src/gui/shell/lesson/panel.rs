//! The panel of lessons: beside the picture where there is room, else beneath it.

use super::Lessons;
use super::list::list_ui;
use super::page::{Event, page_ui};
use crate::gui::contract::action::tip;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::gui::state::saved::Learning;
use crate::gui::widgets::explained;
use crate::lesson::{Depth, Lesson};
use crate::model::TRANSLATOR;
use crate::text::{tr, trf};
use egui::{RichText, ScrollArea, Ui};

/// Draws the lesson that is open, or the list of all.
pub fn lesson_ui(
    ui: &mut Ui,
    theme: &Theme,
    lessons: &Lessons,
    learning: &mut Learning,
    is_encoder_decoder: bool,
    view_name: &dyn Fn(&str) -> String,
    commands: &mut Vec<Command>,
) -> Option<Event> {
    let lesson = lessons.named(&learning.lesson);
    let (Some(lesson), Some(visit)) = (lesson, &lessons.visit) else {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(tr("Lessons")).font(theme.title()));
            close_ui(ui, commands);
        });
        list_ui(ui, theme, lessons, learning, commands);
        return None;
    };
    header_ui(ui, theme, lesson, learning, lessons, commands);
    let step = lesson.steps.get(learning.step)?;
    let scroll =
        ScrollArea::vertical().id_salt(("lesson", &lesson.name, learning.step)).auto_shrink(false);
    let body = scroll.show(ui, |ui| {
        ui.label(RichText::new(&step.title).font(theme.strong()).color(*theme.accent));
        if lesson.needs.is_some() && !is_encoder_decoder {
            needs_ui(ui, theme, commands);
        }
        page_ui(ui, theme, step, visit, learning.depth, view_name)
    });
    body.inner
}

/// What a lesson about another kind of model says with this one, and offers.
fn needs_ui(ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
    let text = tr(
        "This lesson is about a model with an encoder and a decoder. The open one has no encoder.",
    );
    ui.label(RichText::new(text).color(*theme.warning));
    let open = ui.button(tr("Open the translator"));
    let open = open.on_hover_text(tr("A small model that translates English to Spanish"));
    if open.clicked() {
        commands.push(Command::OpenModel(TRANSLATOR.name.to_owned()));
    }
}

/// Title and place, back and next, the dial, the list and the way out.
fn header_ui(
    ui: &mut Ui,
    theme: &Theme,
    lesson: &Lesson,
    learning: &mut Learning,
    lessons: &Lessons,
    commands: &mut Vec<Command>,
) {
    let is_narrow = ui.available_width() < theme.body_size * 40.0;
    if is_narrow {
        ui.horizontal_wrapped(|ui| {
            all_ui(ui, commands);
            close_ui(ui, commands);
        });
        title_ui(ui, theme, lesson, learning.step);
    }
    ui.horizontal_wrapped(|ui| {
        if !is_narrow {
            title_ui(ui, theme, lesson, learning.step);
        }
        for (name, hint, by) in [("Back", "The step before", -1), ("Next", "The step after", 1)] {
            let place = lessons.neighbour(learning, by);
            let button = ui.add_enabled(place.is_some(), egui::Button::new(tr(name)));
            let spoken = tr(hint);
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, spoken));
            let button = explained(button, &tip(hint, &Command::Step(by)));
            if let Some((name, step)) = place.filter(|_| button.clicked()) {
                commands.push(Command::OpenLesson(name, step));
            }
        }
        depth_ui(ui, theme, &mut learning.depth);
        if !is_narrow {
            all_ui(ui, commands);
            close_ui(ui, commands);
        }
    });
}

fn title_ui(ui: &mut Ui, theme: &Theme, lesson: &Lesson, step: usize) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&lesson.title).font(theme.strong()));
        let place = format!("{}/{}", step + 1, lesson.steps.len());
        let place = ui.label(RichText::new(place).color(*theme.dim));
        place.on_hover_text(trf("Step {0} of {1}", &[&(step + 1), &lesson.steps.len()]));
    });
}

fn all_ui(ui: &mut Ui, commands: &mut Vec<Command>) {
    let list = ui.button(tr("All lessons"));
    if list.on_hover_text(tr("Choose another lesson")).clicked() {
        commands.push(Command::OpenLesson(String::new(), 0));
    }
}

fn about(depth: Depth) -> &'static str {
    match depth {
        Depth::Line => "The gist of each step in a sentence",
        Depth::Paragraph => "Each step explained in a few sentences",
        Depth::Mathematics => "The explanation, and the formulas behind it",
    }
}

/// The dial: how much is explained.
fn depth_ui(ui: &mut Ui, theme: &Theme, depth: &mut Depth) {
    let dial = egui::ComboBox::from_id_salt("depth")
        .selected_text(tr(depth.name()))
        .width(theme.body_size * 8.0);
    let dial = dial.show_ui(ui, |ui| {
        for other in Depth::ALL {
            let entry = ui.selectable_value(depth, other, tr(other.name()));
            entry.on_hover_text(tr(about(other)));
        }
    });
    dial.response.on_hover_text(tr("How much is explained"));
}

fn close_ui(ui: &mut Ui, commands: &mut Vec<Command>) {
    let close = ui.button(tr("Close lessons"));
    if close.on_hover_text(tip("Close lessons", &Command::ToggleLessons)).clicked() {
        commands.push(Command::ToggleLessons);
    }
}
