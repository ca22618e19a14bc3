//! How one word is chosen: the filters, what each does to every token of the vocabulary, and the
//! coin that decides.
//!
//! On top a coin falls on a bar on which every token has a slice as wide as its probability. Beneath
//! it stands why the slices are as wide as they are: each token's score on its way through the
//! filters, with a line where a filter cuts. Many draws at once show that the slices keep their word.

mod data;
mod draw;
mod filters;
mod formula;
mod many;
mod table;

use crate::gui::contract::view::{Context, View, unfit_without_next};
use crate::gui::look::format::{count, percent};
use crate::gui::widgets::{empty_ui, page_ui, part_ui};
use crate::math::coin_bar::{Slice, coin, hit, slices};
use crate::math::sampling::{Filter, Sampling, effective_choices, entropy_bits};
use crate::math::stages::Stages;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{ModelInfo, TraceId};
use egui::{Painter, Rect, RichText, Ui, pos2, vec2};

/// The view.
#[derive(Debug, Default)]
pub struct SamplingView {
    made: Option<Made>,
    pane: Pane,
    /// The seed and how many of its coins were tossed before this one.
    tossed: (u64, usize),
    /// The token whose way is explained: what was clicked.
    pinned: Option<u32>,
    /// What the pointer is over.
    hovered: Option<u32>,
    remembered: filters::Remembered,
    many: many::Many,
}

/// What is shown where there is no room for everything.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Pane {
    #[default]
    Stages,
    Filters,
    Many,
}

/// Everything worked out from the scores and the settings.
#[derive(Debug)]
struct Made {
    key: (TraceId, Sampling),
    stages: Stages,
    slices: Vec<Slice>,
    /// Entropy in bits and effective number of choices, before and after the filters.
    before: [f32; 2],
    after: [f32; 2],
}

impl Made {
    fn new(ctx: &Context<'_>) -> Option<Self> {
        let context: Vec<u32> = ctx.trace.tokens.iter().map(|token| token.id).collect();
        let stages = Stages::new(ctx.sampling, ctx.trace.next_logits()?, &context);
        let measure = |probs: &[f32]| [entropy_bits(probs), effective_choices(probs)];
        Some(Self {
            key: (ctx.trace.id, ctx.sampling.clone()),
            slices: slices(&stages.probs),
            before: measure(&stages.own),
            after: measure(&stages.probs),
            stages,
        })
    }
}

/// One toss: the coin and the slice it fell into.
#[derive(Debug, Clone, Copy)]
struct Toss {
    coin: f32,
    slice: Slice,
}

impl SamplingView {
    fn refresh(&mut self, ctx: &Context<'_>) {
        let is_new = |made: &Made| made.key.0 != ctx.trace.id || made.key.1 != *ctx.sampling;
        if self.made.as_ref().is_none_or(is_new) {
            self.made = Made::new(ctx);
        }
        if self.tossed.0 != ctx.seed {
            self.tossed = (ctx.seed, 0);
        }
        let n_tokens = self.made.as_ref().map_or(0, |made| made.stages.logits.len());
        self.pinned = self.pinned.filter(|&id| (id as usize) < n_tokens);
    }

    fn toss(&self) -> Option<Toss> {
        let coin = coin(self.tossed.0, self.tossed.1);
        let slice = *hit(&self.made.as_ref()?.slices, coin)?;
        Some(Toss { coin, slice })
    }

    /// The token that is explained: pointed at, else clicked, else drawn.
    fn focus(&self) -> Option<u32> {
        let drawn = || self.toss().map(|toss| toss.slice.id);
        self.hovered.or(self.pinned).or_else(drawn)
    }
}

/// Narrower than this many times the text size, the filters have a page of their own.
const ROOM_FOR_FILTERS: f32 = 46.0;
/// Lower than this many times the text size, the view scrolls.
const LEAST_HEIGHT: f32 = 30.0;
/// From this width on, many draws stand beside the table.
const ROOM_FOR_MANY: f32 = 86.0;

impl View for SamplingView {
    fn id(&self) -> &'static str {
        "sampling"
    }

    fn name(&self) -> &'static str {
        "Sampling"
    }

    fn unfit(&self, model: &ModelInfo) -> Option<&'static str> {
        unfit_without_next(model)
    }

    fn question(&self) -> &'static str {
        "How is one word chosen?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.refresh(ctx);
        let wide = ui.available_width() / ctx.theme.body_size;
        if wide < ROOM_FOR_MANY {
            self.pane_ui(ui, wide);
            ui.separator();
        }
        let toss = self.toss();
        draw::controls_ui(ui, ctx, &mut self.tossed.1, toss);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.refresh(ctx);
        let Some(toss) = self.toss() else {
            return empty_ui(ui, ctx.theme, tr("This recording holds no scores to draw from"));
        };
        let least = ctx.theme.body_size * LEAST_HEIGHT;
        page_ui(ui, least, |ui| self.page(ui, ctx, toss));
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let (Some(made), Some(id)) = (&self.made, self.focus()) else {
            return tr("The model scores every token of its vocabulary; filters and one random number make a word of it.").to_owned();
        };
        let label = ctx.model.tokenizer.token(id).label();
        let formula = formula::formula(&made.stages, ctx.sampling, id as usize);
        trf("“{0}”: {1}", &[&label, &formula])
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let height = rect.height().min(theme.body_size * 2.0);
        let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), height));
        let full = ctx.next.sampling_probs.iter().copied().fold(0.0, f32::max);
        draw::paint_slices(
            painter,
            theme,
            bar,
            (0.0, 1.0),
            slices(&ctx.next.sampling_probs).iter(),
            full,
        );
        painter.rect_stroke(bar, 2.0, theme.line(theme.outline), egui::StrokeKind::Inside);
        let x = bar.left() + bar.width() * coin(ctx.seed, self.tossed_of(ctx.seed));
        let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.text);
        painter.line_segment([pos2(x, bar.top() - 3.0), pos2(x, bar.bottom())], stroke);
        painter.circle_filled(pos2(x, bar.top() - 4.0), 3.5, *theme.text);
    }
}

