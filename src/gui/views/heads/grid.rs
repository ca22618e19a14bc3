//! The tiles: every head small, by layer or by score, and all heads together.

use super::badges::paint_badges;
use super::reading::Reading;
use super::{Heads, Large, WEIGHTS, habits};
use crate::gui::contract::command::Target;
use crate::gui::contract::textures::{PictureKey, miniature};
use crate::gui::contract::view::Context;
use crate::gui::look::theme::Theme;
use crate::math::heads::HeadRole;
use crate::text::{tr, trf};
use egui::{Align2, Color32, Painter, Rect, Sense, Ui, Vec2, pos2, vec2};

/// How much of a head that lacks the chosen badge is still seen.
const DIMMED: f32 = 0.22;

/// Where each head's picture is.
struct Layout {
    /// Room for all of it, with labels.
    size: Vec2,
    /// Layer, head and place, relative to the top left.
    tiles: Vec<(usize, usize, Rect)>,
    /// The side of a tile with its gap.
    pitch: f32,
}

impl Layout {
    /// Layers are rows, heads are columns; as large as `room` allows, or as small as `least`.
    fn by_layer(room: Vec2, (n_layers, n_heads): (usize, usize), theme: &Theme) -> Self {
        let margin = Vec2::splat(theme.caption_size * 3.2);
        let fit = (room - margin) / vec2(n_heads.max(1) as f32, n_layers.max(1) as f32);
        let pitch = fit.min_elem().clamp(theme.caption_size * 2.0, theme.body_size * 9.0);
        let places = (0..n_layers).flat_map(|layer| (0..n_heads).map(move |head| (layer, head)));
        let place = |(layer, head): (usize, usize)| {
            let min = margin + vec2(head as f32, layer as f32) * pitch;
            (layer, head, Rect::from_min_size(min.to_pos2(), picture(pitch)))
        };
        Self {
            size: margin + vec2(n_heads as f32, n_layers as f32) * pitch,
            tiles: places.map(place).collect(),
            pitch,
        }
    }

    /// In the given order, line by line, each with a label above it.
    fn ranked(room: Vec2, order: &[(usize, usize)], theme: &Theme) -> Self {
        let label = theme.caption_size * 1.5;
        let least = theme.caption_size * 4.7;
        // Frames lie outside the pictures.
        let inset = theme.stroke + 1.0;
        let width = (room.x - 2.0 * inset - theme.caption_size * 0.5).max(least);
        let lines = |cols: usize| order.len().div_ceil(cols.max(1));
        let most = (width / least).max(1.0) as usize;
        let fits = |cols: &usize| lines(*cols) as f32 * (width / *cols as f32 + label) <= room.y;
        let cols = (1..most).find(fits).unwrap_or(most);
        let pitch = (width / cols as f32).min(theme.body_size * 9.0);
        let place = |(i, &(layer, head)): (usize, &(usize, usize))| {
            let min = pos2(
                inset + (i % cols) as f32 * pitch,
                (i / cols) as f32 * (pitch + label) + label,
            );
            (layer, head, Rect::from_min_size(min, picture(pitch)))
        };
        Self {
            size: vec2(inset + cols as f32 * pitch, lines(cols) as f32 * (pitch + label)),
            tiles: order.iter().enumerate().map(place).collect(),
            pitch,
        }
    }
}

/// The size of a tile's picture, without the gap.
fn picture(pitch: f32) -> Vec2 {
    Vec2::splat(pitch - (pitch * 0.08).clamp(2.0, 8.0))
}

/// The grid of heads as a miniature.
pub fn thumbnail(painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
    let (n_layers, n_heads) = (ctx.trace.model.n_layers, ctx.trace.model.n_heads);
    let pitch = (rect.width() / n_heads.max(1) as f32).min(rect.height() / n_layers.max(1) as f32);
    for layer in 0..n_layers {
        for head in 0..n_heads {
            let min = rect.min + vec2(head as f32, layer as f32) * pitch;
            let tile = Rect::from_min_size(min, Vec2::splat(pitch * 0.9));
            paint_head(painter, tile, ctx, (layer, head), Color32::WHITE);
        }
    }
}

