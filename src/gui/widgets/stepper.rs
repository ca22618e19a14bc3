//! A number with a button before and after it: one less, one more.

use crate::gui::look::theme::Theme;
use crate::text::trf;
use egui::{Align2, Color32, Rect, Response, Sense, Ui, vec2};

/// Draws `name` and `value` between two buttons. Returns the value that was asked for, if any; it
/// is one of `0..n`.
pub fn stepper_ui(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    value: usize,
    n: usize,
    color: Color32,
) -> Option<usize> {
    // As wide as the longest value, so that the buttons stay where they are.
    let widest = format!("{name} {}", n.saturating_sub(1));
    let galley = ui.painter().layout_no_wrap(widest, theme.body(), *theme.text);
    let height = theme.body_size * 1.75;
    let size = vec2(galley.size().x + 2.0 * height + theme.body_size, height);
    let (rect, frame) = ui.allocate_exact_size(size, Sense::hover());
    let outline = theme.line(theme.outline);
    let painter = ui.painter().clone();
    painter.rect(rect, 6.0, *theme.raised, outline, egui::StrokeKind::Outside);
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        format!("{name} {value}"),
        theme.body(),
        color,
    );
    let (less, rest) = rect.split_left_right_at_x(rect.left() + height);
    let (_, more) = rest.split_left_right_at_x(rect.right() - height);
    let step = |rect, text, what: &'static str, next: Option<usize>| {
        let name = trf(what, &[&name.to_lowercase()]);
        let response = ui.interact(rect, frame.id.with(text), Sense::click());
        step_ui(ui, theme, &response, text, &name, next.is_some());
        next.filter(|_| response.on_hover_text(name).clicked())
    };
    let previous = step(less, "‹", "Previous {0}", value.checked_sub(1));
    let next = step(more, "›", "Next {0}", Some(value + 1).filter(|&next| next < n));
    previous.or(next)
}

fn step_ui(ui: &Ui, theme: &Theme, response: &Response, text: &str, name: &str, is_enabled: bool) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, name));
    let rect: Rect = response.rect;
    if is_enabled && (response.hovered() || response.has_focus()) {
        let stroke = theme.line(theme.accent);
        ui.painter().rect_stroke(rect, 6.0, stroke, egui::StrokeKind::Inside);
    }
    let ink = if is_enabled { *theme.text } else { *theme.outline };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme.title(), ink);
}
