//! The last step of the model: scores become probabilities.
//!
//! Unembedding gives every token of the vocabulary a score, its logit. `exp` makes all scores
//! positive, dividing by their sum makes them shares of 100 %. The table shows these three numbers
//! for every token; nothing is cut off, and nothing has been filtered or sampled yet.

mod data;
mod histogram;
mod shares;
mod table;

use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::{Context, View, unfit_without_next};
use crate::gui::look::format::{count, number, percent};
use crate::gui::widgets::vocabulary::{Query, Vocabulary, matching};
use crate::gui::widgets::{empty_ui, explained};
use crate::math::histogram::Histogram;
use crate::math::readout::Readout;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{ModelInfo, TraceId};
use egui::{Painter, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};

/// Bins of the histogram of logits.
const BINS: usize = 60;

/// What the view shows, worked out once per recording and position.
#[derive(Debug)]
struct Picture {
    of: (TraceId, usize),
    readout: Readout,
    histogram: Histogram,
    /// The token the text goes on with, where it does.
    actual: Option<u32>,
}

/// The view.
#[derive(Debug, Default)]
pub struct Output {
    picture: Option<Picture>,
    /// The token whose numbers are put into the formula; the best one unless another is clicked.
    chosen: Option<u32>,
    typed: String,
    vocabulary: Vocabulary,
    /// The tokens that were searched for, best first, and what they were searched with.
    found: Option<((TraceId, usize), String, Vec<u32>)>,
}

impl View for Output {
    fn id(&self) -> &'static str {
        "output"
    }

    fn name(&self) -> &'static str {
        "Output"
    }

    fn unfit(&self, model: &ModelInfo) -> Option<&'static str> {
        unfit_without_next(model)
    }

    fn question(&self) -> &'static str {
        "What comes next, and how sure is it?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.update(ui, ctx);
        position_ui(ui, ctx);
        let theme = ctx.theme;
        let edit = TextEdit::singleline(&mut self.typed)
            .hint_text(tr("find a token or #id"))
            .font(theme.mono())
            .desired_width(theme.body_size * 12.0);
        let response = ui.add(edit);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::TextInput,
                true,
                tr("Find a token by its text or #id"),
            )
        });
        response.on_hover_text(tr(
            "The rank of any token: type a part of it (a space before a word counts) or its #id",
        ));
        if !self.typed.is_empty()
            && ui.button(tr("Clear")).on_hover_text(tr("Show all tokens")).clicked()
        {
            self.typed.clear();
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.search(ctx);
        let Some(picture) = &self.picture else {
            return empty_ui(ui, ctx.theme, tr("This recording holds no logits"));
        };
        let order = self.found.as_ref().map_or(&picture.readout.order, |(.., ids)| ids);
        let shown = table::Shown {
            picture,
            order,
            searching: self.vocabulary.is_busy() && !self.typed.is_empty(),
            typed: &self.typed,
            chosen: self.chosen_in(order, picture),
        };
        let clicked = ScrollArea::vertical()
            .id_salt("output")
            .auto_shrink(false)
            .show(ui, |ui| picture_ui(ui, ctx, &shown))
            .inner;
        if let Some(id) = clicked {
            self.chosen = if self.chosen == Some(id) { None } else { Some(id) };
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(picture) = &self.picture else {
            return String::new();
        };
        let readout = &picture.readout;
        let Some(&best) = readout.order.first() else {
            return String::new();
        };
        let id = self.chosen.unwrap_or(best);
        let label = ctx.model.tokenizer.token(id).label();
        trf(
            "Every one of the {0} tokens gets a score; exp makes it positive, and its share of the sum is \
             its probability: p({1}) = {2} / {3} = {4}. {5} bits of entropy: as unsure as between {6} \
             equally likely tokens.",
            &[
                &count(readout.logits.len()),
                &label,
                &number(readout.exp(id)),
                &number(readout.sum),
                &percent(readout.prob(id)),
                &number(readout.entropy_bits),
                &number(readout.effective_choices),
            ],
        )
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        self.vocabulary.receive();
    }

    fn is_busy(&self) -> bool {
        self.vocabulary.is_busy()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let (theme, next) = (ctx.theme, ctx.next);
        let height = theme.caption_size * 0.7;
        let n = (rect.height() / height) as usize;
        let probs = || next.ranked.iter().take(n).filter_map(|&id| next.probs.get(id));
        for (i, &prob) in probs().enumerate() {
            let min = rect.min + vec2(0.0, i as f32 * height);
            let bar = Rect::from_min_size(min, vec2(rect.width() * prob, height - 2.0));
            painter.rect_filled(bar, 1.0, *theme.accent);
        }
    }
}

