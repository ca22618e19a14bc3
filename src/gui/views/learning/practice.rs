//! What the model is asked, each token lit by how well it is known, and what it writes by itself.

use super::send;
use crate::gui::contract::command::Learn;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, percent};
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{colored_heading_ui, empty_ui, heading_ui, legend_ui};
use crate::session::training::{Check, Run, step_of};
use crate::text::{tr, trf};
use egui::{Align2, RichText, ScrollArea, Sense, Ui, vec2};

/// Probabilities.
const SCALE: Scale = Scale::Sequential { max: 1.0 };

/// The check that is shown: of the step that is looked at, else the last.
fn shown(ctx: &Context<'_>, run: &Run) -> Option<Check> {
    let progress = run.progress();
    let step = step_of(&ctx.model.source).unwrap_or(usize::MAX);
    progress.check_at(step).cloned()
}

/// The row that is looked at closely: every token is a question, and lit as it is known.
pub fn asked_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
    let theme = ctx.theme;
    let text = tr("What it is asked: each token after those before it");
    colored_heading_ui(ui, theme, text, (SCALE, tr("probability it gives it")));
    let Some((run, check)) = run.and_then(|run| Some((run, shown(ctx, run)?))) else {
        return empty_ui(ui, theme, tr("The answers are in the text itself"));
    };
    ScrollArea::vertical().id_salt("asked").auto_shrink(false).show(ui, |ui| {
        tokens_ui(ui, ctx, run, &check);
    });
}

/// Both in one place, for narrow windows.
pub fn both_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
    let theme = ctx.theme;
    let text = tr("What it is asked: each token after those before it");
    heading_ui(ui, theme, text);
    let Some((run, check)) = run.and_then(|run| Some((run, shown(ctx, run)?))) else {
        return empty_ui(ui, theme, tr("The answers are in the text itself"));
    };
    ScrollArea::vertical().id_salt("asked").auto_shrink(false).show(ui, |ui| {
        tokens_ui(ui, ctx, run, &check);
        legend_ui(ui, theme, SCALE, tr("probability it gives it"));
        ui.add_space(theme.body_size * 0.5);
        heading_ui(ui, theme, tr("What it writes after the first half"));
        samples_ui(ui, ctx, run);
    });
}

/// Every token, lit as it is known.
fn tokens_ui(ui: &mut Ui, ctx: &Context<'_>, run: &Run, check: &Check) {
    let theme = ctx.theme;
    let tokens = run.progress().shown.clone();
    ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(2.0, 4.0);
            for (i, token) in tokens.iter().enumerate() {
                let surprise = i.checked_sub(1).and_then(|i| check.surprises.get(i));
                let label = token.label();
                let font = theme.mono();
                let galley = ui.painter().layout_no_wrap(label.clone(), font, *theme.text);
                let size = galley.size() + vec2(theme.body_size * 0.6, theme.body_size * 0.6);
                let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
                let prob = surprise.map(|surprise| (-surprise).exp());
                let ground = prob.map_or(*theme.panel, |prob| theme.color(SCALE, prob));
                let ink = if prob.is_some() { theme.text_on(ground) } else { *theme.dim };
                ui.painter().rect_filled(rect, 3.0, ground);
                let outline = theme.line(theme.outline);
                ui.painter().rect_stroke(rect, 3.0, outline, egui::StrokeKind::Inside);
                let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
                ui.painter().galley_with_override_text_color(at.min, galley, ink);
                let tip = match (prob, surprise) {
                    (Some(prob), Some(surprise)) => trf(
                        "{0}: the model gives it {1} after what stands before it; its surprise is {2} nats",
                        &[&label, &percent(prob), &format!("{surprise:.2}")],
                    ),
                    _ => tr("Nothing stands before the first token: it is not asked for").to_owned(),
                };
                response.on_hover_text(tip);
            }
        });
    let note = trf("after step {0}", &[&count(check.step)]);
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
}

