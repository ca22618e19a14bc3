//! The same tokens in another order: equal embeddings, other input vectors.

mod links;
mod strips;

use crate::background::Latest;
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::widgets::{Column, empty_ui, least_height, panels_ui, row_break};
use crate::math::vector::cosine;
use crate::model::Checkpoint;
use crate::problem::Problem;
use crate::session::second_text;
use crate::text::{tr, trf};
use crate::trace::{Activation, BlockHook, Hook, Shape, Trace, TraceId};
use egui::{Rect, ScrollArea, Ui, vec2};
use links::links_ui;
use std::sync::{Arc, Weak};
use strips::{cosines_ui, vectors_ui};

/// Two orders of the same words. The first word makes all others begin with a space, so that they
/// are the same tokens wherever they stand.
const EXAMPLE: [&str; 2] = ["Yes, I love cats", "Yes, cats love me"];

/// Strips and chart, side by side.
const COLUMNS: [Column<'_>; 2] = [(0.5, &[1.0]), (0.5, &[1.0])];

/// What is compared of a text: the vectors of each of its tokens on their way.
struct Reading {
    ids: Vec<u32>,
    /// The tokens as they can be shown.
    labels: Vec<String>,
    /// Embedding, input of the first block, and the stream after each block, `[pos, d_model]`.
    stages: Vec<Activation>,
}

impl Reading {
    fn of(trace: &Trace) -> Self {
        let blocks = (0..trace.model.n_layers).map(|layer| (layer, trace.model.leaving()));
        let blocks = [(0, BlockHook::ResidPre)].into_iter().chain(blocks);
        let stages = blocks.map(|(layer, at)| trace.block(layer, at));
        let stages = std::iter::once(trace.get(Hook::Embed)).chain(stages);
        Self {
            ids: trace.tokens.iter().map(|token| token.id).collect(),
            labels: (0..trace.tokens.len()).map(|pos| trace.label(pos)).collect(),
            stages: stages.flatten().cloned().collect(),
        }
    }

    fn label(&self, pos: usize) -> &str {
        self.labels.get(pos).map_or("", String::as_str)
    }
}

/// This part's own state.
#[derive(Default)]
pub struct Order {
    /// The second text, once it was edited. Until then it follows the first.
    edited: Option<String>,
    first: Option<(TraceId, Reading)>,
    /// Of a model, a text, and the part of a translator that is looked at.
    second: Latest<(usize, String, Shape), Reading>,
    /// The model the second was asked from: while it is held, no other has its address.
    model: Weak<Checkpoint>,
}

impl Order {
    /// How alike the vectors of each common token are, stage by stage: the embedding, the input of
    /// the first block, and what leaves each block.
    pub fn data(&self) -> Option<crate::table::Table> {
        let readings = self.readings()?;
        let pairs = pairs(&readings[0].ids, &readings[1].ids);
        let mut rows: Vec<((usize, usize), usize, f32)> = Vec::new();
        for &(a, b) in &pairs {
            let stages = readings[0].stages.iter().zip(&readings[1].stages);
            for (stage, (first, second)) in stages.enumerate() {
                let vectors = first.at(&[a]).zip(second.at(&[b]));
                let cosine = vectors.map_or(f32::NAN, |(a, b)| cosine(a, b));
                rows.push(((a, b), stage, cosine));
            }
        }
        let table = crate::table::Table::new("order")
            .text("token", rows.iter().map(|row| readings[0].label(row.0.0)))
            .integer("first_pos", rows.iter().map(|row| row.0.0))
            .integer("second_pos", rows.iter().map(|row| row.0.1))
            .integer("stage", rows.iter().map(|row| row.1))
            .number("cosine", rows.iter().map(|row| row.2));
        Some(table)
    }

    /// The second text.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let mut text = self.second_text(ctx);
        let width = theme.body_size * 16.0;
        row_break(ui, width + theme.body_size * 7.0);
        let label = ui.label(egui::RichText::new(tr("Second text")).font(theme.body())).id;
        let edit = egui::TextEdit::singleline(&mut text).font(theme.body()).desired_width(width);
        let response = ui.add(edit).labelled_by(label);
        if response.on_hover_text(tr("Compared with the prompt, token by token")).changed() {
            self.edited = Some(text);
        }
        row_break(ui, theme.body_size * 14.0);
        let button =
            ui.button(egui::RichText::new("I love cats / cats love me").font(theme.body()));
        if button.on_hover_text(tr("Compare these two texts")).clicked() {
            ctx.send(Command::SetPrompt(EXAMPLE[0].to_owned()));
            self.edited = Some(EXAMPLE[1].to_owned());
        }
    }

    /// Both texts with their common tokens joined; then one such token's vectors.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.ask(ctx);
        let Some(readings) = self.readings() else {
            let problem = self.second.answer().and_then(|second| second.as_ref().err());
            let excuse = problem.map_or("Reading the second text …".to_owned(), Problem::to_string);
            return empty_ui(ui, ctx.theme, tr(&excuse));
        };
        let pairs = pairs(&readings[0].ids, &readings[1].ids);
        let chosen = chosen_pair(&pairs, ctx.focus.query);
        let bottom = ui.max_rect().bottom();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            links_ui(ui, ctx, readings, &pairs, chosen);
            let Some(pair) = chosen else {
                let note = egui::RichText::new(tr("The two texts share no token"));
                ui.label(note.font(ctx.theme.title()).color(*ctx.theme.dim));
                return;
            };
            ui.add_space(ctx.theme.body_size / 2.0);
            let room = ui.available_rect_before_wrap();
            let least = least_height(ctx.theme, room.width(), &COLUMNS);
            let height = (bottom - room.top()).max(least);
            let room = Rect::from_min_size(room.min, vec2(room.width(), height));
            ui.scope_builder(egui::UiBuilder::new().max_rect(room), |ui| {
                panels_ui(ui, ctx.theme, &COLUMNS, |ui, panel| match panel {
                    0 => vectors_ui(ui, ctx, readings, pair),
                    _ => cosines_ui(ui, ctx, readings, pair),
                });
            });
        });
    }

    /// One or two sentences with this pair's numbers.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(readings) = self.readings() else {
            return String::new();
        };
        let pairs = pairs(&readings[0].ids, &readings[1].ids);
        let Some((a, b)) = chosen_pair(&pairs, ctx.focus.query) else {
            return tr("Type a second text with some of the first one's words. Mind the space: “cats” at the start of \
                    a text and “ cats” within it are different tokens.")
                .to_owned();
        };
        let cosines = cosines(readings, (a, b));
        let at = |stage: usize| number(cosines.get(stage).copied().unwrap_or(f32::NAN));
        let (label, last) = (readings[0].label(a), cosines.len().saturating_sub(1));
        if a == b {
            return trf(
                "“{0}” stands at position {1} in both texts, so its input vector is the same too (cosine {2}); only \
                 what attention fetches differs. After the last block the cosine is {3}.",
                &[&label, &a, &at(1), &at(last)],
            );
        }
        let same =
            trf("“{0}” has the same embedding in both texts (cosine {1}).", &[&label, &at(0)]);
        let then = if ctx.trace.model.positions.are_added() {
            trf(
                "At position {0} and at position {1} another vector is added, so the model reads different inputs \
                 (cosine {2}); after the last block it is {3}.",
                &[&a, &b, &at(1), &at(last)],
            )
        } else {
            trf(
                "Nothing is added to it: the position turns queries and keys within each block, so the input is the same \
                 (cosine {0}); after the last block it is {1}.",
                &[&at(1), &at(last)],
            )
        };
        format!("{same} {then}")
    }

    /// Takes the second reading when it is there.
    pub fn receive(&mut self) {
        self.second.receive();
    }

    /// Is the second text being read?
    pub fn is_busy(&self) -> bool {
        self.second.is_busy()
    }

    fn readings(&self) -> Option<[&Reading; 2]> {
        Some([&self.first.as_ref()?.1, self.second.answer()?.as_ref().ok()?])
    }

    fn second_text(&self, ctx: &Context<'_>) -> String {
        self.edited.clone().unwrap_or_else(|| reordered(ctx.trace.typed()))
    }

    /// Has the second text read, if it or the model has changed.
    fn ask(&mut self, ctx: &Context<'_>) {
        // An experiment is made on one text; two texts are compared in the model as it is.
        let trace = ctx.baseline.unwrap_or(ctx.trace);
        if self.first.as_ref().is_none_or(|(id, _)| *id != trace.id) {
            self.first = Some((trace.id, Reading::of(trace)));
        }
        let text = self.second_text(ctx);
        self.model = Arc::downgrade(ctx.model);
        let key = (self.model.as_ptr() as usize, text.clone(), trace.model.shape);
        let (model, first) = (Arc::clone(ctx.model), Arc::clone(trace));
        self.second.ask(ctx.lane, key, |_| {
            move |_: &_| Ok(Reading::of(&*second_text(&model, &text, &[], &first)?))
        });
    }
}

