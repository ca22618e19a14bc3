//! Where the cells of a heatmap lie.

use egui::{Pos2, Rect, Vec2, vec2};
use std::ops::Range;

/// The cells on screen: all of them, or those that were zoomed to.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The place of the cells on screen.
    pub rect: Rect,
    /// The size of a cell.
    pub cell: Vec2,
    /// The rows on screen.
    pub rows: Range<usize>,
    /// The columns on screen.
    pub cols: Range<usize>,
}

impl Grid {
    /// The place of a cell; outside of the grid for one that is not on screen.
    pub fn cell(&self, row: usize, col: usize) -> Rect {
        let offset = vec2(col as f32 - self.cols.start as f32, row as f32 - self.rows.start as f32);
        Rect::from_min_size(self.rect.min + offset * self.cell, self.cell)
    }

    /// The places of a column's cells together.
    pub fn col(&self, col: usize) -> Rect {
        Rect::from_x_y_ranges(self.cell(0, col).x_range(), self.rect.y_range())
    }

    /// The places of a row's cells together.
    pub fn row(&self, row: usize) -> Rect {
        Rect::from_x_y_ranges(self.rect.x_range(), self.cell(row, 0).y_range())
    }

    /// The cell at a place on screen, as row and column.
    pub fn at(&self, pos: Pos2) -> Option<(usize, usize)> {
        if !(self.rect.contains(pos) && self.cell.min_elem() > 0.0) {
            return None;
        }
        let offset = (pos - self.rect.min) / self.cell;
        let cell = (self.rows.start + offset.y as usize, self.cols.start + offset.x as usize);
        (self.rows.contains(&cell.0) && self.cols.contains(&cell.1)).then_some(cell)
    }

    /// The part of a picture of all cells that is on screen, from 0 to 1 both ways.
    pub(super) fn uv(&self, rows: usize, cols: usize) -> Rect {
        let all = vec2(cols.max(1) as f32, rows.max(1) as f32);
        let corner = |col: usize, row: usize| (vec2(col as f32, row as f32) / all).to_pos2();
        Rect::from_min_max(
            corner(self.cols.start, self.rows.start),
            corner(self.cols.end, self.rows.end),
        )
    }
}

/// The whole cells a stretch touches, at least one of `n`.
pub(super) fn touched(from: f32, to: f32, n: usize) -> Range<usize> {
    let slack = 1e-3;
    let start = ((from + slack).max(0.0) as usize).min(n.saturating_sub(1));
    let end = ((to - slack).ceil().max(0.0) as usize).min(n);
    start..end.max(start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn cells_have_their_places_when_zoomed() {
        let rect = Rect::from_min_size(pos2(100.0, 50.0), vec2(40.0, 30.0));
        let grid = Grid { rect, cell: vec2(10.0, 15.0), rows: 3..5, cols: 2..6 };
        for cell in [(3, 2), (4, 5)] {
            assert_eq!(grid.at(grid.cell(cell.0, cell.1).center()), Some(cell));
        }
        assert_eq!(grid.at(pos2(99.0, 50.0)), None);
        assert_eq!(grid.uv(10, 8), Rect::from_min_max(pos2(0.25, 0.3), pos2(0.75, 0.5)));
    }

    #[test]
    fn whole_cells_are_touched() {
        assert_eq!((touched(0.0, 3.0, 3), touched(0.4, 1.2, 3)), (0..3, 0..2));
        assert_eq!((touched(2.0, 2.0, 3), touched(9.0, 9.0, 3)), (2..3, 2..3));
    }
}
