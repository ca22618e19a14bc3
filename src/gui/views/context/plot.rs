//! The paths: where the vectors of the chosen tokens lie after each layer.

use super::paths::{Mark, Path, Picture, Scaling, label};
use crate::gui::contract::origin::{stream_after, with_source};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{Axes, Placer, Zoom};
use crate::text::{tr, trf};
use egui::{Color32, Painter, Pos2, Rangef, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, vec2};

/// More paths than this are labelled only at their ends.
const CROWD: usize = 10;

/// The colour of a sentence: the text stands out, the other is neutral.
pub fn ink(theme: &Theme, sentence: usize) -> Color32 {
    if sentence == 0 { *theme.accent } else { *theme.residual }
}

/// A piece of a path: solid for the text, dashed for the other sentence.
pub fn paint_line(
    painter: &Painter,
    theme: &Theme,
    sentence: usize,
    ends: [Pos2; 2],
    strength: f32,
) {
    let hue = ink(theme, sentence).gamma_multiply(strength);
    let stroke = Stroke::new(theme.stroke + 1.0, hue);
    if sentence == 0 {
        painter.line_segment(ends, stroke);
    } else {
        let dash = theme.caption_size * 0.6;
        painter.extend(Shape::dashed_line(&ends, stroke, dash, dash * 0.5));
    }
}

/// A layer's mark: a disc for the text, a square for the other sentence; hollow before any layer.
pub fn paint_mark(painter: &Painter, theme: &Theme, sentence: usize, at: Pos2, is_input: bool) {
    let radius = mark_radius(theme);
    let hue = ink(theme, sentence);
    let fill = if is_input { *theme.background } else { hue };
    let stroke = Stroke::new(theme.stroke + 0.5, hue);
    if sentence == 0 {
        painter.circle(at, radius, fill, stroke);
    } else {
        let rect = Rect::from_center_size(at, Vec2::splat(radius * 1.8));
        painter.rect(rect, 0.0, fill, stroke, egui::StrokeKind::Middle);
    }
}

fn mark_radius(theme: &Theme) -> f32 {
    theme.caption_size * 0.28
}

/// How a step along a path is called: before the first layer, or after a layer.
pub fn step_name(step: usize) -> String {
    match step.checked_sub(1) {
        None => tr("in").to_owned(),
        Some(layer) => layer.to_string(),
    }
}

/// Draws the paths as large as there is room; gives the mark under the pointer.
pub fn plot_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    picture: &Picture,
    preview: Option<&Path>,
    lit: Option<Mark>,
) -> (Response, Option<Mark>) {
    let theme = ctx.theme;
    let room = ui.available_rect_before_wrap();
    let id = ui.next_auto_id();
    let response = ui.allocate_rect(room, Sense::click_and_drag());
    let name = trf("Paths of {0} tokens through the layers", &[&picture.paths.len()]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    let painter = ui.painter().with_clip_rect(room.intersect(ui.clip_rect()));
    let axes = axes(room, theme, picture, preview);
    let zoom = Zoom::load(ui.ctx(), id, axes.extent());
    let axes = axes.spanning(zoom.part());
    let title = |i: usize, room: f32| {
        let share = percent(picture.explained.get(i).copied().unwrap_or(0.0));
        let is_long = room > theme.caption_size * 15.0;
        if is_long {
            trf("PC {0}: {1} of the variance", &[&(i + 1), &share])
        } else {
            format!("PC {}: {share}", i + 1)
        }
    };
    axes.paint_x(&painter, theme, &title(0, axes.area.width()));
    axes.paint_y(&painter, theme, &title(1, axes.area.height()));
    let line = theme.line(theme.outline);
    painter.rect_stroke(axes.area, 0.0, line, egui::StrokeKind::Outside);

    let nearest = response.hover_pos().and_then(|at| nearest(picture, &axes, at));
    let lit = nearest.map(|(mark, _)| mark).or(lit);
    let area = painter.with_clip_rect(axes.area.expand(mark_radius(theme) * 2.0));
    for path in in_order(picture.paths.iter().chain(preview), lit) {
        let is_faint = lit.is_some_and(|mark| mark != path.mark);
        paint_path(&area, theme, &axes, path, if is_faint { 0.45 } else { 1.0 });
    }
    paint_selection(&area, ctx, &axes, picture);
    paint_labels(&painter, theme, &axes, (picture, preview), lit);
    zoom.ui(ui, theme, &response, axes.area, None);
    let response = match nearest {
        Some((mark, step)) => {
            let text = point_text(picture, mark, step);
            let stream = stream_after(step.checked_sub(1), &ctx.trace.model);
            let text = with_source(ctx, &text, stream, &[mark.pos]);
            response.on_hover_text_at_pointer(text)
        }
        None => response,
    };
    (response, nearest.map(|(mark, _)| mark))
}

/// The order to draw in: the path in question above the others, what is pointed at above all.
fn in_order<'a>(paths: impl Iterator<Item = &'a Path>, lit: Option<Mark>) -> Vec<&'a Path> {
    let mut paths: Vec<&Path> = paths.collect();
    paths.reverse();
    paths.sort_by_key(|path| lit == Some(path.mark));
    paths
}

