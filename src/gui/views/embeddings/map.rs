//! The text's tokens among their neighbours, in two dimensions.

use super::neighbours::Around;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, count, number, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{Zoom, empty_ui, place_labels, ticks};
use crate::math::pca::pca;
use crate::model::{Checkpoint, Neighbour};
use crate::problem::Result;
use crate::text::{tr, trf};
use crate::trace::Token;
use egui::epaint::TextShape;
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Sense, Ui, emath, pos2, vec2};
use std::collections::BTreeMap;

/// Neighbours joined to the token in focus.
const LINKED: usize = 8;
/// About as many points as the directions are fitted to: more would be a cloud without names.
const FITTED: usize = 60;

/// Tokens as points.
pub struct Map {
    points: Vec<Point>,
    index: BTreeMap<u32, usize>,
    /// The share of the variance along each axis.
    pub explained: [f32; 2],
}

struct Point {
    id: u32,
    label: String,
    vector: Vec<f32>,
    at: [f32; 2],
    kind: Kind,
}

/// Why a token is on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It is in the text, first at this position.
    Text(usize),
    /// It is one of the nearest of a token of the text.
    Near,
    /// It is shown while a token it is near to is in focus.
    Guest,
}

impl Map {
    /// Lays out the tokens of a text with their nearest neighbours. The directions are those in
    /// which the tokens and their closest neighbours differ most.
    pub fn new(model: &Checkpoint, tokens: &[Token], near: &BTreeMap<u32, Vec<Neighbour>>) -> Self {
        let mut kinds: Vec<(u32, Kind)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut add = |id: u32, kind: Kind| {
            if seen.insert(id) {
                kinds.push((id, kind));
            }
        };
        for (pos, token) in tokens.iter().enumerate() {
            add(token.id, Kind::Text(pos));
        }
        let each = (FITTED / near.len().max(1)).clamp(1, LINKED);
        for (n, kind) in [(each, Kind::Near), (LINKED, Kind::Guest)] {
            for neighbours in near.values() {
                neighbours.iter().take(n).for_each(|near| add(near.id, kind));
            }
        }
        let point = |(id, kind): (u32, Kind)| {
            let vector = model.lexicon().vector(id)?;
            let label = abbreviate(&model.tokenizer.token(id).label(), 14);
            let at = [0.0; 2];
            Some(Point { id, label, vector, at, kind })
        };
        Self::fit(kinds.into_iter().filter_map(point).collect())
    }

    fn fit(mut points: Vec<Point>) -> Self {
        let fitted = points.iter().filter(|point| point.kind != Kind::Guest);
        let rows: Vec<&[f32]> = fitted.map(|point| point.vector.as_slice()).collect();
        let pca = pca(&rows, 2);
        for point in &mut points {
            if let [x, y] = pca.project(&point.vector)[..] {
                point.at = [x, y];
            }
        }
        points.retain(|point| point.at.iter().all(|x| x.is_finite()));
        let index = points.iter().enumerate().map(|(i, p)| (p.id, i)).collect();
        let share = |i: usize| pca.explained.get(i).copied().unwrap_or(0.0);
        Self { points, index, explained: [share(0), share(1)] }
    }

    /// The points as a table.
    pub fn table(&self) -> crate::table::Table {
        let points = || self.points.iter();
        crate::table::Table::new("map")
            .integer("id", points().map(|point| point.id))
            .text("token", points().map(|point| point.label.clone()))
            .text("in_text", points().map(|point| matches!(point.kind, Kind::Text(_)).to_string()))
            .number("component_1", points().map(|point| point.at[0]))
            .number("component_2", points().map(|point| point.at[1]))
    }

    /// How many vectors the directions were fitted to.
    pub fn n_fitted(&self) -> usize {
        self.points.iter().filter(|p| p.kind != Kind::Guest).count()
    }

    /// The vector of a token on the map.
    pub fn vector(&self, id: u32) -> Option<&[f32]> {
        let point = self.points.get(*self.index.get(&id)?)?;
        Some(&point.vector)
    }

    /// From the smallest to the largest coordinate of some points along one axis, with a margin.
    fn range(&self, shown: &[usize], axis: usize) -> emath::Rangef {
        let all = shown.iter().filter_map(|&i| Some(self.points.get(i)?.at[axis]));
        let (min, max) = all.fold((0.0_f32, 0.0_f32), |(min, max), x| (min.min(x), max.max(x)));
        let margin = ((max - min) * 0.06).max(1e-3);
        emath::Rangef::new(min - margin, max + margin)
    }
}

