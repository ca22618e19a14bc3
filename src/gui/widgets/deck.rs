//! Several pictures side by side; where the room is too small for all, the last place is shared.

use crate::gui::look::theme::Theme;
use crate::text::tr;
use egui::{Rect, RichText, Ui, UiBuilder, Vec2, vec2};

/// The least room a picture needs to be read, in body text sizes.
const LEAST: Vec2 = vec2(22.0, 15.0);

/// Lays panels with these names out over the room that is left, and draws each in its place. If not
/// all fit, those that do not share the last place, and their names are tabs.
pub fn deck_ui(
    ui: &mut Ui,
    theme: &Theme,
    names: &[&str],
    mut panel_ui: impl FnMut(&mut Ui, usize),
) {
    let gap = theme.body_size;
    let room = ui.available_rect_before_wrap();
    if names.is_empty() || room.width() <= 0.0 || room.height() <= 0.0 {
        return;
    }
    let (columns, rows) = plan(room.size(), names.len(), LEAST * theme.body_size, gap);
    let places = columns * rows;
    let size = (room.size() - gap * vec2(columns as f32 - 1.0, rows as f32 - 1.0))
        / vec2(columns as f32, rows as f32);
    for place in 0..places.min(names.len()) {
        let offset =
            (size + Vec2::splat(gap)) * vec2((place % columns) as f32, (place / columns) as f32);
        let mut rect = Rect::from_min_size(room.min + offset, size.max(vec2(1.0, 1.0)));
        if place + 1 == names.len() {
            // The last of an unfinished row has the rest of it.
            rect.max.x = room.max.x;
        }
        let panel = UiBuilder::new().id_salt(("panel", place)).max_rect(rect);
        ui.scope_builder(panel, |ui| {
            ui.spacing_mut().item_spacing.y = theme.body_size * 0.35;
            ui.set_clip_rect(ui.clip_rect().intersect(rect.expand(4.0)));
            let is_shared = place + 1 == places && names.len() > places;
            let shown = if is_shared {
                tabs_ui(ui, names, place)
            } else {
                ui.label(RichText::new(names[place]).font(theme.body()).strong());
                place
            };
            panel_ui(ui, shown);
        });
    }
    ui.advance_cursor_after_rect(room);
}

/// The names from `first` on as tabs; returns the chosen one.
fn tabs_ui(ui: &mut Ui, names: &[&str], first: usize) -> usize {
    let id = ui.scope_id().with("tab");
    let mut chosen: usize = ui.data(|data| data.get_temp(id)).unwrap_or(first);
    chosen = chosen.clamp(first, names.len() - 1);
    ui.horizontal_wrapped(|ui| {
        for (i, name) in names.iter().enumerate().skip(first) {
            let tab = ui.selectable_label(i == chosen, *name);
            if tab.on_hover_text(tr("Show this picture")).clicked() {
                chosen = i;
            }
        }
    });
    ui.data_mut(|data| data.insert_temp(id, chosen));
    chosen
}

/// How many columns and rows of places there are: one for each panel if all fit.
fn plan(room: Vec2, n: usize, least: Vec2, gap: f32) -> (usize, usize) {
    let fit = (room + Vec2::splat(gap)) / (least + Vec2::splat(gap)).max(vec2(1.0, 1.0));
    let columns = (fit.x as usize).clamp(1, n);
    let rows = (fit.y as usize).clamp(1, n.div_ceil(columns));
    (columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_places_as_fit() {
        let least = vec2(300.0, 200.0);
        assert_eq!(plan(vec2(1000.0, 600.0), 3, least, 10.0), (3, 1));
        assert_eq!(plan(vec2(700.0, 610.0), 3, least, 10.0), (2, 2));
        assert_eq!(plan(vec2(700.0, 350.0), 3, least, 10.0), (2, 1));
        assert_eq!(plan(vec2(100.0, 100.0), 3, least, 10.0), (1, 1));
    }
}
