//! A matrix as colours, with tokens along both axes.

use crate::gui::command::Target;
use crate::gui::format::{abbreviate, number};
use crate::gui::textures::{PictureKey, picture};
use crate::gui::theme::{Scale, Theme};
use crate::gui::view::Context;
use crate::trace::{Matrix, Trace};
use egui::epaint::TextShape;
use egui::{Align2, Color32, Painter, Pos2, Rect, Response, Sense, Ui, Vec2, pos2, vec2};

/// What stands along an axis.
pub struct Labels<'a> {
    /// What the axis is: "asks (query)".
    pub title: &'a str,
    /// The name of each row or column.
    pub names: &'a [String],
    /// The colour of the title and of what is pointed at.
    pub color: Color32,
}

/// Labels longer than this lose their middle.
const LONGEST: usize = 14;

impl<'a> Labels<'a> {
    /// Rows of an attention pattern: the tokens that ask.
    pub fn asks(theme: &Theme, names: &'a [String]) -> Self {
        Self {
            title: "asks (query)",
            names,
            color: *theme.query,
        }
    }

    /// Columns of an attention pattern: the tokens that answer.
    pub fn answers(theme: &Theme, names: &'a [String]) -> Self {
        Self {
            title: "answers (key) →",
            names,
            color: *theme.key,
        }
    }

    /// How much room the longest name takes.
    fn depth(&self, theme: &Theme) -> f32 {
        let longest = self.names.iter().map(|name| name.chars().count()).max();
        longest.unwrap_or(0).min(LONGEST) as f32 * theme.caption_size * 0.62
    }
}

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
        if trace.is_causal() {
            Self::Causal
        } else {
            Self::Square
        }
    }
}

/// Columns narrower than this many times the caption size have their labels turned.
const TURN: f32 = 4.0;