/// Draws the map, or why there is none.
pub fn map_ui(ui: &mut Ui, ctx: &mut Context<'_>, around: Option<&Result<Around>>) {
    match around {
        Some(Ok(around)) => plot_ui(ui, ctx, around),
        Some(Err(problem)) => empty_ui(ui, ctx.theme, &problem.to_string()),
        None => empty_ui(ui, ctx.theme, tr("Looking for neighbours …")),
    }
}

/// Where coordinates are on the screen.
struct Frame {
    rect: Rect,
    ranges: [emath::Rangef; 2],
}

impl Frame {
    fn pos(&self, [x, y]: [f32; 2]) -> Pos2 {
        let [along, up] = self.ranges;
        pos2(
            emath::remap(x, along, self.rect.x_range()),
            self.rect.bottom() - emath::remap(y, up, 0.0..=self.rect.height()),
        )
    }
}

fn plot_ui(ui: &mut Ui, ctx: &mut Context<'_>, around: &Around) {
    let theme = ctx.theme;
    let room = ui.available_rect_before_wrap();
    let id = ui.next_auto_id();
    let response = ui.allocate_rect(room, Sense::click_and_drag());
    let name = tr("Map of the text's tokens and their neighbours");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    let line = theme.caption_size * 1.4;
    let numbers = theme.caption_size * 3.4;
    let rect = Rect::from_min_max(
        room.min + vec2(line + numbers, 1.5 * line),
        room.max - vec2(theme.caption_size, 2.2 * line),
    );
    if !rect.is_positive() {
        return;
    }
    let map = &around.map;
    let focus = ctx.focus.query_or_last(ctx.trace);
    let focus = ctx.trace.tokens.get(focus).map(|token| token.id);
    let linked: Vec<Neighbour> =
        focus.map(|id| around.near(id).iter().take(LINKED).copied().collect()).unwrap_or_default();
    let order = drawing_order(map, focus, &linked);
    let (across, up) = (map.range(&order, 0), map.range(&order, 1));
    let whole = Rect::from_min_max(pos2(across.min, -up.max), pos2(across.max, -up.min));
    let zoom = Zoom::load(ui.ctx(), id, whole);
    let part = zoom.part();
    let ranges = [part.x_range(), emath::Rangef::new(-part.bottom(), -part.top())];
    let frame = Frame { rect, ranges };
    zoom.ui(ui, theme, &response, rect, None);
    let in_sight = |i: &usize| frame.rect.contains(frame.pos(map.points[*i].at));
    let order: Vec<usize> = order.into_iter().filter(in_sight).collect();
    paint_key(ui, theme, pos2(rect.left(), room.top() + line / 2.0), rect.width());
    paint_axes(ui, theme, &frame, room, map.explained);
    paint_links(ui, theme, &frame, map, focus, &linked);
    let marks = order.iter().map(|&i| mark(theme, map, i, focus, &linked));
    let marks: Vec<Mark> = marks.collect();
    let lit = points_ui(ui, ctx, &frame, map, order.iter().copied().zip(&marks));
    for (&i, mark) in order.iter().zip(&marks).rev() {
        let at = frame.pos(map.points[i].at);
        paint_dot(ui.painter(), theme, at, mark.radius, mark.color);
        if lit == Some(i) {
            let stroke = theme.line(theme.text);
            ui.painter().circle_stroke(at, mark.radius + 3.0, stroke);
        }
    }
    paint_labels(ui, theme, &frame, map, &order, &marks);
}

/// A dot; tokens that are neither in the text nor near the focus are rings.
fn paint_dot(painter: &Painter, theme: &Theme, at: Pos2, radius: f32, color: Color32) {
    if color == *theme.dim {
        let stroke = theme.line(color);
        painter.circle(at, (radius - stroke.width / 2.0).max(0.5), *theme.background, stroke);
    } else {
        painter.circle(at, radius, color, theme.line(theme.background));
    }
}

/// Says what the colours of the dots mean.
fn paint_key(ui: &Ui, theme: &Theme, mut at: Pos2, width: f32) {
    let painter = ui.painter();
    let right = at.x + width;
    let gap = theme.caption_size * 0.6;
    let kinds = [
        (theme.selection, "in focus"),
        (theme.accent, "in the text"),
        (theme.residual, "near the focus"),
        (theme.dim, "near the others"),
    ];
    for (color, name) in kinds {
        let galley = painter.layout_no_wrap(tr(name).to_owned(), theme.caption(), *theme.dim);
        let end = at.x + 2.0 * gap + galley.size().x;
        if end > right {
            return;
        }
        let center = at + vec2(gap / 2.0, 0.0);
        paint_dot(painter, theme, center, gap / 2.0, *color);
        let min = pos2(at.x + 1.5 * gap, at.y - galley.size().y / 2.0);
        painter.galley(min, galley, *theme.dim);
        at.x = end + gap;
    }
}

