//! Each weight as a line between two columns of tokens: on the left who asks, on the right who
//! answers. One head or several, each in its hue.

use super::strongest_link;
use crate::gui::command::{Command, Target};
use crate::gui::format::{abbreviate, percent};
use crate::gui::theme::Theme;
use crate::gui::view::Context;
use crate::gui::widgets::{Zoom, fitted_text};
use crate::text::{tr, trf};
use crate::trace::Matrix;
use egui::{Align2, Color32, Pos2, Rect, Response, Sense, Stroke, Ui, lerp, pos2, vec2};
use std::collections::BTreeSet;

/// Lines drawn at most; the weakest give way.
const MOST_LINES: usize = 3000;

/// The state of this picture.
#[derive(Debug)]
pub struct Arcs {
    /// Weights below this are not drawn.
    threshold: f32,
    /// The heads that are shown.
    heads: BTreeSet<usize>,
    /// The head that was selected when `heads` was last chosen: another one replaces the choice.
    selected: Option<usize>,
    /// The key under the pointer, whose incoming lines stand out.
    key: Option<usize>,
    /// The query that was last scrolled to.
    scrolled_to: Option<usize>,
}

impl Default for Arcs {
    fn default() -> Self {
        Self {
            threshold: 0.05,
            heads: BTreeSet::new(),
            selected: None,
            key: None,
            scrolled_to: None,
        }
    }
}

/// One weight that is drawn.
struct Line {
    head: usize,
    /// Which of the shown heads it belongs to: their lines run side by side.
    lane: usize,
    query: usize,
    key: usize,
    weight: f32,
}

/// Where the two columns of tokens stand.
struct Columns {
    /// The right edge of the queries and the left edge of the keys.
    x: [f32; 2],
    top: f32,
    row: f32,
    /// How many heads are shown.
    n_lanes: usize,
}

impl Columns {
    fn y(&self, pos: usize) -> f32 {
        self.top + (pos as f32 + 0.5) * self.row
    }

    /// The most that a line may be wide.
    fn lane(&self) -> f32 {
        self.row * 0.6 / self.n_lanes.max(1) as f32
    }

    /// Where the line of a head leaves or meets a token.
    fn lane_y(&self, pos: usize, lane: usize) -> f32 {
        let middle = (self.n_lanes.max(1) - 1) as f32 / 2.0;
        self.y(pos) + (lane as f32 - middle) * self.lane()
    }
}

