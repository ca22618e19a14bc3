//! How the model knows the order of its tokens.
//!
//! Attention by itself sees a bag of tokens: shuffle them and it notices nothing. So a vector that
//! stands for the position is added to each token's embedding before the first block. GPT-2 learns
//! these vectors; the original transformer computed them from sines and cosines. Here are the
//! learned ones, the addition itself, the waves to play with, and what another order changes. Llama
//! adds nothing and turns queries and keys instead: of such a model the rotation is shown.

mod data;
mod learned;
mod order;
mod rotary;
mod sum;
mod table;
mod waves;

use crate::gui::contract::textures::{PictureKey, miniature};
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::look::theme::Scale;
use crate::table::Table;
use crate::trace::{self, Activation, Hook, Matrix, ModelInfo};
use egui::{Color32, Painter, Rect, Ui, pos2};

const TABS: [Tab; 4] = [
    Tab::new("Learned", "The vector this model has learned for each position"),
    Tab::new("Token + position", "What enters the first block: the sum, number by number"),
    Tab::new("Sinusoidal", "The original transformer's positions: computed, not learned"),
    Tab::new("Word order", "The same tokens in another order"),
];

/// The same places for a model that adds vectors it has not learned.
const COMPUTED: [Tab; 4] = [
    Tab::new("Computed", "The vector this model computes for each position"),
    TABS[1],
    TABS[2],
    TABS[3],
];

/// The same places for a model that adds no vectors.
const TURNED: [Tab; 4] = [
    Tab::new("Rotation", "How far this model turns queries and keys at each position"),
    Tab::new("Before and after", "The chosen query, pair by pair, before and after turning"),
    TABS[2],
    TABS[3],
];

/// The view.
#[derive(Default)]
pub struct Positions {
    table: table::Table,
    learned: learned::Learned,
    sum: sum::Sum,
    waves: waves::Waves,
    order: order::Order,
}

impl View for Positions {
    fn id(&self) -> &'static str {
        "positions"
    }

    fn name(&self) -> &'static str {
        "Positions"
    }

    fn question(&self) -> &'static str {
        "How does it know the order?"
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn tabs_of(&self, model: &ModelInfo) -> &'static [Tab] {
        match model.positions {
            trace::Positions::Learned => &TABS,
            trace::Positions::Sinusoidal => &COMPUTED,
            trace::Positions::Rotary => &TURNED,
        }
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.tab {
            0 if is_turned(ctx) => {}
            0 => self.learned.controls(ui, ctx),
            2 => self.waves.controls(ui, ctx),
            3 => self.order.controls(ui, ctx),
            _ => {}
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.tab {
            0 if is_turned(ctx) => rotary::ui(ui, ctx),
            1 if is_turned(ctx) => rotary::dials_ui(ui, ctx),
            0 => {
                self.table.ask(ctx);
                self.learned.ui(ui, ctx, &self.table);
            }
            1 => self.sum.ui(ui, ctx),
            2 => {
                self.table.ask(ctx);
                self.waves.ui(ui, ctx, &self.table);
            }
            _ => self.order.ui(ui, ctx),
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        match ctx.tab {
            0 | 1 if is_turned(ctx) => rotary::explain(ctx),
            0 => learned::explain(ctx, &self.table),
            1 => self.sum.explain(ctx),
            2 => self.waves.explain(ctx),
            _ => self.order.explain(ctx),
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        self.table.receive();
        self.order.receive();
    }

    fn is_busy(&self) -> bool {
        self.table.is_busy() || self.order.is_busy()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let (trace, theme) = (ctx.trace, ctx.theme);
        let model = ctx.model.clone();
        let turns = model.network.rotary().map(|rotary| {
            let n_positions = trace.tokens.len().max(16);
            let cosines = rotary::cosines(&rotary.frequencies, n_positions);
            (n_positions, rotary.frequencies.len(), cosines)
        });
        let turns =
            turns.as_ref().map(|(rows, cols, data)| Matrix { rows: *rows, cols: *cols, data });
        let added = trace.get(Hook::PosEmbed).and_then(Activation::as_matrix);
        let vectors = turns.or(added);
        let Some(vectors) = vectors else { return };
        let key = PictureKey {
            trace: trace.id,
            what: "position vectors, small".to_owned(),
            theme: &theme.name,
        };
        let scale = Scale::without_outliers(vectors.data);
        let texture =
            ctx.textures.get(painter.ctx(), key, || miniature(vectors, 128, theme, scale));
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture, rect, uv, Color32::WHITE);
    }
}

/// Are positions rotations in this model?
fn is_turned(ctx: &Context<'_>) -> bool {
    !ctx.trace.model.positions.are_added()
}
