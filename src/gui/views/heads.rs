//! All heads of all layers at a glance, and one of them large.

use crate::gui::command::Target;
use crate::gui::format::percent;
use crate::gui::textures::{PictureKey, miniature};
use crate::gui::theme::Scale;
use crate::gui::view::{Context, View};
use crate::gui::widgets::{Cells, Heatmap, Labels, legend_ui};
use egui::{Align2, Color32, Painter, Rect, Sense, Ui, pos2, vec2};

/// Attention weights lie between 0 and 1 in every head, so all heads share one scale.
const WEIGHTS: Scale = Scale::Sequential { max: 1.0 };

/// The view.
#[derive(Debug, Default)]
pub struct Heads;

impl View for Heads {
    fn id(&self) -> &'static str {
        "heads"
    }

    fn name(&self) -> &'static str {
        "Attention heads"
    }

    fn question(&self) -> &'static str {
        "Who looks at whom?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        legend_ui(ui, ctx.theme, WEIGHTS, "attention weight");
        let focus = ctx.focus;
        let head = format!("Layer {}, head {}", focus.layer, focus.head);
        ui.label(
            egui::RichText::new(head)
                .color(ctx.theme.head(focus.head))
                .font(ctx.theme.body()),
        );
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let room = ui.available_rect_before_wrap();
        // The grid on one side and the chosen head on the other, or one above the other.
        let wide = room.width() > room.height() * 1.15;
        let (grid, large) = if wide {
            room.split_left_right_at_fraction(0.46)
        } else {
            room.split_top_bottom_at_fraction(0.46)
        };
        let gap = ctx.theme.body_size;
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        ui.scope_builder(child(grid), |ui| grid_ui(ui, ctx));
        let large = if wide {
            large.with_min_x(large.left() + gap)
        } else {
            large.with_min_y(large.top() + gap)
        };
        ui.scope_builder(child(large), |ui| large_ui(ui, ctx));
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let (focus, trace) = (ctx.focus, ctx.trace);
        let query = focus.query_or_last(trace);
        let Some(pattern) = trace.pattern(focus.layer, focus.head) else {
            return String::new();
        };
        let row = pattern.row(query);
        let strongest = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        let key = focus.key.or(strongest).unwrap_or(0);
        let weight = percent(row.get(key).copied().unwrap_or(0.0));
        let (q, k) = (ctx.label(query), ctx.label(key));
        format!(
            "Rows ask, columns answer: in layer {}, head {}, “{q}” gives {weight} of its attention to “{k}”. \
             Each row sums to 100 %; hatched cells are the future, which a token may not see.",
            focus.layer, focus.head
        )
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let (n_layers, n_heads) = (ctx.trace.model.n_layers, ctx.trace.model.n_heads);
        let tile = (rect.width() / n_heads as f32).min(rect.height() / n_layers as f32);
        let size = vec2(tile * n_heads as f32, tile * n_layers as f32);
        let grid = Align2::LEFT_TOP.anchor_size(rect.min, size);
        paint_atlas(painter, grid, tile, tile * 0.9, ctx);
    }
}

/// Every head as a small picture: layers are rows, heads are columns.
fn grid_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let (n_layers, n_heads) = (ctx.trace.model.n_layers, ctx.trace.model.n_heads);
    let room = ui.available_rect_before_wrap();
    let margin = vec2(theme.caption_size * 3.2, theme.caption_size * 3.2);
    let least = theme.caption_size * 2.0;
    let fit = (room.size() - margin) / vec2(n_heads as f32, n_layers as f32);
    let tile = fit.min_elem().clamp(least, theme.body_size * 9.0);
    let size = vec2(tile * n_heads as f32, tile * n_layers as f32);
    egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        let (whole, _) = ui.allocate_exact_size(size + margin, Sense::hover());
        let grid = Rect::from_min_size(whole.min + margin, size);
        grid_labels(ui, ctx, grid, tile);
        let picture = tile - (tile * 0.08).clamp(2.0, 8.0);
        paint_atlas(ui.painter(), grid, tile, picture, ctx);
        for layer in 0..n_layers {
            for head in 0..n_heads {
                let rect = tile_rect(grid, tile, picture, layer, head);
                tile_ui(ui, ctx, rect, layer, head);
            }
        }
    });
}

