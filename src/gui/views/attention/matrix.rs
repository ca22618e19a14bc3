//! Every weight of the head as a matrix, with what each key receives and how widely each query looks.

use super::{WEIGHTS, strongest_link};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::gui::widgets::{Cells, Grid, Heatmap, Labels, legend_ui};
use crate::math::attention_steps::{effective_keys, largest, received};
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook};
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

/// The colour scale.
pub fn controls(ui: &mut Ui, ctx: &Context<'_>) {
    legend_ui(ui, ctx.theme, WEIGHTS, tr("attention weight"));
}

/// What is seen.
pub fn explain(ctx: &Context<'_>) -> String {
    let Some(link) = strongest_link(ctx) else {
        return String::new();
    };
    let Some(pattern) = ctx.trace.pattern(ctx.focus.layer, ctx.focus.head) else {
        return link;
    };
    let query = ctx.focus.query_or_last(ctx.trace);
    let spread = number(effective_keys(pattern.row(query)));
    trf(
        "Rows ask, columns answer: {0}. Its row sums to {1} and spreads like an even look at {2} \
         tokens. The bars below add up each column: what a token receives from all who look.",
        &[&link, &percent(1.0), &spread],
    )
}

/// The picture.
pub fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (theme, focus, trace) = (ctx.theme, ctx.focus, ctx.trace.clone());
    let Some(matrix) = trace.pattern(focus.layer, focus.head) else {
        return;
    };
    let names: Vec<String> = (0..trace.tokens.len()).map(|pos| ctx.label(pos)).collect();
    let keys: Vec<String> = (0..trace.key_tokens().len()).map(|key| ctx.key_label(key)).collect();
    let heatmap = Heatmap {
        what: format!("pattern {}.{}", focus.layer, focus.head),
        matrix,
        scale: WEIGHTS,
        rows: Labels::asks(theme, &names),
        cols: Labels::answers(theme, &keys),
        focus: (focus.query, focus.key),
        cells: Cells::of(&trace),
    };
    let depth = theme.caption_size * 3.2;
    let text = theme.caption_size * 1.5;
    let room = ui.available_rect_before_wrap();
    let inner = Rect::from_min_max(room.min, room.max - vec2(depth * 1.4, depth + 2.0 * text));
    let shown =
        ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| heatmap.show(ui, ctx));
    let shown = shown.inner;
    let name = trf("Attention of layer {0}, head {1}", &[&focus.layer, &focus.head]);
    let hook = Hook::Block(focus.layer, BlockHook::Pattern);
    heatmap.point(&shown, &name, Some((hook, focus.head)), ctx);
    let grid = shown.grid;
    let totals = received((0..matrix.rows).map(|row| matrix.row(row)));
    let spreads: Vec<f32> = (0..matrix.rows).map(|row| effective_keys(matrix.row(row))).collect();
    let below = Rect::from_min_size(
        grid.rect.left_bottom() + vec2(0.0, 6.0),
        vec2(grid.rect.width(), depth),
    );
    let right = Rect::from_min_size(
        grid.rect.right_top() + vec2(6.0, 0.0),
        vec2(depth, grid.rect.height()),
    );
    received_ui(ui, ctx, below, &grid, &totals);
    spread_ui(ui, ctx, right, &grid, &spreads);
    let note = below.left_bottom() + vec2(0.0, 4.0 + text);
    spread_note(ui, ctx, note, &spreads);
}

/// Bars that hang below the columns.
fn received_ui(ui: &Ui, ctx: &Context<'_>, area: Rect, grid: &Grid, totals: &[f32]) {
    let theme = ctx.theme;
    let full = largest(totals).max(f32::MIN_POSITIVE);
    let cell = grid.cell.x;
    for (key, &total) in totals.iter().enumerate().filter(|(key, _)| grid.cols.contains(key)) {
        let min = pos2(grid.col(key).left(), area.top());
        let length = area.height() * (total / full).clamp(0.0, 1.0);
        let bar = Rect::from_min_size(min, vec2((cell - gap(cell)).max(0.5), length));
        let ink = bar_color(ctx, ctx.focus.key == Some(key), *theme.key);
        ui.painter().rect_filled(bar, 0.0, ink);
    }
    let most = number(full);
    let at = area.left_bottom() + vec2(0.0, 4.0);
    let text = trf("bars below: received in total, at most {0}", &[&most]);
    let (anchor, font) = (Align2::LEFT_TOP, theme.caption());
    ui.painter().text(at, anchor, text, font, *theme.key);
    margin_tip(ui, area, "received", |pos| {
        let key = grid.cols.start + ((pos.x - area.left()) / cell) as usize;
        let total = totals.get(key)?;
        let label = ctx.key_label(key);
        Some(trf("“{0}” receives {1} in total from all queries", &[&label, &number(*total)]))
    });
}

/// Bars that stand right of the rows.
fn spread_ui(ui: &Ui, ctx: &Context<'_>, area: Rect, grid: &Grid, spreads: &[f32]) {
    let theme = ctx.theme;
    let full = largest(spreads).max(f32::MIN_POSITIVE);
    let cell = grid.cell.y;
    for (query, &spread) in
        spreads.iter().enumerate().filter(|(query, _)| grid.rows.contains(query))
    {
        let min = pos2(area.left(), grid.row(query).top());
        let length = area.width() * (spread / full).clamp(0.0, 1.0);
        let bar = Rect::from_min_size(min, vec2(length, (cell - gap(cell)).max(0.5)));
        let ink = bar_color(ctx, ctx.focus.query == Some(query), *theme.query);
        ui.painter().rect_filled(bar, 0.0, ink);
    }
    margin_tip(ui, area, "spread", |pos| {
        let query = grid.rows.start + ((pos.y - area.top()) / cell) as usize;
        let spread = spreads.get(query)?;
        let label = ctx.label(query);
        Some(trf(
            "“{0}” looks as widely as an even look at {1} tokens (2 to the entropy of its row)",
            &[&label, &number(*spread)],
        ))
    });
}

fn spread_note(ui: &Ui, ctx: &Context<'_>, at: egui::Pos2, spreads: &[f32]) {
    let most = number(largest(spreads));
    let text = trf("bars at the right: how many tokens each looks at, at most {0}", &[&most]);
    let (anchor, font, color) = (Align2::LEFT_TOP, ctx.theme.caption(), *ctx.theme.query);
    ui.painter().text(at, anchor, text, font, color);
}

fn bar_color(ctx: &Context<'_>, is_focus: bool, color: egui::Color32) -> egui::Color32 {
    if is_focus { *ctx.theme.selection } else { color }
}

fn gap(cell: f32) -> f32 {
    (cell * 0.15).min(4.0)
}

fn margin_tip(ui: &Ui, area: Rect, name: &str, tip: impl Fn(egui::Pos2) -> Option<String>) {
    let response = ui.interact(area, ui.scope_id().with(name), Sense::hover());
    let tip = response.hover_pos().and_then(tip);
    if let Some(tip) = tip {
        response.on_hover_text_at_pointer(tip);
    }
}
