//! Strips and grids of numbers, and where each number was drawn.

use super::parts::{Part, Row};
use crate::gui::look::format::number;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{cell_text, hatch};
use egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, StrokeKind, lerp, pos2, vec2};

/// What runs along the sides of a drawn strip or grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// Keys from left to right.
    Keys(usize),
    /// Keys from top to bottom.
    KeysDown(usize),
    /// Dimensions from left to right.
    Dims(usize),
    /// Keys from top to bottom, dimensions from left to right.
    KeysByDims(usize, usize),
}

/// Numbers of one kind, and where they were drawn.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// What they are.
    pub row: Row,
    /// Where they are.
    pub rect: Rect,
    /// How they lie.
    pub axes: Axes,
}

impl Place {
    /// The number under a point.
    pub fn part_at(&self, pos: Pos2) -> Option<Part> {
        if !self.rect.contains(pos) {
            return None;
        }
        let part = (pos - self.rect.min) / self.rect.size();
        let index = |share: f32, n: usize| Some((share * n as f32) as usize).filter(|&i| i < n);
        let all = Part::all(self.row);
        Some(match self.axes {
            Axes::Keys(n) => Part::key(self.row, Some(index(part.x, n)?)),
            Axes::KeysDown(n) => Part::key(self.row, Some(index(part.y, n)?)),
            Axes::Dims(n) => Part::dim(self.row, Some(index(part.x, n)?)),
            Axes::KeysByDims(keys, dims) => {
                Part { key: Some(index(part.y, keys)?), dim: Some(index(part.x, dims)?), ..all }
            }
        })
    }

    /// Where a number, or every number along an open axis, was drawn; `None` when it is elsewhere.
    pub fn rect_of(&self, part: Part) -> Option<Rect> {
        let along = |index: Option<usize>, n: usize, low: f32, high: f32| match index {
            None => Some((low, high)),
            Some(i) if i < n => {
                let at = |i: usize| lerp(low..=high, i as f32 / n as f32);
                Some((at(i), at(i + 1)))
            }
            Some(_) => None,
        };
        let rect = self.rect;
        let x = |index, n| along(index, n, rect.left(), rect.right());
        let y = |index, n| along(index, n, rect.top(), rect.bottom());
        let (x, y) = match self.axes {
            _ if part.row != self.row => return None,
            Axes::Keys(n) => (x(part.key, n)?, y(None, 1)?),
            Axes::KeysDown(n) => (x(None, 1)?, y(part.key, n)?),
            Axes::Dims(n) => (x(part.dim, n)?, y(None, 1)?),
            Axes::KeysByDims(keys, dims) => (x(part.dim, dims)?, y(part.key, keys)?),
        };
        Some(Rect::from_min_max(pos2(x.0, y.0), pos2(x.1, y.1)))
    }
}

/// Paints numbers as one row of colours, with the numbers in cells that are large enough. What is
/// hidden by the mask (-∞) is hatched.
pub fn strip(painter: &Painter, theme: &Theme, rect: Rect, values: &[f32], scale: Scale) {
    let n = values.len().max(1) as f32;
    let at = |i: usize| lerp(rect.left()..=rect.right(), i as f32 / n);
    let mut mesh = Mesh::default();
    for (i, &value) in values.iter().enumerate() {
        let color =
            if value == f32::NEG_INFINITY { *theme.background } else { theme.color(scale, value) };
        let cell = Rect::from_min_max(pos2(at(i), rect.top()), pos2(at(i + 1), rect.bottom()));
        mesh.add_colored_rect(cell, color);
    }
    painter.add(mesh);
    let is_hidden = |value: &f32| *value == f32::NEG_INFINITY;
    // The future at the end, and before a window's reach a stretch at the beginning.
    let mut first = 0;
    for run in values.chunk_by(|a, b| is_hidden(a) == is_hidden(b)) {
        let end = first + run.len();
        if run.first().is_some_and(is_hidden) {
            let hidden = rect.with_min_x(at(first)).with_max_x(at(end));
            hatch(painter, hidden, theme.line(theme.outline), 7.0);
        }
        first = end;
    }
    frame(painter, theme, rect);
    let fits = rect.width() / n >= theme.caption_size * 3.4;
    if !fits || rect.height() < theme.caption_size * 1.3 {
        return;
    }
    for (i, &value) in values.iter().enumerate() {
        let center = pos2(f32::midpoint(at(i), at(i + 1)), rect.center().y);
        let ground = if is_hidden(&value) {
            *theme.background
        } else {
            let color = theme.color(scale, value);
            // A dimmed colour lies closer to what is behind it.
            theme.background.lerp_to_gamma(color, painter.opacity())
        };
        let (ink, font) = (theme.text_on(ground), theme.mono_caption());
        painter.text(center, Align2::CENTER_CENTER, cell_text(value), font, ink);
    }
}