fn grid_labels(ui: &Ui, ctx: &Context<'_>, grid: Rect, tile: f32) {
    let theme = ctx.theme;
    let painter = ui.painter();
    let title = pos2(grid.left(), grid.top() - theme.caption_size * 2.5);
    painter.text(
        title,
        Align2::LEFT_CENTER,
        "head →",
        theme.caption(),
        *theme.dim,
    );
    let corner = pos2(grid.left() - 6.0, title.y);
    painter.text(
        corner,
        Align2::RIGHT_CENTER,
        "layer",
        theme.caption(),
        *theme.dim,
    );
    for head in 0..ctx.trace.model.n_heads {
        let at = pos2(grid.left() + (head as f32 + 0.5) * tile, grid.top() - 4.0);
        painter.text(
            at,
            Align2::CENTER_BOTTOM,
            head,
            theme.mono_caption(),
            theme.head(head),
        );
    }
    for layer in 0..ctx.trace.model.n_layers {
        let at = pos2(grid.left() - 6.0, grid.top() + (layer as f32 + 0.5) * tile);
        painter.text(
            at,
            Align2::RIGHT_CENTER,
            layer,
            theme.mono_caption(),
            *theme.text,
        );
    }
}

fn tile_ui(ui: &Ui, ctx: &mut Context<'_>, rect: Rect, layer: usize, head: usize) {
    let target = Target::Head { layer, head };
    let response = ui.interact(rect, ui.scope_id().with((layer, head)), Sense::click());
    let name = format!("Head {layer}.{head}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let theme = ctx.theme;
    let stroke = if ctx.pinned.holds(target) {
        theme.selection_stroke()
    } else if response.hovered() || response.has_focus() {
        egui::Stroke::new(theme.stroke + 1.0, theme.head(head))
    } else {
        theme.line(theme.outline)
    };
    ui.painter()
        .rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Outside);
    ctx.point(&response, target);
}

fn tile_rect(grid: Rect, tile: f32, picture: f32, layer: usize, head: usize) -> Rect {
    let min = grid.min + vec2(head as f32, layer as f32) * tile;
    Rect::from_min_size(min, vec2(picture, picture))
}

/// All heads in one texture, each in its own tile.
fn paint_atlas(painter: &Painter, grid: Rect, tile: f32, picture: f32, ctx: &mut Context<'_>) {
    let (trace, theme) = (ctx.trace, ctx.theme);
    let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
    let n = trace.tokens.len();
    // As many pixels as tokens, or as the screen shows.
    let pixels = (picture * painter.ctx().pixels_per_point()).ceil() as usize;
    let side = n.min(pixels.next_power_of_two()).max(1);
    let key = PictureKey {
        trace: trace.id,
        what: format!("all heads {side}"),
        theme: &theme.name,
    };
    let texture = ctx.textures.get(painter.ctx(), key, || {
        let mut atlas =
            egui::ColorImage::filled([side * n_heads, side * n_layers], *theme.background);
        for (layer, head) in (0..n_layers).flat_map(|l| (0..n_heads).map(move |h| (l, h))) {
            let Some(pattern) = trace.pattern(layer, head) else {
                continue;
            };
            let small = miniature(pattern, side, theme, WEIGHTS);
            for y in 0..small.height() {
                let start = (layer * side + y) * side * n_heads + head * side;
                let row = &small.pixels[y * small.width()..(y + 1) * small.width()];
                atlas.pixels[start..start + row.len()].copy_from_slice(row);
            }
        }
        atlas
    });
    for (layer, head) in (0..n_layers).flat_map(|l| (0..n_heads).map(move |h| (l, h))) {
        let rect = tile_rect(grid, tile, picture, layer, head);
        let corner =
            |l: usize, h: usize| pos2(h as f32 / n_heads as f32, l as f32 / n_layers as f32);
        let uv = Rect::from_min_max(corner(layer, head), corner(layer + 1, head + 1));
        painter.image(texture, rect, uv, Color32::WHITE);
    }
}

/// The head that is pointed at, with its tokens.
fn large_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (focus, trace) = (ctx.focus, ctx.trace.clone());
    let Some(matrix) = trace.pattern(focus.layer, focus.head) else {
        return crate::gui::widgets::empty_ui(ui, ctx.theme, "This recording holds no attention");
    };
    let names: Vec<String> = (0..trace.tokens.len()).map(|pos| ctx.label(pos)).collect();
    let heatmap = Heatmap {
        what: format!("pattern {}.{}", focus.layer, focus.head),
        matrix,
        scale: WEIGHTS,
        rows: Labels {
            title: "asks (query)",
            names: &names,
            color: *ctx.theme.query,
        },
        cols: Labels {
            title: "answers (key) →",
            names: &names,
            color: *ctx.theme.key,
        },
        focus: (focus.query, focus.key),
        cells: Cells::Causal,
    };
    let (response, cell) = heatmap.ui(ui, ctx);
    let name = format!(
        "Attention pattern of layer {}, head {}",
        focus.layer, focus.head
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    heatmap.point(response, cell, ctx);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_layers_by_heads() {
        let grid = Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 200.0));
        let rect = tile_rect(grid, 50.0, 46.0, 2, 5);
        assert_eq!(rect.min, pos2(260.0, 120.0));
        assert!(!rect.intersects(tile_rect(grid, 50.0, 46.0, 2, 4)));
    }
}