impl Heads {
    /// Every head as a small picture, and all heads together beneath.
    pub(super) fn grid_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let model = &ctx.trace.model;
        let shape = (model.n_layers, model.n_heads);
        self.glow.follow(ctx.trace, ui.input(|input| input.time));
        let room = ui.available_size();
        let strip = (room.y * 0.16).clamp(theme.caption_size * 3.2, theme.body_size * 6.0);
        // In a low room everything scrolls together, so that enough of the grid is seen.
        let is_low = room.y < theme.caption_size * 18.0;
        let below = if is_low { 0.0 } else { strip + theme.body_size };
        let room = vec2(room.x, room.y - below);
        let order = match (&self.reading, self.role) {
            (Some(reading), Some(role)) if ctx.tab == super::RANKED => {
                let mut order = reading.ranking(role);
                order.retain(|&(layer, head)| layer < shape.0 && head < shape.1);
                Some(order)
            }
            _ => None,
        };
        let layout = match &order {
            Some(order) => Layout::ranked(room, order, theme),
            None => Layout::by_layer(room, shape, theme),
        };
        let scroll = egui::ScrollArea::both().auto_shrink([false, true]);
        scroll.max_height(room.y).show(ui, |ui| {
            let (whole, _) = ui.allocate_exact_size(layout.size, Sense::hover());
            if order.is_none() {
                let first = layout
                    .tiles
                    .first()
                    .map_or(whole.min, |(_, _, tile)| tile.min + whole.min.to_vec2());
                grid_labels(ui.painter(), ctx, pos2(first.x, first.y), layout.pitch);
            }
            for &(layer, head, tile) in &layout.tiles {
                let tile = tile.translate(whole.min.to_vec2());
                self.tile_ui(ui, ctx, tile, (layer, head), order.is_some());
            }
            if is_low {
                self.together_ui(ui, ctx, strip);
            }
        });
        if !is_low {
            ui.add_space(theme.body_size / 2.0);
            self.together_ui(ui, ctx, strip);
        }
    }

    fn tile_ui(
        &mut self,
        ui: &Ui,
        ctx: &mut Context<'_>,
        tile: Rect,
        (layer, head): (usize, usize),
        is_labelled: bool,
    ) {
        let theme = ctx.theme;
        let target = Target::Head { layer, head };
        let response = ui.interact(tile, ui.scope_id().with((layer, head)), Sense::click());
        let reading = self.reading.as_ref();
        let badges: Vec<HeadRole> = reading
            .map(|reading| reading.badges(layer, head))
            .unwrap_or_default()
            .into_iter()
            .map(|(role, _)| role)
            .collect();
        if ui.is_rect_visible(tile) {
            // Heads without the badge step back, unless all are without it.
            let is_dimmed = self.role.is_some_and(|role| {
                let is_earned = reading.is_some_and(|reading| reading.count(role) > 0);
                is_earned && !badges.contains(&role)
            });
            let tint = if is_dimmed { DIMMED } else { 1.0 };
            let tint = Color32::WHITE.gamma_multiply(tint);
            let painter = ui.painter();
            paint_head(painter, tile, ctx, (layer, head), tint);
            let number = layer * ctx.trace.model.n_heads + head;
            self.glow.paint(painter, tile, number, theme.head(head));
            let n_tokens = ctx.trace.tokens.len();
            // The letters stand where a decoder's head sees nothing.
            let badges = if ctx.trace.is_causal() { &badges[..] } else { &[] };
            paint_badges(painter, theme, tile, n_tokens, badges, self.role);
            if is_labelled {
                tile_label(painter, theme, tile, (layer, head), self.shown_score(layer, head));
            }
            let is_large = self.large == Large::Head && ctx.pinned.holds(target);
            outline(painter, theme, tile, &response, (is_large, theme.head(head)));
        }
        let names: Vec<&str> = badges.iter().map(|role| tr(role.name())).collect();
        let name = trf("Head {0}.{1} {2}", &[&layer, &head, &names.join(" ")]);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.trim()));
        if response.clicked() {
            self.large = Large::Head;
        }
        ctx.point(&response, target);
        if let Some(reading) = &self.reading {
            response.on_hover_ui(|ui| {
                ui.set_max_width(theme.body_size * 40.0);
                ui.strong(trf("Layer {0}, head {1}", &[&layer, &head]));
                ui.label(habits(reading, layer, head));
            });
        }
    }

    fn shown_score(&self, layer: usize, head: usize) -> Option<f32> {
        let reading = self.reading.as_ref()?;
        Some(reading.score(layer, head, self.role?)?.value)
    }

    /// The average of all heads, and rollout, to be made large.
    fn together_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, side: f32) {
        let (theme, ink) = (ctx.theme, *ctx.theme.text);
        let gap = theme.caption_size / 2.0;
        ui.horizontal(|ui| {
            let label = |text: &str| {
                let text = text.to_owned();
                ui.painter().layout_no_wrap(text, theme.caption(), ink)
            };
            let all = [
                (Large::Mean, label(tr("average of\nall heads"))),
                (Large::Rollout, label(tr("rollout\nover layers"))),
            ];
            let labels: f32 = all.iter().map(|(_, label)| label.size().x + 2.0 * gap).sum();
            let room = ui.available_width() - labels - ui.spacing().item_spacing.x;
            let side = side.min(room / 2.0).max(gap);
            // Attention to another text cannot be multiplied over layers.
            let n = if ctx.trace.is_cross() { 1 } else { 2 };
            for (large, galley) in all.into_iter().take(n) {
                let size = vec2(side + gap + galley.size().x + gap, side);
                let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                let tile = Rect::from_min_size(rect.min, Vec2::splat(side));
                let tile = tile.shrink(theme.stroke + 1.0);
                if let Some(reading) = &self.reading {
                    paint_together(ui.painter(), tile, ctx, reading, large);
                }
                let is_large = (self.large == large, *theme.accent);
                outline(ui.painter(), theme, tile, &response, is_large);
                let at = Align2::LEFT_CENTER
                    .anchor_size(pos2(tile.right() + gap, rect.center().y), galley.size());
                ui.painter().galley(at.min, galley, ink);
                let name = trf("Show {0}", &[&tr(large.name())]);
                response.widget_info(|| {
                    let is_large = self.large == large;
                    egui::WidgetInfo::selected(egui::Role::Button, true, is_large, &name)
                });
                if response.on_hover_text(name).clicked() {
                    let again = self.large == large;
                    self.large = if again { Large::Head } else { large };
                }
            }
        });
    }
}

