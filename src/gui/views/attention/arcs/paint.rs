//! The columns of tokens and the lines between them.

use super::Line;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::fitted_text;
use crate::text::{tr, trf};
use egui::{Align2, Color32, Pos2, Rect, Response, Sense, Stroke, Ui, lerp, pos2, vec2};

/// Where the two columns of tokens stand.
pub(super) struct Columns {
    /// The right edge of the queries and the left edge of the keys.
    pub(super) x: [f32; 2],
    pub(super) top: f32,
    pub(super) row: f32,
    /// How many heads are shown.
    pub(super) n_lanes: usize,
}

impl Columns {
    pub(super) fn y(&self, pos: usize) -> f32 {
        self.top + (pos as f32 + 0.5) * self.row
    }

    /// The most that a line may be wide.
    pub(super) fn lane(&self) -> f32 {
        self.row * 0.6 / self.n_lanes.max(1) as f32
    }

    /// Where the line of a head leaves or meets a token.
    pub(super) fn lane_y(&self, pos: usize, lane: usize) -> f32 {
        let middle = (self.n_lanes.max(1) - 1) as f32 / 2.0;
        self.y(pos) + (lane as f32 - middle) * self.lane()
    }
}

/// What stands above the columns.
pub(super) fn headings(ui: &Ui, ctx: &Context<'_>, columns: &Columns, whole: Rect) {
    let (theme, top) = (ctx.theme, whole.top());
    let [left, right] = columns.x;
    let texts = [
        (tr("asks (query)"), left, Align2::RIGHT_TOP, *theme.query),
        (tr("answers (key)"), right, Align2::LEFT_TOP, *theme.key),
    ];
    let mut taken = right;
    for (text, x, anchor, color) in texts {
        let inset = if anchor == Align2::LEFT_TOP { 8.0 } else { -8.0 };
        let at = pos2(x + inset, top);
        let painter = ui.painter();
        taken = painter.text(at, anchor, text, theme.caption(), color).right();
    }
    // What the bars right of the keys are.
    let text = trf("from {0}", &[&ctx.label(ctx.focus.query_or_last(ctx.trace))]);
    let at = pos2(whole.right() - 6.0, top);
    let room = at.x - taken - theme.caption_size;
    let (anchor, font) = (Align2::RIGHT_TOP, theme.caption());
    fitted_text(ui.painter(), at, anchor, &text, font, *theme.query, room);
}

/// A line that leaves and arrives horizontally, as wide and as opaque as its weight.
pub(super) fn line_ui(ui: &Ui, theme: &Theme, columns: &Columns, line: &Line, strength: f32) {
    let [left, right] = columns.x;
    let (from, to) = (
        pos2(left, columns.lane_y(line.query, line.lane)),
        pos2(right, columns.lane_y(line.key, line.lane)),
    );
    let bend = (right - left) * 0.4;
    let color = theme
        .head(line.head)
        .gamma_multiply(strength * lerp(0.3..=1.0, line.weight.clamp(0.0, 1.0)));
    let widest = columns.lane().min(theme.stroke * 9.0);
    let stroke = Stroke::new(lerp(0.8..=widest.max(0.8), line.weight.clamp(0.0, 1.0)), color);
    let curve = |t: f32| {
        let u = 1.0 - t;
        let along = |a: f32, b: f32, c: f32, d: f32| {
            u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
        };
        pos2(along(from.x, from.x + bend, to.x - bend, to.x), along(from.y, from.y, to.y, to.y))
    };
    let points: Vec<Pos2> = (0..=24).map(|i| curve(i as f32 / 24.0)).collect();
    ui.painter().line(points, stroke);
}

/// Which column a token stands in, and whether it is what is pointed at.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Query(bool),
    Key(bool),
}

