//! The draw: a coin falls on the bar of all tokens.

use super::{Made, Toss};
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{explained, fitted_text};
use crate::math::coin_bar::Slice;
use crate::text::{tr, trf};
use egui::{Align2, DragValue, Painter, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

/// Seed and tosses.
pub(super) fn controls_ui(ui: &mut Ui, ctx: &mut Context<'_>, n: &mut usize, toss: Option<Toss>) {
    let mut seed = ctx.seed;
    let label = ui.label(tr("Seed"));
    let field = ui.add(DragValue::new(&mut seed).speed(0.1)).labelled_by(label.id);
    let help = "Decides all coins: the same seed draws the same tokens, here and with headlight generate --seed";
    if field.on_hover_text(tr(help)).changed() {
        ctx.send(Command::SetSeed(seed));
    }
    let again = ui.button(tr("Toss again")).on_hover_text(tr("Take the next coin of this seed"));
    if again.clicked() {
        *n += 1;
    }
    let first = ui.add_enabled(*n > 0, egui::Button::new(tr("First coin")));
    if explained(first, tr("Back to the first coin of this seed")).clicked() {
        *n = 0;
    }
    let Some(toss) = toss else { return };
    let token = ctx.model.tokenizer.token(toss.slice.id);
    let write = ui.button(tr("Write it")).on_hover_text(tr("Write the drawn token after the text"));
    if write.clicked() {
        ctx.send(Command::Append(token.text));
    }
}

/// The bar with its coin, and in words what happened.
pub(super) fn draw_ui(ui: &mut Ui, ctx: &Context<'_>, made: &Made, toss: Toss) {
    let theme = ctx.theme;
    let caption = theme.caption_size;
    let width = ui.available_width();
    let is_small = toss.slice.width() * f64::from(width) < f64::from(theme.body_size * 3.5);
    let bar_height = (theme.body_size * 1.9).round();
    let lens = if is_small { bar_height + caption * 1.4 } else { 0.0 };
    let height = caption * 2.0 + bar_height + caption * 1.7 + lens;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let said = sentence(ctx, made, toss);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &said));
    let bar =
        Rect::from_min_size(pos2(rect.left(), rect.top() + caption * 2.0), vec2(width, bar_height));
    let painter = ui.painter();
    bar_ui(painter, ctx, made, toss, bar);
    coin_mark(painter, theme, toss.coin, bar);
    if is_small {
        let top = bar.bottom() + caption * 1.7 + caption * 1.2;
        let lens = Rect::from_min_size(pos2(bar.left(), top), vec2(width, bar_height));
        lens_ui(painter, ctx, made, toss, (bar, lens));
    }
    greedy_mark(painter, ctx, made, toss, bar);
    ui.label(RichText::new(said).font(theme.body()));
    ui.add_space(theme.body_size / 3.0);
}

fn bar_ui(painter: &Painter, ctx: &Context<'_>, made: &Made, toss: Toss, bar: Rect) {
    let full = full(made);
    paint_slices(painter, ctx.theme, bar, (0.0, 1.0), made.slices.iter(), full);
    names(painter, ctx, bar, (0.0, 1.0), made, toss);
    painter.rect_stroke(bar, 2.0, ctx.theme.line(ctx.theme.outline), egui::StrokeKind::Outside);
}

/// The largest probability, which has the strongest colour.
fn full(made: &Made) -> f32 {
    made.stages.probs.iter().copied().fold(0.0, f32::max)
}

/// Where a slice lies on a bar that shows `from..to` of the whole, as far as it is visible there.
fn part(bar: Rect, (from, to): (f64, f64), slice: &Slice) -> Option<Rect> {
    let at = |x: f64| bar.left() + bar.width() * ((x - from) / (to - from)).clamp(0.0, 1.0) as f32;
    let (left, right) = (at(slice.start), at(slice.end));
    (right > left).then(|| bar.with_min_x(left).with_max_x(right))
}

/// The slices that are wide enough to be seen, in the colours of their probabilities. The many narrow
/// ones between them are left in the colour of a small one.
pub(super) fn paint_slices<'a>(
    painter: &Painter,
    theme: &Theme,
    bar: Rect,
    shown: (f64, f64),
    slices: impl Iterator<Item = &'a Slice>,
    full: f32,
) {
    let scale = Scale::Sequential { max: full.max(f32::MIN_POSITIVE) };
    painter.rect_filled(bar, 2.0, theme.color(scale, full * 0.04));
    for slice in slices {
        let Some(rect) = part(bar, shown, slice).filter(|rect| rect.width() >= 1.5) else {
            continue;
        };
        let color = theme.color(scale, slice.width() as f32);
        painter.rect_filled(rect, 0.0, color);
        painter.vline(rect.left(), rect.y_range(), Stroke::new(1.0, *theme.background));
    }
}

