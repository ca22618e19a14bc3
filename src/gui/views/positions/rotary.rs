//! Positions as rotations: how far each pair of dimensions is turned, the chosen query before and
//! after, and what the distance between two tokens does to the product of their query and key.

use super::waves::n_positions;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{
    Cells, Chart, Curve, Heatmap, Labels, Mark, colored_heading_ui, empty_ui, heading_ui, panels_ui,
};
use crate::math::rotation::{dot_at, turned};
use crate::text::{tr, trf};
use crate::trace::Matrix;
use egui::{Align2, Pos2, Rect, Sense, Stroke, Ui, pos2, vec2};
use std::f32::consts::TAU;

const TURNS: Scale = Scale::Diverging { limit: 1.0 };
/// At least so many positions are drawn, and at least so far the distance reaches.
const LEAST_POSITIONS: usize = 48;
/// At most so many.
const MOST_POSITIONS: usize = 256;

/// One query and one key of the head that is pointed at.
struct Meeting<'a> {
    frequencies: &'a [f32],
    query: usize,
    key: usize,
    /// The query before it is turned, `[d_head]`.
    q: Vec<f32>,
    /// As attention uses it, `[d_head]`.
    rot_q: &'a [f32],
    /// The key before it is turned, `[d_head]`.
    k: Vec<f32>,
}

impl<'a> Meeting<'a> {
    fn of(ctx: &'a Context<'_>) -> Option<Self> {
        let frequencies = ctx.model.network.rotary()?.frequencies.as_slice();
        let (layer, head) = (ctx.focus.layer, ctx.focus.head);
        let query = ctx.focus.query_or_last(ctx.trace);
        let key = ctx.focus.key.unwrap_or(query.saturating_sub(1));
        let rot_q = ctx.trace.query(layer, head, query)?;
        let rot_k = ctx.trace.key(layer, head, key)?;
        if rot_q.len() < 2 * frequencies.len() {
            return None;
        }
        Some(Self {
            frequencies,
            query,
            key,
            // Turned back: between the projection and the rotation there may be a norm.
            q: turned(rot_q, frequencies, -(query as f32)),
            rot_q,
            k: turned(rot_k, frequencies, -(key as f32)),
        })
    }

    fn dot(&self, distance: f32) -> f32 {
        dot_at(&self.q, &self.k, self.frequencies, distance)
    }

    /// How far the query stands after the key.
    fn distance(&self) -> i64 {
        self.query as i64 - self.key as i64
    }

    /// Their product as attention has it.
    fn dot_here(&self) -> f32 {
        self.dot(self.distance() as f32)
    }
}

/// The three pictures.
pub fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let columns: [(f32, &[f32]); 2] = [(0.5, &[1.0]), (0.5, &[0.5, 0.5])];
    panels_ui(ui, ctx.theme, &columns, |ui, panel| match panel {
        0 => angles_ui(ui, ctx),
        1 => dials_ui(ui, ctx),
        _ => distance_ui(ui, ctx),
    });
}

/// One or two sentences with this model's numbers.
pub fn explain(ctx: &Context<'_>) -> String {
    let Some(meeting) = Meeting::of(ctx) else {
        return String::new();
    };
    let first = meeting.frequencies.first().copied().unwrap_or(1.0);
    let last = meeting.frequencies.last().copied().unwrap_or(1.0);
    trf(
        "{0} adds no position vectors: it turns each head's query and key, {1} pairs of dimensions, by angles that grow \
         with the position. The fastest pair is back after {2} positions, the slowest after {3}. So q · k of “{4}” and \
         “{5}” depends on their distance {6}: {7}.",
        &[
            &ctx.trace.model.name,
            &meeting.frequencies.len(),
            &n_positions(TAU / first),
            &n_positions(TAU / last),
            &ctx.label(meeting.query),
            &ctx.label(meeting.key),
            &meeting.distance(),
            &number(meeting.dot_here()),
        ],
    )
}

