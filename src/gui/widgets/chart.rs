//! Curves and dots over two axes with round numbers.

use super::ticks::ticks;
use super::{Zoom, lock_arrows};
use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use egui::{
    Align2, Color32, Id, Key, Modifiers, Painter, Pos2, Rangef, Rect, Response, Sense, Shape,
    Stroke, Ui, pos2, vec2,
};
use std::ops::RangeInclusive;

/// How the points of a curve are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Joined by a line.
    Line,
    /// Joined by a line, with a dot at each.
    Steps,
    /// The same, with as many of the numbers as fit beside their dots, the last one always.
    Numbers,
    /// Only dots, faint enough to show where many lie.
    Dots,
}

/// One curve.
pub struct Curve {
    /// What it is, for the legend; empty when it needs none.
    pub name: String,
    /// Its colour.
    pub color: Color32,
    /// How it is drawn.
    pub mark: Mark,
    /// x and y of each point.
    pub points: Vec<Pos2>,
}

/// A chart.
pub struct Chart<'a> {
    /// What it shows, for those who hear it.
    pub name: &'a str,
    /// What x counts.
    pub x_title: &'a str,
    /// What y measures.
    pub y_title: &'a str,
    /// Names of x = 0, 1, 2, ... Without names x has numbers.
    pub x_names: &'a [String],
    /// The values of y that must be on the chart.
    pub y_holds: RangeInclusive<f32>,
    /// What is drawn.
    pub curves: &'a [Curve],
    /// The x that is pointed at.
    pub cursor: Option<f32>,
}

/// What a chart shows of each axis.
struct Frame {
    plot: Rect,
    x: (f32, f32),
    y: (f32, f32),
}

impl Frame {
    fn screen(&self, point: Pos2) -> Pos2 {
        let share = |at: f32, (low, high): (f32, f32)| (at - low) / (high - low);
        pos2(
            self.plot.left() + share(point.x, self.x) * self.plot.width(),
            self.plot.bottom() - share(point.y, self.y) * self.plot.height(),
        )
    }

    /// The part of it that was zoomed to.
    fn zoomed(self, ctx: &egui::Context, id: Id) -> (Self, Zoom) {
        let whole = Rect::from_min_max(pos2(self.x.0, -self.y.1), pos2(self.x.1, -self.y.0));
        let zoom = Zoom::load(ctx, id, whole);
        let part = zoom.part();
        let (x, y) = ((part.left(), part.right()), (-part.bottom(), -part.top()));
        (Self { x, y, ..self }, zoom)
    }

    fn x_at(&self, screen: Pos2) -> f32 {
        let share = (screen.x - self.plot.left()) / self.plot.width().max(1.0);
        self.x.0 + share * (self.x.1 - self.x.0)
    }
}

