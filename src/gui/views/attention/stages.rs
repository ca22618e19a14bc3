//! The pictures of the seven stages.

use super::WEIGHTS;
use super::marks::{Axes, Place, column, frame, strip};
use super::numbers::Numbers;
use super::parts::Row;
use crate::gui::contract::textures::{PictureKey, picture};
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{Labels, column_labels, row_labels};
use crate::math::attention_steps::{largest, weighted_values};
use crate::text::{tr, trf};
use crate::trace::Matrix;
use egui::{Align2, Color32, Painter, Pos2, Rect, lerp, pos2, vec2};

/// What the stages are called, in order.
pub const TITLES: [&str; 7] = [
    "Compare q with k",
    "Score every key",
    "Scale",
    "Hide the future",
    "Softmax",
    "Mix the values",
    "Join the heads",
];

/// The numbers of a stage and how large it draws them.
pub struct Stages<'n> {
    /// What is drawn.
    pub numbers: &'n Numbers<'n>,
    /// The height of a strip.
    pub unit: f32,
    /// The height of the strips of those stages that have but one.
    pub single: f32,
    /// Room at the left for the names of strips.
    pub gutter: f32,
    /// The width left for pictures, with the gutter.
    pub width: f32,
}

impl Stages<'_> {
    /// The height of a stage's picture.
    pub fn height(&self, theme: &Theme, stage: usize) -> f32 {
        let (unit, line) = (self.unit, theme.caption_size * 1.5);
        match stage {
            0 => 3.0 * unit + 2.0 * GAP + line,
            1 => self.header(theme) + self.single,
            2 | 3 => self.single,
            4 => 3.6 * unit + 2.0 * GAP,
            5 => line + self.grid_height() + GAP + unit,
            _ => line + 2.0 * unit + 2.0 * GAP + line,
        }
    }

    fn grid_height(&self) -> f32 {
        (self.numbers.n_visible() as f32 * self.unit * 0.42).clamp(self.unit, self.unit * 6.0)
    }

    fn longest_name(&self) -> f32 {
        let names = self.numbers.names.iter();
        names.map(|name| name.chars().count()).max().unwrap_or(0).min(14) as f32
    }

    fn are_names_turned(&self, theme: &Theme) -> bool {
        let cell = (self.width - self.gutter) / self.numbers.keys.len().max(1) as f32;
        cell < theme.caption_size * (self.longest_name() * 0.62 + 0.8)
    }

    /// Room above the scores for the names of the keys.
    fn header(&self, theme: &Theme) -> f32 {
        if self.are_names_turned(theme) {
            theme.caption_size * (self.longest_name() * 0.62 + 0.8)
        } else {
            theme.caption_size * 1.8
        }
    }

    /// The colour scales of a stage, each with what it measures.
    pub fn scales(&self, stage: usize) -> Vec<(&'static str, Scale)> {
        let n = self.numbers;
        match stage {
            0 => vec![("q, k", self.vector_scale()), ("q × k", Scale::around_zero(&n.products))],
            1 => vec![("q · k", Scale::around_zero(&n.dots))],
            2 | 3 => vec![("score", Scale::around_zero(&n.scores))],
            4 => vec![("e^s, weight", WEIGHTS)],
            5 => vec![("v, z", self.value_scale())],
            _ => vec![
                ("z", Scale::around_zero(n.all_z)),
                ("attn_out", Scale::around_zero(n.attn_out)),
            ],
        }
    }

    /// The colour scales that a stage explains itself: the mask keeps that of the scores above it.
    pub fn legends(&self, stage: usize) -> Vec<(&'static str, Scale)> {
        if stage == 3 {
            return Vec::new();
        }
        self.scales(stage)
    }

    /// One scale for q and every key, so that colours stay as the pointer goes from key to key.
    fn vector_scale(&self) -> Scale {
        let keys = self.numbers.keys.iter().flat_map(|k| k.iter());
        let all: Vec<f32> = self.numbers.q.iter().chain(keys).copied().collect();
        Scale::around_zero(&all)
    }

    /// One scale for values, weighted values and z: a mixture is never larger than its parts.
    fn value_scale(&self) -> Scale {
        let visible = self.numbers.values.iter().take(self.numbers.n_visible());
        let all: Vec<f32> = visible.flat_map(|v| v.iter().copied()).collect();
        Scale::around_zero(&all)
    }

    /// Paints a stage into `rect`; returns where its numbers are.
    pub fn paint(
        &self,
        painter: &Painter,
        ctx: &mut Context<'_>,
        rect: Rect,
        stage: usize,
    ) -> Vec<Place> {
        let pen = Pen {
            painter,
            theme: ctx.theme,
            left: rect.left() + self.gutter,
            right: rect.right(),
            unit: self.unit,
        };
        let single = Pen { unit: self.single, ..pen };
        let scale = self.scales(stage)[0].1;
        let n = self.numbers;
        match stage {
            0 => self.compare(&pen, rect.top()),
            1 => {
                let top = rect.top() + self.header(ctx.theme);
                self.key_names(&single, top);
                vec![single.keys("q · k", Row::Dot, top, &n.dots, scale)]
            }
            2 => vec![single.keys(tr("score"), Row::Score, rect.top(), &n.scores, scale)],
            3 => vec![single.keys(tr("masked"), Row::Masked, rect.top(), &n.masked, scale)],
            4 => self.softmax(&pen, ctx, rect.top()),
            5 => self.mix(&pen, ctx, rect),
            _ => self.join(&pen, ctx, rect.top()),
        }
    }

    fn compare(&self, pen: &Pen<'_>, top: f32) -> Vec<Place> {
        let (n, theme) = (self.numbers, pen.theme);
        let (vectors, products) = (self.vector_scale(), Scale::around_zero(&n.products));
        let step = self.unit + GAP;
        let places = vec![
            pen.dims(("q", *theme.query), Row::Q, top, n.q, vectors),
            pen.dims(("k", *theme.key), Row::K, top + step, n.k(), vectors),
            pen.dims(("q × k", *theme.text), Row::Product, top + 2.0 * step, &n.products, products),
        ];
        let last = n.d_head().saturating_sub(1);
        pen.note(top + 3.0 * step, &trf("dimension of the head, 0 to {0} →", &[&last]));
        places
    }

    fn key_names(&self, pen: &Pen<'_>, top: f32) {
        let grid = pen.strip_rect(top);
        let labels = Labels { title: "", names: &self.numbers.names, color: *pen.theme.key };
        let turned = self.are_names_turned(pen.theme);
        let focus = Some(self.numbers.key);
        column_labels(pen.painter, pen.theme, &labels, grid, focus, turned);
        // A turned name may be wider than its narrow cell.
        let line = pen.theme.caption_size;
        let cell = grid.width() / self.numbers.names.len().max(1) as f32;
        let beyond = (line * 0.7 - cell / 2.0).max(0.0);
        let at = grid.left_top() - vec2(6.0 + beyond, line * 0.9);
        let (anchor, font) = (Align2::RIGHT_CENTER, pen.theme.caption());
        pen.painter.text(at, anchor, tr("key →"), font, *pen.theme.key);
    }

    /// Exponentials, weights as bars, weights as colours.
    fn softmax(&self, pen: &Pen<'_>, ctx: &Context<'_>, top: f32) -> Vec<Place> {
        let (n, theme) = (self.numbers, pen.theme);
        let powers = pen.keys("e^s", Row::Exponential, top, &n.exponentials, WEIGHTS);
        let bars = pen.strip_rect(top + self.unit + GAP);
        let bars = bars.with_max_y(bars.top() + 1.6 * self.unit);
        let full = largest(n.weights).max(f32::MIN_POSITIVE);
        let cell = bars.width() / n.weights.len().max(1) as f32;
        for (key, &weight) in n.weights.iter().enumerate() {
            let x = bars.left() + key as f32 * cell;
            let height = (bars.height() - 2.0) * (weight / full).clamp(0.0, 1.0);
            let size = vec2((cell * 0.8).max(1.0), height);
            let bar = Rect::from_min_size(pos2(x + cell * 0.1, bars.bottom() - height), size);
            pen.painter.rect_filled(bar, 1.0, theme.head(ctx.focus.head));
        }
        pen.painter.hline(bars.x_range(), bars.bottom(), theme.line(theme.outline));
        let at = bars.left_top() - vec2(6.0, 0.0);
        let (anchor, font) = (Align2::RIGHT_TOP, theme.mono_caption());
        pen.painter.text(at, anchor, percent(full), font, *theme.dim);
        let bars = Place { row: Row::Weight, rect: bars, axes: Axes::Keys(n.weights.len()) };
        let strip_top = top + 2.6 * self.unit + 2.0 * GAP;
        let weights = pen.keys(tr("weight"), Row::Weight, strip_top, n.weights, WEIGHTS);
        vec![powers, bars, weights]
    }

    /// Values times weights is weighted values; their columns add up to z.
    fn mix(&self, pen: &Pen<'_>, ctx: &mut Context<'_>, rect: Rect) -> Vec<Place> {
        let (n, theme, scale) = (self.numbers, pen.theme, self.value_scale());
        let (n_keys, d_head) = (n.n_visible(), n.d_head());
        let line = theme.caption_size * 1.5;
        let sign = theme.caption_size * 1.8;
        let top = rect.top() + line;
        let grid = |left: f32, width: f32| {
            Rect::from_min_size(pos2(left, top), vec2(width, self.grid_height()))
        };
        let weight_width = theme.caption_size * 2.2;
        let width = ((pen.right - pen.left - 2.0 * sign - weight_width) / 2.0).max(1.0);
        let values = grid(pen.left, width);
        let weights = grid(values.right() + sign, weight_width);
        let weighted = grid(weights.right() + sign, width);

        let names: Vec<String> = n.names.iter().take(n_keys).cloned().collect();
        let labels = Labels { title: "", names: &names, color: *theme.key };
        let focus = Some(n.key).filter(|&key| key < n_keys);
        row_labels(pen.painter, theme, &labels, values, focus);
        let id = format!("{}.{}.{}", n.layer, n.head, n.query);
        let matrix = |what: &str, rect, ctx: &mut Context<'_>, data: &dyn Fn() -> Vec<f32>| {
            let what = format!("{what} {id}");
            pen.matrix(ctx, what, rect, (n_keys, d_head), scale, data);
        };
        matrix("values", values, ctx, &|| n.values[..n_keys].concat());
        matrix("weighted values", weighted, ctx, &|| {
            weighted_values(n.weights, &n.values[..n_keys])
        });
        column(pen.painter, theme, weights, &n.weights[..n_keys], WEIGHTS);
        pen.equation([values, weights, weighted]);
        let z =
            Rect::from_min_size(weighted.left_bottom() + vec2(0.0, GAP), vec2(width, self.unit));
        strip(pen.painter, theme, z, n.z, scale);
        pen.name(z, tr("sum of each column: z"), *theme.text);
        let axes = Axes::KeysByDims(n_keys, d_head);
        let place = |row, rect, axes| Place { row, rect, axes };
        vec![
            place(Row::Value, values, axes),
            place(Row::Weight, weights, Axes::KeysDown(n_keys)),
            place(Row::WeightedValue, weighted, axes),
            place(Row::Z, z, Axes::Dims(d_head)),
        ]
    }

    /// The z of all heads, each under its hue, and what comes out of the projection.
    fn join(&self, pen: &Pen<'_>, ctx: &Context<'_>, top: f32) -> Vec<Place> {
        let (n, theme) = (self.numbers, pen.theme);
        let top = top + theme.caption_size * 1.5;
        let scales = self.scales(6);
        let all_z = pen.dims((tr("all z"), *theme.text), Row::AllZ, top, n.all_z, scales[0].1);
        let n_heads = (n.all_z.len() / n.d_head().max(1)).max(1);
        let x = |head: usize| lerp(pen.left..=pen.right, head as f32 / n_heads as f32);
        for head in 0..n_heads {
            let middle = f32::midpoint(x(head), x(head + 1));
            let text = if x(1) - x(0) > theme.caption_size * 4.5 {
                trf("head {0}", &[&head])
            } else {
                head.to_string()
            };
            let (at, font) = (pos2(middle, top - 6.0), theme.caption());
            let color = theme.head(head);
            pen.painter.text(at, Align2::CENTER_BOTTOM, text, font, color);
            let bar = Rect::from_min_max(
                pos2(x(head) + 1.0, top - 5.0),
                pos2(x(head + 1) - 1.0, top - 1.0),
            );
            pen.painter.rect_filled(bar, 1.0, color);
        }
        let own = Rect::from_min_max(
            pos2(x(ctx.focus.head), top),
            pos2(x(ctx.focus.head + 1), top + self.unit),
        );
        let stroke = theme.selection_stroke();
        pen.painter.rect_stroke(own, 0.0, stroke, egui::StrokeKind::Inside);
        let second = top + self.unit + 2.0 * GAP;
        if n.attn_out.is_empty() {
            pen.note(second, tr("attn_out is not in this recording"));
            return vec![all_z];
        }
        let name = ("attn_out", *theme.attention);
        let out = pen.dims(name, Row::Out, second, n.attn_out, scales[1].1);
        let last = n.attn_out.len().saturating_sub(1);
        let note = trf("dimension of the stream, 0 to {0} →", &[&last]);
        pen.note(second + self.unit + GAP, &note);
        vec![all_z, out]
    }
}

