//! The tree as a picture: text runs from left to right, branches begin beneath.

use super::how;
use super::writer::{Writer, is_end};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, number, percent};
use crate::math::tree::{NodeId, Place, ROOT};
use crate::text::{tr, trf};
use egui::{Align2, Painter, Pos2, Rect, ScrollArea, Sense, Stroke, Ui, Vec2, pos2, vec2};
use std::collections::BTreeMap;

/// Where everything stands.
struct Layout {
    places: Vec<Place>,
    /// The chip of each node.
    chips: BTreeMap<NodeId, Rect>,
    size: Vec2,
}

/// The longest name of a token that is shown in full.
const NAME: usize = 14;

fn name(ctx: &Context<'_>, writer: &Writer, node: NodeId) -> String {
    if let Some(token) = writer.tree.get(node).token {
        return abbreviate(&ctx.model.tokenizer.token(token).label(), NAME);
    }
    let last = ctx.label(ctx.trace.tokens.len().saturating_sub(1));
    format!("… {}", abbreviate(&last, NAME))
}

impl Layout {
    /// Columns as wide as their widest chip, with room between them for a probability.
    fn new(painter: &Painter, ctx: &Context<'_>, writer: &Writer, origin: Pos2) -> Self {
        let theme = ctx.theme;
        let width = |text: String, font| painter.layout_no_wrap(text, font, *theme.text).size().x;
        let places = writer.tree.places();
        let widths: Vec<f32> = places
            .iter()
            .map(|place| width(name(ctx, writer, place.node), theme.mono()) + theme.body_size)
            .collect();
        let mut columns: Vec<f32> = Vec::new();
        for (place, &width) in places.iter().zip(&widths) {
            if columns.len() <= place.column {
                columns.resize(place.column + 1, 0.0);
            }
            if let Some(column) = columns.get_mut(place.column) {
                *column = column.max(width);
            }
        }
        let edge = width(">99.9 %".to_owned(), theme.mono_caption()) + theme.body_size;
        let mut x = 0.0;
        let mut starts = Vec::with_capacity(columns.len());
        for column in &columns {
            starts.push(x);
            x += column + edge;
        }
        let (row, chip) = (theme.body_size * 2.7, (theme.body_size * 1.8).round());
        let top = origin + vec2(4.0, theme.caption_size * 1.7);
        let rect = |(place, &width): (&Place, &f32)| {
            let start = starts.get(place.column).copied().unwrap_or(0.0);
            let min = top + vec2(start, place.row as f32 * row);
            (place.node, Rect::from_min_size(min, vec2(width, chip)))
        };
        let chips: BTreeMap<NodeId, Rect> = places.iter().zip(&widths).map(rect).collect();
        let n_rows = places.iter().map(|place| place.row + 1).max().unwrap_or(1);
        let total = width(trf("ln p = {0}, the end", &[&"−99.9"]), theme.mono_caption());
        let size = vec2(x + total, n_rows as f32 * row + theme.caption_size * 1.7);
        Self { places, chips, size }
    }
}

/// How much room the tree would like: as much as its lines need.
pub(super) fn height(ctx: &Context<'_>, writer: &Writer) -> f32 {
    let rows = writer.tree.places().iter().map(|place| place.row + 1).max();
    let theme = ctx.theme;
    rows.unwrap_or(1) as f32 * theme.body_size * 2.7 + theme.caption_size * 1.7 + theme.body_size
}

/// Draws the tree; returns the token that was clicked.
pub(super) fn tree_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    writer: &Writer,
    follow: bool,
) -> Option<NodeId> {
    let mut clicked = None;
    ScrollArea::both().id_salt("tree").auto_shrink(false).show(ui, |ui| {
        let layout = Layout::new(ui.painter(), ctx, writer, ui.cursor().min);
        ui.allocate_exact_size(layout.size, Sense::hover());
        let path = writer.tree.path(writer.at());
        let tips = writer.tips();
        let on_path = |node: NodeId| node == ROOT || path.contains(&node);
        // The branch on screen is drawn last, above the others.
        for is_second in [false, true] {
            for place in layout.places.iter().filter(|p| on_path(p.node) == is_second) {
                edge(ui, ctx, writer, &layout, (place.node, is_second));
            }
        }
        for place in &layout.places {
            let is_tip = tips.contains(&place.node);
            let is_lit = on_path(place.node) || is_tip;
            if chip_ui(ui, ctx, writer, &layout, (place.node, is_lit)) {
                clicked = Some(place.node);
            }
        }
        if follow && let Some(chip) = layout.chips.get(&writer.at()) {
            let room = vec2(ctx.theme.body_size * 7.0, ctx.theme.body_size);
            ui.scroll_to_rect(chip.expand2(room), None);
        }
    });
    clicked
}