impl SamplingView {
    /// Filters on the left, the draw on top, and beneath it what there is room for.
    fn page(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, toss: Toss) {
        let focus = self.focus();
        self.hovered = None;
        let Some(made) = &self.made else { return };
        let room = ui.available_rect_before_wrap();
        let (em, gap) = (ctx.theme.body_size, ctx.theme.body_size);
        let wide = room.width() / em;
        let mut main = room;
        if wide >= ROOM_FOR_FILTERS {
            let (left, right) = room.split_left_right_at_x(room.left() + 20.0 * em);
            part_ui(ui, left, |ui| {
                filters::filters_ui(ui, ctx, &mut self.remembered);
            });
            main = right.with_min_x(right.left() + gap);
        }
        part_ui(ui, main, |ui| {
            draw::draw_ui(ui, ctx, made, toss);
            let mut page = ui.available_rect_before_wrap();
            if wide >= ROOM_FOR_MANY {
                let (left, right) = page.split_left_right_at_fraction(0.62);
                let right = right.with_min_x(right.left() + gap);
                part_ui(ui, right, |ui| many::many_ui(ui, ctx, made, &mut self.many));
                page = left;
            }
            part_ui(ui, page, |ui| match self.pane {
                Pane::Filters if wide < ROOM_FOR_FILTERS => {
                    filters::filters_ui(ui, ctx, &mut self.remembered);
                }
                Pane::Many if wide < ROOM_FOR_MANY => {
                    many::many_ui(ui, ctx, made, &mut self.many);
                }
                _ => {
                    summary_ui(ui, ctx, made);
                    let pointed = table::table_ui(ui, ctx, made, (toss, focus, self.pinned));
                    self.hovered = pointed.hovered;
                    if let Some(id) = pointed.clicked {
                        self.pinned = (self.pinned != Some(id)).then_some(id);
                    }
                }
            });
        });
    }

    fn tossed_of(&self, seed: u64) -> usize {
        if self.tossed.0 == seed { self.tossed.1 } else { 0 }
    }

    fn pane_ui(&mut self, ui: &mut Ui, wide: f32) {
        ui.selectable_value(&mut self.pane, Pane::Stages, tr("Every token"))
            .on_hover_text(tr("The whole vocabulary on its way through the filters"));
        if wide < ROOM_FOR_FILTERS {
            ui.selectable_value(&mut self.pane, Pane::Filters, tr("Filters"))
                .on_hover_text(tr("Temperature, top-k, top-p and the others, and their order"));
        }
        ui.selectable_value(&mut self.pane, Pane::Many, tr("Many draws"))
            .on_hover_text(tr("How often each token comes in up to 100 000 draws"));
    }
}

/// Entropy and number of choices before and after, and the two kinds of bar in the table.
fn summary_ui(ui: &mut Ui, ctx: &Context<'_>, made: &Made) {
    let theme = ctx.theme;
    let line = |[bits, choices]: [f32; 2], tokens: usize| {
        let choices = crate::gui::look::format::number(choices);
        let text = if tokens == 1 {
            "{0} bits, like {1} equal choices, {2} token"
        } else {
            "{0} bits, like {1} equal choices, {2} tokens"
        };
        trf(text, &[&format!("{bits:.2}"), &choices, &count(tokens)])
    };
    let alive = made.stages.logits.iter().filter(|&&l| l > f32::NEG_INFINITY);
    let rows =
        [(tr("Before"), made.before, alive.count()), (tr("After"), made.after, made.stages.kept)];
    egui::Grid::new("summary").num_columns(2).spacing([theme.body_size / 2.0, 0.0]).show(
        ui,
        |ui| {
            for (name, numbers, tokens) in rows {
                ui.label(RichText::new(name).font(theme.caption()).color(*theme.dim));
                ui.label(RichText::new(line(numbers, tokens)).font(theme.caption()));
                ui.end_row();
            }
        },
    );
}

/// What a cut line says: how many tokens stay above it and what they had together.
fn cut_line(stages: &Stages, index: usize, sampling: &Sampling) -> String {
    let Some(step) = stages.steps.get(index) else {
        return String::new();
    };
    let name = match (step.filter, filters::value(sampling, step.filter)) {
        (Filter::Temperature, _) => tr("greedy").to_owned(),
        (filter, Some(value)) => format!("{} {value}", tr(filter.name())),
        (filter, None) => tr(filter.name()).to_owned(),
    };
    let cut = step.before.saturating_sub(step.kept);
    trf(
        "{0}: {1} above hold {2}; {3} below, {4}, cut",
        &[
            &name,
            &count(step.kept),
            &percent(step.kept_mass),
            &count(cut),
            &percent(1.0 - step.kept_mass),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_line_carries_its_sum() {
        let logits = [0.5_f32, 0.3, 0.2].map(f32::ln);
        let sampling = Sampling { top_k: Some(2), ..Sampling::default() };
        let stages = Stages::new(&sampling, &logits, &[]);
        assert_eq!(
            cut_line(&stages, 0, &sampling),
            "top-k 2: 2 above hold 80.0\u{a0}%; 1 below, 20.0\u{a0}%, cut"
        );
        assert_eq!(cut_line(&stages, 9, &sampling), "");
    }
}
