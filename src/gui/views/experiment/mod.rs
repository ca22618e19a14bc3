//! What happens when a part of the model is missing, weaker, stronger or misled?
//!
//! To see what a part is for, change it and look at what becomes of the next token. Edits act on
//! the model's own forward pass, so every view shows the changed model while they are in force. The
//! effect is measured against the unchanged model; a sweep switches every head off, one by one, and
//! direct logit attribution reads from the unchanged run what each head adds to a token's score.

mod controls;
mod data;
mod effect;
mod heads;
mod parts;
mod patch;
mod suggestions;

use crate::gui::contract::view::{Context, View, unfit_without_next};
use crate::gui::look::format::{number, percent};
use crate::table::Table;
use crate::text::trf;
use crate::trace::ModelInfo;
use controls::Part;
use effect::Effect;
use egui::{Painter, Rect, Ui, vec2};
use heads::Heads;
use patch::Patch;

/// The view.
#[derive(Debug, Default)]
pub struct Experiment {
    page: Page,
    part: Part,
    patch: Patch,
    replacement: String,
    effect: Effect,
    heads: Heads,
    /// The token asked about; by default the most probable one.
    asked: Option<u32>,
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Page {
    /// What the edits in force change.
    #[default]
    Effect,
    /// Which head matters.
    Heads,
}

impl View for Experiment {
    fn id(&self) -> &'static str {
        "experiment"
    }

    fn name(&self) -> &'static str {
        "Experiment"
    }

    fn unfit(&self, model: &ModelInfo) -> Option<&'static str> {
        unfit_without_next(model)
    }

    fn question(&self) -> &'static str {
        "What if a part were missing?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.effect.update(ui, ctx, self.asked);
        self.controls_ui(ui, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match self.page {
            Page::Effect => self.effect.ui(ui, ctx, &mut self.asked),
            Page::Heads => self.heads.ui(ui, ctx, &self.effect),
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        match self.page {
            Page::Effect => self.explain_effect(ctx),
            Page::Heads => self.heads.explain(ctx, &self.effect),
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        self.effect.receive();
        self.heads.receive();
        self.patch.receive();
    }

    fn is_busy(&self) -> bool {
        self.effect.is_busy() || self.heads.is_busy() || self.patch.is_busy()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        const ROWS: usize = 4;
        let is_new = self.effect.rows().is_empty();
        let rows = if is_new { &ctx.next.ranked } else { self.effect.rows() };
        let probs = |id: usize| match ctx.next.probs.get(id) {
            Some(&prob) if is_new => [prob; 2],
            _ => self.effect.probs(id),
        };
        let rows: Vec<[f32; 2]> = rows.iter().take(ROWS).map(|&id| probs(id)).collect();
        let height = rect.height() / ROWS as f32;
        let colors = effect::colors(ctx.theme);
        for (i, probs) in rows.into_iter().enumerate() {
            for (j, prob) in probs.into_iter().enumerate() {
                let half = height * 0.4;
                let min = rect.min + vec2(0.0, i as f32 * height + j as f32 * half);
                let bar = Rect::from_min_size(min, vec2(rect.width() * prob, half - 1.0));
                painter.rect_filled(bar, 1.0, colors[j]);
            }
        }
    }
}

impl Experiment {
    fn explain_effect(&self, ctx: &Context<'_>) -> String {
        let Some(token) = self.effect.token() else {
            return String::new();
        };
        let label = ctx.model.tokenizer.token(token).label();
        let [before, after] = self.effect.probs(token as usize);
        if ctx.edits.is_empty() {
            return trf(
                "Nothing is changed yet: the model says “{0}” with {1}. Change a part above, and every view shows the \
                 changed model until you take it back.",
                &[&label, &percent(before)],
            );
        }
        let changes: Vec<String> =
            ctx.edits.iter().map(|edit| parts::describe(edit, ctx)).collect();
        let mut text = trf(
            "With {0}, “{1}” goes from {2} to {3}.",
            &[&changes.join(", "), &label, &percent(before), &percent(after)],
        );
        if let Some(kl) = self.effect.kl_bits() {
            text += " ";
            text += &trf(
                "Over all tokens: KL = Σ p · log₂(p / p′) = {0} bits, p before and p′ after.",
                &[&number(kl)],
            );
        }
        text
    }
}