/// A tile's frame: that of the selection, of the pointer, or a hairline.
fn outline(
    painter: &Painter,
    theme: &Theme,
    tile: Rect,
    response: &egui::Response,
    (is_selected, hue): (bool, Color32),
) {
    let stroke = if is_selected {
        theme.selection_stroke()
    } else if response.hovered() || response.has_focus() {
        egui::Stroke::new(theme.stroke + 1.0, hue)
    } else {
        theme.line(theme.outline)
    };
    painter.rect_stroke(tile, 2.0, stroke, egui::StrokeKind::Outside);
}

/// "2.5" above a tile, and its score where there is room.
fn tile_label(
    painter: &Painter,
    theme: &Theme,
    tile: Rect,
    (layer, head): (usize, usize),
    score: Option<f32>,
) {
    let y = tile.top() - theme.caption_size * 0.75;
    let name = painter.text(
        pos2(tile.left(), y),
        Align2::LEFT_CENTER,
        format!("{layer}.{head}"),
        theme.mono_caption(),
        theme.head(head),
    );
    let score = score.map_or("–".to_owned(), |s| format!("{s:.2}").replacen("0.", ".", 1));
    let galley = painter.layout_no_wrap(score, theme.mono_caption(), *theme.dim);
    let at = Align2::RIGHT_CENTER.anchor_size(pos2(tile.right(), y), galley.size());
    if at.left() > name.right() + 2.0 {
        painter.galley(at.min, galley, *theme.dim);
    }
}

