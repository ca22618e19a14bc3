//! All logits at once: a hump of thousands of tokens, and the few best far out on its right.

use super::table::Shown;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{Zoom, fitted_text, ticks};
use crate::text::{tr, trf};
use egui::{Align2, Painter, Rangef, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

/// How many of the best tokens are marked.
const MARKED: usize = 5;

/// Where numbers are on screen.
struct Axes {
    plot: Rect,
    /// The smallest and the largest logit.
    range: (f32, f32),
    /// log10 of 1 + the fullest bin.
    most: f32,
    /// Room above the fullest bin, for the names of the best tokens.
    headroom: f32,
}

impl Axes {
    fn x(&self, logit: f32) -> f32 {
        let (low, high) = self.range;
        let t = (logit - low) / (high - low).max(f32::MIN_POSITIVE);
        self.plot.left() + t.clamp(0.0, 1.0) * self.plot.width()
    }

    fn y(&self, tokens: usize) -> f32 {
        let t = (1.0 + tokens as f32).log10() / self.most.max(f32::MIN_POSITIVE);
        self.plot.bottom() - t * (self.plot.height() - self.headroom).max(0.0)
    }
}

/// Draws the histogram.
pub(super) fn histogram_ui(ui: &mut Ui, ctx: &Context<'_>, shown: &Shown<'_>) {
    let theme = ctx.theme;
    let readout = &shown.picture.readout;
    let n = readout.logits.len();
    let title = trf("All {0} logits", &[&count(n)]);
    ui.label(RichText::new(title).font(theme.body()));
    let mass = |n: usize| percent(readout.mass_of_best(n));
    let note = trf("the best 10 tokens hold {0}, the best 100 {1}", &[&mass(10), &mass(100)]);
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));

    let line = theme.caption_size * 1.35;
    let id = ui.next_auto_id();
    let (room, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let name = trf(
        "Histogram of {0} logits from {1} to {2}",
        &[&n, &number(shown.picture.histogram.low), &number(shown.picture.histogram.high)],
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    let plot = room
        .with_min_x(room.left() + theme.caption_size * 3.4)
        .with_max_y(room.bottom() - 2.0 * line)
        .with_min_y(room.top() + line);
    if plot.width() < 2.0 * line || plot.height() < 2.0 * line {
        return;
    }
    let histogram = &shown.picture.histogram;
    let whole = Rect::from_min_max(pos2(histogram.low, 0.0), pos2(histogram.high, 1.0));
    let zoom = Zoom::load(ui.ctx(), id, whole).across();
    let part = zoom.part();
    let marked = ((plot.height() * 0.45 / line) as usize).min(MARKED);
    let axes = Axes {
        plot,
        range: (part.left(), part.right()),
        most: (1.0 + histogram.most() as f32).log10(),
        headroom: (marked + 1) as f32 * line,
    };
    paint_axes(ui.painter(), theme, &axes, histogram.most());
    paint_bins(ui.painter(), theme, &axes, shown);
    paint_marks(ui.painter(), ctx, &axes, shown, marked);
    zoom.ui(ui, theme, &response, plot, None);
    if let Some(place) = response.hover_pos().filter(|&place| plot.contains(place)) {
        let logit = part.left() + (place.x - plot.left()) / plot.width() * part.width();
        let t = (logit - histogram.low) / (histogram.high - histogram.low).max(f32::MIN_POSITIVE);
        let bin = ((t * histogram.counts.len() as f32) as usize).min(histogram.counts.len() - 1);
        let (low, high) = histogram.edges(bin);
        response.on_hover_text_at_pointer(trf(
            "logit {0} to {1}: {2} tokens, {3} of the probability",
            &[
                &number(low),
                &number(high),
                &count(histogram.counts[bin]),
                &percent(histogram.weights[bin]),
            ],
        ));
    }
}

fn paint_axes(painter: &Painter, theme: &Theme, axes: &Axes, most: usize) {
    let plot = axes.plot;
    let text = |at, anchor, text: String| {
        painter.text(at, anchor, text, theme.caption(), *theme.dim);
    };
    let faint = Stroke::new(1.0, *theme.outline);
    let powers = std::iter::successors(Some(1_usize), |power| power.checked_mul(10));
    for tokens in powers.take_while(|&power| power <= most.max(1)) {
        let y = axes.y(tokens);
        painter.hline(plot.x_range(), y, faint);
        text(pos2(plot.left() - 6.0, y), Align2::RIGHT_CENTER, count(tokens));
    }
    let title = pos2(plot.left(), plot.top() - theme.caption_size * 0.7);
    text(title, Align2::LEFT_CENTER, tr("↑ tokens (log scale)").to_owned());
    painter.hline(plot.x_range(), plot.bottom(), theme.line(theme.dim));
    let (low, high) = axes.range;
    let n = (plot.width() / (theme.caption_size * 5.0)) as usize;
    let line = theme.caption_size * 1.35;
    for (logit, label) in ticks(Rangef::new(low, high), n) {
        let at = pos2(axes.x(logit), plot.bottom());
        painter.vline(at.x, at.y..=at.y + 4.0, theme.line(theme.dim));
        text(at + vec2(0.0, line * 0.5 + 4.0), Align2::CENTER_CENTER, label);
    }
    let at = pos2(plot.center().x, plot.bottom() + 1.55 * line);
    text(at, Align2::CENTER_CENTER, "logit →".to_owned());
}

fn paint_bins(painter: &Painter, theme: &Theme, axes: &Axes, shown: &Shown<'_>) {
    let histogram = &shown.picture.histogram;
    for (bin, &tokens) in histogram.counts.iter().enumerate().filter(|&(_, &n)| n > 0) {
        let (low, high) = histogram.edges(bin);
        let gap = if axes.plot.width() > 4.0 * histogram.counts.len() as f32 { 1.0 } else { 0.0 };
        let (left, right) = (axes.x(low), axes.x(high) - gap);
        let rect = Rect::from_x_y_ranges(left..=right, axes.y(tokens)..=axes.plot.bottom());
        painter.rect_filled(rect, 0.0, *theme.residual);
    }
}

/// A line for each of the best tokens and for the chosen one. The best stands highest, so that no
/// name crosses another's line.
fn paint_marks(
    painter: &Painter,
    ctx: &Context<'_>,
    axes: &Axes,
    shown: &Shown<'_>,
    marked: usize,
) {
    let theme = ctx.theme;
    let readout = &shown.picture.readout;
    let line = theme.caption_size * 1.35;
    let best = readout.order.iter().take(marked).copied();
    let other = shown.chosen.filter(|id| readout.rank(*id).is_some_and(|rank| rank >= marked));
    for (row, id) in best.chain(other).enumerate() {
        if !(axes.range.0..=axes.range.1).contains(&readout.logit(id)) {
            continue;
        }
        let is_chosen = shown.chosen == Some(id);
        let color = if is_chosen { *theme.selection } else { *theme.accent };
        let x = axes.x(readout.logit(id));
        let y = axes.plot.top() + (row as f32 + 0.5) * line;
        painter.vline(x, y..=axes.plot.bottom(), theme.line(color));
        let label = ctx.model.tokenizer.token(id).label();
        let text = format!("{label} {}", percent(readout.prob(id)));
        // To the right only where there is no room on the left.
        let (anchor, at, width) = if x - axes.plot.left() > theme.caption_size * 9.0 {
            (Align2::RIGHT_CENTER, x - 5.0, x - axes.plot.left())
        } else {
            (Align2::LEFT_CENTER, x + 5.0, axes.plot.right() - x)
        };
        let font = theme.mono_caption();
        fitted_text(painter, pos2(at, y), anchor, &text, font, *theme.text, width.min(line * 14.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_place() {
        let axes = Axes {
            plot: Rect::from_min_size(pos2(100.0, 50.0), vec2(200.0, 120.0)),
            range: (-5.0, 15.0),
            most: 2.0,
            headroom: 20.0,
        };
        assert_eq!((axes.x(-5.0), axes.x(5.0), axes.x(99.0)), (100.0, 200.0, 300.0));
        assert_eq!((axes.y(0), axes.y(9), axes.y(99)), (170.0, 120.0, 70.0));
    }
}