/// The points that are shown, those whose names matter most first.
fn drawing_order(map: &Map, focus: Option<u32>, linked: &[Neighbour]) -> Vec<usize> {
    let place = |point: &Point| match point.kind {
        _ if Some(point.id) == focus => 0,
        Kind::Text(_) => 1,
        _ if linked.iter().any(|near| near.id == point.id) => 2,
        Kind::Near => 3,
        Kind::Guest => 4,
    };
    let mut order: Vec<usize> =
        (0..map.points.len()).filter(|&i| place(&map.points[i]) < 4).collect();
    order.sort_by_key(|&i| place(&map.points[i]));
    order
}

/// How a point is drawn.
struct Mark {
    radius: f32,
    color: Color32,
    font: FontId,
    ink: Color32,
}

fn mark(theme: &Theme, map: &Map, i: usize, focus: Option<u32>, linked: &[Neighbour]) -> Mark {
    let point = &map.points[i];
    let unit = theme.body_size / 14.0;
    let is_linked = linked.iter().any(|near| near.id == point.id);
    let (radius, color, font, ink) = match point.kind {
        _ if Some(point.id) == focus => (5.5, theme.selection, theme.mono(), theme.text),
        Kind::Text(_) => (4.5, theme.accent, theme.mono(), theme.text),
        _ if is_linked => (3.5, theme.residual, theme.mono_caption(), theme.text),
        _ => (3.0, theme.dim, theme.mono_caption(), theme.dim),
    };
    Mark { radius: radius * unit, color: *color, font, ink: *ink }
}

fn paint_axes(ui: &Ui, theme: &Theme, frame: &Frame, room: Rect, explained: [f32; 2]) {
    let (painter, rect) = (ui.painter(), frame.rect);
    let grid = egui::Stroke::new(theme.stroke, theme.outline.gamma_multiply(0.5));
    let gap = theme.caption_size * 0.4;
    for (x, label) in ticks(frame.ranges[0], (rect.width() / (theme.caption_size * 6.0)) as usize) {
        let at = frame.pos([x, 0.0]).x;
        painter.vline(at, rect.y_range(), grid);
        let at = pos2(at, rect.bottom() + gap);
        painter.text(at, Align2::CENTER_TOP, label, theme.mono_caption(), *theme.dim);
    }
    for (y, label) in ticks(frame.ranges[1], (rect.height() / (theme.caption_size * 4.0)) as usize)
    {
        let at = frame.pos([0.0, y]).y;
        painter.hline(rect.x_range(), at, grid);
        let at = pos2(rect.left() - gap, at);
        painter.text(at, Align2::RIGHT_CENTER, label, theme.mono_caption(), *theme.dim);
    }
    painter.rect_stroke(rect, 0.0, theme.line(theme.outline), egui::StrokeKind::Outside);

    let title = |axis: usize, room: f32| {
        let share = percent(explained[axis]);
        let lay = |text: String| painter.layout_no_wrap(text, theme.caption(), *theme.text);
        let number = axis + 1;
        let long = lay(trf("component {0}: {1} of the variance →", &[&number, &share]));
        if long.size().x > room {
            lay(trf("component {0}: {1} →", &[&number, &share]))
        } else {
            long
        }
    };
    let along = title(0, room.width());
    let at = Align2::CENTER_BOTTOM.anchor_size(pos2(rect.center().x, room.bottom()), along.size());
    painter.galley(at.min, along, *theme.text);
    let up = title(1, rect.height());
    let (angle, anchor) = (-std::f32::consts::FRAC_PI_2, Align2::CENTER_CENTER);
    let center = pos2(room.left() + theme.caption_size * 0.7, rect.center().y);
    let min = anchor.anchor_size(center, up.size()).min;
    painter.add(TextShape::new(min, up, *theme.text).with_angle_and_anchor(angle, anchor));
}

fn paint_links(
    ui: &Ui,
    theme: &Theme,
    frame: &Frame,
    map: &Map,
    focus: Option<u32>,
    linked: &[Neighbour],
) {
    let at = |id: u32| Some(frame.pos(map.points.get(*map.index.get(&id)?)?.at));
    let Some(from) = focus.and_then(at) else {
        return;
    };
    let stroke = theme.line(theme.selection.gamma_multiply(0.6));
    let painter = ui.painter().with_clip_rect(frame.rect.intersect(ui.clip_rect()));
    for to in linked.iter().filter_map(|near| at(near.id)) {
        painter.line_segment([from, to], stroke);
    }
}