/// The same words in another order: the first stays, so that no other becomes the beginning.
fn reordered(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if let Some((_, others)) = words.split_first_mut() {
        others.reverse();
    }
    words.join(" ")
}

/// Which tokens are the same: the n-th occurrence in one text with the n-th in the other.
fn pairs(first: &[u32], second: &[u32]) -> Vec<(usize, usize)> {
    let mut taken = vec![false; second.len()];
    let mut pairs = Vec::new();
    for (a, id) in first.iter().enumerate() {
        let free = |&(b, other): &(usize, &u32)| other == id && !taken[b];
        if let Some((b, _)) = second.iter().enumerate().find(free) {
            taken[b] = true;
            pairs.push((a, b));
        }
    }
    pairs
}

/// The pair of the token that is pointed at; else the first that has moved.
fn chosen_pair(pairs: &[(usize, usize)], query: Option<usize>) -> Option<(usize, usize)> {
    let pointed = pairs.iter().find(|&&(a, _)| Some(a) == query);
    let moved = pairs.iter().filter(|(a, b)| a != b);
    let first_moved = moved.min_by_key(|(a, b)| a.max(b));
    pointed.or(first_moved).or(pairs.first()).copied()
}

/// The cosine between the two vectors at every stage.
fn cosines([first, second]: [&Reading; 2], (a, b): (usize, usize)) -> Vec<f32> {
    let stages = first.stages.iter().zip(&second.stages);
    let both = stages.filter_map(|(first, second)| Some((first.at(&[a])?, second.at(&[b])?)));
    both.map(|(a, b)| cosine(a, b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    #[test]
    fn the_first_word_stays() {
        assert_eq!(reordered("Yes, I love cats"), "Yes, cats love I");
        assert_eq!((reordered(""), reordered("one")), (String::new(), "one".to_owned()));
    }

    #[test]
    fn equal_tokens_are_joined_in_order() {
        assert_eq!(pairs(&[7, 8, 7, 9], &[7, 9, 7]), [(0, 0), (2, 2), (3, 1)]);
        assert_eq!(chosen_pair(&[(0, 0), (2, 2), (3, 1)], None), Some((3, 1)));
        assert_eq!(chosen_pair(&[(0, 0), (2, 2), (3, 1)], Some(2)), Some((2, 2)));
        assert_eq!(chosen_pair(&[(0, 0)], Some(1)), Some((0, 0)));
        assert_eq!(chosen_pair(&[], None), None);
    }

    #[test]
    fn another_place_is_another_input_but_the_same_embedding() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let [first, second] = EXAMPLE.map(|text| Reading::of(&model.trace(text).unwrap()));
        let joined = pairs(&first.ids, &second.ids);
        let moved = chosen_pair(&joined, None).unwrap();
        assert_ne!(moved.0, moved.1);
        let cosines = cosines([&first, &second], moved);
        assert_eq!(cosines.len(), 2 + model.info.n_layers);
        assert!(cosines[0] > 0.9999 && cosines[1] < 0.9999);
    }
}
