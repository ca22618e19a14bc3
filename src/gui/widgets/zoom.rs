//! Looking closer, the same way in every picture: dragging a rectangle enlarges it, a double click
//! shows everything again. With the keyboard + and − do, 0 shows everything, and arrows move on.

use crate::gui::look::theme::Theme;
use crate::text::tr;
use egui::{
    Align2, EventFilter, Id, Key, Modifiers, PointerButton, Pos2, Rect, Response, Sense,
    StrokeKind, Ui, Vec2, pos2, vec2,
};

/// Shorter drags are clicks; a drag shorter than this one way leaves that way as it is.
const LEAST_DRAG: f32 = 8.0;
/// How much nearer one press of + goes.
const STEP: f32 = 1.5;
/// The smallest part that can be enlarged, as a share of the whole.
const LEAST_SHARE: f32 = 1e-3;

/// The part of a picture that is on screen. Coordinates are the picture's own, y downwards.
#[derive(Debug, Clone, Copy)]
pub struct Zoom {
    id: Id,
    whole: Rect,
    part: Rect,
    ways: Ways,
}

/// Which ways a picture can be zoomed: strips keep their height, lists their width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ways {
    Both,
    Across,
    Down,
}

impl Zoom {
    /// What was last looked at in the picture of this id, whose extent is now `whole`.
    pub fn load(ctx: &egui::Context, id: Id, whole: Rect) -> Self {
        let id = id.with("zoom");
        let (own, shared) =
            ctx.data(|data| (data.get_temp::<Rect>(id), data.get_temp::<Rect>(everywhere())));
        let share =
            |share: Rect| Rect::from_min_max(point(whole, share.min), point(whole, share.max));
        let part = own.or_else(|| shared.map(share)).map(|part| part.intersect(whole));
        let is_visible =
            |part: &Rect| part.is_finite() && part.width() > 0.0 && part.height() > 0.0;
        let part = part.filter(is_visible).unwrap_or(whole);
        Self { id, whole, part, ways: Ways::Both }
    }

    /// The same, but only from left to right.
    pub fn across(mut self) -> Self {
        self.ways = Ways::Across;
        self.part = self.allowed(self.part);
        self
    }

    /// The same, but only from top to bottom.
    pub fn down(mut self) -> Self {
        self.ways = Ways::Down;
        self.part = self.allowed(self.part);
        self
    }

    /// A part, as wide or as high as the whole where it must be.
    fn allowed(&self, part: Rect) -> Rect {
        match self.ways {
            Ways::Both => part,
            Ways::Across => Rect::from_x_y_ranges(part.x_range(), self.whole.y_range()),
            Ways::Down => Rect::from_x_y_ranges(self.whole.x_range(), part.y_range()),
        }
    }

    /// Looks at this share of every picture that was not yet zoomed, from 0 to 1 both ways.
    pub fn everywhere(ctx: &egui::Context, share: Rect) {
        ctx.data_mut(|data| data.insert_temp(everywhere(), share));
    }

    /// The part on screen.
    pub fn part(&self) -> Rect {
        self.part
    }

    /// Is anything out of sight?
    pub fn is_zoomed(&self) -> bool {
        self.part != self.whole
    }

    /// Moves the part, where needed, so that this is in sight.
    pub fn reveal(&mut self, ctx: &egui::Context, rect: Rect) {
        let part = self.part;
        let along =
            |low: f32, high: f32, from: f32, to: f32| (from - low).min(0.0) + (to - high).max(0.0);
        let by = vec2(
            along(part.left(), part.right(), rect.left(), rect.right()),
            along(part.top(), part.bottom(), rect.top(), rect.bottom()),
        );
        if by != Vec2::ZERO {
            self.set(ctx, part.translate(by));
        }
    }

    /// Does what the pointer and the keys ask for, and marks a picture that is not whole. `area` is
    /// where the part lies on screen, `cursor` the place the keyboard points at.
    pub fn ui(
        mut self,
        ui: &Ui,
        theme: &Theme,
        response: &Response,
        area: Rect,
        cursor: Option<Pos2>,
    ) {
        self.gestures(ui, theme, response, area, cursor);
        if self.is_zoomed() {
            self.mark_ui(ui, theme, area);
        }
    }

    /// Does what the pointer and the keys ask for in one of several areas that share a zoom.
    pub fn gestures(
        &mut self,
        ui: &Ui,
        theme: &Theme,
        response: &Response,
        area: Rect,
        cursor: Option<Pos2>,
    ) {
        if !area.is_positive() {
            return;
        }
        if let Some(rect) = drag(ui, theme, response, area, self.id) {
            self.set(ui.ctx(), self.place_in_part(area, rect));
        }
        if response.double_clicked() {
            self.set(ui.ctx(), self.whole);
        }
        if (response.hovered() || response.has_focus()) && !ui.ctx().text_edit_focused() {
            self.keys(ui, response, area, cursor);
        }
    }

