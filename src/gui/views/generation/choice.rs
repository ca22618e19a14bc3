//! What the token on screen was chosen from, and what else could have been.

use super::how;
use super::writer::{Writer, settings};
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::gui::scene::next::LISTED;
use crate::gui::widgets::{Bar, bar_scale_ui, bar_ui};
use crate::math::sampling::{Sampling, softmax, top};
use crate::math::tree::NodeId;
use crate::text::{tr, trf};
use egui::{Id, RichText, ScrollArea, Ui};

/// The distribution on screen.
#[derive(Debug, Default)]
pub(super) struct Choice {
    made_for: Option<(Vec<u32>, NodeId, Sampling)>,
    /// The model's own probabilities, `[vocab]`.
    probs: Vec<f32>,
    /// After the filters, `[vocab]`.
    sampling_probs: Vec<f32>,
    /// The most probable tokens, best first, and the one that was chosen.
    listed: Vec<usize>,
}

impl Choice {
    /// Brings the distribution up to date: with the settings the token was drawn with, or, if it
    /// was not drawn, with those in force.
    pub(super) fn refresh(&mut self, ctx: &Context<'_>, writer: &Writer) {
        let node = writer.tree.get(writer.at());
        let sampling = settings(&writer.tree, node.how, ctx.sampling);
        let (choice, n_ctx) = (writer.choice(), ctx.model.info.n_ctx);
        let context = writer.tree.context(choice, n_ctx);
        let key = (context, writer.at(), sampling.clone());
        if self.made_for.as_ref() == Some(&key) {
            return;
        }
        let Some(logits) = writer.scores(ctx, choice) else {
            *self = Self::default();
            return;
        };
        self.probs = softmax(&logits);
        self.sampling_probs = sampling.apply(&logits, &key.0).probs;
        self.listed = top(&self.probs, LISTED);
        if let Some(token) = node.token.map(|token| token as usize)
            && !self.listed.contains(&token)
        {
            self.listed.push(token);
        }
        self.made_for = Some(key);
    }

    /// Draws it; returns the token that was clicked, with its probability.
    pub(super) fn ui(&self, ui: &mut Ui, ctx: &Context<'_>, writer: &Writer) -> Option<(u32, f32)> {
        let theme = ctx.theme;
        let node = writer.tree.get(writer.at());
        let label = |id: u32| ctx.model.tokenizer.token(id).label();
        let title = match node.token {
            Some(token) => trf("Instead of “{0}”", &[&label(token)]),
            None => tr("What may come first").to_owned(),
        };
        ui.label(RichText::new(title).font(theme.title()));
        let note = self.note(ctx, writer);
        ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
        if self.listed.is_empty() {
            return None;
        }
        let mut clicked = None;
        let prob = |probs: &[f32], id: usize| probs.get(id).copied().unwrap_or(0.0);
        let largest = |most: f32, &id: &usize| {
            most.max(prob(&self.probs, id)).max(prob(&self.sampling_probs, id))
        };
        let full = bar_scale_ui(ui, theme, self.listed.iter().fold(0.0, largest));
        ScrollArea::vertical().id_salt("choice").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (rank, &id) in self.listed.iter().enumerate() {
                let bar = Bar {
                    label: &label(id as u32),
                    before: prob(&self.probs, id),
                    after: prob(&self.sampling_probs, id),
                    full,
                    id: Id::unique(("choice", rank)),
                };
                let response = bar_ui(ui, theme, &bar);
                let is_chosen = node.token == Some(id as u32);
                let is_branch = branches(writer).any(|token| token == id as u32);
                let stroke = match (is_chosen, is_branch) {
                    (true, _) => Some(theme.selection_stroke()),
                    (_, true) => Some(theme.line(theme.accent)),
                    _ => None,
                };
                if let Some(stroke) = stroke {
                    let rect = response.rect.shrink(2.0);
                    ui.painter().rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Outside);
                }
                let clicks = response.clicked();
                response.on_hover_text(tr("Click to go on with this token: a new branch"));
                if clicks {
                    clicked = Some((id as u32, prob(&self.probs, id)));
                }
            }
        });
        clicked
    }

    /// How the token was chosen, and what a greedy choice would be.
    fn note(&self, ctx: &Context<'_>, writer: &Writer) -> String {
        let node = writer.tree.get(writer.at());
        let Some(token) = node.token else {
            return tr("Click a bar to begin with it").to_owned();
        };
        let label = |id: usize| ctx.model.tokenizer.token(id as u32).label();
        let p = |id: usize| percent(self.probs.get(id).copied().unwrap_or(0.0));
        let (chosen, how) = (label(token as usize), how(&writer.tree, node.how));
        match self.listed.first() {
            Some(&best) if best != token as usize => trf(
                "“{0}” was {1}; the most probable token was “{2}” ({3}). Click another bar to branch off",
                &[&chosen, &how, &label(best), &p(best)],
            ),
            _ => trf(
                "“{0}” was {1}; it was the most probable token. Click another bar to branch off",
                &[&chosen, &how],
            ),
        }
    }
}

/// The tokens that were tried at this place.
fn branches(writer: &Writer) -> impl Iterator<Item = u32> + '_ {
    let children = writer.tree.get(writer.choice()).children.iter();
    children.filter_map(|&child| writer.tree.get(child).token)
}