impl Arcs {
    /// The heads of the layer as chips, and the threshold.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.follow_selection(ctx);
        let n_heads = ctx.trace.model.n_heads;
        for head in 0..n_heads {
            let is_shown = self.heads.contains(&head);
            let response = head_chip_ui(ui, ctx.theme, head, is_shown);
            if response.clicked() {
                let adds = ui.input(|input| input.modifiers.shift);
                self.heads = after_click(&self.heads, head, adds, n_heads);
                if !adds && self.heads.contains(&head) {
                    self.selected = Some(head);
                    let layer = ctx.pinned.layer;
                    ctx.send(Command::Select(Target::Head { layer, head }));
                }
            }
        }
        // A slider does not wrap by itself.
        let theme = ctx.theme;
        let width = ui.spacing().slider_width + theme.body_size * 14.0;
        if ui.available_size_before_wrap().x < width {
            ui.end_row();
        }
        let slider = egui::Slider::new(&mut self.threshold, 0.0..=0.5)
            .custom_formatter(|x, _| percent(x as f32))
            .custom_parser(|text| {
                let number = text.trim().trim_end_matches('%').trim();
                number.parse::<f64>().ok().map(|x| x / 100.0)
            })
            .text(tr("least weight shown"));
        ui.add(slider).on_hover_text(tr(
            "Weaker links are left out. Drag, or focus it and press the arrow keys",
        ));
    }

    /// A head selected anywhere is shown alone.
    fn follow_selection(&mut self, ctx: &Context<'_>) {
        let head = ctx.pinned.head;
        if self.selected != Some(head) {
            self.selected = Some(head);
            self.heads = BTreeSet::from([head]);
        }
    }

    /// What is seen.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let link = strongest_link(ctx).unwrap_or_default();
        let threshold = percent(self.threshold);
        trf(
            "Lines lead from the token that asks (left) to the token it looks at (right); the thicker, \
             the more: {0} in layer {1}, head {2}. Links below {3} are left out.",
            &[&link, &ctx.focus.layer, &ctx.focus.head, &threshold],
        )
    }

    /// The heads to draw now: while another head is pointed at, that one alone.
    fn shown(&self, ctx: &Context<'_>) -> Vec<usize> {
        if ctx.focus.head == ctx.pinned.head {
            self.heads.iter().copied().collect()
        } else {
            vec![ctx.focus.head]
        }
    }

    /// The picture.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.follow_selection(ctx);
        let theme = ctx.theme;
        let n = ctx.trace.tokens.len().max(ctx.trace.key_tokens().len());
        let heading = theme.caption_size * 1.8;
        let room = ui.available_size();
        let fit = (room.y - heading) / n.max(1) as f32;
        let row = fit.clamp(theme.caption_size * 1.4, theme.body_size * 3.0);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, n as f32));
        let zoom = Zoom::load(ui.ctx(), ui.scope_id().with("arcs"), whole).down();
        let (row, height) = if zoom.is_zoomed() {
            ((room.y - heading) / zoom.part().height(), room.y)
        } else {
            (row, heading + row * n as f32)
        };
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                let size = vec2(ui.available_width(), height);
                let (whole, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
                let name = trf("Arcs of {0} tokens", &[&n]);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
                let side = (whole.width() * 0.3).min(theme.body_size * 11.0);
                let columns = Columns {
                    x: [whole.left() + side, whole.right() - side * 1.25],
                    top: whole.top() + heading - zoom.part().top() * row,
                    row,
                    n_lanes: self.shown(ctx).len(),
                };
                if !zoom.is_zoomed() {
                    self.scroll(ui, ctx, &columns);
                }
                headings(ui, ctx, &columns, whole);
                let seen = whole.with_min_y(whole.top() + heading);
                let notes = ui.scope_builder(egui::UiBuilder::new().max_rect(seen), |ui| {
                    if zoom.is_zoomed() {
                        ui.shrink_clip_rect(seen);
                    }
                    let notes = self.lines_ui(ui, ctx, &columns);
                    self.tokens_ui(ui, ctx, &columns, whole);
                    notes
                });
                let notes = notes.inner;
                let area = seen.with_min_x(columns.x[0]).with_max_x(columns.x[1]);
                zoom.ui(ui, theme, &response, area, None);
                if let Some(note) = notes {
                    let at = pos2(f32::midpoint(columns.x[0], columns.x[1]), whole.top());
                    let (anchor, font) = (Align2::CENTER_TOP, theme.caption());
                    ui.painter().text(at, anchor, note, font, *theme.warning);
                }
            });
    }

    /// Brings a query that was chosen elsewhere into sight.
    fn scroll(&mut self, ui: &Ui, ctx: &Context<'_>, columns: &Columns) {
        if self.scrolled_to == ctx.pinned.query {
            return;
        }
        self.scrolled_to = ctx.pinned.query;
        if let Some(query) = ctx.pinned.query {
            let left = pos2(columns.x[0], columns.y(query) - columns.row / 2.0);
            let band = Rect::from_min_size(left, vec2(1.0, columns.row));
            if !ui.clip_rect().contains_rect(band) {
                ui.scroll_to_rect(band, Some(egui::Align::Center));
            }
        }
    }

    /// Draws the lines; says so when there were too many for all of them.
    fn lines_ui(&self, ui: &Ui, ctx: &Context<'_>, columns: &Columns) -> Option<String> {
        let mut lines = Vec::new();
        for (lane, head) in self.shown(ctx).into_iter().enumerate() {
            if let Some(pattern) = ctx.trace.pattern(ctx.focus.layer, head) {
                collect(&mut lines, (head, lane), pattern, self.threshold);
            }
        }
        let all = lines.len();
        // The strongest last, so that they lie on top, and so that cutting the front cuts the weakest.
        lines.sort_by(|a, b| a.weight.total_cmp(&b.weight));
        lines.drain(..all.saturating_sub(MOST_LINES));
        let clip = ui.clip_rect();
        let stands_out = |line: &Line| self.stands_out(ctx, line);
        let (front, back): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|l| stands_out(l));
        for (lines, strength) in [(back, 0.16), (front, 1.0)] {
            for line in lines {
                let (from, to) = (columns.y(line.query), columns.y(line.key));
                if from.max(to) >= clip.top() && from.min(to) <= clip.bottom() {
                    line_ui(ui, ctx.theme, columns, line, strength);
                }
            }
        }
        let most = crate::gui::format::count(MOST_LINES);
        let all_text = crate::gui::format::count(all);
        (all > MOST_LINES).then(|| trf("the {0} strongest of {1} links", &[&most, &all_text]))
    }

    /// With nothing pointed at, every line does.
    fn stands_out(&self, ctx: &Context<'_>, line: &Line) -> bool {
        match (self.key, ctx.focus.query) {
            (Some(key), _) => line.key == key,
            (None, Some(query)) => line.query == query,
            (None, None) => true,
        }
    }

    /// Both columns of tokens. Right of each key stands what the query gives it.
    fn tokens_ui(&mut self, ui: &Ui, ctx: &mut Context<'_>, columns: &Columns, whole: Rect) {
        let theme = ctx.theme;
        let (query, shown) = (ctx.focus.query_or_last(ctx.trace), self.shown(ctx));
        let mut pointed = None;
        let (n_queries, n_keys) = (ctx.trace.tokens.len(), ctx.trace.key_tokens().len());
        for pos in 0..n_queries.max(n_keys) {
            let band = |left, right| {
                let y = columns.y(pos) - columns.row / 2.0;
                Rect::from_min_max(pos2(left, y), pos2(right, y + columns.row))
            };
            let left = band(whole.left(), columns.x[0]);
            let right = band(columns.x[1], whole.right());
            if !ui.is_rect_visible(left) {
                continue;
            }
            if pos < n_queries {
                let side = Side::Query(ctx.focus.query == Some(pos));
                let asks = token_ui(ui, ctx, left, pos, side);
                ctx.point(&asks, Target::Token(pos));
            }
            if pos >= n_keys {
                continue;
            }
            let answers = token_ui(ui, ctx, right, pos, Side::Key(ctx.focus.key == Some(pos)));
            if answers.hovered() {
                pointed = Some(pos);
            }
            if answers.clicked() {
                ctx.send(Command::Select(Target::Cell { query, key: pos }));
            }
            weights_ui(ui, theme, ctx, right, (query, pos), &shown);
        }
        if pointed != self.key {
            self.key = pointed;
            ui.ctx().request_repaint();
        }
    }
}

