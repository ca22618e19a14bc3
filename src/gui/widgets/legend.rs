//! The legend of a colour scale.

use crate::gui::look::format::number;
use crate::gui::look::theme::{Scale, Theme};
use crate::text::trf;
use egui::{Align2, Mesh, Rect, Sense, Ui, pos2, vec2};

/// Draws a colour scale with its smallest and largest value and what it measures.
pub fn legend_ui(ui: &mut Ui, theme: &Theme, scale: Scale, measure: &str) {
    let (low, high) = scale.range();
    let ends = match scale {
        Scale::Clipped { .. } => [format!("≤ {}", number(low)), format!("≥ {}", number(high))],
        _ => [low, high].map(number),
    };
    named_legend_ui(ui, theme, scale, [&ends[0], &ends[1]], measure);
}

/// Draws a colour scale whose ends are called something else than their numbers: for ranks, whose
/// colours follow a logarithm.
pub fn named_legend_ui(ui: &mut Ui, theme: &Theme, scale: Scale, ends: [&str; 2], measure: &str) {
    let height = theme.caption_size;
    let bar_width = 9.0 * height;
    let text =
        |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme.caption(), *theme.dim);
    let (low, high, name) = (text(ends[0]), text(ends[1]), text(measure));
    let gap = height / 2.0;
    let width = low.size().x + bar_width + high.size().x + name.size().x + 3.5 * gap;
    let row = name.size().y.max(height);
    let (rect, response) = ui.allocate_exact_size(vec2(width, row), Sense::hover());
    let accessible = trf("{0}, colour scale from {1} to {2}", &[&measure, &ends[0], &ends[1]]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &accessible));

    let mut x = rect.left();
    let put = |galley: std::sync::Arc<egui::Galley>, x: f32| {
        let at = Align2::LEFT_CENTER.anchor_size(pos2(x, rect.center().y), galley.size());
        let width = galley.size().x;
        ui.painter().galley(at.min, galley, *theme.dim);
        width
    };
    x += put(low, x) + gap;
    let bar = Rect::from_min_size(pos2(x, rect.center().y - height / 2.0), vec2(bar_width, height));
    x += bar_width + gap;
    x += put(high, x) + 1.5 * gap;
    put(name, x);

    let mut mesh = Mesh::default();
    for (i, &color) in theme.ramp(scale).iter().enumerate() {
        let at = bar.left() + bar.width() * i as f32 / (theme.ramp(scale).len() - 1) as f32;
        mesh.colored_vertex(pos2(at, bar.top()), color);
        mesh.colored_vertex(pos2(at, bar.bottom()), color);
        if i > 0 {
            let n = 2 * i as u32;
            mesh.add_triangle(n - 2, n - 1, n);
            mesh.add_triangle(n - 1, n, n + 1);
        }
    }
    ui.painter().add(mesh);
    ui.painter().rect_stroke(bar, 0.0, theme.line(theme.outline), egui::StrokeKind::Outside);
}
