//! What happens to each token between two attentions.
//!
//! The MLP looks at one position at a time. Each of its neurons compares the normalised stream with
//! a pattern it has learned, the activation function lets matches through and holds the rest back,
//! and every neuron that is on writes its own vector. Their sum is added to the residual stream,
//! which carries everything written so far.

mod activation;
mod data;
mod neurons;
mod norm;
mod stream;

use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::widgets::{panels_ui, row_break, stepper_ui};
use crate::table::Table;
use crate::text::{tr, trf};
use egui::{Painter, Rect, Ui};

const TABS: [Tab; 2] = [
    Tab::new("Neurons", "Which neurons of the MLP are on, for which tokens"),
    Tab::new(
        "Stream and norm",
        "What attention and the MLP add to the stream, and the norm before the MLP",
    ),
];

/// The view.
#[derive(Default)]
pub struct Mlp {
    neurons: neurons::Neurons,
}

impl View for Mlp {
    fn id(&self) -> &'static str {
        "mlp"
    }

    fn name(&self) -> &'static str {
        "MLP"
    }

    fn question(&self) -> &'static str {
        "What happens between attentions?"
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let pinned = ctx.pinned;
        let n_layers = ctx.trace.model.n_layers;
        let wanted =
            stepper_ui(ui, ctx.theme, tr("Layer"), ctx.focus.layer, n_layers, *ctx.theme.mlp);
        if let Some(layer) = wanted {
            ctx.send(Command::Select(Target::Head { layer, head: pinned.head }));
        }
        let pos = ctx.focus.query_or_last(ctx.trace);
        let token = trf("“{0}”, position {1}", &[&ctx.label(pos), &pos]);
        let galley = ui.painter().layout_no_wrap(token, ctx.theme.body(), *ctx.theme.selection);
        row_break(ui, galley.size().x);
        ui.label(galley);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        if ctx.tab == 0 {
            self.neurons.update(ctx);
            let columns: [(f32, &[f32]); 2] = [(0.56, &[1.0]), (0.44, &[0.52, 0.48])];
            panels_ui(ui, ctx.theme, &columns, |ui, panel| match panel {
                0 => self.neurons.heatmap_ui(ui, ctx),
                1 => neurons::ranked_ui(ui, ctx),
                _ => activation::curve_ui(ui, ctx),
            });
        } else {
            panels_ui(ui, ctx.theme, &[(1.0, &[0.38, 0.62])], |ui, panel| match panel {
                0 => stream::norms_ui(ui, ctx),
                _ => norm::norm_ui(ui, ctx),
            });
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        if ctx.tab == 0 {
            activation::explain(ctx)
        } else {
            format!("{} {}", stream::explain(ctx), norm::explain(ctx))
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(ctx)
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        stream::thumbnail(painter, rect, ctx);
    }
}
