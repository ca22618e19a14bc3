//! One head from close by: how it decides where to look.
//!
//! Three pictures of the same head. The matrix shows every weight at once. The arcs draw each weight
//! as a line from the token that asks to the token that answers, for one head or several. The steps
//! take one query and repeat, number by number, what the head computes: dot products, scaling, mask,
//! softmax, the weighted sum of values, and how all heads together are added to the stream.

mod arcs;
mod data;
mod marks;
mod matrix;
mod numbers;
mod parts;
mod player;
mod stages;
mod steps;
mod tips;

use crate::gui::contract::command::Target;
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::look::format::percent;
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{empty_ui, stepper_ui};
use crate::math::attention_steps::position_of_largest;
use crate::table::Table;
use crate::text::{tr, trf};
use arcs::Arcs;
use egui::{Painter, Rect, Stroke, Ui, pos2};
use steps::Steps;

/// Attention weights lie between 0 and 1 in every head, so all heads share one scale.
const WEIGHTS: Scale = Scale::Sequential { max: 1.0 };

const TABS: [Tab; 3] = [
    Tab::new("Steps", "How one query's weights are computed, step by step"),
    Tab::new("Matrix", "Every weight of the head at once"),
    Tab::new("Arcs", "Each weight as a line from who asks to who answers"),
];
const MATRIX: usize = 1;
const ARCS: usize = 2;

/// The view.
#[derive(Debug, Default)]
pub struct Attention {
    arcs: Arcs,
    steps: Steps,
}

impl View for Attention {
    fn id(&self) -> &'static str {
        "attention"
    }

    fn name(&self) -> &'static str {
        "Attention"
    }

    fn question(&self) -> &'static str {
        "How does one head decide where to look?"
    }

    fn shows_attention(&self) -> bool {
        true
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        head_ui(ui, ctx);
        match ctx.tab {
            MATRIX => matrix::controls(ui, ctx),
            ARCS => self.arcs.controls(ui, ctx),
            _ => self.steps.controls(ui, ctx),
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        if ctx.trace.pattern(ctx.focus.layer, ctx.focus.head).is_none() {
            return empty_ui(ui, ctx.theme, tr("This recording holds no attention"));
        }
        match ctx.tab {
            MATRIX => matrix::ui(ui, ctx),
            ARCS => self.arcs.ui(ui, ctx),
            _ => self.steps.ui(ui, ctx),
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        match ctx.tab {
            MATRIX => matrix::explain(ctx),
            ARCS => self.arcs.explain(ctx),
            _ => self.steps.explain(ctx),
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(ctx)
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let focus = ctx.focus;
        let query = focus.query_or_last(ctx.trace);
        let Some(pattern) = ctx.trace.pattern(focus.layer, focus.head) else {
            return;
        };
        let rect = rect.shrink(4.0);
        let n = pattern.cols.max(2);
        let x = |pos: usize| rect.left() + rect.width() * pos as f32 / (n - 1) as f32;
        let color = ctx.theme.head(focus.head);
        for (key, &weight) in pattern.row(query).iter().enumerate() {
            let point = |t: f32| {
                // Half an ellipse over the stretch between the two tokens.
                let angle = t * std::f32::consts::PI;
                let middle = f32::midpoint(x(query), x(key));
                let radius = (x(query) - x(key)) / 2.0;
                let height = (radius.abs() * 1.2).min(rect.height() - 3.0);
                pos2(middle + radius * angle.cos(), rect.bottom() - 3.0 - height * angle.sin())
            };
            if weight > 0.01 && key != query {
                let points = (0..=20).map(|i| point(i as f32 / 20.0)).collect();
                let stroke = Stroke::new(0.6 + 3.0 * weight, color.gamma_multiply(0.3 + weight));
                painter.line(points, stroke);
            }
        }
        for pos in 0..pattern.cols {
            let ink = if pos == query { ctx.theme.query } else { ctx.theme.dim };
            painter.circle_filled(pos2(x(pos), rect.bottom() - 2.0), 1.6, *ink);
        }
    }
}

/// Which head: a stepper for the layer and one for the head, in the head's hue.
fn head_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (theme, model) = (ctx.theme, ctx.trace.model.clone());
    let (layer, head) = (ctx.focus.layer, ctx.focus.head);
    if let Some(layer) = stepper_ui(ui, theme, tr("Layer"), layer, model.n_layers, *theme.text) {
        ctx.send(crate::gui::contract::command::Command::Select(Target::Head { layer, head }));
    }
    if let Some(head) = stepper_ui(ui, theme, tr("Head"), head, model.n_heads, theme.head(head)) {
        ctx.send(crate::gui::contract::command::Command::Select(Target::Head { layer, head }));
    }
}

/// "“·it” gives 41.2\u{a0}% of its attention to “·cat”", for the pair that is pointed at, or else for
/// the query and what it looks at most.
fn strongest_link(ctx: &Context<'_>) -> Option<String> {
    let pattern = ctx.trace.pattern(ctx.focus.layer, ctx.focus.head)?;
    let query = ctx.focus.query_or_last(ctx.trace);
    let row = pattern.row(query);
    let key = ctx.focus.key.or_else(|| position_of_largest(row))?;
    let weight = percent(row.get(key).copied()?);
    let (q, k) = (ctx.label(query), ctx.key_label(key));
    Some(trf("“{0}” gives {1} of its attention to “{2}”", &[&q, &weight, &k]))
}
