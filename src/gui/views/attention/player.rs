//! Playing the stages: forwards, backwards, by hand or one a second.

use crate::gui::look::theme::Theme;
use crate::gui::widgets::explained;
use crate::text::tr;
use egui::{Align2, EventFilter, Key, Response, Sense, Stroke, Ui, pos2, vec2};
use std::time::Duration;

/// How long each stage stays while playing: a pace a class can follow.
const STAGE_SECS: f64 = 1.2;

/// Which stage is lit, and whether time moves it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Player {
    /// The stage that is lit.
    pub stage: usize,
    /// When it was lit, while playing.
    since: Option<f64>,
}

impl Player {
    /// Lights the stage that is due at `now`. Returns how long until the next, while playing.
    pub fn advance(&mut self, now: f64, n_stages: usize) -> Option<Duration> {
        let since = self.since?;
        if now - since < STAGE_SECS {
            return Some(Duration::from_secs_f64(STAGE_SECS - (now - since)));
        }
        self.stage = (self.stage + 1).min(n_stages.saturating_sub(1));
        self.since = (self.stage + 1 < n_stages).then_some(now);
        self.since.map(|_| Duration::from_secs_f64(STAGE_SECS))
    }

    /// Plays or pauses; from the last stage it plays from the first.
    fn toggle(&mut self, now: f64, n_stages: usize) {
        if self.since.take().is_some() {
            return;
        }
        if self.stage + 1 >= n_stages {
            self.stage = 0;
        }
        self.since = Some(now);
    }

    /// Lights a stage and stays there.
    pub fn go_to(&mut self, stage: usize) {
        (self.stage, self.since) = (stage, None);
    }

    fn step(&mut self, by: isize, n_stages: usize) {
        let stage = self.stage.saturating_add_signed(by);
        self.go_to(stage.min(n_stages.saturating_sub(1)));
    }

    /// The stage bar: back, play, next, and a slider with a stop for each stage. While any of them
    /// has the keyboard's focus, Space plays and the arrow keys step.
    pub fn ui(&mut self, ui: &mut Ui, theme: &Theme, titles: &[&str]) {
        let (n, now) = (titles.len(), ui.input(|input| input.time));
        let back = ui.add_enabled(self.stage > 0, egui::Button::new(tr("Back")));
        let back = explained(back, tr("The stage before (←)"));
        let is_playing = self.since.is_some();
        // Both words take the same room, so that nothing moves.
        let play = egui::Button::new(if is_playing { tr("Pause") } else { tr("Play") })
            .min_size(vec2(theme.body_size * 4.2, 0.0));
        let play = ui.add(play).on_hover_text(tr("One stage after the other (Space)"));
        let next = ui.add_enabled(self.stage + 1 < n, egui::Button::new(tr("Next")));
        let next = explained(next, tr("The next stage (→)"));
        let track = self.track_ui(ui, theme, titles);
        if back.clicked() {
            self.step(-1, n);
        }
        if play.clicked() {
            self.toggle(now, n);
        }
        if next.clicked() {
            self.step(1, n);
        }
        for response in [&back, &play, &next, &track] {
            if response.clicked() {
                response.request_focus();
            }
            self.keys(ui, response, n);
        }
        if track.has_focus() && ui.input(|input| input.key_pressed(Key::Space)) {
            self.toggle(now, n);
        }
    }

    fn keys(&mut self, ui: &Ui, response: &Response, n_stages: usize) {
        if !response.has_focus() {
            return;
        }
        // Without this the arrow keys would move the focus away.
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let pressed = |key| ui.input(|input| input.key_pressed(key));
        if pressed(Key::ArrowLeft) {
            self.step(-1, n_stages);
        }
        if pressed(Key::ArrowRight) {
            self.step(1, n_stages);
        }
    }

    /// Numbered stops on a line; click or drag to go to one.
    fn track_ui(&mut self, ui: &mut Ui, theme: &Theme, titles: &[&str]) -> Response {
        let stop = theme.body_size * 1.9;
        let size = vec2(stop * titles.len() as f32, stop);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let stage_at = |x: f32| ((x - rect.left()) / stop).clamp(0.0, titles.len() as f32 - 0.5);
        let pointer = response.interact_pointer_pos();
        if let Some(pos) = pointer.filter(|_| response.is_pointer_button_down_on()) {
            self.go_to(stage_at(pos.x) as usize);
        }
        let (value, name) = (self.stage as f64 + 1.0, tr("Stage"));
        response.widget_info(|| egui::WidgetInfo::slider(true, value, name));
        let x = |stage: usize| rect.left() + (stage as f32 + 0.5) * stop;
        let painter = ui.painter();
        let y = rect.center().y;
        let last = titles.len().saturating_sub(1);
        painter.hline(x(0)..=x(last), y, theme.line(theme.outline));
        painter.hline(x(0)..=x(self.stage), y, Stroke::new(3.0, *theme.accent));
        for stage in 0..titles.len() {
            let center = pos2(x(stage), y);
            let (fill, ink) = if stage == self.stage {
                (*theme.accent, *theme.on_accent)
            } else {
                (*theme.raised, *theme.text)
            };
            let is_done = stage <= self.stage;
            let edge = if is_done { theme.accent } else { theme.outline };
            painter.circle(center, stop * 0.38, fill, theme.line(edge));
            let font = theme.mono_caption();
            painter.text(center, Align2::CENTER_CENTER, stage + 1, font, ink);
        }
        if response.has_focus() {
            let stroke = theme.line(theme.accent);
            painter.rect_stroke(rect, stop / 2.0, stroke, egui::StrokeKind::Outside);
        }
        let hovered = response.hover_pos().map(|pos| stage_at(pos.x) as usize);
        let title = hovered.and_then(|stage| titles.get(stage));
        match title {
            Some(title) => response.on_hover_text(tr(title)),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playing_lights_one_stage_after_the_other_and_stops_at_the_last() {
        let mut player = Player::default();
        assert_eq!(player.advance(5.0, 3), None);
        player.toggle(10.0, 3);
        assert!(player.advance(10.5, 3).is_some() && player.stage == 0);
        assert!(player.advance(11.3, 3).is_some() && player.stage == 1);
        assert!(player.advance(12.6, 3).is_none() && player.stage == 2);
        assert_eq!(player.advance(20.0, 3), None);
        player.toggle(30.0, 3);
        assert_eq!(player.stage, 0);
    }

    #[test]
    fn stepping_pauses_and_stays_within_the_stages() {
        let mut player = Player::default();
        player.toggle(0.0, 3);
        player.step(1, 3);
        assert_eq!((player.stage, player.advance(9.0, 3)), (1, None));
        player.step(9, 3);
        assert_eq!(player.stage, 2);
        player.step(-9, 3);
        assert_eq!(player.stage, 0);
    }
}
