//! Vectors as strips of colour, one beneath the other, their dimensions aligned.

use crate::gui::contract::command::Target;
use crate::gui::contract::origin::with_origin;
use crate::gui::contract::textures::{PictureKey, picture};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, number};
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::Zoom;
use crate::math::vector::norm;
use crate::text::{tr, trf};
use crate::trace::{Hook, Matrix};
use egui::{Align2, Color32, Rect, Response, ScrollArea, Sense, Ui, pos2, vec2};

/// Vectors to draw.
pub struct Strips<'a> {
    /// Tells their picture from others.
    pub key: PictureKey,
    /// One vector per row.
    pub matrix: Matrix<'a>,
    /// The name of each row.
    pub names: Vec<String>,
    /// The colours, shared by all.
    pub scale: Scale,
    /// What the rows are.
    pub rows: Rows,
}

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// The tokens of the text, which can be pointed at.
    Tokens,
    /// Anything else.
    Vectors,
}

/// Which token the strips were last scrolled to.
#[derive(Debug, Default)]
pub struct Scroll {
    at: Option<usize>,
}

/// Where the parts of a row are, from left to right.
struct Columns {
    names: f32,
    strip: egui::Rangef,
    right: f32,
}

impl Columns {
    /// Where the middle of a dimension is.
    fn x(&self, dim: usize, zoom: &Zoom) -> f32 {
        let part = zoom.part().x_range();
        self.strip.min + (dim as f32 + 0.5 - part.min) / part.span() * self.strip.span()
    }
}

impl Strips<'_> {
    /// How high all strips are together, with their axis.
    pub fn height(&self, theme: &Theme) -> f32 {
        axis_height(theme) + self.matrix.rows as f32 * row_height(theme)
    }

    /// The height of as many whole strips as fit into `most`.
    pub fn height_within(&self, theme: &Theme, most: f32) -> f32 {
        let rows = ((most - axis_height(theme)) / row_height(theme)).floor().max(1.0);
        axis_height(theme) + rows.min(self.matrix.rows as f32) * row_height(theme)
    }

    fn columns(&self, theme: &Theme, room: Rect) -> Columns {
        let longest = self.names.iter().map(|name| name.chars().count()).max();
        let chars = longest.unwrap_or(0).clamp(5, MOST_CHARS) as f32;
        let names = chars * theme.body_size * 0.62 + theme.body_size * 0.6;
        // Beside the lengths a scroll bar may float.
        let lengths = theme.caption_size * 5.2;
        let left = room.left() + names;
        let right = (room.right() - lengths).max(left + 1.0);
        Columns {
            names: room.left(),
            strip: egui::Rangef::new(left, right),
            right: room.right() - theme.caption_size,
        }
    }

    /// The numbers of the dimensions, above the strips.
    fn axis_ui(&self, ui: &mut Ui, theme: &Theme, zoom: &Zoom) {
        let size = vec2(ui.available_width(), axis_height(theme));
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let columns = self.columns(theme, rect);
        let painter = ui.painter();
        let (y, ink) = (rect.center().y, *theme.dim);
        let text = |x: f32, anchor: Align2, text: &str| {
            painter.text(pos2(x, y), anchor, text, theme.caption(), ink)
        };
        text(columns.right, Align2::RIGHT_CENTER, tr("length"));
        let title = text(columns.strip.min, Align2::LEFT_CENTER, tr("dimension →"));
        let part = zoom.part().x_range();
        let cell = columns.strip.span() / part.span().max(1.0);
        let step = tick_step(cell, theme.caption_size * 3.6);
        let clear = title.right() + theme.caption_size;
        for dim in (0..self.matrix.cols).step_by(step) {
            let x = columns.x(dim, zoom);
            if x - theme.caption_size > clear && x <= columns.strip.max {
                let label = dim.to_string();
                painter.text(pos2(x, y), Align2::CENTER_CENTER, label, theme.mono_caption(), ink);
            }
        }
    }

    fn row_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>, row: usize, zoom: &mut Zoom) -> Response {
        let theme = ctx.theme;
        let size = vec2(ui.available_width(), row_height(theme));
        let sense = match self.rows {
            Rows::Tokens => Sense::click_and_drag(),
            Rows::Vectors => Sense::hover() | Sense::DRAG,
        };
        let (rect, response) = ui.allocate_exact_size(size, sense);
        let name = self.names.get(row).map_or("", String::as_str);
        let length = norm(self.matrix.row(row));
        let accessible = trf("Vector of {0}, length {1}", &[&name, &number(length)]);
        let role = match self.rows {
            Rows::Tokens => egui::Role::Button,
            Rows::Vectors => egui::Role::Image,
        };
        response.widget_info(|| egui::WidgetInfo::labeled(role, true, &accessible));
        if ui.is_rect_visible(rect) {
            self.paint_row(ui, ctx, rect, row, (&response, zoom));
            let strip = Rect::from_x_y_ranges(self.columns(theme, rect).strip, rect.y_range());
            zoom.gestures(ui, theme, &response, strip, None);
        }
        if self.rows == Rows::Tokens {
            ctx.point(&response, Target::Token(row));
        }
        self.tooltip(ctx, response, rect, row, zoom)
    }

    fn paint_row(
        &self,
        ui: &Ui,
        ctx: &mut Context<'_>,
        rect: Rect,
        row: usize,
        (response, zoom): (&Response, &Zoom),
    ) {
        let theme = ctx.theme;
        let columns = self.columns(theme, rect);
        let painter = ui.painter();
        let is_focus = self.rows == Rows::Tokens && ctx.focus.query_or_last(ctx.trace) == row;
        if is_focus || response.hovered() || response.has_focus() {
            painter.rect_filled(rect, 4.0, *theme.raised);
        }
        let name = self.names.get(row).map_or("", String::as_str);
        let at = pos2(columns.names + 4.0, rect.center().y);
        let name = abbreviate(name, MOST_CHARS);
        painter.text(at, Align2::LEFT_CENTER, name, theme.mono(), *theme.text);
        let at = pos2(columns.right, rect.center().y);
        let length = number(norm(self.matrix.row(row)));
        painter.text(at, Align2::RIGHT_CENTER, length, theme.mono_caption(), *theme.dim);

        let strip = Rect::from_x_y_ranges(columns.strip, rect.shrink2(vec2(0.0, 2.0)).y_range());
        let (matrix, scale) = (self.matrix, self.scale);
        let paint = || picture(matrix, theme, scale);
        let texture = ctx.textures.get(ui.ctx(), self.key.clone(), paint);
        // The middle of the row above and below: neighbouring rows must not bleed in.
        let y = (row as f32 + 0.5) / self.matrix.rows.max(1) as f32;
        let share = |dim: f32| dim / self.matrix.cols.max(1) as f32;
        let part = zoom.part();
        let uv = Rect::from_min_max(pos2(share(part.left()), y), pos2(share(part.right()), y));
        painter.image(texture, strip, uv, Color32::WHITE);
        let (stroke, kind) = if is_focus {
            (theme.selection_stroke(), egui::StrokeKind::Outside)
        } else {
            (theme.line(theme.outline), egui::StrokeKind::Inside)
        };
        painter.rect_stroke(strip, 0.0, stroke, kind);
    }

    /// Says the number under the pointer.
    fn tooltip(
        &self,
        ctx: &Context<'_>,
        response: Response,
        rect: Rect,
        row: usize,
        zoom: &Zoom,
    ) -> Response {
        let strip = self.columns(ctx.theme, rect).strip;
        let Some(pos) = response.hover_pos().filter(|pos| strip.contains(pos.x)) else {
            return response;
        };
        let part = zoom.part().x_range();
        let dim = (part.min + (pos.x - strip.min) / strip.span() * part.span()) as usize;
        let Some(value) = self.matrix.get(row, dim) else {
            return response;
        };
        let name = self.names.get(row).map_or("", String::as_str);
        let text = trf("{0}, dimension {1}: {2}", &[&name, &dim, &number(value)]);
        response.on_hover_text_at_pointer(match self.rows {
            Rows::Tokens => with_origin(ctx, &text, Hook::Embed, &[row, dim]),
            Rows::Vectors => text,
        })
    }
}