impl Chart<'_> {
    /// Draws the chart in the room that is left. Returns the response and the x under the pointer.
    pub fn ui(&self, ui: &mut Ui, theme: &Theme) -> (Response, Option<f32>) {
        self.legend_ui(ui, theme);
        let room = ui.available_rect_before_wrap();
        let id = ui.next_auto_id();
        let response = ui.allocate_rect(room, Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, self.name));
        let (frame, zoom) = self.frame(ui.painter(), theme, room).zoomed(ui.ctx(), id);
        if frame.plot.width() < 4.0 || frame.plot.height() < 4.0 {
            return (response, None);
        }
        let painter = ui.painter();
        self.paint_axes(painter, theme, &frame);
        let inside = painter.with_clip_rect(frame.plot.expand(4.0).intersect(painter.clip_rect()));
        if let Some(x) = self.cursor {
            let at = frame.screen(pos2(x, frame.y.0)).x;
            inside.vline(at, frame.plot.y_range(), theme.selection_stroke());
        }
        for curve in self.curves {
            paint_curve(&inside, theme, &frame, curve);
        }
        let reached = self.step_ui(ui, theme, &response, &frame, zoom.is_zoomed());
        zoom.ui(ui, theme, &response, frame.plot, None);
        let x = response.hover_pos().filter(|pos| frame.plot.contains(*pos));
        let x = x.map(|pos| frame.x_at(pos)).or(reached);
        (response, x)
    }

    /// With the keyboard's focus, the arrow keys go along x, from name to name or in small steps.
    fn step_ui(
        &self,
        ui: &Ui,
        theme: &Theme,
        response: &Response,
        frame: &Frame,
        is_zoomed: bool,
    ) -> Option<f32> {
        if !response.has_focus() || is_zoomed || response.hovered() {
            return None;
        }
        lock_arrows(ui, response);
        let step = if self.x_names.is_empty() { (frame.x.1 - frame.x.0) / 40.0 } else { 1.0 };
        let id = response.id.with("x");
        let first = self.cursor.unwrap_or(frame.x.0.ceil());
        let mut x = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(first);
        for (key, by) in [(Key::ArrowLeft, -step), (Key::ArrowRight, step)] {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                x += by;
            }
        }
        let x = x.clamp(frame.x.0, frame.x.1);
        ui.data_mut(|data| data.insert_temp(id, x));
        let at = frame.screen(pos2(x, frame.y.0)).x;
        let painter = ui.painter();
        painter.vline(at, frame.plot.y_range(), theme.line(theme.accent));
        let stroke = Stroke::new(theme.stroke + 1.0, *theme.accent);
        painter.rect_stroke(frame.plot, 2.0, stroke, egui::StrokeKind::Outside);
        Some(x)
    }

    fn legend_ui(&self, ui: &mut Ui, theme: &Theme) {
        if self.curves.iter().all(|curve| curve.name.is_empty()) {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            for curve in self.curves.iter().filter(|curve| !curve.name.is_empty()) {
                let text = format!("● {}", curve.name);
                let galley = ui.painter().layout_no_wrap(text, theme.caption(), curve.color);
                super::row_break(ui, galley.size().x);
                ui.label(galley);
            }
        });
    }

    fn frame(&self, painter: &Painter, theme: &Theme, room: Rect) -> Frame {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let x = match self.x_names.len() {
            0 => extent(points().map(|point| point.x)),
            // Half a step on either side, so that names stand beneath their points.
            n => Some((-0.5, n as f32 - 0.5)),
        };
        let (low, high) = (*self.y_holds.start(), *self.y_holds.end());
        let y = extent(points().map(|point| point.y).chain([low, high]));
        let (x, y) = (widen(x, 0.0), widen(y, 0.04));
        let line = theme.caption_size * 1.35;
        let bottom = 2.0 * line;
        let height = room.height() - line - bottom - line * 0.6;
        let labels = ticks(Rangef::new(y.0, y.1), (height / (1.5 * line)) as usize)
            .into_iter()
            .map(|(_, label)| {
                painter.layout_no_wrap(label, theme.mono_caption(), *theme.dim).size().x
            });
        let left = labels.fold(0.0, f32::max) + theme.caption_size * 0.6;
        let min = room.min + vec2(left, line * 1.3);
        let max = room.max - vec2(theme.caption_size, bottom + line * 0.3);
        Frame { plot: Rect::from_min_max(min, max.max(min)), x, y }
    }

    fn paint_axes(&self, painter: &Painter, theme: &Theme, frame: &Frame) {
        let Frame { plot, x, y } = frame;
        let line = theme.caption_size * 1.35;
        let faint = Stroke::new(theme.stroke * 0.75, theme.outline.gamma_multiply(0.6));
        let (font, ink) = (theme.mono_caption(), *theme.dim);
        for (at, label) in ticks(Rangef::new(y.0, y.1), (plot.height() / (1.5 * line)) as usize) {
            let at = frame.screen(pos2(x.0, at));
            painter.hline(plot.x_range(), at.y, faint);
            let at = at - vec2(theme.caption_size * 0.4, 0.0);
            painter.text(at, Align2::RIGHT_CENTER, label, font.clone(), ink);
        }
        let room_for_labels = (plot.width() / (theme.caption_size * 4.5)) as usize;
        let mut written_to = f32::NEG_INFINITY;
        for (at, label) in self.x_ticks(*x, room_for_labels) {
            let at = frame.screen(pos2(at, y.0));
            painter.vline(at.x, plot.y_range(), faint);
            let galley = painter.layout_no_wrap(label, font.clone(), ink);
            let at = at + vec2(-galley.size().x / 2.0, line * 0.2);
            // Names thin out instead of overlapping.
            if at.x >= written_to {
                written_to = at.x + galley.size().x + 2.0;
                painter.galley(at, galley, ink);
            }
        }
        painter.rect_stroke(*plot, 0.0, theme.line(theme.outline), egui::StrokeKind::Outside);
        let title = plot.left_top() - vec2(0.0, line * 0.2);
        painter.text(title, Align2::LEFT_BOTTOM, self.y_title, theme.caption(), *theme.text);
        let title = plot.right_bottom() + vec2(0.0, line * 1.1);
        painter.text(title, Align2::RIGHT_TOP, self.x_title, theme.caption(), *theme.text);
    }

    fn x_ticks(&self, x: (f32, f32), most: usize) -> Vec<(f32, String)> {
        if self.x_names.is_empty() {
            return ticks(Rangef::new(x.0, x.1), most);
        }
        let names = self.x_names.iter().enumerate();
        let names = names.map(|(i, name)| (i as f32, name.clone()));
        names.filter(|(at, _)| (x.0..=x.1).contains(at)).collect()
    }
}

