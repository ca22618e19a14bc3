//! A step's page: its text as far as the learner has come, what is awaited, and its questions.

use super::text::blocks_ui;
use super::visit::{Reply, Visit};
use crate::gui::contract::action::tip;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use crate::lesson::{Action, Condition, Depth, Part, Question, Step};
use crate::text::{tr, trf};
use egui::{Frame, RichText, Ui};

/// What the learner did on the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Clicked a link.
    Did(Action),
    /// Asked the program to do what is awaited.
    Delegated,
    /// Answered the question that is this part; `None` asks for the answer only.
    Answered(usize, Option<usize>),
}

/// Draws the page. `view_name` gives a view's name on screen.
pub fn page_ui(
    ui: &mut Ui,
    theme: &Theme,
    step: &Step,
    visit: &Visit,
    depth: Depth,
    view_name: &dyn Fn(&str) -> String,
) -> Option<Event> {
    ui.spacing_mut().item_spacing.y = theme.body_size * 0.5;
    let mut event = None;
    let shown = visit.pending(step).map_or(step.parts.len(), |(i, _)| i + 1);
    for (i, part) in step.parts.iter().enumerate().take(shown) {
        let did = match part {
            Part::Text(blocks) => blocks_ui(ui, theme, blocks).map(Event::Did),
            Part::Note(blocks) => note_ui(ui, theme, blocks).map(Event::Did),
            Part::Depth(of, blocks) if of.is_shown(nearest(step, depth)) => {
                blocks_ui(ui, theme, blocks).map(Event::Did)
            }
            Part::Depth(..) => None,
            Part::Wait(condition) => wait_ui(ui, theme, condition, visit.is_done(i), view_name),
            Part::Question(question) => question_ui(ui, theme, i, question, visit.reply(i)),
        };
        event = event.or(did);
    }
    event
}

/// The setting of the dial for which the step has text: the one chosen, else a shorter, else any.
fn nearest(step: &Step, dial: Depth) -> Depth {
    let has = |dial: &Depth| {
        step.parts.iter().any(|part| matches!(part, Part::Depth(of, _) if of.is_shown(*dial)))
    };
    let below = Depth::ALL.into_iter().rev().filter(|depth| *depth <= dial);
    below.chain(Depth::ALL).find(has).unwrap_or(dial)
}

fn note_ui(ui: &mut Ui, theme: &Theme, blocks: &[crate::lesson::Block]) -> Option<Action> {
    let frame = Frame::new().fill(*theme.raised).corner_radius(4).inner_margin(8);
    frame.show(ui, |ui| blocks_ui(ui, theme, blocks)).inner
}

fn wait_ui(
    ui: &mut Ui,
    theme: &Theme,
    condition: &Condition,
    is_done: bool,
    view_name: &dyn Fn(&str) -> String,
) -> Option<Event> {
    let (sign, color) = if is_done { ("✔", theme.value) } else { ("▶", theme.accent) };
    let mut event = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(sign).color(*color));
        let what = condition.describe(view_name);
        ui.label(RichText::new(what).color(*color).font(theme.strong()));
        if !is_done {
            let show = ui.small_button(tr("Do it for me"));
            let show = show.on_hover_text(tr("Page Down does the same"));
            if show.clicked() {
                event = Some(Event::Delegated);
            }
        }
    });
    event
}

fn question_ui(
    ui: &mut Ui,
    theme: &Theme,
    part: usize,
    question: &Question,
    reply: Option<&Reply>,
) -> Option<Event> {
    let mut event = blocks_ui(ui, theme, &question.asked).map(Event::Did);
    let right = reply.and_then(|reply| reply.right.as_ref()).and_then(|right| right.as_ref().ok());
    ui.horizontal_wrapped(|ui| {
        for (i, choice) in question.choices.iter().enumerate() {
            let is_chosen = reply.is_some_and(|reply| reply.chosen == Some(i));
            let mut text = RichText::new(choice).font(theme.body());
            if right == Some(&i) {
                text =
                    RichText::new(format!("✔ {choice}")).font(theme.strong()).color(*theme.value);
            }
            let button = egui::Button::selectable(is_chosen, text).frame_when_inactive(true);
            let hint = trf("Answer “{0}”", &[choice]);
            if ui.add(button).on_hover_text(hint).clicked() && reply.is_none() {
                event = Some(Event::Answered(part, Some(i)));
            }
        }
        if reply.is_none() {
            let show = ui.small_button(tr("Show the answer"));
            let hint = tip("Let the model answer at once", &Command::Step(1));
            if show.on_hover_text(hint).clicked() {
                event = Some(Event::Answered(part, None));
            }
        }
    });
    let Some(reply) = reply else { return event };
    match &reply.right {
        None => {
            ui.label(RichText::new(tr("Asking the model …")).color(*theme.dim));
        }
        Some(Err(problem)) => {
            let text = trf("This model cannot answer: {0}", &[&problem.why]);
            ui.label(RichText::new(text).color(*theme.warning));
        }
        Some(Ok(right)) => {
            let verdict = match reply.chosen {
                Some(chosen) if chosen == *right => tr("Yes, so says the model."),
                Some(_) => tr("Not this time: the model says otherwise."),
                None => tr("This is what the model says."),
            };
            ui.label(RichText::new(verdict).font(theme.strong()));
            event = event.or(blocks_ui(ui, theme, &question.reveal).map(Event::Did));
        }
    }
    event
}
