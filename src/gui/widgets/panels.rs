//! Several pictures in one view: side by side where there is room, else one beneath the other.

use super::legend_ui;
use crate::gui::look::theme::{Scale, Theme};
use egui::emath::GuiRounding as _;
use egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, pos2, vec2};

/// The least width a picture needs beside another, in units of the body size.
const LEAST_WIDTH: f32 = 21.0;
/// The least height of a picture in a column beside others.
const LEAST_BESIDE: f32 = 10.0;
/// The least height of a picture in the only column.
const LEAST_ALONE: f32 = 13.0;
/// The least height of pictures that were to stand side by side and do not fit: they are scrolled
/// anyway, so they may as well be legible.
const LEAST_STACKED: f32 = 18.0;

/// A column of pictures: its share of the width, and the share of the height each picture has.
pub type Column<'a> = (f32, &'a [f32]);

/// Draws each picture in a place of its own, numbered from the top of the first column on. What
/// does not fit is scrolled to.
pub fn panels_ui(
    ui: &mut Ui,
    theme: &Theme,
    columns: &[Column<'_>],
    mut panel_ui: impl FnMut(&mut Ui, usize),
) {
    // The scroll bar may not cover the pictures.
    let room = (ui.available_size() - vec2(theme.body_size / 2.0, 2.0)).max(Vec2::splat(1.0));
    let places = arrange(room, theme.body_size, columns);
    let height = places.iter().map(Rect::bottom).fold(1.0, f32::max);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let (area, _) = ui.allocate_exact_size(vec2(room.x, height), Sense::hover());
        for (i, place) in places.iter().enumerate() {
            let rect = place.translate(area.min.to_vec2());
            let builder = UiBuilder::new().id_salt(("panel", i)).max_rect(rect);
            ui.scope_builder(builder, |ui| panel_ui(ui, i));
        }
    });
}

/// How high a room of this width must be for everything to be seen without scrolling.
pub fn least_height(theme: &Theme, width: f32, columns: &[Column<'_>]) -> f32 {
    let places = arrange(vec2(width - theme.body_size / 2.0, 0.0), theme.body_size, columns);
    places.iter().map(Rect::bottom).fold(0.0, f32::max) + 2.0
}

/// The places of all pictures, in a room of this size and below it.
fn arrange(room: Vec2, unit: f32, columns: &[Column<'_>]) -> Vec<Rect> {
    let gap = unit * 1.3;
    let n_columns = columns.len() as f32;
    let is_wide = room.x >= n_columns * LEAST_WIDTH * unit + (n_columns - 1.0) * gap;
    if columns.len() == 1 {
        return side_by_side(room, gap, LEAST_ALONE * unit, columns);
    }
    if is_wide {
        return side_by_side(room, gap, LEAST_BESIDE * unit, columns);
    }
    let shares = columns.iter().flat_map(|(_, shares)| shares.iter());
    let stack: Vec<f32> = shares.copied().collect();
    side_by_side(room, gap, LEAST_STACKED * unit, &[(1.0, &stack)])
}

fn side_by_side(room: Vec2, gap: f32, least_height: f32, columns: &[Column<'_>]) -> Vec<Rect> {
    let needed = columns.iter().map(|(_, shares)| {
        let n = shares.len() as f32;
        n * least_height + (n - 1.0) * gap
    });
    let height = needed.fold(room.y, f32::max);
    let width_for_columns = room.x - (columns.len() as f32 - 1.0) * gap;
    let all_shares: f32 = columns.iter().map(|(share, _)| share).sum();
    let mut places = Vec::new();
    let mut left = 0.0;
    for (share, rows) in columns {
        let width = width_for_columns * share / all_shares;
        let n_rows = rows.len() as f32;
        let total: f32 = rows.iter().sum();
        // Everybody gets the least; what is left is shared.
        let spare = height - (n_rows - 1.0) * gap - n_rows * least_height;
        let mut top = 0.0;
        for row in *rows {
            let row_height = least_height + spare * row / total;
            let place = Rect::from_min_size(pos2(left, top), vec2(width, row_height));
            places.push(place.round_ui());
            top += row_height + gap;
        }
        left += width + gap;
    }
    places
}

/// What a picture shows, as its heading.
pub fn heading_ui(ui: &mut Ui, theme: &Theme, text: impl Into<String>) {
    ui.label(egui::RichText::new(text).font(theme.body()).color(*theme.text));
}

/// The heading of a picture with colours: what it shows and what the colours mean.
pub fn colored_heading_ui(
    ui: &mut Ui,
    theme: &Theme,
    text: impl Into<String>,
    (scale, measure): (Scale, &str),
) {
    ui.horizontal_wrapped(|ui| {
        heading_ui(ui, theme, text);
        let legend = measure.chars().count() as f32 * 0.6 + 22.0;
        row_break(ui, legend * theme.caption_size);
        legend_ui(ui, theme, scale, measure);
    });
}

/// In a row that wraps: begins the next line when this much no longer fits on the current one.
pub fn row_break(ui: &mut Ui, width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<'_>; 2] = [(1.0, &[1.0]), (1.0, &[1.0, 1.0])];

    #[test]
    fn columns_stand_side_by_side_when_there_is_room() {
        let places = arrange(vec2(813.0, 613.0), 10.0, &COLUMNS);
        let sizes: Vec<Vec2> = places.iter().map(Rect::size).collect();
        assert_eq!(sizes, [vec2(400.0, 613.0), vec2(400.0, 300.0), vec2(400.0, 300.0)]);
        assert_eq!(places[2].min, pos2(413.0, 313.0));
    }

    #[test]
    fn narrow_rooms_stack_and_grow_downwards() {
        let places = arrange(vec2(300.0, 200.0), 10.0, &COLUMNS);
        assert!(places.iter().all(|place| place.size() == vec2(300.0, 180.0)));
        assert_eq!(places[2].min, pos2(0.0, 2.0 * 193.0));
    }
}