/// A token that can be chosen.
pub(super) fn token_ui(ui: &Ui, ctx: &Context<'_>, rect: Rect, pos: usize, side: Side) -> Response {
    let theme = ctx.theme;
    let label = match side {
        Side::Query(_) => ctx.label(pos),
        Side::Key(_) => ctx.key_label(pos),
    };
    let (what, is_focus, color) = match side {
        Side::Query(is_focus) => ("Query", is_focus, theme.query),
        Side::Key(is_focus) => ("Key", is_focus, theme.key),
    };
    let response = ui.interact(rect, ui.scope_id().with((what, pos)), Sense::click());
    let name = match side {
        Side::Query(_) => trf("Query {0}: {1}", &[&pos, &label]),
        Side::Key(_) => trf("Key {0}: {1}", &[&pos, &label]),
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let font =
        if rect.height() > theme.body_size * 1.35 { theme.mono() } else { theme.mono_caption() };
    let is_lit = is_focus || response.hovered() || response.has_focus();
    let ink = if is_lit { *color } else { *theme.text };
    let text = abbreviate(&label, 14);
    let galley = ui.painter().layout_no_wrap(text, font, ink);
    let (anchor, at) = match side {
        Side::Query(_) => (Align2::RIGHT_CENTER, rect.right_center() - vec2(8.0, 0.0)),
        Side::Key(_) => (Align2::LEFT_CENTER, rect.left_center() + vec2(8.0, 0.0)),
    };
    let place = anchor.anchor_size(at, galley.size());
    if is_focus {
        ui.painter().rect_stroke(
            place.expand2(vec2(5.0, 0.0)),
            4.0,
            theme.selection_stroke(),
            egui::StrokeKind::Inside,
        );
    }
    ui.painter().galley(place.min, galley, ink);
    response.on_hover_text(name)
}

/// What the query gives this key, in each of the shown heads: bars, and the number of a single head.
pub(super) fn weights_ui(
    ui: &Ui,
    theme: &Theme,
    ctx: &Context<'_>,
    band: Rect,
    (query, key): (usize, usize),
    shown: &[usize],
) {
    let longest = band.width() * 0.32;
    let left = band.right() - longest - theme.caption_size * 4.2;
    let height = (band.height() * 0.8) / shown.len().max(1) as f32;
    for (i, &head) in shown.iter().enumerate() {
        let pattern = ctx.trace.pattern(ctx.focus.layer, head);
        let weight = pattern.and_then(|p| p.get(query, key)).unwrap_or(0.0);
        let top = band.top() + band.height() * 0.1 + i as f32 * height;
        let size = vec2(longest * weight.clamp(0.0, 1.0), (height - 1.0).max(1.0));
        let bar = Rect::from_min_size(pos2(left, top), size);
        ui.painter().rect_filled(bar, 1.0, theme.head(head));
        if shown.len() == 1 && !ctx.trace.is_hidden(ctx.focus.layer, query, key) {
            let at = band.right_center() - vec2(6.0, 0.0);
            let (anchor, font) = (Align2::RIGHT_CENTER, theme.mono_caption());
            ui.painter().text(at, anchor, percent(weight), font, *theme.text);
        }
    }
}

/// A head as a chip in its hue: filled when it is shown.
pub(super) fn head_chip_ui(ui: &mut Ui, theme: &Theme, head: usize, is_shown: bool) -> Response {
    let side = theme.body_size * 1.75;
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    let name = trf("Head {0}", &[&head]);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_shown, &name));
    let color = theme.head(head);
    let (fill, ink): (Color32, Color32) =
        if is_shown { (color, *theme.background) } else { (*theme.raised, color) };
    let width =
        if response.hovered() || response.has_focus() { theme.stroke + 1.0 } else { theme.stroke };
    let stroke = Stroke::new(width, color);
    let painter = ui.painter();
    painter.rect(rect, 6.0, fill, stroke, egui::StrokeKind::Inside);
    painter.text(rect.center(), Align2::CENTER_CENTER, head, theme.mono(), ink);
    response.on_hover_text(trf(
        "{0}: click to see it alone, again for all heads, shift-click to add or remove it",
        &[&name],
    ))
}
