//! All probability as one bar: how much the best tokens take, and what is left for the rest.

use super::table::Shown;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{percent, short_count};
use crate::gui::widgets::{fitted_text, hatch};
use crate::text::trf;
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

/// Parts narrower than this many points are drawn together as the rest.
const NARROWEST: f32 = 3.0;

/// Draws the bar; returns the token that was clicked.
pub(super) fn shares_ui(ui: &mut Ui, ctx: &Context<'_>, shown: &Shown<'_>) -> Option<u32> {
    let theme = ctx.theme;
    let readout = &shown.picture.readout;
    let height = theme.body_size * 2.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let (mut left, mut clicked) = (rect.left(), None);
    let least = NARROWEST / rect.width().max(1.0);
    let parts = readout.order.iter().map(|&id| (id, readout.prob(id)));
    let parts: Vec<(u32, f32)> = parts.take_while(|&(_, prob)| prob >= least).collect();
    for (i, &(id, prob)) in parts.iter().enumerate() {
        let part = Rect::from_min_size(pos2(left, rect.top()), vec2(rect.width() * prob, height));
        left = part.right();
        if part_ui(ui, ctx, shown, (id, prob), part.intersect(rect), i) {
            clicked = Some(id);
        }
    }
    rest_ui(ui, ctx, shown, rect.with_min_x(left.min(rect.right())), parts.len());
    ui.painter().rect_stroke(rect, 3.0, theme.line(theme.outline), egui::StrokeKind::Outside);
    clicked
}

/// One token's share; returns whether it was clicked.
fn part_ui(
    ui: &Ui,
    ctx: &Context<'_>,
    shown: &Shown<'_>,
    (id, prob): (u32, f32),
    part: Rect,
    i: usize,
) -> bool {
    let theme = ctx.theme;
    let label = ctx.model.tokenizer.token(id).label();
    let response = ui.interact(part, ui.scope_id().with(("share", id)), Sense::click());
    let name = trf("{0}, {1} of the probability", &[&label, &percent(prob)]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let fade = if i.is_multiple_of(2) { 0.0 } else { 0.6 };
    let fill = theme.accent.lerp_to_gamma(*theme.background, fade);
    let painter = ui.painter().with_clip_rect(part.intersect(ui.clip_rect()));
    painter.rect_filled(part.with_max_x(part.right() - 1.0), 0.0, fill);
    let (width, ink) = (part.width() - 8.0, theme.text_on(fill));
    if width > theme.body_size * 2.2 {
        let line = vec2(0.0, theme.caption_size * 0.6);
        let (font, center) = (theme.mono_caption(), part.center());
        fitted_text(&painter, center - line, Align2::CENTER_CENTER, &label, font, ink, width);
        let share = percent(prob);
        let font = theme.caption();
        fitted_text(&painter, center + line, Align2::CENTER_CENTER, &share, font, ink, width);
    }
    if shown.chosen == Some(id) || response.hovered() || response.has_focus() {
        let stroke = theme.selection_stroke();
        painter.rect_stroke(part, 0.0, stroke, egui::StrokeKind::Inside);
    }
    response.on_hover_text(name).clicked()
}

/// Everything that is too little to be drawn by itself.
fn rest_ui(ui: &Ui, ctx: &Context<'_>, shown: &Shown<'_>, part: Rect, n_shown: usize) {
    let theme = ctx.theme;
    let readout = &shown.picture.readout;
    let n_rest = readout.order.len().saturating_sub(n_shown);
    if n_rest == 0 || part.width() < 1.0 {
        return;
    }
    let mass = (1.0 - readout.mass_of_best(n_shown)).max(0.0);
    hatch(ui.painter(), part, theme.line(theme.outline), theme.body_size * 0.6);
    let text = trf("{0} others: {1}", &[&short_count(n_rest), &percent(mass)]);
    let galley = ui.painter().layout_no_wrap(text, theme.caption(), *theme.text);
    if galley.size().x + 12.0 > part.width() {
        return;
    }
    let place = Align2::CENTER_CENTER.anchor_size(part.center(), galley.size());
    ui.painter().rect_filled(place.expand2(vec2(6.0, 2.0)), 3.0, *theme.background);
    ui.painter().galley(place.min, galley, *theme.text);
}
