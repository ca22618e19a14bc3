//! The time of a model that learns, under every view: a line of its kept steps on which a look goes to
//! and fro.

use crate::gui::contract::command::{Command, Learn};
use crate::gui::look::format::count;
use crate::gui::look::theme::Theme;
use crate::session::training::{LATEST, Run};
use crate::text::{tr, trf};
use egui::{Key, Modifiers, Rect, RichText, Sense, Ui, pos2, vec2};

/// Draws the line; `looking` is the step that is shown, if one is.
pub fn time_ui(
    ui: &mut Ui,
    theme: &Theme,
    run: &Run,
    looking: Option<usize>,
    is_film: bool,
    commands: &mut Vec<Command>,
) {
    let (steps, now, shown) = {
        let progress = run.progress();
        let steps = progress.kept_steps();
        let shown = looking.and_then(|step| progress.check_at(step)).map(|check| {
            (check.step, check.surprises.iter().sum::<f32>() / check.surprises.len().max(1) as f32)
        });
        (steps, progress.step, shown)
    };
    if steps.is_empty() {
        return;
    }
    let mut send = |wish| commands.push(Command::Learn(wish));
    ui.horizontal(|ui| {
        let (sign, name) = if is_film {
            ("⏸", tr("Stop the film"))
        } else {
            ("▶", tr("Watch every view go through the steps"))
        };
        let film = ui.button(RichText::new(sign).font(theme.body()));
        film.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
        if film.on_hover_text(name).clicked() {
            send(Learn::Film);
        }
        let text = match shown {
            Some((step, loss)) => trf(
                "Every view shows the model after step {0} (loss {1})",
                &[&count(step), &format!("{loss:.2}")],
            ),
            None => trf("A model is learning: step {0}", &[&count(now)]),
        };
        ui.label(RichText::new(text).font(theme.body()));
        let is_newest = looking == Some(LATEST);
        let newest = ui.selectable_label(is_newest, tr("Newest"));
        let hint = tr("Every view follows the model while it learns");
        if newest.on_hover_text(hint).clicked() && !is_newest {
            send(Learn::Look(LATEST));
        }
        if looking.is_some() {
            let back = ui.button(tr("Back to the other model"));
            if back.on_hover_text(tr("Show again the model and the text from before")).clicked() {
                send(Learn::Home);
            }
        }
    });
    if let Some(step) = line_ui(ui, theme, &steps, looking) {
        send(Learn::Look(step));
    }
}

/// The kept steps as marks on a line, as far apart as they are kept; gives the one that is asked for.
fn line_ui(ui: &mut Ui, theme: &Theme, steps: &[usize], looking: Option<usize>) -> Option<usize> {
    let size = vec2(ui.available_width(), theme.body_size * 1.1);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let last = steps.len() - 1;
    let at = looking.map(|step| steps.iter().rposition(|kept| *kept <= step).unwrap_or(0));
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::slider(
            true,
            at.map_or(f64::NAN, |i| steps[i] as f64),
            tr("Step of learning that every view shows"),
        );
        info.enabled = true;
        info
    });
    let rect = rect.shrink2(vec2(theme.body_size * 0.5, 0.0));
    let x = |i: usize| rect.left() + rect.width() * i as f32 / last.max(1) as f32;
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.center().y, theme.line(theme.outline));
    for (i, _) in steps.iter().enumerate() {
        let mark = Rect::from_center_size(
            pos2(x(i), rect.center().y),
            vec2(theme.stroke, theme.body_size * 0.4),
        );
        painter.rect_filled(mark, 0.0, *theme.dim);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
        painter.rect_stroke(rect.expand(2.0), 3.0, stroke, egui::StrokeKind::Outside);
    }
    if let Some(i) = at {
        painter.circle_filled(pos2(x(i), rect.center().y), theme.body_size * 0.42, *theme.accent);
    }
    let pointed = response.interact_pointer_pos().or(response.hover_pos()).map(|pos| {
        let share = (pos.x - rect.left()) / rect.width().max(1.0);
        ((share * last as f32).round().max(0.0) as usize).min(last)
    });
    let mut wanted = pointed.filter(|_| response.dragged() || response.clicked());
    if response.has_focus() {
        crate::gui::widgets::lock_arrows(ui, &response);
        for (key, by) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1)] {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                wanted = Some(at.unwrap_or(last).saturating_add_signed(by).min(last));
            }
        }
    }
    if let (Some(i), false) = (pointed, response.dragged()) {
        response.on_hover_text_at_pointer(trf("step {0}", &[&count(steps[i])]));
    }
    wanted.filter(|i| Some(*i) != at).map(|i| steps[i])
}
