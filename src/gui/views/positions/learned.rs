//! The learned position vectors and how alike they are.

use super::table::{Fetched, Table};
use crate::gui::contract::command::Target;
use crate::gui::contract::origin::with_origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{
    Cells, Chart, Curve, Grid, Heatmap, Labels, Mark, colored_heading_ui, empty_ui, heading_ui,
    panels_ui,
};
use crate::math::vector::cosine;
use crate::text::{tr, trf};
use crate::trace::{Hook, Matrix, Positions};
use egui::{Pos2, Response, Ui, pos2, vec2};

const COSINES: Scale = Scale::Diverging { limit: 1.0 };

/// This part's own state.
#[derive(Default)]
pub struct Learned {
    only_this_text: bool,
}

impl Learned {
    /// Which positions are shown.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let text = egui::RichText::new(tr("only this text's positions")).font(ctx.theme.body());
        ui.checkbox(&mut self.only_this_text, text)
            .on_hover_text(tr("Leave out the positions this text does not reach"));
    }

    /// The table, its cosines, and one row of them as a curve.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, table: &Table) {
        let Some(fetched) = &table.fetched else {
            return empty_ui(ui, ctx.theme, tr(table.excuse()));
        };
        let n_tokens = ctx.trace.tokens.len();
        let n_positions = fetched.vectors().rows;
        let n_shown = if self.only_this_text { n_tokens.min(n_positions) } else { n_positions };
        let columns: [(f32, &[f32]); 2] = [(0.54, &[1.0]), (0.46, &[0.64, 0.36])];
        panels_ui(ui, ctx.theme, &columns, |ui, panel| match panel {
            0 => vectors_ui(ui, ctx, fetched, n_shown),
            1 => cosines_ui(ui, ctx, fetched, n_shown),
            _ => curve_ui(ui, ctx, fetched, n_shown),
        });
    }
}

/// One or two sentences with this model's numbers.
pub fn explain(ctx: &Context<'_>, table: &Table) -> String {
    let Some(fetched) = &table.fetched else {
        return String::new();
    };
    let vectors = fetched.vectors();
    let pos = ctx.focus.query_or_last(ctx.trace);
    let other = if pos == 0 { 1 } else { pos - 1 };
    let far = if pos < vectors.rows / 2 { vectors.rows.saturating_sub(1) } else { 0 };
    let with = |other: usize| number(cosine(vectors.row(pos), vectors.row(other)));
    let model = &ctx.trace.model;
    let why = tr("Attention alone would not notice if the words were shuffled.");
    let what = if model.positions == Positions::Sinusoidal {
        "So {0} computes one vector of {1} numbers for each of its {2} positions."
    } else {
        "So {0} has learned one vector of {1} numbers for each of its {2} positions."
    };
    let what = trf(what, &[&model.name, &vectors.cols, &vectors.rows]);
    let cosines = trf(
        "Cosine of positions {0} and {1}: {2}; of {0} and {3}: {4}.",
        &[&pos, &other, &with(other), &far, &with(far)],
    );
    format!("{why} {what} {cosines}")
}

/// Positions down, dimensions across.
fn vectors_ui(ui: &mut Ui, ctx: &mut Context<'_>, fetched: &Fetched, n_shown: usize) {
    let theme = ctx.theme;
    let all = fetched.vectors();
    let vectors = Matrix { rows: n_shown, cols: all.cols, data: &all.data[..n_shown * all.cols] };
    let scale = Scale::without_outliers(all.data);
    let heading = trf("{0} positions × {1} dimensions", &[&vectors.rows, &vectors.cols]);
    colored_heading_ui(ui, theme, heading, (scale, tr("value")));
    let rows = row_names(ctx, n_shown);
    let cols: Vec<String> = (0..vectors.cols).map(|dim| dim.to_string()).collect();
    let heatmap = Heatmap {
        what: format!("position table {n_shown}"),
        matrix: vectors,
        scale,
        rows: Labels { title: tr("position"), names: &rows, color: *theme.text },
        cols: Labels { title: tr("dimension →"), names: &cols, color: *theme.text },
        focus: (Some(ctx.focus.query_or_last(ctx.trace)).filter(|&pos| pos < n_shown), None),
        cells: Cells::Stretch,
    };
    let room = ui.available_rect_before_wrap();
    // The mark of this text stands right of the cells.
    let room = room.with_max_x(room.right() - theme.body_size);
    let shown = ui.scope_builder(egui::UiBuilder::new().max_rect(room), |ui| heatmap.show(ui, ctx));
    let shown = shown.inner;
    mark_text(ui, ctx, &shown.grid, n_shown);
    let n_tokens = ctx.trace.tokens.len();
    shown.say(tr("Learned position vectors"), |pos, dim| {
        let value = number(vectors.get(pos, dim).unwrap_or(f32::NAN));
        let text = trf("position {0}, dimension {1}: {2}", &[&pos, &dim, &value]);
        if pos < n_tokens { with_origin(ctx, &text, Hook::PosEmbed, &[pos, dim]) } else { text }
    });
    point(&shown.response, ctx, shown.pointed.map(|(pos, _)| pos));
}

