//! All branches as a list: which text is likelier?

use super::writer::Writer;
use super::written;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::widgets::fitted_text;
use crate::math::tree::{NodeId, ROOT};
use crate::text::{tr, trf};
use egui::{Align2, Color32, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

/// What was asked of a branch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Asked {
    /// To go to its end.
    Go(NodeId),
    /// To keep it, or to keep it no more.
    Keep(NodeId, bool),
    /// To compare it with the text on screen, or no more.
    Compare(Option<NodeId>),
}

/// Draws a row for each branch, the kept ones first and the likeliest next; returns what was asked of
/// one. `compared` is the branch that the text on screen is compared with.
pub(super) fn branches_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    writer: &Writer,
    compared: Option<NodeId>,
) -> Option<Asked> {
    let theme = ctx.theme;
    ui.label(RichText::new(tr("Branches")).font(theme.title()));
    let note = "How likely is each text? Texts of different lengths compare by the mean";
    ui.label(RichText::new(tr(note)).font(theme.caption()).color(*theme.dim));
    let size = vec2(ui.available_width(), theme.caption_size * 1.4);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    numbers(ui, ctx, rect, ["ln p", tr("per token")], *theme.dim);
    let mut asked = None;
    let scroll = ScrollArea::vertical().id_salt("branches");
    scroll.auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for end in listed(writer) {
            asked = asked.or(row_ui(ui, ctx, writer, (end, compared)));
        }
    });
    asked
}

/// The ends of all branches, and the texts that are kept.
fn listed(writer: &Writer) -> Vec<NodeId> {
    let tree = &writer.tree;
    let mut ends = tree.ends();
    let inner = tree.kept().into_iter().filter(|kept| !ends.contains(kept));
    let inner: Vec<NodeId> = inner.collect();
    ends.extend(inner);
    ends.sort_by(|&a, &b| {
        let (a, b) = (tree.get(a), tree.get(b));
        let is_kept = b.is_kept.cmp(&a.is_kept);
        is_kept.then(b.log_prob.total_cmp(&a.log_prob))
    });
    ends
}

/// A branch: its text and its numbers.
fn row_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    writer: &Writer,
    (end, compared): (NodeId, Option<NodeId>),
) -> Option<Asked> {
    let theme = ctx.theme;
    let height = (theme.body_size * 1.8).round();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let node = writer.tree.get(end);
    let mean = node.log_prob / node.depth.max(1) as f64;
    let text = written(ctx, writer, end).replace('\n', "⏎");
    let [total, mean] = [node.log_prob, mean].map(|x| number(x as f32));
    let name = trf("Branch {0}: ln p {1}, per token {2}", &[&text, &total, &mean]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, *theme.raised);
    }
    let at = writer.at();
    let is_current = at != ROOT && writer.tree.path(end).contains(&at);
    if is_current {
        let stroke = theme.selection_stroke();
        ui.painter().rect_stroke(rect.shrink(1.0), 4.0, stroke, egui::StrokeKind::Inside);
    }
    let star = Rect::from_min_size(rect.min, vec2(height, height));
    let is_kept = node.is_kept;
    let (sign, help) = if is_kept {
        ("★", "Keep this text no more: {0}")
    } else {
        ("☆", "Keep this text: deleting spares it: {0}")
    };
    let ink = if is_kept { *theme.accent } else { *theme.dim };
    let keeps = sign_ui(ui, ctx, star, (sign, ink), (help, &text));
    let is_compared = compared == Some(end);
    let mut right = numbers(ui, ctx, rect, [&total, &mean], *theme.text);
    let mut compares = false;
    if !is_current || is_compared {
        let place = Rect::from_min_size(pos2(right - height, rect.top()), vec2(height, height));
        let ink = if is_compared { *theme.accent } else { *theme.dim };
        let help =
            if is_compared { "Compare no more: {0}" } else { "Compare with the text above: {0}" };
        compares = sign_ui(ui, ctx, place, ("↔", ink), (help, &text));
        right = place.left();
    }
    let left = pos2(star.right() + 2.0, rect.center().y);
    let width = (right - left.x - theme.body_size / 2.0).max(1.0);
    fitted_text(
        ui.painter(),
        left,
        Align2::LEFT_CENTER,
        text.trim_start(),
        theme.body(),
        *theme.text,
        width,
    );
    let goes = response.on_hover_text(text).clicked();
    match () {
        () if keeps => Some(Asked::Keep(end, !is_kept)),
        () if compares => Some(Asked::Compare((!is_compared).then_some(end))),
        () if goes => Some(Asked::Go(end)),
        () => None,
    }
}

/// A sign that can be clicked.
fn sign_ui(
    ui: &Ui,
    ctx: &Context<'_>,
    rect: Rect,
    (sign, ink): (&str, Color32),
    (help, text): (&'static str, &str),
) -> bool {
    let theme = ctx.theme;
    let id = ui.scope_id().with(("sign", help, text));
    let response = ui.interact(rect, id, Sense::click());
    let help = trf(help, &[&text]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &help));
    let ink = if response.hovered() || response.has_focus() { *theme.text } else { ink };
    let painter = ui.painter();
    painter.text(rect.center(), Align2::CENTER_CENTER, sign, theme.body(), ink);
    response.on_hover_text(help).clicked()
}

/// Two columns at the right end of a row; returns where they begin.
fn numbers(ui: &Ui, ctx: &Context<'_>, rect: Rect, texts: [&str; 2], ink: Color32) -> f32 {
    let font = ctx.theme.mono_caption();
    let width = ctx.theme.caption_size * 6.0;
    let mut right = rect.right() - 8.0;
    for text in texts.iter().rev() {
        let at = pos2(right, rect.center().y);
        let painter = ui.painter();
        painter.text(at, Align2::RIGHT_CENTER, text, font.clone(), ink);
        right -= width;
    }
    right
}
