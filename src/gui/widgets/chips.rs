//! Tokens as chips on a line.

use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::text::trf;
use egui::{Align2, Response, Sense, Ui, vec2};

/// All tokens of the recording, wrapped over as many lines as they need. Each can be pointed at.
pub fn chips_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    ui.spacing_mut().item_spacing = vec2(3.0, 4.0);
    ui.horizontal_wrapped(|ui| {
        if ctx.trace.dropped > 0 {
            let note = trf("… {0} earlier tokens left out", &[&ctx.trace.dropped]);
            ui.label(egui::RichText::new(note).color(*ctx.theme.warning).font(ctx.theme.caption()));
        }
        for pos in 0..ctx.trace.tokens.len() {
            let response = chip_ui(ui, ctx, pos);
            ctx.point(&response, Target::Token(pos));
        }
    });
}

/// One token.
pub fn chip_ui(ui: &mut Ui, ctx: &Context<'_>, pos: usize) -> Response {
    let theme = ctx.theme;
    let Some(token) = ctx.trace.tokens.get(pos) else {
        return ui.label("");
    };
    let label = crate::gui::look::format::abbreviate(&ctx.trace.label(pos), 24);
    let ink = if token.special { *theme.accent } else { *theme.text };
    let galley = ui.painter().layout_no_wrap(label.clone(), theme.mono(), ink);
    let size = galley.size() + vec2(10.0, 6.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = trf("Token {0}: {1}", &[&pos, &label]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        painter.rect_filled(rect, 4.0, *theme.raised);
        let outline = match (ctx.focus.query == Some(pos), ctx.focus.key == Some(pos)) {
            (true, _) => theme.selection_stroke(),
            (_, true) => egui::Stroke::new(theme.stroke + 1.0, *theme.key),
            _ if response.hovered() || response.has_focus() => theme.line(theme.accent),
            _ => theme.line(theme.outline),
        };
        painter.rect_stroke(rect, 4.0, outline, egui::StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
        painter.galley(at.min, galley, ink);
    }
    let bytes = token.byte_label();
    response.on_hover_text(trf("position {0}, id {1}, bytes {2}", &[&pos, &token.id, &bytes]))
}