/// How many positions are drawn.
fn n_drawn(ctx: &Context<'_>) -> usize {
    let most = ctx.trace.model.n_ctx.clamp(1, MOST_POSITIONS);
    ctx.trace.tokens.len().max(LEAST_POSITIONS).min(most)
}

/// The cosine of the angle of every pair at every position, `[pos, pair]`.
pub fn cosines(frequencies: &[f32], n_positions: usize) -> Vec<f32> {
    let row = |pos: usize| frequencies.iter().map(move |f| (f * pos as f32).cos());
    (0..n_positions).flat_map(row).collect()
}

/// Positions down, pairs across: the cosine of the angle.
fn angles_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let model = ctx.model.clone();
    let Some(rotary) = model.network.rotary() else {
        return empty_ui(ui, theme, tr("This model does not turn queries and keys"));
    };
    let (rows, cols) = (n_drawn(ctx), rotary.frequencies.len());
    let data = cosines(&rotary.frequencies, rows);
    let heading = tr("How far is each pair of dimensions turned?");
    colored_heading_ui(ui, theme, heading, (TURNS, tr("cosine of the angle")));
    let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let (row_names, col_names) = (names(rows), names(cols));
    let heatmap = Heatmap {
        what: format!("rotations {rows}"),
        matrix: Matrix { rows, cols, data: &data },
        scale: TURNS,
        rows: Labels { title: tr("position"), names: &row_names, color: *theme.text },
        cols: Labels { title: tr("pair of dimensions →"), names: &col_names, color: *theme.text },
        focus: (Some(ctx.focus.query_or_last(ctx.trace)).filter(|&pos| pos < rows), None),
        cells: Cells::Stretch,
    };
    let shown = heatmap.show(ui, ctx);
    if let Some((pos, _)) = shown.pointed.filter(|&(pos, _)| pos < ctx.trace.tokens.len()) {
        ctx.point(&shown.response, Target::Token(pos));
    }
    shown.say(tr("Rotations"), |pos, pair| {
        let frequency = rotary.frequencies.get(pair).copied().unwrap_or(f32::NAN);
        trf(
            "position {0}, dimensions {1} and {2}: turned by {3} rad\nback after {4} positions",
            &[
                &pos,
                &pair,
                &(pair + cols),
                &number(frequency * pos as f32),
                &n_positions(TAU / frequency),
            ],
        )
    });
}

/// The chosen query's pairs as hands of dials, before and after turning.
pub fn dials_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let Some(meeting) = Meeting::of(ctx) else {
        return empty_ui(ui, theme, tr("This recording lacks turned queries and keys"));
    };
    let (query, half) = (meeting.query, meeting.frequencies.len());
    let head = format!("{}.{}", ctx.focus.layer, ctx.focus.head);
    heading_ui(
        ui,
        theme,
        trf("The query of “{0}” at position {1}, head {2}", &[&ctx.label(query), &query, &head]),
    );
    let legend =
        "hands of dials: grey before turning, coloured after; the longer the pair, the stronger";
    let legend = egui::RichText::new(tr(legend));
    ui.label(legend.font(theme.caption()).color(*theme.dim));
    let room = ui.available_rect_before_wrap();
    let (_, response) = ui.allocate_exact_size(room.size(), Sense::hover());
    let (side, columns) = dial_size(room, half, theme.caption_size);
    let n = half.min(columns * ((room.height() / side.y) as usize).max(1));
    response.widget_info(|| {
        let name = trf("{0} pairs of the query before and after turning", &[&n]);
        egui::WidgetInfo::labeled(egui::Role::Image, true, name)
    });
    let length = |v: &[f32], i: usize| v[i].hypot(v[i + half]);
    let longest = (0..n).map(|i| length(&meeting.q, i)).fold(1e-9, f32::max);
    let color = theme.head(ctx.focus.head);
    for i in 0..n {
        let min = room.min + side * vec2((i % columns) as f32, (i / columns) as f32);
        let cell = Rect::from_min_size(min, side);
        let radius = (side.x.min(side.y - theme.caption_size * 1.3) / 2.0 - 3.0).max(2.0);
        let center = pos2(cell.center().x, cell.top() + radius + 2.0);
        let painter = ui.painter();
        painter.circle_stroke(center, radius, theme.line(theme.outline));
        for (vector, ink) in [(meeting.q.as_slice(), *theme.dim), (meeting.rot_q, color)] {
            // y points up, as angles are drawn.
            let strength = 0.25 + 0.75 * length(vector, i) / longest;
            let ink = ink.gamma_multiply(strength);
            let hand = vec2(vector[i], -vector[i + half]).normalized() * radius;
            let stroke = Stroke::new(theme.stroke + 1.5 * strength, ink);
            painter.line_segment([center, center + hand], stroke);
            painter.circle_filled(center + hand, theme.stroke + 1.5, ink);
        }
        painter.text(
            pos2(center.x, cell.bottom()),
            Align2::CENTER_BOTTOM,
            i,
            theme.mono_caption(),
            *theme.dim,
        );
    }
    let at = response.hover_pos().map(|pos| (pos - room.min) / side);
    let pair = at.map(|at| at.y as usize * columns + (at.x as usize).min(columns - 1));
    if let Some(i) = pair.filter(|&i| i < n) {
        let angle = number(meeting.frequencies[i] * query as f32);
        let write = |v: &[f32]| format!("({}, {})", number(v[i]), number(v[i + half]));
        let (before, after) = (write(&meeting.q), write(meeting.rot_q));
        response.on_hover_text_at_pointer(trf(
            "dimensions {0} and {1}\n{2} turned by {3} rad = {4}",
            &[&i, &(i + half), &before, &angle, &after],
        ));
    }
}

