//! Many draws at once: how often each token came, beside how often it was expected.

use super::Made;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number, percent};
use crate::gui::widgets::fitted_text;
use crate::math::sampling::{Coins, Sampling, draw_many, top};
use crate::text::{tr, trf};
use crate::trace::TraceId;
use egui::{Align2, Rect, RichText, ScrollArea, Sense, Slider, Stroke, Ui, pos2, vec2};

/// The draws on screen.
#[derive(Debug)]
pub(super) struct Many {
    n: usize,
    drawn: Option<Drawn>,
}

impl Default for Many {
    fn default() -> Self {
        Self { n: 1000, drawn: None }
    }
}

#[derive(Debug)]
struct Drawn {
    made_for: (TraceId, Sampling, u64, usize),
    /// How often each token came, `[vocab]`.
    counts: Vec<u32>,
    /// The tokens that are listed, most probable first.
    listed: Vec<usize>,
}

/// How many tokens are listed.
const LISTED: usize = 100;

impl Many {
    fn refresh(&mut self, ctx: &Context<'_>, made: &Made) {
        let key = (ctx.trace.id, ctx.sampling.clone(), ctx.seed, self.n);
        if self.drawn.as_ref().is_some_and(|drawn| drawn.made_for == key) {
            return;
        }
        let probs = &made.stages.probs;
        let mut listed = top(probs, LISTED);
        listed.retain(|&id| probs.get(id).is_some_and(|&p| p > 0.0));
        self.drawn = Some(Drawn { counts: drawn(probs, self.n, ctx.seed), made_for: key, listed });
    }
}

/// How often each token comes in `n` draws with the coins of a seed, `[vocab]`.
fn drawn(probs: &[f32], n: usize, seed: u64) -> Vec<u32> {
    draw_many(probs, n, &mut Coins::new(seed))
}

/// Which part of all draws would have to fall elsewhere to meet the expectation exactly: half the sum
/// of all differences.
fn misplaced(counts: &[u32], probs: &[f32]) -> f32 {
    let n: f64 = counts.iter().map(|&c| f64::from(c)).sum();
    let differences = counts.iter().zip(probs);
    let sum: f64 =
        differences.map(|(&c, &p)| (f64::from(c) / n.max(1.0) - f64::from(p)).abs()).sum();
    (sum / 2.0) as f32
}

/// Draws the number of draws, and a row for each token.
pub(super) fn many_ui(ui: &mut Ui, ctx: &Context<'_>, made: &Made, many: &mut Many) {
    let theme = ctx.theme;
    ui.horizontal_wrapped(|ui| {
        let label = ui.label(tr("Draws"));
        let slider = Slider::new(&mut many.n, 1..=100_000).logarithmic(true);
        let slider = ui.add(slider).labelled_by(label.id);
        slider.on_hover_text(tr("How many tokens to draw, each with the next coin of the seed"));
    });
    many.refresh(ctx, made);
    let Some(drawn) = &many.drawn else { return };
    let probs = &made.stages.probs;
    let off = percent(misplaced(&drawn.counts, probs));
    let note = trf(
        "Bar: how often it came. Line: how often it is expected, n × p. {0} of the draws are off the expectation.",
        &[&off],
    );
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    let expected = |id: usize| many.n as f32 * probs.get(id).copied().unwrap_or(0.0);
    let came = |id: usize| drawn.counts.get(id).copied().unwrap_or(0);
    let largest = |most: f32, &id: &usize| most.max(expected(id)).max(came(id) as f32);
    let full = drawn.listed.iter().fold(0.0, largest);
    let height = (theme.body_size * 1.5).round();
    ScrollArea::vertical().id_salt("many draws").auto_shrink(false).show_rows(
        ui,
        height,
        drawn.listed.len(),
        |ui, rows| {
            for &id in drawn.listed.get(rows).unwrap_or_default() {
                let label = ctx.model.tokenizer.token(id as u32).label();
                row_ui(ui, ctx, &label, [came(id) as f32, expected(id)], (full, height));
            }
        },
    );
}

