//! A matrix as colours, with names along both axes.

mod cells;
mod grid;
mod labels;

pub use cells::cell_text;
pub use grid::Grid;
pub use labels::{Labels, column_labels, row_labels};

use super::zoom::{Zoom, lock_arrows};
use crate::gui::contract::command::Target;
use crate::gui::contract::origin::with_origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::{Scale, Theme};
use crate::trace::{Hook, Matrix, Trace};
use egui::{Id, Key, Modifiers, Pos2, Rect, Response, Sense, StrokeKind, Ui, Vec2, vec2};
use grid::touched;

/// A matrix to draw.
pub struct Heatmap<'a> {
    /// Tells this picture from others of the same recording.
    pub what: String,
    /// The numbers.
    pub matrix: Matrix<'a>,
    /// Their colours.
    pub scale: Scale,
    /// Down the left side.
    pub rows: Labels<'a>,
    /// Across the top.
    pub cols: Labels<'a>,
    /// The row and the column that are pointed at.
    pub focus: (Option<usize>, Option<usize>),
    /// How cells fill the room.
    pub cells: Cells,
}

/// How the cells of a heatmap fill the room they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// Square cells, as large as fit.
    Square,
    /// The same, with the cells right of the diagonal hatched: hidden by the causal mask.
    Causal,
    /// Cells stretch to fill the room: for vectors as strips.
    Stretch,
}

impl Cells {
    /// Square cells of an attention pattern, hatched where a token may not look ahead.
    pub fn of(trace: &Trace) -> Self {
        if trace.is_causal() { Self::Causal } else { Self::Square }
    }
}

/// A heatmap on screen.
pub struct Shown {
    /// What the pointer and the keyboard do to it.
    pub response: Response,
    /// The cell pointed at by the pointer or by the keyboard, as row and column.
    pub pointed: Option<(usize, usize)>,
    /// Where the cells are.
    pub grid: Grid,
}

impl Shown {
    /// Names the picture and says what is known of the cell that is pointed at: in a tooltip, and
    /// to those who hear the picture.
    pub fn say(&self, name: &str, cell: impl Fn(usize, usize) -> String) {
        let text = self.pointed.map(|(row, col)| cell(row, col));
        let spoken = match &text {
            Some(text) => format!("{name}: {text}"),
            None => name.to_owned(),
        };
        self.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &spoken));
        let Some(text) = text else { return };
        if self.response.hovered() {
            self.response.clone().on_hover_text_at_pointer(text);
        } else if let Some((row, col)) = self.pointed {
            let (response, at) = (&self.response, self.grid.cell(row, col));
            let (ctx, layer) = (response.ctx.clone(), response.layer_id);
            egui::Tooltip::always_open(ctx, layer, response.id, at).show(|ui| ui.label(text));
        }
    }
}