impl Output {
    /// Works out the numbers of the position in focus, if they are not those on screen.
    fn update(&mut self, ui: &Ui, ctx: &Context<'_>) {
        let pos = ctx.focus.query_or_last(ctx.trace);
        let of = (ctx.trace.id, pos);
        if self.picture.as_ref().is_some_and(|picture| picture.of == of) {
            return;
        }
        self.picture = ctx.trace.logits(pos).map(|logits| {
            let readout = Readout::new(logits);
            Picture {
                of,
                histogram: Histogram::new(&readout.logits, &readout.probs, BINS),
                readout,
                actual: ctx.trace.tokens.get(pos + 1).map(|token| token.id),
            }
        });
        // The explanation was drawn before this.
        ui.ctx().request_repaint();
    }

    /// Finds what was typed, when it or the order has changed.
    fn search(&mut self, ctx: &Context<'_>) {
        let Some(picture) = self.picture.as_ref().filter(|_| !self.typed.is_empty()) else {
            self.found = None;
            return;
        };
        let found = self.found.as_ref();
        if found.is_some_and(|(of, typed, _)| *of == picture.of && *typed == self.typed) {
            return;
        }
        if let Some(labels) = self.vocabulary.labels(ctx.model, ctx.lane) {
            let ids = matching(&picture.readout.order, labels, &Query::parse(&self.typed));
            self.found = Some((picture.of, self.typed.clone(), ids));
        }
    }

    /// The token in the formula: the clicked one, else the best of those in the table.
    fn chosen_in(&self, order: &[u32], picture: &Picture) -> Option<u32> {
        let exists = |id: &u32| picture.readout.rank(*id).is_some();
        let best = order.first().or(picture.readout.order.first());
        self.chosen.filter(exists).or(best.copied())
    }
}

/// Steps through the positions whose prediction is shown.
fn position_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let (pos, n) = (ctx.focus.query_or_last(ctx.trace), ctx.trace.tokens.len());
    let mut step = |ui: &mut Ui, text: &str, tip: &str, to: Option<usize>| {
        let button = egui::Button::new(RichText::new(text).font(theme.body()));
        let response = ui.add_enabled(to.is_some(), button);
        let name = tip.to_owned();
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, to.is_some(), &name));
        let is_clicked = explained(response, tip).clicked();
        if let Some(to) = to.filter(|_| is_clicked) {
            ctx.commands.push(Command::Select(Target::Token(to)));
        }
    };
    step(ui, "←", tr("The token before"), pos.checked_sub(1));
    step(ui, "→", tr("The token after"), Some(pos + 1).filter(|&to| to < n));
    let after = trf("after {0}", &[&""]);
    let after = RichText::new(after.trim_end());
    ui.label(after.font(theme.body()).color(*theme.dim));
    let label = crate::gui::look::format::abbreviate(&ctx.label(pos), 16);
    ui.label(RichText::new(label).font(theme.mono()).color(*theme.selection));
    let place = trf("position {0} of 0 to {1}", &[&pos, &n.saturating_sub(1)]);
    ui.label(RichText::new(place).font(theme.caption()).color(*theme.dim));
}

