//! Numbers layer by layer, as curves with labelled axes.

use crate::gui::format::number;
use crate::gui::theme::Theme;
use egui::{Align2, Color32, Pos2, Rect, Response, Sense, Shape, Ui, pos2, vec2};

/// One curve.
pub struct Series<'a> {
    /// What it shows.
    pub name: &'a str,
    /// Its colour.
    pub color: Color32,
    /// One number per place on the axis.
    pub values: &'a [f32],
}

/// Curves over the same axis. The numbers of the last one are written at its points.
pub struct Curves<'a> {
    /// The curves, the last on top.
    pub series: &'a [Series<'a>],
    /// What the places along the axis are.
    pub x_title: &'a str,
    /// Their names.
    pub x_names: &'a [String],
    /// What the numbers are, with their unit.
    pub y_title: &'a str,
    /// The place that is pointed at.
    pub focus: Option<usize>,
}

impl Curves<'_> {
    /// Draws the curves as large as there is room. Returns the place under the pointer.
    pub fn ui(&self, ui: &mut Ui, theme: &Theme) -> (Response, Option<usize>) {
        let room = ui.available_rect_before_wrap();
        let response = ui.allocate_rect(room, Sense::click());
        let unit = theme.caption_size;
        let plot = Rect::from_min_max(
            room.min + vec2(unit * 4.0, unit * 2.4),
            room.max - vec2(unit * 1.6, unit * 3.0),
        );
        if plot.width() < unit || plot.height() < unit || self.x_names.is_empty() {
            return (response, None);
        }
        let range = self.range();
        self.axes(ui, theme, plot, range);
        for series in self.series {
            let points: Vec<Pos2> = self.points(plot, range, series.values).collect();
            let stroke = egui::Stroke::new(theme.stroke + 1.0, series.color);
            ui.painter().add(Shape::line(points.clone(), stroke));
            for point in points {
                ui.painter()
                    .circle_filled(point, theme.stroke + 2.0, series.color);
            }
        }
        self.numbers(ui, theme, plot, range);
        let step = plot.width() / self.x_names.len() as f32;
        let pointed = response
            .hover_pos()
            .filter(|pos| pos.x >= plot.left() && pos.x < plot.right())
            .map(|pos| ((pos.x - plot.left()) / step) as usize)
            .filter(|&place| place < self.x_names.len());
        let response = match pointed {
            Some(place) => response.on_hover_text_at_pointer(self.said(place)),
            None => response,
        };
        (response, pointed)
    }

    /// The numbers at a place, in words.
    fn said(&self, place: usize) -> String {
        let name = self.x_names.get(place).map_or("", String::as_str);
        let mut text = format!("{} {name}", self.x_title);
        for series in self.series {
            let value = series.values.get(place).copied().unwrap_or(f32::NAN);
            text += &format!("\n{}: {}", series.name, number(value));
        }
        text
    }

    /// The smallest and largest finite number, with air around them.
    fn range(&self) -> (f32, f32) {
        let values = self.series.iter().flat_map(|series| series.values);
        let finite = values.copied().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        if low > high {
            return (0.0, 1.0);
        }
        let air = ((high - low) * 0.12).max(high.abs() * 5e-4).max(1e-6);
        (low - air, high + air)
    }

    fn place(&self, plot: Rect, place: usize) -> f32 {
        plot.left() + plot.width() * (place as f32 + 0.5) / self.x_names.len() as f32
    }

    fn points(
        &self,
        plot: Rect,
        (low, high): (f32, f32),
        values: &[f32],
    ) -> impl Iterator<Item = Pos2> {
        let values = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite());
        values.map(move |(place, value)| {
            let t = (value - low) / (high - low);
            pos2(self.place(plot, place), plot.bottom() - t * plot.height())
        })
    }

    fn axes(&self, ui: &Ui, theme: &Theme, plot: Rect, (low, high): (f32, f32)) {
        let (painter, unit, dim) = (ui.painter(), theme.caption_size, *theme.dim);
        let title = pos2(plot.left() - unit * 4.0, plot.top() - unit * 1.6);
        let width = plot.width() + unit * 4.0;
        super::fitted_text(
            painter,
            title,
            Align2::LEFT_CENTER,
            self.y_title,
            theme.caption(),
            dim,
            width,
        );
        let most = (plot.height() / (unit * 2.2)).clamp(2.0, 6.0);
        for tick in ticks(low, high, most) {
            let y = plot.bottom() - (tick - low) / (high - low) * plot.height();
            painter.hline(
                plot.x_range(),
                y,
                egui::Stroke::new(theme.stroke * 0.5, *theme.outline),
            );
            let at = pos2(plot.left() - 6.0, y);
            painter.text(
                at,
                Align2::RIGHT_CENTER,
                number(tick),
                theme.mono_caption(),
                dim,
            );
        }
        let widest = self
            .x_names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(1);
        let step = plot.width() / self.x_names.len() as f32;
        let every = ((widest as f32 + 1.0) * unit * 0.62 / step).ceil().max(1.0) as usize;
        for (place, name) in self.x_names.iter().enumerate().step_by(every) {
            let at = pos2(self.place(plot, place), plot.bottom() + unit * 0.3);
            let is_focus = self.focus == Some(place);
            let ink = if is_focus {
                *theme.selection
            } else {
                *theme.text
            };
            painter.text(at, Align2::CENTER_TOP, name, theme.mono_caption(), ink);
        }
        let at = pos2(plot.center().x, plot.bottom() + unit * 1.6);
        painter.text(at, Align2::CENTER_TOP, self.x_title, theme.caption(), dim);
        painter.hline(plot.x_range(), plot.bottom(), theme.line(theme.outline));
    }

    /// Writes the last curve's numbers over its points, as many as fit.
    fn numbers(&self, ui: &Ui, theme: &Theme, plot: Rect, range: (f32, f32)) {
        let Some(series) = self.series.last() else {
            return;
        };
        let step = plot.width() / self.x_names.len() as f32;
        let every = (theme.caption_size * 3.4 / step).ceil().max(1.0) as usize;
        // Counted from the end: the last layer is the model's answer.
        let last = series.values.len().saturating_sub(1);
        let points: Vec<Pos2> = self.points(plot, range, series.values).collect();
        if points.len() != series.values.len() {
            return;
        }
        for (place, (point, &value)) in points.iter().zip(series.values).enumerate() {
            if !(last - place).is_multiple_of(every) {
                continue;
            }
            let (up, anchor) = if point.y - plot.top() < theme.caption_size * 1.5 {
                (1.0, Align2::CENTER_TOP)
            } else {
                (-1.0, Align2::CENTER_BOTTOM)
            };
            let at = *point + vec2(0.0, up * (theme.stroke + 4.0));
            let text = number(value);
            let galley = ui
                .painter()
                .layout_no_wrap(text, theme.mono_caption(), series.color);
            let rect = anchor.anchor_size(at, galley.size());
            ui.painter()
                .rect_filled(rect, 2.0, theme.background.gamma_multiply(0.8));
            ui.painter().galley(rect.min, galley, series.color);
        }
    }
}

/// Round numbers between two, at most about `most` of them.
fn ticks(low: f32, high: f32, most: f32) -> Vec<f32> {
    let rough = (high - low) / most.max(1.0);
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let power = 10_f32.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|&step| step >= rough)
        .unwrap_or(10.0 * power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).take(20).map(|i| i as f32 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 1.0, 5.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(ticks(-9.0, 1.0, 4.0), [-5.0, 0.0]);
        assert!(ticks(1.0, 1.0, 4.0).is_empty() && ticks(f32::NAN, 1.0, 4.0).is_empty());
    }
}
