//! How long the bar of a probability is.
//!
//! A full bar is 100 %, in every list: a token of 10 % must not look like one of 60 %. Where all bars
//! are short a switch zooms in, and says so for as long as it does.

use crate::gui::look::format::percent;
use crate::gui::look::theme::Theme;
use crate::text::{tr, trf};
use egui::{Context, Id, RichText, Ui};

/// The probability that a full bar stands for, and the switch that zooms in. `largest` is the largest
/// probability in the list. The switch is the same for all lists.
pub fn bar_scale_ui(ui: &mut Ui, theme: &Theme, largest: f32) -> f32 {
    let full = bar_scale(ui.ctx(), largest);
    let is_zoomed = is_zoomed(ui.ctx());
    let text = trf("bars: 0 to {0}", &[&percent(full)]);
    let ink = if full < 1.0 { *theme.accent } else { *theme.dim };
    let button = egui::Button::new(RichText::new(text).font(theme.caption()).color(ink)).small();
    let hint = if is_zoomed {
        tr("Bars are zoomed in. Click for bars that are shares of 100 %")
    } else {
        tr("A full bar is 100 %. Click to zoom in on small probabilities")
    };
    let response = ui.add(button.selected(is_zoomed)).on_hover_text(hint);
    if response.clicked() {
        ui.data_mut(|data| data.insert_temp(id(), !is_zoomed));
        ui.ctx().request_repaint();
    }
    full
}

/// The probability that a full bar stands for, in a list that has no switch of its own.
pub fn bar_scale(ctx: &Context, largest: f32) -> f32 {
    if is_zoomed(ctx) { round_up(largest) } else { 1.0 }
}

fn id() -> Id {
    Id::unique("bars are zoomed in")
}

fn is_zoomed(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp(id())).unwrap_or(false)
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below a probability; at most 1.
fn round_up(prob: f32) -> f32 {
    let mut full = 1.0_f32;
    // Below a millionth nothing is told apart any more.
    while full > 1e-6 {
        // 1, 0.5, 0.2, 0.1: each step by 2, 2.5, 2.
        let power = 10_f32.powi((full.log10() + 1e-4).floor() as i32);
        let smaller = if full / power > 4.0 { 2.0 * power } else { full / 2.0 };
        if smaller < prob {
            break;
        }
        full = smaller;
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zoomed_bars_end_at_round_numbers() {
        for (prob, full) in [
            (1.0, 1.0),
            (0.63, 1.0),
            (0.5, 0.5),
            (0.33, 0.5),
            (0.108, 0.2),
            (0.1, 0.1),
            (0.011, 0.02),
        ] {
            assert!((round_up(prob) - full).abs() < 1e-6 * full, "{prob}: {}", round_up(prob));
        }
        assert!(round_up(0.0) > 0.0 && round_up(f32::NAN) <= 1.0);
    }

    #[test]
    fn a_full_bar_is_everything_until_somebody_zooms() {
        let ctx = Context::default();
        assert_eq!(bar_scale(&ctx, 0.1), 1.0);
        ctx.data_mut(|data| data.insert_temp(id(), true));
        assert!((bar_scale(&ctx, 0.1) - 0.1).abs() < 1e-6);
    }
}
