//! How a model comes to know things: it is watched while it learns, from nothing or from a text of
//! one's own.

mod card;
mod curves;
mod data;
mod practice;
mod teach;
mod words;

use crate::gui::contract::command::{Command, Learn};
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::widgets::{Column, panels_ui};
use crate::session::training::Run;
use crate::table::Table;
use egui::{Painter, Rect, Shape, Stroke, Ui, pos2};
use teach::Teach;

const TABS: [Tab; 2] = [
    Tab::new("From nothing", "A small model that knows nothing learns while you watch"),
    Tab::new("Teach it", "The open model learns your sentences: what it gains and what it forgets"),
];

/// The view.
#[derive(Debug, Default)]
pub struct Learning {
    teach: Teach,
}

impl View for Learning {
    fn id(&self) -> &'static str {
        "learning"
    }

    fn name(&self) -> &'static str {
        "Learning"
    }

    fn question(&self) -> &'static str {
        "How does a model come to know this?"
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let is_fresh = ctx.tab == 0;
        let runs = of_kind(ctx, is_fresh);
        // Three columns where there is room, else two.
        let is_wide = ui.available_width() > 66.0 * ctx.theme.body_size;
        let (columns, order): (&[Column<'_>], _) = if is_wide {
            (&[(0.9, &[1.0]), (1.3, &[1.0, 1.0]), (1.2, &[0.7, 1.3])], [0, 1, 2, 3, 4])
        } else {
            (&[(1.0, &[1.2, 1.0]), (1.1, &[1.0, 1.0])], [0, 3, 1, 2, 4])
        };
        panels_ui(ui, ctx.theme, columns, |ui, i| match (order[i], runs[0]) {
            (0, run) if is_fresh => card::card_ui(ui, ctx, run),
            (0, run) => self.teach.ui(ui, ctx, run),
            (1, _) => curves::loss_ui(ui, ctx, runs),
            (2, run) if is_fresh => curves::heads_ui(ui, ctx, run),
            (2, run) => curves::gradients_ui(ui, ctx, run),
            (3, run) if is_wide => practice::asked_ui(ui, ctx, run),
            (3, run) => practice::both_ui(ui, ctx, run),
            (_, run) => practice::written_ui(ui, ctx, run),
        });
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        words::story(ctx, of_kind(ctx, ctx.tab == 0)[0], ctx.tab == 0)
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        let run = of_kind(ctx, ctx.tab == 0)[0];
        run.map_or_else(|| vec![data::plan(ctx.recipe)], data::tables)
    }

    /// The loss as it falls.
    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let stroke = Stroke::new(theme.stroke + 0.5, *theme.accent);
        let points: Vec<_> = match ctx.runs[0] {
            Some(run) => {
                let progress = run.progress();
                let losses = curves::thinned(&progress.losses, rect.width() as usize);
                let most = losses.iter().map(|point| point[1]).fold(0.1, f64::max);
                let last = losses.last().map_or(1.0, |point| point[0].max(1.0));
                let at = |[step, loss]: &[f64; 2]| {
                    let x = rect.left() + rect.width() * (step / last) as f32;
                    pos2(x, rect.bottom() - rect.height() * (loss / most) as f32)
                };
                losses.iter().map(at).collect()
            }
            None => Vec::new(),
        };
        if points.len() > 1 {
            painter.add(Shape::line(points, stroke));
        } else {
            painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, *theme.outline));
        }
    }
}

/// The runs, if they are of this kind: from nothing, or of a model that is taught.
fn of_kind<'a>(ctx: &Context<'a>, is_fresh: bool) -> [Option<&'a Run>; 2] {
    ctx.runs.map(|run| run.filter(|run| run.recipe.is_fresh() == is_fresh))
}

/// Sends a wish about the run.
fn send(ctx: &mut Context<'_>, wish: Learn) {
    ctx.send(Command::Learn(wish));
}
