//! All branches as a list: which text is likelier?

use super::writer::Writer;
use super::written;
use crate::gui::format::number;
use crate::gui::view::Context;
use crate::gui::widgets::fitted_text;
use crate::math::tree::{NodeId, ROOT};
use egui::{Align2, Color32, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

/// Draws a row for each branch, the likeliest first; returns the end of the one that was clicked.
pub(super) fn branches_ui(ui: &mut Ui, ctx: &Context<'_>, writer: &Writer) -> Option<NodeId> {
    let theme = ctx.theme;
    ui.label(RichText::new("Branches").font(theme.title()));
    let note = "How likely is each text? Texts of different lengths compare by the mean";
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    let size = vec2(ui.available_width(), theme.caption_size * 1.4);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    numbers(ui, ctx, rect, ["ln p", "per token"], *theme.dim);
    let log_prob = |id: &NodeId| writer.tree.get(*id).log_prob;
    let mut ends = writer.tree.ends();
    ends.sort_by(|a, b| log_prob(b).total_cmp(&log_prob(a)));
    let mut clicked = None;
    let scroll = ScrollArea::vertical().id_salt("branches");
    scroll.auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for end in ends {
            if row_ui(ui, ctx, writer, end) {
                clicked = Some(end);
            }
        }
    });
    clicked
}

/// A branch: its text and its numbers. Was it clicked?
fn row_ui(ui: &mut Ui, ctx: &Context<'_>, writer: &Writer, end: NodeId) -> bool {
    let theme = ctx.theme;
    let height = (theme.body_size * 1.8).round();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let node = writer.tree.get(end);
    let mean = node.log_prob / node.depth.max(1) as f64;
    let text = written(ctx, writer, end).replace('\n', "⏎");
    let [total, mean] = [node.log_prob, mean].map(|x| number(x as f32));
    let name = format!("Branch {text}: ln p {total}, per token {mean}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, *theme.raised);
    }
    let is_current = writer.at != ROOT && writer.tree.path(end).contains(&writer.at);
    if is_current {
        let stroke = theme.selection_stroke();
        painter.rect_stroke(rect.shrink(1.0), 4.0, stroke, egui::StrokeKind::Inside);
    }
    let start = numbers(ui, ctx, rect, [&total, &mean], *theme.text);
    let left = pos2(rect.left() + 8.0, rect.center().y);
    let width = (start - left.x - theme.body_size).max(1.0);
    fitted_text(
        painter,
        left,
        Align2::LEFT_CENTER,
        text.trim_start(),
        theme.body(),
        *theme.text,
        width,
    );
    response.on_hover_text(text).clicked()
}

/// Two columns at the right end of a row; returns where they begin.
fn numbers(ui: &Ui, ctx: &Context<'_>, rect: Rect, texts: [&str; 2], ink: Color32) -> f32 {
    let font = ctx.theme.mono_caption();
    let width = ctx.theme.caption_size * 6.6;
    let mut right = rect.right() - 8.0;
    for text in texts.iter().rev() {
        let at = pos2(right, rect.center().y);
        let painter = ui.painter();
        painter.text(at, Align2::RIGHT_CENTER, text, font.clone(), ink);
        right -= width;
    }
    right
}