/// What it writes after the beginning of that row, at several steps.
pub fn written_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
    let theme = ctx.theme;
    heading_ui(ui, theme, tr("What it writes after the first half"));
    let Some(run) = run else {
        return empty_ui(ui, theme, tr("It writes before it knows anything"));
    };
    ScrollArea::vertical().id_salt("written").auto_shrink(false).show(ui, |ui| {
        samples_ui(ui, ctx, run);
    });
}

/// The samples of several steps beneath the text itself.
fn samples_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: &Run) {
    let theme = ctx.theme;
    let (samples, start, rest) = {
        let progress = run.progress();
        let half = progress.shown.len().div_ceil(2);
        let text = |tokens: &[crate::trace::Token]| -> String {
            tokens.iter().map(|token| token.text.as_str()).collect()
        };
        let (start, rest) = progress.shown.split_at(half);
        let n = progress.checks.len();
        // The first, the last, and some between them, evenly.
        let every = n.div_ceil(ROWS).max(1);
        let is_listed = |i: usize| i + 1 == n || i.is_multiple_of(every);
        let listed = progress.checks.iter().enumerate().filter(|(i, _)| is_listed(*i));
        let samples: Vec<(usize, String)> =
            listed.map(|(_, check)| (check.step, check.sample.clone())).collect();
        (samples, text(start), text(rest))
    };
    let asked = trf("after “{0}”", &[&one_line(&start)]);
    ui.label(RichText::new(asked).font(theme.mono_caption()).color(*theme.dim));
    let looking = step_of(&ctx.model.source);
    ui.spacing_mut().item_spacing.y = 2.0;
    row_ui(ui, ctx, tr("the text"), &rest, None);
    for (step, sample) in &samples {
        let name = trf("step {0}", &[&count(*step)]);
        let is_shown = looking == Some(*step);
        if row_ui(ui, ctx, &name, sample, Some((is_shown, &rest))) {
            send(ctx, Learn::Look(*step));
        }
    }
}

/// Samples that are listed.
const ROWS: usize = 14;

fn one_line(text: &str) -> String {
    text.replace('\n', "⏎")
}

/// A step and what was written then: letters that agree with the text are lit. Returns whether it was
/// clicked.
fn row_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    name: &str,
    text: &str,
    written: Option<(bool, &str)>,
) -> bool {
    let theme = ctx.theme;
    let sense = if written.is_some() { Sense::click() } else { Sense::hover() };
    let size = vec2(ui.available_width(), theme.body_size * 1.5);
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let text = one_line(text);
    let role = if written.is_some() { egui::Role::Button } else { egui::Role::Label };
    response.widget_info(|| egui::WidgetInfo::labeled(role, true, format!("{name}: {text}")));
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    if let Some((is_shown, _)) = written {
        if is_shown || response.hovered() || response.has_focus() {
            painter.rect_filled(rect, 3.0, *theme.raised);
        }
        if is_shown {
            painter.rect_stroke(rect, 3.0, theme.selection_stroke(), egui::StrokeKind::Inside);
        }
    }
    let left = rect.left() + theme.caption_size * 0.4;
    let at = egui::pos2(left, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, name, theme.caption(), *theme.dim);
    let mut job = egui::text::LayoutJob::default();
    let truth: Vec<char> =
        written.map(|(_, rest)| one_line(rest).chars().collect()).unwrap_or_default();
    for (i, c) in text.chars().enumerate() {
        let color = match written {
            None => *theme.text,
            Some(_) if truth.get(i) == Some(&c) => *theme.accent,
            Some(_) => *theme.dim,
        };
        let format = egui::TextFormat { font_id: theme.mono(), color, ..Default::default() };
        job.append(&c.to_string(), 0.0, format);
    }
    job.wrap.max_width = f32::INFINITY;
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let at = egui::pos2(left + theme.caption_size * 6.5, rect.center().y - galley.size().y / 2.0);
    painter.galley(at, galley, *theme.text);
    let hint = tr("Click: every view shows the model as it was then");
    written.is_some() && response.on_hover_text(hint).clicked()
}