/// Room between strips that belong together.
const GAP: f32 = 4.0;

/// Draws strips one below the other between fixed edges.
#[derive(Clone, Copy)]
struct Pen<'a> {
    painter: &'a Painter,
    theme: &'a Theme,
    left: f32,
    right: f32,
    unit: f32,
}

impl Pen<'_> {
    fn strip_rect(&self, top: f32) -> Rect {
        Rect::from_min_max(pos2(self.left, top), pos2(self.right, top + self.unit))
    }

    fn keys(&self, name: &str, row: Row, top: f32, values: &[f32], scale: Scale) -> Place {
        let name = (name, *self.theme.text);
        let axes = Axes::Keys(values.len());
        Place { axes, ..self.dims(name, row, top, values, scale) }
    }

    fn dims(
        &self,
        (name, color): (&str, Color32),
        row: Row,
        top: f32,
        values: &[f32],
        scale: Scale,
    ) -> Place {
        let rect = self.strip_rect(top);
        strip(self.painter, self.theme, rect, values, scale);
        self.name(rect, name, color);
        let axes = Axes::Dims(values.len());
        Place { row, rect, axes }
    }

    /// A matrix as a texture: it may have far too many cells to draw one by one.
    fn matrix(
        &self,
        ctx: &mut Context<'_>,
        what: String,
        rect: Rect,
        (rows, cols): (usize, usize),
        scale: Scale,
        data: &dyn Fn() -> Vec<f32>,
    ) {
        let theme = ctx.theme;
        let key = PictureKey { trace: ctx.trace.id, what, theme: &theme.name };
        let paint = || {
            let data = data();
            let data = &data;
            picture(Matrix { rows, cols, data }, theme, scale)
        };
        if rows == 0 || cols == 0 {
            return;
        }
        let texture = ctx.textures.get(self.painter.ctx(), key, paint);
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        self.painter.image(texture, rect, uv, Color32::WHITE);
        frame(self.painter, theme, rect);
    }

    fn note(&self, top: f32, text: &str) {
        let (at, font) = (pos2(self.left, top), self.theme.caption());
        self.painter.text(at, Align2::LEFT_TOP, text, font, *self.theme.dim);
    }

    /// Titles and signs that read: values × weight = weighted values.
    fn equation(&self, [values, weights, weighted]: [Rect; 3]) {
        self.title(values, tr("values v"), *self.theme.value);
        self.title(weights, tr("weight"), *self.theme.text);
        self.title(weighted, tr("weight × v"), *self.theme.text);
        let between = |left: Rect, right: Rect| {
            let x = f32::midpoint(left.right(), right.left());
            pos2(x, left.center().y)
        };
        self.sign(between(values, weights), "×");
        self.sign(between(weights, weighted), "=");
    }

    /// Names what is drawn in `rect`, left of it.
    fn name(&self, rect: Rect, name: &str, color: Color32) {
        let at = rect.left_center() - vec2(6.0, 0.0);
        let (anchor, font) = (Align2::RIGHT_CENTER, self.theme.caption());
        self.painter.text(at, anchor, name, font, color);
    }

    fn title(&self, rect: Rect, text: &str, color: Color32) {
        let at = rect.center_top() - vec2(0.0, 3.0);
        let font = self.theme.caption();
        self.painter.text(at, Align2::CENTER_BOTTOM, text, font, color);
    }

    fn sign(&self, at: Pos2, text: &str) {
        let font = self.theme.mono();
        self.painter.text(at, Align2::CENTER_CENTER, text, font, *self.theme.dim);
    }
}
