//! Cards on the screen: problems with their cause and cure, and what has been done.

use crate::gui::look::theme::Theme;
use crate::problem::Problem;
use crate::text::tr;
use egui::{Align2, Area, Frame, RichText, Ui, vec2};
use std::time::{Duration, Instant};

/// Cards that stay until they are closed or their cause is gone.
#[derive(Debug, Default)]
pub struct Notices {
    cards: Vec<Problem>,
    /// What was done last, and when.
    done: Option<(String, Instant)>,
}

/// How long it is said that something was done.
const DONE_FOR: Duration = Duration::from_secs(10);

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

    /// Says for a while that something was done.
    pub fn done(&mut self, text: impl Into<String>) {
        self.done = Some((text.into(), Instant::now()));
    }

    /// Takes away the problems that no longer hold.
    pub fn resolve(&mut self, is_resolved: impl Fn(&Problem) -> bool) {
        self.cards.retain(|card| !is_resolved(card));
    }

    /// Draws the problems in a dialog, where whoever uses it is looking.
    pub fn inline_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        self.cards.retain(|card| !card_ui(ui, theme, card));
    }

    /// Draws the cards in the upper right corner of `ui`.
    pub fn ui(&mut self, ui: &Ui, theme: &Theme) {
        self.done.take_if(|(_, at)| at.elapsed() > DONE_FOR);
        if self.cards.is_empty() && self.done.is_none() {
            return;
        }
        let rect = ui.max_rect();
        let corner = rect.right_top() + vec2(-12.0, 12.0);
        let width = (theme.body_size * 30.0).min(rect.width() - 24.0).max(0.0);
        let area =
            Area::new(egui::Id::unique("notices")).pivot(Align2::RIGHT_TOP).fixed_pos(corner);
        area.show(ui.ctx(), |ui| {
            ui.set_width(width);
            self.cards.retain(|card| !card_ui(ui, theme, card));
            let close = |(text, _): &mut (String, Instant)| done_ui(ui, theme, text);
            if self.done.take_if(close).is_none() && self.done.is_some() {
                ui.ctx().request_repaint_after(DONE_FOR);
            }
        });
    }
}

/// The ground of a card.
fn frame(theme: &Theme, outline: egui::Color32) -> Frame {
    Frame::new()
        .fill(*theme.raised)
        .stroke(egui::Stroke::new(theme.stroke + 0.5, outline))
        .corner_radius(6)
        .inner_margin(12)
}

/// The first line of a card; true when it was closed.
fn heading_ui(ui: &mut Ui, text: RichText) -> bool {
    ui.horizontal(|ui| {
        let right = egui::Layout::right_to_left(egui::Align::Min);
        ui.with_layout(right, |ui| {
            let close = ui.button(tr("Close")).on_hover_text(tr("Close this notice"));
            let left = egui::Layout::left_to_right(egui::Align::Min).with_main_wrap(true);
            ui.with_layout(left, |ui| ui.label(text));
            close.clicked()
        })
        .inner
    })
    .inner
}

/// Draws what was done; true when it was closed.
fn done_ui(ui: &mut Ui, theme: &Theme, text: &str) -> bool {
    let card = frame(theme, *theme.outline);
    card.show(ui, |ui| heading_ui(ui, RichText::new(text).font(theme.body()))).inner
}

/// Draws one card; true when it was closed.
fn card_ui(ui: &mut Ui, theme: &Theme, card: &Problem) -> bool {
    let mut is_closed = false;
    frame(theme, *theme.error).show(ui, |ui| {
        let what = RichText::new(tr(&card.what)).color(*theme.error);
        is_closed = heading_ui(ui, what.font(theme.body()));
        ui.label(tr(&card.why));
        if !card.cure.is_empty() {
            ui.label(RichText::new(tr(&card.cure)).color(*theme.dim));
        }
    });
    is_closed
}
