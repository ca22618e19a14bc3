//! Problems as cards on the screen: what failed, why, and what to do.

use super::theme::Theme;
use crate::problem::Problem;
use crate::text::tr;
use egui::{Align2, Area, Frame, RichText, Ui, vec2};

/// Cards that stay until they are closed or their cause is gone.
#[derive(Debug, Default)]
pub struct Notices {
    cards: Vec<Problem>,
}

/// More than this would cover the picture; the oldest give way.
const MOST: usize = 4;

impl Notices {
    /// Shows a problem; one of the same kind is replaced.
    pub fn add(&mut self, problem: Problem) {
        self.cards.retain(|card| card.what != problem.what);
        self.cards.push(problem);
        let surplus = self.cards.len().saturating_sub(MOST);
        self.cards.drain(..surplus);
    }

    /// Takes away the problems that no longer hold.
    pub fn resolve(&mut self, is_resolved: impl Fn(&Problem) -> bool) {
        self.cards.retain(|card| !is_resolved(card));
    }

    /// Draws the cards in the upper right corner of `ui`.
    pub fn ui(&mut self, ui: &Ui, theme: &Theme) {
        if self.cards.is_empty() {
            return;
        }
        let rect = ui.max_rect();
        let corner = rect.right_top() + vec2(-12.0, 12.0);
        let width = (theme.body_size * 30.0).min(rect.width() - 24.0).max(0.0);
        let area = Area::new(egui::Id::unique("notices"))
            .pivot(Align2::RIGHT_TOP)
            .fixed_pos(corner);
        area.show(ui.ctx(), |ui| {
            ui.set_width(width);
            self.cards.retain(|card| !card_ui(ui, theme, card));
        });
    }
}

/// Draws one card; true when it was closed.
fn card_ui(ui: &mut Ui, theme: &Theme, card: &Problem) -> bool {
    let stroke = egui::Stroke::new(theme.stroke + 0.5, *theme.error);
    let frame = Frame::new()
        .fill(*theme.raised)
        .stroke(stroke)
        .corner_radius(6)
        .inner_margin(12);
    let mut is_closed = false;
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(
                RichText::new(&card.what)
                    .color(*theme.error)
                    .font(theme.body())
                    .strong(),
            );
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                is_closed = ui
                    .button(tr("Close"))
                    .on_hover_text(tr("Close this notice"))
                    .clicked();
            });
        });
        ui.label(&card.why);
        if !card.cure.is_empty() {
            ui.label(RichText::new(&card.cure).color(*theme.dim));
        }
    });
    is_closed
}