/// From the token before: as thick as the token was likely, with its probability.
fn edge(
    ui: &Ui,
    ctx: &Context<'_>,
    writer: &Writer,
    layout: &Layout,
    (id, on_path): (NodeId, bool),
) {
    let theme = ctx.theme;
    let node = writer.tree.get(id);
    let chips = node.parent.and_then(|parent| layout.chips.get(&parent));
    let (Some(from), Some(to)) = (chips, layout.chips.get(&id)) else {
        return;
    };
    let ink = if on_path { *theme.accent } else { *theme.dim };
    let stroke = Stroke::new(theme.stroke * (1.0 + 4.0 * node.prob), ink);
    let (start, end) = (from.right_center(), to.left_center());
    let turn = start.x + theme.body_size * 0.4;
    let painter = ui.painter();
    if (start.y - end.y).abs() < 1.0 {
        painter.line_segment([start, end], stroke);
    } else {
        painter.line_segment([start, pos2(turn, start.y)], stroke);
        painter.line_segment([pos2(turn, start.y), pos2(turn, end.y)], stroke);
        painter.line_segment([pos2(turn, end.y), end], stroke);
    }
    let at = end + vec2(-theme.body_size * 0.35, -theme.stroke * 3.0);
    let text = percent(node.prob);
    painter.text(at, Align2::RIGHT_BOTTOM, text, theme.mono_caption(), *theme.text);
}

/// A token; at the end of a branch, with what the branch adds up to. Was it clicked?
fn chip_ui(
    ui: &Ui,
    ctx: &Context<'_>,
    writer: &Writer,
    layout: &Layout,
    (id, on_path): (NodeId, bool),
) -> bool {
    let theme = ctx.theme;
    let Some(&rect) = layout.chips.get(&id) else {
        return false;
    };
    let node = writer.tree.get(id);
    let label = name(ctx, writer, id);
    let response = ui.interact(rect, ui.scope_id().with(("token", id)), Sense::click());
    let total = number(node.log_prob as f32);
    let said = match node.token {
        Some(_) => trf(
            "{0}, {1}, {2}, ln p so far {3}",
            &[&label, &percent(node.prob), &how(&writer.tree, node.how), &total],
        ),
        None => tr("The prompt").to_owned(),
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &said));
    if ui.is_rect_visible(rect.expand(theme.body_size * 12.0)) {
        let painter = ui.painter();
        painter.rect_filled(rect, 4.0, *theme.raised);
        let outline = if id == writer.at() {
            theme.selection_stroke()
        } else if response.hovered() || response.has_focus() || on_path {
            theme.line(theme.accent)
        } else {
            theme.line(theme.outline)
        };
        painter.rect_stroke(rect, 4.0, outline, egui::StrokeKind::Inside);
        let ink = if on_path { *theme.text } else { *theme.dim };
        painter.text(rect.center(), Align2::CENTER_CENTER, &label, theme.mono(), ink);
        if node.children.is_empty() && id != ROOT {
            let sum = if is_end(ctx, node.token) {
                trf("ln p = {0}, the end", &[&total])
            } else {
                format!("ln p = {total}")
            };
            let at = rect.right_center() + vec2(theme.body_size * 0.6, 0.0);
            let kept = if node.is_kept { "★ " } else { "" };
            // Where the room ends before the words do, the number alone.
            let line =
                |text: String| painter.layout_no_wrap(text, theme.mono_caption(), *theme.text);
            let mut text = line(format!("{kept}{sum}"));
            if at.x + text.size().x > painter.clip_rect().right() {
                text = line(format!("{kept}{total}"));
            }
            painter.galley(at - vec2(0.0, text.size().y / 2.0), text, *theme.text);
        }
    }
    response.on_hover_text(trf("{0}. Click to go back here", &[&said])).clicked()
}
