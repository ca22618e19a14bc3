//! A pair of axes with round numbers, for points and curves.

use super::ticks::ticks;
use crate::gui::look::theme::Theme;
use egui::epaint::TextShape;
use egui::{Align2, Painter, Pos2, Rangef, Rect, pos2};

/// Where numbers lie on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axes {
    /// The area between the axes.
    pub area: Rect,
    /// What its width spans.
    pub x: Rangef,
    /// What its height spans, upwards.
    pub y: Rangef,
}

impl Axes {
    /// Axes with room for their numbers and titles within `room`.
    pub fn within(room: Rect, theme: &Theme, x: Rangef, y: Rangef) -> Self {
        let margin = theme.caption_size * 1.4;
        let numbers = theme.caption_size * 3.4;
        // The topmost number is centred on the upper edge.
        let above = theme.caption_size * 0.6;
        let area = Rect::from_min_max(
            pos2(room.left() + margin + numbers, room.top() + above),
            pos2(room.right() - theme.caption_size, room.bottom() - 2.1 * margin),
        );
        let area = Rect::from_min_size(area.min, area.size().max(egui::vec2(1.0, 1.0)));
        let (x, y) = (widened(x), widened(y));
        Self { area, x, y }
    }

    /// What the axes span, as a zoom knows it: y downwards.
    pub fn extent(&self) -> Rect {
        Rect::from_min_max(pos2(self.x.min, -self.y.max), pos2(self.x.max, -self.y.min))
    }

    /// The same axes, spanning only this part of their extent.
    pub fn spanning(mut self, part: Rect) -> Self {
        self.x = part.x_range();
        self.y = Rangef::new(-part.bottom(), -part.top());
        self
    }

    /// The same axes, one of them spanning more, so that a unit is as long across as upwards and
    /// distances can be compared.
    pub fn equal(mut self) -> Self {
        let (per_x, per_y) =
            (self.x.span() / self.area.width(), self.y.span() / self.area.height());
        let unit = per_x.max(per_y);
        self.x = self.x.expand((unit * self.area.width() - self.x.span()) / 2.0);
        self.y = self.y.expand((unit * self.area.height() - self.y.span()) / 2.0);
        self
    }

    /// Where a pair of numbers is on the screen.
    pub fn at(&self, x: f32, y: f32) -> Pos2 {
        let across = (x - self.x.min) / self.x.span();
        let up = (y - self.y.min) / self.y.span();
        pos2(
            self.area.left() + across * self.area.width(),
            self.area.bottom() - up * self.area.height(),
        )
    }

    /// Draws the numbers and the title of the horizontal axis.
    pub fn paint_x(&self, painter: &Painter, theme: &Theme, title: &str) {
        let most = (self.area.width() / (theme.caption_size * 5.0)) as usize;
        for (x, label) in ticks(self.x, most) {
            let at = self.at(x, self.y.min);
            let line = theme.line(theme.outline.gamma_multiply(0.6));
            painter.vline(at.x, self.area.y_range(), line);
            self.paint_x_label(painter, theme, at.x, &label);
        }
        self.paint_x_title(painter, theme, title);
    }

    /// Writes a number or a name beneath the horizontal axis.
    pub fn paint_x_label(&self, painter: &Painter, theme: &Theme, x: f32, label: &str) {
        let at = pos2(x, self.area.bottom() + theme.caption_size * 0.3);
        let font = theme.mono_caption();
        painter.text(at, Align2::CENTER_TOP, label, font, *theme.dim);
    }

    /// Writes what the horizontal axis measures.
    pub fn paint_x_title(&self, painter: &Painter, theme: &Theme, title: &str) {
        let at = pos2(self.area.center().x, self.area.bottom() + theme.caption_size * 1.6);
        painter.text(at, Align2::CENTER_TOP, title, theme.caption(), *theme.text);
    }

    /// Draws the numbers and the title of the vertical axis.
    pub fn paint_y(&self, painter: &Painter, theme: &Theme, title: &str) {
        let most = (self.area.height() / (theme.caption_size * 3.5)) as usize;
        for (y, label) in ticks(self.y, most) {
            let at = self.at(self.x.min, y);
            let line = theme.line(theme.outline.gamma_multiply(0.6));
            painter.hline(self.area.x_range(), at.y, line);
            let at = pos2(self.area.left() - theme.caption_size * 0.4, at.y);
            let font = theme.mono_caption();
            painter.text(at, Align2::RIGHT_CENTER, label, font, *theme.dim);
        }
        let ink = *theme.text;
        let galley = painter.layout_no_wrap(title.to_owned(), theme.caption(), ink);
        let x = self.area.left() - theme.caption_size * 4.1;
        let at = pos2(x, self.area.center().y);
        let min = Align2::CENTER_CENTER.anchor_size(at, galley.size()).min;
        let shape = TextShape::new(min, galley, ink)
            .with_angle_and_anchor(-std::f32::consts::FRAC_PI_2, Align2::CENTER_CENTER);
        painter.add(shape);
    }
}

/// A range that can be divided by: finite and not empty.
fn widened(range: Rangef) -> Rangef {
    if !(range.min.is_finite() && range.max.is_finite()) {
        return Rangef::new(-1.0, 1.0);
    }
    let least = range.min.abs().max(range.max.abs()).max(1e-3) * 1e-3;
    if range.span() < least { range.expand(least) } else { range }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_axes_keep_shapes() {
        let theme = Theme::named("dark");
        let room = Rect::from_min_size(Pos2::ZERO, egui::vec2(400.0, 200.0));
        let axes = Axes::within(room, theme, Rangef::new(0.0, 1.0), Rangef::new(0.0, 4.0)).equal();
        let (a, b, c) = (axes.at(0.0, 0.0), axes.at(1.0, 0.0), axes.at(0.0, 1.0));
        assert!(((b.x - a.x) - (a.y - c.y)).abs() < 1e-3);
        assert!(axes.area.contains(axes.at(0.0, 4.0) + egui::vec2(0.0, 0.1)));
        let point = Axes::within(room, theme, Rangef::point(0.0), Rangef::point(0.0)).equal();
        assert!(point.at(0.0, 0.0).is_finite());
    }
}
