//! What is drawn of a heatmap: colours, the mask, numbers, names and what is pointed at.

use super::labels::{Labels, column_labels, row_labels};
use super::{Cells, Grid, Heatmap};
use crate::gui::contract::textures::{Leaving, PictureKey, picture};
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use egui::epaint::TextShape;
use egui::{Align2, Color32, Rect, StrokeKind, Ui, pos2, vec2};
use std::ops::Range;

/// Columns narrower than this many times the caption size have their labels turned, as have those
/// narrower than their labels.
const TURN: f32 = 4.0;
/// How brightly new cells light up before they settle.
const GLOW: f32 = 0.55;

impl Heatmap<'_> {
    pub(super) fn paint_cells(&self, ui: &Ui, ctx: &mut Context<'_>, grid: &Grid) {
        let theme = ctx.theme;
        ui.painter().rect_filled(grid.rect, 0.0, *theme.background);
        if self.matrix.data.is_empty() {
            return;
        }
        let key = PictureKey { trace: ctx.trace.id, what: self.what.clone(), theme: &theme.name };
        let texture = ctx.textures.get(ui.ctx(), key, || picture(self.matrix, theme, self.scale));
        let uv = grid.uv(self.matrix.rows, self.matrix.cols);
        ui.painter().image(texture, grid.rect, uv, Color32::WHITE);
        if let Some(leaving) = ctx.textures.leaving(ui.ctx(), &self.what) {
            paint_change(ui, theme, grid, &leaving);
        }
        if self.cells == Cells::Causal {
            paint_mask(ui, theme, grid);
        }
        let outline = theme.line(theme.outline);
        ui.painter().rect_stroke(grid.rect, 0.0, outline, StrokeKind::Outside);
        self.paint_numbers(ui, theme, grid);
    }

    /// Writes the numbers into cells that are large enough.
    fn paint_numbers(&self, ui: &Ui, theme: &Theme, grid: &Grid) {
        if grid.cell.x < theme.caption_size * 3.4 || grid.cell.y < theme.caption_size * 1.4 {
            return;
        }
        for row in grid.rows.clone() {
            for col in grid.cols.clone() {
                let Some(value) = self.matrix.get(row, col) else {
                    continue;
                };
                if self.cells == Cells::Causal && col > row {
                    continue;
                }
                let (at, text) = (grid.cell(row, col).center(), cell_text(value));
                let ink = theme.text_on(theme.color(self.scale, value));
                ui.painter().text(at, Align2::CENTER_CENTER, text, theme.mono_caption(), ink);
            }
        }
    }

    pub(super) fn paint_labels(&self, ui: &Ui, ctx: &Context<'_>, grid: &Grid) {
        let theme = ctx.theme;
        let (rows, row) = part_of(&self.rows, &grid.rows, self.focus.0);
        row_labels(ui.painter(), theme, &rows, grid.rect, row);
        let (cols, col) = part_of(&self.cols, &grid.cols, self.focus.1);
        let least = (theme.caption_size * TURN).max(cols.depth(theme) + theme.caption_size * 0.6);
        let turned = grid.cell.x < least;
        column_labels(ui.painter(), theme, &cols, grid.rect, col, turned);
        self.paint_titles(ui, theme, grid.rect);
    }

    /// Names the axes: rows along the left edge, columns along the top edge.
    fn paint_titles(&self, ui: &Ui, theme: &Theme, grid: Rect) {
        let depth = |labels: &Labels<'_>| labels.depth(theme) + theme.caption_size * 1.7;
        let font = theme.caption();
        let at = pos2(grid.left(), grid.top() - depth(&self.cols));
        let (title, color) = (self.cols.title, self.cols.color);
        ui.painter().text(at, Align2::LEFT_CENTER, title, font.clone(), color);
        let galley = ui.painter().layout_no_wrap(self.rows.title.to_owned(), font, self.rows.color);
        let at = pos2(grid.left() - depth(&self.rows), grid.top());
        let min = Align2::RIGHT_CENTER.anchor_size(at, galley.size()).min;
        let shape = TextShape::new(min, galley, self.rows.color)
            .with_angle_and_anchor(-std::f32::consts::FRAC_PI_2, Align2::RIGHT_CENTER);
        ui.painter().add(shape);
    }

    pub(super) fn paint_focus(&self, ui: &Ui, ctx: &Context<'_>, grid: &Grid) {
        let rect = match self.focus {
            (Some(row), Some(col)) => grid.cell(row, col),
            (Some(row), None) => grid.row(row),
            (None, Some(col)) => grid.col(col),
            (None, None) => return,
        };
        if grid.rect.expand(0.5).contains_rect(rect) {
            let stroke = ctx.theme.selection_stroke();
            ui.painter().rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
        }
    }
}