fn paint_curve(painter: &Painter, theme: &Theme, frame: &Frame, curve: &Curve) {
    let points: Vec<Pos2> = curve.points.iter().map(|&point| frame.screen(point)).collect();
    let width = theme.stroke + 1.0;
    // A number that is not finite has no place: the line breaks there.
    if curve.mark != Mark::Dots {
        for run in points.split(|point| !point.is_finite()).filter(|run| run.len() > 1) {
            painter.add(Shape::line(run.to_vec(), Stroke::new(width, curve.color)));
        }
    }
    let (radius, color) = match curve.mark {
        Mark::Line if points.len() > 1 => return,
        Mark::Line | Mark::Steps | Mark::Numbers => (width * 1.6, curve.color),
        Mark::Dots => (width * 1.3, curve.color.gamma_multiply(0.55)),
    };
    for point in points.iter().filter(|point| point.is_finite()) {
        painter.circle_filled(*point, radius, color);
    }
    if curve.mark == Mark::Numbers {
        paint_numbers(painter, theme, frame, curve, &points);
    }
}

/// Writes the numbers of a curve over its points, or under those at the top.
fn paint_numbers(painter: &Painter, theme: &Theme, frame: &Frame, curve: &Curve, points: &[Pos2]) {
    let n = points.len();
    let step = frame.plot.width() / n.max(1) as f32;
    let every = (theme.caption_size * 3.8 / step.max(1.0)).ceil().max(1.0) as usize;
    for (i, (&at, point)) in points.iter().zip(&curve.points).enumerate() {
        if !at.is_finite() || !(n - 1 - i).is_multiple_of(every) {
            continue;
        }
        let is_at_top = at.y - frame.plot.top() < theme.caption_size * 1.6;
        let (gap, anchor) =
            if is_at_top { (1.0, Align2::CENTER_TOP) } else { (-1.0, Align2::CENTER_BOTTOM) };
        let at = at + vec2(0.0, gap * (theme.stroke + 1.0) * 2.0);
        let (text, font) = (number(point.y), theme.mono_caption());
        let galley = painter.layout_no_wrap(text, font, curve.color);
        let rect = anchor.anchor_size(at, galley.size());
        painter.rect_filled(rect, 2.0, theme.background.gamma_multiply(0.8));
        painter.galley(rect.min, galley, curve.color);
    }
}

/// The smallest and the largest finite number.
fn extent(numbers: impl Iterator<Item = f32>) -> Option<(f32, f32)> {
    numbers.filter(|x| x.is_finite()).fold(None, |extent, x| {
        let (low, high) = extent.unwrap_or((x, x));
        Some((low.min(x), high.max(x)))
    })
}

/// A range that is not empty, with a margin.
fn widen(range: Option<(f32, f32)>, margin: f32) -> (f32, f32) {
    let (low, high) = range.unwrap_or((0.0, 1.0));
    let width = high - low;
    if width <= f32::EPSILON * high.abs().max(1.0) {
        return (low - 0.5, high + 0.5);
    }
    (low - margin * width, high + margin * width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_never_empty() {
        assert_eq!(widen(extent([2.0, f32::NAN].into_iter()), 0.1), (1.5, 2.5));
        assert_eq!(widen(None, 0.0), (0.0, 1.0));
        assert_eq!(widen(Some((0.0, 10.0)), 0.1), (-1.0, 11.0));
    }

    #[test]
    fn points_have_their_place() {
        let plot = Rect::from_min_max(pos2(10.0, 20.0), pos2(110.0, 70.0));
        let frame = Frame { plot, x: (0.0, 4.0), y: (-1.0, 1.0) };
        assert_eq!(frame.screen(pos2(1.0, 0.0)), pos2(35.0, 45.0));
        assert!((frame.x_at(pos2(60.0, 0.0)) - 2.0).abs() < 1e-6);
    }
}
