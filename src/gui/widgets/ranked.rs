//! A row of a ranked list: name, bar, number.

use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use egui::{Align2, Color32, Rect, Response, Sense, Ui, pos2, vec2};

/// What a row shows.
pub struct Ranked<'a> {
    /// The name as it can be shown.
    pub label: &'a str,
    /// The number; a negative one has no bar.
    pub value: f32,
    /// The number drawn as a full bar.
    pub full: f32,
    /// The colour of the bar.
    pub color: Color32,
}

/// Draws one row as wide as there is room.
pub fn ranked_ui(ui: &mut Ui, theme: &Theme, row: &Ranked<'_>) -> Response {
    let height = (theme.body_size * 1.5).round();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let name = format!("{}, {}", row.label, number(row.value));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 4.0, *theme.raised);
    }
    let label_width = rect.width() * 0.4;
    let number_width = theme.body_size * 4.4;
    super::fitted_text(
        painter,
        rect.left_center(),
        Align2::LEFT_CENTER,
        row.label,
        theme.mono(),
        *theme.text,
        label_width - theme.body_size / 2.0,
    );
    painter.text(
        rect.right_center(),
        Align2::RIGHT_CENTER,
        number(row.value),
        theme.mono(),
        *theme.text,
    );
    let track = Rect::from_min_max(
        pos2(rect.left() + label_width, rect.top() + height * 0.22),
        pos2(rect.right() - number_width, rect.bottom() - height * 0.22),
    );
    painter.rect_stroke(track, 2.0, theme.line(theme.outline), egui::StrokeKind::Inside);
    let share = (row.value / row.full.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    // A NaN has no length.
    if share > 0.0 {
        let bar = track.with_max_x(track.left() + track.width() * share);
        painter.rect_filled(bar, 2.0, row.color);
    }
    response
}
