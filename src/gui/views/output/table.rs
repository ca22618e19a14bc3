//! The vocabulary as a table: logit, exp, probability. Only the rows in sight are drawn.

use super::Picture;
use crate::gui::contract::origin::with_origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{bar_scale, fitted_text};
use crate::text::{tr, trf};
use crate::trace::Hook;
use egui::{Align2, Color32, FontId, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

/// What the table shows.
pub(super) struct Shown<'a> {
    pub(super) picture: &'a Picture,
    /// The tokens to list, best first.
    pub(super) order: &'a [u32],
    /// Is the vocabulary still being made ready for a search?
    pub(super) searching: bool,
    /// What is searched for.
    pub(super) typed: &'a str,
    /// The token in the formula.
    pub(super) chosen: Option<u32>,
}

/// Width of a digit, and the type it is set in: smaller where room is scarce.
pub(super) fn digit(ui: &Ui, theme: &Theme) -> (f32, FontId) {
    let font = if ui.available_width() < theme.body_size * 52.0 {
        theme.mono_caption()
    } else {
        theme.mono()
    };
    let zero = ui.painter().layout_no_wrap("0".to_owned(), font.clone(), Color32::PLACEHOLDER);
    (zero.size().x, font)
}

/// Where the columns of the table are, counted in digits from its left edge.
pub(super) struct Columns {
    digit: f32,
    font: FontId,
    /// Right edge of the rank.
    rank: f32,
    /// Left edge of the token, and its width.
    token: (f32, f32),
    /// Right edges of id, logit, exp and probability.
    id: f32,
    logit: f32,
    exp: f32,
    prob: f32,
}

/// Room between two columns, in digits.
const GAP: f32 = 1.6;

impl Columns {
    pub(super) fn new(picture: &Picture, digit: f32, font: FontId) -> Self {
        let digits = count(picture.readout.logits.len()).chars().count().max(4) as f32;
        let rank = digits;
        let token = (rank + GAP, 11.0);
        let id = token.0 + token.1 + digits + 0.5;
        let logit = id + GAP + 7.0;
        let exp = logit + GAP + 10.0;
        let prob = exp + GAP + 9.0;
        Self { digit, font, rank, token, id, logit, exp, prob }
    }

    /// Width without bars.
    pub(super) fn least_width(&self) -> f32 {
        (self.prob + 1.0) * self.digit
    }
}

/// Draws formula and table; returns the token that was clicked.
pub(super) fn table_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    shown: &Shown<'_>,
    columns: &Columns,
) -> Option<u32> {
    let theme = ctx.theme;
    formula_ui(ui, ctx, shown);
    if shown.searching {
        ui.label(tr("Making the vocabulary ready …"));
        return None;
    }
    if !shown.typed.is_empty() {
        let (n, of) = (shown.order.len(), shown.picture.readout.order.len());
        let note = trf("{0} of {1} tokens match, best first", &[&count(n), &count(of)]);
        ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    }
    let mut clicked = None;
    let height = (columns.font.size * 1.55).round();
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::horizontal().id_salt("table across").auto_shrink(false).show(ui, |ui| {
        ui.set_min_width(columns.least_width());
        header_ui(ui, theme, columns);
        ScrollArea::vertical().id_salt("table").auto_shrink(false).show_rows(
            ui,
            height,
            shown.order.len(),
            |ui, rows| {
                for &id in shown.order.get(rows).unwrap_or(&[]) {
                    if row_ui(ui, ctx, shown, columns, id, height) {
                        clicked = Some(id);
                    }
                }
            },
        );
    });
    clicked
}

/// The formula with the chosen token's numbers in it.
fn formula_ui(ui: &mut Ui, ctx: &Context<'_>, shown: &Shown<'_>) {
    let theme = ctx.theme;
    let Some(id) = shown.chosen else { return };
    let readout = &shown.picture.readout;
    let label = ctx.model.tokenizer.token(id).label();
    let (logit, max) = (number(readout.logit(id)), number(readout.max));
    let (exp, sum) = (number(readout.exp(id)), number(readout.sum));
    let percent = percent(readout.prob(id));
    ui.spacing_mut().item_spacing.y = 2.0;
    let rule = "p = exp(l − max) / sum, over all tokens, before temperature and filters";
    ui.label(RichText::new(tr(rule)).font(theme.caption()).color(*theme.dim));
    let minus = if max.starts_with('−') { format!("({max})") } else { max };
    let text = format!("p({label}) = exp({logit} − {minus}) / {sum} = {exp} / {sum} = {percent}");
    let lay = |font| ui.painter().layout_no_wrap(text.clone(), font, *theme.text);
    let is_short = lay(theme.mono()).size().x <= ui.available_width();
    let font = if is_short { theme.mono() } else { theme.mono_caption() };
    ui.label(RichText::new(text).font(font));
    ui.add_space(theme.caption_size * 0.4);
}