/// Axes that hold all points, a unit as long across as upwards, with room for labels.
fn axes(room: Rect, theme: &Theme, picture: &Picture, preview: Option<&Path>) -> Axes {
    let points = || {
        let paths = picture.paths.iter().chain(preview);
        paths.flat_map(|path| path.points.iter()).filter(|p| p.iter().all(|x| x.is_finite()))
    };
    let span = |axis: usize| {
        points().fold(Rangef::NOTHING, |span, point| {
            Rangef::new(span.min.min(point[axis]), span.max.max(point[axis]))
        })
    };
    let (x, y) = (span(0), span(1));
    let axes = Axes::within(room, theme, x, y);
    let share = |label: f32, side: f32| (label / side.max(1.0)).min(0.3);
    let labels = vec2(
        share(theme.caption_size * 5.0, axes.area.width()),
        share(theme.caption_size * 2.0, axes.area.height()),
    );
    let roomy = |span: Rangef, share: f32| span.expand(span.span() * share);
    let (x, y) = (roomy(axes.x, labels.x), roomy(axes.y, labels.y));
    Axes { x, y, ..axes }.equal()
}

fn place(axes: &Axes, point: [f32; 2]) -> Option<Pos2> {
    let at = axes.at(point[0], point[1]);
    at.is_finite().then_some(at)
}

fn paint_path(painter: &Painter, theme: &Theme, axes: &Axes, path: &Path, strength: f32) {
    let at: Vec<Pos2> = path.points.iter().filter_map(|p| place(axes, *p)).collect();
    let sentence = path.mark.sentence;
    for ends in at.windows(2) {
        let &[from, to] = ends else { continue };
        paint_line(painter, theme, sentence, [from, to], strength);
        paint_arrow(painter, theme, from, to, ink(theme, sentence).gamma_multiply(strength));
    }
    for (step, &at) in at.iter().enumerate() {
        paint_mark(painter, theme, sentence, at, step == 0);
    }
}

/// An arrowhead just before the mark at which a piece of a path ends.
fn paint_arrow(painter: &Painter, theme: &Theme, from: Pos2, to: Pos2, ink: Color32) {
    let way = to - from;
    let size = theme.caption_size * 0.75;
    if way.length() < size * 2.2 {
        return;
    }
    let along = way.normalized();
    let tip = to - along * mark_radius(theme) * 1.5;
    let side = along.rot90() * size * 0.45;
    let back = tip - along * size;
    let corners = vec![tip, back + side, back - side];
    painter.add(Shape::convex_polygon(corners, ink, Stroke::NONE));
}

/// Rings the end of the path of the selected token.
fn paint_selection(painter: &Painter, ctx: &Context<'_>, axes: &Axes, picture: &Picture) {
    for path in &picture.paths {
        let is_selected = path.mark.sentence == 0 && ctx.focus.query == Some(path.mark.pos);
        let end = path.points.last().and_then(|p| place(axes, *p));
        if let Some(end) = end.filter(|_| is_selected) {
            let radius = mark_radius(ctx.theme) * 2.2;
            painter.circle_stroke(end, radius, ctx.theme.selection_stroke());
        }
    }
}

