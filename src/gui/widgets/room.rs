//! Parts of the room a view is given.

use egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, vec2};

/// Draws into a part of the room, and nowhere else.
pub fn part_ui(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let rect = Rect::from_min_size(rect.min, rect.size().max(vec2(1.0, 1.0)));
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        // Frames are drawn half outside of what they frame.
        ui.shrink_clip_rect(rect.expand(2.0));
        content(ui);
    });
}

/// Draws into the room that is left, or, where that is too low, into a page that scrolls.
pub fn page_ui(ui: &mut Ui, least_height: f32, content: impl FnOnce(&mut Ui)) {
    let room = ui.available_rect_before_wrap();
    if room.height() >= least_height {
        return content(ui);
    }
    let scroll = ScrollArea::vertical().id_salt("page").auto_shrink(false);
    scroll.show(ui, |ui| {
        let size = vec2(ui.available_width(), least_height);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        part_ui(ui, rect, content);
    });
}