    /// The wheel and pinching go nearer and back, about the pointer.
    pub fn wheel(&mut self, ui: &Ui, response: &Response, area: Rect) {
        let Some(pos) = response.hover_pos().filter(|pos| area.contains(*pos)) else {
            return;
        };
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
        let factor = (scroll * 0.004).exp() * pinch;
        if (factor - 1.0).abs() < 1e-3 {
            return;
        }
        let about = self.place_in_part(area, Rect::from_pos(pos)).min;
        let min = about + (self.part.min - about) / factor;
        self.set(ui.ctx(), Rect::from_min_size(min, self.part.size() / factor));
    }

    fn keys(&mut self, ui: &Ui, response: &Response, area: Rect, cursor: Option<Pos2>) {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let about = response
            .hover_pos()
            .filter(|pos| area.contains(*pos))
            .or(cursor)
            .unwrap_or(area.center());
        let about = self.place_in_part(area, Rect::from_pos(about)).min;
        let nearer = |factor: f32| {
            Rect::from_min_max(
                about + (self.part.min - about) / factor,
                about + (self.part.max - about) / factor,
            )
        };
        if pressed(Key::Plus) || pressed(Key::Equals) {
            self.set(ui.ctx(), nearer(STEP));
        } else if pressed(Key::Minus) {
            self.set(ui.ctx(), nearer(1.0 / STEP));
        } else if pressed(Key::Num0) {
            self.set(ui.ctx(), self.whole);
        }
        if !(response.has_focus() && self.is_zoomed()) {
            return;
        }
        lock_arrows(ui, response);
        let by = self.part.size() * 0.2;
        for (key, by) in [
            (Key::ArrowLeft, vec2(-by.x, 0.0)),
            (Key::ArrowRight, vec2(by.x, 0.0)),
            (Key::ArrowUp, vec2(0.0, -by.y)),
            (Key::ArrowDown, vec2(0.0, by.y)),
        ] {
            if pressed(key) {
                self.set(ui.ctx(), self.part.translate(by));
            }
        }
    }

    /// A place on screen in the picture's coordinates.
    fn place_in_part(&self, area: Rect, rect: Rect) -> Rect {
        let at = |pos: Pos2| point(self.part, ((pos - area.min) / area.size()).to_pos2());
        Rect::from_min_max(at(rect.min), at(rect.max))
    }

    /// Looks at a part, moved and cut so that it lies in the whole.
    fn set(&mut self, ctx: &egui::Context, part: Rect) {
        let whole = self.whole;
        let part = self.allowed(part);
        let size = part.size().max(whole.size() * LEAST_SHARE).min(whole.size());
        let min = part.center() - size / 2.0;
        let min = min.min(whole.max - size).max(whole.min);
        self.part = Rect::from_min_size(min, size);
        if self.part.size() == whole.size() {
            self.part = whole;
        }
        let (id, part) = (self.id, self.part);
        let has_shared = ctx.data(|data| data.get_temp::<Rect>(everywhere()).is_some());
        ctx.data_mut(|data| {
            if part == whole && !has_shared {
                data.remove::<Rect>(id);
            } else {
                data.insert_temp(id, part);
            }
        });
        ctx.request_repaint();
    }

    /// A frame, and a button with the part in the whole, which brings everything back.
    pub fn mark_ui(&self, ui: &Ui, theme: &Theme, area: Rect) {
        let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
        ui.painter().rect_stroke(area, 0.0, stroke, StrokeKind::Inside);
        let galley =
            ui.painter().layout_no_wrap(tr("Show all").to_owned(), theme.caption(), *theme.text);
        let (unit, pad) = (theme.caption_size, theme.caption_size * 0.4);
        let map = vec2(unit * 1.6, unit);
        let text = galley.size().x + pad;
        let has_text = area.width() > (map.x + text + 3.0 * pad) * 2.0;
        let width = map.x + 2.0 * pad + if has_text { text } else { 0.0 };
        let size = vec2(width, unit.max(galley.size().y) + 2.0 * pad);
        let rect = Align2::RIGHT_TOP.anchor_size(area.right_top() + vec2(-pad, pad), size);
        let response = ui.interact(rect, self.id.with("whole"), Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Show all of the picture"))
        });
        let painter = ui.painter();
        let edge =
            if response.hovered() || response.has_focus() { theme.accent } else { theme.outline };
        painter.rect(rect, 4.0, *theme.raised, theme.line(edge), StrokeKind::Inside);
        let map = Align2::LEFT_CENTER.anchor_size(rect.left_center() + vec2(pad, 0.0), map);
        painter.rect_stroke(map, 0.0, theme.line(theme.dim), StrokeKind::Inside);
        let share = |pos: Pos2| point(map, ((pos - self.whole.min) / self.whole.size()).to_pos2());
        let lit = Rect::from_min_max(share(self.part.min), share(self.part.max)).expand(0.5);
        painter.rect_filled(lit, 0.0, *theme.accent);
        if has_text {
            let at =
                Align2::LEFT_CENTER.anchor_size(map.right_center() + vec2(pad, 0.0), galley.size());
            painter.galley(at.min, galley, *theme.text);
        }
        let tip =
            tr("Zoomed in. A double click or 0 shows everything again; + and − go nearer and back");
        if response.on_hover_text(tip).clicked() {
            let mut zoom = *self;
            zoom.set(ui.ctx(), self.whole);
        }
    }
}

