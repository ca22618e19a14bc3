//! Several pictures side by side, or beneath each other where the room is narrow.

use crate::gui::theme::Theme;
use egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, vec2};

/// The least room a picture needs to be read, in body text sizes.
const LEAST: Vec2 = vec2(22.0, 17.0);

/// Lays `n` panels out in as many columns as fit and draws each in its place. What does not fit
/// beneath each other scrolls; in the last row, panels share the whole width.
pub fn deck_ui(ui: &mut Ui, theme: &Theme, n: usize, mut panel_ui: impl FnMut(&mut Ui, usize)) {
    let gap = theme.body_size;
    let room = ui.available_size() - vec2(gap / 2.0, 0.0);
    if n == 0 || room.min_elem() <= 0.0 {
        return;
    }
    let (columns, height) = plan(room, n, LEAST * theme.body_size, gap);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut first = 0;
        while first < n {
            let count = columns.min(n - first);
            if first > 0 {
                ui.add_space(gap);
            }
            let (row, _) = ui.allocate_exact_size(vec2(room.x, height), Sense::hover());
            let width = (room.x - gap * (count - 1) as f32) / count as f32;
            for i in 0..count {
                let min = row.min + vec2((width + gap) * i as f32, 0.0);
                let rect = Rect::from_min_size(min, vec2(width.max(1.0), height));
                let panel = UiBuilder::new()
                    .id_salt(("panel", first + i))
                    .max_rect(rect);
                ui.scope_builder(panel, |ui| {
                    ui.spacing_mut().item_spacing.y = theme.body_size * 0.4;
                    ui.set_clip_rect(ui.clip_rect().intersect(rect.expand(4.0)));
                    panel_ui(ui, first + i);
                });
            }
            first += count;
        }
    });
}

/// How many panels stand side by side, and how high each is.
fn plan(room: Vec2, n: usize, least: Vec2, gap: f32) -> (usize, f32) {
    let fit = (room.x + gap) / (least.x + gap).max(1.0);
    let columns = (fit as usize).clamp(1, n);
    let rows = n.div_ceil(columns) as f32;
    let height = (room.y - gap * (rows - 1.0)) / rows;
    (columns, height.max(least.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_stand_side_by_side_where_there_is_room() {
        let least = vec2(300.0, 200.0);
        assert_eq!(plan(vec2(1000.0, 600.0), 3, least, 10.0), (3, 600.0));
        assert_eq!(plan(vec2(700.0, 610.0), 3, least, 10.0), (2, 300.0));
        assert_eq!(plan(vec2(100.0, 100.0), 3, least, 10.0), (1, 200.0));
    }
}
