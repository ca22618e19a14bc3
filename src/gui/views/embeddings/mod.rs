//! Token embeddings: the table in which the model looks up what a token is.
//!
//! Every token of the vocabulary has one row of learned numbers, and that row is all the first layer
//! knows of it. Tokens that are used alike have rows that point the same way, so directions carry
//! meaning: neighbours are related words, and differences between rows can be added and subtracted.

mod analogy;
mod data;
mod map;
mod neighbours;
mod similarity;
mod strips;

use crate::gui::contract::textures::{PictureKey, picture};
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::look::format::number;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{empty_ui, legend_ui};
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{Hook, Matrix, ModelInfo, Trace, TraceId};
use egui::{Color32, Painter, Rect, Ui, pos2};
use std::sync::Arc;

/// The view.
#[derive(Default)]
pub struct Embeddings {
    scale: Option<(TraceId, Scale)>,
    strips: strips::Scroll,
    around: neighbours::Neighbours,
    analogy: analogy::Analogy,
    similarity: similarity::Similarity,
}

const TABS: [Tab; 5] = [
    Tab::new("Vectors", "The numbers of each token, and its place among its neighbours"),
    Tab::new("Nearest", "The tokens whose vectors point most the same way"),
    Tab::new("Map", "The text's tokens among their neighbours, in two dimensions"),
    Tab::new("Analogy", "king − man + woman: arithmetic with meanings"),
    Tab::new("Similarity", "How alike two sentences are after the last layer"),
];
const NEAREST: usize = 1;
const MAP: usize = 2;
const ANALOGY: usize = 3;
const SIMILARITY: usize = 4;

/// A model as the key of what was computed from it.
#[derive(Debug, Clone)]
struct ModelKey(Arc<ModelInfo>);

impl PartialEq for ModelKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl View for Embeddings {
    fn id(&self) -> &'static str {
        "embeddings"
    }

    fn name(&self) -> &'static str {
        "Embeddings"
    }

    fn question(&self) -> &'static str {
        "What does a token mean to the model?"
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.tab {
            NEAREST | MAP => {}
            ANALOGY => self.analogy.controls(ui, ctx),
            SIMILARITY => self.similarity.controls(ui, ctx),
            _ => {
                let scale = self.scale(ctx.trace);
                let values = vectors(ctx.trace).map_or(&[][..], |matrix| matrix.data);
                values_legend_ui(ui, ctx.theme, scale, values);
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.tab {
            NEAREST => {
                self.around.ask(ctx);
                ui.set_max_width(ctx.theme.body_size * 44.0);
                self.around.list_ui(ui, ctx);
            }
            MAP => {
                self.around.ask(ctx);
                map::map_ui(ui, ctx, self.around.answer());
            }
            ANALOGY => self.analogy.ui(ui, ctx),
            SIMILARITY => self.similarity.ui(ui, ctx),
            _ => self.vectors_ui(ui, ctx),
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        match ctx.tab {
            MAP => self.around.explain_map(ctx),
            ANALOGY => self.analogy.explain(),
            SIMILARITY => self.similarity.explain(ctx),
            _ => self.around.explain(ctx),
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        self.around.receive();
        self.analogy.receive();
        self.similarity.receive();
    }

    fn is_busy(&self) -> bool {
        self.around.is_busy() || self.analogy.is_busy() || self.similarity.is_busy()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let Some(matrix) = vectors(ctx.trace).filter(|matrix| !matrix.data.is_empty()) else {
            return;
        };
        let (theme, key) = (ctx.theme, vectors_key(ctx));
        let paint = || picture(matrix, theme, Scale::without_outliers(matrix.data));
        let texture = ctx.textures.get(painter.ctx(), key, paint);
        let height = rect.height().min(matrix.rows as f32 * theme.body_size);
        let rect = rect.with_max_y(rect.top() + height);
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture, rect, uv, Color32::WHITE);
    }
}

impl Embeddings {
    /// The scale of the text's vectors, found once per recording.
    fn scale(&mut self, trace: &Trace) -> Scale {
        match self.scale {
            Some((id, scale)) if id == trace.id => scale,
            _ => {
                let scale =
                    Scale::without_outliers(vectors(trace).map_or(&[], |matrix| matrix.data));
                self.scale = Some((trace.id, scale));
                scale
            }
        }
    }

    /// The strips above; beneath them, as far as there is room, the nearest tokens and the map.
    fn vectors_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let trace = Arc::clone(ctx.trace);
        let Some(matrix) = vectors(&trace) else {
            return empty_ui(ui, ctx.theme, tr("This recording holds no token vectors"));
        };
        self.around.ask(ctx);
        let room = ui.available_rect_before_wrap();
        let unit = ctx.theme.body_size;
        // A list of four, or a map that can be read, needs at least this much.
        let least = unit * 9.0;
        let is_low = room.height() < least + unit * 5.0;
        let most =
            if is_low { room.height() } else { (room.height() * 0.45).min(room.height() - least) };
        let strips = strips::Strips {
            key: vectors_key(ctx),
            matrix,
            names: (0..matrix.rows).map(|pos| ctx.label(pos)).collect(),
            scale: self.scale(ctx.trace),
            rows: strips::Rows::Tokens,
        };
        let height = strips.height_within(ctx.theme, most);
        let (top, bottom) = room.split_top_bottom_at_y(room.top() + height);
        ui.scope_builder(egui::UiBuilder::new().max_rect(top), |ui| {
            self.strips.ui(ui, ctx, &strips);
        });
        if is_low {
            return;
        }
        let below = bottom.with_min_y(bottom.top() + unit);
        self.below_ui(ui, ctx, below);
    }

    fn below_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>, room: Rect) {
        let unit = ctx.theme.body_size;
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        let list_width = (room.width() * 0.36).clamp(unit * 17.0, unit * 30.0);
        let has_map = room.width() - list_width > unit * 20.0 && room.height() > unit * 12.0;
        if !has_map {
            ui.scope_builder(child(room), |ui| self.around.list_ui(ui, ctx));
            return;
        }
        let (list, map) = room.split_left_right_at_x(room.left() + list_width);
        ui.scope_builder(child(list), |ui| self.around.list_ui(ui, ctx));
        let map = map.with_min_x(map.left() + unit * 1.5);
        ui.scope_builder(child(map), |ui| {
            map::map_ui(ui, ctx, self.around.answer());
        });
    }
}

/// The recorded token vectors, `[pos, d_model]`.
fn vectors(trace: &Trace) -> Option<Matrix<'_>> {
    trace.get(Hook::Embed)?.as_matrix()
}

/// The legend of vectors: what the ends of the scale stand for, and how far the numbers reach.
fn values_legend_ui(ui: &mut Ui, theme: &Theme, scale: Scale, values: &[f32]) {
    let finite = || values.iter().copied().filter(|x| x.is_finite());
    let (least, most) =
        (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let measure = trf("values from {0} to {1}", &[&number(least), &number(most)]);
    legend_ui(ui, theme, scale, &measure);
}

fn vectors_key(ctx: &Context<'_>) -> PictureKey {
    PictureKey { trace: ctx.trace.id, what: "token vectors".to_owned(), theme: &ctx.theme.name }
}