/// While this has the keyboard's focus, the arrow keys are its own.
pub fn lock_arrows(ui: &Ui, response: &Response) {
    let arrows =
        EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
}

/// Draws the rectangle that is being dragged; gives it when it is let go.
fn drag(ui: &Ui, theme: &Theme, response: &Response, area: Rect, id: Id) -> Option<Rect> {
    let id = id.with("drag");
    let pointer = ui.input(|input| (input.pointer.press_origin(), input.pointer.latest_pos()));
    if response.drag_started_by(PointerButton::Primary)
        && let Some(origin) = pointer.0.filter(|pos| area.contains(*pos))
    {
        ui.data_mut(|data| data.insert_temp(id, origin));
    }
    let from: Pos2 = ui.data(|data| data.get_temp(id))?;
    let dragged = selected(from, area.clamp(pointer.1?), area);
    if !response.drag_stopped() {
        if let Some(rect) = dragged.filter(|_| response.dragged()) {
            ui.painter().rect_filled(rect, 0.0, theme.accent.gamma_multiply(0.15));
            let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
            ui.painter().rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
        }
        return None;
    }
    ui.data_mut(|data| data.remove::<Pos2>(id));
    dragged
}

/// The rectangle between two places; too thin a one is as wide or as high as the area.
fn selected(from: Pos2, to: Pos2, area: Rect) -> Option<Rect> {
    let rect = Rect::from_two_pos(from, to);
    match (rect.width() < LEAST_DRAG, rect.height() < LEAST_DRAG) {
        (true, true) => None,
        (true, false) => Some(Rect::from_x_y_ranges(area.x_range(), rect.y_range())),
        (false, true) => Some(Rect::from_x_y_ranges(rect.x_range(), area.y_range())),
        (false, false) => Some(rect),
    }
}

/// The place at a share of a rectangle.
fn point(rect: Rect, share: Pos2) -> Pos2 {
    pos2(rect.left() + share.x * rect.width(), rect.top() + share.y * rect.height())
}

fn everywhere() -> Id {
    Id::unique("part of every picture")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Rect = Rect { min: Pos2::ZERO, max: pos2(10.0, 20.0) };

    #[test]
    fn a_part_stays_within_the_whole_and_follows_it() {
        let (ctx, id) = (egui::Context::default(), Id::unique("picture"));
        let mut zoom = Zoom::load(&ctx, id, WHOLE);
        assert!(!zoom.is_zoomed());
        zoom.set(&ctx, Rect::from_min_size(pos2(8.0, -3.0), vec2(4.0, 5.0)));
        assert_eq!(zoom.part(), Rect::from_min_size(pos2(6.0, 0.0), vec2(4.0, 5.0)));
        assert_eq!(Zoom::load(&ctx, id, WHOLE).part(), zoom.part());
        zoom.reveal(&ctx, Rect::from_min_size(pos2(2.0, 9.0), vec2(1.0, 1.0)));
        assert_eq!(zoom.part().min, pos2(2.0, 5.0));
        let small = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        assert_eq!(Zoom::load(&ctx, id, small).part(), small, "nothing of the part is left");
        zoom.set(&ctx, WHOLE.expand(5.0));
        assert!(!zoom.is_zoomed() && !Zoom::load(&ctx, id, WHOLE).is_zoomed());
    }

    #[test]
    fn thin_drags_zoom_one_way_and_short_ones_not_at_all() {
        let area = Rect::from_min_size(Pos2::ZERO, vec2(100.0, 100.0));
        let rect = |x: f32, y: f32| selected(pos2(10.0, 10.0), pos2(10.0 + x, 10.0 + y), area);
        assert_eq!(rect(5.0, 5.0), None);
        assert_eq!(rect(30.0, 2.0), Some(Rect::from_min_max(pos2(10.0, 0.0), pos2(40.0, 100.0))));
        assert_eq!(rect(30.0, 40.0), Some(Rect::from_min_size(pos2(10.0, 10.0), vec2(30.0, 40.0))));
    }
}
