//! Help for showing the window to a class: the picture alone, and a spotlight.

use super::theme::Theme;
use egui::{Color32, LayerId, Order, Stroke, Ui};

/// What the presenter has switched on.
#[derive(Debug, Default)]
pub struct Presenter {
    /// Is the picture shown alone?
    pub is_zoomed: bool,
    /// Does a spotlight follow the pointer?
    pub has_spotlight: bool,
}

impl Presenter {
    /// Darkens everything but a circle around the pointer.
    pub fn ui(&self, ui: &Ui, theme: &Theme) {
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let Some(center) = pointer.filter(|_| self.has_spotlight) else {
            return;
        };
        let radius = theme.body_size * 9.0;
        let reach = ui.ctx().content_rect().size().length();
        let layer = LayerId::new(Order::Foreground, egui::Id::unique("spotlight"));
        let painter = ui.ctx().layer_painter(layer);
        let shade = Color32::BLACK.gamma_multiply(0.65);
        painter.circle_stroke(center, radius + reach / 2.0, Stroke::new(reach, shade));
        painter.circle_stroke(center, radius, theme.line(theme.accent));
    }
}