impl Heatmap<'_> {
    /// Draws the matrix as large as fits. Returns the response and the cell under the
    /// pointer, as row and column.
    pub fn ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) -> (Response, Option<(usize, usize)>) {
        let theme = ctx.theme;
        let room = ui.available_rect_before_wrap();
        let (grid, cell) = self.layout(theme, room);
        let whole = Rect::from_min_max(room.min, grid.max);
        let response = ui.allocate_rect(whole, Sense::click());

        self.paint_cells(ui, ctx, grid, cell);
        self.paint_labels(ui, ctx, grid, cell);
        self.paint_focus(ui, ctx, grid, cell);

        let pointed = response
            .hover_pos()
            .and_then(|pos| cell_at(pos, grid, cell));
        let pointed =
            pointed.filter(|&(row, col)| row < self.matrix.rows && col < self.matrix.cols);
        (response, pointed)
    }

    /// Where the cells lie in a room, and how large each is.
    pub fn layout(&self, theme: &Theme, room: Rect) -> (Rect, Vec2) {
        let margin_left = self.rows.depth(theme) + theme.caption_size * 2.4;
        let margin_top = self.cols.depth(theme) + theme.caption_size * 2.4;
        let room_for_cells =
            vec2(room.width() - margin_left, room.height() - margin_top).max(vec2(1.0, 1.0));
        let counts = vec2(
            self.matrix.cols.max(1) as f32,
            self.matrix.rows.max(1) as f32,
        );
        let most = Vec2::splat(theme.body_size * 6.0);
        let fit = room_for_cells / counts;
        let cell = match self.cells {
            Cells::Stretch => vec2(fit.x, fit.y.min(most.y)),
            Cells::Square | Cells::Causal => Vec2::splat(fit.min_elem()).min(most),
        };
        let grid = Rect::from_min_size(room.min + vec2(margin_left, margin_top), cell * counts);
        (grid, cell)
    }

    fn paint_cells(&self, ui: &Ui, ctx: &mut Context<'_>, grid: Rect, cell: Vec2) {
        let theme = ctx.theme;
        ui.painter().rect_filled(grid, 0.0, *theme.background);
        if self.matrix.data.is_empty() {
            return;
        }
        let key = PictureKey {
            trace: ctx.trace.id,
            what: self.what.clone(),
            theme: &theme.name,
        };
        let texture = ctx
            .textures
            .get(ui.ctx(), key, || picture(self.matrix, theme, self.scale));
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        ui.painter().image(texture, grid, uv, Color32::WHITE);
        if self.cells == Cells::Causal {
            self.paint_mask(ui, ctx, grid, cell.x);
        }
        ui.painter().rect_stroke(
            grid,
            0.0,
            theme.line(theme.outline),
            egui::StrokeKind::Outside,
        );
        self.paint_numbers(ui, ctx, grid, cell);
    }

    /// Hatches the cells right of the diagonal, row by row: nobody looks at the future.
    fn paint_mask(&self, ui: &Ui, ctx: &Context<'_>, grid: Rect, cell: f32) {
        let stroke = egui::Stroke::new(ctx.theme.stroke, ctx.theme.outline.gamma_multiply(0.8));
        let step = 9.0_f32.max(cell / 4.0);
        let n = self.matrix.rows as f32;
        // Lines along x + y = c; those cells with x > y + cell are the future.
        let mut c = step;
        while c < 2.0 * n * cell {
            let from = vec2(f32::midpoint(c, cell), (c - cell) / 2.0);
            let to = vec2(c.min(grid.width()), (c - grid.width()).max(0.0));
            if from.x < to.x {
                ui.painter()
                    .line_segment([grid.min + from, grid.min + to], stroke);
            }
            c += step;
        }
        for row in 0..self.matrix.rows.saturating_sub(1) {
            let (x, y) = ((row + 1) as f32 * cell, row as f32 * cell);
            let corner = grid.min + vec2(x, y + cell);
            ui.painter()
                .line_segment([grid.min + vec2(x, y), corner], stroke);
            ui.painter()
                .line_segment([corner, corner + vec2(cell, 0.0)], stroke);
        }
    }

    /// Writes the numbers into cells that are large enough.
    fn paint_numbers(&self, ui: &Ui, ctx: &Context<'_>, grid: Rect, cell: Vec2) {
        let theme = ctx.theme;
        if cell.x < theme.caption_size * 3.4 || cell.y < theme.caption_size * 1.4 {
            return;
        }
        for row in 0..self.matrix.rows {
            for (col, &value) in self.matrix.row(row).iter().enumerate() {
                if self.cells == Cells::Causal && col > row {
                    continue;
                }
                let center = cell_rect(grid, cell, row, col).center();
                let ink = theme.text_on(theme.color(self.scale, value));
                ui.painter().text(
                    center,
                    Align2::CENTER_CENTER,
                    cell_text(value),
                    theme.mono_caption(),
                    ink,
                );
            }
        }
    }

    fn paint_labels(&self, ui: &Ui, ctx: &Context<'_>, grid: Rect, cell: Vec2) {
        let theme = ctx.theme;
        let (row_focus, col_focus) = self.focus;
        row_labels(ui.painter(), theme, &self.rows, grid, row_focus);
        let turned = cell.x < theme.caption_size * TURN;
        column_labels(ui.painter(), theme, &self.cols, grid, col_focus, turned);
        self.paint_titles(ui, ctx, grid);
    }

    /// Names the axes: rows along the left edge, columns along the top edge.
    fn paint_titles(&self, ui: &Ui, ctx: &Context<'_>, grid: Rect) {
        let theme = ctx.theme;
        let depth = |labels: &Labels<'_>| labels.depth(theme) + theme.caption_size * 1.7;
        let font = theme.caption();
        let at = pos2(grid.left(), grid.top() - depth(&self.cols));
        ui.painter().text(
            at,
            Align2::LEFT_CENTER,
            self.cols.title,
            font.clone(),
            self.cols.color,
        );
        let galley = ui
            .painter()
            .layout_no_wrap(self.rows.title.to_owned(), font, self.rows.color);
        let at = pos2(grid.left() - depth(&self.rows), grid.top());
        let min = Align2::RIGHT_CENTER.anchor_size(at, galley.size()).min;
        let shape = TextShape::new(min, galley, self.rows.color)
            .with_angle_and_anchor(-std::f32::consts::FRAC_PI_2, Align2::RIGHT_CENTER);
        ui.painter().add(shape);
    }

    fn paint_focus(&self, ui: &Ui, ctx: &Context<'_>, grid: Rect, cell: Vec2) {
        let theme = ctx.theme;
        let outline = |rect: Rect, stroke| {
            ui.painter()
                .rect_stroke(rect, 0.0, stroke, egui::StrokeKind::Outside);
        };
        match self.focus {
            (Some(row), Some(col)) => {
                outline(cell_rect(grid, cell, row, col), theme.selection_stroke());
            }
            (Some(row), None) => {
                let left = cell_rect(grid, cell, row, 0);
                let right = cell_rect(grid, cell, row, self.matrix.cols.saturating_sub(1));
                outline(left.union(right), theme.selection_stroke());
            }
            (None, Some(col)) => {
                let top = cell_rect(grid, cell, 0, col);
                let bottom = cell_rect(grid, cell, self.matrix.rows.saturating_sub(1), col);
                outline(top.union(bottom), theme.selection_stroke());
            }
            (None, None) => {}
        }
    }

    /// What to say about a cell: "'sat' looks at 'cat': 0.38".
    pub fn value(&self, (row, col): (usize, usize)) -> Option<f32> {
        self.matrix.get(row, col)
    }

    /// Hovering previews a cell, clicking keeps it, and a tooltip says its number.
    pub fn point(&self, response: Response, cell: Option<(usize, usize)>, ctx: &mut Context<'_>) {
        let Some((query, key)) = cell else { return };
        ctx.point(&response, Target::Cell { query, key });
        if let Some(value) = self.value((query, key)) {
            let names = (self.rows.names.get(query), self.cols.names.get(key));
            let (row, col) = (names.0.map_or("", |n| n), names.1.map_or("", |n| n));
            response.on_hover_text_at_pointer(format!("{row} → {col}: {}", number(value)));
        }
    }
}

