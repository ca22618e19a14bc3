//! The tokens of the vocabulary that lie nearest to those of the text.

use super::ModelKey;
use super::map::Map;
use crate::background::Latest;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number, percent};
use crate::gui::widgets::{Ranked, empty_ui, ranked_ui};
use crate::math::vector::{dot, norm};
use crate::model::{Checkpoint, Neighbour};
use crate::problem::Result;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{Token, TraceId};
use egui::{RichText, ScrollArea, Ui};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many neighbours are listed.
const LISTED: usize = 24;

/// The neighbours of every token of the text, computed in the background.
#[derive(Default)]
pub struct Neighbours {
    latest: Latest<(TraceId, ModelKey), Around>,
}

/// What lies around the tokens of a text.
pub struct Around {
    model: ModelKey,
    /// The nearest tokens of each token, the nearest first.
    near: BTreeMap<u32, Vec<Neighbour>>,
    /// All of them in two dimensions.
    pub map: Map,
}

impl Around {
    fn find(
        model: &Checkpoint,
        tokens: &[Token],
        mut known: BTreeMap<u32, Vec<Neighbour>>,
        cancel: &crate::background::Cancel,
    ) -> Self {
        let lexicon = model.lexicon();
        let mut near = BTreeMap::new();
        for id in tokens.iter().map(|token| token.id) {
            // Nobody waits for the rest any more.
            if cancel.is_requested() {
                break;
            }
            let find = || {
                let vector = lexicon.vector(id).unwrap_or_default();
                lexicon.nearest(&vector, LISTED, &[id])
            };
            let found = known.remove(&id);
            near.entry(id).or_insert_with(|| found.unwrap_or_else(find));
        }
        let map = Map::new(model, tokens, &near);
        Self { model: ModelKey(Arc::clone(&model.info)), near, map }
    }

    /// The tokens nearest to a token, when it is one of the text's.
    pub fn near(&self, id: u32) -> &[Neighbour] {
        self.near.get(&id).map_or(&[], Vec::as_slice)
    }
}

impl Neighbours {
    /// Has the neighbours of the text's tokens found, if they are not yet known.
    pub fn ask(&mut self, ctx: &Context<'_>) {
        let key = (ctx.trace.id, ModelKey(Arc::clone(&ctx.model.info)));
        self.latest.ask(ctx.lane, key, |last| {
            let (model, trace) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
            let same = last.filter(|last| Arc::ptr_eq(&last.model.0, &model.info));
            let known = same.map(|last| last.near.clone()).unwrap_or_default();
            move |cancel| Ok(Around::find(&model, &trace.tokens, known, cancel))
        });
    }

    /// The nearest tokens of each token of the text, and all of them in two dimensions.
    pub fn tables(&self, ctx: &Context<'_>) -> Option<[Table; 2]> {
        let around = self.around()?;
        let near = || {
            around.near.iter().flat_map(|(&id, near)| {
                let near = near.iter().enumerate();
                near.map(move |(rank, near)| (id, rank + 1, near))
            })
        };
        let token = |id| ctx.model.tokenizer.token(id).text;
        let nearest = Table::new("nearest")
            .integer("id", near().map(|(id, _, _)| id))
            .text("token", near().map(|(id, _, _)| token(id)))
            .integer("rank", near().map(|(_, rank, _)| rank))
            .integer("near_id", near().map(|(_, _, near)| near.id))
            .text("near_token", near().map(|(_, _, near)| token(near.id)))
            .number("cosine", near().map(|(_, _, near)| near.cosine));
        Some([nearest, around.map.table()])
    }

    /// Takes what was found.
    pub fn receive(&mut self) {
        self.latest.receive();
    }

    /// Is the search still running?
    pub fn is_busy(&self) -> bool {
        self.latest.is_busy()
    }

    /// What was found last.
    pub fn answer(&self) -> Option<&Result<Around>> {
        self.latest.answer()
    }

    fn around(&self) -> Option<&Around> {
        self.answer()?.as_ref().ok()
    }