/// The size of a dial with its number, and how many stand side by side.
fn dial_size(room: Rect, n: usize, text: f32) -> (egui::Vec2, usize) {
    let mut side = room.height().min(room.width()).max(1.0);
    let fits = |side: f32| {
        let columns = (room.width() / side).floor().max(1.0);
        let rows = (room.height() / (side + text * 1.3)).floor().max(1.0);
        columns * rows >= n as f32
    };
    let least = text * 2.6;
    while side > least && !fits(side) {
        side -= 1.0;
    }
    let columns = ((room.width() / side) as usize).max(1);
    (vec2(side, side + text * 1.3), columns)
}

/// The product of this query and this key, if they stood nearer or farther.
fn distance_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let Some(meeting) = Meeting::of(ctx) else {
        return empty_ui(ui, theme, tr("This recording lacks turned queries and keys"));
    };
    let (query, key) = (ctx.label(meeting.query), ctx.label(meeting.key));
    heading_ui(ui, theme, trf("q of “{0}” · k of “{1}”, if they stood elsewhere", &[&query, &key]));
    let last = n_drawn(ctx).saturating_sub(1);
    let points: Vec<Pos2> =
        (0..=last).map(|distance| pos2(distance as f32, meeting.dot(distance as f32))).collect();
    let distance = meeting.distance();
    let here = (distance >= 0).then(|| pos2(distance as f32, meeting.dot_here()));
    let mut curves = vec![Curve {
        name: String::new(),
        color: theme.head(ctx.focus.head),
        mark: Mark::Line,
        points,
    }];
    curves.extend(here.map(|point| Curve {
        name: trf("here: distance {0}, q · k = {1}", &[&distance, &number(point.y)]),
        color: *theme.selection,
        mark: Mark::Steps,
        points: vec![point],
    }));
    let chart = Chart {
        name: tr("Product of query and key against distance"),
        x_title: tr("distance in positions"),
        y_title: "q · k",
        x_names: &[],
        y_holds: 0.0..=0.0,
        curves: &curves,
        cursor: None,
    };
    let (response, x) = chart.ui(ui, theme);
    if let Some(x) = x {
        let distance = x.round().max(0.0);
        let dot = number(meeting.dot(distance));
        response.on_hover_text_at_pointer(trf("distance {0}: q · k = {1}", &[&distance, &dot]));
    }
}
