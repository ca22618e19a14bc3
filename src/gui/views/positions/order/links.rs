//! Two texts as lines of chips, equal tokens joined.

use super::Reading;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::widgets::heading_ui;
use crate::text::{tr, trf};
use egui::{Align2, Painter, Rect, ScrollArea, Sense, Ui, pos2, vec2};

/// Both texts as lines of chips, with lines between equal tokens.
pub(super) fn links_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    readings: [&Reading; 2],
    pairs: &[(usize, usize)],
    chosen: Option<(usize, usize)>,
) {
    let theme = ctx.theme;
    let (line, gap) = (theme.body_size * 1.8, theme.body_size * 2.6);
    heading_ui(ui, theme, tr("Lines join equal tokens; the numbers are positions"));
    ScrollArea::horizontal().id_salt("links").auto_shrink([false, true]).show(ui, |ui| {
        let widths = readings.map(|reading| chip_widths(ui.painter(), ctx, reading));
        let whole = widths.iter().map(|widths| widths.iter().sum::<f32>()).fold(1.0, f32::max);
        let height = 2.0 * line + gap + 2.0 * theme.caption_size;
        let (rect, _) = ui.allocate_exact_size(vec2(whole, height), Sense::hover());
        let tops = [rect.top() + theme.caption_size, rect.top() + theme.caption_size + line + gap];
        let rows = [0, 1].map(|i| chip_rects(rect.left(), tops[i], line, &widths[i]));
        for &(a, b) in pairs {
            let (Some(upper), Some(lower)) = (rows[0].get(a), rows[1].get(b)) else {
                continue;
            };
            let stroke = match chosen {
                Some(pair) if pair == (a, b) => theme.selection_stroke(),
                _ => theme.line(theme.outline),
            };
            ui.painter().line_segment([upper.center_bottom(), lower.center_top()], stroke);
        }
        for (i, reading) in readings.into_iter().enumerate() {
            for (pos, &rect) in rows[i].iter().enumerate() {
                let partner = pairs.iter().find(|pair| [pair.0, pair.1][i] == pos);
                let is_chosen = partner.is_some() && partner.copied() == chosen;
                let response = chip_ui(ui, ctx, rect, &reading.labels[pos], (i, pos), is_chosen);
                let target = if i == 0 { Some(pos) } else { partner.map(|pair| pair.0) };
                if let Some(target) = target {
                    ctx.point(&response, Target::Token(target));
                }
            }
        }
    });
}

fn chip_widths(painter: &Painter, ctx: &Context<'_>, reading: &Reading) -> Vec<f32> {
    let width = |label: &String| {
        let label = crate::gui::look::format::abbreviate(label, 16);
        let galley = painter.layout_no_wrap(label, ctx.theme.mono(), *ctx.theme.text);
        galley.size().x + ctx.theme.body_size * 1.2
    };
    reading.labels.iter().map(width).collect()
}

fn chip_rects(left: f32, top: f32, height: f32, widths: &[f32]) -> Vec<Rect> {
    let mut x = left;
    let rect = |&width: &f32| {
        let rect = Rect::from_min_size(pos2(x, top), vec2(width - 4.0, height));
        x += width;
        rect
    };
    widths.iter().map(rect).collect()
}

fn chip_ui(
    ui: &Ui,
    ctx: &Context<'_>,
    rect: Rect,
    label: &str,
    (text, pos): (usize, usize),
    is_chosen: bool,
) -> egui::Response {
    let theme = ctx.theme;
    let response = ui.interact(rect, ui.scope_id().with((text, pos)), Sense::click());
    let name = match text {
        0 => trf("{0} at position {1} of the first text", &[&label, &pos]),
        _ => trf("{0} at position {1} of the second text", &[&label, &pos]),
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if ui.is_rect_visible(rect.expand(theme.caption_size * 2.0)) {
        let stroke = if is_chosen {
            theme.selection_stroke()
        } else if response.hovered() || response.has_focus() {
            theme.line(theme.accent)
        } else {
            theme.line(theme.outline)
        };
        let painter = ui.painter();
        painter.rect(rect, 4.0, *theme.raised, stroke, egui::StrokeKind::Inside);
        let label = crate::gui::look::format::abbreviate(label, 16);
        painter.text(rect.center(), Align2::CENTER_CENTER, label, theme.mono(), *theme.text);
        let (at, anchor) = match text {
            0 => (rect.center_top(), Align2::CENTER_BOTTOM),
            _ => (rect.center_bottom(), Align2::CENTER_TOP),
        };
        painter.text(at, anchor, pos, theme.mono_caption(), *theme.dim);
    }
    response.on_hover_text(name)
}
