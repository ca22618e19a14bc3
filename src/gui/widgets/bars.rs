//! A row of the next-token list: token, bar, percentage.

use crate::gui::look::format::percent;
use crate::gui::look::motion;
use crate::gui::look::theme::Theme;
use crate::text::trf;
use egui::{Align2, Id, Rect, Response, Sense, Ui, pos2, vec2};

/// What a row shows.
pub struct Bar<'a> {
    /// The token as it can be shown.
    pub label: &'a str,
    /// The model's own probability.
    pub before: f32,
    /// The probability after the filters; 0 when the token was cut.
    pub after: f32,
    /// The probability drawn as a full bar.
    pub full: f32,
    /// Distinguishes rows, so that each bar moves to its own new length.
    pub id: Id,
}

/// Draws one row as wide as there is room; clicking it chooses the token.
pub fn bar_ui(ui: &mut Ui, theme: &Theme, bar: &Bar<'_>) -> Response {
    let height = (theme.body_size * 1.55).round();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let is_cut = bar.after <= 0.0;
    let name = if is_cut {
        trf("{0}, {1}, cut", &[&bar.label, &percent(bar.before)])
    } else {
        format!("{}, {}", bar.label, percent(bar.after))
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, *theme.raised);
    }
    let label_width = rect.width() * 0.34;
    let number_width = theme.body_size * 4.3;
    let ink = if is_cut { *theme.dim } else { *theme.text };
    let left = pos2(rect.left() + 4.0, rect.center().y);
    let shown = super::fitted_text(
        painter,
        left,
        Align2::LEFT_CENTER,
        bar.label,
        theme.mono(),
        ink,
        label_width - 8.0,
    );
    if is_cut {
        let strike = theme.line(theme.dim);
        painter.line_segment(
            [pos2(shown.left(), rect.center().y), pos2(shown.right(), rect.center().y)],
            strike,
        );
    }
    let shown = if is_cut { bar.before } else { bar.after };
    let right = pos2(rect.right() - 4.0, rect.center().y);
    painter.text(right, Align2::RIGHT_CENTER, percent(shown), theme.mono(), ink);

    let track = Rect::from_min_max(
        pos2(rect.left() + label_width, rect.top() + height * 0.22),
        pos2(rect.right() - number_width, rect.bottom() - height * 0.22),
    );
    let length = |p: f32| track.width() * (p / bar.full.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    let move_to = |salt: &str, p: f32| motion::glide(ui.ctx(), bar.id.with(salt), length(p));
    let before =
        Rect::from_min_size(track.min, vec2(move_to("before", bar.before), track.height()));
    let after = Rect::from_min_size(track.min, vec2(move_to("after", bar.after), track.height()));
    painter.rect_filled(after, 2.0, *theme.accent);
    if is_cut {
        super::hatch(painter, before, theme.line(theme.outline), 6.0);
    }
    painter.rect_stroke(before, 2.0, theme.line(theme.dim), egui::StrokeKind::Inside);
    response
}