impl Scroll {
    /// Draws the strips, scrolling where there is no room, and moves to a token that was just
    /// selected.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, strips: &Strips<'_>) {
        if strips.matrix.data.is_empty() {
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(strips.matrix.cols as f32, 1.0));
        let mut zoom = Zoom::load(ui.ctx(), ui.scope_id().with("strips"), whole).across();
        let rows = ui.available_rect_before_wrap();
        strips.axis_ui(ui, ctx.theme, &zoom);
        let is_text = strips.rows == Rows::Tokens;
        let selected = is_text.then(|| ctx.pinned.query_or_last(ctx.trace));
        let is_moving = std::mem::replace(&mut self.at, selected) != selected;
        let area = ScrollArea::vertical().id_salt("strips").auto_shrink(false);
        area.show(ui, |ui| {
            for row in 0..strips.matrix.rows {
                let response = strips.row_ui(ui, ctx, row, &mut zoom);
                if is_moving && selected == Some(row) {
                    response.scroll_to_me(Some(egui::Align::Center));
                }
            }
        });
        if zoom.is_zoomed() {
            let shown = rows.with_min_y(rows.top() + axis_height(ctx.theme));
            let height = strips.matrix.rows as f32 * row_height(ctx.theme);
            let shown = shown.with_max_y(shown.bottom().min(shown.top() + height));
            let across = strips.columns(ctx.theme, shown).strip;
            zoom.mark_ui(ui, ctx.theme, Rect::from_x_y_ranges(across, shown.y_range()));
        }
    }
}

/// Longer names lose their middle.
const MOST_CHARS: usize = 12;

fn axis_height(theme: &Theme) -> f32 {
    (theme.caption_size * 1.8).round()
}

fn row_height(theme: &Theme) -> f32 {
    (theme.body_size * 1.5).round()
}

/// A power of two: so many cells apart that labels `room` wide do not touch.
fn tick_step(cell: f32, room: f32) -> usize {
    let cells = (room / cell.max(0.001)).ceil().clamp(1.0, 65_536.0);
    (cells as usize).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_their_distance() {
        assert_eq!(tick_step(5.0, 40.0), 8);
        assert_eq!(tick_step(4.9, 40.0), 16);
        assert_eq!(tick_step(100.0, 40.0), 1);
        assert_eq!(tick_step(0.0, 40.0), 65_536);
    }
}
