//! One cell in full: the ten best tokens and how far each has moved since the layer before.

use super::followed;
use super::label;
use super::row_name;
use super::short_name;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, count, percent, short_count};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{bar_scale, bar_scale_ui, fitted_text};
use crate::model::insight::lens::Lens;
use crate::text::{tr, trf};
use egui::{Align2, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

/// Draws the list of a cell and, beneath, the way of the followed token through the layers.
pub(super) fn details_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    lens: &Lens,
    (row, pos): (usize, usize),
) {
    ScrollArea::vertical().id_salt("lens details").auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        best_ui(ui, ctx, lens, (row, pos));
        ui.add_space(ctx.theme.body_size);
        path_ui(ui, ctx, lens, (row, pos));
    });
}

fn best_ui(ui: &mut Ui, ctx: &Context<'_>, lens: &Lens, (row, pos): (usize, usize)) {
    let note = match row {
        0 => tr("the ten best tokens").to_owned(),
        _ => trf("the ten best, and places moved since {0}", &[&row_name(lens, row - 1)]),
    };
    let title = trf("{0} at {1}", &[&row_name(lens, row), &label(lens, pos)]);
    heading_ui(ui, ctx.theme, &title, &note);
    let Some(reading) = lens.get(row, pos) else {
        return;
    };
    let full = bar_scale_ui(ui, ctx.theme, reading.top.first().map_or(1.0, |best| best.prob));
    for (i, standing) in reading.top.iter().enumerate() {
        let change = lens.rank_before(row, pos, i).map(|before| Change::new(before, i));
        let line = Line {
            left: (i + 1).to_string(),
            name: ctx.model.tokenizer.token(standing.id).label(),
            prob: standing.prob,
            full,
            right: change.map(Change::text).unwrap_or_default(),
            right_width: 8.5,
            words: change.map(Change::words).unwrap_or_default(),
            is_selected: false,
        };
        line.ui(ui, ctx.theme);
    }
}

/// One token after every layer: the model's prediction, or the one that was asked for.
fn path_ui(ui: &mut Ui, ctx: &Context<'_>, lens: &Lens, (row, pos): (usize, usize)) {
    let rows = || (0..lens.n_rows()).filter_map(|row| Some((row, followed(lens.get(row, pos)?))));
    let Some((_, last)) = rows().next_back() else {
        return;
    };
    let token = ctx.model.tokenizer.token(last.id).label();
    let note = if lens.chosen.is_some() {
        tr("the chosen token after each layer")
    } else {
        tr("the final prediction, after each layer")
    };
    heading_ui(ui, ctx.theme, &token, note);
    let largest = rows().map(|(_, standing)| standing.prob).fold(0.0, f32::max);
    let full = bar_scale(ui.ctx(), largest);
    for (at, standing) in rows() {
        let rank = count(standing.rank + 1);
        let line = Line {
            left: String::new(),
            name: short_name(at),
            prob: standing.prob,
            full,
            words: String::new(),
            right: trf("rank {0}", &[&rank]),
            right_width: 10.5,
            is_selected: at == row,
        };
        line.ui(ui, ctx.theme);
    }
}

fn heading_ui(ui: &mut Ui, theme: &Theme, title: &str, note: &str) {
    let title = abbreviate(title, 32);
    ui.label(RichText::new(title).font(theme.mono()).color(*theme.selection));
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    ui.add_space(theme.caption_size * 0.4);
}

/// How a token's rank differs from that in the layer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Up(usize),
    Down(usize),
    Same,
}

impl Change {
    fn new(before: usize, now: usize) -> Self {
        match before.cmp(&now) {
            std::cmp::Ordering::Greater => Self::Up(before - now),
            std::cmp::Ordering::Less => Self::Down(now - before),
            std::cmp::Ordering::Equal => Self::Same,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Up(by) => format!("↑ {}", short_count(by)),
            Self::Down(by) => format!("↓ {}", short_count(by)),
            Self::Same => "=".to_owned(),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Up(by) => trf("up by {0}", &[&by]),
            Self::Down(by) => trf("down by {0}", &[&by]),
            Self::Same => tr("unmoved").to_owned(),
        }
    }
}

/// A line of a list: a number, a name, a bar with its probability, and what belongs to it.
struct Line {
    left: String,
    name: String,
    prob: f32,
    /// The probability drawn as a full bar.
    full: f32,
    right: String,
    /// Room for what stands at the right, in digits.
    right_width: f32,
    /// The same in words, where it is not words.
    words: String,
    is_selected: bool,
}

impl Line {
    fn ui(&self, ui: &mut Ui, theme: &Theme) {
        let size = vec2(ui.available_width(), theme.body_size * 1.35);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let words = if self.words.is_empty() { &self.right } else { &self.words };
        let name = format!("{} {}, {}, {words}", self.left, self.name, percent(self.prob));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
        let painter = ui.painter();
        let digit = theme.body_size * 0.62;
        let text = |x: f32, anchor: Align2, text: &str, ink| {
            painter.text(pos2(x, rect.center().y), anchor, text, theme.mono(), ink);
        };
        let indent = if self.left.is_empty() { 0.0 } else { 3.0 * digit };
        let name_left = rect.left() + indent;
        let right = rect.right() - self.right_width * digit;
        let number = right - digit;
        let bar_right = number - 7.5 * digit;
        let bar_left = rect.left() + ((bar_right - rect.left()) * 0.6).min(13.0 * digit);
        text(name_left - digit, Align2::RIGHT_CENTER, &self.left, *theme.dim);
        let ink = if self.is_selected { *theme.selection } else { *theme.text };
        let at = pos2(name_left, rect.center().y);
        let width = bar_left - digit - name_left;
        fitted_text(painter, at, Align2::LEFT_CENTER, &self.name, theme.mono(), ink, width);
        text(number, Align2::RIGHT_CENTER, &percent(self.prob), *theme.text);
        text(right, Align2::LEFT_CENTER, &self.right, *theme.text);
        let track = Rect::from_x_y_ranges(bar_left..=bar_right, rect.y_range());
        if track.width() > digit {
            let share = (self.prob / self.full.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
            let bar = track.shrink2(vec2(0.0, rect.height() * 0.25));
            let bar = bar.with_max_x(bar.left() + bar.width() * share);
            painter.rect_filled(bar, 2.0, *theme.accent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_rank_is_up() {
        assert_eq!(Change::new(12, 2), Change::Up(10));
        assert_eq!(Change::new(0, 2).text(), "↓ 2");
        assert_eq!(Change::new(2, 2), Change::Same);
    }
}
