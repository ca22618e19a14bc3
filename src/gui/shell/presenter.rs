//! Help for showing the window to a class: the picture alone, in big type, frozen, under a spotlight,
//! or a black screen.

use crate::gui::contract::action::tip;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use egui::{Color32, LayerId, Order, Painter, Rect, Stroke, Ui, ViewportCommand, vec2};

/// What the presenter has switched on.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Default)]
pub struct Presenter {
    /// Is the picture shown alone?
    pub is_zoomed: bool,
    /// Does a spotlight follow the pointer?
    pub has_spotlight: bool,
    /// Does the picture fill the screen in big type?
    pub is_presenting: bool,
    /// Does the picture stay whatever is typed or pointed at?
    pub is_frozen: bool,
    /// Is the screen black?
    pub is_black: bool,
}

impl Presenter {
    /// Fills the screen, or gives it back.
    pub fn toggle_presenting(&mut self, ctx: &egui::Context) {
        *self = Self { is_presenting: !self.is_presenting, ..Self::default() };
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.is_presenting));
    }

    /// Takes one thing back that was switched on: the black screen, else presenting. False when
    /// there was nothing to take back.
    pub fn release(&mut self, ctx: &egui::Context) -> bool {
        if std::mem::take(&mut self.is_black) {
            return true;
        }
        let was_presenting = self.is_presenting;
        if was_presenting {
            self.toggle_presenting(ctx);
        }
        was_presenting
    }

    /// Says that the picture does not follow, darkens everything but a circle around the pointer, or
    /// blackens the screen.
    pub fn ui(&self, ui: &Ui, theme: &Theme) {
        let layer = LayerId::new(Order::Foreground, egui::Id::unique("presenter"));
        let painter = ui.ctx().layer_painter(layer);
        let screen = ui.ctx().content_rect();
        if self.is_black {
            painter.rect_filled(screen, 0.0, Color32::BLACK);
            return;
        }
        if self.is_frozen {
            frozen_ui(&painter, theme, screen);
        }
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let Some(center) = pointer.filter(|_| self.has_spotlight) else {
            return;
        };
        let radius = theme.body_size * 9.0;
        let reach = screen.size().length();
        let shade = Color32::BLACK.gamma_multiply(0.65);
        painter.circle_stroke(center, radius + reach / 2.0, Stroke::new(reach, shade));
        painter.circle_stroke(center, radius, theme.line(theme.accent));
    }
}

/// A mark in the corner: what is seen is not what is typed.
fn frozen_ui(painter: &Painter, theme: &Theme, screen: Rect) {
    let text = tip("Frozen", &Command::ToggleFreeze);
    let galley = painter.layout_no_wrap(text, theme.body(), *theme.on_accent);
    let pad = vec2(theme.body_size, theme.body_size / 2.0);
    let size = galley.size() + pad;
    let rect = Rect::from_min_size(screen.center_top() - vec2(size.x / 2.0, 0.0), size);
    painter.rect_filled(rect, 4.0, *theme.accent);
    painter.galley(rect.min + pad / 2.0, galley, *theme.on_accent);
}