/// Names at the ends of the paths, then the numbers of the layers where there is room.
fn paint_labels(
    painter: &Painter,
    theme: &Theme,
    axes: &Axes,
    (picture, preview): (&Picture, Option<&Path>),
    lit: Option<Mark>,
) {
    let mut placer = Placer::new(axes.area.shrink(2.0));
    let mut paths: Vec<&Path> = picture.paths.iter().chain(preview).collect();
    paths.sort_by_key(|path| lit != Some(path.mark));
    let is_crowded = paths.len() > CROWD;
    let places =
        |path: &Path| -> Vec<Pos2> { path.points.iter().filter_map(|p| place(axes, *p)).collect() };
    for path in paths.iter().filter(|_| !is_crowded) {
        for ends in places(path).windows(2) {
            placer.take_line([ends[0], ends[1]], mark_radius(theme) * 1.5);
        }
    }
    let gap = mark_radius(theme) * 2.0;
    for path in &paths {
        let text = label(&picture.request.traces, path.mark);
        let end = path.points.last().and_then(|p| place(axes, *p));
        if let Some(end) = end {
            let font = egui::FontId::monospace(theme.body_size);
            put(
                painter,
                &mut placer,
                (end, gap),
                text,
                (font, ink(theme, path.mark.sentence)),
                theme,
            );
        }
    }
    // Among many paths only the one that is pointed at has its layers numbered.
    let is_numbered = |path: &&&Path| !is_crowded || lit == Some(path.mark);
    for path in paths.iter().filter(is_numbered) {
        for (step, point) in path.points.iter().enumerate() {
            if let Some(at) = place(axes, *point) {
                let look = (theme.mono_caption(), *theme.dim);
                put(painter, &mut placer, (at, gap), step_name(step), look, theme);
            }
        }
    }
}

/// Writes a text beside a point on a veil of the background, when there is room.
fn put(
    painter: &Painter,
    placer: &mut Placer,
    (at, gap): (Pos2, f32),
    text: String,
    (font, ink): (egui::FontId, Color32),
    theme: &Theme,
) {
    let galley = painter.layout_no_wrap(text, font, ink);
    // A point that was zoomed out of sight has no label.
    let place = |placer: &mut Placer| placer.place(at, galley.size(), gap, Placer::BESIDE);
    if let Some(rect) = Some(placer).filter(|placer| placer.holds(at)).and_then(place) {
        painter.rect_filled(rect, 2.0, theme.background.gamma_multiply(0.75));
        painter.galley(rect.min, galley, ink);
    }
}

/// The point under the pointer: whose, and after which step.
fn nearest(picture: &Picture, axes: &Axes, pointer: Pos2) -> Option<(Mark, usize)> {
    let points = picture.paths.iter().flat_map(|path| {
        let steps = path.points.iter().enumerate();
        steps.filter_map(|(step, p)| Some((path.mark, step, place(axes, *p)?.distance(pointer))))
    });
    let points =
        points.filter(|(_, _, distance)| distance.is_finite() && axes.area.contains(pointer));
    let (mark, step, distance) = points.min_by(|a, b| a.2.total_cmp(&b.2))?;
    (distance < 16.0).then_some((mark, step))
}

/// What to say about a point.
fn point_text(picture: &Picture, mark: Mark, step: usize) -> String {
    let Some(path) = picture.paths.iter().find(|path| path.mark == mark) else {
        return String::new();
    };
    let [x, y] = path.points.get(step).copied().unwrap_or_default();
    let norm = path.norms.get(step).copied().unwrap_or(f32::NAN);
    let name = label(&picture.request.traces, mark);
    let [x, y, norm] = [x, y, norm].map(number);
    match step.checked_sub(1) {
        None => trf(
            "{0} before the first layer: ({1}, {2}), length of the vector {3}",
            &[&name, &x, &y, &norm],
        ),
        Some(layer) => trf(
            "{0} after layer {1}: ({2}, {3}), length of the vector {4}",
            &[&name, &layer, &x, &y, &norm],
        ),
    }
}

/// What the points are, in a line of this width above them.
pub fn caption(picture: &Picture, theme: &Theme, width: f32) -> String {
    let n: usize = picture.paths.iter().map(|path| path.points.len()).sum();
    let what = match picture.request.scaling {
        Scaling::AsIs => trf("PCA of {0} vectors as they are", &[&n]),
        Scaling::Unit => trf("PCA of {0} vectors at unit length", &[&n]),
        Scaling::Centred => trf("PCA of {0} vectors minus the mean of their layer", &[&n]),
    };
    let is_wide = width > theme.caption_size * 34.0;
    let marks = tr("; marks: in = input, 0, 1, … = after that layer");
    let marks = if is_wide { marks } else { "" };
    format!("{what}{marks}")
}
