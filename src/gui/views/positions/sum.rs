//! Token + position = input of the first block, for one token, number by number.

use crate::gui::contract::origin::with_origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{
    Cells, Heatmap, Labels, colored_heading_ui, empty_ui, heading_ui, panels_ui,
};
use crate::math::vector::{cosine, norm};
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook, Matrix, Trace};
use egui::{Align2, Color32, Painter, Rect, Sense, Ui, pos2, vec2};
use std::borrow::Cow;

/// This part's own state.
#[derive(Default)]
pub struct Sum {
    /// The first dimension whose numbers are written out.
    first: usize,
}

/// The three vectors of one position. Where the sum is normalised before the first block, `input` is
/// the sum; where a segment is added too, `token` has it in it.
struct Vectors<'a> {
    token: Cow<'a, [f32]>,
    position: &'a [f32],
    input: Cow<'a, [f32]>,
}

impl<'a> Vectors<'a> {
    fn of(trace: &'a Trace, pos: usize) -> Option<Self> {
        let at = |hook| trace.get(hook)?.at(&[pos]);
        let token = Cow::Borrowed(at(Hook::Embed)?);
        let token = match at(Hook::TokenTypeEmbed) {
            Some(segment) => Cow::Owned(added(&token, segment)),
            None => token,
        };
        let position = at(Hook::PosEmbed)?;
        let input = if trace.model.embed_norm {
            Cow::Owned(added(&token, position))
        } else {
            Cow::Borrowed(at(Hook::Block(0, BlockHook::ResidPre))?)
        };
        Some(Self { token, position, input })
    }

    fn rows(&self) -> [&[f32]; 3] {
        [&self.token, self.position, &self.input]
    }
}