fn paint_labels(ui: &Ui, theme: &Theme, frame: &Frame, map: &Map, order: &[usize], marks: &[Mark]) {
    let painter = ui.painter();
    let galleys: Vec<_> = order
        .iter()
        .zip(marks)
        .map(|(&i, mark)| {
            let label = map.points[i].label.clone();
            painter.layout_no_wrap(label, mark.font.clone(), mark.ink)
        })
        .collect();
    let labels: Vec<_> = order
        .iter()
        .zip(&galleys)
        .map(|(&i, galley)| (frame.pos(map.points[i].at), galley.size()))
        .collect();
    let gap = marks.iter().map(|mark| mark.radius).fold(0.0, f32::max) + 2.0;
    let is_text = |i: &&usize| matches!(map.points[**i].kind, Kind::Text(_));
    let important = order.iter().take_while(is_text).count();
    let places = place_labels(&labels, important, gap, frame.rect);
    for ((place, galley), mark) in places.into_iter().zip(galleys).zip(marks) {
        if let Some(rect) = place {
            // A ground of its own keeps a name legible over lines and other dots.
            let ground = theme.background.gamma_multiply(0.75);
            painter.rect_filled(rect.shrink2(vec2(0.0, 2.0)), 2.0, ground);
            painter.galley(rect.min, galley, mark.ink);
        }
    }
}

/// Lets the points be pointed at; gives the one that is. Always in the same order, whatever is in
/// front: the keyboard goes along it.
fn points_ui<'a>(
    ui: &Ui,
    ctx: &mut Context<'_>,
    frame: &Frame,
    map: &Map,
    marks: impl Iterator<Item = (usize, &'a Mark)>,
) -> Option<usize> {
    let mut marks: Vec<(usize, &Mark)> = marks.collect();
    marks.sort_by_key(|(i, _)| *i);
    let mut lit = None;
    for (i, mark) in marks {
        let response = point_ui(ui, frame, &map.points[i], mark);
        if response.hovered() || response.has_focus() {
            lit = Some(i);
        }
        if let Kind::Text(pos) = map.points[i].kind {
            ctx.point(&response, Target::Token(pos));
        }
    }
    lit
}

fn point_ui(ui: &Ui, frame: &Frame, point: &Point, mark: &Mark) -> egui::Response {
    let (sense, role) = match point.kind {
        Kind::Text(_) => (Sense::click(), egui::Role::Button),
        Kind::Near | Kind::Guest => (Sense::hover(), egui::Role::Label),
    };
    let hit = Rect::from_center_size(frame.pos(point.at), egui::Vec2::splat(mark.radius * 3.0));
    let response = ui.interact(hit, ui.scope_id().with(("point", point.id)), sense);
    let name = trf("{0} on the map", &[&point.label]);
    response.widget_info(|| egui::WidgetInfo::labeled(role, true, &name));
    let ([x, y], id) = (point.at.map(number), count(point.id as usize));
    response.on_hover_text(format!("{}, id {id}\n({x}, {y})", point.label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(id: u32, vector: [f32; 3], kind: Kind) -> Point {
        Point { id, label: id.to_string(), vector: vector.to_vec(), at: [0.0; 2], kind }
    }

    #[test]
    fn guests_do_not_turn_the_map() {
        // Squares 2·2² along the second number, 2·1² along the third.
        let points = vec![
            point(0, [0.0, 2.0, 0.0], Kind::Text(0)),
            point(1, [0.0, -2.0, 0.0], Kind::Near),
            point(2, [0.0, 0.0, 1.0], Kind::Text(1)),
            point(3, [0.0, 0.0, -1.0], Kind::Near),
            point(4, [9.0, 1.0, 1.0], Kind::Guest),
        ];
        let map = Map::fit(points);
        assert!((map.explained[0] - 0.8).abs() < 1e-6);
        assert_eq!(map.n_fitted(), 4);
        let [x, y] = map.points[4].at;
        assert!((x - 1.0).abs() < 1e-6 && (y - 1.0).abs() < 1e-6);
        assert_eq!(map.vector(4), Some(&[9.0, 1.0, 1.0][..]));
        assert_eq!(map.vector(5), None);
    }

    #[test]
    fn one_token_is_a_point_in_the_middle() {
        let map = Map::fit(vec![point(7, [1.0, 2.0, 3.0], Kind::Text(0))]);
        assert_eq!(map.points[0].at, [0.0, 0.0]);
        let range = map.range(&[0], 0);
        assert!(range.contains(0.0) && range.span() > 0.0);
    }
}