/// The whole picture; returns the token that was clicked.
fn picture_ui(ui: &mut Ui, ctx: &Context<'_>, shown: &table::Shown<'_>) -> Option<u32> {
    let theme = ctx.theme;
    headline_ui(ui, ctx, shown.picture);
    ui.add_space(theme.caption_size * 0.5);
    let from_shares = shares::shares_ui(ui, ctx, shown);
    ui.add_space(theme.caption_size * 0.5);
    let room = ui.available_rect_before_wrap();
    let least = theme.body_size * 13.0;
    let gap = theme.body_size * 1.5;
    let (digit, font) = table::digit(ui, theme);
    let columns = table::Columns::new(shown.picture, digit, font);
    let beside = room.width() - columns.least_width() - gap;
    let is_wide = beside > theme.caption_size * 20.0;
    let (width, height) = (room.width(), room.height().max(least));
    let sizes = if is_wide {
        let histogram = (width * 0.42).min(beside);
        [vec2(width - histogram - gap, height), vec2(histogram, height)]
    } else {
        let beneath = theme.caption_size * 15.0;
        [vec2(width, (height - beneath - gap).max(least)), vec2(width, beneath)]
    };
    let offset = if is_wide { vec2(sizes[0].x + gap, 0.0) } else { vec2(0.0, sizes[0].y + gap) };
    let table = Rect::from_min_size(room.min, sizes[0]);
    let side = Rect::from_min_size(room.min + offset, sizes[1]);
    ui.allocate_rect(table.union(side), Sense::hover());
    let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
    let from_table =
        ui.scope_builder(child(table), |ui| table::table_ui(ui, ctx, shown, &columns)).inner;
    ui.scope_builder(child(side), |ui| histogram::histogram_ui(ui, ctx, shown));
    from_table.or(from_shares)
}

/// The answer in large print: the best token, and how sure the model is.
fn headline_ui(ui: &mut Ui, ctx: &Context<'_>, picture: &Picture) {
    let readout = &picture.readout;
    let name = |id: u32| ctx.model.tokenizer.token(id).label();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(ctx.theme.body_size * 1.8, 4.0);
        if let Some(&best) = readout.order.first() {
            let value = format!("{} {}", name(best), percent(readout.prob(best)));
            stat_ui(ui, ctx, &value, tr("most probable"));
        }
        if let Some((id, rank)) = picture.actual.and_then(|id| Some((id, readout.rank(id)?))) {
            let value = format!("{} {}", name(id), percent(readout.prob(id)));
            let note = trf("what the text goes on with: rank {0}", &[&count(rank + 1)]);
            stat_ui(ui, ctx, &value, &note);
        }
        let most = (readout.logits.len().max(1) as f32).log2();
        let bits = trf("{0} bits", &[&number(readout.entropy_bits)]);
        stat_ui(ui, ctx, &bits, &trf("entropy, at most {0}", &[&number(most)]));
        let choices = number(readout.effective_choices);
        stat_ui(ui, ctx, &choices, tr("effective number of choices"));
    });
}

/// A value in large print over what it is.
fn stat_ui(ui: &mut Ui, ctx: &Context<'_>, value: &str, what: &str) {
    let theme = ctx.theme;
    let width = ui.available_width().max(1.0);
    let lay = |text: &str, font, ink| ui.painter().layout_no_wrap(text.to_owned(), font, ink);
    let value_text = lay(value, egui::FontId::monospace(theme.title_size), *theme.text);
    let what_text = lay(what, theme.caption(), *theme.dim);
    let size = vec2(
        value_text.size().x.max(what_text.size().x).min(width.max(what_text.size().x)),
        value_text.size().y + what_text.size().y,
    );
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let name = format!("{what}: {value}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    let below = rect.min + vec2(0.0, value_text.size().y);
    ui.painter().galley(rect.min, value_text, *theme.text);
    ui.painter().galley(below, what_text, *theme.dim);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::sampling::softmax;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn the_table_holds_the_recorded_numbers() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("The cat sat on the").unwrap();
        for pos in 0..trace.tokens.len() {
            let logits = trace.logits(pos).unwrap();
            let readout = Readout::new(logits);
            assert_eq!((&readout.logits[..], &readout.probs), (logits, &softmax(logits)));
            let total: f32 = readout.order.iter().map(|&id| readout.prob(id)).sum();
            assert!((total - 1.0).abs() < 1e-4);
            for &id in &readout.order[..50] {
                let share = readout.exp(id) / readout.sum;
                assert!((share - readout.prob(id)).abs() < 1e-5);
            }
            let counted: usize = Histogram::new(logits, &readout.probs, BINS).counts.iter().sum();
            assert_eq!(counted, logits.len());
        }
    }
}
