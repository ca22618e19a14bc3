//! Heads light up when typing makes them look elsewhere, and settle.

use crate::gui::look::motion;
use crate::trace::{Trace, TraceId};
use egui::{Color32, Painter, Rect, Stroke, StrokeKind};

/// How brightly a tile is lit at first whose head looks at nothing it looked at before.
const BRIGHTEST: f32 = 0.6;

/// How far each head's attention from the last token has gone elsewhere.
#[derive(Debug, Default)]
pub struct Glow {
    of: Option<TraceId>,
    /// The last token's row of each head, layer by layer.
    looks: Vec<Vec<f32>>,
    /// For each head, from 0 to 1.
    strength: Vec<f32>,
    since: f64,
}

impl Glow {
    /// Compares the recording on screen with the one before it.
    pub fn follow(&mut self, trace: &Trace, now: f64) {
        if self.of == Some(trace.id) {
            return;
        }
        let heads =
            (0..trace.model.n_layers).flat_map(|l| (0..trace.model.n_heads).map(move |h| (l, h)));
        let last = trace.tokens.len().saturating_sub(1);
        let look = |(layer, head)| {
            trace.pattern(layer, head).map(|p| p.row(last).to_vec()).unwrap_or_default()
        };
        let looks: Vec<Vec<f32>> = heads.map(look).collect();
        let is_same_model = self.of.is_some() && looks.len() == self.looks.len();
        let pairs = looks.iter().zip(&self.looks).filter(|_| is_same_model);
        self.strength = pairs.map(|(new, old)| moved(old, new)).collect();
        (self.of, self.looks, self.since) = (Some(trace.id), looks, now);
    }

    /// Lights a tile as far as its head has not settled yet.
    pub fn paint(&self, painter: &Painter, tile: Rect, head: usize, hue: Color32) {
        let rest = 1.0 - motion::progress(painter.ctx(), self.since);
        let strength = self.strength.get(head).copied().unwrap_or(0.0) * rest * BRIGHTEST;
        if strength < 0.01 {
            return;
        }
        painter.rect_filled(tile, 2.0, hue.gamma_multiply(strength * 0.6));
        for ring in 1..=3_u8 {
            let away = f32::from(ring) * 2.0;
            let stroke = Stroke::new(2.0, hue.gamma_multiply(strength / f32::from(ring)));
            painter.rect_stroke(tile.expand(away), 2.0 + away, stroke, StrokeKind::Middle);
        }
    }
}

/// The share of attention that went elsewhere: half the sum of |p − q|, the shorter filled with zeros.
fn moved(old: &[f32], new: &[f32]) -> f32 {
    let at = |row: &[f32], key: usize| row.get(key).copied().unwrap_or(0.0);
    let keys = 0..old.len().max(new.len());
    let sum: f32 = keys.map(|key| (at(old, key) - at(new, key)).abs()).sum();
    (sum / 2.0).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_that_went_elsewhere_is_counted_once() {
        assert_eq!(moved(&[0.5, 0.5], &[0.5, 0.5]), 0.0);
        assert_eq!(moved(&[1.0], &[0.0, 1.0]), 1.0);
        assert!((moved(&[0.5, 0.5], &[0.5, 0.25, 0.25]) - 0.25).abs() < 1e-6);
    }
}
