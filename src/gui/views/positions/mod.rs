//! How the model knows the order of its tokens.
//!
//! Attention by itself sees a bag of tokens: shuffle them and it notices nothing. So a vector that
//! stands for the position is added to each token's embedding before the first block. GPT-2 learns
//! these vectors; the original transformer computed them from sines and cosines. Here are the
//! learned ones, the addition itself, the waves to play with, and what another order changes.

mod learned;
mod order;
mod sum;
mod table;
mod waves;

use crate::gui::textures::{PictureKey, miniature};
use crate::gui::theme::Scale;
use crate::gui::view::{Context, Tab, View};
use crate::trace::{Activation, Hook};
use egui::{Color32, Painter, Rect, Ui, pos2};

const TABS: [Tab; 4] = [
    Tab::new(
        "Learned",
        "The vector this model has learned for each position",
    ),
    Tab::new(
        "Token + position",
        "What enters the first block: the sum, number by number",
    ),
    Tab::new(
        "Sinusoidal",
        "The original transformer's positions: computed, not learned",
    ),
    Tab::new("Word order", "The same tokens in another order"),
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

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.tab {
            0 => self.learned.controls(ui, ctx),
            2 => self.waves.controls(ui, ctx),
            3 => self.order.controls(ui, ctx),
            _ => {}
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.tab {
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
            0 => learned::explain(ctx, &self.table),
            1 => self.sum.explain(ctx),
            2 => self.waves.explain(ctx),
            _ => self.order.explain(ctx),
        }
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
        let vectors = trace.get(Hook::PosEmbed).and_then(Activation::as_matrix);
        let Some(vectors) = vectors else { return };
        let key = PictureKey {
            trace: trace.id,
            what: "position vectors, small".to_owned(),
            theme: &theme.name,
        };
        let scale = Scale::around_zero(vectors.data);
        let texture = ctx
            .textures
            .get(painter.ctx(), key, || miniature(vectors, 128, theme, scale));
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture, rect, uv, Color32::WHITE);
    }
}