/// The names that are on screen, and which of them is pointed at.
fn part_of<'a>(
    labels: &Labels<'a>,
    shown: &Range<usize>,
    focus: Option<usize>,
) -> (Labels<'a>, Option<usize>) {
    let names = labels.names.get(shown.clone()).unwrap_or(labels.names);
    let focus = focus.filter(|focus| shown.contains(focus)).map(|focus| focus - shown.start);
    (Labels { names, ..*labels }, focus)
}

/// Lets the picture before fade, and what is new beside it glow and settle.
fn paint_change(ui: &Ui, theme: &Theme, grid: &Grid, leaving: &Leaving) {
    let painter = ui.painter().with_clip_rect(grid.rect.intersect(ui.clip_rect()));
    let [cols, rows] = leaving.size;
    let rest = 1.0 - leaving.progress;
    let old = Rect::from_min_max(grid.cell(0, 0).min, grid.cell(rows, cols).min);
    let uv = Rect::from_min_max(egui::Pos2::ZERO, pos2(1.0, 1.0));
    painter.image(leaving.texture, old, uv, Color32::WHITE.gamma_multiply(rest));
    let glow = theme.accent.gamma_multiply(GLOW * rest);
    let all = grid.rect;
    painter.rect_filled(all.with_min_y(old.bottom().max(all.top())), 0.0, glow);
    let right = all.with_min_x(old.right().max(all.left())).with_max_y(old.bottom());
    painter.rect_filled(right, 0.0, glow);
}

/// Hatches the cells right of the diagonal: nobody looks at the future.
fn paint_mask(ui: &Ui, theme: &Theme, grid: &Grid) {
    let stroke = egui::Stroke::new(theme.stroke, theme.outline.gamma_multiply(0.8));
    let (size, cell) = (grid.rect.size(), grid.cell);
    let step = 9.0_f32.max(cell.x / 4.0);
    // Lines along x + y = c; a cell is in the future where its column exceeds its row.
    let ahead = 1.0 + grid.rows.start as f32 - grid.cols.start as f32;
    let mut c = step;
    while c < size.x + size.y {
        let diagonal = (ahead + c / cell.y) / (1.0 / cell.x + 1.0 / cell.y);
        let (from, to) = (diagonal.max(c - size.y).max(0.0), c.min(size.x));
        if from < to {
            let ends = [from, to].map(|x| grid.rect.min + vec2(x, c - x));
            ui.painter().line_segment(ends, stroke);
        }
        c += step;
    }
    for row in grid.rows.clone().filter(|row| grid.cols.contains(&(row + 1))) {
        let below = grid.cell(row, row + 1);
        ui.painter().vline(below.left(), below.y_range(), stroke);
        if row + 1 < grid.rows.end {
            ui.painter().hline(below.x_range(), below.bottom(), stroke);
        }
    }
}

/// A number as it fits into a cell: two decimals without the leading zero.
pub fn cell_text(value: f32) -> String {
    if value.abs() < 1.0 {
        format!("{value:.2}").replacen("0.", ".", 1).replace('-', "−")
    } else {
        number(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers() {
        assert_eq!(
            (cell_text(0.384), cell_text(-0.5), cell_text(1.0)),
            (".38".into(), "−.50".into(), "1.00".into())
        );
    }
}