    /// The list of the focused token's neighbours.
    pub fn list_ui(&self, ui: &mut Ui, ctx: &Context<'_>) {
        let theme = ctx.theme;
        let around = match self.answer() {
            Some(Ok(around)) => around,
            Some(Err(problem)) => return empty_ui(ui, theme, &problem.to_string()),
            None => return empty_ui(ui, theme, tr("Looking for neighbours …")),
        };
        let pos = ctx.focus.query_or_last(ctx.trace);
        let Some(token) = ctx.trace.tokens.get(pos) else {
            return;
        };
        let title = trf("Nearest to {0}", &[&token.label()]);
        ui.label(RichText::new(title).font(theme.title()));
        let vocab = count(ctx.trace.model.vocab_size);
        let note = trf("of all {0} tokens, by cosine of the angle", &[&vocab]);
        ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
        let area = ScrollArea::vertical().id_salt("neighbours");
        area.auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (rank, near) in around.near(token.id).iter().enumerate() {
                near_ui(ui, ctx, rank + 1, *near);
            }
        });
    }

    /// The focused token's vector and its nearest neighbour, with the numbers behind the cosine.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let pos = ctx.focus.query_or_last(ctx.trace);
        let (label, d_model) = (ctx.label(pos), ctx.trace.model.d_model);
        let Some(vector) = super::vectors(ctx.trace).map(|matrix| matrix.row(pos)) else {
            return String::new();
        };
        let length = norm(vector);
        let list = trf(
            "To the model, “{0}” is this list of {1} learned numbers, a vector of length {2}.",
            &[&label, &d_model, &number(length)],
        );
        let id = ctx.trace.tokens.get(pos).map(|token| token.id);
        let near = id.and_then(|id| self.around()?.near(id).first().copied());
        let Some((near, other)) = near.and_then(|near| {
            let vector = self.around()?.map.vector(near.id)?;
            Some((near, vector))
        }) else {
            return list;
        };
        let name = ctx.model.tokenizer.token(near.id).label();
        let nearest = trf(
            "The vector nearest to it belongs to “{0}”: cos = a·b ∕ |a||b| = {1} ∕ ({2} × {3}) = {4}.",
            &[
                &name,
                &number(dot(vector, other)),
                &number(length),
                &number(norm(other)),
                &number(near.cosine),
            ],
        );
        format!("{list} {nearest}")
    }

    /// How much of the truth the map shows.
    pub fn explain_map(&self, ctx: &Context<'_>) -> String {
        let Some(map) = self.around().map(|around| &around.map) else {
            return String::new();
        };
        let [first, second] = map.explained;
        trf(
            "Each dot is a token's vector of {0} numbers, seen from the two directions in which these {1} vectors differ most. \
             Together they keep {2} of the variance: tokens that look close may be far apart in the other dimensions, \
             so lines join the token in focus to its true neighbours.",
            &[&ctx.trace.model.d_model, &map.n_fitted(), &percent(first + second)],
        )
    }
}

fn near_ui(ui: &mut Ui, ctx: &Context<'_>, rank: usize, near: Neighbour) {
    let label = ctx.model.tokenizer.token(near.id).label();
    let row = Ranked { label: &label, value: near.cosine, full: 1.0, color: *ctx.theme.accent };
    let note =
        trf("{0}: rank {1}, id {2}, cosine {3}", &[&label, &rank, &near.id, &number(near.cosine)]);
    ranked_ui(ui, ctx.theme, &row).on_hover_text(note);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::background::Cancel;
    use crate::model::{BUNDLED, DeviceKind};
    use crate::trace::Hook;

    #[test]
    fn neighbours_are_those_of_the_recorded_vectors() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("The cat sat").unwrap();
        let around = Around::find(&model, &trace.tokens, BTreeMap::new(), &Cancel::default());
        let embed = trace.get(Hook::Embed).unwrap();
        for (pos, token) in trace.tokens.iter().enumerate() {
            let best = around.near(token.id)[0];
            let other = model.lexicon().vector(best.id).unwrap();
            let cosine = crate::math::vector::cosine(embed.at(&[pos]).unwrap(), &other);
            assert!((cosine - best.cosine).abs() < 1e-5);
            assert_ne!(best.id, token.id);
        }
        let sat = around.near(trace.tokens[2].id)[0];
        assert_eq!(model.tokenizer.token(sat.id).text, " stood");
    }
}