/// Marks the positions this text uses, when there are more.
fn mark_text(ui: &Ui, ctx: &Context<'_>, shown: &Grid, n_shown: usize) {
    let (theme, n_tokens) = (ctx.theme, ctx.trace.tokens.len());
    if n_tokens >= n_shown {
        return;
    }
    let grid = shown.rect;
    let x = grid.right() + theme.body_size * 0.4;
    let bottom = (shown.row(n_tokens).top().max(grid.top() + 3.0)).min(grid.bottom());
    let stroke = egui::Stroke::new(theme.stroke + 2.0, *theme.accent);
    ui.painter().vline(x, grid.top()..=bottom, stroke);
    let at = pos2(grid.right() + theme.body_size * 0.6, grid.top() - theme.caption_size * 0.5);
    let anchor = egui::Align2::RIGHT_BOTTOM;
    let at = at - vec2(0.0, theme.caption_size * 2.8);
    let note = trf("this text: {0} positions ┐", &[&n_tokens]);
    ui.painter().text(at, anchor, note, theme.caption(), *theme.accent);
}

/// Every position against every other.
fn cosines_ui(ui: &mut Ui, ctx: &mut Context<'_>, fetched: &Fetched, n_shown: usize) {
    let theme = ctx.theme;
    let likeness = &fetched.similarity;
    let stride = likeness.stride;
    let side = n_shown.div_ceil(stride).min(likeness.side);
    let cosines: Vec<f32> = likeness
        .cosine
        .chunks(likeness.side.max(1))
        .take(side)
        .flat_map(|row| &row[..side])
        .copied()
        .collect();
    let title = match stride {
        1 => tr("How alike are two positions?").to_owned(),
        n => trf("How alike are two positions? Every {0}th is shown", &[&n]),
    };
    colored_heading_ui(ui, theme, title, (COSINES, tr("cosine")));
    let names: Vec<String> = (0..side).map(|i| (i * stride).to_string()).collect();
    let focus = Some(ctx.focus.query_or_last(ctx.trace) / stride).filter(|&row| row < side);
    let heatmap = Heatmap {
        what: format!("position cosines {side}"),
        matrix: Matrix { rows: side, cols: side, data: &cosines },
        scale: COSINES,
        rows: Labels { title: tr("position"), names: &names, color: *theme.text },
        cols: Labels { title: tr("position →"), names: &names, color: *theme.text },
        focus: (focus, None),
        cells: Cells::Square,
    };
    let shown = heatmap.show(ui, ctx);
    shown.say(tr("Cosines between positions"), |row, col| {
        let value = number(heatmap.value((row, col)).unwrap_or(f32::NAN));
        trf("positions {0} and {1}: cosine {2}", &[&(row * stride), &(col * stride), &value])
    });
    point(&shown.response, ctx, shown.pointed.map(|(row, _)| row * stride));
}

/// The focused position against all others.
fn curve_ui(ui: &mut Ui, ctx: &mut Context<'_>, fetched: &Fetched, n_shown: usize) {
    let vectors = fetched.vectors();
    let pos = ctx.focus.query_or_last(ctx.trace);
    let with = |other: usize| cosine(vectors.row(pos), vectors.row(other));
    let points: Vec<Pos2> = (0..n_shown).map(|other| pos2(other as f32, with(other))).collect();
    heading_ui(
        ui,
        ctx.theme,
        trf("How alike is each to position {0}, “{1}”?", &[&pos, &ctx.label(pos)]),
    );
    let chart = Chart {
        name: tr("Cosine of each position with the chosen one"),
        x_title: tr("position"),
        y_title: tr("cosine"),
        x_names: &[],
        y_holds: 0.0..=1.0,
        curves: &[Curve {
            name: String::new(),
            color: *ctx.theme.accent,
            mark: Mark::Line,
            points,
        }],
        cursor: Some(pos as f32),
    };
    let (response, x) = chart.ui(ui, ctx.theme);
    let pointed = x.map(|x| x.round() as usize).filter(|&other| other < n_shown);
    point(&response, ctx, pointed);
    if let Some(other) = pointed {
        let value = number(with(other));
        response.on_hover_text_at_pointer(trf(
            "positions {0} and {1}: cosine {2}",
            &[&pos, &other, &value],
        ));
    }
}

/// Positions of this text are tokens that can be pointed at; the others only have a number.
fn point(response: &Response, ctx: &mut Context<'_>, pointed: Option<usize>) {
    if let Some(pos) = pointed.filter(|&pos| pos < ctx.trace.tokens.len()) {
        ctx.point(response, Target::Token(pos));
    }
}

/// Positions, with the tokens that stand there when there is nothing else.
fn row_names(ctx: &Context<'_>, n_shown: usize) -> Vec<String> {
    let with_tokens = n_shown <= ctx.trace.tokens.len();
    let name = |pos: usize| {
        if with_tokens { format!("{} {pos}", ctx.label(pos)) } else { pos.to_string() }
    };
    (0..n_shown).map(name).collect()
}