fn header_ui(ui: &mut Ui, theme: &Theme, columns: &Columns) {
    let height = theme.caption_size * 1.6;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let put = |x: f32, anchor: Align2, text: &str| {
        let at = pos2(rect.left() + x * columns.digit, rect.center().y);
        ui.painter().text(at, anchor, text, theme.caption(), *theme.dim);
    };
    put(columns.rank, Align2::RIGHT_CENTER, tr("rank"));
    put(columns.token.0, Align2::LEFT_CENTER, tr("token"));
    put(columns.id, Align2::RIGHT_CENTER, tr("id"));
    put(columns.logit, Align2::RIGHT_CENTER, "logit l");
    put(columns.exp, Align2::RIGHT_CENTER, "exp(l − max)");
    put(columns.prob, Align2::RIGHT_CENTER, tr("probability"));
    let y = rect.bottom() - 1.0;
    ui.painter().hline(rect.x_range(), y, egui::Stroke::new(1.0, *theme.outline));
}

/// One token; returns whether it was clicked.
fn row_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    shown: &Shown<'_>,
    columns: &Columns,
    id: u32,
    height: f32,
) -> bool {
    let theme = ctx.theme;
    let readout = &shown.picture.readout;
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let label = ctx.model.tokenizer.token(id).label();
    let rank = count(readout.rank(id).map_or(0, |rank| rank + 1));
    let prob = percent(readout.prob(id));
    let name = trf("Rank {0}: {1}, id {2}, {3}", &[&rank, &label, &id, &prob]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let painter = ui.painter();
    let is_actual = shown.picture.actual == Some(id);
    if response.hovered() || response.has_focus() || shown.chosen == Some(id) {
        painter.rect_filled(rect, 3.0, *theme.raised);
    }
    bar_ui(ui, theme, shown, columns, rect, readout.prob(id));
    let ink = if is_actual { *theme.accent } else { *theme.text };
    let put = |x: f32, text: &str, ink: Color32| {
        let at = pos2(rect.left() + x * columns.digit, rect.center().y);
        painter.text(at, Align2::RIGHT_CENTER, text, columns.font.clone(), ink);
    };
    put(columns.rank, &rank, *theme.dim);
    put(columns.id, &id.to_string(), *theme.dim);
    put(columns.logit, &number(readout.logit(id)), *theme.text);
    put(columns.exp, &number(readout.exp(id)), *theme.text);
    put(columns.prob, &prob, *theme.text);
    let at = pos2(rect.left() + columns.token.0 * columns.digit, rect.center().y);
    let width = columns.token.1 * columns.digit;
    let name =
        fitted_text(painter, at, Align2::LEFT_CENTER, &label, columns.font.clone(), ink, width);
    if is_actual {
        painter.hline(name.x_range(), name.bottom(), theme.line(ink));
    }
    if shown.chosen == Some(id) {
        let stroke = theme.selection_stroke();
        painter.rect_stroke(rect, 3.0, stroke, egui::StrokeKind::Inside);
    }
    let click = tr("Click to put its numbers into the formula");
    let tip = if is_actual {
        format!("{} {click}", tr("What the text goes on with."))
    } else {
        click.to_owned()
    };
    let logit = format!("logit {}", number(readout.logit(id)));
    let logit = with_origin(ctx, &logit, Hook::Logits, &[shown.picture.of.1, id as usize]);
    response.on_hover_text(format!("{logit}\n{tip}")).clicked()
}

/// The probability as a bar, where there is room for one.
fn bar_ui(ui: &Ui, theme: &Theme, shown: &Shown<'_>, columns: &Columns, rect: Rect, prob: f32) {
    let left = rect.left() + (columns.prob + 1.0) * columns.digit;
    let track = rect.with_min_x(left).shrink2(vec2(4.0, rect.height() * 0.22));
    let readout = &shown.picture.readout;
    let best = readout.order.first().map_or(1.0, |&best| readout.prob(best));
    if track.width() < 2.0 * columns.digit {
        return;
    }
    let share = (prob / bar_scale(ui.ctx(), best)).clamp(0.0, 1.0);
    let bar = track.with_max_x(track.left() + track.width() * share);
    ui.painter().rect_filled(bar, 2.0, *theme.accent);
}