/// The drawn slice in the accent colour, and the names that fit into the others.
fn names(
    painter: &Painter,
    ctx: &Context<'_>,
    bar: Rect,
    shown: (f64, f64),
    made: &Made,
    toss: Toss,
) {
    let theme = ctx.theme;
    let scale = Scale::Sequential { max: full(made).max(f32::MIN_POSITIVE) };
    for slice in &made.slices {
        let Some(rect) = part(bar, shown, slice) else {
            continue;
        };
        let is_drawn = slice.id == toss.slice.id;
        if is_drawn {
            let least = rect.with_max_x(rect.right().max(rect.left() + theme.stroke + 1.0));
            painter.rect_filled(least, 0.0, *theme.accent);
        }
        if rect.width() < theme.caption_size * 3.4 {
            continue;
        }
        let ink = if is_drawn {
            *theme.on_accent
        } else {
            theme.text_on(theme.color(scale, slice.width() as f32))
        };
        let label = ctx.model.tokenizer.token(slice.id).label();
        let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
        fitted_text(
            &painter,
            rect.center(),
            Align2::CENTER_CENTER,
            &label,
            theme.mono_caption(),
            ink,
            rect.width() - 6.0,
        );
    }
}

/// The coin above the bar, and a line where it falls.
fn coin_mark(painter: &Painter, theme: &Theme, coin: f32, bar: Rect) {
    let x = bar.left() + bar.width() * coin;
    let radius = theme.caption_size * 0.42;
    let center = pos2(x, bar.top() - radius - 2.0);
    painter.vline(x, bar.y_range(), Stroke::new(theme.stroke + 1.0, *theme.text));
    painter.circle(center, radius, *theme.text, theme.line(theme.background));
    let text = trf("coin {0}", &[&format!("{coin:.4}")]);
    let galley = painter.layout_no_wrap(text, theme.mono_caption(), *theme.text);
    let is_left = x + radius + 4.0 + galley.size().x > bar.right();
    let anchor = if is_left { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
    let shift = if is_left { -radius - 4.0 } else { radius + 4.0 };
    let rect =
        anchor.anchor_size(pos2(x + shift, bar.top() - theme.caption_size * 0.85), galley.size());
    painter.galley(rect.min, galley, *theme.text);
    for (end, anchor, at) in
        [("0", Align2::LEFT_TOP, bar.left_bottom()), ("1", Align2::RIGHT_TOP, bar.right_bottom())]
    {
        painter.text(at + vec2(0.0, 3.0), anchor, end, theme.mono_caption(), *theme.dim);
    }
}

/// Beneath the bar: where the token is that a greedy choice would take.
fn greedy_mark(painter: &Painter, ctx: &Context<'_>, made: &Made, toss: Toss, bar: Rect) {
    let theme = ctx.theme;
    let greedy = made.stages.greedy().map(|id| id as u32);
    let slice = made.slices.iter().find(|slice| Some(slice.id) == greedy);
    let text = match slice {
        Some(slice) if slice.id == toss.slice.id => tr("greedy takes the same").to_owned(),
        Some(slice) => trf("greedy takes {0}", &[&ctx.model.tokenizer.token(slice.id).label()]),
        None => return,
    };
    let Some(part) = slice.and_then(|slice| part(bar, (0.0, 1.0), slice)) else {
        return;
    };
    let y = bar.bottom() + 3.0;
    let galley = painter.layout_no_wrap(text, theme.caption(), *theme.dim);
    let half = galley.size().x / 2.0 + theme.caption_size * 1.5;
    let x = part.center().x.min(bar.right() - half).max(bar.left() + half);
    painter.hline(part.x_range(), y, theme.line(theme.dim));
    let rect = Align2::CENTER_TOP.anchor_size(pos2(x, y + 1.0), galley.size());
    // The lines to the lens may pass behind it.
    painter.rect_filled(rect.expand2(vec2(4.0, 0.0)), 2.0, *theme.background);
    painter.galley(rect.min, galley, *theme.dim);
}

/// The surroundings of a narrow slice, enlarged.
fn lens_ui(
    painter: &Painter,
    ctx: &Context<'_>,
    made: &Made,
    toss: Toss,
    (bar, lens): (Rect, Rect),
) {
    let theme = ctx.theme;
    let (from, to) = surroundings(&toss.slice);
    let at = |x: f64| bar.left() + bar.width() * x as f32;
    let line = theme.line(theme.dim);
    painter.line_segment([pos2(at(from), bar.bottom()), lens.left_top()], line);
    painter.line_segment([pos2(at(to), bar.bottom()), lens.right_top()], line);
    paint_slices(painter, theme, lens, (from, to), made.slices.iter(), full(made));
    names(painter, ctx, lens, (from, to), made, toss);
    painter.rect_stroke(lens, 2.0, line, egui::StrokeKind::Outside);
    let coin = (f64::from(toss.coin) - from) / (to - from);
    let x = lens.left() + lens.width() * coin.clamp(0.0, 1.0) as f32;
    painter.vline(x, lens.y_range(), Stroke::new(theme.stroke + 1.0, *theme.text));
}

/// A part of the bar of which a slice takes a third, in its middle unless the bar ends there.
fn surroundings(slice: &Slice) -> (f64, f64) {
    let width = slice.width().max(1e-9);
    let from = (slice.start - width).max(0.0);
    let to = (from + 3.0 * width).min(1.0).max(from + 1e-9);
    (from, to)
}

/// What happened, in words.
fn sentence(ctx: &Context<'_>, made: &Made, toss: Toss) -> String {
    let label = |id: u32| ctx.model.tokenizer.token(id).label();
    let drawn = label(toss.slice.id);
    let prob = |id: usize| percent(made.stages.probs.get(id).copied().unwrap_or(0.0));
    let p = prob(toss.slice.id as usize);
    if ctx.sampling.is_greedy() {
        return trf(
            "Greedy: the best token, “{0}”, has the whole bar, wherever the coin falls.",
            &[&drawn],
        );
    }
    let (coin, slice) = range_text(toss);
    let best = made.stages.greedy().filter(|&id| id != toss.slice.id as usize);
    let Some(best) = best else {
        return trf(
            "The coin {0} fell into the slice {1} of “{2}” ({3}), the top token. Greedy would pick the same.",
            &[&coin, &slice, &drawn, &p],
        );
    };
    let why = trf("Why not “{0}”, the top token, which greedy would pick?", &[&label(best as u32)]);
    let fate = match made.stages.cut_by.get(best) {
        Some(Some(filter)) => trf(
            "It was cut by {0}, and the coin {1} fell into the slice {2} of “{3}” ({4}).",
            &[&tr(filter.name()), &coin, &slice, &drawn, &p],
        ),
        _ => trf(
            "It has {0} of the bar, but the coin {1} fell into the slice {2} of “{3}” ({4}).",
            &[&prob(best), &coin, &slice, &drawn, &p],
        ),
    };
    format!("{why} {fate}")
}

/// The coin and the ends of its slice, with as many digits as tell them apart.
fn range_text(toss: Toss) -> (String, String) {
    let width = toss.slice.width().max(1e-9);
    let digits = (1.0 - width.log10()).ceil().clamp(2.0, 9.0) as usize;
    let coin = format!("{:.*}", digits.max(3), toss.coin);
    let slice = format!("{:.digits$}–{:.digits$}", toss.slice.start, toss.slice.end);
    (coin, slice)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    fn toss(coin: f32, start: f64, end: f64) -> Toss {
        let slice = Slice { id: 0, start, end };
        Toss { coin, slice }
    }

    #[test]
    fn ranges_have_enough_digits() {
        let (coin, slice) = range_text(toss(0.637, 0.61, 0.66));
        assert_eq!((coin.as_str(), slice.as_str()), ("0.637", "0.610–0.660"));
        let (coin, slice) = range_text(toss(0.5, 0.0, 1.0));
        assert_eq!((coin.as_str(), slice.as_str()), ("0.500", "0.00–1.00"));
        let (_, slice) = range_text(toss(0.123_456, 0.123_45, 0.123_47));
        assert_eq!(slice, "0.123450–0.123470");
    }

    #[test]
    fn the_lens_shows_three_times_the_slice() {
        let slice = |start, end| Slice { id: 0, start, end };
        let (from, to) = surroundings(&slice(0.5, 0.51));
        assert!((from - 0.49).abs() < 1e-9 && (to - 0.52).abs() < 1e-9);
        assert_eq!(surroundings(&slice(0.0, 0.5)).0, 0.0);
        assert_eq!(surroundings(&slice(0.9, 1.0)).1, 1.0);
    }

    #[test]
    fn parts_lie_on_the_bar() {
        let bar = Rect::from_min_size(pos2(100.0, 0.0), vec2(200.0, 10.0));
        let slice = Slice { id: 0, start: 0.25, end: 0.5 };
        let rect = part(bar, (0.0, 1.0), &slice).unwrap();
        assert_eq!((rect.left(), rect.right()), (150.0, 200.0));
        assert!(part(bar, (0.6, 1.0), &slice).is_none());
    }
}