fn row_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    label: &str,
    [came, expected]: [f32; 2],
    (full, height): (f32, f32),
) {
    let theme = ctx.theme;
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let numbers = format!("{} / {}", count(came as usize), short(expected));
    let name =
        trf("{0}: drawn {1}, expected {2}", &[&label, &count(came as usize), &short(expected)]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    let painter = ui.painter();
    let font = theme.mono_caption();
    let galley = painter.layout_no_wrap("99 999 / 99 999".to_owned(), font.clone(), *theme.text);
    let (label_width, number_width) = (rect.width() * 0.24, galley.size().x + 8.0);
    let y = rect.center().y;
    fitted_text(
        painter,
        pos2(rect.left(), y),
        Align2::LEFT_CENTER,
        label,
        font.clone(),
        *theme.text,
        label_width - 8.0,
    );
    painter.text(pos2(rect.right() - 6.0, y), Align2::RIGHT_CENTER, numbers, font, *theme.text);
    let track = Rect::from_min_max(
        pos2(rect.left() + label_width, rect.top() + height * 0.2),
        pos2(rect.right() - number_width - 6.0, rect.bottom() - height * 0.2),
    );
    if track.width() <= 0.0 {
        return;
    }
    let x = |n: f32| track.left() + track.width() * (n / full.max(1.0)).clamp(0.0, 1.0);
    painter.rect_filled(track.with_max_x(x(came)), 2.0, *theme.accent);
    let line = Stroke::new(theme.stroke + 1.0, *theme.text);
    painter.vline(x(expected), rect.shrink(1.0).y_range(), line);
    response.on_hover_text(trf("{0}. The first number was drawn, the second is n × p", &[&name]));
}

/// An expected count: whole when large.
fn short(expected: f32) -> String {
    if expected >= 1000.0 { count(expected.round() as usize) } else { number(expected) }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    /// Σ (drawn − expected)² / expected, and how many terms it has beyond the first. Tokens that are
    /// expected less than five times count together, as the test's approximation wants it.
    fn chi_squared(counts: &[u32], probs: &[f32], n: usize) -> (f64, f64) {
        let (mut rare, mut sum, mut terms) = ([0.0; 2], 0.0, 0.0);
        let mut add = |[came, expected]: [f64; 2]| {
            sum += (came - expected).powi(2) / expected;
            terms += 1.0;
        };
        for (&came, &p) in counts.iter().zip(probs) {
            let pair = [f64::from(came), n as f64 * f64::from(p)];
            if pair[1] >= 5.0 {
                add(pair);
            } else {
                rare = [rare[0] + pair[0], rare[1] + pair[1]];
            }
        }
        if rare[1] >= 5.0 {
            add(rare);
        }
        (sum, terms - 1.0)
    }

    /// What chi-squared exceeds once in ten thousand fair draws (Wilson and Hilferty 1931: its cube
    /// root is nearly normal, and a normal number is 3.719 deviations above its mean that often).
    fn bound(degrees: f64, deviations: f64) -> f64 {
        let variance = 2.0 / (9.0 * degrees);
        degrees * (1.0 - variance + deviations * variance.sqrt()).powi(3)
    }

    #[test]
    fn a_hundred_thousand_draws_have_the_frequencies_of_the_probabilities() {
        const N: usize = 100_000;
        let mut coins = Coins::new(99);
        let logits: Vec<f32> = (0..4096).map(|_| 12.0 * coins.toss()).collect();
        let cut = Sampling {
            temperature: 1.3,
            top_k: Some(200),
            top_p: Some(0.9),
            ..Sampling::default()
        };
        for sampling in [Sampling::default(), cut] {
            let stages = crate::math::stages::Stages::new(&sampling, &logits, &[]);
            for seed in 0..20 {
                let counts = drawn(&stages.probs, N, seed);
                let (chi, degrees) = chi_squared(&counts, &stages.probs, N);
                // Too far from what is expected would be unfair, and too near would not be a draw.
                assert!(chi < bound(degrees, 3.719), "seed {seed}: {chi} of {degrees}");
                assert!(chi > bound(degrees, -3.719), "seed {seed}: {chi} of {degrees}");
                let mut came = counts.iter().zip(&stages.probs).filter(|(c, _)| **c > 0);
                assert!(came.all(|(_, &p)| p > 0.0));
            }
        }
        // The test would notice a temperature that is off by a tenth.
        let off = Sampling { temperature: 1.1, ..Sampling::default() };
        let [probs, off] = [Sampling::default(), off].map(|s| s.apply(&logits, &[]).probs);
        let (chi, degrees) = chi_squared(&drawn(&off, N, 0), &probs, N);
        assert!(chi > bound(degrees, 3.719));
    }

    #[test]
    fn misplaced_draws() {
        assert_eq!(misplaced(&[50, 50], &[0.5, 0.5]), 0.0);
        assert_eq!(misplaced(&[100, 0], &[0.5, 0.5]), 0.5);
        assert_eq!(misplaced(&[], &[]), 0.0);
    }

    #[test]
    fn expectations_are_short() {
        assert_eq!((short(0.5), short(12_345.6)), ("0.500".into(), "12\u{a0}346".into()));
    }
}