/// Numbers the rows and the columns, and says which are which.
fn grid_labels(painter: &Painter, ctx: &Context<'_>, first: egui::Pos2, pitch: f32) {
    let theme = ctx.theme;
    let dim = *theme.dim;
    let title = pos2(first.x, first.y - theme.caption_size * 2.5);
    painter.text(title, Align2::LEFT_CENTER, tr("head →"), theme.caption(), dim);
    let corner = pos2(first.x - 6.0, title.y);
    painter.text(corner, Align2::RIGHT_CENTER, tr("layer"), theme.caption(), dim);
    let middle = picture(pitch).x / 2.0;
    let number = |at, anchor, n: usize, ink| {
        painter.text(at, anchor, n, theme.mono_caption(), ink);
    };
    for head in 0..ctx.trace.model.n_heads {
        let at = pos2(first.x + head as f32 * pitch + middle, first.y - 4.0);
        number(at, Align2::CENTER_BOTTOM, head, theme.head(head));
    }
    for layer in 0..ctx.trace.model.n_layers {
        let at = pos2(first.x - 6.0, first.y + layer as f32 * pitch + middle);
        number(at, Align2::RIGHT_CENTER, layer, *theme.text);
    }
}

/// As many pixels as tokens, or as the screen shows.
fn pixels(painter: &Painter, tile: Rect, ctx: &Context<'_>) -> usize {
    let shown = (tile.width() * painter.ctx().pixels_per_point()).ceil() as usize;
    let longest = ctx.trace.tokens.len().max(ctx.trace.key_tokens().len());
    longest.min(shown.next_power_of_two()).max(1)
}

/// One head from the texture that holds all of them.
fn paint_head(
    painter: &Painter,
    tile: Rect,
    ctx: &mut Context<'_>,
    (layer, head): (usize, usize),
    tint: Color32,
) {
    let (trace, theme) = (ctx.trace, ctx.theme);
    let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
    let side = pixels(painter, tile, ctx);
    let key = PictureKey { trace: trace.id, what: format!("all heads {side}"), theme: &theme.name };
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
    let corner = |l: usize, h: usize| pos2(h as f32 / n_heads as f32, l as f32 / n_layers as f32);
    let uv = Rect::from_min_max(corner(layer, head), corner(layer + 1, head + 1));
    painter.image(texture, tile, uv, tint);
}

/// The average or rollout as a tile.
fn paint_together(
    painter: &Painter,
    tile: Rect,
    ctx: &mut Context<'_>,
    reading: &Reading,
    large: Large,
) {
    let side = pixels(painter, tile, ctx);
    let theme = ctx.theme;
    let matrix = match large {
        Large::Rollout => reading.rollout(),
        _ => reading.mean(),
    };
    let key = PictureKey {
        trace: reading.id,
        what: format!("{} tile {side}", large.name()),
        theme: &theme.name,
    };
    let texture = ctx.textures.get(painter.ctx(), key, || miniature(matrix, side, theme, WEIGHTS));
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.image(texture, tile, uv, Color32::WHITE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_layers_by_heads() {
        let theme = Theme::named("dark");
        let layout = Layout::by_layer(vec2(400.0, 300.0), (4, 6), theme);
        assert_eq!(layout.tiles.len(), 24);
        let (layer, head, tile) = layout.tiles[2 * 6 + 5];
        assert_eq!((layer, head), (2, 5));
        assert!(tile.max.x <= 400.0 && tile.max.y <= 300.0);
        assert!(!tile.intersects(layout.tiles[2 * 6 + 4].2));
    }

    #[test]
    fn ranked_tiles_keep_their_order_and_do_not_overlap() {
        let theme = Theme::named("dark");
        let order: Vec<(usize, usize)> = (0..144).map(|i| (i % 12, i / 12)).collect();
        for room in [vec2(330.0, 250.0), vec2(900.0, 700.0), vec2(0.0, 0.0)] {
            let layout = Layout::ranked(room, &order, theme);
            assert_eq!(layout.tiles.len(), 144);
            assert_eq!((layout.tiles[1].0, layout.tiles[1].1), (1, 0));
            for pair in layout.tiles.windows(2) {
                assert!(!pair[0].2.intersects(pair[1].2), "{room:?}");
            }
        }
        assert!(Layout::ranked(vec2(9.0, 9.0), &[], theme).tiles.is_empty());
    }
}