/// The shown heads after a click on one: alone, or all of them when it was alone already; with
/// shift, one more or one less.
fn after_click(
    shown: &BTreeSet<usize>,
    head: usize,
    adds: bool,
    n_heads: usize,
) -> BTreeSet<usize> {
    let mut heads = shown.clone();
    if !adds {
        let is_alone = shown.len() == 1 && shown.contains(&head);
        return if is_alone {
            (0..n_heads).collect()
        } else {
            BTreeSet::from([head])
        };
    }
    if !heads.remove(&head) {
        heads.insert(head);
    }
    heads
}

fn collect(
    lines: &mut Vec<Line>,
    (head, lane): (usize, usize),
    pattern: Matrix<'_>,
    threshold: f32,
) {
    for query in 0..pattern.rows {
        for (key, &weight) in pattern.row(query).iter().enumerate() {
            // A weight of 0 is no link, however low the threshold.
            if weight >= threshold && weight > 0.0 {
                lines.push(Line {
                    head,
                    lane,
                    query,
                    key,
                    weight,
                });
            }
        }
    }
}

fn headings(ui: &Ui, ctx: &Context<'_>, columns: &Columns, whole: Rect) {
    let (theme, top) = (ctx.theme, whole.top());
    let [left, right] = columns.x;
    let texts = [
        (tr("asks (query)"), left, Align2::RIGHT_TOP, *theme.query),
        (tr("answers (key)"), right, Align2::LEFT_TOP, *theme.key),
    ];
    for (text, x, anchor, color) in texts {
        let inset = if anchor == Align2::LEFT_TOP {
            8.0
        } else {
            -8.0
        };
        ui.painter()
            .text(pos2(x + inset, top), anchor, text, theme.caption(), color);
    }
    // What the bars right of the keys are.
    let text = trf(
        "from {0}",
        &[&ctx.label(ctx.focus.query_or_last(ctx.trace))],
    );
    let at = pos2(whole.right() - 6.0, top);
    let room = at.x - right - theme.caption_size * 8.0;
    let (anchor, font) = (Align2::RIGHT_TOP, theme.caption());
    fitted_text(ui.painter(), at, anchor, &text, font, *theme.query, room);
}

