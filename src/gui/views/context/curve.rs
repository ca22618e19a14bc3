//! The cosine between the chosen tokens, layer by layer.

use super::paths::{Curve, Picture, label};
use super::plot::{ink, paint_line, paint_mark, step_name};
use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{Axes, Placer, Zoom};
use crate::text::{tr, trf};
use egui::{Painter, Pos2, Rangef, Sense, Ui};

/// What is compared with what, in a line above the curve.
pub fn caption(picture: &Picture) -> String {
    let first = picture.request.marks.first();
    let first = first.map(|&mark| label(&picture.request.traces, mark));
    trf("cosine of {0} with", &[&first.unwrap_or_default()])
}

/// Draws the curves as large as there is room.
pub fn curve_ui(ui: &mut Ui, theme: &Theme, picture: &Picture) {
    let room = ui.available_rect_before_wrap();
    let id = ui.next_auto_id();
    let response = ui.allocate_rect(room, Sense::click_and_drag());
    let name = format!("{}: {}", caption(picture), spoken(picture));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    let painter = ui.painter().with_clip_rect(room.intersect(ui.clip_rect()));
    let n_steps = picture.curves.iter().map(|c| c.cosines.len()).max().unwrap_or(0);
    let last = n_steps.saturating_sub(1).max(1) as f32;
    let finite = picture.curves.iter().flat_map(|curve| &curve.cosines);
    let lowest = finite.copied().filter(|c| c.is_finite()).fold(0.0, f32::min);
    let lowest = if lowest < 0.0 { -1.0 } else { 0.0 };
    let axes = Axes::within(room, theme, Rangef::new(-0.35, last + 0.35), Rangef::new(lowest, 1.0));
    let zoom = Zoom::load(ui.ctx(), id, axes.extent());
    let axes = axes.spanning(zoom.part());
    axes.paint_y(&painter, theme, tr("cosine"));
    paint_steps(&painter, theme, &axes, n_steps);
    let line = theme.line(theme.outline);
    painter.rect_stroke(axes.area, 0.0, line, egui::StrokeKind::Outside);
    let mut placer = Placer::new(axes.area.shrink(2.0));
    for curve in &picture.curves {
        let points: Vec<Pos2> = points(&axes, curve).collect();
        for ends in points.windows(2) {
            placer.take_line([ends[0], ends[1]], theme.caption_size * 0.4);
        }
    }
    let area = painter.with_clip_rect(axes.area.expand(theme.caption_size * 0.5));
    for curve in picture.curves.iter().rev() {
        paint_curve(&area, theme, &axes, curve);
    }
    paint_numbers(&painter, theme, &axes, &picture.curves, &mut placer);
    zoom.ui(ui, theme, &response, axes.area, None);
}

/// The cosines before the first layer and after the last, for those who do not see the curve.
fn spoken(picture: &Picture) -> String {
    let say = |curve: &Curve| {
        let ends = (curve.cosines.first(), curve.cosines.last());
        let (from, to) = (ends.0.copied().unwrap_or(f32::NAN), ends.1.copied().unwrap_or(f32::NAN));
        trf("{0} from {1} to {2}", &[&curve.shown(), &number(from), &number(to)])
    };
    picture.curves.iter().map(say).collect::<Vec<_>>().join(", ")
}

/// Names the steps beneath the curve, as many as have room.
fn paint_steps(painter: &Painter, theme: &Theme, axes: &Axes, n_steps: usize) {
    let width = axes.area.width() / n_steps.max(1) as f32;
    let every = (theme.caption_size * 1.8 / width.max(0.1)).ceil().max(1.0) as usize;
    for step in (0..n_steps).step_by(every) {
        let x = axes.at(step as f32, 0.0).x;
        if !axes.area.x_range().contains(x) {
            continue;
        }
        axes.paint_x_label(painter, theme, x, &step_name(step));
    }
    axes.paint_x_title(painter, theme, tr("after layer (in = input)"));
}

fn points<'a>(axes: &'a Axes, curve: &'a Curve) -> impl Iterator<Item = Pos2> + 'a {
    let place = |(step, &cosine): (usize, &f32)| axes.at(step as f32, cosine);
    let points = curve.cosines.iter().enumerate().map(place);
    points.filter(|at| at.is_finite())
}

fn paint_curve(painter: &Painter, theme: &Theme, axes: &Axes, curve: &Curve) {
    let sentence = curve.mark.map_or(0, |mark| mark.sentence);
    let points: Vec<Pos2> = points(axes, curve).collect();
    for ends in points.windows(2) {
        if let &[from, to] = ends {
            paint_line(painter, theme, sentence, [from, to], 1.0);
        }
    }
    for (step, &at) in points.iter().enumerate() {
        paint_mark(painter, theme, sentence, at, step == 0);
    }
}

/// The names of the curves with their last numbers, then the other numbers where there is room.
fn paint_numbers(
    painter: &Painter,
    theme: &Theme,
    axes: &Axes,
    curves: &[Curve],
    placer: &mut Placer,
) {
    let gap = theme.caption_size * 0.5;
    let mut put = |at: Pos2, text: String, ink| {
        let galley = painter.layout_no_wrap(text, theme.mono_caption(), ink);
        let rect = at
            .is_finite()
            .then_some(())
            .filter(|()| placer.holds(at))
            .map(|()| placer.place(at, galley.size(), gap, Placer::ABOVE));
        if let Some(rect) = rect.flatten() {
            painter.galley(rect.min, galley, ink);
        }
    };
    for curve in curves {
        let sentence = curve.mark.map_or(0, |mark| mark.sentence);
        if let Some((&last, others)) = curve.cosines.split_last() {
            let text = format!("{} {}", curve.shown(), number(last));
            let at = axes.at(others.len() as f32, last);
            put(at, text, ink(theme, sentence));
        }
    }
    for curve in curves {
        let others = curve.cosines.split_last().map_or(&[][..], |(_, others)| others);
        for (step, &cosine) in others.iter().enumerate() {
            put(axes.at(step as f32, cosine), number(cosine), *theme.text);
        }
    }
}