impl Heatmap<'_> {
    /// Draws the matrix as large as fits. Returns the response and the cell that is pointed at, as
    /// row and column.
    pub fn ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) -> (Response, Option<(usize, usize)>) {
        let shown = self.show(ui, ctx);
        (shown.response, shown.pointed)
    }

    /// Draws the matrix as large as fits. Dragging zooms; with the keyboard's focus, the arrow keys
    /// go from cell to cell.
    pub fn show(&self, ui: &mut Ui, ctx: &mut Context<'_>) -> Shown {
        let theme = ctx.theme;
        let room = ui.available_rect_before_wrap();
        let id = ui.next_auto_id();
        let all = vec2(self.matrix.cols as f32, self.matrix.rows as f32);
        let mut zoom = Zoom::load(ui.ctx(), id, Rect::from_min_size(Pos2::ZERO, all));
        let grid = self.grid(theme, room, &zoom);
        let whole = Rect::from_min_max(room.min, grid.rect.max);
        let response = ui.allocate_rect(whole, Sense::click_and_drag());
        let cursor = self.cursor(ui, &response, id);
        if let Some((row, col)) = cursor.filter(|_| !response.hovered()) {
            let cell = Rect::from_min_size(egui::pos2(col as f32, row as f32), vec2(1.0, 1.0));
            zoom.reveal(ui.ctx(), cell);
        }
        self.paint_cells(ui, ctx, &grid);
        self.paint_labels(ui, ctx, &grid);
        self.paint_focus(ui, ctx, &grid);
        if let Some((row, col)) = cursor {
            paint_cursor(ui, theme, &grid, grid.cell(row, col));
        }
        let at = cursor.map(|(row, col)| grid.cell(row, col).center());
        zoom.ui(ui, theme, &response, grid.rect, at);
        let pointed = response.hover_pos().and_then(|pos| grid.at(pos));
        let pointed = if response.hovered() { pointed } else { cursor };
        Shown { response, pointed, grid }
    }

    /// Where the cells lie in a room.
    fn grid(&self, theme: &Theme, room: Rect, zoom: &Zoom) -> Grid {
        let margin = vec2(self.rows.depth(theme), self.cols.depth(theme))
            + Vec2::splat(theme.caption_size * 2.4);
        let room_for_cells = (room.size() - margin).max(vec2(1.0, 1.0));
        let part = zoom.part();
        let rows = touched(part.top(), part.bottom(), self.matrix.rows);
        let cols = touched(part.left(), part.right(), self.matrix.cols);
        let counts = vec2(cols.len() as f32, rows.len() as f32);
        let most = Vec2::splat(theme.body_size * 6.0);
        let fit = room_for_cells / counts;
        let cell = match self.cells {
            Cells::Stretch => vec2(fit.x, fit.y.min(most.y)),
            // What was zoomed to fills the room, whatever its shape.
            _ if zoom.is_zoomed() => fit,
            Cells::Square | Cells::Causal => Vec2::splat(fit.min_elem()).min(most),
        };
        let rect = Rect::from_min_size(room.min + margin, cell * counts);
        Grid { rect, cell, rows, cols }
    }

    /// The cell the keyboard points at, moved by the arrow keys.
    fn cursor(&self, ui: &Ui, response: &Response, id: Id) -> Option<(usize, usize)> {
        let (rows, cols) = (self.matrix.rows, self.matrix.cols);
        if !response.has_focus() || rows == 0 || cols == 0 {
            return None;
        }
        lock_arrows(ui, response);
        let id = id.with("cursor");
        let first = (self.focus.0.unwrap_or(rows - 1), self.focus.1.unwrap_or(0));
        let (mut row, mut col) = ui.data(|data| data.get_temp(id)).unwrap_or(first);
        for (key, down, right) in [
            (Key::ArrowUp, -1, 0),
            (Key::ArrowDown, 1, 0),
            (Key::ArrowLeft, 0, -1),
            (Key::ArrowRight, 0, 1),
        ] {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                row = row.saturating_add_signed(down);
                col = col.saturating_add_signed(right);
            }
        }
        let cursor = (row.min(rows - 1), col.min(cols - 1));
        ui.data_mut(|data| data.insert_temp(id, cursor));
        Some(cursor)
    }

    /// What to say about a cell: "'sat' looks at 'cat': 0.38".
    pub fn value(&self, (row, col): (usize, usize)) -> Option<f32> {
        self.matrix.get(row, col)
    }

    /// Hovering previews a cell of an attention pattern, clicking keeps it; its number is said, and
    /// where it is in the recording, if it is one head's.
    pub fn point(
        &self,
        shown: &Shown,
        name: &str,
        origin: Option<(Hook, usize)>,
        ctx: &mut Context<'_>,
    ) {
        if let Some((query, key)) = shown.pointed {
            ctx.point(&shown.response, Target::Cell { query, key });
        }
        shown.say(name, |row, col| {
            let names = (self.rows.names.get(row), self.cols.names.get(col));
            let (from, to) = (names.0.map_or("", |n| n), names.1.map_or("", |n| n));
            let value = number(self.value((row, col)).unwrap_or(f32::NAN));
            let text = format!("{from} → {to}: {value}");
            match origin {
                Some((hook, head)) => with_origin(ctx, &text, hook, &[head, row, col]),
                None => text,
            }
        });
    }
}

/// Frames the picture that has the keyboard's focus, and the cell it points at.
fn paint_cursor(ui: &Ui, theme: &Theme, grid: &Grid, cell: Rect) {
    let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
    let painter = ui.painter();
    painter.rect_stroke(grid.rect, 2.0, stroke, StrokeKind::Outside);
    if grid.rect.intersects(cell) {
        painter.rect_stroke(cell, 0.0, stroke, StrokeKind::Outside);
    }
}
