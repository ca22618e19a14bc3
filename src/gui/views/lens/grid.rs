//! The cells: layers down, positions across.

use super::{Columns, LensView, SHADE, Show, followed, label, rank_shade, row_name};
use crate::gui::contract::command::Target;
use crate::gui::contract::origin::{stream_after, with_source};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{Zoom, fitted_text, lock_arrows};
use crate::model::insight::lens::{Lens, Reading};
use crate::text::{tr, trf};
use egui::{
    Align2, Event, Key, Painter, Pos2, Rect, Response, ScrollArea, Sense, Ui, Vec2, pos2, vec2,
};

/// Least height of a cell, in sizes of its text.
const LEAST_CELL: f32 = 1.5;

/// Where the parts of the picture are.
struct Layout {
    /// The part of the window in which cells are seen.
    area: Rect,
    /// Size of one cell.
    cell: Vec2,
    /// Corner of the first cell; it lies outside the area when scrolled.
    origin: Pos2,
    n_rows: usize,
    n_pos: usize,
    is_zoomed: bool,
}

impl Layout {
    fn rect(&self, row: usize, pos: usize) -> Rect {
        let min = self.origin + vec2(pos as f32, row as f32) * self.cell;
        Rect::from_min_size(min, self.cell)
    }

    /// The cell at a place on screen.
    fn at(&self, place: Pos2) -> Option<(usize, usize)> {
        let offset = (place - self.origin) / self.cell;
        let (row, pos) = (offset.y.floor(), offset.x.floor());
        let is_inside = row >= 0.0 && pos >= 0.0 && self.area.contains(place);
        let (row, pos) = (row as usize, pos as usize);
        (is_inside && row < self.n_rows && pos < self.n_pos).then_some((row, pos))
    }

    /// The positions in sight.
    fn shown(&self) -> std::ops::Range<usize> {
        let start = (self.area.left() - self.origin.x) / self.cell.x;
        let end = (self.area.right() - self.origin.x) / self.cell.x;
        start.max(0.0) as usize..(end.ceil().max(0.0) as usize).min(self.n_pos)
    }
}

