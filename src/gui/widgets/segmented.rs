//! A few choices side by side, one of which holds.

use crate::gui::look::theme::Theme;
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

/// Draws the choices as one control; a click makes another one hold. Each is a name and what it
/// shows.
pub fn segmented_ui(ui: &mut Ui, theme: &Theme, choices: &[(&str, &str)], chosen: &mut usize) {
    let padding = theme.body_size;
    let galleys: Vec<_> = choices
        .iter()
        .map(|(name, _)| ui.painter().layout_no_wrap((*name).to_owned(), theme.body(), *theme.text))
        .collect();
    let width: f32 = galleys.iter().map(|g| g.size().x + padding).sum();
    let height = theme.body_size * 1.75;
    let (whole, frame) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    ui.painter().rect_filled(whole, 6.0, *theme.raised);
    let mut left = whole.left();
    for (i, galley) in galleys.into_iter().enumerate() {
        let (name, tip) = choices[i];
        let right = left + galley.size().x + padding;
        let rect = Rect::from_min_max(pos2(left, whole.top()), pos2(right, whole.bottom()));
        left = right;
        let response = ui.interact(rect, frame.id.with(name), Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, i == *chosen, name)
        });
        let ink = if i == *chosen {
            ui.painter().rect_filled(rect, 6.0, *theme.accent);
            *theme.on_accent
        } else {
            *theme.text
        };
        if response.hovered() || response.has_focus() {
            let stroke = theme.line(theme.accent);
            ui.painter().rect_stroke(rect, 6.0, stroke, egui::StrokeKind::Inside);
        }
        let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
        ui.painter().galley_with_override_text_color(at.min, galley, ink);
        if response.on_hover_text(tip).clicked() {
            *chosen = i;
        }
    }
    let outline = theme.line(theme.outline);
    ui.painter().rect_stroke(whole, 6.0, outline, egui::StrokeKind::Outside);
}