/// A number as it fits into a cell: two decimals without the leading zero.
pub fn cell_text(value: f32) -> String {
    if value.abs() < 1.0 {
        format!("{value:.2}")
            .replacen("0.", ".", 1)
            .replace('-', "−")
    } else {
        number(value)
    }
}

/// Writes the names of rows left of their grid, as many as fit.
pub fn row_labels(
    painter: &Painter,
    theme: &Theme,
    labels: &Labels<'_>,
    grid: Rect,
    focus: Option<usize>,
) {
    let cell = grid.height() / labels.names.len().max(1) as f32;
    for (row, name) in shown_labels(labels.names, cell, theme.caption_size, focus) {
        let at = pos2(grid.left() - 6.0, grid.top() + (row as f32 + 0.5) * cell);
        let color = label_color(theme, labels, focus == Some(row));
        let (anchor, font) = (Align2::RIGHT_CENTER, theme.mono_caption());
        painter.text(at, anchor, abbreviate(name, LONGEST), font, color);
    }
}

/// Writes the names of columns above their grid, as many as fit, upright or turned.
pub fn column_labels(
    painter: &Painter,
    theme: &Theme,
    labels: &Labels<'_>,
    grid: Rect,
    focus: Option<usize>,
    turned: bool,
) {
    let cell = grid.width() / labels.names.len().max(1) as f32;
    for (col, name) in shown_labels(labels.names, cell, theme.caption_size, focus) {
        let at = pos2(grid.left() + (col as f32 + 0.5) * cell, grid.top() - 6.0);
        let color = label_color(theme, labels, focus == Some(col));
        let galley = painter.layout_no_wrap(abbreviate(name, LONGEST), theme.mono_caption(), color);
        let (angle, anchor) = if turned {
            (-std::f32::consts::FRAC_PI_2, Align2::LEFT_CENTER)
        } else {
            (0.0, Align2::CENTER_BOTTOM)
        };
        let min = anchor.anchor_size(at, galley.size()).min;
        painter.add(TextShape::new(min, galley, color).with_angle_and_anchor(angle, anchor));
    }
}

fn label_color(theme: &Theme, labels: &Labels<'_>, is_focus: bool) -> Color32 {
    if is_focus { labels.color } else { *theme.text }
}

fn cell_rect(grid: Rect, cell: Vec2, row: usize, col: usize) -> Rect {
    Rect::from_min_size(grid.min + vec2(col as f32, row as f32) * cell, cell)
}

fn cell_at(pos: Pos2, grid: Rect, cell: Vec2) -> Option<(usize, usize)> {
    let offset = pos - grid.min;
    (grid.contains(pos) && cell.min_elem() > 0.0)
        .then(|| ((offset.y / cell.y) as usize, (offset.x / cell.x) as usize))
}

/// The labels that fit beside cells of this size: every one, or every n-th, and always the one that
/// is pointed at, for which its neighbours give way.
fn shown_labels(
    names: &[String],
    cell: f32,
    text_size: f32,
    focus: Option<usize>,
) -> impl Iterator<Item = (usize, &String)> {
    let every = (text_size * 1.25 / cell.max(0.01)).ceil().max(1.0) as usize;
    names.iter().enumerate().filter(move |(i, _)| match focus {
        Some(focus) if *i == focus => true,
        Some(focus) if i.abs_diff(focus) < every => false,
        _ => i.is_multiple_of(every),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_thin_out_and_the_focus_stays() {
        let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
        let shown = |cell, focus| {
            shown_labels(&names, cell, 10.0, focus)
                .map(|(i, _)| i)
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(20.0, None).len(), 10);
        assert_eq!(shown(3.0, None), [0, 5]);
        assert_eq!(shown(3.0, Some(7)), [0, 7]);
    }

    #[test]
    fn short_numbers() {
        assert_eq!(
            (cell_text(0.384), cell_text(-0.5), cell_text(1.0)),
            (".38".into(), "−.50".into(), "1.00".into())
        );
    }
}
