//! The steps from text to the next word, each with a live miniature.

use crate::gui::contract::command::Command;
use crate::gui::contract::view::{Context, View};
use crate::gui::widgets::fitted_text;
use crate::text::{tr, trf};
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

/// Draws the rail; clicking a step shows its view.
pub fn rail_ui(ui: &mut Ui, ctx: &mut Context<'_>, views: &[Box<dyn View>], current: &str) {
    let theme = ctx.theme;
    let current = views.iter().position(|view| view.id() == current).unwrap_or(0);
    let is_narrow = ui.available_width() < theme.body_size * 7.0;
    let name = if is_narrow { theme.caption_size } else { theme.body_size };
    let caption = name * 1.7;
    let gap = 4.0;
    let room = ui.available_height() / views.len().max(1) as f32 - gap;
    // Where there is little room the miniatures give way; where there is none, the rail scrolls.
    let height = room.clamp(caption + 4.0, caption + ui.available_width() * 0.5);
    ui.spacing_mut().item_spacing.y = gap;
    egui::ScrollArea::vertical().show(ui, |ui| {
        steps_ui(ui, ctx, views, current, (is_narrow, [caption, height]));
    });
}

/// Draws the steps, each `height` high with its name in the uppermost `caption`.
fn steps_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    views: &[Box<dyn View>],
    current: usize,
    (is_narrow, [caption, height]): (bool, [f32; 2]),
) {
    let theme = ctx.theme;
    for (i, view) in views.iter().enumerate() {
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
        let name = trf("Step: {0}", &[&tr(view.name())]);
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, i == current, &name)
        });
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        if i == current || response.hovered() || response.has_focus() {
            painter.rect_filled(rect, 6.0, *theme.raised);
        }
        if i == current {
            let mark = Rect::from_min_size(rect.min, vec2(theme.stroke + 2.0, rect.height()));
            painter.rect_filled(mark, 2.0, *theme.accent);
        }
        let inner = rect.shrink2(vec2(if is_narrow { 5.0 } else { 12.0 }, 4.0));
        // The miniature lies beneath the name where there is room, else beside it.
        let beneath = inner.with_min_y(inner.top() + caption);
        let beside = rect.shrink(4.0).with_min_x(rect.left() + rect.width() * 0.68);
        let has_room = beneath.height() >= theme.caption_size;
        let picture = match (has_room, is_narrow) {
            (true, _) => beneath,
            (false, false) => beside,
            (false, true) => Rect::NOTHING,
        };
        let unfit = view.unfit(&ctx.trace.model);
        let name_height = if has_room { caption - 4.0 } else { inner.height() };
        let at = pos2(inner.left(), inner.top() + name_height / 2.0);
        let font = if is_narrow { theme.caption() } else { theme.body() };
        let ink = if unfit.is_none() { *theme.text } else { *theme.dim };
        let (anchor, name) = (Align2::LEFT_CENTER, tr(view.name()));
        fitted_text(&painter, at, anchor, name, font, ink, inner.width());
        if picture.height() >= theme.caption_size && unfit.is_none() {
            view.thumbnail(&painter.with_clip_rect(picture), picture, ctx);
        }
        if i == current && !ui.clip_rect().contains_rect(rect) {
            response.scroll_to_me(None);
        }
        let mut about = tr(view.question()).to_owned();
        if let Some(why) = unfit {
            about = format!("{about}\n{}", tr(why));
        }
        if response.on_hover_text(about).clicked() {
            ctx.send(Command::Show(view.id()));
        }
    }
}