fn added(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// The numbers of one position as a table.
pub fn table(ctx: &Context<'_>) -> Option<Table> {
    let pos = ctx.focus.query_or_last(ctx.trace);
    let vectors = Vectors::of(ctx.trace, pos)?;
    let table = Table::new("sum")
        .integer("pos", vectors.input.iter().map(|_| pos))
        .integer("dim", 0..vectors.input.len())
        .number("token", vectors.token.iter().copied())
        .number("position", vectors.position.iter().copied())
        .number("input", vectors.input.iter().copied());
    Some(table)
}

impl Sum {
    /// Three strips, and some of their numbers.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let trace = ctx.trace.clone();
        let pos = ctx.focus.query_or_last(&trace);
        let Some(vectors) = Vectors::of(&trace, pos) else {
            return empty_ui(ui, ctx.theme, tr("This recording holds no embeddings"));
        };
        let all = vectors.rows().concat();
        let scale = Scale::without_outliers(&all);
        panels_ui(ui, ctx.theme, &[(1.0, &[0.5, 0.5])], |ui, panel| match panel {
            0 => self.strips_ui(ui, ctx, pos, &all, scale),
            _ => self.numbers_ui(ui, ctx, pos, &vectors, scale),
        });
    }

    /// One or two sentences with this token's numbers.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let pos = ctx.focus.query_or_last(ctx.trace);
        let Some(v) = Vectors::of(ctx.trace, pos) else {
            return String::new();
        };
        let dim = self.first.min(v.input.len().saturating_sub(1));
        let at = |vector: &[f32]| number(vector.get(dim).copied().unwrap_or(f32::NAN));
        let enters = if ctx.trace.model.embed_norm {
            "What enters block 0 is the sum, normalised: in dimension {0}, {1} + {2} = {3}."
        } else {
            "What enters block 0 is simply the sum: in dimension {0}, {1} + {2} = {3}."
        };
        let (token, position) = (at(&v.token), bracketed(&at(v.position)));
        let enters = trf(enters, &[&dim, &token, &position, &at(&v.input)]);
        let turns = trf(
            "Adding position {0} turns the vector of “{1}” away from its embedding: their cosine is {2}.",
            &[&pos, &ctx.label(pos), &number(cosine(&v.token, &v.input))],
        );
        format!("{enters} {turns}")
    }

    fn strips_ui(
        &mut self,
        ui: &mut Ui,
        ctx: &mut Context<'_>,
        pos: usize,
        all: &[f32],
        scale: Scale,
    ) {
        let theme = ctx.theme;
        let d_model = all.len() / 3;
        let label = ctx.label(pos);
        let heading = trf("“{0}” at position {1}, in {2} dimensions", &[&label, &pos, &d_model]);
        colored_heading_ui(ui, theme, heading, (scale, tr("value, one scale for all three")));
        let rows = row_names(ctx, pos);
        let cols: Vec<String> = (0..d_model).map(|dim| dim.to_string()).collect();
        let heatmap = Heatmap {
            what: format!("sum at {pos}"),
            matrix: Matrix { rows: 3, cols: d_model, data: all },
            scale,
            rows: Labels { title: "", names: &rows, color: *theme.text },
            cols: Labels {
                title: tr("dimension → (click to read)"),
                names: &cols,
                color: *theme.text,
            },
            focus: (None, None),
            cells: Cells::Stretch,
        };
        let shown = heatmap.show(ui, ctx);
        let grid = &shown.grid;
        shown.say(tr("Token, position and sum"), |row, dim| {
            let value = number(all.get(row * d_model + dim).copied().unwrap_or(f32::NAN));
            let text = trf("dimension {0}: {1}", &[&dim, &value]);
            let model = &ctx.trace.model;
            let hook = match row {
                0 if !model.segments => Hook::Embed,
                1 => Hook::PosEmbed,
                2 if !model.embed_norm => Hook::Block(0, BlockHook::ResidPre),
                // Sums that are made here.
                _ => return text,
            };
            with_origin(ctx, &text, hook, &[pos, dim])
        });
        let n_read = n_columns(theme, grid.rect.width(), d_model).min(d_model);
        self.first = self.first.min(d_model - n_read);
        let lens = grid.col(self.first).union(grid.col(self.first + n_read - 1));
        let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
        ui.painter().with_clip_rect(grid.rect.expand(stroke.width)).rect_stroke(
            lens,
            2.0,
            stroke,
            egui::StrokeKind::Outside,
        );
        if let Some((_, dim)) = shown.pointed.filter(|_| shown.response.clicked()) {
            self.first = dim.saturating_sub(n_read / 2);
        }
    }

    fn numbers_ui(
        &self,
        ui: &mut Ui,
        ctx: &Context<'_>,
        pos: usize,
        vectors: &Vectors<'_>,
        scale: Scale,
    ) {
        let theme = ctx.theme;
        let d_model = vectors.input.len();
        let room = ui.available_rect_before_wrap();
        let names = row_names(ctx, pos);
        let margin = names_width(theme, &names);
        let n = n_columns(theme, room.width() - margin, d_model).min(d_model);
        let last = (self.first + n).saturating_sub(1);
        heading_ui(ui, theme, trf("The numbers of dimensions {0} to {1}", &[&self.first, &last]));
        let room = ui.available_rect_before_wrap();
        let (_, response) = ui.allocate_exact_size(room.size(), Sense::hover());
        let dims = self.first..self.first + n;
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Label, true, spoken(vectors, dims.clone()))
        });
        let height = (room.height() / 4.4).clamp(theme.body_size * 1.3, theme.body_size * 2.6);
        let cell = vec2(number_width(theme), height);
        let painter = ui.painter();
        let grid = Rect::from_min_size(room.min + vec2(margin, cell.y), cell * vec2(n as f32, 3.0));
        paint_columns(painter, theme, grid, cell, &dims);
        for (row, (vector, name)) in vectors.rows().into_iter().zip(&names).enumerate() {
            let y = grid.top() + (row as f32 + 0.5) * cell.y;
            painter.text(
                pos2(grid.left() - 8.0, y),
                Align2::RIGHT_CENTER,
                name,
                theme.mono_caption(),
                *theme.text,
            );
            for (col, &value) in vector.iter().skip(self.first).take(n).enumerate() {
                let min = grid.min + vec2(col as f32, row as f32) * cell;
                paint_number(
                    painter,
                    theme,
                    Rect::from_min_size(min, cell).shrink(1.0),
                    value,
                    theme.color(scale, value),
                );
            }
            let length =
                Rect::from_min_size(pos2(grid.right() + theme.body_size, y - cell.y / 2.0), cell);
            paint_number(painter, theme, length.shrink(1.0), norm(vector), *theme.raised);
        }
        let rule = grid.top() + 2.0 * cell.y;
        painter.hline(
            room.left()..=grid.right() + theme.body_size + cell.x,
            rule,
            theme.line(theme.text),
        );
    }
}