impl LensView {
    /// Draws the cells with their labels, and takes clicks.
    pub(super) fn grid_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, lens: &Lens) {
        let id = ui.scope_id().with("lens grid");
        let whole = vec2(lens.n_pos() as f32, lens.n_rows() as f32);
        let zoom = Zoom::load(ui.ctx(), id, Rect::from_min_size(Pos2::ZERO, whole));
        let mut layout = self.layout(ui, ctx, lens, &zoom);
        let (n_rows, n_pos) = (layout.n_rows as f32, layout.n_pos as f32);
        let mut zoomed = None;
        let builder = egui::UiBuilder::new().max_rect(layout.area);
        ui.scope_builder(builder, |ui| {
            let scroll = ScrollArea::both().auto_shrink([false, true]);
            scroll.show(ui, |ui| {
                let size = layout.cell * vec2(n_pos, n_rows);
                let size = if zoom.is_zoomed() { layout.area.size() } else { size };
                let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
                if !zoom.is_zoomed() {
                    layout.origin = rect.min;
                    self.bring_into_sight(ui, ctx, &layout, lens);
                }
                self.paint_cells(ui.painter(), ctx, &layout, lens);
                self.point(ui, ctx, &response, &layout, lens);
                self.paint_focus(ui.painter(), ctx, &layout, lens);
                let seen =
                    layout.area.intersect(Rect::from_min_size(layout.origin, layout.cell * whole));
                zoomed = Some((response, seen));
            });
        });
        self.paint_rows(ui.painter(), ctx, &layout, lens);
        self.paint_titles(ui.painter(), ctx, &layout);
        self.paint_columns(ui.painter(), ctx, &layout, lens);
        if let Some((response, seen)) = zoomed {
            zoom.ui(ui, ctx.theme, &response, seen, None);
        }
    }

    fn layout(&self, ui: &Ui, ctx: &Context<'_>, lens: &Lens, zoom: &Zoom) -> Layout {
        let theme = ctx.theme;
        let room = ui.available_rect_before_wrap();
        let (n_rows, n_pos) = (lens.n_rows(), lens.n_pos());
        let longest = (0..n_rows).map(|row| row_name(lens, row).chars().count()).max();
        let left = longest.unwrap_or(0) as f32 * theme.caption_size * 0.62 + theme.caption_size;
        let area = room.with_min_x(room.left() + left);
        let area = area.with_min_y(room.top() + self.header_height(theme));
        if zoom.is_zoomed() {
            let cell = area.size().max(vec2(1.0, 1.0)) / zoom.part().size();
            let origin = area.min - zoom.part().min.to_vec2() * cell;
            return Layout { area, cell, origin, n_rows, n_pos, is_zoomed: true };
        }
        let fit = area.size() / vec2(n_pos.max(1) as f32, n_rows as f32);
        let width = match self.columns {
            Columns::Readable => fit.x.clamp(theme.caption_size * 5.4, theme.caption_size * 10.0),
            Columns::All => fit.x.min(theme.caption_size * 10.0),
        };
        // The scroll bar beneath must not cover the output.
        let bar = if width > fit.x { theme.caption_size * 0.8 } else { 0.0 };
        let height = (area.height() - bar).max(0.0) / n_rows as f32;
        let height = height.clamp(theme.caption_size * LEAST_CELL, theme.caption_size * 8.0);
        Layout {
            area,
            cell: vec2(width.max(0.5), height),
            origin: area.min,
            n_rows,
            n_pos,
            is_zoomed: false,
        }
    }

    fn header_height(&self, theme: &Theme) -> f32 {
        let lines = if self.show == Show::Rank { 3.0 } else { 2.0 };
        lines * theme.caption_size * 1.5
    }

    /// Height in which every row can be read.
    pub(super) fn least_height(&self, theme: &Theme, lens: &Lens) -> f32 {
        let cells = lens.n_rows() as f32 * theme.caption_size * LEAST_CELL;
        self.header_height(theme) + cells + theme.caption_size
    }

    /// Scrolls to the selected position when another one was selected.
    fn bring_into_sight(&mut self, ui: &Ui, ctx: &Context<'_>, layout: &Layout, lens: &Lens) {
        let pos = ctx.pinned.query_or_last(&lens.trace);
        let key = Some((lens.trace.id, pos));
        if self.in_sight != key {
            self.in_sight = key;
            let column = layout.rect(0, pos).union(layout.rect(layout.n_rows - 1, pos));
            let instantly = egui::style::ScrollAnimation::none();
            ui.scroll_to_rect_animation(column, None, instantly);
        }
    }

    fn paint_cells(&self, painter: &Painter, ctx: &Context<'_>, layout: &Layout, lens: &Lens) {
        let theme = ctx.theme;
        let gap = if layout.cell.x > 8.0 { 1.0 } else { 0.0 };
        let writes = layout.cell.x > theme.caption_size * 2.4;
        for (row, pos) in (0..layout.n_rows).flat_map(|r| layout.shown().map(move |p| (r, p))) {
            let Some(reading) = lens.get(row, pos) else {
                continue;
            };
            let rect = layout.rect(row, pos);
            let shade = match self.show {
                Show::Probability => reading.top.first().map_or(f32::NAN, |best| best.prob),
                Show::Rank => rank_shade(followed(reading).rank, lens.trace.model.vocab_size),
            };
            let color = theme.color(SHADE, shade);
            painter.rect_filled(rect.shrink(gap / 2.0), 2.0, color);
            if writes {
                let cell = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
                self.write(&cell, ctx, rect, reading, theme.text_on(color));
            }
        }
    }

    /// The words in a cell: the best token and its probability, or the rank.
    fn write(
        &self,
        painter: &Painter,
        ctx: &Context<'_>,
        rect: Rect,
        reading: &Reading,
        ink: egui::Color32,
    ) {
        let theme = ctx.theme;
        let (first, second) = match self.show {
            Show::Probability => {
                let Some(best) = reading.top.first() else {
                    return;
                };
                let name = ctx.model.tokenizer.token(best.id).label();
                (name, percent(best.prob))
            }
            Show::Rank => {
                let standing = followed(reading);
                (count(standing.rank + 1), percent(standing.prob))
            }
        };
        let width = rect.width() - 6.0;
        let is_large =
            rect.width() > theme.body_size * 5.5 && rect.height() > theme.body_size * 2.7;
        let (font, small) = if is_large {
            (theme.mono(), theme.body())
        } else {
            (theme.mono_caption(), theme.caption())
        };
        let has_room = rect.height() > font.size * 2.7 && width > font.size * 4.0;
        let line = if has_room { font.size * 0.62 } else { 0.0 };
        let at = rect.center() - vec2(0.0, line);
        fitted_text(painter, at, Align2::CENTER_CENTER, &first, font, ink, width);
        if has_room {
            let at = rect.center() + vec2(0.0, line);
            painter.text(at, Align2::CENTER_CENTER, second, small, ink);
        }
    }

    /// Hovering previews a cell, clicking keeps it, arrow keys move it.
    fn point(
        &mut self,
        ui: &Ui,
        ctx: &mut Context<'_>,
        response: &Response,
        layout: &Layout,
        lens: &Lens,
    ) {
        let (row, pos) = self.cell(ctx, lens);
        let name = self.describe(ctx, lens, (row, pos));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        self.pointed = response.hover_pos().and_then(|place| layout.at(place));
        if let Some(cell) = self.pointed {
            if response.clicked() {
                self.select(ctx, cell);
            } else {
                ctx.send(crate::gui::Command::Hover(Target::Token(cell.1)));
            }
            let text = self.describe(ctx, lens, cell);
            let stream = stream_after(cell.0.checked_sub(1), &ctx.trace.model);
            let text = with_source(ctx, &text, stream, &[cell.1]);
            response.clone().on_hover_text_at_pointer(text);
        }
        if response.has_focus() {
            lock_arrows(ui, response);
            if let Some((down, right)) = pressed_arrow(ui) {
                let row = row.saturating_add_signed(down).min(layout.n_rows - 1);
                let pos = pos.saturating_add_signed(right).min(layout.n_pos.saturating_sub(1));
                self.select(ctx, (row, pos));
            }
        }
    }

    fn select(&mut self, ctx: &mut Context<'_>, (row, pos): (usize, usize)) {
        ctx.send(crate::gui::Command::Select(Target::Token(pos)));
        match row.checked_sub(1) {
            None => self.embedding = Some(ctx.pinned.layer),
            Some(layer) => {
                self.embedding = None;
                let head = ctx.pinned.head;
                ctx.send(crate::gui::Command::Select(Target::Head { layer, head }));
            }
        }
    }

    /// A cell in words.
    fn describe(&self, ctx: &Context<'_>, lens: &Lens, (row, pos): (usize, usize)) -> String {
        let Some(reading) = lens.get(row, pos) else {
            return String::new();
        };
        let standing = match self.show {
            Show::Probability => reading.top.first().copied(),
            Show::Rank => Some(followed(reading)),
        };
        let Some(standing) = standing else {
            return String::new();
        };
        trf(
            "{0} at {1}: {2}, {3}, rank {4}",
            &[
                &row_name(lens, row),
                &label(lens, pos),
                &ctx.model.tokenizer.token(standing.id).label(),
                &percent(standing.prob),
                &count(standing.rank + 1),
            ],
        )
    }

    fn paint_focus(&self, painter: &Painter, ctx: &Context<'_>, layout: &Layout, lens: &Lens) {
        let (row, pos) = self.cell(ctx, lens);
        let rect = layout.rect(row, pos);
        let stroke = ctx.theme.selection_stroke();
        // A dark line within, since the outline itself may be as bright as the cell.
        let inner = ctx.theme.line(ctx.theme.background);
        let kind = egui::StrokeKind::Inside;
        painter.rect_stroke(rect.shrink(stroke.width), 1.0, inner, kind);
        painter.rect_stroke(rect, 2.0, stroke, kind);
    }

    fn paint_rows(&self, painter: &Painter, ctx: &Context<'_>, layout: &Layout, lens: &Lens) {
        let theme = ctx.theme;
        let clip =
            painter.clip_rect().with_min_y(layout.area.top()).with_max_y(layout.area.bottom());
        let painter = painter.with_clip_rect(clip);
        let focus = self.cell(ctx, lens).0;
        for row in 0..layout.n_rows {
            let at = pos2(layout.area.left() - 8.0, layout.rect(row, 0).center().y);
            let ink = if row == focus { *theme.selection } else { *theme.text };
            let name = row_name(lens, row);
            painter.text(at, Align2::RIGHT_CENTER, name, theme.mono_caption(), ink);
        }
    }

    /// Names the axes and, for ranks, the line of tokens whose ranks are shown.
    fn paint_titles(&self, painter: &Painter, ctx: &Context<'_>, layout: &Layout) {
        let theme = ctx.theme;
        let line = theme.caption_size * 1.5;
        let shown = layout.shown();
        let title = if shown.len() < layout.n_pos {
            let (from, to) = (shown.start, shown.end.saturating_sub(1));
            let last = layout.n_pos - 1;
            let text = if layout.is_zoomed {
                "position → {0} to {1} of 0 to {2}"
            } else {
                "position → {0} to {1} of 0 to {2}, scroll for more"
            };
            trf(text, &[&from, &to, &last])
        } else {
            tr("position →").to_owned()
        };
        let (left, bottom) = (layout.area.left(), layout.area.top() - 0.5 * line);
        let top = layout.area.top() - self.header_height(theme) + 0.5 * line;
        let (at, anchor, width) = (pos2(left, top), Align2::LEFT_CENTER, layout.area.width());
        let (font, ink) = (theme.caption(), *theme.dim);
        fitted_text(painter, at, anchor, &title, font.clone(), ink, width);
        let at = |y: f32| pos2(left - 8.0, y);
        let anchor = Align2::RIGHT_CENTER;
        painter.text(at(top), anchor, tr("read after ↓"), font.clone(), ink);
        if self.show == Show::Rank {
            painter.text(at(bottom), anchor, tr("rank of"), font, ink);
        }
    }

    /// Writes the tokens above their columns, as many as fit, and always the one pointed at.
    fn paint_columns(&self, painter: &Painter, ctx: &Context<'_>, layout: &Layout, lens: &Lens) {
        let theme = ctx.theme;
        let line = theme.caption_size * 1.5;
        let bottom = layout.area.top() - 0.5 * line;
        let across = layout.area.x_range();
        let clip = Rect::from_x_y_ranges(across, painter.clip_rect().y_range());
        let painter = painter.with_clip_rect(clip.intersect(painter.clip_rect()));
        let focus = self.cell(ctx, lens).1;
        let every = (theme.caption_size * 2.4 / layout.cell.x).ceil().max(1.0) as usize;
        let width = layout.cell.x * every as f32 - 6.0;
        let put = |at: Pos2, name: &str, ink| {
            let (anchor, font) = (Align2::CENTER_CENTER, theme.mono_caption());
            fitted_text(&painter, at, anchor, name, font, ink, width);
        };
        for pos in layout.shown() {
            let gives_way = pos != focus && pos.abs_diff(focus) < every;
            if gives_way || (pos != focus && !pos.is_multiple_of(every)) {
                continue;
            }
            let is_focus = pos == focus;
            let ink = if is_focus { *theme.selection } else { *theme.text };
            let at = pos2(layout.rect(0, pos).center().x, bottom);
            let followed = lens.get(layout.n_rows - 1, pos).map(followed);
            match followed.filter(|_| self.show == Show::Rank) {
                Some(token) => {
                    put(at - vec2(0.0, line), &label(lens, pos), ink);
                    let name = ctx.model.tokenizer.token(token.id).label();
                    put(at, &name, *theme.accent);
                }
                None => put(at, &label(lens, pos), ink),
            }
        }
    }
}

/// The arrow key pressed in this frame, as steps down and to the right.
fn pressed_arrow(ui: &Ui) -> Option<(isize, isize)> {
    let step = |key: Key| match key {
        Key::ArrowUp => Some((-1, 0)),
        Key::ArrowDown => Some((1, 0)),
        Key::ArrowLeft => Some((0, -1)),
        Key::ArrowRight => Some((0, 1)),
        _ => None,
    };
    ui.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Key { key, pressed: true, .. } => step(*key),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_cells_belong_together() {
        let layout = Layout {
            area: Rect::from_min_size(pos2(100.0, 50.0), vec2(200.0, 90.0)),
            cell: vec2(40.0, 30.0),
            origin: pos2(20.0, 50.0),
            n_rows: 3,
            n_pos: 9,
            is_zoomed: false,
        };
        assert_eq!(layout.shown(), 2..7);
        for (row, pos) in [(0, 2), (2, 6)] {
            assert_eq!(layout.at(layout.rect(row, pos).center()), Some((row, pos)));
        }
        assert_eq!(layout.at(layout.rect(0, 1).center()), None);
    }
}
