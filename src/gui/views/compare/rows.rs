//! The tokens of both texts in two rows, one above the other.

use super::both::Both;
use super::colors;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::abbreviate;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{fitted_text, hatch};
use crate::math::align::Column;
use crate::text::trf;
use crate::trace::{Token, Trace};
use egui::{Align2, Galley, Painter, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

/// The height of both rows and what is between them.
pub(super) fn height(theme: &Theme) -> f32 {
    theme.body_size * 4.6
}

/// Draws both rows; what differs is outlined in its text's colour, what is shared is joined by a
/// line. Returns the position in the second text that was clicked.
pub(super) fn rows_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    both: &Both,
    names: &[String; 2],
    focus: Option<(usize, usize)>,
) -> Option<usize> {
    let theme = ctx.theme;
    let names_width = theme.caption_size * 6.2;
    let (whole, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), height(theme)), Sense::hover());
    let row = theme.body_size * 1.8;
    for (i, name) in names.iter().enumerate() {
        let y = whole.top() + row * 0.5 + i as f32 * (row + theme.body_size * 0.5);
        let at = pos2(whole.left(), y);
        fitted_text(
            ui.painter(),
            at,
            Align2::LEFT_CENTER,
            name,
            theme.caption(),
            colors(theme)[i],
            names_width - theme.caption_size * 0.5,
        );
    }
    let mut clicked = None;
    let rest = whole.with_min_x(whole.left() + names_width);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rest), |ui| {
        ScrollArea::horizontal().id_salt("rows").auto_shrink(false).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = theme.body_size * 0.35;
                for &column in &both.columns {
                    clicked = column_ui(ui, ctx, both, column, focus).or(clicked);
                }
            });
        });
    });
    clicked
}

fn shown(trace: &Trace, pos: Option<usize>) -> String {
    let token = pos.and_then(|pos| trace.tokens.get(pos));
    abbreviate(&token.map(Token::label).unwrap_or_default(), 18)
}

fn column_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    both: &Both,
    column: Column,
    focus: Option<(usize, usize)>,
) -> Option<usize> {
    let theme = ctx.theme;
    let labels = [shown(&both.first, column.first), shown(&both.second, column.second)];
    let galleys =
        labels.clone().map(|label| ui.painter().layout_no_wrap(label, theme.mono(), *theme.text));
    let row = theme.body_size * 1.8;
    let width =
        galleys.iter().map(|g| g.size().x).fold(theme.body_size, f32::max) + theme.body_size * 0.7;
    let gap = theme.body_size * 0.5;
    let (rect, _) = ui.allocate_exact_size(vec2(width, 2.0 * row + gap), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return None;
    }
    let is_same = both.is_same(column);
    if is_same {
        ui.painter().vline(
            rect.center().x,
            egui::Rangef::new(rect.top() + row, rect.top() + row + gap),
            theme.line(theme.outline),
        );
    }
    let positions = [column.first, column.second];
    let focused = [focus.map(|f| f.0), focus.map(|f| f.1)];
    let mut clicked = None;
    for (i, galley) in galleys.into_iter().enumerate() {
        let min = rect.min + vec2(0.0, i as f32 * (row + gap));
        let chip = Rect::from_min_size(min, vec2(width, row));
        let Some(pos) = positions[i] else {
            hatch(ui.painter(), chip, theme.line(theme.outline), theme.body_size * 0.5);
            continue;
        };
        let response = ui.interact(chip, ui.scope_id().with((i, pos)), Sense::click());
        let outline = match () {
            () if focused[i] == Some(pos) => theme.selection_stroke(),
            () if response.hovered() || response.has_focus() => theme.line(theme.text),
            () if is_same => theme.line(theme.outline),
            () => Stroke::new(theme.stroke + 0.5, colors(theme)[i]),
        };
        paint_chip(ui.painter(), theme, chip, galley, outline);
        if i == 0 {
            ctx.point(&response, Target::Token(pos));
        } else if response.clicked() {
            clicked = Some(pos);
        }
        let name = if i == 0 {
            trf("Token {0} of the first text: {1}", &[&pos, &labels[i]])
        } else {
            trf("Token {0} of the second text: {1}", &[&pos, &labels[i]])
        };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        response.on_hover_text(trf("{0}. Click to compare it", &[&name]));
    }
    clicked
}

fn paint_chip(painter: &Painter, theme: &Theme, chip: Rect, galley: Arc<Galley>, outline: Stroke) {
    painter.rect_filled(chip, 4.0, *theme.raised);
    painter.rect_stroke(chip, 4.0, outline, StrokeKind::Inside);
    let at = Align2::CENTER_CENTER.anchor_size(chip.center(), galley.size());
    painter.galley(at.min, galley, *theme.text);
}