/// The names of the columns and what the last one is.
fn paint_columns(
    painter: &Painter,
    theme: &Theme,
    grid: Rect,
    cell: egui::Vec2,
    dims: &std::ops::Range<usize>,
) {
    let y = grid.top() - 4.0;
    for (col, dim) in dims.clone().enumerate() {
        let x = grid.left() + (col as f32 + 0.5) * cell.x;
        painter.text(pos2(x, y), Align2::CENTER_BOTTOM, dim, theme.mono_caption(), *theme.dim);
    }
    let at = pos2(grid.right() + theme.body_size + cell.x / 2.0, y);
    painter.text(at, Align2::CENTER_BOTTOM, tr("length"), theme.caption(), *theme.text);
}

fn paint_number(painter: &Painter, theme: &Theme, rect: Rect, value: f32, ground: Color32) {
    painter.rect_filled(rect, 2.0, ground);
    let at = rect.right_center() - vec2(theme.caption_size * 0.4, 0.0);
    painter.text(at, Align2::RIGHT_CENTER, number(value), theme.mono(), theme.text_on(ground));
}

/// Short enough for the margin of a heatmap.
fn row_names(ctx: &Context<'_>, pos: usize) -> [String; 3] {
    let label = crate::gui::look::format::abbreviate(&ctx.label(pos), 12);
    let model = &ctx.trace.model;
    let token = if model.segments { trf("{0} + segment", &[&label]) } else { label };
    let sum = if model.embed_norm { tr("= sum") } else { tr("= input") };
    [token, trf("+ position {0}", &[&pos]), sum.to_owned()]
}

fn names_width(theme: &Theme, names: &[String]) -> f32 {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(14);
    longest as f32 * theme.caption_size * 0.62 + theme.caption_size * 2.4
}

/// Room for "−0.00123".
fn number_width(theme: &Theme) -> f32 {
    theme.body_size * 0.62 * 9.0
}

/// How many dimensions can be written out in this width, beside the lengths.
fn n_columns(theme: &Theme, width: f32, d_model: usize) -> usize {
    let length_column = number_width(theme) + theme.body_size * 1.5;
    let n = (width - length_column) / number_width(theme);
    (n.max(1.0) as usize).min(d_model.max(1))
}

fn bracketed(number: &str) -> String {
    if number.starts_with('−') { format!("({number})") } else { number.to_owned() }
}

fn spoken(vectors: &Vectors<'_>, dims: std::ops::Range<usize>) -> String {
    let at = |vector: &[f32], dim: usize| number(vector.get(dim).copied().unwrap_or(f32::NAN));
    let sums = dims.map(|dim| {
        let [token, position, input] = vectors.rows().map(|vector| at(vector, dim));
        trf("dimension {0}: {1} plus {2} is {3}", &[&dim, &token, &position, &input])
    });
    sums.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn the_input_is_the_sum() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("I love cats").unwrap();
        let v = Vectors::of(&trace, 2).unwrap();
        for ((token, position), input) in v.token.iter().zip(v.position).zip(&*v.input) {
            assert!((token + position - input).abs() < 1e-6);
        }
        assert!(Vectors::of(&trace, 3).is_none());
    }

    #[test]
    fn negative_numbers_are_bracketed() {
        assert_eq!((bracketed("−1"), bracketed("1")), ("(−1)".to_owned(), "1".to_owned()));
    }
}