/// A line that leaves and arrives horizontally, as wide and as opaque as its weight.
fn line_ui(ui: &Ui, theme: &Theme, columns: &Columns, line: &Line, strength: f32) {
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
    let stroke = Stroke::new(
        lerp(0.8..=widest.max(0.8), line.weight.clamp(0.0, 1.0)),
        color,
    );
    let curve = |t: f32| {
        let u = 1.0 - t;
        let along = |a: f32, b: f32, c: f32, d: f32| {
            u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
        };
        pos2(
            along(from.x, from.x + bend, to.x - bend, to.x),
            along(from.y, from.y, to.y, to.y),
        )
    };
    let points: Vec<Pos2> = (0..=24).map(|i| curve(i as f32 / 24.0)).collect();
    ui.painter().line(points, stroke);
}

/// Which column a token stands in, and whether it is what is pointed at.
#[derive(Clone, Copy)]
enum Side {
    Query(bool),
    Key(bool),
}

fn token_ui(ui: &Ui, ctx: &Context<'_>, rect: Rect, pos: usize, side: Side) -> Response {
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
    let font = if rect.height() > theme.body_size * 1.35 {
        theme.mono()
    } else {
        theme.mono_caption()
    };
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
    response
}

/// What the query gives this key, in each of the shown heads: bars, and the number of a single head.
fn weights_ui(
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
        if shown.len() == 1 && key <= query {
            let at = band.right_center() - vec2(6.0, 0.0);
            let (anchor, font) = (Align2::RIGHT_CENTER, theme.mono_caption());
            ui.painter()
                .text(at, anchor, percent(weight), font, *theme.text);
        }
    }
}

/// A head as a chip in its hue: filled when it is shown.
fn head_chip_ui(ui: &mut Ui, theme: &Theme, head: usize, is_shown: bool) -> Response {
    let side = theme.body_size * 1.75;
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    let name = trf("Head {0}", &[&head]);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_shown, &name));
    let color = theme.head(head);
    let (fill, ink): (Color32, Color32) = if is_shown {
        (color, *theme.background)
    } else {
        (*theme.raised, color)
    };
    let width = if response.hovered() || response.has_focus() {
        theme.stroke + 1.0
    } else {
        theme.stroke
    };
    let stroke = Stroke::new(width, color);
    let painter = ui.painter();
    painter.rect(rect, 6.0, fill, stroke, egui::StrokeKind::Inside);
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        head,
        theme.mono(),
        ink,
    );
    response.on_hover_text(trf(
        "{0}: click to see it alone, again for all heads, shift-click to add or remove it",
        &[&name],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_shows_one_head_and_shift_adds() {
        let set = |heads: &[usize]| heads.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(after_click(&set(&[0, 2]), 1, false, 4), set(&[1]));
        assert_eq!(after_click(&set(&[1]), 1, false, 4), set(&[0, 1, 2, 3]));
        assert_eq!(after_click(&set(&[1]), 3, true, 4), set(&[1, 3]));
        assert_eq!(after_click(&set(&[1, 3]), 3, true, 4), set(&[1]));
    }

    #[test]
    fn weak_links_are_left_out_and_zeros_always() {
        let data = [1.0, 0.0, 0.04, 0.96];
        let pattern = Matrix {
            rows: 2,
            cols: 2,
            data: &data,
        };
        let count = |threshold| {
            let mut lines = Vec::new();
            collect(&mut lines, (0, 0), pattern, threshold);
            lines.len()
        };
        assert_eq!((count(0.0), count(0.05), count(0.99)), (3, 2, 1));
    }
}