/// Paints numbers as one column of colours, the first on top.
pub fn column(painter: &Painter, theme: &Theme, rect: Rect, values: &[f32], scale: Scale) {
    let n = values.len().max(1) as f32;
    let at = |i: usize| lerp(rect.top()..=rect.bottom(), i as f32 / n);
    let mut mesh = Mesh::default();
    for (i, &value) in values.iter().enumerate() {
        let cell = Rect::from_min_max(pos2(rect.left(), at(i)), pos2(rect.right(), at(i + 1)));
        mesh.add_colored_rect(cell, theme.color(scale, value));
    }
    painter.add(mesh);
    frame(painter, theme, rect);
}

/// A hairline around numbers.
pub fn frame(painter: &Painter, theme: &Theme, rect: Rect) {
    let outline = theme.line(theme.outline);
    painter.rect_stroke(rect, 0.0, outline, StrokeKind::Outside);
}

/// A small legend: the smallest value, the colours, the largest value, and what they measure.
pub fn small_legend(painter: &Painter, theme: &Theme, at: Pos2, measure: &str, scale: Scale) {
    let (low, high) = scale.range();
    let height = theme.caption_size;
    let write = |x: f32, text: String, color: Color32| {
        let (pos, font) = (pos2(x, at.y), theme.caption());
        painter.text(pos, Align2::LEFT_CENTER, text, font, color).right()
    };
    let x = write(at.x, number(low), *theme.dim) + height * 0.4;
    let bar = Rect::from_min_size(pos2(x, at.y - height * 0.4), vec2(height * 3.5, height * 0.8));
    let ramp = theme.ramp(scale);
    let mut mesh = Mesh::default();
    for (i, &color) in ramp.iter().enumerate() {
        let x = |i: usize| lerp(bar.left()..=bar.right(), i as f32 / ramp.len() as f32);
        let slice = Rect::from_min_max(pos2(x(i), bar.top()), pos2(x(i + 1), bar.bottom()));
        mesh.add_colored_rect(slice, color);
    }
    painter.add(mesh);
    frame(painter, theme, bar);
    let x = write(bar.right() + height * 0.4, number(high), *theme.dim);
    write(x + height * 0.7, measure.to_owned(), *theme.dim);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(axes: Axes) -> Place {
        Place {
            row: Row::Value,
            rect: Rect::from_min_size(pos2(10.0, 10.0), vec2(40.0, 20.0)),
            axes,
        }
    }

    #[test]
    fn a_number_is_found_where_it_was_drawn() {
        let grid = place(Axes::KeysByDims(2, 4));
        let part = grid.part_at(pos2(35.0, 12.0)).unwrap();
        assert_eq!((part.key, part.dim), (Some(0), Some(2)));
        let rect = grid.rect_of(part).unwrap();
        assert_eq!(rect.min, pos2(30.0, 10.0));
        assert_eq!(rect.max, pos2(40.0, 20.0));
        let column = grid.rect_of(Part::dim(Row::Value, Some(2))).unwrap();
        assert_eq!((column.height(), column.width()), (20.0, 10.0));
    }

    #[test]
    fn what_is_not_drawn_is_not_found() {
        let strip = place(Axes::Keys(4));
        assert!(strip.part_at(pos2(0.0, 0.0)).is_none());
        assert!(strip.rect_of(Part::key(Row::Value, Some(4))).is_none());
        assert!(strip.rect_of(Part::all(Row::Weight)).is_none());
        assert!(place(Axes::Dims(0)).part_at(pos2(20.0, 15.0)).is_none());
    }
}
