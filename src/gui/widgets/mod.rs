//! Pieces that several views draw with.

mod axes;
mod bar_scale;
mod bars;
mod chart;
mod chips;
mod deck;
pub mod edit_words;
mod heatmap;
mod labels;
mod legend;
mod paired;
mod panels;
mod placer;
mod ranked;
mod room;
mod segmented;
mod stepper;
mod ticks;
pub mod vocabulary;
mod zoom;

pub use axes::Axes;
pub use bar_scale::{bar_scale, bar_scale_ui};
pub use bars::{Bar, bar_ui};
pub use chart::{Chart, Curve, Mark};
pub use chips::chips_ui;
pub use deck::deck_ui;
pub use heatmap::{Cells, Grid, Heatmap, Labels, cell_text, column_labels, row_labels};
pub use labels::place_labels;
pub use legend::{legend_ui, named_legend_ui};
pub use paired::{PairedBar, paired_bar_height, paired_bar_name, paired_bar_ui, paired_head_ui};
pub use panels::{Column, colored_heading_ui, heading_ui, least_height, panels_ui, row_break};
pub use placer::Placer;
pub use ranked::{Ranked, ranked_ui};
pub use room::{page_ui, part_ui};
pub use segmented::segmented_ui;
pub use stepper::stepper_ui;
pub use ticks::ticks;
pub use zoom::{Zoom, lock_arrows};

use crate::gui::look::theme::Theme;
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Response, Stroke};

/// Diagonal hatching over a rectangle: cut, masked or missing.
pub fn hatch(painter: &Painter, rect: Rect, stroke: Stroke, step: f32) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let mut offset = step / 2.0;
    while offset < rect.width() + rect.height() {
        let from = Pos2::new(rect.left() + offset, rect.top());
        let to = Pos2::new(rect.left() + offset - rect.height(), rect.bottom());
        painter.line_segment([from, to], stroke);
        offset += step;
    }
}

/// Text that is cut in its middle until it fits into `width`. Returns where it was drawn.
#[expect(
    clippy::needless_pass_by_value,
    reason = "fonts are made at the call, as for egui's painter"
)]
pub fn fitted_text(
    painter: &Painter,
    pos: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    color: Color32,
    width: f32,
) -> Rect {
    let mut max = text.chars().count();
    loop {
        let shown = crate::gui::look::format::abbreviate(text, max);
        let galley = painter.layout_no_wrap(shown, font.clone(), color);
        if galley.size().x <= width || max <= 3 {
            let rect = anchor.anchor_size(pos, galley.size());
            painter.galley(rect.min, galley, color);
            return rect;
        }
        max = ((max as f32 * width / galley.size().x) as usize).clamp(3, max - 1);
    }
}

/// Says what a control does when it is pointed at, also while it cannot be used.
pub fn explained(response: Response, text: &str) -> Response {
    response.on_hover_text(text).on_disabled_hover_text(text)
}

/// A message in the place of a picture.
pub fn empty_ui(ui: &mut egui::Ui, theme: &Theme, text: &str) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    let width = (rect.width() - 2.0 * theme.body_size).max(1.0);
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), theme.title(), *theme.dim, width);
    job.halign = egui::Align::Center;
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let top = rect.center().y - galley.size().y / 2.0;
    ui.painter().galley(egui::pos2(rect.center().x, top), galley, *theme.dim);
}
