//! Each weight as a line between two columns of tokens: on the left who asks, on the right who
//! answers. One head or several, each in its hue.

mod paint;

use super::strongest_link;
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::gui::widgets::Zoom;
use crate::text::{tr, trf};
use crate::trace::Matrix;
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use paint::{Columns, Side, head_chip_ui, headings, line_ui, token_ui, weights_ui};
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
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
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
        let most = crate::gui::look::format::count(MOST_LINES);
        let all_text = crate::gui::look::format::count(all);
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
        return if is_alone { (0..n_heads).collect() } else { BTreeSet::from([head]) };
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
                lines.push(Line { head, lane, query, key, weight });
            }
        }
    }
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
        let pattern = Matrix { rows: 2, cols: 2, data: &data };
        let count = |threshold| {
            let mut lines = Vec::new();
            collect(&mut lines, (0, 0), pattern, threshold);
            lines.len()
        };
        assert_eq!((count(0.0), count(0.05), count(0.99)), (3, 2, 1));
    }
}
