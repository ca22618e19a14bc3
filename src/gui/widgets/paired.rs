//! A token with two probabilities: two bars on one axis, and which way it went.

use crate::gui::look::format::percent;
use crate::gui::look::motion;
use crate::gui::look::theme::{Scale, Theme};
use crate::text::{tr, trf};
use egui::{Align2, Color32, Id, Painter, Rect, Response, Sense, Ui, pos2, vec2};

/// What a row shows.
pub struct PairedBar<'a> {
    /// The token as it can be shown.
    pub label: &'a str,
    /// The two probabilities, drawn beneath each other.
    pub probs: [f32; 2],
    /// The probability drawn as a full bar.
    pub full: f32,
    /// The colours of the two bars. The first is an outline, the second filled, to be told apart without
    /// colour.
    pub colors: [Color32; 2],
    /// Is this the token that is asked about?
    pub is_chosen: bool,
    /// Distinguishes rows, so that each bar moves to its own new length.
    pub id: Id,
}

/// The height of a row.
pub fn paired_bar_height(theme: &Theme) -> f32 {
    (theme.caption_size * 2.7).round()
}

/// A row in words.
pub fn paired_bar_name(bar: &PairedBar<'_>) -> String {
    let [before, after] = bar.probs.map(percent);
    trf("{0}, {1}, then {2}", &[&bar.label, &before, &after])
}

/// Draws one row as wide as there is room; clicking it chooses the token.
pub fn paired_bar_ui(ui: &mut Ui, theme: &Theme, bar: &PairedBar<'_>) -> Response {
    let size = vec2(ui.available_width(), paired_bar_height(theme));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = paired_bar_name(bar);
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, bar.is_chosen, &name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, *theme.raised);
    }
    if bar.is_chosen {
        painter.rect_stroke(rect, 4.0, theme.line(theme.accent), egui::StrokeKind::Inside);
    }
    let label_width = (rect.width() * 0.26).min(theme.body_size * 10.0);
    let at = pos2(rect.left() + 6.0, rect.center().y);
    let (mono, ink) = (theme.mono(), *theme.text);
    super::fitted_text(painter, at, Align2::LEFT_CENTER, bar.label, mono, ink, label_width - 10.0);
    bars(ui, theme, bar, rect.with_min_x(rect.left() + label_width));
    change(painter, theme, rect, bar.probs);
    response
}

/// Both bars and their percentages.
fn bars(ui: &Ui, theme: &Theme, bar: &PairedBar<'_>, rect: Rect) {
    let (painter, unit) = (ui.painter(), theme.caption_size);
    let track = rect.with_max_x(rect.right() - unit * 10.4).shrink2(vec2(0.0, unit * 0.22));
    let half = track.height() / 2.0;
    for (i, &prob) in bar.probs.iter().enumerate() {
        let share = (prob / bar.full.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        let (id, length) = (bar.id.with(i), track.width().max(0.0) * share);
        let length = motion::glide(ui.ctx(), id, length);
        let min = pos2(track.left(), track.top() + half * i as f32);
        let row = Rect::from_min_size(min, vec2(length, half)).shrink2(vec2(0.0, 1.0));
        let color = bar.colors[i];
        swatch(painter, theme, row, color, i == 0);
        let at = pos2(rect.right() - unit * 5.2, row.center().y);
        let (text, font) = (percent(prob), theme.mono_caption());
        painter.text(at, Align2::RIGHT_CENTER, text, font, color);
    }
}

/// The arrow at the right: by how many percentage points the probability went up or down.
fn change(painter: &Painter, theme: &Theme, rect: Rect, [before, after]: [f32; 2]) {
    let points = 100.0 * (after - before);
    let (text, color) = if points.abs() < 0.005 {
        ("=".to_owned(), *theme.dim)
    } else {
        let (arrow, sign) = if points > 0.0 { ("↑", 0.75) } else { ("↓", -0.75) };
        let color = theme.color(Scale::Diverging { limit: 1.0 }, sign);
        (format!("{arrow} {}", shown_points(points.abs())), color)
    };
    let at = pos2(rect.right() - 6.0, rect.center().y);
    painter.text(at, Align2::RIGHT_CENTER, text, theme.mono_caption(), color);
}

/// Percentage points as short as they are honest.
fn shown_points(points: f32) -> String {
    let decimals = if points < 0.1 { 2 } else { 1 };
    format!("{points:.decimals$}")
}

/// A filled or hollow rectangle.
fn swatch(painter: &Painter, theme: &Theme, rect: Rect, color: Color32, is_hollow: bool) {
    if is_hollow {
        painter.rect_stroke(rect, 2.0, theme.line(color), egui::StrokeKind::Inside);
    } else {
        painter.rect_filled(rect, 2.0, color);
    }
}

/// Says how far the two distributions are apart and names what the rows beneath show.
pub fn paired_head_ui(
    ui: &mut Ui,
    theme: &Theme,
    distance: &str,
    names: [&str; 2],
    colors: [Color32; 2],
) {
    ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new(distance).font(theme.caption()).color(*theme.text));
        ui.add_space(theme.caption_size * 0.5);
        ui.spacing_mut().item_spacing.x = theme.caption_size * 0.5;
        for (i, (name, color)) in names.into_iter().zip(colors).enumerate() {
            let side = theme.caption_size * 0.8;
            let (rect, _) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
            swatch(ui.painter(), theme, rect, color, i == 0);
            ui.label(egui::RichText::new(name).font(theme.caption()).color(*theme.text));
            ui.add_space(theme.caption_size * 0.3);
        }
        let note = egui::RichText::new(tr("↑ ↓ points"));
        ui.label(note.font(theme.caption()).color(*theme.dim))
            .on_hover_text(tr("By how many percentage points it went up or down"));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_short() {
        let shown = [12.34, 0.25, 0.05].map(shown_points);
        assert_eq!(shown, ["12.3", "0.2", "0.05"]);
    }
}
